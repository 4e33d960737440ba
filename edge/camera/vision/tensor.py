"""A picture (H×W×3, uint8, BGR) → a network's input, as its manifest entry wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.vision.manifest import Input


def tensor(picture: NDArray[np.uint8], wanted: Input) -> NDArray[Any]:
    """1×H×W×C or 1×C×H×W, uint8 or float32, of the picture's own height and width."""
    assert picture.ndim == 3, f"a picture of {picture.shape}"
    assert picture.shape[2] == 3, f"a picture of {picture.shape}"
    seen = _color(picture, wanted.color)
    if wanted.layout == "NCHW":
        seen = seen.transpose(2, 0, 1)
    if wanted.type == "uint8":
        return np.ascontiguousarray(seen[None])
    scaled = seen[None].astype(np.float32, order="C")
    scaled *= np.float32(wanted.scale)
    scaled += np.float32(wanted.offset)
    return scaled


def shape(wanted: Input) -> tuple[int, int, int, int]:
    """Of the tensor that `tensor` makes of a picture of the manifest's width and height."""
    channels = 1 if wanted.color == "grey" else 3
    if wanted.layout == "NCHW":
        return 1, channels, wanted.height, wanted.width
    return 1, wanted.height, wanted.width, channels


def _color(picture: NDArray[np.uint8], color: str) -> NDArray[np.uint8]:
    if color == "bgr":
        return picture
    if color == "rgb":
        return picture[:, :, ::-1]
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[:, :, None]  # type: ignore[return-value]
