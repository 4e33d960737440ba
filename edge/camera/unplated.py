"""Vehicles that show no plate: what moves and no plate explains → one `Unplated` for each that goes by.

    motion, plates → regions worth a look → spots (the network's) → trails → told when no plate tells of them

Most vehicles have a plate and cost nothing here. A look is asked for only where something as large as a vehicle whose
plate could be read moves around no plate; and where nothing was found, once a second. What was found is followed: the
next looks are at the place where it should be, so that one that runs together with another, or with the shadow that it
left on the road, is still seen alone. A vehicle counts when it was found sure and often enough, went somewhere, and no
plate was seen on it: neither while it was followed nor just before or after, where it came from or made for. When in
doubt it was told already, or is none: a person that is counted is worse here than a vehicle that is missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from edge.camera.boxes import grown, overlap, rest_of, share_in
from edge.camera.scene import Unplated
from edge.camera.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.scene import Box, Look, Motion, Plate, Spot
    from edge.settings.camera import TrackingSettings

PLATE_WIDTHS = 6.0
"""Widths of its plate that a vehicle has at least: 1.8 m by 0.3."""
REGION_WIDTHS = 13.0
"""Widths of a plate up to which a region shows its vehicle alone: shadow and margin with it."""
EVERY_MS, SETTLED_EVERY_MS = 120, 450
"""Between two looks at one vehicle, until it is sure, and then; between looks for new ones, while none is followed, and
while one is."""
SHOWN_MS = 300
"""So long after a plate was seen on it a vehicle is not looked at: the plate tells."""
DULL_LOOKS, DULL_EVERY_MS, DULL_FORGET_MS = 4, 1000, 3000
"""After so many looks in one place that found nothing, the next ones are a second apart, until nothing moved there for
three: a tree in the wind goes on for hours. The same where something is followed that does not become sure."""
REGIONS_MAX = 2
"""Looks at one frame: those that are followed first, then the largest regions."""
PICTURE_SHARE_MAX = 0.8
"""When so much of the picture's width and height moves, the camera does, or its light: nobody new is looked for."""
AROUND_FOLLOWED = 1.5
"""Side of the square that is looked at, in lengths of the vehicle that should be there."""
IN_REGION = 0.4
"""Share of a spot's box that must have moved: what stands beside a moving thing did not."""
EXPLAINED = 0.6
"""Share of a region that lies in a followed vehicle's place, or of the place in the region, that explains it."""
ROOM = 1.3
"""A followed vehicle's place for this, in its lengths: with its shadow."""
SPOTS_MIN = 3
"""Sure looks that a vehicle has at least."""
SURE_SHARE, FOUND_SHARE = 0.5, 0.5
"""Of the looks that found it, and of those that looked for it."""
NARROW = 0.6
"""Width of an outline, or of what moves, in its heights, below which it may be a person's: a lorry's rear is two
thirds as wide as high, a person a third."""
SHORT = 0.5
"""Shorter side of a region, in widths of the smallest vehicle, below which it shows none."""
PART = 0.6
"""Share of an outline that lies in a larger vehicle's all along: a part of it."""
GAP_MS = 1100
"""A trail ends when nothing was found for this long."""
HOLD_MS = 850
"""A vehicle whose trail ended waits so long for plates that are still being read."""
AGAIN_MS, STANDS_MS = 3000, 120_000
"""One that was told may come back so long after, from behind something, or where it stood."""
AROUND = 0.15
"""A plate this far outside a vehicle's outline, in shares of its size, is still its own."""
NEARBY_MS = 1900
"""A plate this long before or after a vehicle's trail, where the vehicle should have been, is its own."""


@dataclass(slots=True, eq=False)
class _Track:
    """A vehicle that is being followed."""

    trail: Trail
    looked_ns: int
    looks: int = 1
    """That looked for it."""
    shown_ns: int = -(10**18)
    """When a plate was last seen where it should be."""
    told: bool = False

    @property
    def last_ns(self) -> int:
        return self.trail.last.monotonic_ns

    @property
    def sure(self) -> list[Spot]:
        """The spots that are a vehicle beyond doubt."""
        return [spot for spot in self.trail.spots if spot.sure]

    def every_ms(self) -> int:
        if len(self.sure) > SPOTS_MIN or self.told:
            return SETTLED_EVERY_MS
        return EVERY_MS if self.looks <= DULL_LOOKS + len(self.sure) else DULL_EVERY_MS

    def shows(self, look: Look) -> bool:
        """Whether a plate is this vehicle's, as far as its way tells."""
        first_ns = self.trail.spots[0].monotonic_ns
        away_ms = max(first_ns - look.monotonic_ns, look.monotonic_ns - self.last_ns, 0) / 1e6
        if away_ms > NEARBY_MS:
            return False
        place = self.trail.box_at(look.monotonic_ns)
        spot = min(self.trail.spots, key=lambda one: abs(one.monotonic_ns - look.monotonic_ns))
        reach = 0.5 + AROUND + away_ms / NEARBY_MS
        dx, dy = (abs(look.center[axis] - place.center[axis]) for axis in (0, 1))
        return dx <= reach * spot.box.width and dy <= reach * spot.box.height

    def part_of(self, other: _Track) -> bool:
        """Whether what was followed here lay in another, wider vehicle all along."""
        first_ns, last_ns = other.trail.spots[0].monotonic_ns, other.last_ns
        beside = [spot for spot in self.trail.spots if first_ns <= spot.monotonic_ns <= last_ns]
        if (
            other is self
            or not beside
            or sum(spot.width_px for spot in beside)
            >= sum(other.trail.box_at(spot.monotonic_ns).width for spot in beside)
        ):
            return False
        return median(share_in(spot.box, other.trail.box_at(spot.monotonic_ns)) for spot in beside) > PART


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
        self._asked: list[_Track] = []
        """The tracks that the last looks were for, in their order."""
        self._plates: list[Look] = []
        """Looks of plates that told, or will tell, of a vehicle: of the last few seconds."""
        self._dull: list[_Dull] = []
        self._looked_ns = -(10**18)

    def regions(self, motion: Motion | None, plates: Sequence[Plate], size: tuple[int, int], now_ns: int) -> list[Box]:
        """Where a look is worth its price now; `size` of the frame, pixels."""
        self._asked = []
        if motion is None:
            return []
        followed = [track for track in self._tracks if now_ns - track.last_ns <= GAP_MS * 1_000_000]
        places = {track: track.trail.box_at(now_ns) for track in followed}
        for track, place in places.items():
            if any(_inside(plate.center, place) for plate in plates):
                track.shown_ns = now_ns
        due = [track for track, place in places.items() if self._due(track, place, motion, now_ns)]
        self._asked = sorted(due, key=lambda track: track.looked_ns)[:REGIONS_MAX]
        for track in self._asked:
            track.looked_ns, track.looks = now_ns, track.looks + 1
        new = self._new(motion, plates, list(places.values()), size, now_ns)[: REGIONS_MAX - len(self._asked)]
        if new:
            self._looked_ns = now_ns
        return [*(grown(places[track], AROUND_FOLLOWED) for track in self._asked), *new]

    def update(self, looked: Sequence[tuple[Box, Sequence[Spot]]], now_ns: int) -> None:
        """What the looks at these regions found."""
        spots: list[Spot] = []
        for n, (region, found) in enumerate(looked):
            moving = [spot for spot in found if share_in(spot.box, region) >= IN_REGION]
            if n >= len(self._asked):
                self._note(region, now_ns, dull=not moving)
            spots += [spot for spot in moving if not any(_one(spot.box, other.box) for other in spots)]
        self._join(spots, now_ns)

    def explained(self, looks: Sequence[Look]) -> None:
        """These plates tell of their vehicles themselves."""
        self._plates += looks

    def close(self, waiting: Sequence[Look], now_ns: int) -> list[Unplated]:
        """The vehicles that went by and that no plate tells of. `waiting`: of plates whose pass is still open."""
        forget_ns = now_ns - int((NEARBY_MS + self._settings.pass_s_max * 2000 + GAP_MS + HOLD_MS) * 1e6)
        self._plates = [look for look in self._plates if look.monotonic_ns >= forget_ns]
        told = []
        for track in self._tracks:
            ended = now_ns - track.last_ns > (GAP_MS + HOLD_MS) * 1_000_000
            stays = now_ns - track.trail.spots[0].monotonic_ns > self._settings.pass_s_max * 1_000_000_000
            if (ended or stays) and not track.told and not any(track.shows(look) for look in waiting):
                told += self._tell(track)
        self._tracks = [track for track in self._tracks if not (track.told and self._gone(track, now_ns))]
        return told

    def finish(self) -> list[Unplated]:
        """The recording, or the daemon, ends: all that was followed ends with it."""
        told = [one for track in self._tracks if not track.told for one in self._tell(track)]
        self._tracks.clear()
        return told

    @staticmethod
    def _gone(track: _Track, now_ns: int) -> bool:
        return now_ns - track.last_ns > (STANDS_MS if track.trail.stands() else AGAIN_MS) * 1_000_000

    def _tell(self, track: _Track) -> list[Unplated]:
        """Its vehicle, if it is one that no plate tells of."""
        track.told = True
        if not self._counts(track):
            return []
        return [Unplated(number=next(self._numbers), looks=tuple(track.trail.spots))]

    def _due(self, track: _Track, place: Box, motion: Motion, now_ns: int) -> bool:
        """Whether a followed vehicle is looked at again: where it should be, something moves, and no plate tells."""
        if now_ns - track.shown_ns < SHOWN_MS * 1_000_000 or now_ns - track.looked_ns < track.every_ms() * 1_000_000:
            return False
        return any(share_in(place, region) >= IN_REGION for region in motion.regions)

    def _new(
        self, motion: Motion, plates: Sequence[Plate], places: Sequence[Box], size: tuple[int, int], now_ns: int
    ) -> list[Box]:
        """Where something moves that is not followed yet, the largest first."""
        if now_ns - self._looked_ns < (SETTLED_EVERY_MS if places else EVERY_MS) * 1_000_000:
            return []
        moving = [region for region in motion.fresh or motion.regions if region.width >= NARROW * region.height]
        regions = [_unexplained(region, places) for region in moving]
        found = [region for region in regions if self._worth(region, plates, size, now_ns)]
        return sorted(found, key=lambda region: -region.width * region.height)

    def _worth(self, region: Box, plates: Sequence[Plate], size: tuple[int, int], now_ns: int) -> bool:
        sides = region.width, region.height
        if max(sides) < self._width_px_min or min(sides) < SHORT * self._width_px_min:
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
            (off, t, s)
            for t, track in enumerate(self._tracks)
            for s, spot in enumerate(spots)
            if (off := track.trail.off(spot)) is not None
        )
        tracks: set[int] = set()
        taken: set[int] = set()
        for _, t, s in pairs:
            if t not in tracks and s not in taken:
                tracks.add(t)
                taken.add(s)
                self._tracks[t].trail.spots.append(spots[s])
        self._tracks += [_Track(Trail([spot]), now_ns) for s, spot in enumerate(spots) if s not in taken]

    def _counts(self, track: _Track) -> bool:
        spots, sure = track.trail.spots, track.sure
        return (
            len(sure) >= max(SPOTS_MIN, SURE_SHARE * len(spots), SURE_SHARE * FOUND_SHARE * track.looks)
            and max(spot.width_px for spot in spots) >= self._width_px_min
            and median(spot.box.width / max(spot.box.height, 1.0) for spot in sure) >= NARROW
            and track.trail.moved()
            and not any(track.shows(look) for look in self._plates)
            and not any(track.part_of(other) for other in self._tracks if len(other.sure) >= SPOTS_MIN)
        )


def _unexplained(region: Box, places: Sequence[Box]) -> Box:
    """What is left of a region beside the vehicles that are followed; of no size where they are all of it."""
    for place in places:
        room = grown(place, ROOM)
        if share_in(region, room) >= EXPLAINED or share_in(place, region) >= EXPLAINED:
            region = rest_of(region, room)
    return region


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box.x0 <= point[0] <= box.x1 and box.y0 <= point[1] <= box.y1


def _one(a: Box, b: Box) -> bool:
    """Whether two looks found the same vehicle, one of them perhaps a part of it."""
    return max(share_in(a, b), share_in(b, a)) > PART


def _same(a: Box, b: Box) -> bool:
    """Whether two places overlap by half of their union."""
    return overlap(a, b) > 0.5
