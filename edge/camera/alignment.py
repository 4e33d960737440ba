"""How well two texts lie beside one another. Base of tracking.

Networks drop a narrow character or see one in a bolt, so texts are compared by edits, never position by position.
"""

from __future__ import annotations


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
