"""Detectors' outputs → scores (N) and corners (N×4×2, pixels of the network's canvas), above a threshold.

- `corner-detector/1`, ours: `scores` 1×K (calibrated, falling) and `corners` 1×K×4×2.
- `yolo-raw/1`, YOLOv8, 9 and 11 as exported: one output 1×(4+classes)×N, rows x, y, width, height, then class scores.
- `yolo-end2end/1`, YOLOv10 and exports with their own suppression: 1×N×6 (x0, y0, x1, y1, score, class), or N×7
  (picture, x0, y0, x1, y1, class, score) as the YOLOv9 plate detectors of open-image-models have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.camera.vision.adapters import Mismatch, Outputs, shape_of
from edge.camera.vision.manifest import PLATE, Entry
from edge.camera.vision.overlap import distinct

if TYPE_CHECKING:
    from collections.abc import Callable

Found = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Scores (N) and corners (N×4×2)."""

CANDIDATES_MAX = 100
"""No road shows more plates at once; the overlaps of a thousand boxes would cost more than the network."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One adapter."""

    outputs: tuple[str, ...]
    """Names of the outputs that it wants; empty: the file's first."""
    wrong: Callable[[Entry, Outputs], Mismatch | None]
    decode: Callable[[Entry, Outputs, float], Found]
    """With the least score that counts."""


def _corner_wrong(_: Entry, outputs: Outputs) -> Mismatch | None:
    scores, corners = outputs
    if scores.ndim != 2 or scores.shape[0] != 1:
        return Mismatch("scores 1×K", shape_of(scores))
    if corners.shape != (1, scores.shape[1], 4, 2):
        return Mismatch(f"corners 1×{scores.shape[1]}×4×2", shape_of(corners))
    return None


def _corner_decode(_: Entry, outputs: Outputs, score_min: float) -> Found:
    return _above(outputs[0][0], outputs[1][0], score_min)


def _raw_wrong(entry: Entry, outputs: Outputs) -> Mismatch | None:
    rows = 4 + len(entry.labels)
    if outputs[0].ndim == 3 and outputs[0].shape[:2] == (1, rows):
        return None
    return Mismatch(f"1×{rows}×N (a box and {len(entry.labels)} labels)", shape_of(outputs[0]))


def _raw_decode(entry: Entry, outputs: Outputs, score_min: float) -> Found:
    boxes, classes = outputs[0][0, :4].T, outputs[0][0, 4:]
    plate = entry.labels.index(PLATE)
    scores = np.where(classes.argmax(axis=0) == plate, classes[plate], 0.0)
    low, high = boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2
    return _above(scores, _corners(low, high), score_min)


def _end2end_wrong(_: Entry, outputs: Outputs) -> Mismatch | None:
    found = outputs[0]
    if (found.ndim == 3 and found.shape[0] == 1 and found.shape[2] == 6) or (found.ndim == 2 and found.shape[1] == 7):
        return None
    return Mismatch("1×N×6 or N×7", shape_of(found))


def _end2end_decode(entry: Entry, outputs: Outputs, score_min: float) -> Found:
    rows = outputs[0]
    if rows.ndim == 3:
        boxes, scores, classes = rows[0, :, :4], rows[0, :, 4], rows[0, :, 5]
    else:
        boxes, classes, scores = rows[:, 1:5], rows[:, 5], rows[:, 6]
    scores = np.where(np.rint(classes) == entry.labels.index(PLATE), scores, 0.0)
    return _above(scores, _corners(boxes[:, :2], boxes[:, 2:]), score_min)


def _above(scores: NDArray[Any], quads: NDArray[Any], score_min: float) -> Found:
    """Those above the threshold, the best `CANDIDATES_MAX`, without doubles, best first."""
    chosen = np.flatnonzero(scores >= max(score_min, 1e-6))
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")[:CANDIDATES_MAX]]
    kept = chosen[distinct(scores[chosen].astype(np.float32), quads[chosen].astype(np.float32))]
    return np.clip(scores[kept], 0, 1).astype(np.float32), quads[kept].astype(np.float32)


def _corners(low: NDArray[Any], high: NDArray[Any]) -> NDArray[Any]:
    """N×2 top left and N×2 bottom right → N×4×2, clockwise from the top left."""
    return np.stack([low, np.stack([high[:, 0], low[:, 1]], 1), high, np.stack([low[:, 0], high[:, 1]], 1)], axis=1)


FINDING: dict[str, Finding] = {
    "corner-detector/1": Finding(("scores", "corners"), _corner_wrong, _corner_decode),
    "yolo-raw/1": Finding((), _raw_wrong, _raw_decode),
    "yolo-end2end/1": Finding((), _end2end_wrong, _end2end_decode),
}
