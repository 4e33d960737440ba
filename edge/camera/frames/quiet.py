"""OpenCV and FFmpeg, silenced: what goes wrong is told once, by us, with its file or address, and without a password.

Import `cv2` in this room from here. FFmpeg's level is read when the first video is opened, so it is set before.
"""

from __future__ import annotations

import os

import cv2

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|fpsprobesize;0")
"""TCP: a lost packet is sent again instead of tearing the picture. No probing of the rate: it delays each connection
by twenty pictures, and nobody here asks for it. Both can be overridden from outside."""
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
cv2.setNumThreads(1)  # the daemon's threads are counted; OpenCV must not add its own

__all__ = ["cv2"]
