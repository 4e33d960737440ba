"""`health/2`: how a camera and its computer are, each minute: numbers and fixed words, never a sentence, never a plate.

One counter a stage, all since the daemon's start, so that a fault names its stage: frames that are read while nothing
moves is a frozen picture; plates without reads is a reader at fault; sightings that are not published is the broker.

Version 2 knows a dirty lens, a failed infra-red lamp, what is written to the disk, and whether somebody records.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.sighting import Clock
from edge.record.words import Count, Name, Probability, Time, Version, Wire

SourceState = Literal["connecting", "connected", "away", "stalled", "frozen", "ended"]
Provider = Literal["tensorrt", "cuda", "openvino", "xnnpack", "cpu"]
OutboxState = Literal["ok", "full", "read_only", "failing"]
LinkState = Literal["connecting", "connected", "away", "refused", "untrusted", "silent", "closed"]
"""`away`: nobody answers. `refused`: the broker says no. `untrusted`: TLS fails. `silent`: no acknowledgement comes."""

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e10)]
Megabytes = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
Celsius = Annotated[float, msgspec.Meta(ge=-273.0, le=1000.0)]
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]


class Source(Wire, frozen=True, kw_only=True):
    """The camera itself."""

    state: SourceState
    reconnects: Count
    frames_per_second: Rate | None
    """As they truly came in the last minute."""


class Stages(Wire, frozen=True, kw_only=True):
    """What came through each stage since the start."""

    frames_read: Count
    frames_dropped: Count
    """Overwritten in the slot because vision was busy."""
    frames_broken: Count
    """Pictures that could not be decoded."""
    frames_moving: Count
    plates: Count
    """Places that looked like a plate, one a frame."""
    reads: Count
    """Looks that gave a text."""
    passes: Count
    sightings: Count
    unrecorded: Count
    """Sightings that the disk would not take: they are lost."""
    published: Count
    """Sightings that the broker has acknowledged."""


class Latency(Wire, frozen=True, kw_only=True):
    """Of one frame, from the slot to the tracker."""

    p50_ms: Milliseconds
    p95_ms: Milliseconds


class Picture(Wire, frozen=True, kw_only=True):
    """What is wrong with the picture; `null` where it has not been looked at."""

    dark: bool | None
    burnt: bool | None
    """So bright that plates have no strokes."""
    blurred: bool | None
    frozen: bool | None
    moved: bool | None
    """The camera does not look where it was aimed."""
    infrared: bool | None
    """A grey picture: no fault, but no colours either."""
    dirty: bool | None
    """Fixed places have lost their contrast against the last weeks' own normal: clean the window."""
    lamp_failed: bool | None
    """An infra-red night that is far darker than this camera's nights are."""


class Outbox(Wire, frozen=True, kw_only=True):
    """What waits for the broker, and what was given up."""

    state: OutboxState
    depth: Count
    bytes: Count
    oldest: Time | None
    """When the oldest waiting sighting was seen."""
    oldest_age_s: Seconds | None
    dropped_by_age: Count
    dropped_by_bytes: Count
    refused: Count
    """Set aside because the broker accepts others but not these."""
    damaged: Count
    """Databases and rows that were found damaged."""


class Link(Wire, frozen=True, kw_only=True):
    """The line to the broker."""

    state: LinkState
    protocol: Literal["5", "3.1.1"] | None
    connects: Count


class Device(Wire, frozen=True, kw_only=True):
    """The computer; `null` where it does not tell."""

    temperature_c: Celsius | None
    throttled: bool | None
    disk_free_mb: Megabytes | None
    rss_mb: Megabytes
    written_mb: Megabytes | None
    """What the daemon has written to the disk since its start."""
    uptime_s: Seconds
    """Of the daemon."""


class Health(Wire, frozen=True, kw_only=True):
    """One minute's report."""

    schema: Literal["health/2"] = "health/2"
    site: Name
    camera: Name
    time: Time
    software: Version
    source: Source
    stages: Stages
    latency: Latency | None
    """`null` when no frame was looked at."""
    read_rate: Probability | None
    """Share of the last hour's sightings whose plate was read; `null` when there were none."""
    picture: Picture
    recording_until: Time | None
    """A technician records pictures until then; `null`: nobody does."""
    provider: Provider | None
    """Truly in use, not merely asked for."""
    clock: Clock
    outbox: Outbox
    link: Link
    device: Device
