"""A spotter's outputs → where vehicles stand in its square, each as sure as it is.

- `vehicle-spotter/1`, ours: `score` 1×C×C (calibrated probabilities) and `box` 1×4×C×C (left, top, right, bottom in
  shares of the square), one of each for every cell. A cell is a vehicle's where none of its neighbours scores higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.vision.adapters import Mismatch, Outputs, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edge.camera.vision.manifest import Entry

    Spotted = tuple[NDArray[np.float32], NDArray[np.float32]]
    """Scores (N, falling) and boxes (N×4, shares of the square)."""

NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Spotting:
    """One adapter."""

    outputs: tuple[str, ...]
    wrong: Callable[[Entry, Outputs], Mismatch | None]
    decode: Callable[[Outputs, float], Spotted]


def _wrong(_: Entry, outputs: Outputs) -> Mismatch | None:
    score, box = outputs
    cells = score.shape[1:]
    if score.shape != (1, *cells) or len(cells) != 2:
        return Mismatch("score 1×C×C", shape_of(score))
    if box.shape != (1, 4, *cells):
        return Mismatch(f"box 1×4×{cells[0]}×{cells[1]}", shape_of(box))
    return None


def _decode(outputs: Outputs, score_min: float) -> Spotted:
    """Every peak that reaches `score_min`."""
    score, box = np.asarray(outputs[0][0], np.float32), np.asarray(outputs[1][0], np.float32)
    peaks = (score >= cv2.dilate(score, NEIGHBOURS)) & (score >= score_min)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-score[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    return score[rows, columns], np.clip(box[:, rows, columns].T, 0.0, 1.0)


SPOTTING: dict[str, Spotting] = {"vehicle-spotter/1": Spotting(("score", "box"), _wrong, _decode)}
