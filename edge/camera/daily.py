"""How many vehicles a day: tables and sums inside the outbox's transactions. Counts alone, never a plate.

Days are UTC. While the clock is not set, vehicles are counted by the hour of the boot, and find their day when the
clock comes; those of an earlier boot count for the day on which this one began, the latest that it can have been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.record.counters import DAYS_MAX, Day
from edge.record.words import time

if TYPE_CHECKING:
    import sqlite3

    from edge.camera.clock import Clock
    from edge.record.sighting import Sighting

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS day (
  date TEXT PRIMARY KEY, vehicles INTEGER NOT NULL, plates INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS undated_hour (
  boot TEXT NOT NULL, hour INTEGER NOT NULL, vehicles INTEGER NOT NULL, plates INTEGER NOT NULL,
  PRIMARY KEY (boot, hour)
) WITHOUT ROWID;
"""

HOUR_NS: Final = 3600 * 1_000_000_000


def count(db: sqlite3.Connection, sighting: Sighting, *, dated: bool, boot: str, monotonic_ns: int) -> None:
    """One more vehicle, and a plate when it was read."""
    plates = int(sighting.plate is not None)
    if dated:
        _add(db, sighting.last_seen[:10], 1, plates)
        return
    db.execute(
        "INSERT INTO undated_hour VALUES (?, ?, 1, ?)"
        " ON CONFLICT DO UPDATE SET vehicles = vehicles + 1, plates = plates + excluded.plates",
        (boot, monotonic_ns // HOUR_NS, plates),
    )


def date_counts(db: sqlite3.Connection, clock: Clock) -> None:
    """Give undated hours their day, once the clock is set; forget days that are no longer told."""
    if not clock.synchronized():
        return
    began_ns = clock.now_ns() - clock.monotonic_ns()
    for boot, hour, vehicles, plates in db.execute("SELECT boot, hour, vehicles, plates FROM undated_hour").fetchall():
        since_ns = hour * HOUR_NS if boot == clock.boot else 0
        _add(db, time(began_ns + since_ns)[:10], vehicles, plates)
    db.execute("DELETE FROM undated_hour")
    db.execute(
        "DELETE FROM day WHERE date NOT IN (SELECT date FROM day ORDER BY date DESC LIMIT ?)",
        (DAYS_MAX,),
    )


def days(db: sqlite3.Connection) -> tuple[Day, ...]:
    """The last days that have any, newest last."""
    found = db.execute("SELECT date, vehicles, plates FROM day ORDER BY date DESC LIMIT ?", (DAYS_MAX,)).fetchall()
    return tuple(Day(date=date, vehicles=vehicles, plates=plates) for date, vehicles, plates in reversed(found))


def _add(db: sqlite3.Connection, date: str, vehicles: int, plates: int) -> None:
    db.execute(
        "INSERT INTO day VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET vehicles = vehicles + excluded.vehicles, plates = plates + excluded.plates",
        (date, vehicles, plates),
    )
