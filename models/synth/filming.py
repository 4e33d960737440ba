"""Films a script: each frame of a scene as the camera hands it out, and the exact corners of the plates in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from models.synth import roadside as rs
from models.synth.bodywork import ink, lettering
from models.synth.camera import develop
from models.synth.road import backdrop
from models.synth.traffic import Car, drive
from models.synth.vehicles import build
from models.synth.weather import SKIES, glare, rain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from models.synth.bodies import Vehicle
    from models.synth.camera import Camera, Light
    from models.synth.scripts import Passing, Scene
    from models.synth.weather import Sky


class DrawPlate(Protocol):
    """Draws a flat plate, H×W×3, uint8, BGR: `flat_plate`, or a stand-in where no font is installed."""

    def __call__(self, seed: int, region: str, text: str, *, infrared: bool) -> NDArray[np.uint8]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SeenPlate:
    """One plate in one frame."""

    passing: int
    corners: NDArray[np.float64]
    """4×2 pixels."""
    visible: float
    """Share of it that is in the picture and not hidden, 0–1."""

    @property
    def width_px(self) -> float:
        """Mean length of its upper and lower edge."""
        a, b, c, d = self.corners
        return float(np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame of a scene."""

    ms: int
    picture: NDArray[np.uint8]
    plates: tuple[SeenPlate, ...]


def flat_plate(seed: int, region: str, text: str, *, infrared: bool) -> NDArray[np.uint8]:
    """A plate of the reader's own training, drawn with the fonts of this machine."""
    from models.synth.plates import render_plate

    return render_plate(np.random.default_rng(seed), region=region, text=text, height=160, infrared=infrared).picture


class Film:
    """A script with everything made that does not change from frame to frame."""

    def __init__(self, scene: Scene, draw_plate: DrawPlate = flat_plate) -> None:
        self.scene, self.sky = scene, SKIES[scene.sky]
        rng = np.random.default_rng([scene.seed, 0])
        made: dict[tuple[str, str, str], Vehicle] = {}
        for one in scene.passings:
            made.setdefault(_who(one), build(rng, one.kind, one.color, words=one.words))
        self._vehicles = [made[_who(one)] for one in scene.passings]
        self._plates = [
            draw_plate(p.plate_seed, p.region, p.plate, infrared=self.sky.infrared) if p.plate else None
            for p in scene.passings
        ]
        self._place = backdrop(rng, scene.camera, scene.road, self.sky)
        dress(np.random.default_rng([scene.seed, 1]), self._place, scene.camera, self.sky, scene.props)
        self._place = defocus(self._place, scene.camera)

    def times(self) -> list[int]:
        """Milliseconds of the frames that are kept: those with a vehicle, and a few before and after."""
        scene = self.scene
        every = [
            round(n * 1000 / scene.frames_per_second) for n in range(round(scene.seconds * scene.frames_per_second))
        ]
        if not scene.passings:
            return every
        busy = np.array([bool(self.cars(ms)) for ms in every])
        reach = scene.idle_frames
        near = [bool(busy[max(0, n - reach) : n + reach + 1].any()) for n in range(len(every))]
        return [ms for ms, kept in zip(every, near, strict=True) if kept]

    def cars(self, ms: float) -> list[Car]:
        """Who is on the road, as they are at one instant."""
        return [car for _, car in self._numbered(ms)]

    def shots(self) -> Iterator[Shot]:
        """Every frame, by time."""
        for ms in self.times():
            yield self.shoot(ms)

    def shoot(self, ms: int) -> Shot:
        """The frame at one instant."""
        scene = self.scene
        numbered = self._numbered(ms)
        exposures = int(np.clip(2 + scene.shutter_ms, 3, 10))
        light = self._place.copy() if scene.person else self._place
        if scene.person:
            self._walk(light, ms)
        light = drive(
            light,
            [car for _, car in numbered],
            scene.camera,
            self.sky,
            shutter_ms=scene.shutter_ms,
            exposures=exposures,
        )
        rng = np.random.default_rng([scene.seed, 2, ms])
        if self.sky.rain:
            light = rain(rng, light, self.sky.rain, max(scene.shutter_ms, 3.0))
        if self.sky.glare:
            light = glare(light, self.sky.glare, (0.78, -0.1))
        picture = develop(rng, light, self.sky.sensor)
        if scene.clock:
            burn_clock(picture, f"{scene.start[:10]}  {_clock(scene.start, ms)}   CAM 02")
        return Shot(ms, picture, self._seen(numbered))

    def _numbered(self, ms: float) -> list[tuple[int, Car]]:
        found = []
        for number, one in enumerate(self.scene.passings):
            car = self._car(number, one, ms / 1000)
            if car is not None:
                found.append((number, car))
        return found

    def _car(self, number: int, one: Passing, seconds: float) -> Car | None:
        """The vehicle at a time, or None while it is out of view."""
        vehicle = self._vehicles[number]
        velocity = one.speed * (1 if one.receding else -1)
        plate_z = one.near_z + velocity * (seconds - one.near_s)
        if one.speed > 0 and not one.near_z - 3.0 <= plate_z <= one.far_z:
            return None
        mount = vehicle.rear if one.receding else vehicle.front
        bounce = 0.006 * np.sin(7 * seconds + number) + 0.003 * np.sin(17 * seconds) if one.speed else 0.0
        return Car(
            vehicle=vehicle,
            x=one.x + (0.05 * np.sin(1.3 * seconds + number) if one.speed else 0.0),
            z=plate_z + abs(mount.z),
            receding=one.receding,
            plate=self._plates[number],
            steer=one.steer,
            bounce=float(bounce),
            lamps=one.speed > 0,
            speed=velocity,
        )

    def _walk(self, light: Light, ms: int) -> None:
        """A person on the pavement, in clothes and a hood."""
        seconds = ms / 1000
        z, x = 17.0 - 0.9 * seconds, -0.35 + 0.02 * seconds
        panel = rs.person(0.8 * seconds, (58, 60, 96), (74, 56, 46))
        ground = np.zeros((light.shape[0], light.shape[1]), np.uint8)
        (px, py), _ = self.scene.camera.project(np.array([x, 0.0, z]))
        cv2.ellipse(ground, (int(px), int(py)), (46, 9), 0, 0, 360, 150, -1, cv2.LINE_AA)
        light *= 1 - cv2.GaussianBlur(ground, (0, 0), 7).astype(np.float32)[..., None] / 255
        rs.place(light, self.scene.camera, self.sky, panel, rs.upright(x, z, 0.72, 1.73))

    def _seen(self, numbered: list[tuple[int, Car]]) -> tuple[SeenPlate, ...]:
        camera = self.scene.camera
        found = []
        for number, car in numbered:
            if car.plate is None:
                continue
            corners = car.corners(camera)
            nearer = [other for k, other in numbered if k != number and other.z < car.z]
            share = visible(corners, nearer, camera)
            if share > 0:
                found.append(SeenPlate(number, corners, share))
        return tuple(found)


def _who(one: Passing) -> tuple[str, str, str]:
    """The same for a vehicle that comes back."""
    return one.plate, one.kind, one.color


def visible(corners: NDArray[np.float64], nearer: list[Car], camera: Camera) -> float:
    """Share of a plate that lies in the picture and not behind a nearer vehicle."""
    low = np.floor(corners.min(axis=0)).astype(int) - 1
    size = np.ceil(corners.max(axis=0)).astype(int) + 2 - low
    if (size > 4000).any() or (size < 2).any():
        return 0.0
    plate = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(plate, np.round((corners - low) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    whole = int(plate.sum())
    ys, xs = np.nonzero(plate)
    inside = (xs + low[0] >= 0) & (xs + low[0] < camera.width) & (ys + low[1] >= 0) & (ys + low[1] < camera.height)
    for car in nearer:
        pixels, depth = camera.project(car.vehicle.mesh.vertices @ car.turn().T + car.place())
        hidden = np.zeros_like(plate)
        hull = cv2.convexHull(np.clip(pixels[depth > 0.5] - low, -5000, 5000).astype(np.float32))
        cv2.fillConvexPoly(hidden, np.round(hull * 16).astype(np.int32), 1, cv2.LINE_8, 4)
        inside &= hidden[ys, xs] == 0
    return float(inside.sum()) / max(whole, 1)


def _clock(start: str, ms: int) -> str:
    hours, minutes, seconds = (int(part) for part in start[11:19].split(":"))
    total = hours * 3600 + minutes * 60 + seconds + ms // 1000
    return f"{total // 3600 % 24:02d}:{total // 60 % 60:02d}:{total % 60:02d}"


def burn_clock(picture: NDArray[np.uint8], words: str, *, high: int = 22, at: tuple[int, int] = (24, 20)) -> None:
    """Date and time as cameras burn them in, white with a dark edge, at (x, y); in place."""
    mask = lettering(words, high)
    edge = cv2.dilate(cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT), np.ones((3, 3), np.uint8))
    ink(picture, edge, (at[0] - 2, at[1] - 2), (10, 10, 10))
    ink(picture, mask, at, (245, 245, 245))


def defocus(light: Light, camera: Camera, *, sigma: float = 1.3) -> Light:
    """What is beyond thirty metres a little out of focus, as behind any long lens."""
    (_, row), _ = camera.project(np.array([camera.x_m + np.sin(camera.yaw) * 30, 0.0, np.cos(camera.yaw) * 30]))
    share = np.clip((row - np.arange(light.shape[0], dtype=np.float32)) / (0.1 * light.shape[0]) + 0.5, 0, 1)[
        :, None, None
    ]
    soft = cv2.GaussianBlur(light, (0, 0), sigma * light.shape[1] / 1280)
    return np.asarray(light + (soft - light) * share, np.float32)


def dress(rng: np.random.Generator, light: Light, camera: Camera, sky: Sky, props: str) -> None:
    """Put what stands beside the road into an empty place, the farthest first, in place."""
    side = 1.0 if camera.yaw < 0 else -1.0  # the road bends away to the other side of the camera
    far_side = -side * 10.5
    things: list[tuple[float, rs.Panel, NDArray[np.float64], float]] = []
    for _ in range(9):
        z = float(rng.uniform(38, 110))
        for x in (camera.x_m + side * rng.uniform(1.5, 9), far_side - side * rng.uniform(2, 16)):
            tall = rng.uniform(4, 8)
            things.append((z, rs.tree(rng), rs.upright(float(x), z, tall * 0.77, tall), 0.0))
    things += [(z, rs.pole(), rs.upright(far_side - side * 1.2, z, 0.9, 9.0), 0.0) for z in (26.0, 62.0, 98.0)]
    if props == "town":
        for z in (24.0, 33.0, 42.0):
            words = rs.SHOPS[int(rng.integers(len(rs.SHOPS)))]
            things.append((z, rs.shop(words, rng), rs.along(-14.5, z - 8, z, 3.8), 0.0))
        things.append(
            (30.0, rs.shop(rs.SHOPS[int(rng.integers(len(rs.SHOPS)))], rng), rs.upright(4.6, 30.0, 7.5, 3.6), 0.0)
        )
    else:
        for x, z in ((far_side - side * 13, 75.0), (camera.x_m + side * 10, 90.0)):
            things.append((z, rs.house(rng), rs.upright(x, z, 11.0, 6.2), 0.0))
    sign_z = float(rng.uniform(19, 26))
    if props in ("signs", "town"):
        words = rs.SIGNS[int(rng.integers(len(rs.SIGNS)))]
        things.append((sign_z, rs.sign(words, rng), rs.upright(camera.x_m + side * 0.55, sign_z, 0.62, 2.2), 4.0))
    if props == "signs":
        things.append((30.0, rs.sign("SPEED/LIMIT/35", rng), rs.upright(far_side + side * 0.5, 30.0, 0.75, 2.6), 4.0))
        things.append((36.0, rs.rail(), rs.along(far_side + side * 0.6, 14.0, 40.0, 0.8), 0.0))
    for _, panel, corners, shine in sorted(things, key=lambda thing: -thing[0]):
        rs.place(light, camera, sky, panel, corners, shine=shine)
