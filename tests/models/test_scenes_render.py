"""Rendered scenes: the same from the same seed, their corners exact, their truth what the pictures show."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edge.camera.pixels import rectify
from models.synth.bodywork import ink, lettering
from models.synth.camera import Camera, develop
from models.synth.chance import CONDITIONS, render_scene
from models.synth.filming import Film
from models.synth.scenes import truth, write_scene
from models.synth.scripts import SCENES
from models.synth.traffic import Car, drive
from models.synth.vehicles import COLORS, MAKERS, build
from models.synth.weather import SKIES

SAMPLES = Path(__file__).parents[2] / "sample_frames"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/truth.yaml"))
MEGABYTES_MAX = 12


def plain_plate(seed=0, region="US-KS", text="482 MKT", *, infrared=False):
    """A plate without fonts: dark letters on white, a coloured corner to tell up from down."""
    plate = np.full((80, 160, 3), 235, np.uint8)
    mask = lettering(text.replace("*", " "), 40)
    ink(plate, cv2.resize(mask, (130, 40)), (15, 26), (60, 30, 20))
    cv2.rectangle(plate, (0, 0), (24, 14), (30, 30, 200), -1)
    return plate


def chance_plate(rng, *, infrared):
    text = "".join(rng.choice(list("ABC123"), 6))
    return plain_plate(text=text, infrared=infrared), text, "US-KS"


def small(name, share=0.375, **more):
    """A scene at a share of its size."""
    scene = SCENES[name]
    size = {"width": round(1280 * share), "height": round(720 * share), "focal_px": scene.camera.focal_px * share}
    return replace(scene, camera=replace(scene.camera, **size), **more)


@pytest.fixture(scope="module")
def film():
    return Film(small("day_receding"), plain_plate)


def rows_of(name):
    with (SAMPLES / name / "corners.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def quad_of(row):
    return np.array([[float(row[f"x{k}"]), float(row[f"y{k}"])] for k in range(4)], np.float32)


def test_the_same_seed_gives_the_same_pictures(film):
    again = Film(small("day_receding"), plain_plate)
    assert film.times() == again.times()
    assert np.array_equal(film.shoot(600).picture, again.shoot(600).picture)
    other = Film(small("day_receding", seed=99), plain_plate)
    assert not np.array_equal(film.shoot(600).picture, other.shoot(600).picture)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("receding", [True, False], ids=["receding", "approaching"])
def test_a_plate_lies_exactly_inside_its_corners(kind, receding):
    """White plate minus black plate is the plate alone: its area, its middle, and what a reader would cut out."""
    camera = Camera(width=480, height=270, focal_px=1400, pitch=0.17, yaw=-0.13, roll=0.03)
    vehicle = build(np.random.default_rng(3), kind, "blue")
    mount = vehicle.rear if receding else vehicle.front
    sky, road = SKIES["overcast"], np.full((270, 480, 3), 0.2, np.float32)

    def light(plate):
        car = Car(vehicle=vehicle, x=-1.9 - mount.x, z=9 + abs(mount.z), receding=receding, plate=plate, steer=0.1)
        return drive(road, [car], camera, sky, shutter_ms=0.01, exposures=1), car.corners(camera)

    white, quad = light(np.full((80, 160, 3), 255, np.uint8))
    black, _ = light(np.zeros((80, 160, 3), np.uint8))
    share = (white - black)[..., 1] / (white - black).max()
    area = cv2.contourArea(quad.astype(np.float32))
    moments = cv2.moments(share.astype(np.float32))
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    polygon = cv2.moments(quad.astype(np.float32))
    assert moments["m00"] == pytest.approx(area, rel=0.04)
    assert middle == pytest.approx(np.array([polygon["m10"], polygon["m01"]]) / polygon["m00"], abs=0.12)

    picture = develop(np.random.default_rng(0), light(plain_plate())[0], replace(sky.sensor, noise=0, vignette=0))
    cut = rectify(picture, quad, width=160, height=80, margin=0).astype(float)
    assert np.corrcoef(cut.ravel(), plain_plate().astype(float).ravel())[0, 1] > 0.75


def test_corners_are_those_of_a_plate_twelve_inches_wide(film):
    """Seen back through the camera, corners and distance give the plate's true size."""
    camera = film.scene.camera
    car = film.cars(700)[0]
    quad = car.corners(camera)
    (_, depth) = camera.project(car.mount.corners() @ car.turn().T + car.place())
    x, y = ((quad - camera.middle) / camera.focal_px).T
    points = np.stack([x * depth, y * depth, depth], 1)
    assert np.linalg.norm(points[1] - points[0]) == pytest.approx(0.305, abs=1e-6)
    assert np.linalg.norm(points[3] - points[0]) == pytest.approx(0.1525, abs=1e-6)


def test_a_plate_moves_smoothly_from_frame_to_frame(film):
    middles = [p.corners.mean(axis=0) for ms in range(400, 1200, 40) for p in film.shoot(ms).plates]
    steps = np.linalg.norm(np.diff(middles, axis=0), axis=1)
    assert (steps > 0).all()
    assert np.abs(np.diff(steps)).max() < 0.35 * steps.max()


def test_the_road_stands_still_when_nobody_passes():
    film = Film(small("empty_road"), plain_plate)
    first, last = (film.shoot(ms).picture.astype(int) for ms in (0, 800))
    assert np.abs(first - last).mean() < 2


@pytest.mark.parametrize("name", ["infrared_night", "two_cars"])
def test_a_scene_is_written_with_its_truth(name, tmp_path):
    scene = small(name, 0.75, seconds=2.0, frames_per_second=4)
    write_scene(scene, tmp_path, plain_plate)
    told = yaml.safe_load((tmp_path / name / "truth.yaml").read_text())
    assert [one["plate"] for one in told["passes"]] == [
        p.plate.translate({32: "", 45: "", 42: ""}) for p in scene.passings
    ]
    assert {one["heading"] for one in told["passes"]} <= {"receding", "approaching"}
    assert len(list((tmp_path / name).glob("*.jpg"))) >= 5


def test_a_plate_behind_a_nearer_car_is_told_as_hidden():
    scene = small("two_cars")
    ahead = replace(scene.passings[0], near_z=16.0, x=-3.0, far_z=60)
    behind = replace(scene.passings[0], near_z=8.0, x=-3.0, far_z=60)
    shot = Film(replace(scene, passings=(ahead, behind)), plain_plate).shoot(300)
    assert [plate.visible < 0.01 for plate in shot.plates if plate.passing == 0] in ([], [True])
    assert [plate.visible for plate in shot.plates if plate.passing == 1] == [1.0]


def test_a_script_whose_plate_is_never_seen_is_refused():
    with pytest.raises(SystemExit, match="never shows a whole plate"):
        truth(SCENES["dusk"], [])


# ------------------------------------------------------------------ pictures by chance


def test_chance_gives_the_same_picture_from_the_same_seed():
    one, two = (render_scene(np.random.default_rng(5), size=(320, 192), draw_plate=chance_plate) for _ in range(2))
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(np.array(one[1]), np.array(two[1]))


def test_chance_gives_every_light_many_widths_and_scenes_without_a_plate():
    widths, bare = [], 0
    for seed in range(30):
        condition = CONDITIONS[seed % len(CONDITIONS)]
        picture, corners, told = render_scene(
            np.random.default_rng(seed), size=(256, 160), condition=condition, draw_plate=chance_plate
        )
        assert picture.shape == (160, 256, 3)
        assert picture.dtype == np.uint8
        assert told["condition"] == condition
        assert all(one["type"] in MAKERS and one["color"] in COLORS for one in told["vehicles"])
        assert len(corners) <= len(told["vehicles"])
        widths += [float(np.linalg.norm(quad[1] - quad[0])) for quad in corners]
        bare += not corners
    assert min(widths) < 24
    assert max(widths) > 50
    assert 4 < bare < 20


# ------------------------------------------------------------------ what lies in sample_frames/


def test_sample_frames_stay_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*")) < MEGABYTES_MAX * 1_000_000
    assert {path.suffix for path in SAMPLES.rglob("*") if path.is_file()} == {".jpg", ".yaml", ".csv", ".md"}


def test_sample_frames_hold_every_script():
    assert sorted(SCENES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_frames_are_named_by_their_time(name):
    told = yaml.safe_load((SAMPLES / name / "truth.yaml").read_text())
    step = 1000 / told["frames_per_second"]
    frames = sorted((SAMPLES / name).glob("*.jpg"))
    assert 6 <= len(frames) <= 45
    for frame in frames:
        number = int(frame.stem) / step
        assert abs(number - round(number)) * step <= 0.5
    assert cv2.imread(str(frames[0])).shape == (720, 1280, 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_agrees_with_the_corners(name):
    told = yaml.safe_load((SAMPLES / name / "truth.yaml").read_text())
    rows = rows_of(name)
    assert {int(row["pass"]) for row in rows} == set(range(len(told["passes"])))
    for number, one in enumerate(told["passes"]):
        mine = [row for row in rows if int(row["pass"]) == number and float(row["visible"]) > 0.99]
        widths = [float(np.linalg.norm(quad_of(row)[1] - quad_of(row)[0])) for row in mine]
        assert max(widths) == pytest.approx(one["width_px"][1], abs=2)
        times = [int(row["file"][:-4]) for row in mine]
        assert min(times) <= one["from_ms"] <= one["to_ms"] <= max(times)


@pytest.mark.parametrize("name", [name for name in NAMES if SCENES[name].passings])
def test_the_picture_shows_a_plate_where_the_corners_say(name):
    """At its widest, a plate has the contrast of a serial on its ground."""
    rows = [row for row in rows_of(name) if float(row["visible"]) > 0.99]
    for number in {row["pass"] for row in rows}:
        widest = max((r for r in rows if r["pass"] == number), key=lambda r: quad_of(r)[1, 0] - quad_of(r)[0, 0])
        picture = cv2.imread(str(SAMPLES / name / widest["file"]))
        assert picture is not None
        cut = rectify(picture, quad_of(widest), margin=0)
        assert cut[8:-8, 8:-8].std() > 12


@pytest.mark.parametrize("name", ["infrared_night", "two_cars"])
def test_the_command_puts_every_plate_where_the_committed_corners_say(name):
    """Leaves and noise were drawn anew since the pictures were committed; vehicles and plates stand where they did."""
    row = rows_of(name)[4]
    shot = Film(SCENES[name], plain_plate).shoot(int(row["file"][:-4]))
    wanted = quad_of(row)
    assert min(np.abs(np.asarray(seen.corners) - wanted).max() for seen in shot.plates) < 1.0
