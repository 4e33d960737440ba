"""A folder of pictures as a source, in name order, with the recording's own time."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edge.camera.frames.picture import PICTURES, read_picture
from edge.camera.frames.recorded_time import in_order, offsets_ns, recorded
from edge.camera.frames.rhythm import Thinner
from edge.camera.frames.source import Clock, PictureUnreadable, SourceStatus, SourceUnusable
from edge.camera.scene import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.settings.camera import SourceSettings

log = logging.getLogger(__name__)


class FolderSource:
    """SourceUnusable at once when there is no such folder, or no picture in it."""

    recorded = True

    def __init__(self, settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> None:
        self._settings, self._camera, self._clock = settings, camera, clock or Clock()
        self._closed = threading.Event()
        self._folder = Path(settings.address)
        self._files = in_order(_pictures(self._folder))
        truth = recorded(self._folder)
        self._offsets_ns = offsets_ns(self._files, truth, settings.frames_per_second)
        self._start_ns = self._files[0].stat().st_mtime_ns if truth.start_ns is None else truth.start_ns
        self.status = SourceStatus(alive_ns=self._clock.monotonic_ns())

    def frames(self) -> Iterator[Frame]:
        """Every picture that can be read, thinned by its recorded time; again from the start when `loop` is set."""
        base_ns = 0
        while not self._closed.is_set():
            self.status.opened += 1
            given = self.status.frames
            yield from self._once(base_ns)
            if not self._settings.loop:
                break
            if self.status.frames == given:
                self.status.why = f"{self._folder}: no picture in it can be read"
                break
            base_ns += self._offsets_ns[-1] + round(1e9 / self._settings.frames_per_second)
        self.status.state = "ended"

    def close(self) -> None:
        """See `Source`."""
        self._closed.set()

    def _once(self, base_ns: int) -> Iterator[Frame]:
        thinner = Thinner(self._settings.frames_per_second)
        for path, offset_ns in zip(self._files, self._offsets_ns, strict=True):
            if self._closed.is_set():
                return
            self.status.alive_ns = self._clock.monotonic_ns()
            if thinner.due(offset_ns) and (frame := self._frame(path, base_ns + offset_ns)):
                yield frame

    def _frame(self, path: Path, offset_ns: int) -> Frame | None:
        try:
            pixels = read_picture(path)
        except PictureUnreadable as error:
            log.warning("skipped %s", error)
            self.status.skip(path.name, error.why)
            return None
        status = self.status
        status.state, status.frame_ns = "connected", self._clock.monotonic_ns()
        status.frames += 1
        return Frame(
            camera=self._camera,
            sequence=status.frames - 1,
            taken_ns=self._start_ns + offset_ns,
            monotonic_ns=offset_ns,
            pixels=pixels,
        )


def _pictures(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file()]
    except NotADirectoryError:
        raise SourceUnusable(f"{folder}: not a folder; write kind: video for a video file") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SourceUnusable(f"{folder}: {why}; give a folder of pictures that this user may read") from None
    if not files:
        kinds = " ".join(sorted(PICTURES))
        raise SourceUnusable(f"{folder}: no picture in this folder; one ends in {kinds}")
    return files
