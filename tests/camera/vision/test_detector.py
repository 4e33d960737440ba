from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.camera.scene import Box, Motion
from edge.camera.vision.detector import WHOLE_EVERY_MS, Detector
from edge.camera.vision.manifest import Entry, Input, load_manifest
from edge.camera.vision.models import load_network
from edge.settings.camera import DetectorSettings, RuntimeSettings
from tests import onnx_models
from tests.builders import frame, plate

ENTRY = Entry(
    name="detector-wide",
    file="d.onnx",
    sha256="0" * 64,
    adapter="corner-detector/1",
    input=Input(width=640, height=384, layout="NHWC", type="uint8"),
    labels=("plate",),
    score_min=0.4,
)


class Canvases:
    """A `Run` that sees the white rectangle on a canvas, and keeps what it was shown."""

    def __init__(self, score=0.9, doubles=1):
        self.seen, self._score, self._doubles = [], score, doubles

    def __call__(self, tensor):
        self.seen.append(tensor)
        ys, xs = np.nonzero((tensor[0] > 250).all(axis=2))
        if not len(xs):
            return np.zeros((1, 1), np.float32), np.zeros((1, 1, 4, 2), np.float32)
        x0, y0, x1, y1 = xs.min(), ys.min(), xs.max() + 1, ys.max() + 1
        quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
        quads = np.stack([quad + 2 * n for n in range(self._doubles)])[None]
        return np.array([[self._score - 0.1 * n for n in range(self._doubles)]], np.float32), quads


def white(x0, y0, x1, y1, *, size=(1280, 720), at_ms=0.0):
    shown = frame(at_ms, size=size)
    shown.pixels[y0:y1, x0:x1] = 255
    return shown


def moved(*regions):
    return Motion(tuple(Box(x0=a, y0=b, x1=c, y1=d) for a, b, c, d in regions), share=0.1)


def detector(run, **settings):
    return Detector(ENTRY, run, DetectorSettings(**settings))


def assert_at(found, x0, y0, x1, y1, within=2.5):
    box = found.box
    assert [box.x0, box.y0, box.x1, box.y1] == pytest.approx([x0, y0, x1, y1], abs=within)


def test_a_plate_is_told_in_frame_pixels():
    (found,) = detector(Canvases()).find(white(600, 400, 700, 450), None)
    assert_at(found, 600, 400, 700, 450)
    assert found.score == pytest.approx(0.9)


def test_the_same_plate_found_twice_is_one():
    (found,) = detector(Canvases(doubles=3)).find(white(600, 400, 700, 450), None)
    assert found.score == pytest.approx(0.9)


@pytest.mark.parametrize(("settings", "count"), [({}, 1), ({"score_min": 0.95}, 0), ({"width_px_min": 200}, 0)])
def test_the_settings_say_what_is_sure_and_wide_enough(settings, count):
    assert len(detector(Canvases(), **settings).find(white(600, 400, 700, 450), None)) == count


def test_what_moved_is_looked_at_in_native_resolution():
    run = Canvases()
    finder = detector(run)
    finder.find(white(600, 400, 630, 415), None)  # the whole frame: it was due
    (found,) = finder.find(white(600, 400, 630, 415, at_ms=40), moved((580, 380, 700, 450)))
    assert_at(found, 600, 400, 630, 415, within=0.01)
    assert len(run.seen) == 2, "one look is enough for what moved"


def test_the_whole_frame_is_looked_at_now_and_then_though_only_a_corner_moves():
    finder, far = detector(Canvases()), moved((0, 0, 60, 60))
    shown = [
        bool(finder.find(white(1100, 600, 1200, 650, at_ms=t), far)) for t in range(0, 2 * WHOLE_EVERY_MS + 50, 50)
    ]
    assert shown[0]
    assert sum(shown) == 3, "at 0 ms and after every WHOLE_EVERY_MS"


def test_a_car_that_stops_is_still_looked_at_near():
    run = Canvases()
    finder = detector(run)
    for t, motion in ((0, moved((580, 380, 700, 450))), (150, None)):
        (found,) = finder.find(white(600, 400, 630, 415, at_ms=t), motion)
    assert len(run.seen) == 3, "whole and near, then near alone"
    assert_at(found, 600, 400, 630, 415, within=0.01)


def test_tiles_can_be_switched_off():
    run = Canvases()
    finder = detector(run, tiles="never")
    for t in (0, 40):
        finder.find(white(600, 400, 630, 415, at_ms=t), moved((580, 380, 700, 450)))
    assert len(run.seen) == 2
    assert all((tensor[0, 360:] == 114).all() for tensor in run.seen), "both are the whole frame, letterboxed"


def test_half_a_plate_at_the_seam_of_a_tile_is_not_told():
    finder = detector(Canvases())
    finder.find(white(0, 0, 1, 1), None)
    region = (300, 300, 420, 360)  # its tile ends somewhere around x = 680
    found = [finder.find(white(x, 320, x + 100, 350, at_ms=10), moved(region)) for x in range(560, 700, 10)]
    for plates in found:
        assert all(one.width_px == pytest.approx(100, abs=1) for one in plates)


def test_a_large_photograph_is_searched_in_tiles():
    run = Canvases()
    (found,) = detector(run).search(white(3000, 1500, 3030, 1515, size=(4000, 2250)).pixels)
    assert_at(found, 3000, 1500, 3030, 1515, within=6)
    assert 2 < len(run.seen) <= 25


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (7680, 4320)])
def test_any_size_of_picture_is_looked_at(size):
    assert detector(Canvases()).search(frame(size=size).pixels) == []


@pytest.mark.parametrize(("x", "cut"), [(45, True), (44, True), (600, False), (1234, False), (1236, True)])
def test_a_plate_at_the_edge_may_be_cut_off(x, cut):
    assert plate(x, 400, width=90).reaches_edge(1280, 720) is cut


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_both_kinds_of_input_see_the_same(tmp_path, layout):
    entry = onnx_models.corner_detector(tmp_path / "d.onnx", layout=layout)
    listed = load_manifest(onnx_models.manifest(tmp_path, it=entry)).pick("it", "detector")
    finder = Detector.of(load_network(listed, RuntimeSettings()), DetectorSettings())
    (found,) = finder.find(white(600, 400, 700, 450), None)
    assert_at(found, 600, 400, 700, 450)


def test_every_plate_that_was_found_is_straightened():
    better = plate(600, 400, width=90)
    finder = Detector(ENTRY, Canvases(), DetectorSettings(tiles="never"), lambda _pixels, _plate: better)
    assert finder.find(white(601, 401, 642, 422), None) == [better]


def weighing(found_at, weighed_to, **settings):
    """A detector whose find of a score is weighed to another, 0.5 being enough."""
    return Detector(
        ENTRY,
        Canvases(score=found_at),
        DetectorSettings(tiles="never", **settings),
        lambda _pixels, one: replace(one, score=weighed_to),
        weighed_min=0.5,
    )


@pytest.mark.parametrize(
    ("found_at", "weighed_to", "settings", "kept"),
    [
        (0.9, 0.3, {}, False),
        (0.2, 0.8, {}, True),
        (0.05, 0.8, {}, False),
        (0.9, 0.6, {"score_min": 0.7}, False),
        (0.9, 0.3, {"score_min": 0.2}, True),
    ],
    ids=["doubted from near", "believed from near", "no candidate", "settings ask more", "settings ask less"],
)
def test_what_both_networks_say_decides(found_at, weighed_to, settings, kept):
    found = weighing(found_at, weighed_to, **settings).find(white(601, 401, 642, 422), None)
    assert [one.score for one in found] == ([weighed_to] if kept else [])


def test_half_a_plate_that_becomes_the_whole_of_it_is_told_once():
    whole = plate(620, 410, width=42)
    finder = Detector(
        ENTRY,
        Halves(),
        DetectorSettings(tiles="never"),
        lambda _pixels, one: replace(whole, score=one.score),
        weighed_min=0.5,
    )
    assert [one.score for one in finder.find(white(601, 401, 642, 422), None)] == [pytest.approx(0.9)]


class Halves:
    """A `Run` that takes the two halves of a plate for two."""

    def __call__(self, _tensor):
        left = np.array([[300, 200], [315, 200], [315, 210], [300, 210]], np.float32)
        return np.array([[0.9, 0.8]], np.float32), np.stack([left, left + np.array([16, 0], np.float32)])[None]


def test_a_small_picture_is_not_enlarged_until_its_plate_is_larger_than_any_the_network_knows():
    run = Canvases()
    small = np.zeros((90, 150, 3), np.uint8)
    small[30:70, 25:125] = 255
    (found,) = detector(run).search(small)
    assert_at(found, 25, 30, 125, 70)
    assert (run.seen[0][0] > 250).all(axis=2).any(axis=0).sum() == pytest.approx(200, abs=2)
