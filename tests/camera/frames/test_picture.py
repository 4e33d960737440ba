from __future__ import annotations

import os
from contextlib import suppress

import numpy as np
import pytest

from edge.camera.frames.picture import read_picture
from edge.camera.frames.source import PictureUnreadable
from tests.camera.frames.pictures import as_nobody, encoded, png_claiming, scene, turned

JPEG = encoded(scene())
PNG = encoded(scene(), ".png")
WIDE = np.hstack([np.full((90, 100, 3), (0, 0, 255), np.uint8), np.full((90, 60, 3), (255, 0, 0), np.uint8)])


def written(folder, name: str, data: bytes):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_every_kind_gives_the_same_pixels(tmp_path, kind):
    pixels = read_picture(written(tmp_path, f"a{kind}", encoded(scene(), kind)))
    assert pixels.shape == (180, 320, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - scene()).mean() < 4


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("grey.jpg", scene()[..., 0]),
        ("grey.png", scene()[..., 0]),
        ("deep.png", scene().astype(np.uint16) * 257),
        ("deep-grey.png", scene()[..., 0].astype(np.uint16) * 257),
        ("deep.tiff", scene().astype(np.uint16) * 257),
        ("alpha.png", np.dstack([scene(), scene()[..., 0]])),
        ("deep-alpha.png", np.dstack([scene(), scene()[..., 0]]).astype(np.uint16) * 257),
        ("dot.png", scene()[:1, :1]),
        ("dot.jpg", scene()[:1, :1]),
        ("8k.jpg", np.full((4320, 7680, 3), 90, np.uint8)),
    ],
)
def test_every_depth_and_size_becomes_bgr(tmp_path, name, pixels):
    read = read_picture(written(tmp_path, name, encoded(pixels, name[name.index(".") :])))
    assert read.shape == (*pixels.shape[:2], 3)
    assert read.dtype == np.uint8
    expected = pixels if pixels.dtype == np.uint8 else pixels // 257
    expected = np.dstack([expected] * 3) if expected.ndim == 2 else expected[..., :3]
    assert np.abs(read[::9, ::9].astype(int) - expected[::9, ::9]).max() <= (
        1 if name.endswith(("png", "tiff")) else 60
    )


@pytest.mark.parametrize(("orientation", "left"), [(1, "red"), (3, "blue")])
def test_a_turned_photograph_is_held_upright(tmp_path, orientation, left):
    pixels = read_picture(written(tmp_path, "a.jpg", turned(encoded(WIDE), orientation)))
    assert ("red" if pixels[40, 5, 2] > 200 else "blue") == left


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_photograph_held_sideways_is_tall(tmp_path, orientation):
    assert read_picture(written(tmp_path, "a.jpg", turned(encoded(WIDE), orientation))).shape == (160, 90, 3)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.jpg", b"", "empty"),
        ("half.jpg", JPEG[: len(JPEG) // 2], "ends before its last line"),
        ("nearly.jpg", JPEG[:-20], "ends before its last line"),
        ("stub.jpg", JPEG[:30], "middle of its header"),
        ("half.png", PNG[: len(PNG) // 2], "ends before its last line"),
        ("damaged.png", PNG[:2000] + b"\0" * 20 + PNG[2020:], "checksum"),
        ("half.webp", encoded(scene(), ".webp")[:900], "ends before its last line"),
        ("half.bmp", encoded(scene(), ".bmp")[:9000], "damaged"),
        ("half.tiff", encoded(scene(), ".tiff")[:9000], ""),
        ("text.jpg", b"Dear reader, this is no picture.\n" * 40, "no JPEG"),
        ("zeros.png", bytes(5000), "no JPEG"),
        ("page.jpg", b"<!DOCTYPE html><title>401 Unauthorized</title>", "no JPEG"),
        ("bomb.png", png_claiming(40_000, 40_000), "40000×40000 pixels are too many"),
        ("nothing.png", png_claiming(0, 0), "0×0"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_what_is_no_picture_is_named_with_the_reason(tmp_path, capfd, name, data, why):
    path = written(tmp_path, name, data)
    with pytest.raises(PictureUnreadable) as caught:
        read_picture(path)
    assert caught.value.path == path
    assert why in caught.value.why
    assert str(caught.value).startswith(f"{path}: ")
    assert capfd.readouterr().err == ""  # no decoder talks for itself


@pytest.mark.parametrize("cut", range(0, len(JPEG), 211))
def test_no_cut_of_a_jpeg_does_more_than_be_refused(tmp_path, cut):
    with pytest.raises(PictureUnreadable):
        read_picture(written(tmp_path, "a.jpg", JPEG[:cut]))


def test_random_damage_is_read_or_refused_and_nothing_else(tmp_path):
    random = np.random.default_rng(7)
    for kind in (".jpg", ".png", ".webp", ".bmp", ".tiff"):
        data = np.frombuffer(encoded(scene(), kind), np.uint8)
        for _ in range(60):
            damaged = data.copy()
            damaged[random.integers(0, min(len(data), 4000), 5)] = random.integers(0, 256, 5)
            with suppress(PictureUnreadable):
                assert read_picture(written(tmp_path, f"a{kind}", damaged.tobytes())).ndim == 3


def test_what_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(PictureUnreadable, match="no such file"):
        read_picture(tmp_path / "none.jpg")
    with pytest.raises(PictureUnreadable, match="not a file"):
        read_picture(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PictureUnreadable, match="not a file"):
        read_picture(tmp_path / "pipe.jpg")


def test_a_picture_without_permission_is_named(tmp_path):
    path = written(tmp_path, "a.jpg", JPEG)
    path.chmod(0)
    with as_nobody(), pytest.raises(PictureUnreadable, match="permission denied"):
        read_picture(path)
