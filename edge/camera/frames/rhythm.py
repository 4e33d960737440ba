"""Which frames are looked at, and when: thinned by time, paced like the recording, stamped as if taken now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.camera.frames.source import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edge.camera.scene import Frame

EARLY = 0.25
"""A frame may come this share of an interval before its time: cameras jitter, and 15 of 15 must pass."""


class Thinner:
    """Lets at most so many frames a second through, evenly by their time: of 25, 15 are every second or first."""

    def __init__(self, frames_per_second: float) -> None:
        self._interval_ns = round(1e9 / frames_per_second)
        self._due_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Whether the frame of this moment (monotonic ns) passes."""
        early_ns = int(EARLY * self._interval_ns)
        if self._due_ns is None or now_ns < self._due_ns - 2 * self._interval_ns:
            self._due_ns = now_ns  # the first, or time went back
        if now_ns < self._due_ns - early_ns:
            return False
        self._due_ns = max(self._due_ns + self._interval_ns, now_ns + early_ns)  # what came late is not made up for
        return True


def thinned(frames: Iterable[Frame], frames_per_second: float) -> Iterator[Frame]:
    """At most so many a second. Their sequence numbers stay: the gaps are the frames that were shed."""
    thinner = Thinner(frames_per_second)
    return (frame for frame in frames if thinner.due(frame.monotonic_ns))


def paced(
    frames: Iterable[Frame], speed: float, *, wait: Callable[[float], object], clock: Clock | None = None
) -> Iterator[Frame]:
    """The recording's own rhythm, `speed` times as fast. A slow machine falls behind; it does not skip.

    `wait` sleeps for so many seconds and may return early: `threading.Event().wait`, or `time.sleep`.
    """
    monotonic_ns = (clock or Clock()).monotonic_ns
    began_ns, first_ns = 0, None
    for frame in frames:
        if first_ns is None:
            began_ns, first_ns = monotonic_ns(), frame.monotonic_ns
        due_ns = began_ns + (frame.monotonic_ns - first_ns) / speed
        if (ahead_ns := due_ns - monotonic_ns()) > 0:
            wait(ahead_ns / 1e9)
        yield frame


def stamped(frames: Iterable[Frame], clock: Clock) -> Iterator[Frame]:
    """As if each were taken now: a recording that stands in for a camera must not send sightings of last year."""
    return (replace(frame, taken_ns=clock.now_ns(), monotonic_ns=clock.monotonic_ns()) for frame in frames)
