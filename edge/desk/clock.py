"""What time it is, as far as a purge may believe it.

Retention deletes for good, so a clock that jumped must not decide it. Time is followed by the monotonic clock; a wall
clock that says something else is believed only when the kernel calls it synchronised. Until then the desk keeps its own
time going, so that what is due dies and what is not due lives, whatever somebody types into `date`.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from edge.desk.store import get_state, set_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

TOLERANCE_MS: Final = 120_000
"""What drift and slewing may amount to between two looks."""
FLOOR_MS: Final = 1_767_225_600_000
"""2026-01-01: before this program was written no clock was right."""
_KEY: Final = "clock"
_TIME_ERROR: Final = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """The two clocks, read together, and whether the kernel calls the wall clock synchronised."""

    wall_ms: int
    monotonic_ms: int
    synchronized: bool


def system_reading() -> Reading:
    """The machine's own clocks. The boot clock goes on while a machine sleeps."""
    return Reading(
        time.time_ns() // 1_000_000, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000, _synchronized()
    )


class TrustedClock:
    """Milliseconds UTC that never leap unless a synchronised clock says so."""

    def __init__(self, read: Callable[[], Reading] = system_reading) -> None:
        self._read = read
        self._at: Reading | None = None
        self._now_ms = 0
        self._lock = Lock()
        self.held = False
        """Whether the wall clock says something that is not believed."""

    def now_ms(self) -> int:
        """The time to purge and to judge by."""
        with self._lock:
            reading = self._read()
            if self._at is None:
                self._begin(reading)
            else:
                self._believe(reading, self._now_ms + max(0, reading.monotonic_ms - self._at.monotonic_ms))
            self._at = reading
            return self._now_ms

    def remember(self, connection: Connection) -> None:
        """Keep the time for the next start."""
        set_state(connection, _KEY, str(self.now_ms()))

    def recall(self, connection: Connection) -> int | None:
        """Begin where the last run stopped, and tell when that was; None for the first run."""
        kept = get_state(connection, _KEY)
        with self._lock:
            self._at = self._read()
            if kept is None:
                self._begin(self._at)
                return None
            self._believe(self._at, int(kept))
            return int(kept)

    def _begin(self, reading: Reading) -> None:
        self._now_ms = reading.wall_ms
        self.held = reading.wall_ms < FLOOR_MS

    def _believe(self, reading: Reading, expected_ms: int) -> None:
        """Take the wall clock when it is near what is expected, or synchronised; otherwise go on with our own."""
        near = abs(reading.wall_ms - expected_ms) <= TOLERANCE_MS
        # A desk that was off for weeks cannot know how long: without synchronisation it goes on where it stopped.
        self.held = not (near or (reading.synchronized and reading.wall_ms >= FLOOR_MS))
        self._now_ms = expected_ms if self.held else reading.wall_ms


class _Timex(ctypes.Structure):
    # As <sys/timex.h> lays it out; only the size matters, for nothing is set and only the result is looked at.
    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 256))


def _synchronized() -> bool:
    """Whether the kernel says that something outside has set the clock, and keeps it (adjtimex(2))."""
    state = int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(_Timex())))
    return 0 <= state < _TIME_ERROR
