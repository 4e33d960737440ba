"""A folder of scenes as one source: each scene a folder of pictures, one after the other, with a pause between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.camera.frames.folder import FolderSource
from edge.camera.frames.picture import PICTURES
from edge.camera.frames.source import BROKEN_MAX, Clock, SourceStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.camera.scene import Frame
    from edge.settings.camera import SourceSettings

PAUSE_S = 3.0
"""Between two scenes: long enough for every pass of the one to end before the other begins."""


def scenes(folder: Path) -> list[Path]:
    """The folders of pictures inside a folder that has no picture of its own, by name; else none."""
    if not folder.is_dir() or _pictures(folder):
        return []
    return sorted(inside for inside in folder.iterdir() if inside.is_dir() and _pictures(inside))


class ScenesSource:
    """Frames of every scene, their recorded time running on from one to the next."""

    recorded = True

    def __init__(self, settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> None:
        clock = clock or Clock()
        self._loop = settings.loop
        self._sources = [
            FolderSource(msgspec.structs.replace(settings, address=str(path), loop=False), camera, clock=clock)
            for path in scenes(Path(settings.address))
        ]
        self._clock, self._closed = clock, False
        self.status = SourceStatus(alive_ns=clock.monotonic_ns())

    def frames(self) -> Iterator[Frame]:
        """See `Source`. Broken pictures of all scenes are counted together."""
        base_ns = 0
        while not self._closed:
            for source in self._sources:
                last_ns = 0
                for frame in source.frames():
                    self._tell(source)
                    last_ns = frame.monotonic_ns
                    yield replace(frame, sequence=self.status.frames - 1, monotonic_ns=base_ns + last_ns)
                self._tell(source, given=0)
                base_ns += last_ns + int(PAUSE_S * 1e9)
            if not self._loop:
                break
        self.status.state = "ended"

    def close(self) -> None:
        """See `Source`."""
        self._closed = True
        for source in self._sources:
            source.close()

    def _tell(self, source: FolderSource, given: int = 1) -> None:
        """What the scene's source tells of itself becomes ours."""
        status = self.status
        status.state, status.opened = "connected", sum(one.status.opened > 0 for one in self._sources)
        status.frames += given
        status.broken = sum(one.status.broken for one in self._sources)
        status.broken_latest = [broken for one in self._sources for broken in one.status.broken_latest][-BROKEN_MAX:]
        status.alive_ns = self._clock.monotonic_ns()
        status.frame_ns = source.status.frame_ns


def _pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in PICTURES for path in folder.iterdir())
