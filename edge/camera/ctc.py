"""From the reader's columns to a text: the most probable one, how probable, and what each character may be instead.

Method: the network gives 64 columns, each a distribution over blank and 36 characters. A text's probability is the sum
over all ways to spread its characters over the columns (CTC: Graves et al., 2006). A prefix beam search finds the best
text and its rivals, the forward-backward recursion their probabilities and where each character stands, and the columns
where it stands say what else it may be. Training evaluates with this file too, so that desk and pole cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.odds import log_odds, probability
from edge.camera.plates import ALPHABET
from edge.camera.scene import Character

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLANK = 0
BEAM = 6
"""Prefixes kept: more changed no read of the val split."""
TEXTS_MAX = 6
"""Texts told of one plate: what it may be, most probable first."""
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
LEAST = -8.0
"""Logarithm of what columns are taken to give at least to every text: a look that is sure and wrong must not veto the
others."""
MISSED = 0.01
"""Where only characters are known and no columns: how often one is overlooked, or seen where none is."""
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
    columns: NDArray[np.float32] | None = None
    """T×37 probabilities, blank first, runs of idle columns as one; None when there is no text."""
    texts: tuple[str, ...] = ()
    """What the columns may say: at most `TEXTS_MAX`, most probable first."""

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
    texts = _likely(probabilities)
    if not texts[0]:
        return Decoded(characters=(), log_probability=float(np.log(np.maximum(probabilities[:, BLANK], _FLOOR)).sum()))
    log_probability, characters = _told(probabilities, texts[0])
    return Decoded(
        characters=characters,
        log_probability=log_probability,
        columns=probabilities.astype(np.float32),
        texts=tuple("".join(ALPHABET[c - 1] for c in text) for text in texts if text),
    )


def told(columns: NDArray[np.float32], text: str) -> tuple[Character, ...]:
    """Columns (T×37 probabilities) taken to say `text`: its characters, and what else each may be."""
    return _told(columns.astype(np.float64), _classes(text))[1]


def log_probabilities(columns: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float64]:
    """Natural logarithms of what columns (T×37 probabilities) give to each of n texts, none of them empty."""
    classes = [_classes(text) for text in texts]
    states = np.zeros((len(texts), 2 * max(map(len, classes)) + 1), int)  # what follows a text's end stays unreached
    for row, text in zip(states, classes, strict=True):
        row[1 : 2 * len(text) : 2] = text
    over = np.zeros(states.shape, bool)  # a blank may be left out, unless a character repeats
    over[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    emitted = np.maximum(columns.astype(np.float64)[:, states], _FLOOR)
    reached = np.zeros(states.shape)
    reached[:, :2] = emitted[0][:, :2]
    scale = np.zeros(len(texts))
    for column in emitted[1:]:
        moved = reached.copy()
        moved[:, 1:] += reached[:, :-1]
        moved[:, 2:] += reached[:, :-2] * over[:, 2:]
        reached = moved * column
        whole = np.maximum(reached.sum(axis=1), 1e-300)
        reached /= whole[:, None]
        scale += np.log(whole)
    rows, ends = np.arange(len(texts)), np.array([2 * len(text) for text in classes])
    return np.asarray(np.minimum(scale + np.log(np.maximum(reached[rows, ends] + reached[rows, ends - 1], _FLOOR)), 0))


def columns_of(characters: Sequence[Character]) -> NDArray[np.float32]:
    """Columns (T×37 probabilities) that say these characters: for a read that comes with nothing else."""
    classes = 1 + len(ALPHABET)
    columns = np.full((2 * len(characters) + 1, classes), MISSED / (classes - 1))
    columns[::2, BLANK] = 1 - MISSED
    for row, character in zip(columns[1::2], characters, strict=True):
        listed = {ALPHABET.index(c) + 1: p for c, p in character.options if c in ALPHABET}
        rest = max(1 - sum(listed.values()), MISSED)
        row[:] = rest / (classes - len(listed))
        row[list(listed)] = list(listed.values())
    return np.asarray(columns / columns.sum(axis=1, keepdims=True), np.float32)


def decode_known(logits: NDArray[np.float32], text: str) -> tuple[float, NDArray[np.float64]]:
    """(log-probability of a given text, T×n probability that column t belongs to its character i): for training."""
    return _align(_softmax(np.asarray(logits, np.float64)), _classes(text))


def whole_text_confidence(decoded: Decoded, coefficients: tuple[float, float, float]) -> float:
    """Calibrated probability that the text is exactly right: sigmoid(a·x + b·y + c) of the features; 0 without text."""
    if not decoded.characters:
        return 0.0
    a, b, c = coefficients
    x, y = decoded.features
    return probability(a * x + b * y + c)


def _classes(text: str) -> tuple[int, ...]:
    return tuple(ALPHABET.index(c) + 1 for c in text)


def _told(probabilities: NDArray[np.float64], text: tuple[int, ...]) -> tuple[float, tuple[Character, ...]]:
    log_probability, standing = _align(probabilities, text)
    return min(0.0, log_probability), tuple(_character(probabilities, standing[:, i], c) for i, c in enumerate(text))


def _likely(probabilities: NDArray[np.float64]) -> list[tuple[int, ...]]:
    """The most probable class sequences of T×37 probabilities: one, or where a column is in doubt a beam's best."""
    if probabilities.max(axis=1).min() > CLEAR:
        path = probabilities.argmax(axis=1).tolist()
        return [tuple(c for c, before in zip(path, [BLANK, *path[:-1]], strict=True) if c not in (BLANK, before))]
    beams: _Beams = {(): (1.0, 0.0)}
    for column in probabilities.tolist():
        beams = _advance(beams, column)
    return sorted(beams, key=lambda prefix: -sum(beams[prefix]))[:TEXTS_MAX]


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
