"""Vehicles without a plate: who is counted, who is not, and what a look costs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from edge.camera.scene import Box, Motion, Spot
from edge.camera.unplated import Watch
from edge.settings.camera import TrackingSettings
from tests.builders import SIZE, START_NS, look, plate

if TYPE_CHECKING:
    from edge.camera.scene import Look, Unplated

PLATE_PX = 24
WIDE = 6 * PLATE_PX


@dataclass
class Mover:
    """Drives straight through the picture; its outline is as wide as it is told, and three quarters as high."""

    since_ms: float = 0
    to_ms: float = 2000
    start: tuple[float, float] = (300, 300)
    speed: tuple[float, float] = (220, 60)
    width: float = 200
    growth: float = 40
    sure: float = 0.9
    """0: the network says that it is none."""
    plate_from_ms: float | None = None
    plate_to_ms: float = 10**9

    def box(self, ms: float) -> Box | None:
        if not self.since_ms <= ms <= self.to_ms:
            return None
        s = (ms - self.since_ms) / 1000
        wide = self.width + self.growth * s
        x, y = self.start[0] + self.speed[0] * s, self.start[1] + self.speed[1] * s
        return Box(x0=x - wide / 2, y0=y - wide * 3 / 8, x1=x + wide / 2, y1=y + wide * 3 / 8)

    def plate(self, ms: float) -> Look | None:
        box = self.box(ms)
        if box is None or self.plate_from_ms is None or not self.plate_from_ms <= ms <= self.plate_to_ms:
            return None
        x, y = box.center
        return look(ms, x=x, y=y + box.height / 4, width=box.width / 6)


def spot(ms: float, box: Box, score: float = 0.9) -> Spot:
    ns = int(ms * 1e6)
    return Spot(taken_ns=START_NS + ns, monotonic_ns=ns, box=box, score=score, frame_size=SIZE)


def around(box: Box) -> Box:
    """As the motion gate frames it."""
    x, y = 0.15 * box.width, 0.15 * box.height
    return Box(x0=box.x0 - x, y0=box.y0 - y, x1=box.x1 + x, y1=box.y1 + y)


def watch(movers: list[Mover], *, fps: float = 15, until_ms: float = 8000) -> tuple[list[Unplated], int]:
    """What is told of these, and how many looks that took."""
    one, looks, told = Watch(TrackingSettings(), PLATE_PX, itertools.count()), 0, []
    for k in range(int(until_ms / 1000 * fps)):
        ms = k * 1000 / fps
        ns = int(ms * 1e6)
        boxes = [(mover, box) for mover in movers if (box := mover.box(ms)) is not None]
        seen = [found for mover in movers if (found := mover.plate(ms)) is not None]
        motion = Motion(tuple(around(box) for _, box in boxes), 0.1) if boxes else None
        regions = one.regions(motion, [found.plate for found in seen], SIZE, ns)
        looks += len(regions)
        one.update([(region, _spots(ms, region, boxes)) for region in regions], ns)
        one.explained(seen)
        told += one.close((), ns)
    return told + one.finish(), looks


def _spots(ms: float, region: Box, boxes: list[tuple[Mover, Box]]) -> list[Spot]:
    inside = [
        (m, b) for m, b in boxes if region.x0 <= b.center[0] <= region.x1 and region.y0 <= b.center[1] <= region.y1
    ]
    return [spot(ms, box, mover.sure) for mover, box in inside if mover.sure]


@pytest.mark.parametrize("fps", [5, 8, 15, 30])
def test_a_vehicle_without_a_plate_is_told_once_whatever_the_frame_rate(fps: float) -> None:
    told, _ = watch([Mover()], fps=fps)
    assert len(told) == 1
    assert told[0].looks[-1].width_px > told[0].looks[0].width_px


def test_two_that_overlap_are_two() -> None:
    told, _ = watch([Mover(), Mover(start=(450, 330), width=230)])
    assert len(told) == 2


@pytest.mark.parametrize(
    ("since", "to"),
    [(0, 2000), (0, 400), (1600, 2000), (900, 1000)],
    ids=["all along", "at first", "at last", "one look in the middle"],
)
def test_a_vehicle_whose_plate_was_seen_at_any_time_is_not_told_again(since: float, to: float) -> None:
    told, _ = watch([Mover(plate_from_ms=since, plate_to_ms=to)])
    assert told == []


def test_a_vehicle_that_something_hid_before_its_plate_was_seen_is_not_told_again() -> None:
    """The track broke for more than a second; the plate is where the vehicle made for."""
    hidden = [Mover(to_ms=1000), Mover(since_ms=2300, to_ms=3300, start=(806, 438), width=292, plate_from_ms=2300)]
    assert watch(hidden)[0] == []


def test_of_two_side_by_side_the_one_without_a_plate_is_told() -> None:
    told, _ = watch([Mover(plate_from_ms=0), Mover(start=(700, 300))])
    assert len(told) == 1
    assert told[0].looks[0].center[0] > 600


def test_what_the_network_does_not_know_is_not_told() -> None:
    """A person, a cyclist, a dog, a shadow: whatever moves and is none."""
    assert watch([Mover(sure=0)])[0] == []


def test_what_shakes_on_the_spot_is_not_told() -> None:
    assert watch([Mover(speed=(0, 0), growth=0, to_ms=8000)])[0] == []


def test_what_was_seen_twice_only_is_not_told() -> None:
    assert watch([Mover(to_ms=200, speed=(600, 0))])[0] == []


def test_what_is_too_small_to_have_a_readable_plate_costs_no_look() -> None:
    told, looks = watch([Mover(width=WIDE / 2, growth=0)])
    assert (told, looks) == ([], 0)


def test_an_empty_road_and_plates_alone_cost_no_look() -> None:
    assert watch([])[1] == 0
    assert watch([Mover(plate_from_ms=0)])[1] == 0


def test_a_vehicle_costs_a_few_looks_and_a_tree_in_the_wind_one_a_second() -> None:
    assert watch([Mover()], fps=30)[1] <= 8
    tree = Mover(speed=(0, 0), growth=0, sure=0, to_ms=60_000)
    assert watch([tree], until_ms=60_000)[1] <= 66


def test_when_the_whole_picture_moves_nobody_is_followed() -> None:
    one = Watch(TrackingSettings(), PLATE_PX, itertools.count())
    whole = Motion((Box(x0=0, y0=0, x1=SIZE[0], y1=SIZE[1]),), 1.0)
    assert one.regions(whole, [], SIZE, 0) == []


def test_two_in_one_region_are_two() -> None:
    """The gate frames both and the road between them as one: each is followed where it should be."""
    both = [Mover(), Mover(start=(900, 300), speed=(-180, 60))]
    one, told = Watch(TrackingSettings(), PLATE_PX, itertools.count()), []
    for ms in range(0, 2000, 66):
        boxes = [(mover, box) for mover in both if (box := mover.box(ms)) is not None]
        union = Box(
            x0=min(box.x0 for _, box in boxes) - 30,
            y0=200,
            x1=max(box.x1 for _, box in boxes) + 30,
            y1=600,
        )
        regions = one.regions(Motion((union,), 0.3), [], SIZE, ms * 1_000_000)
        one.update([(region, _spots(ms, region, boxes)[:1]) for region in regions], ms * 1_000_000)
        told += one.close((), ms * 1_000_000)
    assert len(told + one.finish()) == 2


def test_one_that_follows_in_the_same_lane_is_another() -> None:
    first = Mover(start=(560, 440), speed=(150, -60), width=400, growth=-100, to_ms=1300)
    second = Mover(start=(560, 440), speed=(150, -60), width=390, growth=-100, since_ms=1900, to_ms=3200)
    assert len(watch([first, second])[0]) == 2


def test_one_that_stops_and_drives_on_is_told_once() -> None:
    comes = Mover(to_ms=1500)
    stands = Mover(since_ms=1501, to_ms=20_000, start=(630, 390), speed=(0, 0), width=260, growth=0)
    goes = Mover(since_ms=20_001, to_ms=21_500, start=(630, 390), width=260)
    assert len(watch([comes, stands, goes], until_ms=24_000)[0]) == 1


def test_a_part_of_a_vehicle_is_not_told_beside_it() -> None:
    lorry = Mover(width=420, growth=0)
    cab = Mover(start=(400, 330), width=190, growth=0)
    assert len(watch([lorry, cab])[0]) == 1


def test_a_narrow_outline_is_not_told() -> None:
    """Whatever the network says: a person is twice as high as wide."""
    one, told = Watch(TrackingSettings(), PLATE_PX, itertools.count()), []
    for ms in range(0, 3000, 66):
        x = 200 + 0.2 * ms
        person = Box(x0=x, y0=100, x1=x + 160, y1=560)
        regions = one.regions(Motion((around(person),), 0.1), [], SIZE, ms * 1_000_000)
        one.update([(region, [spot(ms, person)]) for region in regions], ms * 1_000_000)
        told += one.close((), ms * 1_000_000)
    assert told + one.finish() == []


@pytest.mark.parametrize(("sure_every", "count"), [(1, 1), (2, 1), (4, 0)])
def test_what_is_mostly_doubted_is_not_told(sure_every: int, count: int) -> None:
    one, told, mover = Watch(TrackingSettings(), PLATE_PX, itertools.count()), [], Mover(to_ms=6000, speed=(80, 20))
    for n, ms in enumerate(range(0, 6000, 200)):
        box = mover.box(ms)
        assert box is not None
        seen = replace(spot(ms, box), sure=n % sure_every == 0)
        one.update([(around(box), [seen])], ms * 1_000_000)
        told += one.close((), ms * 1_000_000)
    assert len(told + one.finish()) == count


def test_what_stands_beside_a_moving_thing_is_not_followed() -> None:
    """A person walks past a parked car: the look shows the car, but it is not what moved."""
    one, told = Watch(TrackingSettings(), PLATE_PX, itertools.count()), []
    parked = Box(x0=600, y0=300, x1=900, y1=520)
    for k in range(60):
        region = Box(x0=400 + 6 * k, y0=280, x1=560 + 6 * k, y1=560)
        ms = k * 66.0
        for chosen in one.regions(Motion((region,), 0.05), [], SIZE, int(ms * 1e6)):
            near = max(0.0, min(region.x1, parked.x1) - max(region.x0, parked.x0))
            one.update([(chosen, [spot(ms, parked)] if near else [])], int(ms * 1e6))
        told += one.close((), int(ms * 1e6))
    assert told + one.finish() == []


def test_a_vehicle_that_stays_in_view_is_told_once() -> None:
    told, _ = watch([Mover(to_ms=40_000, speed=(12, 4), growth=2)], until_ms=45_000)
    assert len(told) == 1


@pytest.mark.parametrize("until_ms", [1500, 2000, 2600])
def test_a_recording_that_ends_with_the_vehicle_in_view_tells_it_once(until_ms: float) -> None:
    assert watch([Mover(plate_from_ms=200)], until_ms=until_ms)[0] == []
    assert len(watch([Mover()], until_ms=until_ms)[0]) == 1


def test_a_vehicle_waits_for_a_plate_that_is_still_being_read() -> None:
    one = Watch(TrackingSettings(), PLATE_PX, itertools.count())
    mover = Mover()
    for ms in range(0, 2001, 200):
        box = mover.box(ms)
        assert box is not None
        one.update([(around(box), [spot(ms, box)])], ms * 1_000_000)
    x, y = 740, 440
    assert one.close([look(2000, x=x, y=y)], 10_000_000_000) == []
    assert len(one.close((), 10_000_000_000)) == 1


def test_numbers_are_shared_with_the_passes() -> None:
    numbers = itertools.count(7)
    one = Watch(TrackingSettings(), PLATE_PX, numbers)
    for ms in range(0, 2001, 200):
        box = Mover().box(ms)
        assert box is not None
        one.update([(around(box), [spot(ms, box)])], ms * 1_000_000)
    assert [told.number for told in one.finish()] == [7]
    assert next(numbers) == 8


def test_a_plate_in_a_region_with_room_for_another_vehicle_does_not_explain_it() -> None:
    one = Watch(TrackingSettings(), PLATE_PX, itertools.count())
    both = Box(x0=100, y0=200, x1=900, y1=500)
    assert one.regions(Motion((both,), 0.2), [plate(300, 400, width=40)], SIZE, 0) == [both]
    alone = Box(x0=100, y0=200, x1=500, y1=500)
    assert one.regions(Motion((alone,), 0.1), [plate(300, 400, width=40)], SIZE, 10**9) == []
