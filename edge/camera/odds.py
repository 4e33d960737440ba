"""Probabilities as log-odds, the scale on which what several witnesses say adds up."""

from __future__ import annotations

import math


def log_odds(p: float, limit: float) -> float:
    """ln(p / (1 − p)), within ±`limit`: no witness is taken to be surer than that."""
    if p <= 0 or p >= 1:
        return math.copysign(limit, p - 0.5)
    return min(max(math.log(p / (1 - p)), -limit), limit)


def probability(odds: float) -> float:
    """What has these log-odds, 0–1."""
    return 1 / (1 + math.exp(-odds))
