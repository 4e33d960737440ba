"""Single pictures by chance, for training: any road, light and vehicle, plates with exact corners, and look-alikes.

    picture, corners, told = render_scene(np.random.default_rng(7), size=(640, 384))

Vehicles, trees and signs come from pools that are made once, each from its own number, so that pictures come fast and
one seed always gives one picture. Three in ten scenes show no plate at all: empty roads, empty plate holders,
lettering, stickers, signs, shop fronts, clocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from models.synth import roadside as rs
from models.synth.bodywork import ink, lettering
from models.synth.camera import Camera, develop
from models.synth.filming import burn_clock, defocus, visible
from models.synth.pools import VEHICLES, thing, vehicle
from models.synth.road import Road, backdrop
from models.synth.traffic import Car, drive
from models.synth.weather import SKIES, glare, rain

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from models.synth.camera import Light
    from models.synth.weather import Sky

FlatPlate = tuple["NDArray[np.uint8]", str, str]
"""A flat picture (H×W×3, uint8, BGR), its text, its region."""

CONDITIONS = tuple(SKIES)


def drawn_plate(rng: np.random.Generator, *, infrared: bool) -> FlatPlate:
    """A plate of the reader's own training."""
    from models.synth.plates import render_plate

    plate = render_plate(rng, height=72 if rng.random() < 0.6 else 128, infrared=infrared)
    return plate.picture, plate.text, plate.region


def render_scene(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (640, 384),
    condition: str | None = None,
    draw_plate: Callable[..., FlatPlate] = drawn_plate,
) -> tuple[NDArray[np.uint8], list[NDArray[np.float32]], dict[str, Any]]:
    """One picture (H×W×3, uint8, BGR) of `size` (width, height), its plates' corners (4×2 each), and what it shows.

    `condition` is one of `CONDITIONS`, or any. Plates less than six tenths visible or narrower than 10 px stand in
    the third value under `ignore`, not among the corners. `draw_plate(rng, infrared=…)` may bring real crops.
    """
    sky = _sky(rng, condition)
    bare = rng.random() < 0.3
    camera, cars, told = _traffic(rng, size, sky, draw_plate, bare=bare)
    if sky.lamp > 0:  # a camera turns its lamp and its exposure to what stands before it
        near = min((car.z for car in cars), default=15.0)
        sky = replace(sky, lamp=near**2 / 100 * float(np.exp(rng.normal(-1.9, 0.7))))
    light = _place(rng, camera, sky, cars)
    shutter_ms = float(rng.choice([0.5, 1.0, 2.0, 8.0], p=[0.4, 0.3, 0.2, 0.1]))
    exposures = 1 if shutter_ms < 2 else 2 if shutter_ms < 8 else 4
    light = drive(light, cars, camera, sky, shutter_ms=shutter_ms, exposures=exposures)
    if sky.rain:
        light = rain(rng, light, sky.rain, 4.0)
    if sky.glare:
        light = glare(light, sky.glare, (float(rng.uniform(-0.1, 1.1)), float(rng.uniform(-0.2, 0.1))))
    picture = develop(rng, light, sky.sensor)
    if rng.random() < 0.2:
        _clock(rng, picture)
    if rng.random() < 0.4:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))])
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    corners = []
    for number, car in enumerate(cars):
        told["vehicles"][number]["box"] = car.box(camera)
        if car.plate is None or not told["vehicles"][number]["plate"]:
            continue
        quad = car.corners(camera)
        seen = visible(quad, [other for other in cars if other is not car and other.z < car.z], camera)
        wide = float(np.linalg.norm(quad[1] - quad[0]))
        told["vehicles"][number].update(width_px=wide, visible=seen)
        if seen >= 0.6 and wide >= 10:
            corners.append(quad.astype(np.float32))
        elif seen > 0:
            told["ignore"].append(quad.astype(np.float32))
    return picture, corners, told


# ------------------------------------------------------------------ light and place


def _sky(rng: np.random.Generator, condition: str | None) -> Sky:
    """One of the conditions, no two alike."""
    name = condition or str(rng.choice(CONDITIONS, p=[0.3, 0.25, 0.12, 0.17, 0.08, 0.08]))
    sky = SKIES[name]
    angle, high = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1.2)
    sensor = replace(
        sky.sensor,
        exposure=sky.sensor.exposure * float(np.exp(rng.normal(0, 0.22))),
        noise=sky.sensor.noise * float(np.exp(rng.normal(0.3, 0.6))),
        softness_px=float(rng.uniform(0.35, 1.0)),
        vignette=float(rng.uniform(0, 0.5)),
        contrast=float(rng.uniform(0.85, 1.25)),
        bloom=sky.sensor.bloom * float(np.exp(rng.normal(0, 0.5))),
        grey=sky.sensor.grey or bool(rng.random() < 0.05),
        tint=tuple(float(t) for t in np.exp(rng.normal(0, 0.06, 3))) if not sky.infrared else (1.0, 1.0, 1.0),  # type: ignore[arg-type]
    )
    sun = (float(np.cos(angle)), high, float(np.sin(angle))) if name == "day" else sky.sun_from
    return replace(
        sky,
        sun_from=sun,
        sensor=sensor,
        plate_gain=sky.plate_gain * float(np.exp(rng.normal(0.5, 0.5))),
        haze=sky.haze * float(rng.uniform(0.3, 1.3)),
    )


def _place(rng: np.random.Generator, camera: Camera, sky: Sky, cars: list[Car]) -> Light:
    """Road, verge and what stands there; signs and shop fronts stand close by, where plates would be."""
    middle = cars[0].x if cars else float(rng.uniform(-3, 3))
    lane = float(rng.uniform(3.2, 3.9))
    left = middle - lane / 2 - lane * int(rng.integers(0, 3)) - 0.3
    right = middle + lane / 2 + lane * int(rng.integers(0, 2)) + 0.3
    count = round((right - left - 0.6) / lane)
    lines = tuple(left + 0.3 + lane * k for k in range(1, count)) or (left - 50.0,)
    road = Road(
        left=left,
        right=right,
        lines=lines,
        double_yellow=bool(rng.random() < 0.6),
        kerb=bool(rng.random() < 0.4),
        asphalt=float(rng.uniform(0.08, 0.32)),
        season=((0.045, 0.13, 0.1), (0.09, 0.2, 0.22), (0.05, 0.16, 0.1), (0.1, 0.15, 0.19))[int(rng.integers(4))],
    )
    light = backdrop(rng, camera, road, sky, trees=bool(rng.random() < 0.8))
    things = [thing(rng, left, right) for _ in range(int(rng.integers(3, 12)))]
    for _, panel, corners, shine in sorted(things, key=lambda thing: -thing[0]):
        rs.place(light, camera, sky, panel, corners, shine=shine)
    return defocus(light, camera, sigma=float(rng.uniform(0.3, 2.0)))


# ------------------------------------------------------------------ vehicles


def _traffic(
    rng: np.random.Generator, size: tuple[int, int], sky: Sky, draw_plate: Callable[..., FlatPlate], *, bare: bool
) -> tuple[Camera, list[Car], dict[str, Any]]:
    """A camera, the vehicles before it, and what is known of them; the first one's plate is where the camera looks."""
    told: dict[str, Any] = {"condition": sky.name, "vehicles": [], "ignore": []}
    width, height = size
    wide_px = float(np.exp(rng.uniform(np.log(18), np.log(0.42 * width))))
    focal_px = width * float(np.exp(rng.uniform(np.log(0.9), np.log(3.2))))
    z = max(focal_px * 0.305 / wide_px, 2.2)
    focal_px = min(focal_px, wide_px * z / 0.305)
    above = float(rng.uniform(1.0, min(5.5, 1.2 + 0.35 * z)))
    x = float(rng.normal(0, 0.16) * z)
    u, v = rng.uniform(0.12, 0.88), rng.uniform(0.3, 0.92)
    camera = Camera(
        width=width,
        height=height,
        focal_px=focal_px,
        above_m=above,
        yaw=float(np.arctan2(x, z) - np.arctan((u - 0.5) * width / focal_px)),
        pitch=float(np.arctan2(above - 0.65, z) - np.arctan((v - 0.5) * height / focal_px)),
        roll=float(rng.normal(0, 0.03)),
    )
    count = (
        int(rng.choice([0, 1, 2], p=[0.35, 0.45, 0.2])) if bare else int(rng.choice([1, 2, 3], p=[0.55, 0.33, 0.12]))
    )
    cars: list[Car] = []
    for number in range(count):
        far = z if number == 0 else z + float(rng.uniform(-2, 18))
        across = (
            x
            if number == 0
            else x + float(rng.choice([-1, 1])) * float(rng.uniform(3.1, 4.0)) * (1 if number == 1 else -1)
        )
        if far < 2.2 or any(abs(far - c.z) < 9 and abs(across - c.x) < 2.6 for c in cars):
            continue
        cars.append(_car(rng, across, far, sky, draw_plate, told, bare=bare))
    return camera, cars, told


def _car(
    rng: np.random.Generator,
    x: float,
    plate_z: float,
    sky: Sky,
    draw_plate: Callable[..., FlatPlate],
    told: dict[str, Any],
    *,
    bare: bool,
) -> Car:
    """One vehicle of the pool with its plate this far away, or with an empty holder."""
    receding = bool(rng.random() < 0.62)
    body = vehicle(int(rng.integers(VEHICLES)))
    if body.type == "motorcycle" and not receding:
        bare = True
    plate: NDArray[np.uint8] | None = None
    text = region = ""
    if not bare:
        plate, text, region = draw_plate(rng, infrared=sky.infrared)
        plate = _used(rng, plate)
    elif rng.random() < 0.35 and body.type != "motorcycle":
        plate = _blank(rng)
    mount = body.rear if receding else body.front
    if plate is not None:
        aspect = plate.shape[1] / plate.shape[0]
        wide = mount.width if aspect < 2.6 else 0.5
        mount = replace(
            mount,
            width=wide,
            height=wide / aspect,
            lean=float(rng.normal(0, 0.09)),
            x=mount.x + float(rng.normal(0, 0.02)),
        )
        body = replace(body, **{"rear" if receding else "front": mount})
    told["vehicles"].append(
        {
            "type": body.type,
            "color": body.color,
            "receding": receding,
            "plate": text if not bare else "",
            "region": region,
        }
    )
    return Car(
        vehicle=body,
        x=x,
        z=plate_z + abs(mount.z),
        receding=receding,
        plate=plate,
        steer=float(rng.normal(0, 0.06) if rng.random() < 0.8 else rng.normal(0, 0.35)),
        bounce=float(rng.normal(0, 0.01)),
        lamps=bool(rng.random() < 0.85),
        brakes=float(rng.random() < 0.3),
        speed=float(rng.uniform(3, 25)) * (1 if receding else -1),
        plate_shade=float(rng.uniform(0.45, 1.1)),
    )


def _used(rng: np.random.Generator, plate: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A plate on the road: a dealer's frame over its border, dirt, a shadow across it, a hitch ball before it."""
    plate = plate.copy()
    height, width = plate.shape[:2]
    if rng.random() < 0.3:
        shade = float(rng.choice([rng.uniform(5, 50), rng.uniform(100, 210)]))
        inner = np.full((height, width), 255, np.uint8)
        x, top, low = (
            int(width * rng.uniform(0.015, 0.04)),
            int(height * rng.uniform(0.03, 0.14)),
            int(height * rng.uniform(0.03, 0.14)),
        )
        cv2.rectangle(inner, (x, top), (width - x - 1, height - low - 1), 0, -1)
        plate[inner > 0] = shade
        if rng.random() < 0.5 and low > 8:
            words = lettering("PRAIRIE MOTORS", max(5, int(low * 0.6)))
            ink(
                plate,
                words[:, : width - 4],
                (max(2, (width - words.shape[1]) // 2), height - low + int(low * 0.2)),
                (255 - shade,) * 3,
            )
    if rng.random() < 0.3:
        blotches = cv2.resize(rng.random((4, 8), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        share = np.clip((blotches - 0.5) * rng.uniform(0.5, 2.0), 0, 0.85)[..., None]
        plate = (plate + (np.array([70, 85, 95], np.float32) - plate) * share).astype(np.uint8)
    if rng.random() < 0.25:
        angle, where = rng.uniform(0, 2 * np.pi), rng.uniform(-0.7, 0.7)
        u, v = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        side = 1 / (1 + np.exp(-(np.cos(angle) * u + np.sin(angle) * v - where) * rng.uniform(5, 60)))
        deep = rng.uniform(0.3, 0.8)
        plate = (plate * (deep + (1 - deep) * side[..., None])).astype(np.uint8)
    if rng.random() < 0.05:
        cv2.circle(
            plate,
            (int(width * rng.uniform(0.2, 0.8)), int(height * rng.uniform(0.7, 1.1))),
            int(height * 0.25),
            (60, 60, 62),
            -1,
            cv2.LINE_AA,
        )
    return plate


def _blank(rng: np.random.Generator) -> NDArray[np.uint8]:
    """What hangs where a plate would be and is none: a bare holder with its four holes, sometimes a drawing."""
    picture = np.empty((80, 160, 3), np.uint8)
    picture[:] = rng.uniform(8, 70) if rng.random() < 0.6 else rng.uniform(20, 230, 3)
    for x in (30, 130):
        for y in (10, 70):
            cv2.circle(picture, (x, y), 4, (5, 5, 5), -1, cv2.LINE_AA)
    if rng.random() < 0.4:
        color = tuple(float(c) for c in rng.uniform(0, 255, 3))
        cv2.ellipse(
            picture, (80, 40), (int(rng.uniform(12, 45)), int(rng.uniform(10, 26))), 0, 0, 360, color, -1, cv2.LINE_AA
        )
    return picture


def _clock(rng: np.random.Generator, picture: NDArray[np.uint8]) -> None:
    date = f"20{rng.integers(10, 35)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    time = f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    words = str(rng.choice([f"{date} {time}", time, f"CAM {rng.integers(1, 30)} {time}", date.replace("-", "/")]))
    high = int(rng.integers(8, 20))
    height, width = picture.shape[:2]
    burn_clock(
        picture,
        words,
        high=high,
        at=(int(rng.integers(4, max(5, width // 2))), 6 if rng.random() < 0.5 else height - high - 8),
    )
