"""Turns the network's numbers into honest probabilities, on the held-out vehicles: one temperature a head.

The held-out vehicles are few, so each is taken as it is and three times more with its plate's corners a little wrong,
as a detector gives them; sure labels only, because an unsure one says nothing of how sure to be.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.train.vehicle.batches import moved
from models.train.vehicle.validate import HEADS, truths
from models.train.vehicle.words import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.train.vehicle.prepare import Label

AGAIN = 3
"""More looks at each held-out vehicle."""
BINS = (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0001)


@dataclass(frozen=True)
class Answers:
    """What a network said of vehicles whose words are known, by head."""

    logits: dict[str, np.ndarray]
    truths: dict[str, np.ndarray]


def held_out(
    network: Callable[[np.ndarray], dict[str, np.ndarray]], pictures: list[np.ndarray], labels: list[Label]
) -> Answers:
    """The val split through the network, several looks a vehicle."""
    from models.train.vehicle.batches import around_plate

    rng = np.random.default_rng(5)
    said, known = [], []
    for picture, label in zip(pictures, labels, strict=True):
        if label.split != "val" or label.plate is None:
            continue
        crops = [around_plate(picture, label.plate), *(moved(rng, picture, label.plate) for _ in range(AGAIN))]
        said += [network(crop) for crop in crops]
        known += [label] * len(crops)
    logits = {name: np.stack([one[name] for one in said]) for name in HEADS}
    truth = {name: truths(known, name) for name in HEADS}
    for name in ("type", "color"):
        unsure = np.array([getattr(label, f"{name}_unsure") for label in known])
        truth[name] = np.where(unsure, -1, truth[name])
    return Answers(logits, truth)


def temperatures(answers: Answers) -> dict[str, float]:
    """For each head the temperature of the least log-loss."""
    return {name: _fit(answers.logits[name], answers.truths[name]) for name in HEADS}


def _fit(logits: np.ndarray, truth: np.ndarray) -> float:
    known = truth >= 0

    def loss(temperature: float) -> float:
        p = softmax(logits[known] / temperature)
        return float(-np.log(np.maximum(p[np.arange(known.sum()), truth[known]], 1e-9)).mean())

    return round(float(min(np.linspace(0.4, 3.0, 53), key=loss)), 2)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def named(logits: np.ndarray, temperature: float, words: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(number of the best word, its confidence) as the device decodes; confidence 0 where `other` is best."""
    p = softmax(logits / temperature)
    best = p.argmax(1)
    sure = p.max(1)
    return best, np.where(best == words.index(OTHER), 0.0, sure) if OTHER in words else sure


def reliability(sure: np.ndarray, right: np.ndarray) -> list[tuple[str, int, float, float]]:
    """(bin, how many, mean confidence, share right)."""
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = (sure >= low) & (sure < high) & (sure > 0)
        if inside.any():
            rows.append((f"{low:.2f}–{min(high, 1):.2f}", int(inside.sum()), float(sure[inside].mean()),
                         float(right[inside].mean())))  # fmt: skip
    return rows
