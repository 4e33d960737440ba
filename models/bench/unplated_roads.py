"""The sample scenes with every plate painted over: vehicles that show none, without rendering anew."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.scene import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def frames(scene: Path) -> Iterator[Frame]:
    """The pictures of a sample scene, by their own times."""
    for number, path in enumerate(sorted(scene.glob("*.jpg"))):
        ns = int(path.stem) * 1_000_000
        pixels = np.asarray(cv2.imread(str(path)), np.uint8)
        yield Frame(camera="sample", sequence=number, taken_ns=ns, monotonic_ns=ns, pixels=pixels)


def bare_frames(scene: Path) -> Iterator[Frame]:
    """The same, and every plate painted over with what is around it."""
    quads: dict[int, list[NDArray[np.float32]]] = {}
    with (scene / "corners.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            corners = np.array([[float(row[f"x{k}"]), float(row[f"y{k}"])] for k in range(4)], np.float32)
            quads.setdefault(int(row["file"].split(".")[0]) * 1_000_000, []).append(corners)
    for frame in frames(scene):
        for quad in quads.get(frame.monotonic_ns, []):
            paint_over(frame.pixels, quad)
        yield frame


def paint_over(pixels: NDArray[np.uint8], quad: NDArray[np.float32], grown: float = 1.25) -> None:
    """Cover a plate (4×2) with the colours beside it, in place: a vehicle that shows none."""
    middle = quad.mean(axis=0)
    wide = (middle + (quad - middle) * grown).astype(np.float32)
    low, high = np.floor(wide.min(0)).astype(int) - 6, np.ceil(wide.max(0)).astype(int) + 7
    x0, y0 = np.maximum(low, 0)
    x1, y1 = np.minimum(high, [pixels.shape[1], pixels.shape[0]])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(mask, np.round(wide - [x0, y0]).astype(np.int32), 255)
    pixels[y0:y1, x0:x1] = cv2.inpaint(np.ascontiguousarray(pixels[y0:y1, x0:x1]), mask, 5, cv2.INPAINT_TELEA)
