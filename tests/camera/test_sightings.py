"""A closed pass in the record's words."""

from __future__ import annotations

import pytest

from edge.camera.sightings import Origin, conclude
from edge.record.boundary import seal
from edge.record.sighting import Models, VehicleSeen
from edge.settings.camera import ViewSettings
from tests.builders import fused, look, passed, vehicle

ORIGIN = Origin(
    site="hesston",
    camera="north",
    run="a1b2",
    models=Models(detector="a" * 12, reader="b" * 12, vehicle=None),
    settings="c" * 12,
    software="0.1.0",
)
VIEW = ViewSettings(approaching="northbound", receding="southbound")


def path(*, dx: float = 0, dy: float = 0, grow: float = 1.0) -> object:
    return passed(look(i * 100, x=600 + dx * i / 5, y=300 + dy * i / 5, width=80 * grow ** (i / 5)) for i in range(6))


@pytest.mark.parametrize(
    ("name", "route", "heading", "direction"),
    [
        ("grows", {"dy": 200, "grow": 1.6}, "approaching", "northbound"),
        ("shrinks", {"dy": -200, "grow": 0.6}, "receding", "southbound"),
        ("sinks at the same size", {"dy": 100}, "approaching", "northbound"),
        ("rises at the same size", {"dy": -100}, "receding", "southbound"),
        ("stands", {}, None, None),
    ],
)
def test_heading_and_direction_follow_the_track(
    name: str, route: dict, heading: str | None, direction: str | None
) -> None:
    told = conclude(path(**route), fused(), origin=ORIGIN, view=VIEW, synchronized=True)
    assert (told.heading, told.direction) == (heading, direction), name


def test_a_crossing_road_names_the_side_that_the_vehicle_makes_for() -> None:
    view = ViewSettings(sideways={"left": "westbound", "right": "eastbound"})
    told = [conclude(path(dx=dx), None, origin=ORIGIN, view=view, synchronized=True).direction for dx in (300, -300, 0)]
    assert told == ["eastbound", "westbound", None]


def test_a_sighting_passes_the_boundary_with_and_without_a_text() -> None:
    with_text = conclude(path(grow=1.5), fused(), origin=ORIGIN, view=VIEW, synchronized=False)
    without = conclude(path(grow=1.5), None, origin=ORIGIN, view=VIEW, synchronized=True)
    assert b'"text":"123ABC"' in seal(with_text).payload
    assert without.plate is None
    assert without.region is None
    seal(without)


def test_nothing_a_network_says_is_certain() -> None:
    told = conclude(path(grow=1.5), fused(confidence=1.0), origin=ORIGIN, view=VIEW, synchronized=True)
    assert told.plate is not None
    assert told.plate.confidence < 1


def test_the_id_is_the_same_for_the_same_pass_and_another_for_another_run() -> None:
    def id_of(run: str, number: int) -> str:
        origin = Origin(**{name: getattr(ORIGIN, name) for name in Origin.__slots__} | {"run": run})
        return conclude(passed([look()], number), None, origin=origin, view=VIEW, synchronized=True).id

    assert id_of("a", 1) == id_of("a", 1)
    assert len({id_of("a", 1), id_of("a", 2), id_of("b", 1)}) == 3


def test_a_vehicle_is_told_and_what_is_unknown_of_it_has_no_confidence() -> None:
    seen = conclude(path(), fused(), vehicle=vehicle("suv", 0.9, None), origin=ORIGIN, view=VIEW, synchronized=True)
    assert seen.vehicle == VehicleSeen(type="suv", type_confidence=0.9, color=None, color_confidence=None)
    assert b'"type":"suv"' in seal(seen).payload
