from __future__ import annotations

from itertools import pairwise

import pytest

from edge.camera.frames.rhythm import Thinner, paced, stamped, thinned
from edge.camera.frames.source import Clock
from tests.builders import frame


def passed_ms(times_ms, rate: float) -> list[float]:
    thinner = Thinner(rate)
    return [at for at in times_ms if thinner.due(int(at * 1e6))]


@pytest.mark.parametrize(
    ("given", "wanted", "expected"), [(25, 15, 15), (30, 15, 15), (30, 10, 10), (25, 5, 5), (60, 29.97, 29.97)]
)
def test_a_faster_camera_is_thinned_evenly(given, wanted, expected):
    times = passed_ms([n * 1000 / given for n in range(given * 20)], wanted)
    assert len(times) == pytest.approx(expected * 20, rel=0.03)
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) - min(gaps) <= 1000 / given + 1e-6


@pytest.mark.parametrize(("given", "wanted"), [(15, 15), (14.9, 15), (10, 15), (5, 15), (1, 60)])
def test_a_camera_that_is_no_faster_loses_nothing(given, wanted):
    times = [n * 1000 / given + (7 if n % 2 else -7) * 15 / given for n in range(1, 100)]  # it jitters
    assert passed_ms(times, wanted) == times


def test_a_break_is_not_made_up_for():
    times = [*range(0, 1000, 40), *range(9000, 10_000, 40)]
    assert len(passed_ms(times, 10)) == pytest.approx(20, abs=1)


def test_a_clock_that_goes_back_stops_nothing():
    assert len(passed_ms([*range(5000, 6000, 100), *range(0, 1000, 100)], 10)) == 20


def test_thinned_frames_keep_their_numbers():
    frames = [frame(40 * n, sequence=n) for n in range(25)]
    assert [one.sequence for one in thinned(frames, 5)] == [0, 4, 9, 14, 19, 24]


def test_pacing_waits_for_each_frames_time_and_never_skips():
    now, waited = [0], []

    def wait(seconds: float) -> None:
        waited.append(round(seconds * 1000))
        now[0] += round(seconds * 1e9)

    frames = [frame(at) for at in (500, 600, 900)]
    given = []
    for one in paced(frames, 2.0, wait=wait, clock=Clock(monotonic_ns=lambda: now[0])):
        given.append(one)
        now[0] += 30_000_000  # what the work takes
    assert given == frames
    assert waited == [20, 120]


def test_a_recording_that_stands_in_for_a_camera_is_stamped_now():
    (one,) = stamped([frame(5)], Clock(now_ns=lambda: 7, monotonic_ns=lambda: 9))
    assert (one.taken_ns, one.monotonic_ns, one.camera) == (7, 9, "north")
