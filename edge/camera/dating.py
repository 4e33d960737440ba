"""When something truly was, on a device whose clock may come late or jump, and whether that clock may delete anything.

The boot's own clock never jumps, so what was seen is remembered by it as well; once the wall's clock has been set, the
distance of the two dates anew whatever was seen in this boot. Of an earlier boot nothing more can be said than that it
was over when this one began. Knows no table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from edge.record.sighting import Clock as ClockSeen
from edge.record.words import nanoseconds, time

if TYPE_CHECKING:
    from edge.camera.clock import Clock
    from edge.record.sighting import Sighting

S: Final = 1_000_000_000
STEADY_S: Final = 600.0
"""A synchronised clock must have run this long without a jump before anything is deleted by it."""
JUMP_S: Final = 60.0
"""More than a clock is ever slewed between two looks at it."""
LATE_S_MAX: Final = 3600.0
"""A sighting is kept at most this long after its last look; a larger distance is a clock that jumped."""


def true_ns(clock: Clock, monotonic_ns: int = 0) -> int:
    """UTC of a moment of this boot, by the wall's clock as it is now; without a moment, of the boot itself."""
    return clock.now_ns() - clock.monotonic_ns() + monotonic_ns


def on_boot_clock(clock: Clock, sighting: Sighting, seen_monotonic_ns: int | None) -> int:
    """Its last look as the boot's own clock has it: known, or taken from a wall's clock that has not jumped since."""
    if seen_monotonic_ns is not None:
        return seen_monotonic_ns
    late_ns = clock.now_ns() - nanoseconds(sighting.last_seen)
    return clock.monotonic_ns() - (late_ns if 0 <= late_ns <= LATE_S_MAX * S else 0)


def was_set(clock: Clock, sighting: Sighting, monotonic_ns: int) -> bool:
    """Whether its times are of a clock that has been put right since it was seen."""
    if not clock.synchronized():
        return False
    wrong_ns = true_ns(clock, monotonic_ns) - nanoseconds(sighting.last_seen)
    return not sighting.clock.synchronized or abs(wrong_ns) > JUMP_S * S


def dated(clock: Clock, sighting: Sighting, monotonic_ns: int) -> Sighting:
    """The same pass, its times moved to where they belong."""
    lasted_ns = nanoseconds(sighting.last_seen) - nanoseconds(sighting.first_seen)
    last_ns = true_ns(clock, monotonic_ns)
    first_ns = last_ns - (lasted_ns if 0 <= lasted_ns <= LATE_S_MAX * S else 0)
    return msgspec.structs.replace(
        sighting, first_seen=time(first_ns), last_seen=time(last_ns), clock=ClockSeen(synchronized=True)
    )


class Steadiness:
    """Whether the wall's clock may be trusted with deleting: synchronised, and without a jump for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_ns: int | None = None
        self._offset_ns = 0

    def look(self) -> bool:
        """To be asked once a minute."""
        offset_ns = true_ns(self._clock)
        jumped = abs(offset_ns - self._offset_ns) > JUMP_S * S
        self._offset_ns = offset_ns
        if not self._clock.synchronized():
            self._since_ns = None
            return False
        monotonic_ns = self._clock.monotonic_ns()
        if self._since_ns is None or jumped:
            self._since_ns = monotonic_ns
        return monotonic_ns - self._since_ns >= STEADY_S * S
