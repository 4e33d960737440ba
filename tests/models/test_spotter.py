"""What the spotter learns from: where a window says that a vehicle stands, and where it says nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.synth.roadside import animal, cyclist, person
from models.train.spotter import windows
from models.train.spotter.prepare import Label, read, write
from models.train.spotter.windows import CELLS, Feeder


def coded(picture):
    return cv2.imencode(".png", picture)[1].ravel()


def road(size=(300, 400)):
    return np.random.default_rng(1).integers(60, 120, (*size, 3), np.uint8)


@pytest.fixture
def feeder():
    labels = [
        Label("boxed", [(120.0, 100.0, 280.0, 220.0)], "train"),
        Label("empty", [], "train"),
        Label("plate", [(180.0, 180.0, 220.0, 200.0)], "train"),
        Label("drawn", [(100.0, 90.0, 250.0, 210.0)], "train", ignored=[(0.0, 0.0, 400.0, 300.0)]),
    ]
    return Feeder([coded(road()) for _ in labels], labels, "train", 3)


def test_a_vehicles_cells_know_its_box_and_one_of_them_its_middle(feeder):
    drawn = [window for window in (feeder.next("boxed") for _ in range(40)) if window.own.any()]
    assert len(drawn) > 20
    for window in drawn:
        assert (window.heat == 1).sum() == 1
        left, top, right, bottom = window.box[:, window.own > 0]
        assert (right > left).all()
        assert (bottom > top).all()
        row, column = np.argwhere(window.heat == 1)[0]
        x, y = (column + 0.5) / CELLS, (row + 0.5) / CELLS
        box = window.box[:, row, column]
        assert abs(x - (box[0] + box[2]) / 2) <= 0.5 / CELLS + 1e-6
        assert abs(y - (box[1] + box[3]) / 2) <= 0.5 / CELLS + 1e-6


def test_a_road_without_a_vehicle_has_none_and_is_asked_for_everywhere(feeder):
    for _ in range(20):
        window = feeder.next("empty")
        assert not window.heat.any()
        assert not window.bag.any()
        assert window.asked.all()


def test_around_a_plate_something_is_a_vehicle_and_no_cell_is_blamed(feeder):
    for _ in range(20):
        window = feeder.next("plate")
        assert not window.asked.any()
        assert not window.own.any()
    assert any(feeder.next("plate").bag.any() for _ in range(20))


def test_where_nobody_knows_only_the_drawn_vehicle_is_asked_for(feeder):
    """The whole picture of this label is ignored but for its vehicle."""
    for _ in range(20):
        window = feeder.next("drawn")
        inside = window.asked * (1 - window.own)
        assert inside.sum() < CELLS * CELLS


def test_no_label_of_the_spotter_is_a_person(feeder):
    """Persons, cyclists and animals are set into windows without a vehicle, and these stay without one."""
    empty = feeder.next("empty")
    for seed in range(12):
        rng = np.random.default_rng(seed)
        peopled = windows._peopled(rng, empty, people=[road((90, 40))], other=road())
        assert np.abs(peopled.image.astype(int) - empty.image).max() > 20
        assert not peopled.heat.any()
        assert peopled.asked.all()


@pytest.mark.parametrize("draw", [person, cyclist])
def test_figures_have_a_mask_of_their_own_shape(draw):
    picture, mask = draw(0.3, (20.0, 40.0, 160.0), (60.0, 60.0, 60.0))
    assert picture.shape[:2] == mask.shape
    assert 0.05 < (mask > 128).mean() < 0.6


@pytest.mark.parametrize("build", [0.0, 1.0])
def test_an_animal_has_a_mask_of_its_own_shape(build):
    picture, mask = animal(0.3, (20.0, 40.0, 160.0), build)
    assert picture.shape[:2] == mask.shape
    assert 0.1 < (mask > 128).mean() < 0.5


def test_a_persons_place_is_kept_in_the_pack_and_it_is_no_box(tmp_path):
    write([(coded(road()), Label("boxed", [], "train", people=[(1.0, 2.0, 30.0, 90.0)]))], tmp_path / "scenes.npz")
    (label,) = read(tmp_path)[1]
    assert (label.boxes, label.people) == ([], [(1.0, 2.0, 30.0, 90.0)])


def test_what_was_drawn_around_plates_takes_their_place(tmp_path):
    write([(coded(road()), Label("plate", [(1.0, 2.0, 3.0, 4.0)], "val"))], tmp_path / "scenes.npz")
    (before,) = read(tmp_path)[1]
    (tmp_path / "drawn.json").write_text('{"0": {"boxes": [[5, 6, 7, 8]], "ignored": [[0, 0, 1, 1]]}}')
    (after,) = read(tmp_path)[1]
    assert (before.kind, before.boxes) == ("plate", [(1.0, 2.0, 3.0, 4.0)])
    assert (after.kind, after.boxes, after.ignored, after.split) == ("drawn", [(5, 6, 7, 8)], [(0, 0, 1, 1)], "val")


def test_what_ships_is_folded_and_says_the_same():
    torch = pytest.importorskip("torch", reason="networks are trained with PyTorch: install the extra `train`")
    from models.train.spotter.network import Body, Head, Told

    torch.manual_seed(3)
    body, head = Body().eval(), Head().eval()
    images = torch.rand(2, 3, 160, 160) * 2 - 1
    with torch.no_grad():
        logits, boxes = head(body(images))
        score, told = Told(body, head).eval()(images)
    assert torch.allclose(logits.sigmoid(), score, atol=1e-5)
    assert torch.allclose(boxes, told, atol=1e-5)
