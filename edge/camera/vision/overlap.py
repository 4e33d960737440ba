"""Quads that show the same plate: how much they overlap, and which of them to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_PLATE = 0.4
"""Two finds whose upright rectangles overlap by more than this (intersection over union) are one plate."""
INSIDE = 0.75
"""So are two of which one lies inside the other by this share of its area: half a plate, or a plate and its frame."""


def hulls(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×4×2 corners → N×4 upright rectangles x0, y0, x1, y1."""
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def distinct(scores: NDArray[np.float32], quads: NDArray[np.float32]) -> NDArray[np.intp]:
    """Which of N finds (N, N×4×2) are no double of a better one, best first."""
    order = np.argsort(-scores, kind="stable")
    same = _same(hulls(quads[order]))
    kept = np.ones(len(order), bool)
    for n in range(1, len(order)):  # a few dozen at most; the overlaps are all there already
        kept[n] = not (same[n, :n] & kept[:n]).any()
    return np.asarray(order[kept])


def overlaps(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×4 and M×4 upright rectangles → N×M intersections over unions."""
    common, area_a, area_b = _areas(a, b)
    return np.asarray(common / (area_a + area_b - common), np.float32)


def _same(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """N×N: whether two rectangles are one plate."""
    common, area_a, area_b = _areas(boxes, boxes)
    return np.asarray(
        (common > SAME_PLATE * (area_a + area_b - common)) | (common > INSIDE * np.minimum(area_a, area_b))
    )


def _areas(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """N×M common areas, N×1 and 1×M own ones."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    own = [np.clip(boxes[:, 2:] - boxes[:, :2], 1e-6, None).prod(axis=1) for boxes in (a, b)]
    return common, own[0][:, None], own[1][None, :]
