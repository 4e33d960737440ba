"""How a camera says that it is here, and that it leaves; and to Home Assistant, how it can be shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from edge import __version__
from edge.link.client import Presence
from edge.link.topics import topic
from edge.record.boundary import seal
from edge.record.discovery import discover, discover_sightings
from edge.record.status import Status
from edge.record.words import time as written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.record.boundary import Sealed
    from edge.settings.camera import CameraSettings


def discoveries(settings: CameraSettings) -> Iterator[Sealed]:
    """What the settings ask for, said once, retained: then Home Assistant reads the camera's topics by itself."""
    if not settings.home_assistant.discovery:
        return
    site, camera = settings.site, settings.camera
    health, status, sighting = (topic(site, camera, kind) for kind in ("health", "status", "sighting"))
    yield seal(discover(site, camera, health=health, status=status, software=__version__))
    if settings.home_assistant.plates:
        yield seal(discover_sightings(site, camera, sighting=sighting, software=__version__))


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
