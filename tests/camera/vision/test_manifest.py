from __future__ import annotations

import pytest
import yaml

from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.settings.problems import SettingsWrong
from tests import onnx_models


def entry(**changes):
    plain = {
        "file": "some.onnx",
        "sha256": "0" * 64,
        "adapter": "corner-detector/1",
        "input": {"width": 640, "height": 384},
        "labels": ["plate"],
    }
    return {**plain, **changes}


def reader(**changes):
    plain = {
        "adapter": "ctc-reader/1",
        "labels": [],
        "input": {"width": 128, "height": 64},
        "regions": ["US-KS", "other"],
    }
    return entry(**{**plain, **changes})


def problems_of(path):
    with pytest.raises(SettingsWrong) as caught:
        load_manifest(path)
    return caught.value.problems


def test_networks_are_found_by_name_and_their_files_lie_beside_the_manifest(tmp_path):
    path = onnx_models.manifest(tmp_path, detector_wide=entry(), reader=reader())
    manifest = load_manifest(path)
    assert manifest.pick("detector-wide", "detector").file == tmp_path / "some.onnx"
    assert manifest.pick("reader", "reader").entry.kind == "reader"


def test_an_included_manifest_names_files_beside_itself(tmp_path):
    inner = tmp_path / "detector"
    inner.mkdir()
    onnx_models.manifest(inner, detector_wide=entry())
    path = tmp_path / "manifest.yaml"
    path.write_text("include: [detector/manifest.yaml]\n")
    assert load_manifest(path).pick("detector-wide", "detector").file == inner / "some.onnx"


def test_a_network_stands_once(tmp_path):
    onnx_models.manifest(tmp_path, reader=reader()).rename(tmp_path / "other.yaml")
    path = tmp_path / "manifest.yaml"
    path.write_text(yaml.safe_dump({"include": ["other.yaml"], "networks": [{"name": "reader", **reader()}]}))
    assert "stands once" in problems_of(path)[0].rule


def test_an_included_manifest_includes_none(tmp_path):
    (tmp_path / "a.yaml").write_text("include: [b.yaml]\n")
    (tmp_path / "b.yaml").write_text("include: [a.yaml]\n")
    assert "includes none" in problems_of(tmp_path / "a.yaml")[0].rule


def test_a_missing_include_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("include: [gone.yaml]\n")
    assert problems_of(tmp_path / "a.yaml")[0].file.endswith("gone.yaml")


@pytest.mark.parametrize("label", ["person", "face", "pedestrian", "cyclist", "gender", "male", "Person", "rider"])
def test_a_network_that_knows_people_is_refused_with_file_and_line(tmp_path, label):
    path = onnx_models.manifest(tmp_path, detector_wide=entry(labels=["plate", label]))
    (problem,) = problems_of(path)
    assert label in problem.rule
    assert problem.file == str(path)
    assert "labels" in path.read_text().splitlines()[problem.line - 2]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"alphabet": "ABC"}, "alphabet"),
        ({"regions": ["US-KS", "caucasian"]}, "regions"),
        ({"regions": []}, "regions"),
        ({"sha256": "beef"}, "sha256"),
        ({"adapter": "face-reader/1"}, "adapter"),
        ({"input": {"width": 128, "height": 64, "colour": "rgb"}}, "input.colour"),
        ({"calibration": {"whole_text": [1.0]}}, "calibration.whole_text"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(tmp_path, changes, told):
    path = onnx_models.manifest(tmp_path, reader={**reader(), **changes})
    assert [problem.key for problem in problems_of(path)] == [f"networks[0].{told}"]


def test_a_detector_without_the_label_plate_is_refused(tmp_path):
    path = onnx_models.manifest(tmp_path, detector_wide=entry(labels=["car"]))
    assert "plate" in problems_of(path)[0].rule


@pytest.mark.parametrize(("name", "told"), [("detector-wid", "did you mean detector-wide"), ("reader", "a reader")])
def test_a_name_that_is_no_detectors_gets_a_hint(tmp_path, name, told):
    manifest = load_manifest(onnx_models.manifest(tmp_path, detector_wide=entry(), reader=reader()))
    with pytest.raises(SettingsWrong) as caught:
        manifest.pick(name, "detector")
    assert told in str(caught.value)


def test_the_example_in_the_documentation_is_a_manifest(tmp_path):
    text = (SHIPPED_ROOT / "docs" / "networks.md").read_text()
    path = tmp_path / "manifest.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0])
    networks = load_manifest(path).networks
    assert {listed.entry.adapter for listed in networks.values()} == {
        "yolo-raw/1",
        "yolo-end2end/1",
        "slot-reader/1",
        "vehicle-words/1",
    }
