"""The figures of a camera's aim, against what was put into them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from edge.camera.aim.forecast import SHARPNESSES, WIDTHS_PX, forecast
from edge.camera.aim.glance import Glance, glance
from edge.camera.aim.measures import infrared, measures
from edge.camera.aim.pose import US_ASPECT, Pose, pose
from edge.camera.aim.recent import PASSES_MAX, PassNote, Recent
from edge.camera.quality import Quality
from tests.builders import frame, look

S = 1_000_000_000


def a_glance(at_s=1.0, **changes):
    values = {
        "monotonic_ns": int(at_s * S),
        "width_px": 140.0,
        "sharpness": 0.6,
        "burnt": 0.0,
        "bright": 180.0,
        "pose": Pose(yaw=10.0, pitch=20.0, roll=1.0),
        "at_border": False,
        "confidence": 0.95,
    }
    return Glance(**{**values, **changes})


def judged(glances=(), passes=(), rate=15.0):
    """Every measure by its key, after one second of frames at `rate`."""
    recent, quality = Recent(), Quality()
    for n in range(int(rate * 5) + 1):
        now = frame(n * 1000 / rate)
        recent.frame(now.monotonic_ns, (1280, 720), quality.update(now))
    recent.looked(glances)
    for note in passes:
        recent.passed(note)
    return {one.key: one for one in measures(recent, 5 * S)}


def turned(yaw, pitch, roll, width=120.0):
    """The corners of a 12×6 inch plate, turned by degrees, seen from afar."""
    y, p, r = (math.radians(angle) for angle in (yaw, pitch, roll))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    flat = np.array([[-1, -1 / US_ASPECT, 0], [1, -1 / US_ASPECT, 0], [1, 1 / US_ASPECT, 0], [-1, 1 / US_ASPECT, 0]])
    seen = flat @ (about_z @ about_x @ about_y).T
    return tuple((600 + width / 2 * float(x), 400 + width / 2 * float(y)) for x, y, _ in seen)


@pytest.mark.parametrize("yaw", [0, 25, -25, 40])
@pytest.mark.parametrize("pitch", [0, 20, 45])
def test_the_corners_tell_the_turn(yaw, pitch):
    found = pose(turned(yaw, pitch, 0))
    normal = np.array([math.sin(math.radians(yaw)), -math.sin(math.radians(pitch)) * math.cos(math.radians(yaw))])
    depth = math.cos(math.radians(yaw)) * math.cos(math.radians(pitch))
    assert found.yaw == pytest.approx(abs(math.degrees(math.atan2(normal[0], depth))), abs=0.5)
    assert found.pitch == pytest.approx(abs(math.degrees(math.atan2(normal[1], depth))), abs=0.5)


def test_roll_is_the_lean_of_the_plates_edges():
    assert pose(turned(0, 0, 7)).roll == pytest.approx(7, abs=0.2)


def test_corners_on_one_line_have_no_pose():
    assert pose(((0, 0), (90, 0), (90, 0.1), (0, 0.1))) is None


def test_a_european_plate_that_looks_straight_is_not_taken_for_a_pitched_one():
    assert pose(((0, 0), (104, 0), (104, 22), (0, 22))).pitch < 5


def test_nothing_has_gone_by_and_nothing_is_claimed():
    told = judged()
    assert {told[key].verdict for key in ("width", "yaw", "sharpness", "exposure", "read", "forecast")} == {"unknown"}
    assert told["width"].value == ""


def test_a_good_aim_is_green_throughout():
    passes = [PassNote(monotonic_ns=S, looks=9, confidence=0.97)] * 5
    told = judged([a_glance()] * 6, passes)
    assert {one.key for one in told.values() if one.verdict != "good"} <= {"infrared", "forecast"}
    assert all(not one.screw for one in told.values() if one.verdict == "good")


@pytest.mark.parametrize(
    ("key", "changes", "verdict"),
    [
        ("width", {"width_px": 90.0}, "fair"),
        ("width", {"width_px": 50.0}, "bad"),
        ("stroke", {"width_px": 50.0}, "bad"),
        ("yaw", {"pose": Pose(yaw=28.0, pitch=0.0, roll=0.0)}, "fair"),
        ("yaw", {"pose": Pose(yaw=35.0, pitch=0.0, roll=0.0)}, "bad"),
        ("pitch", {"pose": Pose(yaw=0.0, pitch=50.0, roll=0.0)}, "bad"),
        ("roll", {"pose": Pose(yaw=0.0, pitch=0.0, roll=12.0)}, "bad"),
        ("sharpness", {"sharpness": 0.1}, "bad"),
        ("exposure", {"burnt": 0.5}, "bad"),
        ("exposure", {"bright": 30.0}, "bad"),
        ("border", {"at_border": True}, "bad"),
    ],
)
def test_what_is_wrong_is_told_with_the_screw_to_turn(key, changes, verdict):
    told = judged([a_glance(**changes)] * 6)[key]
    assert (told.verdict, bool(told.screw)) == (verdict, True)


@pytest.mark.parametrize("fault", ["dark", "lamp_failed"])
def test_an_infrared_picture_without_light_names_the_lamp(fault):
    lit = replace(Quality().update(frame()), infrared=True, dark=False)
    assert infrared(lit).verdict == "good"
    told = infrared(replace(lit, **{fault: True}))
    assert (told.verdict, "lamp" in told.screw) == ("bad", True)


def test_few_frames_a_second_and_few_looks_are_told():
    told = judged(passes=[PassNote(monotonic_ns=S, looks=2, confidence=None)] * 4, rate=5)
    assert told["rate"].value == "5.0"
    assert {told[key].verdict for key in ("rate", "looks", "read")} == {"bad"}


def test_only_the_last_fifty_passes_count():
    old = [PassNote(monotonic_ns=S, looks=9, confidence=None)] * 200
    told = judged(passes=old + [PassNote(monotonic_ns=S, looks=9, confidence=0.9)] * PASSES_MAX)
    assert told["read"].value == "100 %"


def test_another_resolution_makes_what_was_measured_void():
    recent, quality = Recent(), Quality()
    recent.frame(S, (1280, 720), quality.update(frame()))
    recent.looked([a_glance()])
    recent.frame(2 * S, (1920, 1080), quality.update(frame()))
    assert recent.glances(2 * S) == ()


def test_a_white_plate_is_burnt_and_a_black_one_dark():
    white, black = (glance(frame(grey=grey), look()) for grey in (255, 12))
    assert white.burnt == 1.0
    assert black.bright == pytest.approx(12, abs=1)


def test_a_plate_at_the_edge_is_told_and_spoils_no_other_figure():
    cut = glance(frame(), look(x=20, text=None))
    assert cut.at_border
    assert judged([cut] * 5)["width"].verdict == "unknown"


def test_the_forecast_comes_from_the_bench_and_grows_with_the_plate():
    near = [forecast(width, 0.45) for width in (115, 160)]
    assert all(value is None or value > 0.7 for value in near)
    far = forecast(WIDTHS_PX[1] - 1, SHARPNESSES[0])
    assert far is not None
    assert far < 0.6
