"""One recording from its order to its end: the camera's pictures, encrypted, onto the shelf.

    camera ─▶ frames ─▶ sealed.write ─▶ recordings/….age

It asks the camera for a stream of its own, beside the daemon's. It ends at its time by two clocks, whichever comes
first: the wall's, because `until` is a promise to others, and the monotonic one, because the wall's may be set back.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass
from threading import Event, Timer
from typing import TYPE_CHECKING, Final, Literal

from edge.camera.acts import Begun
from edge.camera.frames.open import open_source
from edge.camera.frames.rhythm import paced
from edge.camera.recordings import sealed
from edge.camera.recordings.shelf import Shelf
from edge.record.words import time as written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from edge.camera.frames.source import Source
    from edge.camera.recordings.sealed import Recipient
    from edge.camera.scene import Frame
    from edge.record.access import AccessReason
    from edge.settings.camera import CameraSettings

log = logging.getLogger(__name__)

FREE_BYTES_MIN: Final = 500_000_000
"""Left to the outbox and the system: a recording is worth less than a sighting."""

Ending = Literal["time", "stopped", "source", "disk"]
"""Its time was over; somebody stopped it; a recorded source has ended; the disk has no more room for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a technician asked for."""

    who: str
    reason: AccessReason
    until_ns: int
    """UTC, in the future."""
    recipients: Sequence[Recipient]
    note: str = ""
    """Their own words; they lie encrypted in the recording, and nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of it."""

    file: Path
    pictures: int
    ending: Ending


class Recorder:
    """Of one camera. `run` blocks; `stop` may come from a signal."""

    def __init__(self, settings: CameraSettings, state: Path) -> None:
        """`settings` with absolute paths, `state` is the camera's state folder. Raises SourceUnusable."""
        self._settings, self._state = settings, state
        self._source: Source = open_source(settings.source, settings.camera)
        self._stopped = Event()
        self._ending: Ending = "source"
        self._pictures = 0

    def stop(self) -> None:
        """What was recorded so far is closed properly."""
        self._end("stopped")

    def run(self, order: Order, tell: Callable[[int], None] = lambda _pictures: None) -> Made:
        """Until its end. `tell` hears the number of pictures. ShelfTaken, OSError: it could not begin."""
        shelf = Shelf(self._state, self._settings.site, self._settings.camera, self._settings.recording.keep_days_max)
        shelf.delete_old(time.time_ns())
        begun = Begun(
            who=order.who, reason=order.reason, started=written(time.time_ns()), until=written(order.until_ns)
        )
        with shelf.begin(begun) as (file, descriptor):
            timer = Timer((order.until_ns - time.time_ns()) / 1e9, self._end, ["time"])
            timer.daemon = True
            timer.start()
            try:
                sealed.write(descriptor, order.recipients, self._wanted(order, tell), order.note)
            except OSError as full:
                log.error("%s: %s; what is there can be decrypted", file, full.strerror)  # noqa: TRY400 — the world's
                self._ending = "disk"
            finally:
                timer.cancel()
                self._source.close()
        return Made(file=file, pictures=self._pictures, ending=self._ending)

    def _wanted(self, order: Order, tell: Callable[[int], None]) -> Iterator[Frame]:
        for frame in self._paced(self._source.frames()):
            if time.time_ns() >= order.until_ns:
                self._end("time")
            elif self._pictures % 16 == 0 and shutil.disk_usage(self._state).free < FREE_BYTES_MIN:
                self._end("disk")
            if self._stopped.is_set():
                return
            yield frame
            self._pictures += 1
            tell(self._pictures)

    def _paced(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        """A folder or a video that stands in for a camera comes at a camera's pace."""
        return paced(frames, 1.0, wait=self._stopped.wait) if self._source.recorded else frames

    def _end(self, why: Ending) -> None:
        """The first reason is the true one."""
        if not self._stopped.is_set():
            self._ending = why
        self._stopped.set()
        self._source.close()
