"""Other people's detectors by manifest alone, on files that truly run."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera.vision.detector import Detector
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.settings.camera import DetectorSettings, RuntimeSettings
from tests import onnx_models
from tests.builders import frame

# A 1280×720 frame on a 640×640 canvas: half its size, 140 pixels of grey above.
CORNERS = ((600.0, 400.0), (700.0, 400.0), (700.0, 450.0), (600.0, 450.0))


def finder(tmp_path, entry, **settings):
    listed = load_manifest(onnx_models.manifest(tmp_path, it=entry)).pick("it", "detector")
    return Detector.of(load_network(listed, RuntimeSettings()), DetectorSettings(**settings))


def found_by(tmp_path, entry):
    return finder(tmp_path, entry, tiles="never").find(frame(), None)


def test_raw_yolo_boxes_become_corners_without_doubles(tmp_path):
    boxes = [(325.0, 352.5, 50.0, 25.0, 0.8), (326.0, 352.5, 50.0, 25.0, 0.7), (100.0, 200.0, 50.0, 25.0, 0.1)]
    (found,) = found_by(tmp_path, onnx_models.yolo_raw(tmp_path / "y.onnx", boxes))
    assert np.array(found.corners) == pytest.approx(np.array(CORNERS))
    assert found.score == pytest.approx(0.8)


def test_of_several_classes_only_plates_count(tmp_path):
    boxes = [(325.0, 352.5, 50.0, 25.0, 0.8, 0.1), (100.0, 300.0, 200.0, 100.0, 0.3, 0.9)]
    entry = onnx_models.yolo_raw(tmp_path / "y.onnx", boxes, classes=2)
    assert len(found_by(tmp_path, {**entry, "labels": ["plate", "car"]})) == 1


@pytest.mark.parametrize("row", [(300, 340, 350, 365, 0.8, 0), (0, 300, 340, 350, 365, 0, 0.8)], ids=["1xNx6", "Nx7"])
def test_end_to_end_yolo_boxes_become_corners(tmp_path, row):
    (found,) = found_by(tmp_path, onnx_models.yolo_end2end(tmp_path / "y.onnx", [row]))
    assert np.array(found.corners) == pytest.approx(np.array(CORNERS))
    assert found.score == pytest.approx(0.8)


def test_end_to_end_rows_of_another_class_do_not_count(tmp_path):
    entry = onnx_models.yolo_end2end(tmp_path / "y.onnx", [(300, 340, 350, 365, 0.8, 1)])
    assert found_by(tmp_path, {**entry, "labels": ["plate", "car"]}) == []


def test_a_picture_without_a_plate_has_none(tmp_path):
    assert found_by(tmp_path, onnx_models.yolo_raw(tmp_path / "y.onnx", [(0.0, 0.0, 0.0, 0.0, 0.0)])) == []
