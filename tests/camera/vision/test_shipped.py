"""The networks that ship, at work: on a drawn road, and on real photographs where those are at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.camera.frames.picture import PICTURES, read_picture
from edge.camera.vision.look import Eye
from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.vehicle import Namer
from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings, VehicleSettings
from models.bench.read import TOLD_MIN, measure
from models.bench.stages import drawn


@pytest.fixture(scope="module")
def manifest():
    return load_manifest(SHIPPED_ROOT / "models" / "manifest.yaml")


@pytest.fixture(scope="module", params=["detector-wide", "detector-fast"])
def eye(manifest, request):
    return Eye.load(manifest, RuntimeSettings(), DetectorSettings(model=request.param), ReaderSettings())


@pytest.fixture(scope="module")
def wide(manifest):
    return Eye.load(manifest, RuntimeSettings(), DetectorSettings(), ReaderSettings())


@pytest.fixture(scope="module")
def namer(manifest):
    return Namer.of(load_network(manifest.pick("vehicle", "vehicle"), RuntimeSettings()))


PLATE = [[610.0, 460.0], [670.0, 460.0], [670.0, 490.0], [610.0, 490.0]]
"""60 px wide in 1280×720."""


def test_every_network_of_the_manifest_is_whole_and_runs(manifest):
    for listed in manifest.networks.values():
        network = load_network(listed, RuntimeSettings())
        assert network.provider == "cpu"
        assert listed.entry.sha256.startswith(network.digest)


def test_a_drawn_car_is_read(eye):
    (plate, read), *_ = eye.look(drawn(20, 1280, 720).pixels).plates
    assert read.text == "482KRB"
    assert read.confidence > TOLD_MIN
    assert 60 < plate.width_px < 90


def test_an_empty_road_has_no_plate(eye):
    assert eye.look(drawn(20, 1280, 720, car=False).pixels).plates == ()


def test_a_bus_says_where_it_goes_and_that_is_no_plate(wide):
    """Told as CITY14 at 97 % once: the detector alone still takes it for a plate (`clock_overlay` with such words)."""
    bus = read_picture(Path(__file__).with_name("bus_sign.jpg"))
    assert [read.text for _, read in wide.look(bus).plates] == ["WZE306"]


def test_what_is_seen_does_not_hinge_on_the_run(wide):
    """Two looks at one picture give the same numbers: replays are compared byte for byte."""
    picture = drawn(20, 1920, 1080).pixels
    first, second = (wide.look(picture).plates for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("name", "count", "share_min"), [("us", 40, 0.75), ("eu", 40, 0.8), ("us_crops", 100, 0.9)])
def test_photographs_that_no_training_saw_are_read(wide, shared_data, name, count, share_min):
    """A floor that a broken change falls through; `models.bench.read` measures."""
    verdicts, _ = measure(wide, shared_data / "eval" / name, count)
    assert sum(verdict.merged for verdict in verdicts) >= share_min * len(verdicts)


def test_signs_and_streets_without_a_plate_are_no_plates(wide, shared_data):
    files = sorted(path for path in (shared_data / "eval" / "negatives").iterdir() if path.suffix in PICTURES)
    told = [
        file.name
        for file in files
        if any(read.confidence >= TOLD_MIN for _, read in wide.look(read_picture(file)).plates)
    ]
    assert len(told) <= 1, told


def headlights(seed):
    """A night in which nothing is lit but two lamps and the plate."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(5, 2, (720, 1280, 3))
    for x in (550, 730):
        cv2.circle(picture, (x, 420), 18, (255.0, 245.0, 235.0), -1)
    picture += cv2.GaussianBlur(picture, (0, 0), 15)
    picture[460:490, 610:670] = 150
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(4))
def test_by_headlights_alone_no_vehicle_is_named(namer, seed):
    seen, sure = namer.name_at(headlights(seed), PLATE), VehicleSettings()
    assert seen.type_confidence < sure.type_confidence_min
    assert seen.color_confidence < sure.color_confidence_min


def test_in_infra_red_no_colour_is_told(namer):
    scene = SHIPPED_ROOT / "sample_frames/infrared_night"
    with (scene / "corners.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["visible"] == "1.00"]
    assert rows
    for row in rows:
        corners = [[float(row[f"{axis}{i}"]) for axis in "xy"] for i in range(4)]
        seen = namer.name_at(read_picture(scene / row["file"]), corners)
        assert (seen.color, seen.color_confidence) == (None, 0.0)


def test_photographed_vehicles_are_named_right_where_they_are_named(namer, shared_data):
    """A floor that a broken change falls through; `models.bench.vehicle` measures."""
    folder, sure = shared_data / "eval/vehicles", VehicleSettings()
    right, named = {"type": 0, "color": 0}, {"type": 0, "color": 0}
    with (folder / "labels.csv").open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["type"] in ("sedan", "van") and row["color"] in ("white", "red")
        ]
    for row in rows:
        x0, y0, x1, y1 = (float(row[f"plate_{side}"]) for side in ("x0", "y0", "x1", "y1"))
        seen = namer.name_at(read_picture(folder / row["file"]), [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        for head in right:
            if getattr(seen, f"{head}_confidence") >= getattr(sure, f"{head}_confidence_min"):
                named[head] += 1
                right[head] += getattr(seen, head) == row[head]
    assert all(named[head] >= 0.2 * len(rows) for head in named), named
    assert all(right[head] >= 0.75 * named[head] for head in named), (right, named)
