"""Where a camera's recordings lie: which one runs, which are too old, and what of each the desk has yet to hear.

    recordings/20261125T140311Z.age    whole pictures, encrypted; locked for as long as its recorder lives
    recordings/20261125T140311Z.json   who, why, from when, until when at the latest: fixed words and times
    recordings/20261125T140311Z.told   which of its acts the outbox has; the daemon alone writes it

The lock is the kernel's and dies with its holder, so a recorder that was killed has ended, and nobody needs to clean up
behind it. One that is removed by hand counts as deleted. Ages are the wall clock's: `record` does not start before that
has been set.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from edge.camera.state_files import leave_struct, read_struct
from edge.record.access import Access, AccessAct, AccessReason
from edge.record.words import Name, Time, Wire, nanoseconds, time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

FOLDER: Final = "recordings"
DAY_NS: Final = 86_400 * 1_000_000_000


class ShelfTaken(Exception):
    """Somebody records already; one at a time, for the computer must go on reading plates beside it."""


class Begun(Wire, frozen=True, kw_only=True):
    """What is known of a recording from its first moment on."""

    who: Name
    reason: AccessReason
    started: Time
    until: Time


class Told(Wire, frozen=True):
    """Acts that the outbox has."""

    acts: tuple[AccessAct, ...] = ()


class Shelf:
    """Of one camera. The recorder calls `begin`; the daemon calls `running` and `tend`."""

    def __init__(self, state: Path, site: str, camera: str, keep_days_max: float) -> None:
        """`state`: the camera's state folder."""
        self.folder = state / FOLDER
        self._state, self._site, self._camera = state, site, camera
        self._keep_ns = int(keep_days_max * DAY_NS)

    @contextmanager
    def begin(self, begun: Begun) -> Iterator[tuple[Path, int]]:
        """A new recording's file and its descriptor, to be written to. ShelfTaken, OSError: it does not begin.

        What was begun is on the disk before the first picture can be: no recording without a trace.
        """
        if other := self.running():
            raise ShelfTaken(f"{other.who} records until {other.until}")
        self._make_folder()
        file = self.folder / f"{begun.started[:19].replace('-', '').replace(':', '')}Z.age"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._give(file)
            self._leave(file.with_suffix(".json"), begun)
            yield file, descriptor
        finally:
            os.close(descriptor)

    def running(self) -> Begun | None:
        """The recording that runs now."""
        for file in self._files(".age"):
            if _locked(file) and (begun := self._begun(file)) is not None:
                return begun
        return None

    def tend(self, now_ns: int, keep: Callable[[Access], object]) -> None:
        """Delete what is too old, and hand each act to `keep` once; an OSError from it ends this, for the next time."""
        self.delete_old(now_ns)
        for note in self._files(".json"):
            begun = self._begun(note)
            if begun is None:
                note.unlink(missing_ok=True)
            else:
                self._tell(note, begun, now_ns, keep)
        for told in self._files(".told"):
            if not told.with_suffix(".json").exists():
                told.unlink(missing_ok=True)

    def overdue(self, now_ns: int) -> list[Path]:
        """What began longer ago than recordings are kept, and does not run. Who has a daemon sees none for long."""
        return [
            file for file in self._files(".age") if now_ns - self._began_ns(file) > self._keep_ns and not _locked(file)
        ]

    def delete_old(self, now_ns: int) -> None:
        """Whatever is overdue."""
        for file in self.overdue(now_ns):
            file.unlink(missing_ok=True)
            log.info("recording %s was kept long enough: deleted", file.name)

    def _tell(self, note: Path, begun: Begun, now_ns: int, keep: Callable[[Access], object]) -> None:
        """In their order, each remembered as soon as it is kept."""
        told = read_struct(note.with_suffix(".told"), Told) or Told()
        for act, at_ns in self._acts(note.with_suffix(".age"), begun, now_ns):
            if act in told.acts:
                continue
            keep(self._access(note, begun, act, at_ns))
            told = Told((*told.acts, act))
            leave_struct(self.folder, note.with_suffix(".told").name, told)
        if "recording_deleted" in told.acts:
            note.unlink(missing_ok=True)

    @staticmethod
    def _acts(file: Path, begun: Begun, now_ns: int) -> Iterator[tuple[AccessAct, int]]:
        """What has happened to a recording so far, and when (UTC ns)."""
        yield "recording_started", nanoseconds(begun.started)
        if _locked(file):
            return
        ended_ns = _written_ns(file)
        yield "recording_ended", ended_ns or now_ns
        if ended_ns is None:
            yield "recording_deleted", now_ns

    def _access(self, note: Path, begun: Begun, act: AccessAct, at_ns: int) -> Access:
        """Its id is the same however often it is told: a daemon that dies in between tells it again."""
        mark = f"{self._site}/{self._camera}/{note.stem}/{act}"
        return Access(
            id=hashlib.sha256(mark.encode()).hexdigest()[:32],
            site=self._site,
            camera=self._camera,
            time=time(at_ns),
            act=act,
            who=begun.who,
            reason=begun.reason,
            until=begun.until,
        )

    def _begun(self, file: Path) -> Begun | None:
        return read_struct(file.with_suffix(".json"), Begun)

    def _began_ns(self, file: Path) -> int:
        """By its own word; without one, its file's date is no earlier."""
        begun = self._begun(file)
        return nanoseconds(begun.started) if begun is not None else _written_ns(file) or 0

    def _files(self, suffix: str) -> list[Path]:
        return sorted(self.folder.glob(f"*{suffix}"))

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give(self.folder)

    def _leave(self, note: Path, begun: Begun) -> None:
        if not leave_struct(self.folder, note.name, begun):
            note.with_suffix(".age").unlink(missing_ok=True)
            raise OSError(f"{note}: the disk does not take it, and nothing is recorded without a trace")
        self._give(note)
        for written in (note, self.folder):
            descriptor = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _give(self, path: Path) -> None:
        """To whom the state folder belongs: a technician's root writes, the daemon's user must read and delete."""
        owner = self._state.stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)


def _locked(file: Path) -> bool:
    """Whether its recorder lives."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _written_ns(file: Path) -> int | None:
    """When it was last written to; None when it is not there."""
    with suppress(OSError):
        return file.stat().st_mtime_ns
    return None
