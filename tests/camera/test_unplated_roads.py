"""Rendered roads through gate, spotter and track, with the network that ships: vehicles are counted, nothing else is.

The plates of sample_frames/ are painted over, so each vehicle is one that shows none. Persons, cyclists, shadows, rain
and changes of light move through an empty road of the same camera.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.camera.known import NoMemory
from edge.camera.line import load_networks
from edge.camera.motion import Gate
from edge.camera.pipeline import Pipeline, Steps
from edge.camera.scene import Frame
from edge.camera.vision.manifest import SHIPPED_ROOT
from edge.camera.vision.spotter import Spotter
from edge.settings.camera import CameraSettings, SourceSettings, VehicleSettings
from models.bench.unplated_roads import bare_frames
from models.synth.roadside import cyclist, person
from tests.camera.test_sightings import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edge.record.sighting import Sighting

SETTINGS = CameraSettings(
    site="hesston",
    camera="north",
    source=SourceSettings(kind="folder", address="x"),
    vehicle=VehicleSettings(model=None, spotter="spotter"),
)
SCENES = SHIPPED_ROOT / "sample_frames"
FPS = 10


class NoPlates:
    """Stands in for detector and reader: what is asked here has no plates."""

    def find(self, frame, motion):
        return []

    def read(self, frame, plate):
        raise AssertionError("there is nothing to read")


@pytest.fixture(scope="module")
def spotter():
    network = load_networks(SETTINGS, SHIPPED_ROOT).spotter
    assert network is not None
    return Spotter.of(network)


def told(spotter: Spotter, frames: Iterable[Frame]) -> list[Sighting]:
    steps = Steps(
        gate=Gate(SETTINGS.motion),
        detector=NoPlates(),
        reader=NoPlates(),
        spotter=spotter,
        memory=NoMemory(),
        synchronized=lambda: True,
    )
    line = Pipeline(SETTINGS, ORIGIN, steps)
    return [sighting for frame in frames for sighting in line.update(frame)] + line.finish()


MOVING = {
    "clock_overlay": 1,
    "day_approaching": 1,
    "day_receding": 1,
    "dusk": 1,
    "empty_road": 0,
    "glare": 1,
    "infrared_night": 1,
    "motion_blur": 1,
    "parked": 1,
    "pedestrian": 1,
    "rain": 1,
    "returning": 2,
    "small_plates": 2,
    "truck_lettering": 1,
    "two_cars": 2,
}
"""Vehicles that go by in each scene; of `parked`'s two one stands."""


@pytest.mark.parametrize("name", MOVING)
def test_each_rendered_vehicle_without_a_plate_is_one_sighting(spotter, name):
    sightings = told(spotter, bare_frames(SCENES / name))
    assert [one.plate for one in sightings] == [None] * MOVING[name]


def road() -> np.ndarray:
    return cv2.imread(str(min((SCENES / "empty_road").glob("*.jpg"))))


def film(draw: Callable[[np.ndarray, float], np.ndarray], seconds: float = 3.0) -> Iterable[Frame]:
    """An empty road for a second, then what `draw` makes of it by the seconds since, with a sensor's noise."""
    still, rng = road(), np.random.default_rng(4)
    noise = rng.normal(0, 2, (still.shape[0] + 32, still.shape[1] + 32, 3)).astype(np.float32)
    for number in range(int((1 + seconds) * FPS)):
        at_s = number / FPS - 1
        y, x = rng.integers(0, 32, 2)
        picture = still if at_s < 0 else draw(still.copy(), at_s)
        grain = noise[y : y + still.shape[0], x : x + still.shape[1]]
        pixels = np.clip(picture.astype(np.float32) + grain, 0, 255).astype(np.uint8)
        ns = number * 10**9 // FPS
        yield Frame(camera="north", sequence=number, taken_ns=ns, monotonic_ns=ns, pixels=pixels)


def figure(panel, picture: np.ndarray, x: float, high: int) -> np.ndarray:
    """A flat figure that stands on the road, its left edge at x."""
    drawn, mask = panel
    wide = high * drawn.shape[1] // drawn.shape[0]
    drawn, mask = (cv2.resize(one, (wide, high), interpolation=cv2.INTER_AREA) for one in (drawn, mask))
    left, top = round(x), 640 - high
    x0, x1 = max(0, left), min(picture.shape[1], left + wide)
    if x1 > x0:
        cover = mask[:, x0 - left : x1 - left, None] / 255
        part = picture[top : top + high, x0:x1]
        part[:] = part + (drawn[:, x0 - left : x1 - left] - part.astype(np.float32)) * cover
    return picture


COAT, TROUSERS = (40.0, 60.0, 150.0), (70.0, 55.0, 50.0)


def walker(picture, s):
    return figure(person(0.9 * s, COAT, TROUSERS), picture, 150 + 130 * s, 300)


def near_walker(picture, s):
    return figure(person(0.9 * s, TROUSERS, COAT), picture, 900 - 180 * s, 520)


def rider(picture, s):
    return figure(cyclist(1.2 * s, COAT, TROUSERS), picture, -150 + 400 * s, 330)


def two_riders(picture, s):
    return rider(figure(cyclist(0.3 + s, TROUSERS, COAT), picture, 150 + 400 * s, 310), s)


def shadow(picture, s):
    """Of something outside the picture, soft, as large as a lorry's."""
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, (int(-200 + 600 * s), 560), (260, 70), 8, 0, 360, 1.0, -1, cv2.LINE_AA)
    return picture * (1 - 0.55 * cv2.GaussianBlur(mask, (0, 0), 9)[..., None])


def beam(picture, s):
    """A headlamp's light that goes along the road before its vehicle is there."""
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(mask, (int(1100 - 250 * s), 520), (240, 60), -6, 0, 360, 1.0, -1, cv2.LINE_AA)
    return picture * 0.5 + 110 * cv2.GaussianBlur(mask, (0, 0), 25)[..., None]


def cloud(picture, s):
    return picture * (1 - 0.5 * min(1.0, s))


def rain(picture, s):
    rng = np.random.default_rng(int(s * 1000))
    for x, y, long in zip(
        rng.integers(0, 1280, 300), rng.integers(0, 640, 300), rng.integers(20, 80, 300), strict=True
    ):
        picture[y : y + long, x : x + 2] = np.minimum(picture[y : y + long, x : x + 2].astype(int) + 45, 255)
    return picture


@pytest.mark.parametrize("draw", [walker, near_walker, rider, two_riders, shadow, beam, cloud, rain])
def test_nothing_else_that_moves_is_counted(spotter, draw):
    assert told(spotter, film(draw)) == []
