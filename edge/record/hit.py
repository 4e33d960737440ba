"""`hit/1`: a plate that a camera read may be one that a list asks for. A lead for a person to check, never a finding.

`verification` has one value, so no consumer can take a hit for verified: the verdict is a message of its own, and
names the hit. What differs between the plate, the read and the list is said field by field; of the person or the
reason behind the list's entry nothing is.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.words import Color, Id, Name, Ordinal, Probability, RegionCode, Text, Time, VehicleType, Wire, exactly

Grade = Literal["full", "possible", "characters_only", "doubtful"]
"""`full`: same characters, same state, fresh list, nothing contradicts. `possible`: something is weak or differs in
look-alikes. `characters_only`: the state is not known to match. `doubtful`: weaker still, e.g. the state and the
vehicle both contradict."""

Characters = Literal["exact", "confusable", "wildcard", "one_edit"]
State = Literal["match", "mismatch", "unknown"]
Agreement = Literal["agrees", "contradicts", "unknown"]
Origin = Literal["on_time", "late_list", "late_sighting"]
"""`late_list`: the list came after the vehicle. `late_sighting`: the sighting came more than ten minutes late."""

Pattern = Annotated[str, exactly(r"[0-9A-Z*?]{1,12}")]
FileCode = Annotated[str, exactly(r"[A-Z]")]
One = Annotated[str, exactly(r"[0-9A-Z]")]


class WeakestCharacter(Wire, frozen=True, kw_only=True):
    """The matched character that the camera was least sure of: where a wrong hit most likely went wrong."""

    position: Annotated[int, msgspec.Meta(ge=1, le=12)]
    read: One
    listed: One | None
    probability: Probability


class HitRead(Wire, frozen=True, kw_only=True):
    """What the camera read."""

    text: Text
    confidence: Probability
    region: RegionCode | None
    region_confidence: Probability | None
    weakest: WeakestCharacter


class HitListed(Wire, frozen=True, kw_only=True):
    """What the list has. O is written as 0, as NCIC does."""

    text: Pattern
    region: RegionCode | None
    types: Annotated[tuple[VehicleType, ...], msgspec.Meta(max_length=8)]
    colors: Annotated[tuple[Color, ...], msgspec.Meta(max_length=9)]


class Difference(Wire, frozen=True, kw_only=True):
    """A place where the read and the list are not the same; null where one has no character there."""

    position: Annotated[int, msgspec.Meta(ge=1, le=13)]
    read: One | None
    listed: One | None


class HitMatch(Wire, frozen=True, kw_only=True):
    """How the two compare."""

    characters: Characters
    differences: Annotated[tuple[Difference, ...], msgspec.Meta(max_length=12)]
    state: State
    vehicle_type: Agreement
    vehicle_color: Agreement


class HitList(Wire, frozen=True, kw_only=True):
    """Which list, and how old it was when it matched."""

    name: Name
    file_code: FileCode | None
    version: Ordinal
    made_at: Time
    age_hours: Annotated[float, msgspec.Meta(ge=0.0, le=100_000.0)]
    stale: bool


class Hit(Wire, frozen=True, kw_only=True):
    """One pass that matches a list: at most one hit a pass, the best grade."""

    schema: Literal["hit/1"] = "hit/1"
    verification: Literal["unverified"] = "unverified"
    id: Id
    site: Name
    camera: Name
    sighting: Id
    made_at: Time
    first_seen: Time
    last_seen: Time
    direction: Name | None
    origin: Origin
    live: bool
    """False: for the record; not to be shown as an alert."""
    grade: Grade
    calibration: bool
    """The department's own test vehicle: proves the path, is nobody's lead."""
    read: HitRead
    listed: HitListed
    match: HitMatch
    list: HitList
