"""How the network does on the held-out vehicles, while it trains: right of all, and right where it is surest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.train.vehicle.batches import around_plate
from models.train.vehicle.words import COLORS, OTHER, TOLD_COLORS, TOLD_TYPES, TOLD_VIEWS, TYPES, VIEWS

if TYPE_CHECKING:
    from models.train.vehicle.prepare import Label

HEADS = {"type": (TYPES, TOLD_TYPES), "color": (COLORS, TOLD_COLORS), "view": (VIEWS, TOLD_VIEWS)}
NAMED = 0.85
"""The share of the vehicles on which a word shall be given."""


class Validation:
    """The val split as the device cuts it, and its true words."""

    def __init__(self, pictures: list[np.ndarray], labels: list[Label]) -> None:
        chosen = [i for i, label in enumerate(labels) if label.split == "val" and label.plate is not None]
        self.labels = [labels[i] for i in chosen]
        self.crops = np.stack([around_plate(pictures[i], labels[i].plate or (0, 0, 0, 0)) for i in chosen])
        self.truths = {name: truths(self.labels, name) for name in HEADS}


def truths(labels: list[Label], head: str) -> np.ndarray:
    """The number of the told word of each label; −1 where nobody knows."""
    learnt, told = HEADS[head]
    words = [getattr(label, head) for label in labels]
    return np.array([told.index(learnt[word]) if word in learnt else -1 for word in words])


def logits(model: torch.nn.Module, crops: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """By head, over the told words, of uint8 crops [N,S,S,3]."""
    model.eval()
    outs = []
    with torch.no_grad():
        for i in range(0, len(crops), 64):
            x = torch.from_numpy(crops[i : i + 64]).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1)
            outs.append([o.float().cpu().numpy() for o in model(x.contiguous(memory_format=torch.channels_last))])
    return dict(zip(HEADS, (np.concatenate(part) for part in zip(*outs, strict=True)), strict=True))


def validate(told: torch.nn.Module, validation: Validation, device: torch.device) -> str:
    """One line for the log: by head, right of all, right of the surest 85 %, and the log-loss."""
    out = logits(told, validation.crops, device)
    return "  ".join(f"{name} {_score(out[name], validation.truths[name], HEADS[name][1])}" for name in HEADS)


def _score(logs: np.ndarray, truth: np.ndarray, words: tuple[str, ...]) -> str:
    known = (truth >= 0) & (truth != (words.index(OTHER) if OTHER in words else -2))
    p = np.exp(logs - logs.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    best = p[:, : words.index(OTHER)] if OTHER in words else p
    right, sure = (best.argmax(1) == truth)[known], best.max(1)[known]
    surest = np.argsort(-sure)[: round(NAMED * len(sure))]
    loss = -np.log(np.maximum(p[known, truth[known]], 1e-6)).mean()
    return f"{right.mean():.3f}/{right[surest].mean():.3f} ({loss:.3f})"
