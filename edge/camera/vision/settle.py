"""A photograph's read, settled: of the texts that it may be, the one that serials make likelier, and how sure that is.

A pass has its vote (`fusion`); a photograph has one look, so the same weighing of shapes (`serials`) is done here. The
read itself does not change: what was chosen is a read of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.camera import ctc, serials
from edge.camera.odds import log_odds, probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.camera.scene import Character, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the texts that a read may be."""

    characters: tuple[Character, ...]
    posterior: float
    """Its probability once the shapes are weighed."""
    likelihood: float
    """What the columns give to it."""

    @property
    def features(self) -> tuple[float, float, float]:
        """(x, y, z) for the calibration: log-odds of the posterior, of the least sure character, of the likelihood."""
        weakest = min(character.probability for character in self.characters)
        return (
            log_odds(self.posterior, ctc.LIMIT),
            log_odds(weakest, ctc.LIMIT),
            log_odds(self.likelihood, ctc.LIMIT),
        )


def choose(read: Read) -> Choice | None:
    """The likeliest of the read's texts; None when it has none, or no columns to weigh them by."""
    if read.columns is None or not read.texts:
        return None
    given = ctc.log_probabilities(read.columns, read.texts)
    weighed = given + serials.WEIGHT * np.array([serials.log_share(text, read.regions) for text in read.texts])
    best = int(weighed.argmax())
    share = 1 / float(np.exp(weighed - weighed[best]).sum())
    return Choice(
        characters=ctc.told(read.columns, read.texts[best])[1],
        posterior=share * min(1.0, float(np.exp(given).sum())),
        likelihood=float(np.exp(given[best])),
    )


def settled(read: Read, weights: Sequence[float]) -> Read:
    """The likeliest text as a read, its confidence sigmoid(a·x + b·y + c·z + d); the same read where none can tell."""
    choice = choose(read)
    if choice is None:
        return read
    a, b, c, d = weights
    x, y, z = choice.features
    return replace(read, characters=choice.characters, confidence=probability(a * x + b * y + c * z + d))
