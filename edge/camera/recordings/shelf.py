"""Where a camera's recordings lie: which one runs, which are too old, and what of each the desk has yet to hear.

    recordings/20261125T140311Z.age    whole pictures, encrypted; locked for as long as its recorder lives
    recordings/20261125T140311Z.json   its note, and what was told of it: see `acts`

One that is removed by hand counts as deleted. Ages are the wall clock's: `record` does not start before that has been
set.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edge.camera.acts import Begun, Notes, locked, stem, written_ns
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.record.access import Access, AccessAct

log = logging.getLogger(__name__)

FOLDER: Final = "recordings"
DAY_NS: Final = 86_400 * 1_000_000_000


class ShelfTaken(Exception):
    """Somebody records already; one at a time, for the computer must go on reading plates beside it."""


class Shelf:
    """Of one camera. The recorder calls `begin`; the daemon calls `running` and `tend`."""

    def __init__(self, state: Path, site: str, camera: str, keep_days_max: float) -> None:
        """`state`: the camera's state folder."""
        self._notes = Notes(state, FOLDER, site, camera)
        self.folder = self._notes.folder
        self._keep_ns = int(keep_days_max * DAY_NS)

    @contextmanager
    def begin(self, begun: Begun) -> Iterator[tuple[Path, int]]:
        """A new recording's file and its descriptor, to be written to. ShelfTaken, OSError: it does not begin.

        What was begun is on the disk before the first picture can be: no recording without a trace.
        """
        if other := self.running():
            raise ShelfTaken(f"{other.who} records until {other.until}")
        file = self.folder / f"{stem(begun.started)}.age"
        with self._notes.begin(file, begun) as descriptor:
            yield file, descriptor

    def running(self) -> Begun | None:
        """The recording that runs now."""
        for file in self._notes.files(".age"):
            if locked(file) and (begun := self._notes.begun(file)) is not None:
                return begun
        return None

    def tend(self, now_ns: int, keep: Callable[[Access], object]) -> None:
        """Delete what is too old, and hand each act to `keep` once; an OSError from it ends this, for the next time."""
        self.delete_old(now_ns)
        for note in self._notes.files(".json"):
            begun = self._notes.begun(note)
            if begun is None:
                note.unlink(missing_ok=True)
                continue
            told = self._notes.tell(note, begun, self._acts(note.with_suffix(".age"), begun, now_ns), keep)
            if "recording_deleted" in told.acts:
                note.unlink(missing_ok=True)
        self._notes.tidy()

    def overdue(self, now_ns: int) -> list[Path]:
        """What began longer ago than recordings are kept, and does not run. Who has a daemon sees none for long."""
        return [
            file
            for file in self._notes.files(".age")
            if now_ns - self._began_ns(file) > self._keep_ns and not locked(file)
        ]

    def delete_old(self, now_ns: int) -> None:
        """Whatever is overdue."""
        for file in self.overdue(now_ns):
            file.unlink(missing_ok=True)
            log.info("recording %s was kept long enough: deleted", file.name)

    @staticmethod
    def _acts(file: Path, begun: Begun, now_ns: int) -> Iterator[tuple[AccessAct, int]]:
        """What has happened to a recording so far, and when (UTC ns)."""
        yield "recording_started", nanoseconds(begun.started)
        if locked(file):
            return
        ended_ns = written_ns(file)
        yield "recording_ended", ended_ns or now_ns
        if ended_ns is None:
            yield "recording_deleted", now_ns

    def _began_ns(self, file: Path) -> int:
        """By its own word; without one, its file's date is no earlier."""
        begun = self._notes.begun(file)
        return nanoseconds(begun.started) if begun is not None else written_ns(file) or 0
