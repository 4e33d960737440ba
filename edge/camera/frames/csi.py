"""CSI cameras, through the program that the computer's maker gives for them.

That is rpicam-vid or libcamera-vid on a Raspberry Pi, GStreamer's nvarguscamerasrc on a Jetson and its libcamerasrc
elsewhere. It writes raw pictures into a pipe. A pipe instead of a binding: OpenCV's wheel knows none of them, and a
camera program that crashes takes nobody with it.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.frames.live import LiveSource
from edge.camera.frames.quiet import cv2
from edge.camera.frames.source import SourceAway, SourceUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.camera.frames.source import Clock
    from edge.settings.camera import SourceSettings

SIZE = (1280, 720)
"""Where the settings name none."""
ALIGNED = 64
"""The Pi's programs pad each line of a picture to this many pixels; widths that need none come without."""
SAID_MAX = 2000
"""Bytes of the program's last words that are kept."""


def csi_source(settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> LiveSource:
    """SourceUnusable when this computer has no program for CSI cameras, or the width cannot be had."""
    width, height = _size(settings)
    if width % ALIGNED or height % 2:
        raise SourceUnusable(
            f"source.width: {width}×{height} cannot be read from a CSI camera; "
            f"the width must be a multiple of {ALIGNED} and the height even: write 1280 and 720, or 1920 and 1080"
        )
    command = csi_command(settings)
    return LiveSource(settings, camera, lambda: PipeCapture(command, (width, height), settings), clock=clock)


def csi_command(settings: SourceSettings) -> list[str]:
    """The program that reads sensor number `settings.address` here, with all that it must be told."""
    width, height = _size(settings)
    rate = max(1, round(settings.frames_per_second))
    for program in ("rpicam-vid", "libcamera-vid"):
        if shutil.which(program):
            size = ["--width", str(width), "--height", str(height), "--framerate", str(rate)]
            endless = ["--timeout", "0", "--nopreview", "--verbose", "0", "--codec", "yuv420", "--output", "-"]
            return [program, "--camera", settings.address, *size, *endless]
    raw = f"width={width},height={height},framerate={rate}/1"
    if _gstreamer_has("nvarguscamerasrc"):
        source = f"nvarguscamerasrc sensor-id={settings.address} ! video/x-raw(memory:NVMM),{raw} ! nvvidconv"
    elif _gstreamer_has("libcamerasrc"):
        source = f"libcamerasrc ! video/x-raw,{raw} ! videoconvert"
    else:
        raise SourceUnusable(
            f"source: no program here can read CSI camera {settings.address}; install rpicam-apps (Raspberry Pi) "
            "or gstreamer1.0-tools with nvarguscamerasrc (Jetson) or libcamerasrc, or use an RTSP or USB camera"
        )
    pipeline = f"{source} ! video/x-raw,format=I420 ! fdsink fd=1 sync=false"
    return ["gst-launch-1.0", "--quiet", *pipeline.split()]


class PipeCapture:
    """A running camera program that writes I420 pictures of one size to its standard output."""

    def __init__(self, command: Sequence[str], size: tuple[int, int], settings: SourceSettings) -> None:
        self._width, self._height = size
        self._program, self._read_timeout_s = command[0], settings.read_timeout_s
        self._wait_s = settings.open_timeout_s  # until the first picture; then `read_timeout_s`
        self._picture = bytearray(self._width * self._height * 3 // 2)
        self._said = b""
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own list of programs, no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise SourceAway(f"{self._program}: {(error.strerror or str(error)).lower()}") from None
        self._ready = selectors.DefaultSelector()
        assert self._process.stdout
        assert self._process.stderr
        self._out, self._err = self._process.stdout.fileno(), self._process.stderr.fileno()
        self._ready.register(self._out, selectors.EVENT_READ)
        self._ready.register(self._err, selectors.EVENT_READ)

    def grab(self) -> None:
        """See `Capture`."""
        until_s = time.monotonic() + self._wait_s
        whole, filled = memoryview(self._picture), 0
        while filled < len(whole):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise SourceAway(f"{self._program} has sent no picture for {self._wait_s:g} s", "stalled")
            for key, _ in self._ready.select(left_s):
                if key.fd == self._err:
                    self._hear()
                else:
                    filled += self._take(whole[filled:])
        self._wait_s = self._read_timeout_s

    def pixels(self) -> NDArray[np.uint8] | None:
        """See `Capture`."""
        planes = np.frombuffer(self._picture, np.uint8).reshape(self._height * 3 // 2, self._width)
        return cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420)  # type: ignore[return-value]

    def close(self) -> None:
        """See `Capture`."""
        self._ready.close()
        self._process.kill()  # asking politely costs a second, and the sensor is freed either way
        self._process.communicate()

    def _take(self, room: memoryview) -> int:
        taken = os.readv(self._out, [room])
        if not taken:
            self._process.kill()  # it has closed its output; now its other pipe ends, too
            while self._hear():
                pass
            raise SourceAway(f"{self._program} ended: {self._last_words()}")
        return taken

    def _hear(self) -> bool:
        """What the program complains of; a pipe that nobody reads would stop it. False when it will say no more."""
        said = os.read(self._err, 4096)
        if not said and self._err in self._ready.get_map():
            self._ready.unregister(self._err)
        self._said = (self._said + said)[-SAID_MAX:]
        return bool(said)

    def _last_words(self) -> str:
        lines = self._said.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")[:200]


def _size(settings: SourceSettings) -> tuple[int, int]:
    return settings.width or SIZE[0], settings.height or SIZE[1]


def _gstreamer_has(element: str) -> bool:
    inspect = shutil.which("gst-inspect-1.0")
    if inspect is None or shutil.which("gst-launch-1.0") is None:
        return False
    return subprocess.run([inspect, "--exists", element], capture_output=True, check=False).returncode == 0  # noqa: S603
