"""RTSP cameras, over TCP, read by OpenCV's FFmpeg. Why one cannot be reached, `rtsp_reason` asks the camera itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import numpy as np

from edge.camera.frames.live import LiveSource
from edge.camera.frames.picture import PIXELS_MAX
from edge.camera.frames.quiet import cv2
from edge.camera.frames.rtsp_reason import reason
from edge.camera.frames.source import SourceAway, SourceUnusable
from edge.settings.secret import SecretWrong, secret

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.frames.source import Clock
    from edge.settings.camera import SourceSettings

NEARLY = 0.9
"""A read that took this share of its timeout has timed out: clocks differ by a little."""


def rtsp_source(
    settings: SourceSettings, camera: str, *, root: Path | None = None, clock: Clock | None = None
) -> LiveSource:
    """SourceUnusable when the credentials cannot be read; the camera itself may be away."""
    address = _with_credentials(settings.address, _credentials(settings, root or Path()))

    def connect() -> RtspCapture:
        return RtspCapture(settings, address)

    return LiveSource(settings, camera, connect, clock=clock)


class RtspCapture:
    """One connection. SourceAway with the reason when there is none to be had."""

    def __init__(self, settings: SourceSettings, address: str) -> None:
        """`address` holds the password: it is handed to FFmpeg and shown to nobody."""
        self._settings = settings
        timeouts = (
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.open_timeout_s),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.read_timeout_s),
        )
        options = [number for key, seconds in timeouts for number in (key, round(seconds * 1000))]
        began_s = time.monotonic()
        # One thread: each of FFmpeg's holds back a picture, and all of them together more than the daemon may use.
        self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*options, cv2.CAP_PROP_N_THREADS, 1])
        if not self._capture.isOpened():
            silent = time.monotonic() - began_s >= NEARLY * settings.open_timeout_s
            raise reason(settings, silent=silent)
        self._refuse_giants()

    def grab(self) -> None:
        """See `Capture`."""
        began_s = time.monotonic()
        if self._capture.grab():
            return
        if time.monotonic() - began_s >= NEARLY * self._settings.read_timeout_s:
            raise SourceAway(f"it answers, but has sent no picture for {self._settings.read_timeout_s:g} s", "stalled")
        raise SourceAway("the connection broke off")

    def pixels(self) -> NDArray[np.uint8] | None:
        """See `Capture`."""
        done, pixels = self._capture.retrieve()
        if not done or pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
            return None
        return pixels  # type: ignore[return-value]

    def close(self) -> None:
        """See `Capture`."""
        self._capture.release()

    def _refuse_giants(self) -> None:
        width = self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)
        height = self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > PIXELS_MAX:
            self.close()
            raise SourceAway(f"its pictures are too large: {width:.0f}×{height:.0f}; set the camera to a smaller size")


def _credentials(settings: SourceSettings, root: Path) -> tuple[str, str] | None:
    if settings.credentials_file is None:
        return None
    try:
        user, colon, password = secret(settings.credentials_file, root).partition(":")
    except SecretWrong as error:
        raise SourceUnusable(f"source.credentials_file: {error}") from error
    if not colon or not user:
        raise SourceUnusable("source.credentials_file: its one line must be user:password")
    return user, password


def _with_credentials(address: str, credentials: tuple[str, str] | None) -> str:
    if credentials is None:
        return address
    user, password = (quote(part, safe="") for part in credentials)
    parts = urlsplit(address)
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
