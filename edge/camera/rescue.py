"""What can still be read of a damaged outbox goes over into a new one: rows, counts, and above all the numbering."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edge.record.access import Access
from edge.record.boundary import NotSealable, kind_within, unseal
from edge.record.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

COLUMNS = "number, payload, seen_ns, dated, boot, monotonic_ns, aside"


def rescue(damaged: sqlite3.Connection | None, new: sqlite3.Connection) -> None:
    """One transaction in `new`. Only rows that are still what they were are taken; a damage is counted in any case."""
    new.execute("BEGIN IMMEDIATE")
    rows = list(_rows(damaged)) if damaged else []
    new.executemany(
        f"INSERT OR IGNORE INTO row ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 — our own text
        [row for row, _ in rows],
    )
    tallies = dict(_read(damaged, "SELECT name, value FROM tally")) if damaged else {}
    tallies["sequence"] = max([sequence for _, sequence in rows] + [tallies.get("sequence", 0)])
    tallies["damaged"] = tallies.get("damaged", 0) + 1
    new.executemany("INSERT OR REPLACE INTO tally VALUES (?, ?)", list(tallies.items()))
    if damaged:
        days = list(_read(damaged, "SELECT date, vehicles, plates FROM day"))
        new.executemany("INSERT OR REPLACE INTO day VALUES (?, ?, ?)", days)
    new.execute("COMMIT")
    log.warning("%d rows were saved from the damaged outbox", len(rows))


def _rows(damaged: sqlite3.Connection) -> Iterator[tuple[tuple[Any, ...], int]]:
    """From both ends, for reading stops at a damaged page: (row, its sequence number)."""
    found = {row[0]: row for row in _read(damaged, f"SELECT {COLUMNS} FROM row ORDER BY number")}  # noqa: S608
    found |= {row[0]: row for row in _read(damaged, f"SELECT {COLUMNS} FROM row ORDER BY number DESC")}  # noqa: S608
    for number in sorted(found):
        with suppress(NotSealable, TypeError):
            yield found[number], _sequence(found[number][1])


def _sequence(payload: bytes) -> int:
    """A sighting's number; an access has none."""
    if kind_within(payload) == "access":
        unseal(payload, Access)
        return 0
    return unseal(payload, Sighting).sequence


def _read(damaged: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """As far as it goes."""
    try:
        yield from damaged.execute(query)
    except sqlite3.Error:
        return
