"""A plate's corners are put right by a look at the plate itself, and left alone when that makes no sense."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import pytest

from edge.camera.scene import Plate
from edge.camera.vision.manifest import Calibration, Entry, Input
from edge.camera.vision.straightener import Straightener

ENTRY = Entry(
    name="straightener",
    file="it.onnx",
    sha256="0" * 64,
    adapter="plate-straightener/1",
    input=Input(width=128, height=64, layout="NHWC", type="uint8"),
)
TRUE = np.array([[600, 400], [690, 412], [688, 458], [598, 446]], np.float32)


def white(quad=TRUE):
    picture = np.zeros((720, 1280, 3), np.uint8)
    cv2.fillConvexPoly(picture, np.round(quad).astype(np.int32), (255, 255, 255))
    return picture


def outline(tensor):
    """A network that finds the corners of the one white shape in its crop."""
    mask = (tensor[0].min(axis=2) > 127).astype(np.uint8)
    ys, xs = np.nonzero(mask)
    points = np.stack([xs, ys], 1).astype(np.float32)
    best = [points[np.argmin(points @ np.array(way))] for way in ([1, 1], [-1, 1], [-1, -1], [1, -1])]
    return np.stack(best)[None], np.array([[0.9]], np.float32)


def plate(quad):
    a, b, c, d = ((float(x), float(y)) for x, y in quad)
    return Plate(corners=(a, b, c, d), score=0.9)


def off(found):
    return float(np.abs(np.array(found.corners) - TRUE).max())


@pytest.mark.parametrize(
    "astray",
    [
        TRUE + np.array([4, -3]),
        TRUE + np.array([[-6, 5], [3, 5], [6, -2], [-3, -4]]),
        np.array([[598, 400], [690, 400], [690, 458], [598, 458]], np.float32),
    ],
    ids=["shifted", "each on its own", "an upright box, as other detectors give it"],
)
def test_corners_that_are_a_little_wrong_are_put_right(astray):
    found = Straightener(ENTRY, outline).straighten(white(), plate(astray))
    assert off(found) < 2.0 < np.abs(astray - TRUE).max()
    assert found.score == 0.9


@pytest.mark.parametrize(
    "said",
    [
        np.full((1, 4, 2), np.nan),
        np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]]),
        np.array([[[20, 50], [100, 50], [100, 10], [20, 10]]]),
        np.array([[[20, 10], [100, 50], [100, 10], [20, 50]]]),
    ],
    ids=["no numbers", "shrunk to a point", "mirrored", "crossed"],
)
def test_what_cannot_be_is_not_believed(said):
    astray = plate(TRUE + np.array([4, -3]))
    silly = Straightener(ENTRY, lambda _tensor: (said.astype(np.float32), np.array([[0.1]], np.float32)))
    assert silly.straighten(white(), astray) == astray


def test_a_plate_at_the_edge_of_the_picture_is_no_trouble():
    at = TRUE - np.array([596, 397], np.float32)
    found = Straightener(ENTRY, outline).straighten(white(at), plate(at - np.array([8, 6])))
    assert np.isfinite(found.corners).all()


def test_a_straight_plate_is_looked_at_once():
    looks = []
    Straightener(ENTRY, lambda tensor: looks.append(1) or outline(tensor)).straighten(white(), plate(TRUE))
    assert len(looks) <= 2


WEIGHING = msgspec.structs.replace(ENTRY, calibration=Calibration(plate=(1.0, 0.5, -1.0)))


@pytest.mark.parametrize(("said", "weighed"), [(0.999, 0.99), (0.9, 0.91), (0.5, 0.77), (0.01, 0.25), (0.0, 0.04)])
def test_what_looks_like_none_from_near_loses_its_score(said, weighed):
    def network(tensor):
        return outline(tensor)[0], np.array([[said]], np.float32)

    found = Straightener(WEIGHING, network).straighten(white(), plate(TRUE))
    assert found.score == pytest.approx(weighed, abs=0.02)


def test_corners_that_are_not_believed_leave_the_doubt():
    def silly(_tensor):
        return np.full((1, 4, 2), np.nan, np.float32), np.array([[0.001]], np.float32)

    found = Straightener(WEIGHING, silly).straighten(white(), plate(TRUE))
    assert found.corners == plate(TRUE).corners
    assert found.score < 0.2


@pytest.mark.parametrize(
    ("detector", "asked"), [("detector-wide", 0.5), ("detector-fast", 0.3), ("of-someone-else", 0.45)]
)
def test_each_detectors_finds_have_a_threshold_of_their_own(detector, asked):
    own = {"detector-wide": 0.5, "detector-fast": 0.3}
    entry = msgspec.structs.replace(WEIGHING, score_min=0.45, score_min_with=own)
    assert Straightener(entry, outline).score_min_of(detector) == asked


def test_without_weights_the_detectors_own_threshold_stays():
    assert Straightener(ENTRY, outline).score_min_of("detector-wide") is None
