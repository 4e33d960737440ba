"""What aim remembers: the last half minute of frames and glances, the last fifty passes. Bounded, and no pixel.

Times are the frames' own monotonic ones. A camera that changes its resolution makes all of it void, since pixels are
what is counted here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.camera.aim.glance import Glance
    from edge.camera.quality import PictureQuality

PASSES_MAX = 50
GLANCES_S, GLANCES_MAX = 300.0, 1000
"""Glances are judged over the last five minutes: on a quiet road that is a handful of vehicles."""
RATE_S = 5.0
"""The frame rate is taken over so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassNote:
    """One vehicle that went by."""

    monotonic_ns: int
    """Of its last look."""
    looks: int
    """Frames in which its plate was found."""
    confidence: float | None
    """Of the fused text, 0–1; None when the pass gave none."""


class Recent:
    """Bounded memory between the line and the measures."""

    def __init__(self) -> None:
        self._frames_ns: deque[int] = deque(maxlen=600)
        self._glances: deque[Glance] = deque(maxlen=GLANCES_MAX)
        self._passes: deque[PassNote] = deque(maxlen=PASSES_MAX)
        self.quality: PictureQuality | None = None
        self.size: tuple[int, int] | None = None
        """Of the latest frame: width and height, pixels."""

    def frame(self, monotonic_ns: int, size: tuple[int, int], quality: PictureQuality) -> None:
        """A frame came. One of another size makes all that was measured before void."""
        if self.size is not None and size != self.size:
            self._glances.clear()
            self._passes.clear()
        self.size, self.quality = size, quality
        self._frames_ns.append(monotonic_ns)

    def looked(self, glances: Iterable[Glance]) -> None:
        """What one frame showed of plates."""
        self._glances.extend(glances)

    def passed(self, note: PassNote) -> None:
        """A vehicle went by."""
        self._passes.append(note)

    def glances(self, now_ns: int) -> tuple[Glance, ...]:
        """Of the last five minutes."""
        return tuple(one for one in self._glances if one.monotonic_ns > now_ns - GLANCES_S * 1e9)

    def passes(self) -> tuple[PassNote, ...]:
        """The last fifty, oldest first."""
        return tuple(self._passes)

    def frames_per_second(self, now_ns: int) -> float:
        """That came through in the last `RATE_S`; 0 when none did."""
        recent = [at_ns for at_ns in self._frames_ns if at_ns > now_ns - RATE_S * 1e9]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) * 1e9 / max(now_ns - recent[0], 1)
