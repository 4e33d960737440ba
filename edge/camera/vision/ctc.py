"""From the reader's columns to a text: the most probable one, how probable, and what each character may be instead.

Method: the network gives 64 columns, each a distribution over blank and 36 characters. A text's probability is the sum
over all ways to spread its characters over the columns (CTC: Graves et al., 2006). A prefix beam search finds the best
text, the forward-backward recursion its probability and where each character stands, and the columns where it stands
say what else it may be. Training evaluates with this file too, so that desk and pole cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.odds import log_odds, probability
from edge.camera.plates import ALPHABET
from edge.camera.scene import Character

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLANK = 0
BEAM = 6
"""Prefixes kept: more changed no read of the val split."""
SEEN = 0.004
"""A class less probable than this in a column is not tried there."""
CLEAR = 0.8
"""When the best class of every column is more probable than this, the best path is the best text."""
IDLE = 0.9995
"""From this probability of blank on, a column is surely blank."""
OPTIONS_MAX = 5
"""Alternatives kept for a character."""
LIMIT = 12.0
"""Log-odds of the features stay within ± this."""
_FLOOR = 1e-9
_Beams = dict[tuple[int, ...], tuple[float, float]]
"""Prefix → its probability when it ends in a blank, and when it ends in its last character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What the columns say."""

    characters: tuple[Character, ...]
    """Empty when the best text is none."""
    log_probability: float
    """Natural logarithm of the best text's probability, all alignments together."""

    @property
    def text(self) -> str:
        """The best character of each position."""
        return "".join(character.best for character in self.characters)

    @property
    def features(self) -> tuple[float, float]:
        """(x, y) for the calibration: log-odds of the whole text, and of its least sure character; each within ±12."""
        weakest = min((character.probability for character in self.characters), default=0.0)
        return log_odds(float(np.exp(self.log_probability)), LIMIT), log_odds(weakest, LIMIT)


def decode(logits: NDArray[np.float32], temperature: float = 1.0) -> Decoded:
    """Columns' logits (T×37, blank first, then `ALPHABET`) → the best text with its probabilities."""
    probabilities = _without_idle(_softmax(np.asarray(logits, np.float64) / temperature))
    text = best_text(probabilities)
    if not text:
        return Decoded(characters=(), log_probability=float(np.log(np.maximum(probabilities[:, BLANK], _FLOOR)).sum()))
    log_probability, standing = _align(probabilities, text)
    characters = tuple(_character(probabilities, standing[:, i], c) for i, c in enumerate(text))
    return Decoded(characters=characters, log_probability=min(0.0, log_probability))


def decode_known(logits: NDArray[np.float32], text: str) -> tuple[float, NDArray[np.float64]]:
    """(log-probability of a given text, T×n probability that column t belongs to its character i): for training."""
    probabilities = _softmax(np.asarray(logits, np.float64))
    return _align(probabilities, tuple(ALPHABET.index(c) + 1 for c in text))


def whole_text_confidence(decoded: Decoded, coefficients: tuple[float, float, float]) -> float:
    """Calibrated probability that the text is exactly right: sigmoid(a·x + b·y + c) of the features; 0 without text."""
    if not decoded.characters:
        return 0.0
    a, b, c = coefficients
    x, y = decoded.features
    return probability(a * x + b * y + c)


def best_text(probabilities: NDArray[np.float64]) -> tuple[int, ...]:
    """Most probable class sequence of T×37 probabilities, by prefix beam search where any column is in doubt."""
    if probabilities.max(axis=1).min() > CLEAR:
        path = probabilities.argmax(axis=1).tolist()
        return tuple(c for c, before in zip(path, [BLANK, *path[:-1]], strict=True) if c not in (BLANK, before))
    beams: _Beams = {(): (1.0, 0.0)}
    for column in probabilities.tolist():
        beams = _advance(beams, column)
    return max(beams, key=lambda prefix: sum(beams[prefix]))


def _advance(beams: _Beams, column: list[float]) -> _Beams:
    grown: _Beams = {}
    blank = column[BLANK]
    tried = [(c, p) for c, p in enumerate(column) if p > SEEN and c != BLANK]
    for prefix, (in_blank, in_character) in beams.items():
        last = prefix[-1] if prefix else BLANK
        stay = in_character * column[last] if prefix else 0.0
        before = grown.get(prefix, (0.0, 0.0))
        grown[prefix] = (before[0] + (in_blank + in_character) * blank, before[1] + stay)
        for character, p in tried:
            reached = in_blank * p if character == last else (in_blank + in_character) * p
            longer = (*prefix, character)
            was = grown.get(longer, (0.0, 0.0))
            grown[longer] = (was[0], was[1] + reached)
    kept = sorted(grown.items(), key=lambda item: -(item[1][0] + item[1][1]))[:BEAM]
    total = sum(kept[0][1]) or 1.0  # rescaled, so that sixty-four columns don't underflow
    return {prefix: (b / total, c / total) for prefix, (b, c) in kept}


def _align(probabilities: NDArray[np.float64], text: tuple[int, ...]) -> tuple[float, NDArray[np.float64]]:
    """(log-probability of the text, T×n probability that column t belongs to character i), by forward-backward.

    Each step is rescaled to sum 1, which keeps it in plain probabilities and one small matrix product a column.
    """
    states = np.full(2 * len(text) + 1, BLANK)
    states[1::2] = text
    emitted = np.maximum(probabilities[:, states], _FLOOR)
    moves = np.eye(len(states)) + np.eye(len(states), k=1)
    into = np.arange(3, len(states), 2)
    moves[into - 2, into] = states[into] != states[into - 2]  # over a blank left out, unless a character repeats
    start = np.zeros(len(states))
    start[:2] = 1.0
    forward, scale = _sweep(emitted, moves, start)
    backward, _ = _sweep(emitted[::-1], moves.T, start[::-1])
    log_probability = scale + float(np.log(max(forward[-1, -2:].sum(), _FLOOR)))
    together = forward * backward[::-1] / emitted
    standing = together / np.maximum(together.sum(axis=1, keepdims=True), 1e-300)
    return log_probability, standing[:, 1::2]


def _sweep(
    emitted: NDArray[np.float64], moves: NDArray[np.float64], start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """CTC's forward variables, T×S, each row scaled to sum 1, and the logarithm of all the scales together."""
    rows = np.empty_like(emitted)
    reached, scale = start, 0.0
    for t, column in enumerate(emitted):
        row = (reached if t == 0 else reached @ moves) * column
        total = max(float(row.sum()), 1e-300)
        rows[t] = reached = row / total
        scale += float(np.log(total))
    return rows, scale


def _character(probabilities: NDArray[np.float64], standing: NDArray[np.float64], best: int) -> Character:
    """What stands in a character's columns, blanks aside, the chosen character first; the sum is at most 1."""
    weights = standing * probabilities[:, 1:].sum(axis=1)
    shares = probabilities[:, 1:] / np.maximum(probabilities[:, 1:].sum(axis=1, keepdims=True), _FLOOR)
    mixed = (weights[:, None] * shares).sum(axis=0) / max(float(weights.sum()), _FLOOR)
    first = best - 1
    ranked = [int(i) for i in np.argsort(-mixed)[:OPTIONS_MAX]]
    others = [i for i in ranked if i != first and mixed[i] > 0.001][: OPTIONS_MAX - 1]
    chosen = float(mixed[first])
    options = [(ALPHABET[first], chosen)] + [(ALPHABET[i], min(float(mixed[i]), chosen)) for i in others]
    return Character(tuple(options))


def _without_idle(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Runs of columns that are surely blank, each as one: it halves the work and costs no read."""
    idle = probabilities[:, BLANK] > IDLE
    again = np.concatenate([[False], idle[1:] & idle[:-1]])
    kept: NDArray[np.float64] = probabilities[~again]
    return kept


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
