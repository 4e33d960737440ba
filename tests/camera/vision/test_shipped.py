"""The networks that ship, at work: on a drawn road, and on real photographs where those are at hand."""

from __future__ import annotations

import pytest

from edge.camera.frames.picture import PICTURES, read_picture
from edge.camera.vision.look import Eye
from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.camera.vision.models import load_network
from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings
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
