"""Who looks through the camera with `aim`, for the desk's audit log: every access is told, and this is one.

aims/20261125T140311Z.open   empty, and locked while it lasts; one byte long when it has ended by itself
aims/20261125T140311Z.json   its note, and what was told of it: see `acts`
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edge.camera.acts import Begun, Notes, locked, stem
from edge.record.words import nanoseconds
from edge.record.words import time as written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.record.access import Access, AccessAct

FOLDER: Final = "aims"


class Visits:
    """To one camera. `aim` calls `begin`; the daemon calls `tend`."""

    def __init__(self, state: Path, site: str, camera: str) -> None:
        """`state`: the camera's state folder."""
        self._notes = Notes(state, FOLDER, site, camera)

    @contextmanager
    def begin(self, begun: Begun) -> Iterator[None]:
        """Around the whole of it. OSError: it does not begin, for nobody would hear of it."""
        with self._notes.begin(self._free(stem(begun.started)), begun) as lock:
            yield
            os.write(lock, b".")

    def _free(self, name: str) -> Path:
        """Two technicians may begin in the same second."""
        names = (name, *(f"{name}-{n}" for n in range(2, 100)))
        files = (self._notes.folder / f"{one}.open" for one in names)
        return next(file for file in files if not file.exists())

    def tend(self, now_ns: int, keep: Callable[[Access], object]) -> None:
        """Hand each act to `keep` once; an OSError from it ends this, for the next time."""
        for note in self._notes.files(".json"):
            begun, lock = self._notes.begun(note), note.with_suffix(".open")
            told = () if begun is None else self._notes.tell(note, begun, _acts(lock, begun, now_ns), keep).acts
            if begun is None or "aim_ended" in told:
                note.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
        self._notes.tidy()


def visit(who: str, seconds: float) -> Begun:
    """One that begins now and lasts so long at most."""
    now_ns = time.time_ns()
    return Begun(who=who, reason="aiming", started=written(now_ns), until=written(now_ns + int(seconds * 1e9)))


def _acts(lock: Path, begun: Begun, now_ns: int) -> Iterator[tuple[AccessAct, int]]:
    """What has happened so far, and when (UTC ns). When one was killed nobody knows: by now, or by its last moment."""
    yield "aim_started", nanoseconds(begun.started)
    if locked(lock):
        return
    by_itself = lock.exists() and lock.stat().st_size > 0
    yield "aim_ended", lock.stat().st_mtime_ns if by_itself else min(now_ns, nanoseconds(begun.until))
