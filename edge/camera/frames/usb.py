"""USB cameras through V4L2."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.frames.live import LiveSource
from edge.camera.frames.quiet import cv2
from edge.camera.frames.source import SourceAway

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.frames.source import Clock
    from edge.settings.camera import SourceSettings

VIDEO_MAJOR = 81
"""The kernel's number for video devices."""


def usb_source(settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> LiveSource:
    """The camera may be unplugged now and come later."""
    return LiveSource(settings, camera, lambda: UsbCapture(settings), clock=clock)


class UsbCapture:
    """One opened device. SourceAway with the reason when it cannot be."""

    def __init__(self, settings: SourceSettings) -> None:
        device = _device(settings.address)
        self._capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceAway(f"{device} is no camera, or another program has it: see `v4l2-ctl --list-devices`")
        self._ask_for(settings)

    def grab(self) -> None:
        """See `Capture`. V4L2 itself waits for ten seconds at most."""
        if not self._capture.grab():
            raise SourceAway("the camera sends no picture: is it unplugged, or its cable too long?", "stalled")

    def pixels(self) -> NDArray[np.uint8] | None:
        """See `Capture`."""
        done, pixels = self._capture.retrieve()
        if not done or pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
            return None
        return pixels  # type: ignore[return-value]

    def close(self) -> None:
        """See `Capture`."""
        self._capture.release()

    def _ask_for(self, settings: SourceSettings) -> None:
        """What the camera cannot do it answers with its nearest; the frames then are what they are."""
        # JPEG first: raw pictures of 1280×720 fill USB 2 with ten a second.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if settings.width and settings.height:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        self._capture.set(cv2.CAP_PROP_FPS, settings.frames_per_second)


def _device(address: str) -> Path:
    """`/dev/video0`, or its number. SourceAway when there is nothing that could be opened."""
    device = Path(f"/dev/video{address}" if address.isdecimal() else address)
    try:
        found = device.stat()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SourceAway(f"{device}: {why}; is the camera plugged in? See `v4l2-ctl --list-devices`") from None
    if not stat.S_ISCHR(found.st_mode) or os.major(found.st_rdev) != VIDEO_MAJOR:
        raise SourceAway(f"{device} is no video device: write /dev/video0, or what `v4l2-ctl --list-devices` names")
    if not os.access(device, os.R_OK | os.W_OK):
        raise SourceAway(f"{device}: permission denied; add the service's user to the group `video`")
    return device
