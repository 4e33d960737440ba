"""One thread an adapter: stored sightings after its cursor, in their order, handed on until the receiver has each.

    store ─ rows after the cursor ─▶ format ─▶ receiver
      ▲────── cursor, counter ─────────── taken

The cursor is a row of the store and advances after the receiver has said yes, in the transaction that counts it. So a
desk that is killed in between hands the same sighting on again, never none; a receiver that was away catches up with
what the store still has; and what retention has purged is never sent. One that is handed on for the first time begins
with the sightings that come, not with those that are there.
"""

from __future__ import annotations

import hashlib
import logging
import random
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import Row, func, select

from edge.desk import audit
from edge.desk.adapters.receivers import Answer, receiver
from edge.desk.retention import due_before
from edge.desk.store import StoreAway, count, get_state, set_state
from edge.desk.store.tables import sighting, state
from edge.link.sending import Patience
from edge.record.boundary import NotSealable, unseal
from edge.record.desk_status import AdapterStatus
from edge.record.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from edge.desk.store import Store
    from edge.settings.policy import AdapterSettings, Policy

log = logging.getLogger(__name__)

TURN_S: Final = 1.0
BATCH: Final = 50
AGAIN_S_MIN: Final = 1.0
AGAIN_S_MAX: Final = 60.0
"""Between two tries of a receiver that is away."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far one adapter is, and what the audit log calls it when it is gone."""

    told: str
    row: int
    refused: int = 0
    """Sightings that the receiver would not have, passed over."""


_CURSOR: Final = msgspec.json.Decoder(Cursor)


def begin(connection: Connection, policy: Policy, now_ms: int) -> None:
    """Write down who is handed sightings from now on and who no more, as the desk starts; new cursors begin here."""
    wanted = {_key(policy, one): one for one in policy.adapters}
    mine = select(state.c.key).where(state.c.key.startswith(_prefix(policy), autoescape=True))
    for key in connection.execute(mine.order_by(state.c.key)).scalars().all():
        if key not in wanted:
            told = _cursor(connection, key)
            audit.append(connection, _entry("adapter off", told.told if told else "", ""), now_ms)
            connection.execute(state.delete().where(state.c.key == key))
    for key, one in wanted.items():
        known = _cursor(connection, key)
        if known is None:
            last = connection.execute(select(func.max(sighting.c.row))).scalar_one() or 0
            set_state(connection, key, _kept(Cursor(told=label(one), row=last)))
        how = "from now on" if known is None else "goes on where it was"
        cameras = ", ".join(one.cameras or policy.cameras)
        audit.append(connection, _entry("adapter on", label(one), f"sightings of {cameras}; {how}"), now_ms)


def label(adapter: AdapterSettings) -> str:
    """`openalpr to alpr.example`: never more of the address, never a token."""
    return f"{adapter.format} to {adapter.receiver}"


class Courier:
    """`start`, and `stop` to have it end after what it is just handing on."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        adapter: AdapterSettings,
        now_ms: Callable[[], int],
        *,
        again_s_min: float = AGAIN_S_MIN,
    ) -> None:
        self._store, self._policy, self._adapter, self._now_ms = store, policy, adapter, now_ms
        self._key, self._label = _key(policy, adapter), label(adapter)
        self._receiver = receiver(policy, adapter)
        self._patience = Patience(again_s_min, AGAIN_S_MAX, random.Random())
        self._away: str | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"adapter {adapter.format}", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Hand nothing more on. No waiting."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait for the end of what is just being handed on."""
        self._thread.join(seconds)

    def status(self, connection: Connection) -> AdapterStatus:
        """For the desk's own status."""
        known = _cursor(connection, self._key)
        row = known.row if known else 0
        waiting = connection.execute(select(func.count()).select_from(sighting).where(sighting.c.row > row))
        stopped = self._thread.ident is not None and not self._thread.is_alive()
        return AdapterStatus(
            format=self._adapter.format,
            state="stopped" if stopped else "away" if self._away is not None else "well",
            waiting=int(waiting.scalar_one()),
            refused=known.refused if known else 0,
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self.turn()
            except StoreAway:  # the desk's loop says so
                wait_s = TURN_S
            self._stop.wait(wait_s)

    def turn(self) -> float:
        """Hand on what waits; returns how long to rest, seconds. Raises StoreAway."""
        rows, passed = self._waiting(), None
        for row in rows:
            if self._stop.is_set():
                return 0.0
            if not self._asked_for(row):
                passed = row.row
                continue
            answer = self._hand_on(row)
            if answer.outcome == "away":
                self._become(answer.why)
                return self._patience.wait_s()
            self._become(None)
            self._patience.reset()
            if answer.outcome == "refused":
                log.warning("adapter %s: stored sighting %d is passed over: %s", self._label, row.row, answer.why)
            self._advance(row.row, answer)
            passed = None
        if passed is not None:
            self._advance(passed, None)
        return 0.0 if len(rows) == BATCH else TURN_S

    def _waiting(self) -> list[Row[tuple[int, str, str | None, int, str]]]:
        with self._store.settled() as connection:
            known = _cursor(connection, self._key)
            after = sighting.c.row > (known.row if known else 0)
            columns = (sighting.c.row, sighting.c.camera, sighting.c.plate, sighting.c.captured_ms, sighting.c.record)
            return list(connection.execute(select(*columns).where(after).order_by(sighting.c.row).limit(BATCH)))

    def _asked_for(self, row: Row[tuple[int, str, str | None, int, str]]) -> bool:
        cameras = self._adapter.cameras or self._policy.cameras
        return row.plate is not None and row.camera in cameras and self._left_ms(row.captured_ms) > 0

    def _left_ms(self, captured_ms: int) -> int:
        return captured_ms - due_before(self._policy.retention, self._now_ms())

    def _hand_on(self, row: Row[tuple[int, str, str | None, int, str]]) -> Answer:
        try:
            one = unseal(row.record.encode(), Sighting)
            return self._receiver.give(one, row.captured_ms, self._left_ms(row.captured_ms) / 1000)
        except (NotSealable, msgspec.ValidationError):
            return Answer("refused", "its record is damaged")

    def _advance(self, row: int, answer: Answer | None) -> None:
        with self._store.write() as connection:
            known = _cursor(connection, self._key)
            if known is None or known.row >= row:
                return  # the adapter was taken out meanwhile, or another desk's is further
            refused = answer is not None and answer.outcome == "refused"
            moved = msgspec.structs.replace(known, row=row, refused=known.refused + refused)
            set_state(connection, self._key, _kept(moved))
            if answer is not None and answer.outcome == "taken":
                count(connection, "handed_on", self._label[:64], self._now_ms())

    def _become(self, away: str | None) -> None:
        """A change is logged, a repetition is not."""
        if away == self._away:
            return
        if away is None:
            log.info("adapter %s: the receiver takes sightings again", self._label)
        else:
            log.warning("adapter %s: nothing is taken, and waits: %s", self._label, away)
        self._away = away


def _prefix(policy: Policy) -> str:
    return f"adapter {policy.broker.name} "


def _key(policy: Policy, adapter: AdapterSettings) -> str:
    """Of an adapter's row in `state`: another address is another receiver, which begins anew."""
    digest = hashlib.sha256(f"{adapter.format} {adapter.url}".encode()).hexdigest()[:12]
    return _prefix(policy) + digest


def _cursor(connection: Connection, key: str) -> Cursor | None:
    kept = get_state(connection, key)
    return None if kept is None else _CURSOR.decode(kept)


def _kept(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def _entry(act: audit.Act, subject: str, detail: str) -> audit.Entry:
    return audit.Entry(act=act, who="desk", agency="", subject=subject, detail=detail)
