"""Vehicles that show no plate: what moves and no plate explains → one `Unplated` for each that goes by.

    motion, plates → regions worth a look → spots (the network's) → tracks → told when no plate tells of them

Most vehicles have a plate and cost nothing here. A look is asked for only where something as large as a vehicle whose
plate could be read moves around no plate, five times a second at first; and where nothing was found, once a second.
A vehicle counts when it was found sure and often enough, went somewhere, and no plate was seen on it: neither while it
was followed nor just before or after, where it came from or made for. When in doubt it was told already: a vehicle
counted twice is worse here than one that is missed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from edge.camera.scene import Unplated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.scene import Box, Look, Motion, Plate, Spot
    from edge.settings.camera import TrackingSettings

PLATE_WIDTHS = 6.0
"""Widths of its plate that a vehicle has at least: 1.8 m by 0.3."""
REGION_WIDTHS = 13.0
"""Widths of a plate up to which a region shows its vehicle alone: shadow and margin with it."""
EVERY_MS, SETTLED_EVERY_MS = 200, 450
"""Between two looks, until a vehicle is sure, and then."""
DULL_LOOKS, DULL_EVERY_MS, DULL_FORGET_MS = 4, 1000, 3000
"""After so many looks in one place that found nothing, the next ones are a second apart, until nothing moved there for
three: a tree in the wind goes on for hours."""
REGIONS_MAX = 2
"""Looks at one frame, the largest regions first."""
PICTURE_SHARE_MAX = 0.8
"""When so much of the picture's width and height moves, the camera does, or its light: nothing can be followed."""
IN_REGION = 0.4
"""Share of a spot's box that must have moved: what stands beside a moving thing did not."""
SPOTS_MIN = 3
"""Looks that must have found a vehicle."""
GAP_MS = 1100
"""A track ends when nothing was found for this long."""
MOVED_WIDTHS = 0.25
"""Widths that the outline's middle must have gone, or `GREW` the change of log width: a shadow makes it shake."""
GREW = 0.25
STEP_WIDTHS, STEP_WIDTHS_PER_S = 0.35, 1.5
"""Widths by which a vehicle may miss its predicted place, always and a second."""
GROWTH_PER_S = 1.5
"""Change of log width a second that is still one vehicle; and `GROWTH` always."""
GROWTH = 0.4
AROUND = 0.15
"""A plate this far outside a vehicle's outline, in shares of its size, is still its own."""
NEARBY_MS = 1900
"""A plate this long before or after a vehicle's track, where the vehicle should have been, is its own."""
HOLD_MS = 850
"""A track that ended waits so long for plates that are still being read."""


@dataclass(slots=True, eq=False)
class _Track:
    """A vehicle that is being followed."""

    spots: list[Spot] = field(default_factory=list)
    told: bool = False

    @property
    def last(self) -> Spot:
        return self.spots[-1]

    def place(self, now_ns: int) -> tuple[float, float]:
        """Where the outline's middle should be at a time, before its first spot and after its last, too."""
        before, after = self._beside(now_ns)
        (x0, y0), (x1, y1) = before.center, after.center
        seconds = (after.monotonic_ns - before.monotonic_ns) / 1e9
        share = (now_ns - before.monotonic_ns) / 1e9 / seconds if seconds > 0 else 0.0
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def _beside(self, now_ns: int) -> tuple[Spot, Spot]:
        """The two spots around a time; the first two or the last two outside the track."""
        for before, after in zip(self.spots, self.spots[1:], strict=False):
            if now_ns <= after.monotonic_ns:
                return before, after
        return self.spots[-2 if len(self.spots) > 1 else -1], self.spots[-1]

    def shows(self, look: Look) -> bool:
        """Whether a plate is this vehicle's, as far as its path tells."""
        first, last = self.spots[0].monotonic_ns, self.spots[-1].monotonic_ns
        away_ms = max(first - look.monotonic_ns, look.monotonic_ns - last, 0) / 1e6
        if away_ms > NEARBY_MS:
            return False
        spot = min(self.spots, key=lambda one: abs(one.monotonic_ns - look.monotonic_ns))
        x, y = self.place(look.monotonic_ns)
        reach = 0.5 + AROUND + away_ms / NEARBY_MS
        dx, dy = abs(look.center[0] - x), abs(look.center[1] - y)
        return dx <= reach * spot.box.width and dy <= reach * spot.box.height


@dataclass(slots=True)
class _Dull:
    """A place where looks found nothing."""

    region: Box
    seen_ns: int
    looks: int


class Watch:
    """Follows vehicles without regard to plates, and tells those that show none. Remembers, but knows no clock."""

    def __init__(self, settings: TrackingSettings, plate_px_min: float, numbers: Iterator[int]) -> None:
        """`plate_px_min`: what plates narrower than this are not read. `numbers`: of the passes, shared with them."""
        self._settings, self._width_px_min, self._numbers = settings, plate_px_min * PLATE_WIDTHS, numbers
        self._tracks: list[_Track] = []
        self._plates: list[Look] = []
        """Looks of plates that told, or will tell, of a vehicle: of the last few seconds."""
        self._dull: list[_Dull] = []
        self._looked_ns = -(10**18)

    def regions(self, motion: Motion | None, plates: Sequence[Plate], size: tuple[int, int], now_ns: int) -> list[Box]:
        """Where a look is worth its price now; `size` of the frame, pixels."""
        every_ms = SETTLED_EVERY_MS if self._settled() else EVERY_MS
        if motion is None or now_ns - self._looked_ns < every_ms * 1_000_000:
            return []
        found = [region for region in motion.regions if self._worth(region, plates, size, now_ns)]
        found = sorted(found, key=lambda region: -region.width * region.height)[:REGIONS_MAX]
        if found:
            self._looked_ns = now_ns
        return found

    def update(self, looked: Sequence[tuple[Box, Sequence[Spot]]], now_ns: int) -> None:
        """What the looks at these regions found."""
        spots: list[Spot] = []
        for region, found in looked:
            moving = [spot for spot in found if share_in(spot.box, region) >= IN_REGION]
            self._note(region, now_ns, dull=not moving)
            spots += [spot for spot in moving if not any(_same(spot.box, other.box) for other in spots)]
        self._join(spots, now_ns)

    def explained(self, looks: Sequence[Look]) -> None:
        """These plates tell of their vehicles themselves."""
        self._plates += looks

    def close(self, waiting: Sequence[Look], now_ns: int) -> list[Unplated]:
        """The vehicles that went by and that no plate tells of. `waiting`: of plates whose pass is still open."""
        forget_ns = now_ns - int((NEARBY_MS + self._settings.pass_s_max * 2000 + GAP_MS + HOLD_MS) * 1e6)
        self._plates = [look for look in self._plates if look.monotonic_ns >= forget_ns]
        told, kept = [], []
        for track in self._tracks:
            ended = now_ns - track.last.monotonic_ns > (GAP_MS + HOLD_MS) * 1_000_000
            stands = now_ns - track.spots[0].monotonic_ns > self._settings.pass_s_max * 1_000_000_000
            if (ended or stands) and not track.told and not any(track.shows(look) for look in waiting):
                told += self._tell(track)
            if not (ended and track.told):
                kept.append(track)
        self._tracks = kept
        return told

    def finish(self) -> list[Unplated]:
        """The recording, or the daemon, ends: all that was followed ends with it."""
        told = [one for track in self._tracks if not track.told for one in self._tell(track)]
        self._tracks.clear()
        return told

    def _tell(self, track: _Track) -> list[Unplated]:
        """Its vehicle, if it is one that no plate tells of."""
        track.told = True
        return [Unplated(number=next(self._numbers), looks=tuple(track.spots))] if self._counts(track) else []

    def _settled(self) -> bool:
        """Whether all that is followed was found often enough: from now on it is only kept in sight."""
        return bool(self._tracks) and all(len(track.spots) > SPOTS_MIN for track in self._tracks)

    def _worth(self, region: Box, plates: Sequence[Plate], size: tuple[int, int], now_ns: int) -> bool:
        if max(region.width, region.height) < self._width_px_min:
            return False
        if region.width > PICTURE_SHARE_MAX * size[0] and region.height > PICTURE_SHARE_MAX * size[1]:
            return False
        if any(_inside(plate.center, region) and region.width < REGION_WIDTHS * plate.width_px for plate in plates):
            return False
        dull = next((one for one in self._dull if _same(one.region, region)), None)
        return dull is None or dull.looks < DULL_LOOKS or now_ns - dull.seen_ns >= DULL_EVERY_MS * 1_000_000

    def _note(self, region: Box, now_ns: int, *, dull: bool) -> None:
        fresh = [one for one in self._dull if now_ns - one.seen_ns < DULL_FORGET_MS * 1_000_000]
        looks = max((one.looks for one in fresh if _same(one.region, region)), default=0)
        self._dull = [one for one in fresh if not _same(one.region, region)]
        if dull:
            self._dull.append(_Dull(region, now_ns, looks + 1))

    def _join(self, spots: Sequence[Spot], now_ns: int) -> None:
        """Greedy, nearest first: as plates are joined to their tracks."""
        pairs = sorted(
            (miss, t, s)
            for t, track in enumerate(self._tracks)
            for s, spot in enumerate(spots)
            if (miss := _miss(track, spot)) is not None and now_ns - track.last.monotonic_ns <= GAP_MS * 1_000_000
        )
        tracks: set[int] = set()
        taken: set[int] = set()
        for _, t, s in pairs:
            if t not in tracks and s not in taken:
                tracks.add(t)
                taken.add(s)
                track = self._tracks[t]
                track.spots = [spots[s]] if track.told else [*track.spots, spots[s]]
        self._tracks += [_Track([spot]) for s, spot in enumerate(spots) if s not in taken]

    def _counts(self, track: _Track) -> bool:
        widest = max(spot.width_px for spot in track.spots)
        return (
            len(track.spots) >= SPOTS_MIN
            and widest >= self._width_px_min
            and _moved(track.spots)
            and not any(track.shows(look) for look in self._plates)
        )


def _miss(track: _Track, spot: Spot) -> float | None:
    """Widths by which a spot misses a track's predicted place; None when it is another vehicle."""
    seconds = (spot.monotonic_ns - track.last.monotonic_ns) / 1e9
    width = (track.last.width_px + spot.width_px) / 2
    miss = math.dist(track.place(spot.monotonic_ns), spot.center) / max(width, 1.0)
    growth = abs(math.log(max(spot.width_px, 1.0) / max(track.last.width_px, 1.0)))
    if miss > STEP_WIDTHS + STEP_WIDTHS_PER_S * seconds or growth > GROWTH + GROWTH_PER_S * seconds:
        return None
    return miss + growth


def _moved(spots: Sequence[Spot]) -> bool:
    """The first third against the last, by medians: an outline that shakes goes nowhere."""
    third = max(1, len(spots) // 3)
    (x0, y0, w0), (x1, y1, w1) = (_middle(part) for part in (spots[:third], spots[-third:]))
    far = math.dist((x0, y0), (x1, y1)) / max((w0 + w1) / 2, 1.0)
    return far > MOVED_WIDTHS or abs(math.log(max(w1, 1.0) / max(w0, 1.0))) > GREW


def _middle(spots: Sequence[Spot]) -> tuple[float, float, float]:
    xs, ys = zip(*(spot.center for spot in spots), strict=True)
    return median(xs), median(ys), median(spot.width_px for spot in spots)


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box.x0 <= point[0] <= box.x1 and box.y0 <= point[1] <= box.y1


def _common(a: Box, b: Box) -> float:
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(wide, 0.0) * max(high, 0.0)


def share_in(box: Box, region: Box) -> float:
    """Share of a box that lies in a region, 0–1."""
    return _common(box, region) / max(box.width * box.height, 1.0)


def _same(a: Box, b: Box) -> bool:
    """Whether two boxes overlap by half of their union."""
    common = _common(a, b)
    return common > 0.5 * (a.width * a.height + b.width * b.height - common)
