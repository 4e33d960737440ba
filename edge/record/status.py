"""`status/1`: whether a camera is there, retained. `offline` is also the Last Will that the broker speaks for it."""

from __future__ import annotations

from typing import Literal

from edge.record.words import Name, Time, Version, Wire


class Status(Wire, frozen=True, kw_only=True):
    """Here or away, with which software, since when."""

    schema: Literal["status/1"] = "status/1"
    site: Name
    camera: Name
    state: Literal["online", "offline"]
    software: Version
    since: Time | None
    """When the camera's daemon started or stopped. `null` in a Last Will: nobody knew when the line would break."""
