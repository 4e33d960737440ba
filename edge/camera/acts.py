"""What a technician does at this camera, until the desk's audit log can know: a note is left, the daemon passes it on.

    FOLDER/20261125T140311Z.json   who, why, from when, until when at the latest: fixed words and times
    FOLDER/20261125T140311Z.told   which of its acts the outbox has; the daemon alone writes it

A note is on the disk before the act begins: nothing is seen or recorded without a trace. Beside it lies a file that
is locked for as long as the act lasts. The lock is the kernel's and dies with its holder, so what was killed has ended,
and nobody needs to clean up behind it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from edge.camera.state_files import leave_struct, read_struct
from edge.record.access import Access, AccessAct, AccessReason
from edge.record.words import Name, Time, Wire, time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


class Begun(Wire, frozen=True, kw_only=True):
    """What is known from the first moment on."""

    who: Name
    reason: AccessReason
    started: Time
    until: Time


class Told(Wire, frozen=True):
    """Acts that the outbox has."""

    acts: tuple[AccessAct, ...] = ()


class Notes:
    """Of one camera, in one folder of its state folder."""

    def __init__(self, state: Path, folder: str, site: str, camera: str) -> None:
        self.folder = state / folder
        self._state, self._site, self._camera = state, site, camera

    @contextmanager
    def begin(self, file: Path, begun: Begun) -> Iterator[int]:
        """`file`, new and locked as long as this lasts, with its note on the disk: its descriptor.

        OSError: it does not begin, and leaves nothing.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give(self.folder)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._give(file)
            self._leave(file, begun)
            yield descriptor
        finally:
            os.close(descriptor)

    def files(self, suffix: str) -> list[Path]:
        """Oldest first."""
        return sorted(self.folder.glob(f"*{suffix}"))

    def begun(self, file: Path) -> Begun | None:
        """What the note beside `file` says; None when there is none that can be read."""
        return read_struct(file.with_suffix(".json"), Begun)

    def tell(
        self, note: Path, begun: Begun, acts: Iterable[tuple[AccessAct, int]], keep: Callable[[Access], object]
    ) -> Told:
        """Hand each act (and when it was, UTC ns) to `keep` once, in their order; all that were ever told.

        An OSError from `keep` ends this, for the next time.
        """
        told = read_struct(note.with_suffix(".told"), Told) or Told()
        for act, at_ns in acts:
            if act in told.acts:
                continue
            keep(self._access(note, begun, act, at_ns))
            told = Told((*told.acts, act))
            leave_struct(self.folder, note.with_suffix(".told").name, told)
        return told

    def tidy(self) -> None:
        """What was told of notes that are gone."""
        for told in self.files(".told"):
            if not told.with_suffix(".json").exists():
                told.unlink(missing_ok=True)

    def _leave(self, file: Path, begun: Begun) -> None:
        note = file.with_suffix(".json")
        if not leave_struct(self.folder, note.name, begun):
            file.unlink(missing_ok=True)
            raise OSError(f"{note}: the disk does not take it, and nothing is done here without a trace")
        self._give(note)
        for written in (note, self.folder):
            descriptor = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

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

    def _give(self, path: Path) -> None:
        """To whom the state folder belongs: a technician's root writes, the daemon's user must read and delete."""
        owner = self._state.stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)


def stem(started: str) -> str:
    """RFC 3339 → the name of its files, by the second."""
    return f"{started[:19].replace('-', '').replace(':', '')}Z"


def locked(file: Path) -> bool:
    """Whether whoever opened it lives."""
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


def written_ns(file: Path) -> int | None:
    """When it was last written to; None when it is not there."""
    with suppress(OSError):
        return file.stat().st_mtime_ns
    return None
