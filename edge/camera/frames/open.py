"""The one way to a source: from its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge.camera.frames.csi import csi_source
from edge.camera.frames.folder import FolderSource
from edge.camera.frames.rtsp import rtsp_source
from edge.camera.frames.scenes import ScenesSource, scenes
from edge.camera.frames.usb import usb_source
from edge.camera.frames.video import VideoSource

if TYPE_CHECKING:
    from edge.camera.frames.source import Clock, Source
    from edge.settings.camera import SourceSettings


def open_source(settings: SourceSettings, camera: str, *, clock: Clock | None = None) -> Source:
    """SourceUnusable with what, where, why and what to do when it can never give a frame as it is set.

    A live camera that is merely away is no error: `frames` waits for it, and `status` says why it is away.
    """
    if settings.kind == "folder":
        if scenes(Path(settings.address)):
            return ScenesSource(settings, camera, clock=clock)
        return FolderSource(settings, camera, clock=clock)
    if settings.kind == "video":
        return VideoSource(settings, camera, clock=clock)
    if settings.kind == "rtsp":
        return rtsp_source(settings, camera, clock=clock)
    if settings.kind == "usb":
        return usb_source(settings, camera, clock=clock)
    return csi_source(settings, camera, clock=clock)
