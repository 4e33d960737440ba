"""Where a vehicle can hardly be told, it is unknown or right: a guess would make a true hit look like a stranger's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.vehicle import Namer
from edge.settings.camera import RuntimeSettings, VehicleSettings
from models.synth.camera import Camera, develop
from models.synth.traffic import Car, drive
from models.synth.vehicles import TOLD, build
from models.synth.weather import SKIES

CAMERA = Camera(width=640, height=360, focal_px=900, pitch=0.12, above_m=2.2)
SEEDS = (3, 4)


@pytest.fixture(scope="module")
def told():
    """Names at the settings' own thresholds: (type or None, colour or None)."""
    manifest, sure = load_manifest(SHIPPED_ROOT / "models" / "manifest.yaml"), VehicleSettings()
    namer = Namer.of(load_network(manifest.pick("vehicle", "vehicle"), RuntimeSettings()))

    def name(picture, corners):
        seen = namer.name_at(picture, corners)
        return (
            seen.type if seen.type_confidence >= sure.type_confidence_min else None,
            seen.color if seen.color_confidence >= sure.color_confidence_min else None,
        )

    return name


def car(kind, color, x, z, seed):
    plate = np.full((80, 160, 3), 230, np.uint8)
    cv2.putText(plate, "482KRB", (8, 52), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (60, 30, 20), 3)
    made = build(np.random.default_rng(seed), kind, color)
    return Car(vehicle=made, x=x - made.rear.x, z=z + abs(made.rear.z), receding=True, plate=plate)


def shoot(*cars):
    road = np.full((CAMERA.height, CAMERA.width, 3), 0.2, np.float32)
    light = drive(road, list(cars), CAMERA, SKIES["overcast"], shutter_ms=0.01, exposures=1)
    return develop(np.random.default_rng(0), light, SKIES["overcast"].sensor)


def unknown_or(words, told):
    return all(mine in (None, TOLD.get(word, word)) for mine, word in zip(told, words, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_motorcycle_is_one_or_unknown(told, seed):
    one = car("motorcycle", "red", -0.5, 9, seed)
    assert unknown_or(("motorcycle", "red"), told(shoot(one), one.corners(CAMERA)))


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_that_overlap_each_is_itself_or_unknown(told, seed):
    near, far = car("suv", "white", -0.9, 8, seed), car("sedan", "red", 0.6, 11, seed)
    picture = shoot(near, far)
    assert unknown_or(("suv", "white"), told(picture, near.corners(CAMERA)))
    assert unknown_or(("sedan", "red"), told(picture, far.corners(CAMERA)))


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_vehicle_half_in_view_nothing_wrong_is_told(told, seed):
    one = car("sedan", "blue", -0.5, 9, seed)
    corners = one.corners(CAMERA)
    left = int(corners[:, 0].mean()) - 6
    assert unknown_or(("sedan", "blue"), told(shoot(one)[:, left:], corners - [left, 0]))


@pytest.mark.parametrize("share", [0.25, 0.12, 0.06])
def test_what_is_too_small_for_a_plate_tells_nothing_of_a_vehicle(told, share):
    """A plate of two to eight pixels, or a sticker taken for one: its square is a patch of paint or of road."""
    one = car("sedan", "blue", -0.5, 9, 3)
    corners = one.corners(CAMERA)
    middle = corners.mean(axis=0)
    assert told(shoot(one), middle + (corners - middle) * share) == (None, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trailer_is_no_car(told, seed):
    """A flat light box on two wheels with a plate: none of the types, and light if anything."""
    picture = np.random.default_rng(seed).normal(105, 6, (360, 640, 3))
    picture[120:300, 220:420] = (200, 205, 210)
    picture[250:262, 220:420] = 40
    picture[300:330, 240:265] = picture[300:330, 375:400] = 20
    picture[262:284, 298:342] = 230
    corners = [[298, 262], [342, 262], [342, 284], [298, 284]]
    kind, color = told(np.clip(picture, 0, 255).astype(np.uint8), corners)
    assert kind is None
    assert color in (None, "white", "grey")
