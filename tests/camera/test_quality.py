from __future__ import annotations

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.camera.quality import Quality
from tests.builders import frame
from tests.camera.roads import Road, exposed, infrared

ROAD = Road(noise=2.0)
NIGHT = infrared(ROAD.still)


def watched(pictures, quality: Quality | None = None, *, from_s: float = 0, every_s: float = 1.0) -> list:
    """What is told of each picture, a second apart."""
    one = quality or Quality(frozen_s_max=20)
    return [one.update(ROAD.frame((from_s + n * every_s) * 1000, picture)) for n, picture in enumerate(pictures)]


def after(normal, fault, *, normal_s: int = 30, fault_s: int = 30):
    """Half a minute of the normal picture, half a minute of the fault: what is told at the end of each."""
    told = watched([normal] * normal_s + [fault] * fault_s)
    return told[normal_s - 1], told[-1]


def faults(told) -> set[str]:
    return {name for name in ("dark", "burnt", "blurred", "frozen", "moved") if getattr(told, name)}


def test_a_good_picture_has_no_fault():
    told = watched([ROAD.still] * 60)
    assert [faults(one) for one in told] == [set()] * 60
    assert not told[-1].infrared
    assert told[-1].blurred is False
    assert told[-1].frozen is False
    assert told[-1].moved is False
    assert 0.5 < told[-1].sharpness < 0.9
    assert told[-1].brightness == pytest.approx(ROAD.still.mean() / 255, abs=0.02)


def test_nor_has_a_good_infrared_night():
    told = watched([NIGHT] * 60)
    assert [faults(one) for one in told] == [set()] * 60
    assert told[-1].infrared


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (ROAD.still * 0.01, "dark"),
        (np.zeros_like(ROAD.still), "dark"),
        (np.full_like(ROAD.still, 255), "burnt"),
        (exposed(ROAD.still, 3.5), "burnt"),
        (cv2.GaussianBlur(ROAD.still, (0, 0), 4), "blurred"),
        (cv2.GaussianBlur(ROAD.still, (0, 0), 30), "blurred"),
        (np.full_like(ROAD.still, 150), "blurred"),  # fog, or a bag over the lens
        (ROAD.shaken(24, 0), "moved"),
        (ROAD.shaken(0, -30), "moved"),
        (ROAD.shaken(-60, 40), "moved"),
        (cv2.flip(ROAD.still, -1), "moved"),
    ],
    ids=["black-noise", "black", "white", "over", "soft", "very-soft", "fog", "right", "up", "far", "upside-down"],
)
def test_a_fault_is_named_within_half_a_minute(fault, expected):
    before, told = after(ROAD.still, fault)
    assert faults(before) == set()
    assert expected in faults(told)


@pytest.mark.parametrize("sigma", [3, 5])
def test_an_infrared_night_out_of_focus_is_blurred(sigma):
    _, told = after(NIGHT, np.maximum(cv2.GaussianBlur(NIGHT, (0, 0), sigma), 0))
    assert told.blurred in (True, None)  # None where hardly anything was left to be sharp
    assert sigma > 3 or told.blurred


@pytest.mark.parametrize(
    "harmless",
    [
        exposed(ROAD.still, 0.7),
        exposed(ROAD.still, -1.5),
        ROAD.shaken(4, -4),
        ROAD.with_car(200, 600, width=500),
        cv2.GaussianBlur(ROAD.still, (0, 0), 0.6),
    ],
    ids=["brighter", "darker", "wind", "lorry", "haze"],
)
def test_what_is_no_fault_is_not_told(harmless):
    assert faults(after(ROAD.still, harmless)[1]) == set()


def test_traffic_rain_and_clouds_for_five_minutes_are_no_fault():
    random = np.random.default_rng(4)
    pictures = []
    for n in range(60):
        picture = ROAD.with_rain(200) if n % 3 == 0 else ROAD.still
        picture = ROAD.with_car(
            random.integers(-100, 1100), 650, width=300, grey=int(random.integers(20, 230)), on=picture
        )
        pictures.append(exposed(picture, random.uniform(-0.3, 0.3)))
    assert [faults(one) for one in watched(pictures, every_s=5)] == [set()] * 60


def test_headlights_are_not_glare_for_ever():
    flash = np.maximum(NIGHT, 250 * np.exp(-(((np.arange(1280) - 640) / 300) ** 2))[None, :, None])
    told = watched([NIGHT] * 20 + [flash] * 3 + [NIGHT] * 20)
    assert [faults(one) for one in told] == [set()] * 43


def test_day_turning_into_infrared_night_is_no_fault():
    told = watched([ROAD.still] * 20 + [NIGHT] * 30 + [ROAD.still] * 20)
    assert [faults(one) for one in told] == [set()] * 70
    assert not told[19].infrared
    assert told[49].infrared
    assert not told[-1].infrared


def test_a_fault_that_is_mended_is_over():
    soft = cv2.GaussianBlur(ROAD.still, (0, 0), 5)
    told = watched([ROAD.still] * 20 + [soft] * 25 + [ROAD.still] * 20)
    assert told[44].blurred
    assert not told[-1].blurred
    aside = ROAD.shaken(40, 0)
    told = watched([ROAD.still] * 20 + [aside] * 25 + [ROAD.still] * 30)
    assert told[44].moved
    assert not told[-1].moved


def test_a_moved_camera_stays_moved():
    told = watched([ROAD.still] * 30 + [ROAD.shaken(50, 10)] * 60, every_s=9)  # nine minutes
    assert told[-1].moved


def test_a_frozen_picture_is_told_and_a_black_one_is_dark_instead():
    one = Quality(frozen_s_max=20)
    still = ROAD.frame(0)
    frozen = [one.update(frame_at(still, n)) for n in range(40)]
    assert not frozen[15].frozen
    assert frozen[-1].frozen
    one = Quality(frozen_s_max=20)
    black = [one.update(frame(1000 * n, grey=0)) for n in range(40)]
    assert not black[-1].frozen
    assert black[-1].dark


def test_a_frozen_picture_with_a_running_clock_is_frozen():
    one = Quality(frozen_s_max=20)
    told = None
    first = ROAD.frame(0)
    for n in range(40):
        pixels = first.pixels.copy()
        pixels[5:35, 20:200] = 0
        cv2.putText(pixels, f"18:04:{n:02d}", (22, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 2)
        told = one.update(frame_at(first, n, pixels))
    assert told.frozen


def test_a_recording_is_never_called_frozen():
    assert watched([ROAD.still] * 3, Quality())[-1].frozen is None


def test_it_looks_once_a_second_and_costs_little():
    one = Quality(frozen_s_max=20)
    first = ROAD.frame(0)
    told = one.update(first)
    began = time.process_time()
    for n in range(1, 60):
        assert one.update(frame_at(first, n / 66)) is told
    assert time.process_time() - began < 0.02
    began = time.process_time()
    for n in range(1, 21):
        one.update(frame_at(first, n))
    assert (time.process_time() - began) / 20 < 0.06  # measured: about 6 ms


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (640, 480), (3840, 2160)])
def test_pictures_of_any_size_pass_also_in_turn(size):
    one = Quality(frozen_s_max=20)
    for n in range(30):
        one.update(frame(n * 1000, size=size, grey=n))
    told = one.update(frame(31_000, size=(640, 360)))
    assert told.brightness == pytest.approx(90 / 255, abs=0.01)


def frame_at(one, seconds: float, pixels=None):
    return replace(one, monotonic_ns=int(seconds * 1e9), pixels=one.pixels if pixels is None else pixels)
