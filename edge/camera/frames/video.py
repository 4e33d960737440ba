"""A video file as a source, with the container's own times, however uneven.

One grab that fails is a broken picture; many in a row are the end. FFmpeg hides a damage that it can paint over, and
then nobody here learns of it.
"""

from __future__ import annotations

import logging
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.frames.picture import PIXELS_MAX
from edge.camera.frames.quiet import cv2
from edge.camera.frames.rhythm import Thinner
from edge.camera.frames.source import Clock, SourceStatus, SourceUnusable
from edge.camera.scene import Frame

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from edge.settings.camera import SourceSettings

log = logging.getLogger(__name__)

ENDED = 30
"""So many failed grabs in a row are the end of the file; fewer are broken pictures in its midst."""
COUNTED = {".mp4", ".m4v", ".mov", ".avi"}
"""These containers say how many pictures they hold; of others FFmpeg only guesses it."""
RATE = 25.0
"""Where the container names none."""


class VideoSource:
    """SourceUnusable at once when the file is not there or is no video."""

    recorded = True

    def __init__(self, settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> None:
        self._settings, self._camera, self._clock = settings, camera, clock or Clock()
        self._closed = threading.Event()
        self._path = Path(settings.address)
        self._capture = _open(self._path)
        self._start_ns = self._path.stat().st_mtime_ns  # containers rarely say; the same at every replay
        self.status = SourceStatus(alive_ns=self._clock.monotonic_ns())

    def frames(self) -> Iterator[Frame]:
        """Every picture that can be decoded, thinned by its time; again from the start when `loop` is set."""
        base_ns = 0
        while not self._closed.is_set():
            self.status.opened += 1
            given = self.status.frames
            end_ns = yield from self._once(base_ns)
            if self.status.frames == given and not self._closed.is_set():
                self.status.why = f"{self._path}: no picture in it can be decoded"
                log.warning("%s", self.status.why)
                break
            if not self._settings.loop:
                break
            base_ns = end_ns
            self._capture = _open(self._path)
        self.status.state = "ended"

    def close(self) -> None:
        """See `Source`."""
        self._closed.set()

    def _once(self, base_ns: int) -> Generator[Frame, None, int]:
        """The whole file; returns the time at which the next round begins."""
        thinner = Thinner(self._settings.frames_per_second)
        interval_ns = round(1e9 / _rate(self._capture))
        at_ns = base_ns - interval_ns
        for milliseconds in self._grabbed():
            told_ns = base_ns + round(milliseconds * 1e6)
            at_ns = told_ns if told_ns > at_ns else at_ns + interval_ns  # a container may count backwards
            if thinner.due(at_ns) and (pixels := _pixels(self._capture)) is not None:
                yield self._frame(pixels, at_ns)
        return at_ns + interval_ns

    def _grabbed(self) -> Iterator[float]:
        """Milliseconds since the first picture, for each that was grabbed. Counts what is broken."""
        grabbed, failed, first, at = 0, 0, None, 0.0
        while failed < ENDED and not self._closed.is_set():
            self.status.alive_ns = self._clock.monotonic_ns()
            if not self._capture.grab():
                failed += 1
                continue
            for _ in range(failed):
                self._skip(f"{self._path.name} after {at / 1000:.3f} s", "the picture cannot be decoded")
            at = _milliseconds(self._capture)
            first = at if first is None else first
            grabbed, failed = grabbed + 1 + failed, 0
            yield at - first
        if not self._closed.is_set():
            self._count_missing(grabbed)
        self._capture.release()

    def _count_missing(self, grabbed: int) -> None:
        """An indexed container knows better than its broken end."""
        expected = round(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        missing = expected - grabbed if self._path.suffix.lower() in COUNTED else 0
        if missing > 0 and grabbed:
            log.warning("%s ends early or is damaged: %d of %d pictures are missing", self._path, missing, expected)
            self.status.skip(self._path.name, f"{missing} of {expected} pictures are missing", missing)

    def _skip(self, name: str, why: str) -> None:
        log.warning("skipped %s: %s", name, why)
        self.status.skip(name, why)

    def _frame(self, pixels: NDArray[np.uint8], at_ns: int) -> Frame:
        status = self.status
        status.state, status.frame_ns = "connected", self._clock.monotonic_ns()
        status.frames += 1
        return Frame(
            camera=self._camera,
            sequence=status.frames - 1,
            taken_ns=self._start_ns + at_ns,
            monotonic_ns=at_ns,
            pixels=pixels,
        )


def _open(path: Path) -> cv2.VideoCapture:
    try:
        with path.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SourceUnusable(f"{path}: {why}; give a video file that this user may read") from None
    # An absolute path: FFmpeg would take `rtsp:x.mp4` for an address. One thread: as many as there are cores would
    # each hold pictures of their own.
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if empty or not capture.isOpened():
        why = "the file is empty" if empty else "no video, cut off, or of a kind that FFmpeg cannot read"
        raise SourceUnusable(f"{path}: {why}; play it with another program, and copy it again")
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > PIXELS_MAX:
        raise SourceUnusable(f"{path}: {width:.0f}×{height:.0f} pixels are too many; make it smaller")
    return capture


def _pixels(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    """Of the picture that was grabbed last; None when it cannot be turned into BGR."""
    done, pixels = capture.retrieve()
    if not done or pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
        return None
    return pixels  # type: ignore[return-value]


def _rate(capture: cv2.VideoCapture) -> float:
    rate = capture.get(cv2.CAP_PROP_FPS)
    return rate if math.isfinite(rate) and 1 <= rate <= 1000 else RATE


def _milliseconds(capture: cv2.VideoCapture) -> float:
    at = capture.get(cv2.CAP_PROP_POS_MSEC)
    return at if math.isfinite(at) else 0.0
