"""Pictures and videos that tests write themselves."""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def scene(width: int = 320, height: int = 180, *, seed: int = 1) -> NDArray[np.uint8]:
    """Something with edges and colours, the same for the same seed."""
    coarse = np.random.default_rng(seed).integers(40, 200, (9, 16, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def encoded(pixels: NDArray, kind: str = ".jpg") -> bytes:
    done, data = cv2.imencode(kind, pixels)
    assert done
    return data.tobytes()


def png_claiming(width: int, height: int) -> bytes:
    """A hundred bytes that say they are so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def turned(jpeg: bytes, orientation: int) -> bytes:
    """The same JPEG with an EXIF note on how to hold it."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def write_folder(folder: Path, names: Sequence[str], **kwargs) -> Path:
    folder.mkdir(exist_ok=True)
    for seed, name in enumerate(names):
        (folder / name).write_bytes(encoded(scene(seed=seed, **kwargs), f".{name.rsplit('.', 1)[1]}"))
    return folder


def write_video(path: Path, pictures: int = 30, *, rate: float = 15, fourcc: str = "mp4v") -> Path:
    """A video in which picture n has a white square at 8·n."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*fourcc), rate, (320, 180))
    assert writer.isOpened()
    for n in range(pictures):
        writer.write(numbered(n))
    writer.release()
    return path


def write_uneven_video(path: Path, times_ms: Sequence[int]) -> Path:
    """A video whose pictures come at these times: JPEGs, wrapped into the container with their own time stamps."""
    raw = [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1, cv2.VIDEOWRITER_PROP_KEY_INTERVAL, 1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 1000, (320, 180), raw)
    assert writer.isOpened()
    for n, at_ms in enumerate(times_ms):
        writer.set(cv2.VIDEOWRITER_PROP_PTS, at_ms)
        writer.write(np.frombuffer(encoded(numbered(n)), np.uint8))
    writer.release()
    return path


def square(pixels: NDArray) -> int:
    """Which number the picture has."""
    bright = np.flatnonzero(pixels[96].min(axis=1) > 225)
    return round((float(bright.mean()) - 15.5) / 8)


def numbered(n: int) -> NDArray[np.uint8]:
    pixels = scene()
    pixels[80:112, 8 * n % 288 : 8 * n % 288 + 32] = 255
    return pixels


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so root becomes somebody else for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
