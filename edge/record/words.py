"""The small vocabulary that every message shares: how a time, a probability and a name are written."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Annotated, Literal

import msgspec


def exactly(pattern: str) -> msgspec.Meta:
    """A text that is this pattern and nothing more.

    Python's `$` alone lets a last newline through and JSON Schema's does not; with what stands behind it they agree.
    """
    return msgspec.Meta(pattern=rf"^{pattern}$(?!\n)")


Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""0–1, three decimals on the wire; see `probability`."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""From 0, and no larger than every JSON reader keeps exact."""

Ordinal = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
"""From 1: a row, a version, a revision."""

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

Time = Annotated[str, exactly(rf"{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{{3}}Z")]
"""RFC 3339, UTC, milliseconds."""

Date = Annotated[str, exactly(_DAY)]
"""A day in UTC, as ISO 8601 writes it."""

Version = Annotated[str, exactly(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")]
"""Of our own software: three numbers."""

Name = Annotated[str, exactly(r"[a-z0-9][a-z0-9_-]{0,31}")]
"""A site, a camera, an agency's short name: a topic level, so no slash, no wildcard, no space."""

Text = Annotated[str, exactly(r"[0-9A-Z]{1,12}")]
"""What stands on a plate: nothing that could be anything else."""

RegionCode = Annotated[str, exactly(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")]
"""ISO 3166-2 (`US-KS`) or ISO 3166-1 (`MX`)."""

Id = Annotated[str, exactly(r"[0-9a-f]{32}")]
"""Made by us, stored before the first try, the same at every repetition."""

Digest = Annotated[str, exactly(r"[0-9a-f]{12}")]
"""The first twelve hex digits of a SHA-256."""

Heading = Literal["approaching", "receding"]
VehicleType = Literal["sedan", "suv", "pickup", "van", "hatchback", "truck", "bus", "motorcycle"]
Color = Literal["white", "black", "grey", "red", "blue", "green", "brown", "yellow", "orange"]


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every wire type is: immutable, and closed to fields that the schema does not name."""


def probability(value: float) -> float:
    """As the wire has it: three decimals, and never 1.000 by rounding, for nothing a network says is certain."""
    assert 0.0 <= value <= 1.0, f"a probability of {value}"
    return min(round(value, 3), 0.999) if value < 1.0 else 0.999


def time(ns: int) -> str:
    """UTC nanoseconds → `2026-11-23T18:04:11.213Z`."""
    milliseconds = ns // 1_000_000
    moment = datetime.fromtimestamp(milliseconds // 1000, tz=timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def nanoseconds(time: str) -> int:
    """`2026-11-23T18:04:11.213Z` → UTC nanoseconds. ValueError when it is not such a time."""
    moment = datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000 + moment.microsecond * 1000


def sighting_id(site: str, camera: str, run: str, number: int) -> str:
    """The id of pass `number` of one run of one camera: the same at every repetition, another for everything else."""
    return hashlib.sha256(f"{site}/{camera}/{run}/{number}".encode()).hexdigest()[:32]
