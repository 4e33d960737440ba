"""What the desk has to say and the broker has not acknowledged: hits, verdicts, the audit's head, oldest first.

The link drains it as a camera's link drains its outbox. A hit that waited longer than ten minutes goes out all the
same, but not as a live alert: what it says is decided here, at the moment of sending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import func, insert, select

from edge.desk.store import StoreAway
from edge.desk.store.tables import outgoing
from edge.link.sending import Row
from edge.record.boundary import NotSealable, Sealed, reseal, seal
from edge.record.evidence import KEPT_S
from edge.record.hit import Hit
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from edge.desk.store import Store
    from edge.settings.policy import Policy

DAY_S: Final = 86_400
SET_ASIDE: Final = "set aside"
"""Beginning of the kind of a row that the broker will not take: kept until retention, not sent."""


class StoreSilent(OSError):
    """The store is away: the link tries again later."""


class Queue:
    """The desk's `Outgoing` (see `edge.link.sending`)."""

    def __init__(self, store: Store, policy: Policy, now_ms: Callable[[], int]) -> None:
        self._store, self._policy, self._now_ms = store, policy, now_ms

    def oldest(self, count: int, *, after: int = 0) -> Sequence[Row]:
        """At most `count` rows in their order, numbered above `after`."""
        waiting = (
            select(outgoing)
            .where(outgoing.c.row > after, outgoing.c.kind.not_like(f"{SET_ASIDE}%"))
            .order_by(outgoing.c.row)
            .limit(count)
        )
        try:
            with self._store.read() as connection:
                found = list(connection.execute(waiting))
        except StoreAway as error:
            raise StoreSilent(str(error)) from error
        rows = []
        for row in found:
            message = self._sealed(row.kind, row.payload.encode())
            if message is None:
                self.set_aside(int(row.row))
            else:
                rows.append(Row(number=int(row.row), message=message, expires_s=self._left_s(row.kind, row.made_ms)))
        return rows

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The broker has them."""
        self._change(lambda c: c.execute(outgoing.delete().where(outgoing.c.row.in_(list(numbers)))))

    def set_aside(self, number: int) -> None:
        """The broker takes others but not this one."""
        where = outgoing.c.row == number
        self._change(lambda c: c.execute(outgoing.update().where(where).values(kind=SET_ASIDE)))

    def depth(self) -> int:
        """How many wait."""
        with self._store.read() as connection:
            waiting = select(func.count()).select_from(outgoing).where(outgoing.c.kind.not_like(f"{SET_ASIDE}%"))
            return int(connection.execute(waiting).scalar_one())

    def _change(self, act: Callable[[Connection], object]) -> None:
        try:
            with self._store.write() as connection:
                act(connection)
        except StoreAway as error:
            raise StoreSilent(str(error)) from error

    def _sealed(self, kind: str, payload: bytes) -> Sealed | None:
        """The row as it may leave now; None when somebody has damaged it."""
        try:
            if kind != "hit":
                return reseal(kind, payload)
            hit = msgspec.json.decode(payload, type=Hit)
            age_ms = self._now_ms() - nanoseconds(hit.first_seen) // 1_000_000
            old = age_ms > self._policy.matching.live_minutes * 60_000
            return seal(msgspec.structs.replace(hit, live=hit.live and not old))
        except (NotSealable, msgspec.MsgspecError, ValueError):
            return None

    def _left_s(self, kind: str, made_ms: int) -> float:
        kept_s = KEPT_S if kind == "evidence_request" else self._policy.retention.days * DAY_S
        return max(1.0, kept_s - (self._now_ms() - made_ms) / 1000)


def put(connection: Connection, sealed: Sealed, now_ms: int) -> None:
    """Have a message sent, in the transaction that is open."""
    connection.execute(insert(outgoing).values(kind=sealed.kind, made_ms=now_ms, payload=sealed.payload.decode()))
