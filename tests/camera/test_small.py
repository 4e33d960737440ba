from __future__ import annotations

import numpy as np
import pytest

from edge.camera.small import Stillness, grey, small
from tests.camera.roads import Road

ROAD = Road((640, 360))


def still_s(pictures, *, seconds_max: float = 20, every_s: float = 0.2) -> list[float]:
    watch = Stillness(seconds_max)
    return [watch.update(picture, round((1000 + n * every_s) * 1e9)) for n, picture in enumerate(pictures)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1280, 720), (160, 90)),
        ((1920, 1080), (160, 90)),
        ((640, 480), (160, 120)),
        ((90, 50), (90, 50)),
        ((1, 1), (1, 1)),
    ],
)
def test_the_small_picture_is_160_wide_at_most_and_keeps_its_shape(size, expected):
    picture = small(np.full((size[1], size[0], 3), (10, 20, 30), np.uint8))
    assert (picture.shape[1], picture.shape[0]) == expected
    assert (picture == (10, 20, 30)).all()
    assert grey(picture).dtype == np.float32


def test_a_living_sensor_is_never_still_however_quiet_the_road():
    road = Road((640, 360), noise=0.7)
    assert max(still_s([road.frame(0).pixels for _ in range(200)])) < 2


def test_one_picture_for_ever_is_still():
    picture = ROAD.frame(0).pixels
    assert still_s([picture] * 200)[-1] == pytest.approx(39.8, abs=1)


def test_an_encoder_that_alternates_between_versions_of_one_picture_is_still():
    versions = [ROAD.frame(0).pixels for _ in range(7)]
    assert still_s([versions[n % 7] for n in range(200)])[-1] > 30


def test_a_running_clock_does_not_make_a_dead_picture_live():
    picture, random = ROAD.frame(0).pixels, np.random.default_rng(1)
    clocks = []
    for _ in range(200):
        clocks.append(picture.copy())
        clocks[-1][4:24, 10:120] = random.integers(0, 255, (20, 110, 3), dtype=np.uint8)
    assert still_s(clocks)[-1] > 30


@pytest.mark.parametrize("grey_level", [0, 5, 255])
def test_a_black_or_white_picture_says_nothing(grey_level):
    assert max(still_s([np.full((360, 640, 3), grey_level, np.uint8)] * 200)) < 2
