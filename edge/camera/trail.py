"""The way of a vehicle's outline through the picture: where it was, and where it should be.

trail = Trail(spots)
trail.box_at(now_ns)        between its spots, before the first, after the last
trail.off(spot)             0: just there … 1: barely the same vehicle; None: another one

Base of the watch over vehicles without a plate; boxes in frame pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from edge.camera.boxes import overlap
from edge.camera.scene import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.camera.scene import Spot

RECENT = 4
"""Spots at an end that tell how it goes on."""
KNOWN_SPOTS, KNOWN_S = 3, 0.25
"""From so many spots and so long a way on its direction is known."""
STEP_WIDTHS, STEP_WIDTHS_MAX = 0.35, 1.1
"""Widths by which a vehicle may miss its predicted place, always and at most."""
STEP_WIDTHS_PER_S = (1.5, 0.5)
"""And a second: while its direction is unknown, and when it is known."""
GROWTH, GROWTH_PER_S = 0.4, (1.5, 0.6)
"""The same for the change of its log width."""
HIDDEN_S = (1.1, 3.0)
"""Seconds after which nothing is the same vehicle any more: something hid it, or the network did not see it."""
GROWTH_MAX_PER_S = 1.5
"""An outline that enters the picture grows faster than its vehicle comes near."""
STANDS_WIDTHS, STANDS_S = 0.08, 0.4
"""A vehicle whose last spots lie this close together, over so long, stands."""
SAME_PLACE = 0.5
"""Overlap (intersection over union) with where it stood from which it is still there, however long after."""
MOVED_WIDTHS = 0.25
"""Widths that the outline's middle must have gone, or `GREW` the change of log width: a shadow makes it shake."""
GREW = 0.25


@dataclass(slots=True, eq=False)
class Trail:
    """One vehicle's spots, by time, never empty."""

    spots: list[Spot] = field(default_factory=list)

    @property
    def last(self) -> Spot:
        """The newest."""
        return self.spots[-1]

    @property
    def known(self) -> bool:
        """Whether it has gone far enough to say where it makes for."""
        return len(self.spots) >= KNOWN_SPOTS and self._seconds(self.spots[0], self.last) >= KNOWN_S

    def stands(self) -> bool:
        """Whether it has not moved of late."""
        late = [spot for spot in self.spots if self._seconds(spot, self.last) <= 2 * STANDS_S]
        if self._seconds(late[0], self.last) < STANDS_S:
            return False
        return all(math.dist(spot.center, self.last.center) < STANDS_WIDTHS * self.last.width_px for spot in late)

    def moved(self) -> bool:
        """The first third against the last, by medians: an outline that shakes goes nowhere."""
        third = max(1, len(self.spots) // 3)
        (x0, y0, w0), (x1, y1, w1) = (_middle(part) for part in (self.spots[:third], self.spots[-third:]))
        far = math.dist((x0, y0), (x1, y1)) / max((w0 + w1) / 2, 1.0)
        return far > MOVED_WIDTHS or abs(math.log(max(w1, 1.0) / max(w0, 1.0))) > GREW

    def box_at(self, now_ns: int) -> Box:
        """Its outline at a time, frame pixels; outside its spots a straight line goes on."""
        if now_ns >= self.last.monotonic_ns:
            return _continued(self.spots[-RECENT:], now_ns, self.last)
        if now_ns <= self.spots[0].monotonic_ns:
            return _continued(self.spots[:RECENT], now_ns, self.spots[0])
        after = next(n for n, spot in enumerate(self.spots) if spot.monotonic_ns >= now_ns)
        return _continued(self.spots[after - 1 : after + 1], now_ns, self.spots[after])

    def off(self, spot: Spot) -> float | None:
        """How badly a later spot fits, 0–1; None when it is another vehicle's."""
        seconds, stands = self._seconds(self.last, spot), self.stands()
        known = self.known and not stands
        if seconds > HIDDEN_S[known]:
            return 0.0 if stands and overlap(self.last.box, spot.box) > SAME_PLACE else None
        place = self.last.box if stands else self.box_at(spot.monotonic_ns)
        reach = min(STEP_WIDTHS + STEP_WIDTHS_PER_S[known] * seconds, STEP_WIDTHS_MAX if known else math.inf)
        far = math.dist(place.center, spot.center) / max((place.width + spot.width_px) / 2, 1.0)
        growth = abs(math.log(max(spot.width_px, 1.0) / max(place.width, 1.0)))
        off = max(far / reach, growth / (GROWTH + GROWTH_PER_S[known] * seconds))
        return off if off <= 1 else None

    @staticmethod
    def _seconds(earlier: Spot, later: Spot) -> float:
        return (later.monotonic_ns - earlier.monotonic_ns) / 1e9


def _continued(spots: Sequence[Spot], now_ns: int, near: Spot) -> Box:
    """A straight line through these, at a time; as high for its width as the one that is nearest."""
    times = [(spot.monotonic_ns - now_ns) / 1e9 for spot in spots]
    x, y = (_line(times, [spot.center[axis] for spot in spots]) for axis in (0, 1))
    seconds = (now_ns - near.monotonic_ns) / 1e9
    grown = _line(times, [math.log(max(spot.width_px, 1.0)) for spot in spots]) - math.log(max(near.width_px, 1.0))
    most = GROWTH_MAX_PER_S * abs(seconds)
    scale = math.exp(max(-most, min(most, grown))) / 2
    wide, high = near.box.width * scale, near.box.height * scale
    return Box(x0=x - wide, y0=y - high, x1=x + wide, y1=y + high)


def _line(times: Sequence[float], values: Sequence[float]) -> float:
    """The value at time 0 of the straight line that fits best."""
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    if spread < 1e-6:
        return mean
    slope = sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread
    return mean - slope * middle


def _middle(spots: Sequence[Spot]) -> tuple[float, float, float]:
    xs, ys = zip(*(spot.center for spot in spots), strict=True)
    return median(xs), median(ys), median(spot.width_px for spot in spots)
