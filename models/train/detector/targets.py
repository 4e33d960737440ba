"""What the network should have said: a canvas's plates as dense maps at stride 8, and the loss against them.

Score: a Gaussian around each plate's centre, 1 in the cell that holds it, so that neighbouring cells share a plate
instead of fighting over it; a focal weight that is the distance from the target (quality focal loss, Li et al. 2020).
Shape: each cell near the centre is asked for all four corners; errors count as shares of the plate's own width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.train.detector.network import STRIDE, corners
from models.train.detector.scenes import CORNER_TRUST, IGNORE, LOOSE, SOFT, Canvas

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPREAD = 0.13
"""Standard deviation of the Gaussian as a share of the plate's width and height, at least `CELL_SPREAD` cells."""
CELL_SPREAD = 0.55
LEFT_ALONE = {SOFT: 0.75, LOOSE: 0.3}
"""Where a photograph's plates may not all be boxed, scores above this are left alone."""


class Target(NamedTuple):
    """Dense maps of one canvas, h×w cells (with a leading N in a batch)."""

    score: NDArray[np.float32]
    """h×w, 0–1."""
    weight: NDArray[np.float32]
    """h×w: 1; less inside large plates, whose many cells are one plate; 0 where nobody knows."""
    limit: NDArray[np.float32]
    """h×w: a score above this is left alone; above 1 where every plate is known."""
    quad: NDArray[np.float32]
    """h×w×4×2, canvas pixels."""
    pull: NDArray[np.float32]
    """h×w: weight of a cell's box in the loss; sums to 1 over each plate."""
    trust: NDArray[np.float32]
    """h×w: weight of its corners."""


def dense(canvas: Canvas) -> Target:
    """Write a canvas's plates into maps; where two plates claim a cell, the nearer centre has it."""
    height, width = canvas.picture.shape[0] // STRIDE, canvas.picture.shape[1] // STRIDE
    cells = canvas.truth.reshape(height, STRIDE, width, STRIDE).transpose(0, 2, 1, 3).reshape(height, width, -1)
    target = Target(
        score=np.zeros((height, width), np.float32),
        weight=np.where((cells == IGNORE).mean(axis=2) > 0.3, 0, 1).astype(np.float32),
        limit=np.full((height, width), 2, np.float32),
        quad=np.zeros((height, width, 4, 2), np.float32),
        pull=np.zeros((height, width), np.float32),
        trust=np.zeros((height, width), np.float32),
    )
    for kind, limit in LEFT_ALONE.items():
        target.limit[(cells == kind).mean(axis=2) > 0.5] = limit
    for quad, by in zip(canvas.quads, canvas.by, strict=True):
        _write(target, quad, CORNER_TRUST[by])
    return target


def _write(target: Target, quad: NDArray[np.float32], trust: float) -> None:
    """One plate into the maps."""
    height, width = target.score.shape
    low, high = quad.min(axis=0), quad.max(axis=0)
    centre = (low + high) / 2 / STRIDE - 0.5  # the hull's, so that boxes and quads agree
    spread = np.maximum((high - low) / STRIDE * SPREAD, CELL_SPREAD)
    x0, y0 = np.clip(np.floor(centre - 3 * spread), 0, [width - 1, height - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(centre + 3 * spread) + 1, 1, [width, height]).astype(int)
    dx = (np.arange(x0, x1)[None] - centre[0]) / spread[0]
    dy = (np.arange(y0, y1)[:, None] - centre[1]) / spread[1]
    bell = np.exp(-(dx * dx + dy * dy) / 2).astype(np.float32)
    bell /= bell.max()
    place = np.s_[y0:y1, x0:x1]
    mine = bell > np.maximum(target.score[place], 0.02)
    target.score[place][mine] = bell[mine]
    target.weight[place][mine] = 1 / max(1.0, float(np.sqrt(bell.sum() / 2.5)))
    target.limit[place][mine] = 2
    near = mine & (bell > 0.3)
    target.quad[place][near] = quad
    target.pull[place][near] = bell[near] / bell[bell > 0.3].sum()
    target.trust[place][near] = trust


def batch(canvases: list[Canvas]) -> tuple[Tensor, dict[str, Tensor]]:
    """N canvases of one size → pictures (N×H×W×3, uint8) and the stacked maps."""
    pictures = torch.from_numpy(np.stack([canvas.picture for canvas in canvases]))
    targets = [dense(canvas) for canvas in canvases]
    return pictures, {name: torch.from_numpy(np.stack([getattr(t, name) for t in targets])) for name in Target._fields}


def loss(logits: Tensor, shapes: Tensor, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Logits N×1×h×w and shapes N×9×h×w against the maps: the three parts of the loss, each a scalar."""
    plates = target["pull"].sum().clamp(min=1.0)
    logit = logits[:, 0]
    said = logit.detach().sigmoid()
    weight = target["weight"] * (target["score"] - said).abs().square()
    weight = weight * (said < target["limit"])
    score = (F.binary_cross_entropy_with_logits(logit, target["score"], reduction="none") * weight).sum() / plates

    n, y, x = torch.nonzero(target["pull"], as_tuple=True)
    quad, pull, trust = target["quad"][n, y, x], target["pull"][n, y, x], target["trust"][n, y, x]
    found = corners(shapes[n, :, y, x], x.float(), y.float())
    low, high = quad.amin(dim=1), quad.amax(dim=1)
    side = (high - low)[:, :1].clamp(min=4.0)
    corner = F.smooth_l1_loss(found / side[..., None], quad / side[..., None], beta=0.02, reduction="none").mean(
        dim=(1, 2)
    )
    box = _box_loss(found.amin(dim=1), found.amax(dim=1), low, high)
    # A plate whose corners are guessed, or known as an upright box alone, still says where its box ends.
    return {
        "score": score,
        "box": (box * pull).sum() / plates,
        "corner": (corner * pull * trust).sum() / plates,
    }


def _box_loss(low: Tensor, high: Tensor, true_low: Tensor, true_high: Tensor) -> Tensor:
    """1 − generalised IoU of upright boxes given by their corners (P×2 each); P."""
    inner = (torch.minimum(high, true_high) - torch.maximum(low, true_low)).clamp(min=0).prod(dim=1)
    union = (high - low).prod(dim=1) + (true_high - true_low).prod(dim=1) - inner
    outer = (torch.maximum(high, true_high) - torch.minimum(low, true_low)).prod(dim=1)
    return 1 - inner / union + (outer - union) / outer
