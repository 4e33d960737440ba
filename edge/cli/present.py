"""How the verbs show things to a person: tables, colours where there is a terminal, progress on anything slow.

Results go to stdout, everything about the work itself to stderr, so that a pipe carries results alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from edge.settings.problems import Problem

SLOW_S = 2.0
"""Work that is done sooner shows no progress."""
TERMINAL_EVERY_S, LOG_EVERY_S = 0.2, 15.0
"""How often progress is told: a line that is redrawn in a terminal, a new line in a log."""
PROBLEMS_MAX = 50
"""A wrong file altogether has thousands; after these only their number is told."""

_COLORS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def paint(text: str, color: str, stream: TextIO | None = None) -> str:
    """`text` in a colour of `_COLORS` where the stream (stdout by default) is a terminal that wants colours."""
    if not colorful(sys.stdout if stream is None else stream):
        return text
    return f"\x1b[{_COLORS[color]}m{text}\x1b[0m"


def colorful(stream: TextIO) -> bool:
    """Whether colours help: a terminal, and nobody said NO_COLOR (no-color.org) or TERM=dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(rows: Iterable[Sequence[object]], headers: Sequence[str] = (), *, right: Sequence[int] = ()) -> str:
    """Rows as aligned columns, two spaces apart; the columns numbered in `right` end at their right edge."""
    cells = [[str(cell) for cell in row] for row in ([headers, *rows] if headers else rows)]
    if not cells:
        return ""
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    lines = [
        "  ".join(
            cell.rjust(w) if n in right else cell.ljust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    if headers:
        lines.insert(1, "  ".join("─" * w for w in widths))
    return "\n".join(line.rstrip() for line in lines)


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """`1 plate`, `2 plates`, `1,204 passes`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def problems(found: Sequence[Problem], stream: TextIO | None = None) -> None:
    """All that is wrong with settings, each with its place, what rules there, what was found and what to do."""
    out = sys.stderr if stream is None else stream
    width = max(60, min(120, shutil.get_terminal_size().columns)) - 1
    for problem in found[:PROBLEMS_MAX]:
        print(paint(problem.place, "bold", out) + (f"  {problem.key}" if problem.key else ""), file=out)
        for label, color, text in (
            ("rule", "dim", problem.rule),
            ("got", "red", problem.got),
            ("fix", "green", problem.fix),
        ):
            body = textwrap.wrap(text, width - 8) or [""]
            print(f"  {paint(f'{label:<4}', color, out)}  " + ("\n" + " " * 8).join(body), file=out)
    if len(found) > PROBLEMS_MAX:
        print(f"… and {len(found) - PROBLEMS_MAX:,} more", file=out)


@contextmanager
def progress(
    what: str,
    total: int | None = None,
    *,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int], None]]:
    """Tells on stderr how far slow work has come.

    Used as `with progress("pictures", total=80) as tell`, then `tell(12)` when twelve are done.
    """
    line = _Line(what, total, sys.stderr if stream is None else stream, clock)
    try:
        yield line.tell
    finally:
        line.clear()


class _Line:
    """One line of progress: redrawn in a terminal, repeated now and then in a log, absent in short work."""

    def __init__(self, what: str, total: int | None, stream: TextIO, clock: Callable[[], float]) -> None:
        self._what, self._total, self._stream, self._clock = what, total, stream, clock
        self._terminal = stream.isatty()
        self._began = clock()
        self._due = self._began + SLOW_S
        self._drawn = False

    def tell(self, done: int) -> None:
        now = self._clock()
        if now < self._due:
            return
        self._due = now + (TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S)
        text = self._text(done, now - self._began)
        self._stream.write(f"\r{text}\x1b[K" if self._terminal else f"{text}\n")
        self._stream.flush()
        self._drawn = True

    def clear(self) -> None:
        if self._drawn and self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _text(self, done: int, spent_s: float) -> str:
        rate = done / spent_s if spent_s > 0 else 0.0
        if not self._total:
            return f"{done:,} {self._what}, {rate:.1f}/s"
        left = f", {_span((self._total - done) / rate)} left" if rate > 0 else ""
        return f"{done:,} of {self._total:,} {self._what}, {100 * done // self._total} %{left}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
