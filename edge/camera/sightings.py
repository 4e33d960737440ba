"""A closed pass → `sighting/1`. The camera's nouns end here and the record's begin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from edge.record.sighting import Alternative, Clock, Models, PlateText, RegionCandidate, Sighting, VehicleSeen
from edge.record.words import probability, sighting_id, time

if TYPE_CHECKING:
    from edge.camera.scene import Fused, Look, Pass, Spot, Unplated, Vehicle
    from edge.record.words import Color, Heading, VehicleType
    from edge.settings.camera import Side, ViewSettings

GREW = 0.06
"""Change of log width over a pass from which the plate, or the vehicle, came nearer, or went away."""
DRIFT = 0.35
"""Widths that a plate, or a vehicle without one, of unchanged size must travel before its path tells a direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who saw it, and with what: the same in every sighting of a run."""

    site: str
    camera: str
    run: str
    """Names this run of the daemon, so that pass 0 of today and of yesterday have different ids."""
    models: Models
    settings: str
    software: str


def conclude(
    passed: Pass | Unplated,
    fused: Fused | None,
    *,
    vehicle: Vehicle | None = None,
    origin: Origin,
    view: ViewSettings,
    synchronized: bool,
) -> Sighting:
    """One sighting. Its `sequence` is 0 until the outbox keeps it and counts."""
    heading = heading_of(passed)
    return Sighting(
        id=sighting_id(origin.site, origin.camera, origin.run, passed.number),
        site=origin.site,
        camera=origin.camera,
        sequence=0,
        first_seen=time(passed.looks[0].taken_ns),
        last_seen=time(passed.looks[-1].taken_ns),
        direction=direction_of(passed, heading, view),
        heading=heading,
        plate=_plate(fused) if fused else None,
        region=_region(fused) if fused else None,
        vehicle=_vehicle(vehicle) if vehicle else None,
        clock=Clock(synchronized=synchronized),
        models=origin.models,
        settings=origin.settings,
        software=origin.software,
    )


def heading_of(passed: Pass | Unplated) -> Heading | None:
    """Towards the camera or away: whether the plate grew; where it hardly did, whether it sank or rose in the picture.

    A camera beside the road stands higher than a plate, so what comes nearer sinks. Of a vehicle without a plate the
    same is asked of its outline.
    """
    first, last = _ends(passed)
    grew = math.log(max(last.width_px, 1.0) / max(first.width_px, 1.0))
    if abs(grew) >= GREW:
        return "approaching" if grew > 0 else "receding"
    sank = (last.center[1] - first.center[1]) / max(last.width_px, 1.0)
    if abs(sank) >= DRIFT:
        return "approaching" if sank > 0 else "receding"
    return None


def direction_of(passed: Pass | Unplated, heading: Heading | None, view: ViewSettings) -> str | None:
    """The site's own word: of the side that the plate makes for, where the settings name one; else of its heading."""
    side = _side(passed)
    if side is not None and side in view.sideways:
        return view.sideways[side]
    if heading is None:
        return None
    return view.approaching if heading == "approaching" else view.receding


def _side(passed: Pass | Unplated) -> Side | None:
    """The picture's side that the plate, or the vehicle, travels to; None when it stands."""
    first, last = _ends(passed)
    dx = last.center[0] - first.center[0]
    dy = last.center[1] - first.center[1]
    if math.hypot(dx, dy) < DRIFT * last.width_px:
        return None
    if abs(dx) >= abs(dy):
        return "right" if dx > 0 else "left"
    return "bottom" if dy > 0 else "top"


def _ends(passed: Pass | Unplated) -> tuple[Look | Spot, Look | Spot]:
    return passed.looks[0], passed.looks[-1]


def _plate(fused: Fused) -> PlateText:
    return PlateText(
        text=fused.text,
        confidence=probability(fused.confidence),
        characters=tuple(probability(p) for p in fused.characters),
        alternatives=tuple(Alternative(text=text, confidence=probability(p)) for text, p in fused.alternatives),
        width_px=max(1, round(fused.width_px)),
        reads=fused.reads,
        agreement=round(fused.agreement, 3),
    )


def _region(fused: Fused) -> RegionCandidate | None:
    if fused.region is None:
        return None
    return RegionCandidate(code=fused.region.code, confidence=probability(fused.region.confidence))


def _vehicle(vehicle: Vehicle) -> VehicleSeen:
    """What is unknown has no confidence either. The words are the record's: the manifest's check lets no others in."""
    return VehicleSeen(
        type=cast("VehicleType | None", vehicle.type),
        type_confidence=probability(vehicle.type_confidence) if vehicle.type else None,
        color=cast("Color | None", vehicle.color),
        color_confidence=probability(vehicle.color_confidence) if vehicle.color else None,
    )
