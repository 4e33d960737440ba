"""`desk_status/2`: how the desk is and what it alerts on, retained on `lpr/v1/{site}/desk/status`. Never a plate."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.hit import FileCode
from edge.record.words import Count, Name, Ordinal, Time, Version, Wire


class ListStatus(Wire, frozen=True, kw_only=True):
    """One hotlist in force."""

    name: Name
    version: Ordinal
    made_at: Time
    entries: Count
    condition: Literal["fresh", "stale", "dead"]


class AdapterStatus(Wire, frozen=True, kw_only=True):
    """Another system that is handed each sighting with a plate."""

    format: Literal["frigate", "plate_recognizer", "openalpr"]
    state: Literal["well", "away", "stopped"]
    waiting: Count
    """Sightings that were stored since the last one that it took."""
    refused: Count
    """Sightings that it would not have."""


class DeskStatus(Wire, frozen=True, kw_only=True):
    """What a supervisor's screen shows."""

    schema: Literal["desk_status/2"] = "desk_status/2"
    site: Name
    state: Literal["online", "offline"]
    since: Time
    software: Version
    file_codes: Annotated[tuple[FileCode, ...], msgspec.Meta(max_length=26)]
    lists: Annotated[tuple[ListStatus, ...], msgspec.Meta(max_length=16)]
    sightings: Count
    refused: Count
    gaps: Count
    """Sightings that the cameras numbered and the desk has not got."""
    hits_unverified: Count
    waiting: Count
    """Messages of the desk's own that the broker has not acknowledged."""
    clock: Literal["trusted", "held"]
    calibration_last: Time | None
    """When the department's own test vehicle last raised its hit."""
    calibration_overdue: bool
    """It should have by now: somewhere between the road and the alert something is broken."""
    adapters: Annotated[tuple[AdapterStatus, ...], msgspec.Meta(max_length=4)]
    """None, as the desk comes."""
