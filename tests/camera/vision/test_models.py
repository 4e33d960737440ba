from __future__ import annotations

import numpy as np
import pytest

from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.settings.camera import RuntimeSettings
from edge.settings.problems import SettingsWrong
from tests import onnx_models

RUNTIME = RuntimeSettings()


def load(path, name="it", kind="detector", runtime=RUNTIME):
    return load_network(load_manifest(path).pick(name, kind), runtime)


def refused(path, kind="detector"):
    with pytest.raises(SettingsWrong) as caught:
        load(path, kind=kind)
    (problem,) = caught.value.problems
    return problem


def test_a_network_runs_and_tells_its_digest_and_provider(tmp_path):
    entry = onnx_models.corner_detector(tmp_path / "d.onnx")
    network = load(onnx_models.manifest(tmp_path, it=entry))
    scores, corners = network.run(np.full((1, 384, 640, 3), 255, np.uint8))
    assert scores[0, 0] == pytest.approx(0.9)
    assert corners.shape == (1, 3, 4, 2)
    assert network.digest == entry["sha256"][:12]
    assert network.provider == "cpu"


def test_a_provider_that_is_not_there_is_told_and_the_cpu_runs_it(tmp_path, caplog):
    path = onnx_models.manifest(tmp_path, it=onnx_models.corner_detector(tmp_path / "d.onnx"))
    network = load(path, runtime=RuntimeSettings(providers=("tensorrt", "cpu")))
    assert network.provider == "cpu"
    assert "tensorrt was asked for, cpu runs it" in caplog.text


def test_a_file_altered_by_one_byte_is_refused_naming_file_expected_and_found(tmp_path):
    file = tmp_path / "d.onnx"
    entry = onnx_models.corner_detector(file)
    path = onnx_models.manifest(tmp_path, it=entry)
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    problem = refused(path)
    assert str(file) in problem.rule
    assert entry["sha256"] in problem.rule
    assert len(problem.got) == 64
    assert problem.got != entry["sha256"]


def test_a_missing_file_is_named(tmp_path):
    entry = onnx_models.corner_detector(tmp_path / "d.onnx")
    (tmp_path / "d.onnx").unlink()
    assert "no such file" in refused(onnx_models.manifest(tmp_path, it=entry)).got


def test_a_file_that_is_no_network_is_refused(tmp_path):
    entry = onnx_models.corner_detector(tmp_path / "d.onnx")
    (tmp_path / "d.onnx").write_bytes(b"")
    entry["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert "ONNX Runtime can run" in refused(onnx_models.manifest(tmp_path, it=entry)).rule


@pytest.mark.parametrize(
    "names", ["{0: 'person'}", "{0: 'plate', 1: 'face'}", "['License_Plate', 'pedestrian']", "man"]
)
def test_classes_that_the_file_itself_names_are_checked_too(tmp_path, names):
    entry = onnx_models.yolo_raw(tmp_path / "y.onnx", [(320, 320, 90, 45, 0.9)], names=names)
    problem = refused(onnx_models.manifest(tmp_path, it=entry))
    assert "never people" in problem.rule


@pytest.mark.parametrize("names", ["{0: 'License_Plate'}", "{0: 'number-plate'}", "{0: 'LicensePlate'}"])
def test_other_peoples_words_for_a_plate_pass(tmp_path, names):
    entry = onnx_models.yolo_raw(tmp_path / "y.onnx", [(320, 320, 90, 45, 0.9)], names=names)
    assert load(onnx_models.manifest(tmp_path, it=entry)).provider == "cpu"


def test_a_file_with_more_classes_than_the_manifest_admits_is_refused(tmp_path):
    entry = onnx_models.yolo_raw(tmp_path / "y.onnx", [(320, 320, 90, 45, 0.9, *[0.0] * 79)], classes=80)
    assert "1×5×N" in refused(onnx_models.manifest(tmp_path, it=entry)).rule


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"input": {"width": 416, "height": 256, "layout": "NHWC", "type": "uint8"}}, "1×256×416×3"),
        ({"input": {"width": 640, "height": 384, "layout": "NHWC"}}, "float32"),
        ({"input": {"name": "x", "width": 640, "height": 384, "layout": "NHWC", "type": "uint8"}}, "one input"),
        ({"adapter": "yolo-raw/1"}, "1×5×N"),
    ],
)
def test_a_manifest_that_does_not_fit_its_file_is_refused(tmp_path, change, told):
    entry = {**onnx_models.corner_detector(tmp_path / "d.onnx"), **change}
    assert told in refused(onnx_models.manifest(tmp_path, it=entry)).rule


def test_a_reader_whose_regions_are_not_the_files_is_refused(tmp_path):
    entry = {**onnx_models.ctc_reader(tmp_path / "r.onnx"), "regions": ["US-KS"]}
    problem = refused(onnx_models.manifest(tmp_path, it=entry), kind="reader")
    assert "region 1×1" in problem.rule
    assert problem.got == "1×3"
