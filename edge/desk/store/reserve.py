"""Room on the disk that is the purge's alone: SQLite deletes by writing a log, and a full disk has no room for one.

Held as a file of zeros beside the database, let go while a purge needs it, and taken again.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RESERVE_BYTES: Final = 8 * 2**20
STEP_BYTES: Final = 4 * 2**20
"""What the log of one step of a purge takes at most."""


class Reserve:
    """`hold` it while there is room, `spend` it when there is none."""

    def __init__(self, database: Path) -> None:
        self._file = database.with_name(f"{database.name}-reserve")

    def hold(self) -> bool:
        """Take the room, if it is not taken yet, or what is left of it; False when that is less than a step needs."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            held = any(_allocated(descriptor, size) for size in range(RESERVE_BYTES, STEP_BYTES - 1, -(2**20)))
        finally:
            os.close(descriptor)
        if not held:
            self._file.unlink()
        return held

    @contextmanager
    def spend(self) -> Iterator[None]:
        """The room is free while this lasts."""
        self._file.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.hold()


def _allocated(descriptor: int, size: int) -> bool:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.ftruncate(descriptor, 0)
        return False
    return True
