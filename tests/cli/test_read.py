from __future__ import annotations

import json
from typing import get_args

import cv2
import numpy as np
import pytest

from edge.camera.vision.manifest import SHIPPED_ROOT
from edge.cli import main as program
from edge.record.words import Color, VehicleType
from tests import onnx_models


@pytest.fixture
def manifest(tmp_path):
    folder = tmp_path / "networks"
    folder.mkdir()
    return onnx_models.manifest(
        folder,
        detector_wide=onnx_models.corner_detector(folder / "wide.onnx"),
        detector_fast=onnx_models.corner_detector(folder / "fast.onnx", width=416, height=256, score=0.7),
        reader=onnx_models.ctc_reader(folder / "reader.onnx", "123ABC"),
    )


@pytest.fixture
def pictures(tmp_path):
    """Two pictures of one white plate each, and one of none, in a folder with a folder inside."""
    folder = tmp_path / "pictures"
    (folder / "evening").mkdir(parents=True)
    photograph(folder / "b.png", (200, 200, 300, 250))
    photograph(folder / "a.jpg", None)
    photograph(folder / "evening" / "c.webp", (100, 100, 160, 130), size=(1280, 720))
    return folder


def photograph(path, plate, size=(640, 384)):
    picture = np.full((size[1], size[0], 3), 60, np.uint8)
    picture[::2, ::3] = 90  # something to be masked
    if plate:
        x0, y0, x1, y1 = plate
        picture[y0:y1, x0:x1] = 255
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    return path


def read(manifest, *words):
    return program.main(["read", *map(str, words), "--manifest", str(manifest)])


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_picture_is_one_object_with_what_stands_on_its_plates(manifest, pictures, capsys):
    assert read(manifest, pictures / "b.png", "--json") == program.DONE
    (line,) = lines(capsys)
    assert list(line) == ["file", "plates", "ms"]
    assert set(line["ms"]) == {"load", "detect", "read"}
    (plate,) = line["plates"]
    assert list(plate) == ["text", "confidence", "characters", "region", "box", "corners", "width_px"]
    assert plate["text"] == "123ABC"
    assert 0.8 < plate["confidence"] < 1
    assert len(plate["characters"]) == 6
    assert plate["region"]["code"] == "US-KS"
    assert plate["box"] == pytest.approx([200, 200, 300, 250], abs=1)
    assert np.array(plate["corners"]) == pytest.approx(
        np.array([[200, 200], [300, 200], [300, 250], [200, 250]]), abs=1
    )
    assert plate["width_px"] == 100


def test_folders_are_read_by_name_with_all_that_is_below(manifest, pictures, capsys):
    assert read(manifest, pictures, "--json") == program.DONE
    found = lines(capsys)
    assert [line["file"].rsplit("/", 1)[-1] for line in found] == ["a.jpg", "b.png", "c.webp"]
    assert [len(line["plates"]) for line in found] == [0, 1, 1]
    assert found[2]["plates"][0]["box"] == pytest.approx([100, 100, 160, 130], abs=3)


def test_people_get_a_table(manifest, pictures, capsys):
    assert read(manifest, pictures) == program.DONE
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["picture", "text", "sure", "region", "width"]
    assert "123ABC" in rows[2]
    assert "US-KS" in rows[2]
    assert "\x1b" not in "".join(rows)


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(manifest, pictures, capsys):
    (pictures / "broken.jpg").write_bytes((pictures / "a.jpg").read_bytes()[:700])
    (pictures / "empty.png").write_bytes(b"")
    assert read(manifest, pictures, "no-such-thing", "--json") == program.FAILED
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 3
    for name in ("broken.jpg", "empty.png", "no-such-thing"):
        assert name in captured.err


def test_an_empty_folder_is_no_success(manifest, tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    assert read(manifest, tmp_path / "nothing") == program.FAILED
    assert "no picture" in capsys.readouterr().err


def test_a_cropped_plate_is_read_as_a_whole(manifest, tmp_path, capsys):
    crop = photograph(tmp_path / "plate.png", (0, 0, 200, 100), size=(200, 100))
    assert read(manifest, crop, "--crop", "--json") == program.DONE
    (plate,) = lines(capsys)[0]["plates"]
    assert plate["text"] == "123ABC"
    assert plate["box"] == [0, 0, 200, 100]
    assert plate["width_px"] == 200


def test_a_dark_crop_is_never_an_empty_text_with_confidence(manifest, tmp_path, capsys):
    crop = photograph(tmp_path / "dark.png", None, size=(200, 100))
    read(manifest, crop, "--crop", "--json")
    (plate,) = lines(capsys)[0]["plates"]
    assert (plate["text"], plate["confidence"], plate["characters"], plate["region"]) == ("", 0.0, [], None)


@pytest.mark.parametrize("kind", ["grey", "16 bit", "1x1", "transparent"])
def test_every_kind_of_picture_is_read(manifest, tmp_path, capsys, kind):
    picture = {
        "grey": np.full((384, 640), 80, np.uint8),
        "16 bit": np.full((384, 640, 3), 20_000, np.uint16),
        "1x1": np.full((1, 1, 3), 80, np.uint8),
        "transparent": np.full((384, 640, 4), 80, np.uint8),
    }[kind]
    cv2.imwrite(str(tmp_path / "it.png"), picture)
    assert read(manifest, tmp_path / "it.png", "--json") == program.DONE
    assert lines(capsys)[0]["plates"] == []


def test_drawn_pictures_show_the_plate_and_mask_the_rest(manifest, pictures, tmp_path):
    assert read(manifest, pictures / "b.png", "--draw", tmp_path / "drawn") == program.DONE
    before, after = cv2.imread(str(pictures / "b.png")), cv2.imread(str(tmp_path / "drawn" / "b.plates.jpg"))
    assert after.shape == before.shape
    assert abs(after[210:240, 210:290].astype(int) - before[210:240, 210:290]).mean() < 5
    assert abs(np.diff(after[300:].astype(int), axis=1)).mean() < abs(np.diff(before[300:].astype(int), axis=1)).mean()


def test_unmasked_shows_it_all_and_needs_draw(manifest, pictures, tmp_path, capsys):
    assert read(manifest, pictures / "b.png", "--unmasked") == program.WRONG
    assert "--draw" in capsys.readouterr().err
    assert read(manifest, pictures / "b.png", "--unmasked", "--draw", tmp_path) == program.DONE
    before, after = cv2.imread(str(pictures / "b.png")), cv2.imread(str(tmp_path / "b.plates.jpg"))
    assert abs(after[300:].astype(int) - before[300:]).mean() < 6


def test_pictures_of_one_name_are_not_drawn_over_one_another(manifest, pictures, tmp_path):
    twin = photograph(tmp_path / "b.png", None)
    assert read(manifest, pictures / "b.png", twin, "--draw", tmp_path / "drawn") == program.DONE
    assert len(list((tmp_path / "drawn").iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_named(manifest, pictures, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert read(manifest, pictures / "b.png", "--draw", tmp_path / "file") == program.FAILED
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["fast", "detector-fast"])
def test_the_detector_can_be_chosen(manifest, pictures, capsys, name):
    assert read(manifest, pictures / "b.png", "--json", "--detector", name) == program.DONE
    assert len(lines(capsys)[0]["plates"]) == 1


def test_a_detector_that_is_not_there_is_wrong_usage(manifest, pictures, capsys):
    assert read(manifest, pictures, "--detector", "wid") == program.WRONG
    assert "detector-wide" in capsys.readouterr().err


def test_an_altered_network_is_refused_before_any_picture(manifest, pictures, capsys):
    with (manifest.parent / "reader.onnx").open("ab") as file:
        file.write(b"\0")
    assert read(manifest, pictures) == program.WRONG
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "reader.onnx" in captured.err


def test_the_table_is_told_as_it_comes_and_a_closed_pipe_ends_it(manifest, pictures):
    """`plate-reader read … | head -1` is no traceback."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "edge.cli.main", "read", *[str(pictures)] * 40, "--manifest", str(manifest)]
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", *command], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_where_a_network_names_vehicles_each_plate_has_its_vehicle(tmp_path, pictures, capsys):
    path = onnx_models.manifest(
        tmp_path,
        detector_wide=onnx_models.corner_detector(tmp_path / "wide.onnx"),
        reader=onnx_models.ctc_reader(tmp_path / "reader.onnx"),
        vehicle=onnx_models.vehicle_words(tmp_path / "vehicle.onnx"),
    )
    assert read(path, pictures / "b.png", "--json") == program.DONE
    (line,) = lines(capsys)
    (plate,) = line["plates"]
    assert plate["vehicle"]["type"] == "pickup"
    assert plate["vehicle"]["color"] is None, "the picture is grey"
    assert "vehicle" in line["ms"]


def test_the_shipped_networks_tell_of_a_vehicle_what_they_know_and_null_for_the_rest(capsys):
    scene = SHIPPED_ROOT / "sample_frames/day_receding"
    assert program.main(["read", str(scene / "001000.jpg"), "--json"]) == program.DONE
    (line,) = lines(capsys)
    (plate,) = line["plates"]
    told = plate["vehicle"] or {"type": None, "color": None}
    assert told["type"] in (None, *get_args(VehicleType))
    assert told["color"] in (None, *get_args(Color))
    assert line["ms"]["vehicle"] > 0
