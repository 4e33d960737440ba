"""A plate's pattern → the walks along the store's indexes that meet the fewest plates; the rest is compared on the way.

    123*    → sighting_fold                  *3ABC → sighting_reverse          7*2?K → sighting_ends
    *3AB*   → sighting_part2 … 10, fold      ?B?D* → sighting_part2, once for each character that the second ? may be
    *A*1*7* → no walk at all: back through time (`trios`)

What a way costs is reckoned beforehand: a look into the index for each beginning, and the plates that such a beginning
has among ten million.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, and_

from edge.desk.store.tables import PART_MIN, PARTS, long_enough, part, sighting
from edge.record.plate_text import FOLDED, LENGTH_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

AFTER_LAST: Final = "\x7f"
"""Behind every letter and digit: the end of a range over a prefix."""
PLATES: Final = 10_000_000
"""In which a search shall be quick."""
KINDS: Final = 22
"""About as many different characters as there would be if all were equally frequent."""
LENGTH: Final = 7
"""Of most plates."""
PAGE: Final = 100
UNKNOWN_MAX: Final = 2
"""Of single unknown characters in a beginning, which is looked up with each character in their place."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Ranges of one index, and what else must hold of the plates in them."""

    index: str
    key: ColumnElement[str]
    """What the index is sorted by."""
    start: str
    """With what it begins; each `?` stands for every character in turn."""
    where: tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class _Way:
    cost: float
    walks: tuple[Walk, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of a pattern that begins and ends with a known character and has no `*`."""

    text: str
    first: int
    """The earliest place in a plate where it can begin, counted from 1."""
    floats: bool
    """Whether it can begin later too: there is a `*` before it."""
    may_end: bool
    """Whether a plate can end with it."""

    @property
    def places(self) -> range:
        """Where it can begin."""
        return range(self.first, LENGTH_MAX - len(self.text) + 2 if self.floats else self.first + 1)


def walks(folded: str, unknown_max: int = UNKNOWN_MAX) -> tuple[Walk, ...]:
    """For a folded pattern that pins down three characters or more. None at all: go back through time.

    Two walks may meet the same plate; together they meet every one that fits. `unknown_max`: of the single unknown
    characters that a beginning may have.
    """
    folded = re.sub(r"\*+", "*", folded)
    if not set("*?") & set(folded):
        return (Walk("sighting_fold", sighting.c.fold, folded, (sighting.c.fold == folded,)),)
    through_time = _Way(min(PLATES, PAGE / _share(folded)), ())
    return min((through_time, *_ways(folded, unknown_max)), key=lambda way: way.cost).walks


def like(pattern: str) -> str:
    """For LIKE. A normalised pattern holds letters, digits, `*` and `?` alone, so nothing needs escaping."""
    return pattern.replace("*", "%").replace("?", "_")


def literals(pattern: str) -> str:
    """The characters that it pins down, in their order."""
    return re.sub(r"[*?]", "", pattern)


def _share(folded: str) -> float:
    """About how many of all plates a pattern fits."""
    stars = folded.count("*")
    free = max(0, LENGTH - len(folded) + stars)
    arrangements = comb(free + stars - 1, stars - 1) if stars else 1
    return min(1.0, arrangements * KINDS ** -float(len(literals(folded))))


def _ways(folded: str, unknown_max: int) -> Iterator[_Way]:
    fits = sighting.c.fold.like(like(folded))
    yield from _by_both_ends(folded, fits)
    yield from _from_the_back(folded, unknown_max)
    for window in _windows(folded, unknown_max):
        if window.first + PART_MIN <= len(folded.replace("*", "")) or window.first == 1:
            yield _inside(window, folded, fits)


def _by_both_ends(folded: str, fits: ColumnElement[bool]) -> Iterator[_Way]:
    head = re.match(r"[^*?]*", folded)
    assert head is not None
    if head.group() and folded[-1] not in "*?":
        ends = sighting.c.ends == folded[0] + folded[-1]
        walk = Walk("sighting_ends", sighting.c.fold, head.group(), (ends, fits))
        yield _Way(_cost(1, 1, len(head.group()) + 1), (walk,))


def _from_the_back(folded: str, unknown_max: int) -> Iterator[_Way]:
    tail = folded[::-1].split("*", maxsplit=1)[0]
    for end in range(1, len(tail) + 1):
        if tail[end - 1] != "?" and tail[:end].count("?") <= unknown_max:
            yield _Way(_cost(1, *_weight(tail[:end])), (_backwards(tail[:end], folded),))


def _windows(folded: str, unknown_max: int) -> Iterator[_Window]:
    for begin, end in ((b, e) for b in range(len(folded)) for e in range(b + 1, len(folded) + 1)):
        text, before = folded[begin:end], folded[:begin]
        known_ends = text[0] not in "*?" and text[-1] not in "*?"
        # A single character that may stand anywhere is no beginning worth a walk.
        if known_ends and "*" not in text and text.count("?") <= unknown_max and ("*" not in before or len(text) > 1):
            yield _Window(
                text=text,
                first=1 + len(before.replace("*", "")),
                floats="*" in before,
                may_end=folded[end:] in {"", "*"},
            )


def _inside(window: _Window, folded: str, fits: ColumnElement[bool]) -> _Way:
    """Wherever the window may stand in a plate."""
    found = [
        Walk(f"sighting_part{place}", part(place), window.text, (long_enough(place), fits))
        for place in PARTS
        if place in window.places
    ]
    if window.first == 1:
        found.append(Walk("sighting_fold", sighting.c.fold, window.text, (fits,)))
    if window.floats and window.may_end and len(window.text) == PART_MIN:
        # The one place that no part's index has: two characters with which a plate ends.
        found.append(_backwards(window.text[::-1], folded))
    return _Way(_cost(len(found), *_weight(window.text)), tuple(found))


def _backwards(tail: str, folded: str) -> Walk:
    fits = sighting.c.reverse.like(like(folded[::-1]))
    return Walk("sighting_reverse", sighting.c.reverse, tail, (fits,))


def _weight(window: str) -> tuple[int, int]:
    """How many texts it may stand for, and how many characters it knows."""
    unknown = window.count("?")
    return len(FOLDED) ** unknown, len(window) - unknown


def _cost(places: int, starts: int, known: int) -> float:
    """In plates that are looked at; a look into the index counts as two."""
    return places * (2 * starts + PLATES * KINDS ** -float(known))


def begins(text: ColumnElement[str], prefix: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a text begins so, as a range that an index has."""
    return and_(text >= prefix, text < prefix + AFTER_LAST)
