"""Which parked cars were told already, across a restart. A keyed hash of the plate, never the plate.

Whoever steals the card has key and hashes, and could try every plate there is; so a hash lives no longer than a car
may be gone before it is told anew (`parked_forget_s`), and is overwritten when it goes.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from edge.camera.disk import Disk, OutboxError

if TYPE_CHECKING:
    import sqlite3

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS parked (hash BLOB PRIMARY KEY, seen_ns INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parked_key (key BLOB NOT NULL);
"""

KEY_BYTES: Final = 32
HASH_BYTES: Final = 16
WRITE_NS_MIN: Final = 60 * 1_000_000_000
"""A standing car is written down once a minute at most: flash wears."""
REMEMBERED_MAX: Final = 1000


class Parked:
    """`known.ParkedMemory` in the outbox's file. While the disk fails it remembers nothing: a car is told once more."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._written: dict[bytes, int] = {}

    def known_parked(self, text: str, *, seen_ns_min: int) -> bool:
        """Whether this vehicle was told as parked, and seen at `seen_ns_min` or later; forgets older ones."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM parked WHERE seen_ns < ?", (seen_ns_min,))
            return db.execute("SELECT 1 FROM parked WHERE hash = ?", (_hash(db, text),)).fetchone() is not None

        try:
            return self._disk.run(work)
        except OutboxError:
            return False

    def remember_parked(self, text: str, *, seen_ns: int) -> None:
        """It stands there still."""

        def work(db: sqlite3.Connection) -> bytes:
            hashed = _hash(db, text)
            if abs(seen_ns - self._written.get(hashed, -WRITE_NS_MIN)) >= WRITE_NS_MIN:
                db.execute("INSERT OR REPLACE INTO parked VALUES (?, ?)", (hashed, seen_ns))
            return hashed

        try:
            hashed = self._disk.run(work)
        except OutboxError:
            return
        if len(self._written) >= REMEMBERED_MAX:
            self._written.clear()
        if abs(seen_ns - self._written.get(hashed, -WRITE_NS_MIN)) >= WRITE_NS_MIN:
            self._written[hashed] = seen_ns


def _hash(db: sqlite3.Connection, text: str) -> bytes:
    """With the key of this installation, made when it is first asked for."""
    found = db.execute("SELECT key FROM parked_key").fetchone()
    key = found[0] if found else secrets.token_bytes(KEY_BYTES)
    if not found:
        db.execute("INSERT INTO parked_key VALUES (?)", (key,))
    return hmac.digest(key, text.encode(), "sha256")[:HASH_BYTES]
