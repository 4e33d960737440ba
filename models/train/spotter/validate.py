"""How the head does on windows of held-out pictures.

The log's line says: the score that one in a hundred windows without a vehicle (roads, persons, cyclists) reaches; at
that score, by kind of picture, of windows with a vehicle the share in which it was found and boxed (overlapping by
half).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.train.spotter.windows import Feeder

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from models.train.spotter.prepare import Label
    from models.train.spotter.windows import Window

COUNT = {"boxed": 260, "filling": 60, "drawn": 160, "rendered": 160, "empty": 500}
FALSE = 0.01
SAME, TOUCHING = 0.5, 0.3
"""Overlaps from which a find is a vehicle's outline, and from which it is a vehicle at all."""
BOXED = ("boxed", "filling", "drawn", "rendered", "empty")


@dataclass(frozen=True)
class Finds:
    """The best cell of each val window that shows a boxed vehicle, or surely none."""

    logits: np.ndarray
    lies: np.ndarray
    """How well its box lies on a vehicle's, 0–1 (intersection over union)."""
    there: np.ndarray
    """1 where the window shows a vehicle."""

    def at(self, logit: float) -> dict[str, float]:
        """Shares at one threshold."""
        told = self.logits >= logit
        none = self.there == 0
        return {
            "found": round(float((told & (self.lies >= SAME)).sum() / max(1, self.there.sum())), 4),
            "vehicles": round(float((self.lies >= TOUCHING)[told].mean()) if told.any() else 0.0, 4),
            "false_windows": round(float(told[none].mean()), 4),
        }

    def false(self, share: float) -> float:
        """The logit that this share of the windows without a vehicle reaches."""
        return float(np.quantile(self.logits[self.there == 0], 1 - share))


class Validation:
    """Windows of the val split, seen by the body once."""

    def __init__(
        self, pictures: list[np.ndarray], labels: list[Label], look: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        feeder = Feeder(pictures, labels, "val", 5)
        there = {label.kind for label in labels if label.split == "val"}
        self.windows = {
            kind: [feeder.next(kind) for _ in range(count)] for kind, count in COUNT.items() if kind in there
        }
        self._seen = {kind: torch.from_numpy(np.stack([look(one.image) for one in windows]))
                      for kind, windows in self.windows.items()}  # fmt: skip

    def finds(self, head: nn.Module, kinds: tuple[str, ...] = BOXED) -> Finds:
        """Of windows of these kinds of pictures in which every vehicle is boxed and asked for, or none stands."""
        out = self._out(head)
        rows = [_best(window, logits, boxes) for kind in kinds if kind in out
                for window, logits, boxes in zip(self.windows[kind], *out[kind], strict=True)]  # fmt: skip
        logits, lies, there = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        return Finds(logits, lies, there)

    def told(self, head: nn.Module) -> str:
        """One line for the log."""
        everything = self.finds(head)
        least = everything.false(FALSE)
        parts = [f"score ≥ {1 / (1 + np.exp(-least)):.2f} ({int((everything.there == 0).sum())} without)"]
        parts += [
            f"{kind} {self.finds(head, (kind,)).at(least)['found']:.3f}"
            for kind in BOXED
            if kind in self.windows and kind != "empty"
        ]
        return "  ".join(parts)

    def _out(self, head: nn.Module) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        head.eval()
        with torch.no_grad():
            return {kind: head(seen) for kind, seen in self._seen.items()}


def _best(window: Window, logits: torch.Tensor, boxes: torch.Tensor) -> tuple[float, float, float]:
    """Logit of the best cell that is asked for, how its box lies on a vehicle's, and whether there is one."""
    score = np.where(window.asked > 0, logits.numpy(), -30.0)
    row, column = np.unravel_index(score.argmax(), score.shape)
    own = window.own > 0
    true = window.box[:, own].T
    lies = max((overlap(boxes[:, row, column].numpy(), one) for one in true), default=0.0)
    return float(score[row, column]), lies, float(own.any())


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x0, y0, x1, y1."""
    wide, high = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    inner = max(wide, 0.0) * max(high, 0.0)
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner + 1e-9))
