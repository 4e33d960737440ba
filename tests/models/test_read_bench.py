"""The main yardstick measures what it says: which stage lost a plate."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from edge.camera.scene import Plate
from edge.camera.vision.look import Seen
from models.bench import read as bench
from tests.builders import plate, read

TRUTH = "123ABC"
HERE, ELSEWHERE = plate(320, 200, width=100), plate(100, 100, width=100)


class Eye:
    """Sees what it is told; its reader reads `labelled` at the labelled corners."""

    def __init__(self, *plates, labelled=TRUTH):
        self._plates, self._labelled, self.reader = plates, labelled, self

    def look(self, pixels):
        ordered = sorted(self._plates, key=lambda pair: -pair[1].confidence)
        return Seen(plates=tuple(ordered), detect_ms=1.0, read_ms=1.0)

    def read_at(self, pixels, corners):
        return read(self._labelled)


@pytest.fixture
def folder(tmp_path):
    """One photograph with one labelled plate, as `us` has it."""
    folder = tmp_path / "us"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((384, 640, 3), np.uint8))
    box = HERE.box
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["file", "x0", "y0", "x1", "y1", "text"], ["a.jpg", box.x0, box.y0, box.x1, box.y1, TRUTH]]
        )
    return folder


@pytest.mark.parametrize(
    ("eye", "lost"),
    [
        (Eye((HERE, read(TRUTH))), ""),
        (Eye((HERE, read("I23ABC"))), ""),
        (Eye(), "found"),
        (Eye((ELSEWHERE, read("XYZ"))), "found"),
        (Eye((HERE, read("123A")), labelled=TRUTH), "corners"),
        (Eye((HERE, read("123A")), labelled="123AB"), "read"),
        (Eye((HERE, read(TRUTH, 0.6)), (ELSEWHERE, read("XYZ", 0.9))), "chosen"),
    ],
    ids=[
        "right",
        "right but for 1 and I",
        "nothing found",
        "found elsewhere",
        "corners",
        "reader",
        "another was surer",
    ],
)
def test_a_miss_is_laid_to_the_stage_that_lost_it(folder, eye, lost):
    (verdict,), spent_ms = bench.measure(eye, folder, None)
    assert verdict.lost == lost
    assert verdict.merged is (lost == "")
    assert len(spent_ms) == 1


def test_strict_tells_1_from_i_and_anywhere_asks_every_reading(folder):
    (merged,), _ = bench.measure(Eye((HERE, read("I23ABC"))), folder, None)
    assert (merged.strict, merged.merged) == (False, True)
    (other,), _ = bench.measure(Eye((HERE, read(TRUTH, 0.6)), (ELSEWHERE, read("XYZ", 0.9))), folder, None)
    assert (other.merged, other.anywhere) == (False, True)


def test_where_boxes_hold_the_characters_alone_a_plate_around_them_is_found(tmp_path, folder):
    lots = folder.rename(tmp_path / "us_lots")
    around = Plate(corners=tuple((x + dx, y + dy) for (x, y), dx, dy in _grown(HERE)), score=0.9)
    (verdict,), _ = bench.measure(Eye((around, read("wrong"))), lots, None)
    assert verdict.lost == "corners"


def _grown(one):
    return zip(one.corners, (-12, 12, 12, -12), (-25, -25, 25, 25), strict=True)
