"""Where a spotter's finds lie in the picture, and what may be one at all."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edge.camera.pixels import SPOTTER_SIDE
from edge.camera.scene import Box
from edge.camera.vision.adapters.spotting import SPOTTING
from edge.camera.vision.manifest import Entry, Input, load_manifest
from edge.camera.vision.spotter import REACH, Spotter
from edge.settings.problems import SettingsWrong
from tests.builders import frame

CELLS = 10
ENTRY = Entry(
    name="spotter",
    file="spotter.onnx",
    sha256="0" * 64,
    adapter="vehicle-spotter/1",
    input=Input(width=SPOTTER_SIDE, height=SPOTTER_SIDE),
    labels=("vehicle",),
    score_min=0.5,
)


def outputs(*finds: tuple[int, int, float, tuple[float, float, float, float]]):
    """Of a network that finds these: row, column, score, box in shares of its square."""
    score, box = np.full((1, CELLS, CELLS), 0.01, np.float32), np.zeros((1, 4, CELLS, CELLS), np.float32)
    for row, column, sure, edges in finds:
        score[0, row, column], box[0, :, row, column] = sure, edges
    return [score, box]


def test_a_find_lies_where_the_square_lay() -> None:
    region = Box(x0=400, y0=200, x1=800, y1=400)
    spotter = Spotter(ENTRY, lambda _: outputs((5, 5, 0.9, (0.25, 0.25, 0.75, 0.75))))
    (found,) = spotter.spot(frame(40), region)
    half = REACH * 400 / 4
    assert (found.score, found.frame_size, found.monotonic_ns) == (pytest.approx(0.9), (1280, 720), 40_000_000)
    expected = (600 - half, 300 - half, 600 + half, 300 + half)
    assert (found.box.x0, found.box.y0, found.box.x1, found.box.y1) == pytest.approx(expected)


def test_a_square_beyond_the_pictures_edge_gives_boxes_inside_it() -> None:
    spotter = Spotter(ENTRY, lambda _: outputs((5, 5, 0.9, (0.0, 0.0, 1.0, 1.0))))
    (found,) = spotter.spot(frame(), Box(x0=1100, y0=500, x1=1280, y1=720))
    assert found.box.x1 <= 1280
    assert found.box.y1 <= 720
    outside = Spotter(ENTRY, lambda _: outputs((9, 9, 0.9, (0.95, 0.95, 1.0, 1.0))))
    assert outside.spot(frame(), Box(x0=1100, y0=500, x1=1280, y1=720)) == []


def test_doubles_are_one_and_neighbours_are_two() -> None:
    finds = (
        (5, 2, 0.9, (0.05, 0.3, 0.45, 0.7)),
        (7, 2, 0.7, (0.07, 0.3, 0.47, 0.72)),
        (5, 7, 0.8, (0.55, 0.3, 0.95, 0.7)),
    )
    found = Spotter(ENTRY, lambda _: outputs(*finds)).spot_at(frame().pixels, Box(x0=300, y0=100, x1=700, y1=500))
    assert [round(score, 1) for score, _ in found] == [0.9, 0.8]


@pytest.mark.parametrize(
    ("score", "score_min", "sure"),
    [(0.6, None, [True]), (0.45, None, [False]), (0.35, None, []), (0.35, 0.3, [True]), (0.6, 0.7, [False])],
)
def test_what_is_not_sure_enough_to_count_is_followed_and_the_settings_say_what_is(score, score_min, sure) -> None:
    seen = outputs((5, 5, score, (0.2, 0.2, 0.8, 0.8)))
    found = Spotter(ENTRY, lambda _: seen, score_min).spot(frame(), Box(x0=300, y0=100, x1=700, y1=500))
    assert [one.sure for one in found] == sure


@pytest.mark.parametrize(
    ("score", "box", "wanted"),
    [((1, 10, 10), (1, 4, 10, 9), "box 1×4×10×10"), ((1, 100), (1, 4, 10, 10), "score 1×C×C")],
)
def test_outputs_of_another_shape_are_refused(score, box, wanted: str) -> None:
    wrong = SPOTTING["vehicle-spotter/1"].wrong(ENTRY, [np.zeros(score), np.zeros(box)])
    assert wrong is not None
    assert wrong.wanted == wanted


@pytest.mark.parametrize("labels", [["person"], ["vehicle", "person"], ["vehicle", "bus"], []])
def test_a_spotter_knows_the_vehicle_and_nothing_else(tmp_path, labels: list[str]) -> None:
    written = msgspec.to_builtins(ENTRY) | {"labels": labels}
    file = tmp_path / "manifest.yaml"
    file.write_bytes(msgspec.yaml.encode({"networks": [written]}))
    with pytest.raises(SettingsWrong, match="vehicle"):
        load_manifest(file)
    file.write_bytes(msgspec.yaml.encode({"networks": [written | {"labels": ["vehicle"]}]}))
    assert load_manifest(file).pick("spotter", "spotter").entry.labels == ("vehicle",)
