"""A photograph's reads, settled: of the texts that they thought of, the likeliest, and how sure that is.

A pass has its frames and their vote (`fusion`). A photograph has one crop, so it is looked at several times, each time
a little otherwise (`pixels.glances`); the looks' log-probabilities are averaged, and the shapes of serials are weighed
as in a vote. The reads themselves do not change: what was chosen is a read of its own.
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
    """One of the texts that the reads may be."""

    characters: tuple[Character, ...]
    """As the first look shows them."""
    posterior: float
    """Its probability once the shapes are weighed."""
    weakest: float
    """Of its characters the least sure one's probability, on average over the looks."""
    likelihood: float
    """What the columns give to it: the looks' geometric mean."""

    @property
    def features(self) -> tuple[float, float, float]:
        """(x, y, z) for the calibration: log-odds of `posterior`, `weakest` and `likelihood`."""
        x, y, z = (log_odds(p, ctc.LIMIT) for p in (self.posterior, self.weakest, self.likelihood))
        return x, y, z


def choose(reads: Sequence[Read]) -> Choice | None:
    """The likeliest text; None when no look has one, or no columns to weigh them by."""
    seen = [read.columns for read in reads if read.columns is not None]
    texts = list(dict.fromkeys(text for read in reads for text in read.texts))
    if not seen or not texts:
        return None
    given = np.mean([np.maximum(ctc.log_probabilities(columns, texts), ctc.LEAST) for columns in seen], axis=0)
    weighed = given + serials.weigh(texts, reads[0].regions)
    best = int(weighed.argmax())
    share = 1 / float(np.exp(weighed - weighed[best]).sum())
    told = [ctc.told(columns, texts[best]) for columns in seen]
    return Choice(
        characters=told[0],
        posterior=share * min(1.0, float(np.exp(given).sum())),
        weakest=float(np.mean([[c.probability for c in characters] for characters in told], axis=0).min()),
        likelihood=float(np.exp(given[best])),
    )


def settled(reads: Sequence[Read], weights: Sequence[float]) -> Read:
    """The likeliest text as a read, its confidence sigmoid(a·x + b·y + c·z + d); the first read where none can tell."""
    choice = choose(reads)
    if choice is None:
        return reads[0]
    a, b, c, d = weights
    x, y, z = choice.features
    return replace(reads[0], characters=choice.characters, confidence=probability(a * x + b * y + c * z + d))
