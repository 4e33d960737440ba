"""The detector's files keep their contract, and find plates in scenes drawn here: no photograph is needed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import yaml

from edge.camera.pixels import letterbox
from models.bench.detector import interval
from models.synth import paste
from models.train.detector import measure

FOLDER = Path(__file__).parents[2] / "models/detector"
ENTRIES = yaml.safe_load((FOLDER / "manifest.yaml").read_text())["networks"]


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry["name"])
def entry(request):
    return request.param


def size_of(entry):
    return entry["input"]["width"], entry["input"]["height"]


def flat_plate(text="482 KRB"):
    plate = np.full((150, 300, 3), (235, 240, 240), np.uint8)
    cv2.rectangle(plate, (2, 2), (297, 147), (120, 60, 20), 3)
    cv2.putText(plate, text, (18, 100), cv2.FONT_HERSHEY_DUPLEX, 1.95, (90, 30, 20), 7, cv2.LINE_AA)
    cv2.putText(plate, "KANSAS", (95, 32), cv2.FONT_HERSHEY_DUPLEX, 0.9, (60, 60, 160), 2, cv2.LINE_AA)
    return plate


def road_with_a_car(width=1280, height=720):
    """Grey road, a dark car's rear with lamps and a window: nothing that looks like a plate."""
    picture = np.full((height, width, 3), 105, np.uint8)
    picture[: height // 3] = (200, 180, 160)
    cv2.rectangle(picture, (380, 240), (860, 560), (60, 45, 40), -1)
    cv2.rectangle(picture, (440, 260), (800, 360), (35, 30, 30), -1)
    for x in (400, 780):
        cv2.rectangle(picture, (x, 390), (x + 60, 430), (30, 30, 170), -1)
    cv2.rectangle(picture, (380, 520), (860, 560), (30, 28, 26), -1)
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


def finds(entry, picture):
    """Scores and corners, in the picture's own pixels, above the entry's threshold."""
    find = measure.onnx_find(FOLDER / entry["file"])
    canvas, placed = letterbox(picture, *size_of(entry))
    scores, quads = (part[0] for part in find(canvas[None]))
    wanted = scores >= entry["score_min"]
    kept = measure.distinct(scores[wanted], quads[wanted])
    return scores[wanted][kept], placed.back(quads[wanted][kept])


def test_the_manifest_names_the_files_that_are_there(entry):
    content = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["labels"] == ["plate"]
    assert 0 < entry["score_min"] < 1


def test_all_networks_together_are_at_most_four_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.onnx")) <= 4_000_000


def test_any_picture_gives_32_falling_probabilities_and_their_corners(entry):
    width, height = size_of(entry)
    canvas = np.random.default_rng(7).integers(0, 256, (1, height, width, 3), np.uint8)
    scores, corners = measure.onnx_find(FOLDER / entry["file"])(canvas)
    assert scores.shape == (1, 32)
    assert corners.shape == (1, 32, 4, 2)
    assert np.isfinite(corners).all()
    assert (scores >= 0).all()
    assert (scores <= 1).all()
    assert (np.diff(scores[0]) <= 1e-6).all()


def test_an_empty_road_has_no_plate(entry):
    assert len(finds(entry, road_with_a_car())[0]) == 0


@pytest.mark.parametrize("wide", [70, 110, 180])
def test_a_plate_is_found_once_and_its_corners_are_right(entry, wide):
    picture = road_with_a_car()
    high = wide / 2
    quad = np.array([[0, 0], [wide, 3], [wide - 2, high + 3], [1, high]], np.float32)
    quad += np.array([620 - wide / 2, 450 - high / 2], np.float32)
    paste.paste(np.random.default_rng(3), picture, flat_plate(), quad)
    scores, quads = finds(entry, picture)
    assert len(scores) == 1
    assert measure.corner_error(quads[0], quad) < 0.08


def test_two_plates_are_two_finds(entry):
    picture = road_with_a_car()
    for x, y in [(450, 440), (680, 440)]:
        quad = np.array([[x, y], [x + 110, y], [x + 110, y + 55], [x, y + 55]], np.float32)
        paste.paste(np.random.default_rng(3), picture, flat_plate(), quad)
    assert len(finds(entry, picture)[0]) == 2


def test_a_later_training_can_go_on_from_the_exported_file():
    pytest.importorskip("torch", reason="training's own environment is not installed")
    from models.train.detector.export import weights_of
    from models.train.detector.network import Detector

    Detector().load_state_dict(weights_of(FOLDER / "detector.onnx"))


def test_the_exported_file_holds_normalisation_apart_from_the_weights():
    graph = onnx.load(str(FOLDER / "detector.onnx")).graph
    assert sum(node.op_type == "BatchNormalization" for node in graph.node) == 16
    assert {"network.s4.0.weight", "network.s4.1.running_var", "network.score.bias"} <= {
        i.name for i in graph.initializer
    }


def test_a_pasted_plate_stands_exactly_in_its_corners():
    picture = np.full((200, 300, 3), 60, np.uint8)
    quad = np.array([[80, 60], [210, 70], [205, 140], [84, 128]], np.float32)
    white = np.full((100, 200, 3), 255, np.uint8)
    paste.paste(np.random.default_rng(1), picture, white, quad)
    inside = np.zeros((200, 300), np.uint8)
    cv2.fillConvexPoly(inside, np.round((quad - quad.mean(0)) * 0.85 + quad.mean(0)).astype(np.int32), 1)
    outside = np.ones((200, 300), np.uint8)
    cv2.fillConvexPoly(outside, np.round((quad - quad.mean(0)) * 1.25 + quad.mean(0)).astype(np.int32), 0)
    assert (picture[outside == 1] == 60).all()
    assert (picture[inside == 1] != 60).mean() > 0.95


@pytest.mark.parametrize("aspect", [1.4, 2.0, 4.6])
def test_a_cover_hides_the_plate_below(aspect):
    quad = np.array([[50, 40], [150, 52], [148, 90], [50, 75]], np.float32)
    cover = paste.cover(np.random.default_rng(5), quad, aspect)
    mask = np.zeros((400, 500), np.uint8)
    cv2.fillConvexPoly(mask, np.round(cover + np.float32(100)).astype(np.int32), 1)
    cv2.fillConvexPoly(
        mask, np.round((quad - quad.mean(0)) * 0.97 + quad.mean(0) + np.float32(100)).astype(np.int32), 0
    )
    before = mask.sum()
    cv2.fillConvexPoly(mask, np.round(cover + np.float32(100)).astype(np.int32), 1)
    hidden = mask.sum() - before
    assert hidden >= 0.97 * measure_area(quad * 0.97)


def measure_area(quad):
    x, y = quad[:, 0], quad[:, 1]
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_a_find_counts_for_one_plate_only():
    truth = np.array([[[10, 10], [50, 10], [50, 30], [10, 30]]], np.float32)
    twice = np.concatenate([truth, truth + np.float32(2)])[None]
    scores = np.array([[0.9, 0.8]], np.float32)
    o = measure.outcome(
        lambda _: (scores, twice), np.zeros((100, 100, 3), np.uint8), truth, ["source"], (100, 100), 0.1
    )
    assert o.match.tolist() == [0]


def test_the_interval_is_wilsons():
    assert interval(95, 100) == "95/100 = 95.0 % (88.8-97.8)"
