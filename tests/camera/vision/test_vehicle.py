from __future__ import annotations

import numpy as np
import pytest

from edge.camera.pixels import LETTERBOX_GREY, VEHICLE_SIDE, surroundings
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.vehicle import Namer
from edge.settings.camera import RuntimeSettings
from edge.settings.problems import SettingsWrong
from tests import onnx_models
from tests.builders import frame, plate


def namer(tmp_path, **network):
    path = onnx_models.manifest(tmp_path, vehicle=onnx_models.vehicle_words(tmp_path / "v.onnx", **network))
    return Namer.of(load_network(load_manifest(path).pick("vehicle", "vehicle"), RuntimeSettings()))


def coloured():
    one = frame()
    one.pixels[..., 2] = 200
    return one


def test_a_vehicle_is_named_as_surely_as_the_network_is(tmp_path):
    seen = namer(tmp_path, sure=4.0).name(coloured(), plate())
    assert (seen.type, seen.color, seen.view) == ("pickup", "white", "rear")
    assert seen.type_confidence == pytest.approx(np.exp(4) / (np.exp(4) + 3))


def test_in_a_picture_without_colour_no_colour_is_told(tmp_path):
    seen = namer(tmp_path).name(frame(), plate())
    assert (seen.type, seen.color, seen.color_confidence) == ("pickup", None, 0.0)


def test_what_is_none_of_the_words_is_unknown(tmp_path):
    seen = namer(tmp_path, kind="other", color="other").name(coloured(), plate())
    assert (seen.type, seen.type_confidence, seen.color) == (None, 0.0, None)


def test_of_a_vehicle_that_is_mostly_beyond_the_pictures_edge_nothing_is_told(tmp_path):
    """A 24 px plate, so a square of 150 px: all in view, half, a corner."""
    whole, half, corner = (square_plate(x, y, 17.0) for x, y in ((300, 200), (4, 200), (4, 20)))
    seen = [namer(tmp_path).name_at(coloured().pixels, at) for at in (whole, half, corner)]
    assert [(one.type, one.color) for one in seen] == [("pickup", "white"), ("pickup", "white"), (None, None)]


@pytest.mark.parametrize(
    ("key", "words"), [("types", ["sedan", "person"]), ("colors", ["white", "white"]), ("views", ["front", "face"])]
)
def test_a_network_that_knows_anything_but_vehicles_is_refused(tmp_path, key, words):
    entry = onnx_models.vehicle_words(tmp_path / "v.onnx")
    entry["words"][key] = words
    with pytest.raises(SettingsWrong) as wrong:
        load_manifest(onnx_models.manifest(tmp_path, vehicle=entry))
    assert "never people" in str(wrong.value)


def test_a_network_of_other_outputs_than_its_words_is_refused(tmp_path):
    entry = onnx_models.vehicle_words(tmp_path / "v.onnx")
    entry["words"]["types"] = ["sedan", "suv"]
    path = onnx_models.manifest(tmp_path, vehicle=entry)
    with pytest.raises(SettingsWrong):
        load_network(load_manifest(path).pick("vehicle", "vehicle"), RuntimeSettings())


def square_plate(x, y, side=20.0):
    half = side / 2
    return [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]]


def test_the_vehicle_is_cut_to_the_same_size_whatever_the_plates_shape():
    """An American and a European plate of one area: the same square, nine times the root of it, mostly above."""
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[200:203, :] = 255  # the plate's height in the picture
    wide = [[180, 195], [220, 195], [220, 205], [180, 205]]
    assert (surroundings(picture, wide) == surroundings(picture, square_plate(200, 200))).all()
    rows = np.flatnonzero(surroundings(picture, wide)[:, 0, 0])
    assert abs(rows.mean() - 0.65 * VEHICLE_SIDE) < 2


@pytest.mark.parametrize(("x", "y"), [(2, 2), (398, 398), (200, 1), (-500, 200), (200, 5000)])
def test_beyond_the_pictures_edge_there_is_grey(x, y):
    crop = surroundings(np.full((400, 400, 3), 250, np.uint8), square_plate(x, y))
    assert crop.shape == (VEHICLE_SIDE, VEHICLE_SIDE, 3)
    assert (crop == LETTERBOX_GREY).all(axis=2).any()
    assert set(np.unique(crop)) <= {LETTERBOX_GREY, 250}


def test_the_tiniest_plate_is_cut_out_too():
    assert surroundings(np.zeros((400, 400, 3), np.uint8), square_plate(200, 200, 0.0)).shape[0] == VEHICLE_SIDE
