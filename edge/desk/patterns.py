"""A plate's pattern → walks along the store's indexes, whichever pin down most of it; the rest is compared on the way.

    123*  → sighting_fold        *3ABC → sighting_reverse       7*2?K → sighting_ends
    *3AB* → sighting_fold, and sighting_part2 … 10: what stands in a plate from its second character on, its third, …

A pattern without two characters in a row and without an end, such as `*1*2*3*`, has nothing to look up: every plate is
looked at, in the index alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_

from edge.desk.store.tables import PART_MIN, PARTS, long_enough, part, sighting
from edge.record.plate_text import LENGTH_MAX

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_AFTER_LAST: Final = "\x7f"
"""Behind every letter and digit: the end of a range over a prefix."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A range of one index, and what must hold of the plates in it."""

    index: str
    where: tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters in a row, with something unknown before and behind them."""

    text: str
    first: int
    """The earliest place in a plate where it can begin, counted from 1."""
    floats: bool
    """Whether it can begin later too: there is a `*` before it."""
    may_end: bool
    """Whether a plate can end with it."""

    @property
    def pins(self) -> int:
        """How many characters it is worth: ten walks cost one, and a single character anywhere is nothing."""
        return len(self.text) - 1 if self.floats else len(self.text)


def walks(folded: str) -> list[Walk]:
    """For a folded pattern that pins down three characters or more.

    Two walks may meet the same plate; together they meet every one that fits.
    """
    folded = re.sub(r"\*+", "*", folded)
    head, tail, run = _front(folded), _front(folded[::-1]), _longest_run(folded)
    if head == folded:
        return [Walk("sighting_fold", (sighting.c.fold == folded,))]
    pinned = {
        "ends": len(head) + 1 if head and tail else 0,
        "reverse": len(tail),
        "fold": len(head),
        "inside": run.pins if run else 0,
    }
    best = max(pinned, key=lambda way: pinned[way])  # of equals the first: it is the shortest walk
    fits = sighting.c.fold.like(like(folded))
    if best == "inside" and run:
        return [*(Walk(walk.index, (*walk.where, fits)) for walk in _inside(run)), *_at_the_end(run, folded)]
    if best == "ends" and head and tail:
        ends = sighting.c.ends == head[0] + tail[0]
        return [Walk("sighting_ends", (ends, _begins(sighting.c.fold, head), fits))]
    if best == "reverse":
        return [_backwards(tail, folded)]
    return [Walk("sighting_fold", (_begins(sighting.c.fold, head), fits))]


def like(pattern: str) -> str:
    """For LIKE. A normalised pattern holds letters, digits, `*` and `?` alone, so nothing needs escaping."""
    return pattern.replace("*", "%").replace("?", "_")


def _inside(run: _Run) -> list[Walk]:
    """Wherever the run may stand in a plate."""
    last = LENGTH_MAX if run.floats else run.first
    found = [
        Walk(f"sighting_part{place}", (long_enough(place), _begins(part(place), run.text)))
        for place in PARTS
        if run.first <= place <= last
    ]
    if run.first == 1:
        found.append(Walk("sighting_fold", (_begins(sighting.c.fold, run.text),)))
    return found


def _at_the_end(run: _Run, folded: str) -> list[Walk]:
    """The one place that no part's index has: two characters with which a plate ends."""
    return [_backwards(run.text[::-1], folded)] if run.may_end and len(run.text) == PART_MIN else []


def _backwards(tail: str, folded: str) -> Walk:
    fits = sighting.c.reverse.like(like(folded[::-1]))
    return Walk("sighting_reverse", (_begins(sighting.c.reverse, tail), fits))


def _longest_run(folded: str) -> _Run | None:
    """None when nothing but the ends is known."""
    inside = [found for found in re.finditer(r"[^*?]+", folded) if found.start() > 0 and found.end() < len(folded)]
    runs = [
        _Run(
            text=found.group(),
            first=1 + len(folded[: found.start()].replace("*", "")),
            floats="*" in folded[: found.start()],
            may_end=folded[found.end() :] == "*",
        )
        for found in inside
    ]
    return max(runs, key=lambda run: run.pins, default=None)


def _front(pattern: str) -> str:
    found = re.match(r"[^*?]*", pattern)
    assert found is not None
    return found.group()


def _begins(text: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    return and_(text >= prefix, text < prefix + _AFTER_LAST)
