from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edge.camera.normal import Lamp, Remembered, Window
from edge.camera.quality import Quality
from edge.camera.small import grey, small
from edge.camera.state_files import leave_struct, read_struct
from tests.camera.roads import Road, infrared

SCENES = Path(__file__).parents[2] / "sample_frames"
DAY = cv2.imread(str(min((SCENES / "day_approaching").glob("*.jpg"))))
ROAD = Road(noise=2.0)
NIGHT = grey(small(infrared(ROAD.still).astype(np.uint8)))
EVERY_S = 30.0


def stamp(picture):
    return grey(small(np.clip(picture, 0, 255).astype(np.uint8)))


def smeared(picture, *, at=(0.3, 0.6), radius=0.22, left=0.15):
    """A smear close before the lens: soft edges, little contrast left, its own grey."""
    high, wide = picture.shape[:2]
    y, x = np.mgrid[:high, :wide]
    far = np.hypot((x - at[0] * wide) / wide, (y - at[1] * high) / high) / radius
    veil = np.clip(2 * (1.2 - far), 0, 1)[..., None] * (1 - left)
    return picture * (1 - veil) + 120.0 * veil


def after(window, picture, minutes):
    told = None
    for _ in range(int(minutes * 60 / EVERY_S)):
        told = window.update(picture, EVERY_S)
    return told


FAULTS = {
    "a smear": (smeared(DAY), True),
    "a smear on the other side": (smeared(DAY, at=(0.8, 0.4)), True),
    "a film over all of it": (DAY * 0.3 + 100.0, True),
    "a brighter hour": (DAY * 1.25, False),
    "a darker hour": (DAY * 0.6, False),
    "a softer morning": (cv2.GaussianBlur(DAY, (0, 0), 1.0), False),
}


@pytest.mark.parametrize(("picture", "dirty"), FAULTS.values(), ids=FAULTS.keys())
def test_dirt_is_known_within_forty_minutes_and_weather_is_none(picture, dirty):
    window = Window()
    assert after(window, stamp(DAY), 20) is None
    assert after(window, stamp(DAY), 40) is False
    assert after(window, stamp(picture), 40) is dirty


def test_a_month_of_dirt_is_still_dirt_and_a_cleaned_window_soon_is_none():
    window = Window()
    after(window, stamp(DAY), 60)
    assert after(window, stamp(smeared(DAY)), 24 * 60) is True
    assert after(window, stamp(DAY), 60) is False


def night(lamp, picture, minutes, *, hour=23, plates=0, infrared_=True):
    told = None
    for _ in range(int(minutes * 60 / EVERY_S)):
        told = lamp.update(picture, EVERY_S, hour=hour, infrared=infrared_, night=True, plates=plates)
    return told


def test_a_dead_lamp_is_known_in_a_usual_night_and_only_then():
    lamp = Lamp()
    assert night(lamp, NIGHT, 5) is None
    assert night(lamp, NIGHT, 180) is False
    assert night(lamp, NIGHT * 0.1, 15) is True
    assert night(lamp, NIGHT * 0.1, 15, hour=12) is False, "at noon it is a bag over the lens"
    assert night(lamp, NIGHT, 15) is False


def test_a_plate_that_is_seen_was_lit():
    lamp = Lamp()
    night(lamp, NIGHT, 180)
    assert night(lamp, NIGHT * 0.1, 1, plates=1) is False


def test_the_normal_survives_a_restart_and_has_no_picture(tmp_path):
    one = Quality(frozen_s_max=20)
    for n in range(70):
        one.update(ROAD.frame(n * 60_000))
    assert leave_struct(tmp_path, "normal.json", one.remembered)
    again = read_struct(tmp_path / "normal.json", Remembered)
    assert again == one.remembered
    assert len(again.lights[0].cells) == 60
    assert (tmp_path / "normal.json").stat().st_size < 5_000
    soft = cv2.GaussianBlur(ROAD.still, (0, 0), 5)
    assert Quality(20, again).update(ROAD.frame(0, soft)).blurred, "known at the first look, not in half a minute"
    assert not Quality(20).update(ROAD.frame(0, soft)).blurred


def test_a_damaged_memory_is_none(tmp_path):
    (tmp_path / "normal.json").write_text('{"schema": "normal/1", "hours": [1]}')
    assert read_struct(tmp_path / "normal.json", Remembered) is None
    assert msgspec.structs.asdict(Remembered())["lit"] is None
