"""The whole line with networks that the test makes up: whole scenes in, whole sightings out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.camera.boxes import share_in
from edge.camera.known import NoMemory
from edge.camera.pipeline import Pipeline, Steps
from edge.camera.scene import Box, Frame, Motion, Plate, Read, Spot, Vehicle
from edge.settings.camera import Area, CameraSettings, SourceSettings, ViewSettings
from tests.builders import SIZE, frame, plate, read, vehicle
from tests.camera.test_sightings import ORIGIN

if TYPE_CHECKING:
    from edge.record.sighting import Sighting

SETTINGS = CameraSettings(
    site="hesston",
    camera="north",
    source=SourceSettings(kind="folder", address="x"),
    view=ViewSettings(approaching="northbound", receding="southbound"),
)


@dataclass
class Car:
    """Drives straight through the picture."""

    text: str
    since_ms: float = 0
    to_ms: float = 1500
    start: tuple[float, float] = (300, 200)
    speed: tuple[float, float] = (200, 150)
    width: float = 60
    growth: float = 60
    """Plate width: pixels, and pixels a second."""

    def plate(self, ms: float) -> Plate | None:
        if not self.since_ms <= ms <= self.to_ms:
            return None
        s = (ms - self.since_ms) / 1000
        x, y = self.start[0] + self.speed[0] * s, self.start[1] + self.speed[1] * s
        return plate(x, y, width=self.width + self.growth * s)


@dataclass
class Road:
    """A scene that stands in for the gate, the detector and the reader."""

    cars: list[Car]
    found: dict[Plate, str] = field(default_factory=dict)
    looked: int = 0
    read_count: int = 0

    def update(self, frame: Frame) -> Motion | None:
        moving = [c for c in self.cars if c.plate(frame.monotonic_ns / 1e6) and c.speed != (0, 0)]
        return Motion((Box(x0=0, y0=0, x1=SIZE[0], y1=SIZE[1]),), 0.1) if moving else None

    def find(self, frame: Frame, motion: Motion | None) -> list[Plate]:
        self.looked += 1
        self.found = {p: c.text for c in self.cars if (p := c.plate(frame.monotonic_ns / 1e6))}
        return list(self.found)

    def read(self, frame: Frame, plate: Plate) -> Read:
        self.read_count += 1
        return read(self.found[plate], 0.9, region="US-KS")


def replay(
    road: Road, *, fps: float = 15, until_ms: float = 4000, settings: CameraSettings = SETTINGS
) -> tuple[list[Sighting], Pipeline]:
    steps = Steps(gate=road, detector=road, reader=road, memory=NoMemory(), synchronized=lambda: True)
    pipeline = Pipeline(settings, ORIGIN, steps)
    told = [s for k in range(int(until_ms / 1000 * fps)) for s in pipeline.update(frame(k * 1000 / fps, sequence=k))]
    return told + pipeline.finish(), pipeline


def texts(told: list[Sighting]) -> list[str | None]:
    return [s.plate.text if s.plate else None for s in told]


@pytest.mark.parametrize("fps", [5, 8, 15, 30])
def test_a_passing_car_is_one_sighting_whatever_the_frame_rate(fps: float) -> None:
    told, _ = replay(Road([Car("123ABC")]), fps=fps)
    assert texts(told) == ["123ABC"]
    assert told[0].direction == "northbound"
    assert told[0].region is not None
    assert told[0].region.code == "US-KS"


def test_two_cars_at_once_are_two_sightings() -> None:
    told, _ = replay(Road([Car("123ABC"), Car("777XYZ", start=(800, 200))]))
    assert sorted(texts(told)) == ["123ABC", "777XYZ"]


def test_an_empty_road_costs_no_look() -> None:
    road = Road([])
    told, pipeline = replay(road, until_ms=10_000)
    assert told == []
    assert road.looked == 0
    assert (pipeline.tally.frames, pipeline.tally.moving) == (150, 0)


def test_a_car_that_stops_is_still_looked_at_though_nothing_moves() -> None:
    arriving = Car("123ABC", to_ms=600, speed=(100, 0), growth=0)
    standing = Car("123ABC", since_ms=601, to_ms=8000, start=(360, 200), speed=(0, 0), growth=0)
    told, _ = replay(Road([arriving, standing]), until_ms=20_000)
    assert texts(told) == ["123ABC"]


def test_a_parked_car_is_told_once_however_many_others_pass() -> None:
    parked = Car("888PKD", to_ms=60_000, start=(1000, 500), speed=(0, 0), growth=0)
    others = [Car(f"{n}23ABC", since_ms=2000 + n * 6000, to_ms=3500 + n * 6000) for n in range(5)]
    told, _ = replay(Road([parked, *others]), fps=10, until_ms=40_000)
    assert sorted(texts(told)) == ["023ABC", "123ABC", "223ABC", "323ABC", "423ABC", "888PKD"]


def test_areas_to_ignore_are_not_read_and_nothing_outside_the_looked_at_is() -> None:
    ignoring = msgspec.structs.replace(SETTINGS, view=ViewSettings(ignore=(Area(x0=0, y0=0, x1=1, y1=1),)))
    looking = msgspec.structs.replace(SETTINGS, view=ViewSettings(look=(Area(x0=0.9, y0=0.9, x1=1, y1=1),)))
    for settings in (ignoring, looking):
        road = Road([Car("123ABC")])
        assert replay(road, settings=settings)[0] == []
        assert road.read_count == 0


def test_a_plate_cut_off_by_the_pictures_edge_is_not_read() -> None:
    road = Road([Car("123ABC", start=(30, 300), speed=(0, 40), growth=0, width=70)])
    replay(road)
    assert road.read_count == 0


def test_a_vehicle_whose_plate_nobody_could_read_is_a_sighting_without_a_plate() -> None:
    told, pipeline = replay(Road([Car("")]))
    assert texts(told) == [None]
    assert pipeline.tally.unreadable == 1


def test_a_pass_is_read_no_oftener_than_the_settings_allow_unless_the_plate_grows() -> None:
    road = Road([Car("123ABC", to_ms=6000, speed=(60, 20), growth=0)])
    replay(road, fps=30, until_ms=8000)
    assert road.read_count == SETTINGS.reader.reads_max


def test_the_tally_names_the_stage_that_loses_plates() -> None:
    _, pipeline = replay(Road([Car("")]))
    tally = pipeline.tally
    assert tally.moving > 0
    assert tally.plates > 0
    assert tally.reads == 0


def test_a_pass_looks_at_its_vehicle_a_few_times_and_not_in_every_frame() -> None:
    """Of 22 frames the plate is at first 60 pixels wide and 150 at last."""
    names = Names()
    steps = Steps(gate=(road := Road([Car("123ABC")])), detector=road, reader=road, memory=NoMemory(),
                  synchronized=lambda: True, namer=names)  # fmt: skip
    pipeline = Pipeline(SETTINGS, ORIGIN, steps)
    told = [s for k in range(60) for s in pipeline.update(frame(k * 1000 / 15, sequence=k))] + pipeline.finish()
    assert names.looks == SETTINGS.vehicle.looks_max
    assert [(s.vehicle.type, s.vehicle.color) for s in told if s.vehicle] == [("pickup", "white")]


class Names:
    """Stands in for the vehicle network."""

    def __init__(self) -> None:
        self.looks = 0

    def name(self, frame: Frame, plate: Plate) -> Vehicle:
        self.looks += 1
        return vehicle("pickup", 0.9)


@dataclass
class Bodies(Road):
    """The same, and its cars have bodies: six times as wide as their plates, which only some show."""

    bare: tuple[str, ...] = ()
    """Texts of the cars that show no plate."""
    bare_until_ms: float = 0
    """None of them shows one before."""

    def body(self, car: Car, ms: float) -> Box | None:
        seen = car.plate(ms)
        if seen is None:
            return None
        (x, y), half = seen.center, 3 * seen.width_px
        return Box(x0=x - half, y0=y - 1.2 * half, x1=x + half, y1=y + 0.3 * half)

    def update(self, frame: Frame) -> Motion | None:
        bodies = [body for car in self.cars if (body := self.body(car, frame.monotonic_ns / 1e6))]
        return Motion(tuple(bodies), 0.1) if bodies else None

    def find(self, frame: Frame, motion: Motion | None) -> list[Plate]:
        found = super().find(frame, motion)
        if frame.monotonic_ns < self.bare_until_ms * 1_000_000:
            return []
        return [plate for plate in found if self.found[plate] not in self.bare]

    def spot(self, frame: Frame, region: Box) -> list[Spot]:
        return [
            Spot(
                taken_ns=frame.taken_ns,
                monotonic_ns=frame.monotonic_ns,
                box=body,
                score=0.9,
                frame_size=SIZE,
            )
            for car in self.cars
            if (body := self.body(car, frame.monotonic_ns / 1e6)) and share_in(body, region) > 0.8
        ]


def replay_bodies(road: Bodies, *, fps: float = 15, until_ms: float = 5000) -> tuple[list[Sighting], Pipeline]:
    steps = Steps(gate=road, detector=road, reader=road, spotter=road, memory=NoMemory(), synchronized=lambda: True)
    pipeline = Pipeline(SETTINGS, ORIGIN, steps)
    told = [s for k in range(int(until_ms / 1000 * fps)) for s in pipeline.update(frame(k * 1000 / fps, sequence=k))]
    return told + pipeline.finish(), pipeline


@pytest.mark.parametrize("fps", [5, 15, 30])
def test_a_vehicle_that_shows_no_plate_is_one_sighting_without_one(fps: float) -> None:
    told, _ = replay_bodies(Bodies([Car("A", to_ms=2000)], bare=("A",)), fps=fps)
    assert texts(told) == [None]
    assert (told[0].direction, told[0].vehicle, told[0].region) == ("northbound", None, None)


def test_a_vehicle_with_a_plate_stays_one_sighting_and_costs_no_look() -> None:
    told, pipeline = replay_bodies(Bodies([Car("123ABC", to_ms=2000)]))
    assert texts(told) == ["123ABC"]
    assert pipeline.tally.spotted == 0


def test_a_vehicle_whose_plate_nobody_could_read_is_told_once() -> None:
    told, _ = replay_bodies(Bodies([Car("", to_ms=2000)]))
    assert texts(told) == [None]


@pytest.mark.parametrize("text", ["123ABC", ""], ids=["read", "unread"])
def test_a_vehicle_whose_plate_is_seen_late_and_long_is_one_sighting(text: str) -> None:
    """The plate ends the looks at the vehicle, whose track is over long before the plate's pass is."""
    slow = Car(text, to_ms=6000, start=(250, 150), speed=(110, 60), growth=5)
    told, _ = replay_bodies(Bodies([slow], bare_until_ms=1500), until_ms=9000)
    assert texts(told) == [text or None]


def test_of_two_the_one_that_shows_no_plate_is_told_too_and_ids_differ() -> None:
    cars = [
        Car("123ABC", to_ms=2000, speed=(60, 120), growth=10),
        Car("B", to_ms=2000, start=(850, 200), speed=(60, 120), growth=10),
    ]
    told, _ = replay_bodies(Bodies(cars, bare=("B",)))
    assert sorted(texts(told), key=str) == ["123ABC", None]
    assert len({s.id for s in told}) == 2


def test_where_no_spotter_is_wanted_nothing_without_a_plate_is_told() -> None:
    told, _ = replay(Bodies([Car("A", to_ms=2000)], bare=("A",)))
    assert told == []
