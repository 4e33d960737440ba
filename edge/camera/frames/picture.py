"""One picture file → pixels, however it was written; or the reason why not, with its name.

Grey, 16-bit, transparent and turned pictures (EXIF) all become upright BGR. What is no whole picture is refused, and so
is one so large that a small computer would choke on it.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.frames.picture_header import HeaderWrong, size
from edge.camera.frames.quiet import cv2
from edge.camera.frames.source import PictureUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""What a folder's pictures end in."""
PIXELS_MAX = 100_000_000
"""Three times 8K: 300 MB, decoded."""
BYTES_MAX = 400_000_000


def read_picture(path: Path) -> NDArray[np.uint8]:
    """H×W×3, uint8, BGR, upright. PictureUnreadable with the reason when there is no such thing."""
    data = _read(path)
    try:
        width, height = size(data)
    except HeaderWrong as error:
        raise PictureUnreadable(path, str(error)) from None
    if width * height > PIXELS_MAX:
        limit = f"{PIXELS_MAX // 1_000_000} megapixels are the limit"
        raise PictureUnreadable(path, f"{width}×{height} pixels are too many; {limit}")
    return _decode(path, data)


def _read(path: Path) -> bytes:
    """A device or a pipe could be read for ever; only files are."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise PictureUnreadable(path, "not a file")
        if found.st_size > BYTES_MAX:
            raise PictureUnreadable(path, f"{found.st_size:,} bytes are too many; {BYTES_MAX:,} are the limit")
        return path.read_bytes()
    except OSError as error:
        raise PictureUnreadable(path, (error.strerror or str(error)).lower()) from None


def _decode(path: Path, data: bytes) -> NDArray[np.uint8]:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError) as error:
        raise PictureUnreadable(path, "the picture cannot be decoded") from error
    if pixels is None:
        raise PictureUnreadable(path, "the picture is damaged or of a kind that cannot be decoded")
    assert pixels.ndim == 3, f"{path} was decoded to {pixels.shape}"
    assert pixels.dtype == np.uint8, f"{path} was decoded to {pixels.dtype}"
    return pixels  # type: ignore[return-value]
