"""How a camera says that it is here, and that it leaves; and to Home Assistant, how it can be shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from edge import __version__
from edge.link.client import Presence
from edge.link.topics import topic
from edge.record.boundary import seal
from edge.record.discovery import discover
from edge.record.status import Status
from edge.record.words import time as written

if TYPE_CHECKING:
    from edge.record.boundary import Sealed
    from edge.settings.camera import CameraSettings


def discovery(settings: CameraSettings) -> Sealed:
    """Said once, retained: from then on Home Assistant reads `health` and `status` by itself."""
    site, camera = settings.site, settings.camera
    health, status = topic(site, camera, "health"), topic(site, camera, "status")
    return seal(discover(site, camera, health=health, status=status, software=__version__))


def presence(settings: CameraSettings) -> Presence:
    """Here since now."""

    def status(state: Literal["online", "offline"], since_ns: int | None) -> Sealed:
        since = None if since_ns is None else written(since_ns)
        return seal(Status(site=settings.site, camera=settings.camera, state=state, software=__version__, since=since))

    return Presence(
        site=settings.site,
        camera=settings.camera,
        online=status("online", time.time_ns()),
        lost=status("offline", None),
        leaving=lambda: status("offline", time.time_ns()),
    )
