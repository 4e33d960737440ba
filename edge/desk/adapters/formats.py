"""A stored sighting → the message that another system expects. Pure: a Struct and a function a format.

What we do not have is left out, or said as the format says "unknown": no picture and no address of one, no box in a
picture, no make, model or year, no coordinates, no angle of travel (a sighting's direction is the site's own word).
Times are the capture's as the desk knows it: of a camera whose clock nobody had set, the arrival's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from edge.record.frigate import FrigateUpdate
from edge.record.words import (
    Color,
    Count,
    Id,
    Name,
    Probability,
    Text,
    Time,
    VehicleType,
    Wire,
    exactly,
    nanoseconds,
    time,
)

if TYPE_CHECKING:
    from edge.record.sighting import PlateText, RegionCandidate, Sighting

LowerText = Annotated[str, exactly(r"[0-9a-z]{1,12}")]
LowerRegion = Annotated[str, exactly(r"([a-z]{2}(-[a-z0-9]{1,3})?)?")]
"""`us-ks`; both webhooks say "unknown" with nothing and a confidence of 0."""
Percent = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]

HookType = Literal["Sedan", "SUV", "Pickup Truck", "Van", "Big Truck", "Bus", "Motorcycle"]
HOOK_TYPES: Final[dict[VehicleType, HookType]] = {
    "sedan": "Sedan",
    "suv": "SUV",
    "pickup": "Pickup Truck",
    "van": "Van",
    "truck": "Big Truck",
    "bus": "Bus",
    "motorcycle": "Motorcycle",
}
"""Plate Recognizer has no word for a hatchback: its type is left out."""


class HookRegion(Wire, frozen=True, kw_only=True):
    """The issuing state."""

    code: LowerRegion
    score: Probability


class HookCandidate(Wire, frozen=True, kw_only=True):
    """A text that the plate may carry."""

    plate: LowerText
    score: Probability


class HookVehicle(Wire, frozen=True, kw_only=True):
    """Without its box in the picture."""

    type: HookType
    score: Probability


class HookColor(Wire, frozen=True, kw_only=True):
    """In our words."""

    color: Color
    score: Probability


class HookResult(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """One plate."""

    plate: LowerText
    score: Probability
    region: HookRegion
    candidates: Annotated[tuple[HookCandidate, ...], msgspec.Meta(max_length=9)]
    vehicle: HookVehicle | None = None
    color: Annotated[tuple[HookColor, ...], msgspec.Meta(max_length=1)] | None = None


class HookHead(Wire, frozen=True, kw_only=True):
    """What happened where."""

    id: Name
    """The camera."""
    event: Literal["recognition"]


class HookData(Wire, frozen=True, kw_only=True):
    """One vehicle that went by."""

    camera_id: Name
    timestamp: Time
    results: Annotated[tuple[HookResult, ...], msgspec.Meta(max_length=1)]


class Hook(Wire, frozen=True, kw_only=True):
    """Plate Recognizer Stream's webhook, as its guide had it in 2025, sent as plain JSON (its `webhook_image = no`)."""

    hook: HookHead
    data: HookData


class GroupCandidate(Wire, frozen=True, kw_only=True):
    """A text that the plate may carry. Whether it fits a state's template is not told: we match none."""

    plate: Text
    confidence: Percent


class GroupPlate(Wire, frozen=True, kw_only=True):
    """The best look, without its corners and its crop."""

    plate: Text
    confidence: Percent
    region: LowerRegion
    region_confidence: Percent
    candidates: Annotated[tuple[GroupCandidate, ...], msgspec.Meta(max_length=9)]


class GroupWord(Wire, frozen=True, kw_only=True):
    """In our words: OpenALPR tells a standard sedan from a compact one, and we would have to invent which."""

    name: Color | VehicleType
    confidence: Percent


class GroupVehicle(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """What was seen of the vehicle; each a list of one."""

    color: Annotated[tuple[GroupWord, ...], msgspec.Meta(max_length=1)] = ()
    body_type: Annotated[tuple[GroupWord, ...], msgspec.Meta(max_length=1)] = ()


class GroupLabels(Wire, frozen=True, kw_only=True):
    """Where OpenALPR's own ids are numbers, its labels carry our names."""

    camera_label: Name
    agent_label: Name
    """The site."""


class Group(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """OpenALPR's (Rekor Scout's) `alpr_group`, version 2. `best_uuid` is the sighting's id and leads to no picture."""

    data_type: Literal["alpr_group"]
    version: Literal[2]
    epoch_start: Count
    epoch_end: Count
    """UTC milliseconds."""
    best_uuid: Id
    uuids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=1)]
    best_plate_number: Text
    best_confidence: Percent
    best_region: LowerRegion
    best_region_confidence: Percent
    best_plate: GroupPlate
    candidates: Annotated[tuple[GroupCandidate, ...], msgspec.Meta(max_length=9)]
    vehicle: GroupVehicle | None = None
    web_server_config: GroupLabels


def frigate(one: Sighting, captured_ms: int) -> FrigateUpdate:
    """`tracked_object_update` of type `lpr`."""
    plate = _plate(one)
    return FrigateUpdate(
        type="lpr",
        id=one.id,
        name=None,
        plate=plate.text,
        score=plate.confidence,
        timestamp=captured_ms / 1000,
        camera=one.camera,
    )


def plate_recognizer(one: Sighting, captured_ms: int) -> Hook:
    """Stream's webhook; its plates and regions are lower-case."""
    plate, seen = _plate(one), one.vehicle
    code, sure = _region(one.region)
    kind = HOOK_TYPES.get(seen.type) if seen and seen.type else None
    result = HookResult(
        plate=plate.text.lower(),
        score=plate.confidence,
        region=HookRegion(code=code, score=sure),
        candidates=tuple(HookCandidate(plate=text.lower(), score=score) for text, score in _texts(plate)),
        vehicle=HookVehicle(type=kind, score=seen.type_confidence or 0.0) if seen and kind else None,
        color=(HookColor(color=seen.color, score=seen.color_confidence or 0.0),) if seen and seen.color else None,
    )
    return Hook(
        hook=HookHead(id=one.camera, event="recognition"),
        data=HookData(camera_id=one.camera, timestamp=time(captured_ms * 1_000_000), results=(result,)),
    )


def openalpr(one: Sighting, captured_ms: int) -> Group:
    """`alpr_group`; its confidences are percentages."""
    plate = _plate(one)
    code, sure = _region(one.region)
    candidates = tuple(GroupCandidate(plate=text, confidence=_percent(score)) for text, score in _texts(plate))
    best = GroupPlate(
        plate=plate.text,
        confidence=_percent(plate.confidence),
        region=code,
        region_confidence=_percent(sure),
        candidates=candidates,
    )
    return Group(
        data_type="alpr_group",
        version=2,
        epoch_start=captured_ms,
        epoch_end=captured_ms + _passing_ms(one),
        best_uuid=one.id,
        uuids=(one.id,),
        best_plate_number=best.plate,
        best_confidence=best.confidence,
        best_region=best.region,
        best_region_confidence=best.region_confidence,
        best_plate=best,
        candidates=candidates,
        vehicle=_vehicle(one),
        web_server_config=GroupLabels(camera_label=one.camera, agent_label=one.site),
    )


_DECODERS: Final = {kind: msgspec.json.Decoder(kind) for kind in (Hook, Group)}
"""Made while this module is imported, as the boundary's are, and for the same reason."""


def written(message: Hook | Group) -> bytes:
    """The message as JSON, read back through its type: building a Struct checks nothing. Raises ValidationError."""
    payload = msgspec.json.encode(message)
    _DECODERS[type(message)].decode(payload)
    return payload


def _plate(one: Sighting) -> PlateText:
    assert one.plate is not None, "all three formats tell of a plate"
    return one.plate


def _texts(plate: PlateText) -> list[tuple[str, float]]:
    return [(plate.text, plate.confidence), *((other.text, other.confidence) for other in plate.alternatives)]


def _region(region: RegionCandidate | None) -> tuple[str, float]:
    return (region.code.lower(), region.confidence) if region else ("", 0.0)


def _vehicle(one: Sighting) -> GroupVehicle | None:
    seen = one.vehicle
    if seen is None or (seen.color is None and seen.type is None):
        return None
    color = (GroupWord(name=seen.color, confidence=_percent(seen.color_confidence or 0.0)),) if seen.color else ()
    kind = (GroupWord(name=seen.type, confidence=_percent(seen.type_confidence or 0.0)),) if seen.type else ()
    return GroupVehicle(color=color, body_type=kind)


def _passing_ms(one: Sighting) -> int:
    return (nanoseconds(one.last_seen) - nanoseconds(one.first_seen)) // 1_000_000


def _percent(probability: float) -> float:
    return round(100.0 * probability, 1)
