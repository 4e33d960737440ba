"""Who is the same vehicle."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.tracking import Tracker
from edge.settings.camera import TrackingSettings
from tests.builders import look, plate

if TYPE_CHECKING:
    from edge.camera.scene import Look, Pass

OPTIONS = TrackingSettings()


def drive(
    tracker: Tracker, vehicles: dict[str, tuple[float, float, tuple[float, float], tuple[float, float]]], fps: float
) -> list[Pass]:
    """Vehicles by text: (from ms, to ms, first position, pixels a second); every pass, by the time it closed."""
    closed = []
    until_ms = max(to for _, to, _, _ in vehicles.values()) + 4000
    for k in range(int(until_ms / 1000 * fps)):
        ms = k * 1000 / fps
        looks: list[Look] = []
        for text, (since, to, (x, y), (vx, vy)) in vehicles.items():
            if since <= ms <= to:
                s = (ms - since) / 1000
                looks.append(look(ms, text, x=x + vx * s, y=y + vy * s))
        closed += tracker.update(looks, int(ms * 1e6))
    return closed + tracker.finish()


def texts(passes: list[Pass]) -> list[str]:
    return [max(p.reads, key=lambda read: read.confidence).text for p in passes]


@pytest.mark.parametrize("fps", [5, 10, 15, 25, 30])
def test_one_vehicle_is_one_pass_at_any_frame_rate(fps: float) -> None:
    passes = drive(Tracker(OPTIONS), {"123ABC": (100, 1600, (200, 200), (400, 250))}, fps)
    assert texts(passes) == ["123ABC"]


@pytest.mark.parametrize("fps", [5, 15, 30])
def test_two_cars_at_once_are_kept_apart(fps: float) -> None:
    cars = {"123ABC": (0, 1500, (200, 300), (350, 100)), "777XYZ": (0, 1500, (500, 300), (350, 100))}
    assert sorted(texts(drive(Tracker(OPTIONS), cars, fps))) == ["123ABC", "777XYZ"]


@pytest.mark.parametrize("fps", [5, 15])
def test_a_car_that_follows_closely_is_a_pass_of_its_own(fps: float) -> None:
    cars = {"123ABC": (0, 900, (300, 200), (500, 300)), "123ABD": (1100, 2000, (300, 200), (500, 300))}
    assert texts(drive(Tracker(OPTIONS), cars, fps)) == ["123ABC", "123ABD"]


def test_the_same_car_coming_back_is_a_new_pass() -> None:
    tracker = Tracker(OPTIONS)
    first = drive(tracker, {"123ABC": (0, 1000, (200, 200), (300, 200))}, 15)
    later = [look(20_000 + ms, "123ABC", x=200 + ms / 4) for ms in range(0, 1000, 66)]
    closed = [p for one in later for p in tracker.update([one], one.monotonic_ns)] + tracker.finish()
    assert len(first) == 1
    assert len(closed) == 1


def test_a_plate_hidden_for_a_second_is_still_the_same_pass_when_its_text_is() -> None:
    tracker = Tracker(OPTIONS)
    for ms in [*range(0, 600, 66), *range(1700, 2400, 66)]:
        assert tracker.update([look(ms, "123ABC", x=200 + ms / 5)], ms * 1_000_000) == []
    assert len(tracker.finish()) == 1


def test_a_pass_is_decided_within_two_seconds_of_its_last_look() -> None:
    tracker = Tracker(OPTIONS)
    for ms in range(0, 1000, 66):
        tracker.update([look(ms, x=300)], ms * 1_000_000)
    decided = next(ms for ms in range(1000, 5000, 20) if tracker.update([], ms * 1_000_000))
    assert decided - 990 <= 2000


def test_what_left_the_picture_is_not_waited_for() -> None:
    tracker = Tracker(OPTIONS)
    for ms in range(0, 400, 66):
        tracker.update([look(ms, x=900 + ms)], ms * 1_000_000)
    decided = next(ms for ms in range(400, 5000, 20) if tracker.update([], ms * 1_000_000))
    assert decided - 396 <= 400


def test_a_car_that_stands_is_told_after_a_while_and_never_again() -> None:
    tracker = Tracker(OPTIONS)
    closed = [p for ms in range(0, 40_000, 200) for p in tracker.update([look(ms)], ms * 1_000_000)]
    assert len(closed) == 1
    assert tracker.finish() == []
    assert len(closed[0].looks) <= OPTIONS.pass_s_max * 5 + 2


def test_reads_of_a_plate_are_those_of_the_track_it_would_join() -> None:
    tracker = Tracker(OPTIONS)
    for ms in range(0, 200, 66):
        tracker.update([look(ms, width=80)], ms * 1_000_000)
    assert tracker.reads_of(plate(), 200_000_000) == (4, 80)
    assert tracker.reads_of(plate(1200, 100), 200_000_000) == (0, 0.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_no_look_is_lost_or_counted_twice(seed: int) -> None:
    chance = random.Random(seed)
    tracker, given_looks, closed = Tracker(OPTIONS), [], []
    for ms in range(0, 3000, 100):
        looks = [
            look(ms, chance.choice([None, "123ABC", "9XYZ"]), x=chance.uniform(0, 1280), y=chance.uniform(0, 720))
            for _ in range(chance.randint(0, 4))
        ]
        given_looks += looks
        closed += tracker.update(looks, ms * 1_000_000)
    closed += tracker.finish()
    assert sorted(map(id, given_looks)) == sorted(id(one) for p in closed for one in p.looks)
    assert [p.number for p in closed] == sorted({p.number for p in closed})
