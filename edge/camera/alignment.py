"""How well two texts, or a read and a text, lie beside one another. Base of tracking and fusion.

Networks drop a narrow character or see one in a bolt, so texts are compared by alignment (Needleman & Wunsch, 1970),
never position by position.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.camera.scene import Character

UNLIKELY = 0.004
"""What a read is taken to think of a character that it does not list: networks are too sure of themselves."""

MISSED = 0.01
"""How often a reader overlooks a character that is there."""


def distance(a: str, b: str) -> int:
    """Edits (insert, delete, replace) that turn one text into the other (Levenshtein, 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def similarity(a: str, b: str) -> float:
    """1 for the same text, 0 for nothing in common."""
    longest = max(len(a), len(b))
    return 1 - distance(a, b) / longest if longest else 1.0


def likelihood(characters: Sequence[Character], text: str) -> float:
    """Log-probability of a read if `text` stood on the plate: the best alignment's."""
    return _best_path(characters, text)[0]


def matched(characters: Sequence[Character], text: str) -> list[Character | None]:
    """For each character of `text`, the position of the read that stands for it, or None where the read has a gap."""
    return _best_path(characters, text)[1]


def _best_path(characters: Sequence[Character], text: str) -> tuple[float, list[Character | None]]:
    steps = _steps(characters, text)
    n, m = len(characters), len(text)
    score = [[-math.inf] * (m + 1) for _ in range(n + 1)]
    came: list[list[tuple[int, int]]] = [[(0, 0)] * (m + 1) for _ in range(n + 1)]
    score[0][0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            for di, dj, gain in steps(i, j):
                if score[i][j] + gain > score[i + di][j + dj]:
                    score[i + di][j + dj] = score[i][j] + gain
                    came[i + di][j + dj] = (di, dj)
    return score[n][m], _walk_back(characters, came, m)


def _steps(characters: Sequence[Character], text: str) -> Callable[[int, int], list[tuple[int, int, float]]]:
    """From (read position, text position): the ways on, each with its log-probability."""
    missed = math.log(MISSED)

    def ways(i: int, j: int) -> list[tuple[int, int, float]]:
        found = []
        if i < len(characters) and j < len(text):
            found.append((1, 1, math.log(_probability(characters[i], text[j]))))
        if i < len(characters):  # the read saw something that is not there; the surer it was, the less likely
            found.append((1, 0, math.log(max(1 - characters[i].probability, MISSED))))
        if j < len(text):
            found.append((0, 1, missed))
        return found

    return ways


def _probability(character: Character, wanted: str) -> float:
    return max(dict(character.options).get(wanted, 0.0), UNLIKELY)


def _walk_back(characters: Sequence[Character], came: list[list[tuple[int, int]]], m: int) -> list[Character | None]:
    found: list[Character | None] = [None] * m
    i, j = len(characters), m
    while i or j:
        di, dj = came[i][j]
        if di and dj:
            found[j - 1] = characters[i - 1]
        i, j = i - di, j - dj
    return found
