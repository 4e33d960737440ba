from __future__ import annotations

import numpy as np
import pytest

from edge.camera.plates import ALPHABET
from edge.camera.vision.manifest import Calibration, Entry, Input, load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.settings.camera import RuntimeSettings
from tests import onnx_models
from tests.builders import frame, plate


def reader(tmp_path, entry):
    listed = load_manifest(onnx_models.manifest(tmp_path, it=entry)).pick("it", "reader")
    return Reader.of(load_network(listed, RuntimeSettings()))


def test_a_plate_is_read_with_its_region(tmp_path):
    read = reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx", "123ABC", stacked="KS")).read(
        frame(grey=200), plate()
    )
    assert read.text == "123ABC"
    assert 0.9 < read.confidence <= 1
    assert all(character.probability > 0.9 for character in read.characters)
    assert read.regions[0].code == "US-KS"
    assert read.stacked == "KS"


def test_nothing_to_read_has_no_characters_and_no_confidence(tmp_path):
    read = reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx")).read(frame(grey=10), plate())
    assert (read.text, read.confidence, read.regions, read.stacked) == ("", 0.0, (), "")


def test_confidence_falls_with_the_networks_doubt(tmp_path):
    sure, unsure = (
        reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx", sure=sure)).read(frame(grey=200), plate())
        for sure in (9.0, 4.5)
    )
    assert sure.text == unsure.text
    assert sure.confidence > unsure.confidence


def test_a_region_that_is_none_of_them_is_unknown(tmp_path):
    read = reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx", region="other")).read(frame(grey=200), plate())
    assert read.regions == ()


def test_a_flat_picture_is_read_as_it_is(tmp_path):
    flat = np.full((90, 180, 3), 200, np.uint8)
    assert reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx")).read_flat(flat).text == "123ABC"


@pytest.mark.parametrize("size", [(1, 1), (2, 400), (4000, 2000)])
def test_a_flat_picture_may_have_any_size(tmp_path, size):
    flat = np.full((size[1], size[0], 3), 200, np.uint8)
    assert reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx")).read_flat(flat).text == "123ABC"


@pytest.mark.parametrize("flat", [False, True], ids=["slots", "one row"])
def test_a_reader_of_slots_is_read_by_manifest_alone(tmp_path, flat):
    entry = onnx_models.slot_reader(tmp_path / "s.onnx", "5AU5341", slots=9, flat=flat)
    read = reader(tmp_path, entry).read(frame(), plate())
    assert read.text == "5AU5341"
    assert read.confidence == pytest.approx(0.9**9, rel=1e-3)
    assert read.characters[1].probability == pytest.approx(0.9)


def test_a_reader_of_slots_may_know_regions(tmp_path):
    entry = onnx_models.slot_reader(tmp_path / "s.onnx", regions={"DE": 0.1, "FR": 0.8, "other": 0.1})
    read = reader(tmp_path, entry).read(frame(), plate())
    assert (read.regions[0].code, read.regions[0].confidence) == ("FR", pytest.approx(0.8))


def test_empty_slots_alone_are_no_read(tmp_path):
    read = reader(tmp_path, onnx_models.slot_reader(tmp_path / "s.onnx", "")).read(frame(), plate())
    assert (read.characters, read.confidence) == ((), 0.0)


def test_a_read_shows_no_text_in_a_log(tmp_path):
    read = reader(tmp_path, onnx_models.ctc_reader(tmp_path / "r.onnx")).read(frame(grey=200), plate())
    assert "123ABC" not in repr(read)


class Lines:
    """A `Run` that knows how many lines a crop has: black bars on white."""

    def __init__(self, upper, lower):
        self._upper, self._lower = upper, lower

    def __call__(self, tensor):
        rows = tensor[0].min(axis=(0, 2)) < 0
        starts = np.flatnonzero(np.diff(np.concatenate([[False], rows]).astype(int)) == 1)
        text = "" if len(starts) != 1 else self._upper if tensor[0, 0, :, 0].min() < 0 else self._lower
        logits = onnx_models.ctc_logits(text)
        return logits, onnx_models.ctc_logits(""), np.zeros((1, 1), np.float32)


def two_lines(width, height):
    """The upper bar reaches the left edge, the lower one does not."""
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[height // 5 : 2 * height // 5, :] = 0
    picture[3 * height // 5 : 4 * height // 5, width // 5 : 4 * width // 5] = 0
    return picture


@pytest.mark.parametrize(("size", "text"), [((280, 200), "KA01AB1234"), ((520, 110), "")], ids=["high", "long"])
def test_a_high_plate_of_two_lines_is_read_line_by_line(size, text):
    entry = Entry(
        name="reader",
        file="r.onnx",
        sha256="0" * 64,
        adapter="ctc-reader/1",
        input=Input(width=128, height=64, scale=1 / 127.5, offset=-1),
        regions=("other",),
    )
    read = Reader(entry, Lines("KA01", "AB1234")).read_flat(two_lines(*size))
    assert read.text == text
    assert (read.confidence > 0.3) is bool(text)


def test_what_one_glance_mistakes_the_others_put_right():
    """This network takes the 2 for a Z, if barely, when it sees the crop just as it was cut."""
    seen = []

    def run(tensor):
        seen.append(tensor.copy())
        logits = onnx_models.ctc_logits("123ABC", sure=9.0)
        if len(seen) == 1:
            at = logits[0, :, ALPHABET.index("2") + 1].argmax()
            logits[0, at, ALPHABET.index("Z") + 1] = logits[0, at].max() + 0.5
        return logits, onnx_models.ctc_logits(""), np.zeros((1, 1), np.float32)

    entry = Entry(
        name="reader",
        file="r.onnx",
        sha256="0" * 64,
        adapter="ctc-reader/1",
        input=Input(width=128, height=64, scale=1 / 127.5, offset=-1),
        regions=("other",),
        calibration=Calibration(settled=(1.0, 0.5, 0.0, 0.5)),
    )
    photograph = np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8)
    read = Reader(entry, run).study(photograph, [[100, 80], [180, 80], [180, 120], [100, 120]])
    assert read.text == "123ABC"
    assert len({one.tobytes() for one in seen}) == len(seen) > 2, "each glance shows the network something else"
