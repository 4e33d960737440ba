"""Turns the network's numbers into honest probabilities, on the held-out plates.

Fitted are the temperature of the text columns, the logistic curve of the whole text's confidence over
`ctc.Decoded.features`, that of a settled read over `settle.Choice.features`, and the temperature of the region head
with the probability from which it names one region.
The held-out plates are used as they are and four times more seen from afar, so that there are misreads enough.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.plates import fold
from edge.camera.vision.settle import choose

if TYPE_CHECKING:
    from edge.camera.scene import Read
from edge.camera.ctc import Decoded, decode, whole_text_confidence

TEMPERATURES = (0.8, 1.0)
"""Tried for the text columns. Higher ones suit single reads a little, and spoil votes, which need the columns' odds."""
NAMES_ONE_RIGHT = 0.93
"""Share of the named regions that shall be right: the threshold is the lowest that keeps it."""
RIDGE = 1e-3


@dataclass(frozen=True)
class Calibration:
    """What the manifest keeps."""

    temperature: float
    """Divides the text's logits before everything else."""
    whole_text: tuple[float, float, float]
    """a, b, c of sigmoid(a·x + b·y + c): x log-odds of the text's CTC probability, y of its least sure character."""
    region_temperature: float
    region_names_one: float
    settled: tuple[float, float, float, float] | None = None
    """a, b, c, d of sigmoid(a·x + b·y + c·z + d) over `settle.Choice.features`."""
    """The best region is named when its probability reaches this."""

    def told(self) -> dict[str, object]:
        """For YAML: rounded, tuples as lists."""
        return {
            k: [round(x, 4) for x in v] if isinstance(v, tuple) else round(v, 4)
            for k, v in asdict(self).items()
            if v is not None
        }


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^−x)."""
    return 1 / (1 + np.exp(-np.clip(x, -40, 40)))


def logistic(features: np.ndarray, right: np.ndarray, steps: int = 50) -> tuple[np.ndarray, float]:
    """Weights (last one constant) that minimise the log-loss, by Newton's method, and that loss."""
    x = np.concatenate([features, np.ones((len(features), 1))], 1)
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        p = sigmoid(x @ weights)
        slope = x.T @ (p - right) / len(x) + RIDGE * weights
        curve = (x * (p * (1 - p))[:, None]).T @ x / len(x) + RIDGE * np.eye(x.shape[1])
        weights = weights - np.linalg.solve(curve, slope)
    p = np.clip(sigmoid(x @ weights), 1e-6, 1 - 1e-6)
    return weights, float(-np.mean(right * np.log(p) + (1 - right) * np.log(1 - p)))


def fit_text(logits: np.ndarray, truths: list[str], temperature: float) -> tuple[tuple[float, float, float], float]:
    """(whole-text coefficients, log-loss) over plates [N,T,37] and what they say (empty: nothing)."""
    reads = [decode(one, temperature) for one in logits]
    said = [i for i, read in enumerate(reads) if read.characters]
    right = np.array([fold(reads[i].text) == fold(truths[i]) for i in said], float)
    (a, b, c), loss = logistic(np.array([reads[i].features for i in said]), right)
    return (float(a), float(b), float(c)), loss


def fit_settled(glanced: list[list[Read]], truths: list[str]) -> tuple[tuple[float, float, float, float], float, float]:
    """(coefficients, log-loss, share right) over each crop's glances, as `settle` chooses among their texts."""
    chosen = [(choice, truth) for reads, truth in zip(glanced, truths, strict=True) if (choice := choose(reads))]
    right = np.array([fold("".join(c.best for c in choice.characters)) == fold(truth) for choice, truth in chosen])
    (a, b, c, d), loss = logistic(np.array([choice.features for choice, _ in chosen]), right.astype(float))
    return (float(a), float(b), float(c), float(d)), loss, float(right.mean())


def fit_region(logits: np.ndarray, truths: np.ndarray) -> tuple[float, float]:
    """(temperature, probability from which one is named) over plates [N,R] and their region numbers."""

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        logs = (
            scaled
            - np.log(np.exp(scaled - scaled.max(1, keepdims=True)).sum(1, keepdims=True))
            - scaled.max(1, keepdims=True)
        )
        return float(-logs[np.arange(len(truths)), truths].mean())

    temperature = min(np.linspace(0.5, 2.5, 41), key=loss)
    p = softmax(logits / temperature)
    best, right = p.max(1), p.argmax(1) == truths
    for threshold in np.arange(0.2, 0.95, 0.01):
        if right[best >= threshold].mean() >= NAMES_ONE_RIGHT:
            return float(temperature), float(threshold)
    return float(temperature), 0.95


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def reliability(confidences: np.ndarray, right: np.ndarray) -> list[tuple[str, int, float, float]]:
    """(bin, how many, mean confidence, share right) for the card's table."""
    edges = [0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0001]
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = (confidences >= low) & (confidences < high)
        if inside.any():
            rows.append(
                (
                    f"{low:.2f}–{min(high, 1):.2f}",
                    int(inside.sum()),
                    float(confidences[inside].mean()),
                    float(right[inside].mean()),
                )
            )
    return rows


def confidences(reads: list[Decoded], calibration: Calibration) -> np.ndarray:
    """Calibrated whole-text confidence of each read."""
    return np.array([whole_text_confidence(read, calibration.whole_text) for read in reads])
