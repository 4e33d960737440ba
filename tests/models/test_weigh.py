"""What `weigh` chooses for each input size, and what the device then finds in the manifest."""

from __future__ import annotations

from edge.camera.vision.manifest import load_manifest
from models.train.straightener.weigh import SIZES, Find, threshold, write

WIDE, FAST = SIZES


def find(size: str, *, plate: bool) -> Find:
    return Find(size, score=0.5, sure=0.5, labelled=plate, plate=plate)


def test_the_size_that_takes_more_for_plates_gets_the_higher_threshold():
    finds = [find(size, plate=plate) for size in SIZES for plate in (False, False, True)]
    scores = [0.7, 0.5, 0.9, 0.4, 0.2, 0.9]
    assert threshold(finds, scores, WIDE, false_max=1) == 0.51
    assert threshold(finds, scores, FAST, false_max=1) == 0.21
    assert threshold(finds, scores, WIDE, false_max=0) == 0.71


def test_the_manifest_has_a_threshold_for_each_size_and_the_higher_one_for_others(tmp_path):
    path = tmp_path / "manifest.yaml"
    path.write_text(
        "networks:\n"
        "- name: straightener\n"
        "  file: straightener.onnx\n"
        f"  sha256: {'a' * 64}\n"
        "  adapter: plate-straightener/1\n"
        "  input: {width: 128, height: 64}\n"
        "  val: {corner_error: 0.05}\n"
    )
    for _ in range(2):  # a second weighing takes the first one's place
        write(path, (0.8, 0.6, -1.7), {WIDE: 0.51, FAST: 0.4})
    entry = load_manifest(path).pick("straightener", "straightener").entry
    assert entry.score_min_with == {WIDE: 0.51, FAST: 0.4}
    assert entry.score_min == 0.51
    assert entry.calibration.plate == (0.8, 0.6, -1.7)
