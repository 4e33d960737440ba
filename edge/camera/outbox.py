"""What was seen and not yet delivered: one sighting, one row, one transaction, kept until the broker has it.

    keep ─▶ row (its sequence number, the day's count: the same transaction) ─▶ oldest ─▶ acknowledge: gone

Bounded by age, then by bytes, oldest first; what is dropped is counted. Age is judged by the boot's own clock, or by
the wall's when it has been synchronised and steady for a while: a clock that jumps must not empty the outbox. Rows that
were written before the clock was set are dated again when it is, as long as the device has not been switched off
between. A technician's accesses wait in the same line: they must reach the desk as surely as what was seen.
The faults of the disk are `disk`'s, times that were wrong `dating`'s, the vehicles a day `daily`'s, the parked cars
`parked`'s.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edge.camera import daily, dating, parked, tallies
from edge.camera.disk import Disk, OutboxError, OutboxTaken
from edge.camera.rescue import rescue
from edge.camera.tallies import add, tally
from edge.link.sending import Row
from edge.record.boundary import NotSealable, kind_within, recheck, reseal, seal, unseal
from edge.record.sighting import Sighting
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from edge.camera.clock import Clock
    from edge.record.access import Access
    from edge.record.boundary import Sealed
    from edge.record.counters import Day
    from edge.record.health import OutboxState
    from edge.settings.camera import OutboxSettings

log = logging.getLogger(__name__)

FILE: Final = "outbox.sqlite3"

UNDATED: Final = "CREATE INDEX IF NOT EXISTS row_undated ON row (number) WHERE dated = 0"
"""A row whose time is right, nearly every one, touches no page of it."""

SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS row (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  payload BLOB NOT NULL,           -- sighting/1, or access/2, as it was sealed
  seen_ns INTEGER NOT NULL,        -- its last_seen, or its time
  dated INTEGER NOT NULL,          -- 0: by a clock that nobody had set; 1: rightly; 2: it was no later than seen_ns
  boot TEXT NOT NULL,
  monotonic_ns INTEGER NOT NULL,   -- the moment of seen_ns on the boot's own clock
  aside INTEGER NOT NULL DEFAULT 0 -- 1: the broker takes others but not this one
);
{UNDATED};
{tallies.SCHEMA}
{daily.SCHEMA}
{parked.SCHEMA}
"""

S: Final = 1_000_000_000
DAY_S: Final = 86_400

BATCH_ROWS: Final = 500
"""Dated again, or deleted, in one transaction: the vision thread never waits for a whole backlog."""
DROP_ROWS: Final = 64
"""Given up at once when there are too many bytes."""
WIPE_S_MIN: Final = 2.0
"""Between two emptyings of the log, each of which the disk must sync twice."""
ASIDE_AGAIN_S: Final = DAY_S
"""After this long, rows that the broker did not take are offered again: perhaps somebody mended it."""
NEVER_SET_NS: Final = 1_700_000_000 * S
"""November 2023: a file of an earlier date was written by a clock that nobody had set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the outbox is, for `health`."""

    state: OutboxState
    depth: int = 0
    size_bytes: int = 0
    oldest_ns: int | None = None
    """UTC ns, as the row has it, of the oldest waiting sighting."""
    oldest_age_s: float | None = None
    """By the boot's own clock where the row is of this boot; None when nobody can say."""
    dropped_by_age: int = 0
    dropped_by_bytes: int = 0
    refused: int = 0
    """Set aside now."""
    damaged: int = 0


class Outbox:
    """One a camera, for any thread. Its faults are OutboxErrors; see `disk`. It is a `known.ParkedMemory`, too."""

    def __init__(self, folder: Path, settings: OutboxSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._disk = Disk(folder / FILE, SCHEMA, rescue)
        self._retention_ns = int(settings.retention_days_max * DAY_S) * S
        self._steadiness = dating.Steadiness(clock)
        self._wiped_ns = self._offered_ns = clock.monotonic_ns()
        self._report = Report(state="ok")
        self._parked = parked.Parked(self._disk)

    @classmethod
    def open(cls, folder: Path, settings: OutboxSettings, clock: Clock) -> Outbox:
        """Begin. A disk that takes no rows now may take them later, so this says so and goes on; see `report`.

        Raises OutboxTaken when another daemon has the file or a newer version wrote it.
        """
        outbox = cls(folder, settings, clock)
        try:
            outbox._disk.run(_offer_again)
            outbox._disk.run(_lighten)
        except OutboxTaken:
            raise
        except OutboxError:
            pass  # the disk has said it
        outbox.tend()
        return outbox

    def close(self) -> None:
        """Let go of the file; everything is on the disk already."""
        self._disk.close()

    def keep(self, build: Callable[[int], Sealed], *, seen_monotonic_ns: int | None = None) -> Sealed:
        """Take the next sequence number, build the sighting with it and keep it: all or nothing, on the disk at return.

        `build` may be called twice. `seen_monotonic_ns` is its last look on the boot's own clock; without it the wall
        clock is taken not to have jumped since. Returns what was kept, its times put right if the clock was set
        meanwhile. Raises OutboxFull, OutboxReadOnly, OutboxFailing: it is not kept.
        """

        def work(db: sqlite3.Connection) -> Sealed:
            sequence = tally(db, "sequence") + 1
            sealed = recheck(build(sequence))
            sighting = unseal(sealed.payload, Sighting)
            assert sighting.sequence == sequence, "the sighting does not bear the number that it was given"
            monotonic_ns = dating.on_boot_clock(self._clock, sighting, seen_monotonic_ns)
            if dating.was_set(self._clock, sighting, monotonic_ns):
                sighting = dating.dated(self._clock, sighting, monotonic_ns)
                sealed = seal(sighting)
            add(db, "sequence", 1)
            dated = sighting.clock.synchronized
            self._insert(db, sealed.payload, nanoseconds(sighting.last_seen), dated=dated, monotonic_ns=monotonic_ns)
            daily.count(db, sighting, dated=dated, boot=self._clock.boot, monotonic_ns=monotonic_ns)
            self._limit_bytes(db)
            return sealed

        return self._disk.run(work, writes=True)

    def keep_access(self, access: Access) -> None:
        """A technician's act: it waits, goes out and grows old among the sightings, without a number in their sequence.

        Raises as `keep` does.
        """
        payload, dated, monotonic_ns = seal(access).payload, self._clock.synchronized(), self._clock.monotonic_ns()

        def work(db: sqlite3.Connection) -> None:
            self._insert(db, payload, nanoseconds(access.time), dated=dated, monotonic_ns=monotonic_ns)
            self._limit_bytes(db)

        self._disk.run(work, writes=True)

    def oldest(self, count: int, *, after: int = 0) -> list[Row]:
        """At most `count` rows in their order, numbered above `after`. A damaged one is counted and left out."""
        found = self._disk.run(
            lambda db: db.execute(
                "SELECT number, payload, seen_ns, dated, boot, monotonic_ns FROM row"
                " WHERE number > ? AND NOT aside ORDER BY number LIMIT ?",
                (after, count),
            ).fetchall()
        )
        return [
            Row(number=number, message=message, expires_s=self._expires_s(*when))
            for number, payload, *when in found
            if (message := self._resealed(number, payload)) is not None
        ]

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The broker has them: they are deleted, and overwritten."""

        def work(db: sqlite3.Connection) -> bool:
            db.executemany("DELETE FROM row WHERE number = ?", [(number,) for number in numbers])
            return db.execute("SELECT 1 FROM row LIMIT 1").fetchone() is None

        empty = self._disk.run(work, writes=True)
        if empty and self._clock.monotonic_ns() - self._wiped_ns > WIPE_S_MIN * S:
            self._wipe()

    def set_aside(self, number: int) -> None:
        """The broker takes others but not this one: kept, counted, offered again tomorrow."""
        self._disk.run(lambda db: db.execute("UPDATE row SET aside = 1 WHERE number = ?", (number,)))

    def tend(self) -> None:
        """Once a minute: date again, delete what is too old, overwrite what was deleted. A fault shows in `report`."""
        with suppress(OutboxError):  # the disk has said it; in a minute again
            if self._disk.state != "ok":
                self._disk.run(lambda db: add(db, "proofs", 1), writes=True)
            while self._disk.run(self._date_again) == BATCH_ROWS:
                pass
            self._disk.run(lambda db: daily.date_counts(db, self._clock))
            steady = self._steadiness.look()
            while self._disk.run(lambda db: self._drop_old(db, steady=steady)) == BATCH_ROWS:
                pass
            if self._clock.monotonic_ns() - self._offered_ns > ASIDE_AGAIN_S * S:
                self._offered_ns = self._clock.monotonic_ns()
                self._disk.run(_offer_again)
            self._wipe()
            if steady:
                self._drop_old_files()

    def report(self) -> Report:
        """How it is; while the disk does not answer, the last known figures."""
        with suppress(OutboxError):
            self._report = self._disk.run(self._look)
        self._report = replace(self._report, state=self._disk.state)
        return self._report

    def days(self) -> tuple[Day, ...]:
        """Vehicles and plates of the last 31 days that have any, in UTC, newest last."""
        return self._disk.run(daily.days)

    def known_parked(self, text: str, *, seen_ns_min: int) -> bool:
        """Whether this vehicle was told as parked; see `parked`. False while the disk does not answer."""
        return self._parked.known_parked(text, seen_ns_min=seen_ns_min)

    def remember_parked(self, text: str, *, seen_ns: int) -> None:
        """It stands there still; see `parked`."""
        self._parked.remember_parked(text, seen_ns=seen_ns)

    def _resealed(self, number: int, payload: bytes) -> Sealed | None:
        try:
            return reseal(kind_within(payload), payload)
        except (NotSealable, TypeError):  # a bit of the card has fallen over
            self._disk.run(lambda db: _drop_damaged(db, number))
            return None

    def _insert(self, db: sqlite3.Connection, payload: bytes, seen_ns: int, *, dated: bool, monotonic_ns: int) -> None:
        db.execute(
            "INSERT INTO row (payload, seen_ns, dated, boot, monotonic_ns) VALUES (?, ?, ?, ?, ?)",
            (payload, seen_ns, int(dated), self._clock.boot, monotonic_ns),
        )

    def _limit_bytes(self, db: sqlite3.Connection) -> None:
        while _size_bytes(db) > self._settings.bytes_max:
            dropped = db.execute(
                "DELETE FROM row WHERE number IN (SELECT number FROM row ORDER BY number LIMIT ?)", (DROP_ROWS,)
            ).rowcount
            if not dropped:
                return
            add(db, "dropped_by_bytes", dropped)

    def _date_again(self, db: sqlite3.Connection) -> int:
        """Rows of before the clock was set; returns how many were looked at."""
        if not self._clock.synchronized():
            return 0
        found = db.execute(
            "SELECT number, payload, boot, monotonic_ns FROM row WHERE dated = 0 LIMIT ?", (BATCH_ROWS,)
        ).fetchall()
        for number, payload, boot, monotonic_ns in found:
            if boot != self._clock.boot:  # it was over when this boot began
                db.execute(
                    "UPDATE row SET seen_ns = ?, dated = 2 WHERE number = ?", (dating.true_ns(self._clock), number)
                )
            elif (known := self._resealed(number, payload)) is not None:
                again, seen_ns = self._dated_row(known, monotonic_ns)
                db.execute(
                    "UPDATE row SET payload = ?, seen_ns = ?, dated = 1 WHERE number = ?", (again, seen_ns, number)
                )
        return len(found)

    def _dated_row(self, known: Sealed, monotonic_ns: int) -> tuple[bytes, int]:
        """An access keeps its own time, for it tells what the camera's clock said; its age is counted rightly."""
        if known.kind == "access":
            return known.payload, dating.true_ns(self._clock, monotonic_ns)
        again = dating.dated(self._clock, unseal(known.payload, Sighting), monotonic_ns)
        return seal(again).payload, nanoseconds(again.last_seen)

    def _drop_old(self, db: sqlite3.Connection, *, steady: bool) -> int:
        """At most `BATCH_ROWS`; returns how many."""
        too_old = "boot = ? AND monotonic_ns < ?"
        values: list[object] = [self._clock.boot, self._clock.monotonic_ns() - self._retention_ns]
        if steady:
            too_old += " OR boot != ? AND dated AND seen_ns < ?"
            values += [self._clock.boot, self._clock.now_ns() - self._retention_ns]
        dropped = db.execute(
            f"DELETE FROM row WHERE number IN (SELECT number FROM row WHERE {too_old} LIMIT ?)",  # noqa: S608 — our text
            (*values, BATCH_ROWS),
        ).rowcount
        if dropped:
            add(db, "dropped_by_age", dropped)
            log.warning("%d rows were too old to wait any longer: deleted unsent", dropped)
        return dropped

    def _drop_old_files(self) -> None:
        """Damaged outboxes that were set aside hold plates, too."""
        now_ns = self._clock.now_ns()
        for file in self._disk.aside():
            with suppress(OSError):  # in a minute again
                written_ns = file.stat().st_mtime_ns
                if written_ns < NEVER_SET_NS:
                    os.utime(file, ns=(now_ns, now_ns))
                elif now_ns - written_ns > self._retention_ns:
                    file.unlink()

    def _wipe(self) -> None:
        self._disk.wipe()
        self._wiped_ns = self._clock.monotonic_ns()

    def _expires_s(self, seen_ns: int, dated: int, boot: str, monotonic_ns: int) -> float:
        """What is left of a row's retention, at least a second."""
        age_ns = self._age_ns(seen_ns, dated, boot, monotonic_ns)
        return max(1.0, (self._retention_ns - (age_ns or 0)) / S)

    def _age_ns(self, seen_ns: int, dated: int, boot: str, monotonic_ns: int) -> int | None:
        if boot == self._clock.boot:
            return max(0, self._clock.monotonic_ns() - monotonic_ns)
        if dated and self._clock.synchronized():
            return max(0, self._clock.now_ns() - seen_ns)
        return None

    def _look(self, db: sqlite3.Connection) -> Report:
        (total,) = db.execute("SELECT count(*) FROM row").fetchone()
        (refused,) = db.execute("SELECT count(*) FROM row WHERE aside").fetchone()
        oldest = db.execute(
            "SELECT seen_ns, dated, boot, monotonic_ns FROM row WHERE NOT aside ORDER BY number LIMIT 1"
        ).fetchone()
        age_ns = self._age_ns(*oldest) if oldest else None
        return Report(
            state=self._disk.state,
            depth=total - refused,
            size_bytes=_size_bytes(db),
            oldest_ns=oldest[0] if oldest else None,
            oldest_age_s=None if age_ns is None else age_ns / S,
            dropped_by_age=tally(db, "dropped_by_age"),
            dropped_by_bytes=tally(db, "dropped_by_bytes"),
            refused=refused,
            damaged=tally(db, "damaged"),
        )


def _size_bytes(db: sqlite3.Connection) -> int:
    """What the rows and tables take; free pages do not count."""
    (pages,), (free,), (page_bytes,) = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


def _offer_again(db: sqlite3.Connection) -> None:
    db.execute("UPDATE row SET aside = 0 WHERE aside")


def _lighten(db: sqlite3.Connection) -> None:
    """Files of before had an index over all rows, three pages more for each vehicle; ours knows the undated alone."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'row_age'").fetchone():
        db.execute("DROP INDEX row_age")
        db.execute(UNDATED)


def _drop_damaged(db: sqlite3.Connection, number: int) -> None:
    db.execute("DELETE FROM row WHERE number = ?", (number,))
    add(db, "damaged", 1)
    log.error("row %d of the outbox is damaged and deleted", number)
