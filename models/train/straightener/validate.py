"""How well held-out plates are straightened: photographs' own corners, and pasted ones that are known exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.train.detector.scenes import compose
from models.train.straightener.samples import Sample, nothing, plates

if TYPE_CHECKING:
    from models.train.detector.scenes import Pack
    from models.train.straightener.network import Straightener

CANVASES = 400


class Validation:
    """Crops of the val split's photographs, always the same."""

    def __init__(self, pack: Pack) -> None:
        rng = np.random.default_rng(77)
        self.samples: list[Sample] = []
        self.exact: list[bool] = []
        for _ in range(CANVASES):
            canvas = compose(rng, pack, (512, 320))
            for sample in plates(rng, canvas)[::3] + nothing(rng, pack, canvas, 2):
                self.samples.append(sample)
                self.exact.append(sample.trust == 1.0)

    def told(self, network: Straightener | None) -> str:
        """One line: mean corner error (share of the width; as it was, and straightened), and plates told from none."""
        crops = np.stack([sample.crop for sample in self.samples])
        moves = np.stack([sample.moves for sample in self.samples])
        said, logit = (moves * 0, np.zeros(len(moves))) if network is None else outputs(network, crops)
        left = off(said - moves)
        exact = np.array(self.exact)
        fitted = np.array([0 < sample.trust < 1 for sample in self.samples])
        plate = np.array([sample.plate for sample in self.samples])
        right = np.mean((logit > 0) == plate)
        return (
            f"error {left[exact].mean():.4f} of {exact.sum()} exact, "
            f"{left[fitted].mean():.4f} of {fitted.sum()} fitted; "
            f"above 0.06: {np.mean(left[exact] > 0.06):.3f}; plate or none right {right:.3f} of {len(plate)}"
        )


def off(moves: np.ndarray) -> np.ndarray:
    """N×4×2 moves in shares of width and height → N mean distances in shares of a 2:1 plate's width."""
    return np.linalg.norm(moves * np.array([1.0, 0.5]), axis=2).mean(axis=1)


def outputs(network: Straightener, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(moves N×4×2, logits N) of uint8 crops N×64×128×3."""
    network.eval()
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(crops[i : i + 64]).permute(0, 3, 1, 2).float() / 127.5 - 1)
            for i in range(0, len(crops), 64)
        ]
    return np.concatenate([m.numpy() for m, _ in parts]), np.concatenate([p.numpy() for _, p in parts])
