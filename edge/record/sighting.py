"""`sighting/1`: one vehicle went by one camera once. The fixed record (design.md §3).

Wire types, apart from the camera's own nouns and converted by hand, so that a rename inside never breaks a subscriber.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.words import (
    Color,
    Count,
    Digest,
    Heading,
    Id,
    Name,
    Probability,
    RegionCode,
    Text,
    Time,
    VehicleType,
    Version,
    Wire,
)


class Alternative(Wire, frozen=True, kw_only=True):
    """Another text that the same plate may carry."""

    text: Text
    confidence: Probability


class PlateText(Wire, frozen=True, kw_only=True):
    """What the plate says. `confidence` is calibrated: of those that say 0.9, nine in ten are exactly right."""

    text: Text
    confidence: Probability
    characters: Annotated[tuple[Probability, ...], msgspec.Meta(min_length=1, max_length=12)]
    """Of each character of `text`."""
    alternatives: Annotated[tuple[Alternative, ...], msgspec.Meta(max_length=8)]
    width_px: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    """Of the widest look, in pixels of the camera."""
    reads: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    """Looks at the plate that took part in the vote."""
    agreement: Probability
    """Share of the looks that say exactly `text`, by weight."""


class RegionCandidate(Wire, frozen=True, kw_only=True):
    """The issuing state, province or country."""

    code: RegionCode
    confidence: Probability


class VehicleSeen(Wire, frozen=True, kw_only=True):
    """The vehicle around the plate; `null` means that we do not know, and colour is `null` in infra-red."""

    type: VehicleType | None
    type_confidence: Probability | None
    color: Color | None
    color_confidence: Probability | None


class Clock(Wire, frozen=True, kw_only=True):
    """Whether the device's clock was set from outside when the sighting was made."""

    synchronized: bool


class Models(Wire, frozen=True, kw_only=True):
    """Which networks spoke, by the first digits of their SHA-256."""

    detector: Digest
    reader: Digest
    vehicle: Digest | None


class Sighting(Wire, frozen=True, kw_only=True):
    """One pass, concluded."""

    schema: Literal["sighting/1"] = "sighting/1"
    id: Id
    """The same at every repetition: drop what you have seen."""
    site: Name
    camera: Name
    sequence: Count
    """One more than the camera's sighting before: a gap is a sighting that was dropped (see `health`)."""
    first_seen: Time
    last_seen: Time
    direction: Name | None
    """In the site's own words, e.g. `northbound`."""
    heading: Heading | None
    plate: PlateText | None
    """`null`: a vehicle whose plate could not be read."""
    region: RegionCandidate | None
    vehicle: VehicleSeen | None
    clock: Clock
    models: Models
    settings: Digest
    """Of the settings file in force."""
    software: Version
