"""Finds against truth: matching at IoU 0.5, recall, false boxes, corner error. No torch: the bench uses it as well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.camera.pixels import letterbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Find = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]
    """Canvas (1×H×W×3, uint8) → scores (1×K) and corners (1×K×4×2)."""

SIZES = {"wide": (640, 384), "fast": (416, 256)}
SAME_PLATE = 0.4
"""Finds that overlap a better one by more than this IoU are the same plate."""


@dataclass(frozen=True)
class Outcome:
    """What came of one picture."""

    truth: NDArray[np.float32]
    """T×4×2 true corners, picture pixels."""
    by: list[str]
    scores: NDArray[np.float32]
    """F."""
    quads: NDArray[np.float32]
    """F×4×2, picture pixels."""
    match: NDArray[np.int64]
    """F: which true plate a find is, or -1."""
    canvas_widths: NDArray[np.float32]
    """T: widths of the true plates on the network's canvas."""


def onnx_find(path: Path, threads: int = 1) -> Find:
    """An exported network as a function of a canvas."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda canvas: tuple(session.run(["scores", "corners"], {"image": canvas}))  # type: ignore[return-value]


def outcome(
    find: Find,
    picture: NDArray[np.uint8],
    truth: NDArray[np.float32],
    by: list[str],
    size: tuple[int, int],
    score_min: float,
) -> Outcome:
    """One picture: find, drop doubles, match greedily from the best score down."""
    canvas, placed = letterbox(picture, *size)
    scores, quads = (part[0] for part in find(canvas[None]))
    quads, scores = quads[scores >= score_min], scores[scores >= score_min]
    kept = distinct(scores, quads)
    return matched(scores[kept], placed.back(quads[kept]), truth, by, placed.scale)


def matched(
    scores: NDArray[np.float32],
    quads: NDArray[np.float32],
    truth: NDArray[np.float32],
    by: list[str],
    scale: float,
) -> Outcome:
    """Finds (F, F×4×2, best first) against one picture's truth, which the network saw at `scale`."""
    match = np.full(len(scores), -1)
    overlaps = iou(hulls(quads), hulls(truth))
    for i in range(len(scores)):
        free = [t for t in range(len(truth)) if t not in match[:i] and overlaps[i, t] >= 0.5]
        match[i] = max(free, key=lambda t: overlaps[i, t]) if free else -1
    widths = (truth[:, :, 0].max(axis=1) - truth[:, :, 0].min(axis=1)) * scale if len(truth) else np.zeros(0)
    return Outcome(truth, by, scores, quads, match, widths.astype(np.float32))


def without(o: Outcome, ignored: NDArray[np.float32] | None) -> Outcome:
    """The same, less the finds on no plate that overlap a rectangle (I×4) where nobody knows; None: anywhere."""
    unknown = (
        np.ones(len(o.scores), bool) if ignored is None else iou(hulls(o.quads), ignored).max(axis=1, initial=0) > 0.1
    )
    kept = (o.match >= 0) | ~unknown
    return replace(o, scores=o.scores[kept], quads=o.quads[kept], match=o.match[kept])


def distinct(scores: NDArray[np.float32], quads: NDArray[np.float32]) -> list[int]:
    """Indices of the finds (F, F×4×2, falling scores) that are no double of a better one."""
    overlaps = iou(hulls(quads), hulls(quads))
    kept: list[int] = []
    for i in range(len(scores)):
        if all(overlaps[i, j] <= SAME_PLATE for j in kept):
            kept.append(i)
    return kept


def hulls(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×4×2 → N×4 upright rectangles."""
    quads = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×4 and M×4 upright rectangles → N×M."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = np.clip(high - low, 0, None).prod(axis=2)
    area = [np.clip(r[:, 2:] - r[:, :2], 1e-6, None).prod(axis=1) for r in (a, b)]
    return inner / (area[0][:, None] + area[1][None] - inner)  # type: ignore[no-any-return]


def false(o: Outcome) -> NDArray[np.bool_]:
    """F: which finds are no plate's, not even loosely: no labelled plate shares 0.3 of the smaller of the two areas."""
    return (o.match < 0) & ~touching(o.quads, hulls(o.truth))


def touching(quads: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """F: which of the quads (F×4×2) share 0.3 of the smaller area with one of the upright boxes (B×4)."""
    own = hulls(quads)
    sides = np.minimum(own[:, None, 2:], boxes[None, :, 2:]) - np.maximum(own[:, None, :2], boxes[None, :, :2])
    areas = [np.clip(r[:, 2:] - r[:, :2], 1e-6, None).prod(axis=1) for r in (own, boxes)]
    shared = np.clip(sides, 0, None).prod(axis=2) / np.minimum(areas[0][:, None], areas[1][None])
    return shared.max(axis=1, initial=0) >= 0.3  # type: ignore[no-any-return]


def summary(outcomes: list[Outcome], score_min: float) -> str:
    """Recall, false boxes an image, and the corner error where corners are known."""
    s = figures(outcomes, score_min)
    share, wrong = s["found"] / max(1, s["plates"]), s["false"] / len(outcomes)
    return (
        f"recall {s['found']}/{s['plates']} = {share:.3f}, false {wrong:.3f} an image, corner error "
        f"{s['corner_source']:.3f} (true corners) {s['corner_auto']:.3f} (fitted) of the width, AP {s['ap']:.4f}"
    )


def figures(outcomes: list[Outcome], score_min: float) -> dict[str, Any]:
    """Counts at one threshold, mean corner errors, and the area under recall over precision."""
    hits = sum(int(found(o, score_min).sum()) for o in outcomes)
    wrong = sum(int((false(o) & (o.scores >= score_min)).sum()) for o in outcomes)
    plates = sum(len(o.truth) for o in outcomes)
    errors: dict[str, list[float]] = {"source": [], "auto": []}
    for o in outcomes:
        for quad, match in zip(o.quads[o.scores >= score_min], o.match[o.scores >= score_min], strict=True):
            if match >= 0 and o.by[match] in errors:
                errors[o.by[match]].append(corner_error(quad, o.truth[match]))
    return {
        "found": hits,
        "false": wrong,
        "plates": plates,
        "ap": _ap(outcomes, plates),
        **{f"corner_{by}": float(np.mean(values)) if values else float("nan") for by, values in errors.items()},
    }


def corner_error(quad: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean distance of the four corners as a share of the plate's width."""
    width = (np.linalg.norm(truth[1] - truth[0]) + np.linalg.norm(truth[2] - truth[3])) / 2
    return float(np.linalg.norm(quad - truth, axis=1).mean() / max(width, 1e-3))


def found(o: Outcome, score_min: float) -> NDArray[np.bool_]:
    """T: which true plates have a find."""
    matched = set(o.match[o.scores >= score_min].tolist())
    return np.array([t in matched for t in range(len(o.truth))], bool)


def _ap(outcomes: list[Outcome], plates: int) -> float:
    scores = np.concatenate([o.scores for o in outcomes])
    hits = np.concatenate([o.match for o in outcomes]) >= 0
    order = np.argsort(-scores)
    true = np.cumsum(hits[order])
    precision = true / np.arange(1, len(true) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * hits[order]).sum() / max(1, plates))
