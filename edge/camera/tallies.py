"""Numbers that only grow and outlive a restart, in the outbox's file: the last sequence number, what was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


def tally(db: sqlite3.Connection, name: str) -> int:
    """How many so far."""
    found = db.execute("SELECT value FROM tally WHERE name = ?", (name,)).fetchone()
    return int(found[0]) if found else 0


def add(db: sqlite3.Connection, name: str, more: int) -> None:
    """So many more."""
    db.execute("INSERT INTO tally VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value", (name, more))
