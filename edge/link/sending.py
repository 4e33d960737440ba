"""Draining the outbox: oldest first, a bounded window, a row is deleted on its PUBACK and on nothing else.

    outbox.oldest ─▶ window ─▶ broker ─▶ PUBACK ─▶ outbox.acknowledge

After a broken line or a refusal everything unacknowledged is sent again, in order, the first row alone: the order
holds, and should a row be what breaks the line, it is known which. A row that the broker will not have is tried
`TRIES_MAX` times, then the others go first; if the broker takes one of them and still not this one, it is set aside,
where it is kept and counted. When the broker takes nothing at all, the fault is not the row's: everything waits.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from edge.link.connection import Acknowledged
    from edge.record.boundary import Sealed

log = logging.getLogger(__name__)

TRIES_MAX: Final = 8
"""Refusals of one row, or broken lines with it alone under way, before the others go first: about two minutes."""
NOT_AUTHORIZED: Final = 0x87
NOT_THE_ROWS_FAULT: Final = frozenset({NOT_AUTHORIZED, 0x91, 0x97})
"""PUBACK: not authorised, packet identifier in use, quota exceeded. They would meet any row."""
YOUNGER: Final = frozenset({"access"})
"""Kinds that an access list of yesterday does not name: that one of them is not authorised says nothing of others."""
PATIENCE_S_MIN: Final = 0.5
PATIENCE_S_MAX: Final = 60.0
FLUSH_AGAIN_S: Final = 1.0
"""After a disk that would not delete."""
SILENT_S_MAX: Final = 60.0
"""A broker that has not acknowledged for this long is called silent, and the line is opened anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message that waits."""

    number: int
    """Rising, never used again."""
    message: Sealed
    expires_s: float | None = None
    """What is left of its retention."""


class Outgoing(Protocol):
    """What holds the rows: the camera's outbox, the desk's. Its faults are OSErrors, and only pause the sending."""

    def oldest(self, count: int, *, after: int = 0) -> Sequence[Row]:
        """At most `count` rows in their order, numbered above `after`."""

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The broker has them: delete, in one transaction."""

    def set_aside(self, number: int) -> None:
        """The broker takes others but not this one: out of the queue, kept and counted."""


class Outlet(Protocol):
    """What a row goes through; see `connection.Connection`."""

    @property
    def open(self) -> bool: ...  # noqa: D102

    @property
    def room(self) -> int: ...  # noqa: D102

    @property
    def payload_bytes_max(self) -> int: ...  # noqa: D102

    def publish(self, row: Row) -> int: ...  # noqa: D102


class Patience:
    """A wait that doubles from `s_min` to `s_max`, jittered by half so that a fleet does not come back all at once."""

    def __init__(self, s_min: float, s_max: float, rng: Random) -> None:
        self._s_min, self._s_max, self._rng = s_min, s_max, rng
        self._next_s = s_min

    def wait_s(self) -> float:
        """The next wait."""
        wait_s = self._next_s * self._rng.uniform(0.5, 1.0)
        self._next_s = min(self._s_max, self._next_s * 2)
        return wait_s

    def reset(self) -> None:
        """It went well."""
        self._next_s = self._s_min


@dataclass(frozen=True, slots=True)
class _Sent:
    """One row under way."""

    row: int
    kind: str
    sent_s: float


class Sender:
    """Holds what is under way. One thread calls it."""

    def __init__(self, outbox: Outgoing, window_max: int, rng: Random) -> None:
        self._outbox = outbox
        self._patience = Patience(PATIENCE_S_MIN, PATIENCE_S_MAX, rng)
        self._window = self._window_max = window_max
        self._cursor = 0
        """The highest row sent on this connection."""
        self._under_way: dict[int, _Sent] = {}
        """By mid, oldest first."""
        self._done: set[int] = set()
        """Acknowledged, not yet deleted."""
        self._trouble: dict[int, tuple[int, int]] = {}
        """row → (tries that failed, `published` at the first of them)."""
        self._held: set[int] = set()
        """Tried too often; the others go first."""
        self._resume_s = self._flush_s = 0.0
        self.published = 0
        """Acknowledged by the broker since the start."""
        self.refusal: str | None = None
        """Why the broker does not take what it gets; None once it does."""

    def begin(self) -> None:
        """A new connection: from the oldest row, and one at a time if the last line broke with rows under way."""
        if not self._under_way:
            self._window = self._window_max
        else:
            self._blame_lonely()
            self._window = 1
        self._under_way.clear()
        self._cursor = 0

    def send(self, outlet: Outlet) -> None:
        """Fill the window."""
        room = min(self._window - len(self._under_way), outlet.room)
        if room <= 0 or monotonic() < self._resume_s:
            return
        rows = self._waiting(room)
        if not rows and not self._under_way and self._held:
            self._forgive()
        for row in rows:
            if not outlet.open:
                return  # writing the one before has shown that the line is broken
            self._cursor = row.number
            if len(row.message.payload) > outlet.payload_bytes_max:
                self._object(row.number, "too large for this broker", TRIES_MAX)
            else:
                self._under_way[outlet.publish(row)] = _Sent(row.number, row.message.kind, monotonic())

    @property
    def careful(self) -> bool:
        """Whether one row goes at a time: nothing else should be under way with it, or it could not be blamed."""
        return self._window == 1

    def settle(self, told: Acknowledged) -> bool:
        """One PUBACK; False when it is for no row of ours."""
        sent = self._under_way.pop(told.mid, None)
        if sent is None:
            return False
        if told.refused:
            self._refused(sent, told)
        else:
            self._accepted(sent.row)
        return True

    def flush(self) -> int:
        """Delete what is acknowledged, all in one transaction; returns how many rows that were."""
        if not self._done or monotonic() < self._flush_s:
            return 0
        try:
            self._outbox.acknowledge(sorted(self._done))
        except OSError:  # the outbox says so itself; the rows stay in `_done` and are not sent twice
            self._flush_s = monotonic() + FLUSH_AGAIN_S
            return 0
        count = len(self._done)
        self._done.clear()
        return count

    def silent(self) -> bool:
        """Whether the oldest row under way has waited too long for its PUBACK."""
        oldest = next(iter(self._under_way.values()), None)
        return oldest is not None and monotonic() - oldest.sent_s > SILENT_S_MAX

    def idle(self) -> bool:
        """Whether everything that can be sent has been sent and deleted."""
        return not self._under_way and not self._done and not self._waiting(1)

    def _waiting(self, room: int) -> list[Row]:
        passed_over = self._held | self._done | {sent.row for sent in self._under_way.values()}
        try:
            rows = self._outbox.oldest(room + len(passed_over), after=self._cursor)
        except OSError:
            self._pause()
            return []
        return [row for row in rows if row.number not in passed_over][:room]

    def _accepted(self, row: int) -> None:
        self.published += 1
        self.refusal = None
        self._done.add(row)
        self._trouble.pop(row, None)
        self._patience.reset()
        self._window = self._window_max
        if self._held:  # the broker takes something: they are tried once more, and it will show
            self._held.clear()
            self._cursor = 0

    def _refused(self, sent: _Sent, told: Acknowledged) -> None:
        self.refusal = told.name
        self._cursor = 0
        self._window = 1  # so that the first to be taken again is the oldest
        self._pause()
        if told.reason not in NOT_THE_ROWS_FAULT or (told.reason == NOT_AUTHORIZED and sent.kind in YOUNGER):
            self._object(sent.row, told.name)

    def _blame_lonely(self) -> None:
        """The line broke with a single row under way: that counts against it, several are innocent."""
        if len(self._under_way) == 1 and self._window == 1:
            self._object(next(iter(self._under_way.values())).row, "the line breaks each time")

    def _object(self, row: int, why: str, tries: int = 1) -> None:
        """Something speaks against a row; when enough does, it is held, or set aside if the broker takes others."""
        self.refusal = why
        before, published = self._trouble.get(row, (0, self.published))
        self._trouble[row] = (before + tries, published)
        if before + tries < TRIES_MAX:
            return
        if self.published > published:
            self._set_aside(row, why)
        else:
            self._held.add(row)

    def _set_aside(self, row: int, why: str) -> None:
        try:
            self._outbox.set_aside(row)
        except OSError:
            self._pause()
            return
        log.warning("row %d set aside, kept and counted: the broker takes others but not this one (%s)", row, why)
        del self._trouble[row]

    def _forgive(self) -> None:
        """Nothing else is left to send, so the held rows block nobody: they begin anew, slowly."""
        self._held.clear()
        self._trouble.clear()
        self._cursor = 0
        self._pause()

    def _pause(self) -> None:
        """Once for a burst: a window full of refusals is one answer."""
        if monotonic() >= self._resume_s:
            self._resume_s = monotonic() + self._patience.wait_s()
