from __future__ import annotations

import numpy as np

from edge.camera.vision.look import Eye
from edge.camera.vision.manifest import load_manifest
from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings
from tests import onnx_models


def eye(tmp_path):
    path = onnx_models.manifest(
        tmp_path,
        detector_wide=onnx_models.corner_detector(tmp_path / "d.onnx"),
        reader=onnx_models.ctc_reader(tmp_path / "r.onnx"),
    )
    return Eye.load(load_manifest(path), RuntimeSettings(), DetectorSettings(straightener=None), ReaderSettings())


def photograph(x0, y0, x1, y1, size=(640, 384)):
    picture = np.full((size[1], size[0], 3), 60, np.uint8)
    picture[y0:y1, x0:x1] = 255
    return picture


def test_a_photograph_becomes_plates_with_reads_and_times(tmp_path):
    seen = eye(tmp_path).look(photograph(200, 200, 300, 250))
    ((plate, read),) = seen.plates
    assert read.text == "123ABC"
    assert round(plate.width_px) == 100
    assert seen.detect_ms > 0
    assert seen.read_ms > 0


def test_a_text_is_no_surer_than_that_there_is_a_plate_at_all(tmp_path):
    """The detector of this test says 0.9."""
    ((plate, read),) = eye(tmp_path).look(photograph(200, 200, 300, 250)).plates
    assert read.confidence <= plate.score


def test_a_plate_that_the_edge_cuts_off_is_told_and_not_read(tmp_path):
    ((_, read),) = eye(tmp_path).look(photograph(0, 200, 80, 250)).plates
    assert (read.text, read.confidence) == ("", 0.0)


def test_a_crop_is_one_plate(tmp_path):
    ((plate, read),) = eye(tmp_path).look_flat(np.full((100, 200, 3), 255, np.uint8)).plates
    assert read.text == "123ABC"
    assert plate.corners == ((0.0, 0.0), (200.0, 0.0), (200.0, 100.0), (0.0, 100.0))
