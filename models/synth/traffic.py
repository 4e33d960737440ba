"""Puts vehicles into the picture: light on paint and glass, shadows on the road, the plate at its exact corners.

A picture is made of a few exposures a fraction of a millisecond and of a pixel apart, averaged: that is motion blur and
smooth edges at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth.bodies import BODY, CABIN, LEATHER, PAINT, TYRE
from models.synth.camera import to_linear
from models.synth.mesh import rasterise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.bodies import Mount, Vehicle
    from models.synth.bodywork import Drawing
    from models.synth.camera import Camera, Light
    from models.synth.mesh import Surface
    from models.synth.weather import Sky

    Seen = NDArray[np.float32]
    """Numbers for each of n seen points: n×1 or n×3."""

NEAREST_M = 0.5
"""What is nearer to the lens has no place in the picture."""
HEADLAMP = 26.0
"""Light of a lit headlamp, where white in the sun is 1."""


@dataclass(frozen=True, kw_only=True)
class Car:
    """A vehicle on the road at one instant, and the plate that it shows to the camera."""

    vehicle: Vehicle
    x: float
    """World metres: the vehicle's middle."""
    z: float
    receding: bool
    plate: NDArray[np.uint8] | None
    """Flat picture; None for a vehicle without a plate on this side."""
    steer: float = 0.0
    """Radians off the road's direction, positive to the right."""
    bounce: float = 0.0
    """Metres up."""
    lamps: bool = True
    """Whether it has its lamps on when others do."""
    brakes: float = 0.0
    speed: float = 0.0
    """Metres a second along the road, away from the camera positive."""
    plate_shade: float = 1.0
    extra: dict[str, float] = field(default_factory=dict)

    def turn(self) -> NDArray[np.float64]:
        """Own frame → world, 3×3."""
        angle = self.steer + (0.0 if self.receding else np.pi)
        s, c = np.sin(angle), np.cos(angle)
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])

    def place(self, ms: float = 0.0) -> NDArray[np.float64]:
        """World position, `ms` milliseconds from the instant."""
        far = self.speed * ms / 1000
        return np.array([self.x + np.sin(self.steer) * far, self.bounce, self.z + far])

    @property
    def mount(self) -> Mount:
        """Where the plate that can be seen is screwed on."""
        return self.vehicle.rear if self.receding else self.vehicle.front

    def corners(self, camera: Camera, ms: float = 0.0) -> NDArray[np.float64]:
        """4×2 pixels: the plate's corners, exact."""
        return camera.project(self.mount.corners() @ self.turn().T + self.place(ms))[0]

    def box(self, camera: Camera) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in pixels, beyond the picture's edge too: the smallest upright rectangle around the body."""
        pixels, depth = camera.project(self.vehicle.mesh.vertices @ self.turn().T + self.place())
        seen = pixels[depth > NEAREST_M]
        if not len(seen):
            return (0.0, 0.0, 0.0, 0.0)
        (x0, y0), (x1, y1) = seen.min(axis=0), seen.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)


def drive(
    light: Light, cars: list[Car], camera: Camera, sky: Sky, *, shutter_ms: float = 1.0, exposures: int = 3
) -> Light:
    """The road (linear light) with the cars on it, the farthest first."""
    cars = sorted(cars, key=lambda car: -car.z)
    for car in cars:
        light = _shadow(light, car, camera, sky)
        if sky.headlamps and car.lamps:
            light = _cones(light, car, camera, sky)
    if not cars:
        return light
    total = np.zeros_like(light)
    for number in range(exposures):
        share = (number + 0.5) / exposures - 0.5
        jitter = (0.6 * share, 0.5 * (((number + exposures // 2) % exposures + 0.5) / exposures - 0.5))
        picture = light.copy()
        for car in cars:
            _draw(picture, car, camera.jittered(*jitter), sky, share * shutter_ms)
        total += picture
    return total / np.float32(exposures)


def _draw(picture: Light, car: Car, camera: Camera, sky: Sky, ms: float) -> None:
    place, turn = car.place(ms), car.turn()
    surface = rasterise(car.vehicle.mesh, place, turn, camera, nearer={CABIN: 1.0, TYRE: -0.8})
    if surface is None:
        return
    clear = np.float32(np.exp(-sky.haze * place[2] / 100))
    for piece in surface.pieces():
        lit = _shade(piece, car, place, turn, camera, sky)
        if sky.haze > 0:
            lit = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)
        under = picture[piece.rows, piece.columns]
        picture[piece.rows, piece.columns] = under + (lit - under) * piece.cover[:, None]
    if car.plate is not None:
        _screw_on(picture, car, car.corners(camera, ms), camera, sky)


def _shade(
    s: Surface, car: Car, place: NDArray[np.float64], turn: NDArray[np.float64], camera: Camera, sky: Sky
) -> Seen:
    """Light from each point of a surface towards the camera, n×3."""
    albedo, gloss, glow = _wear(s, car, camera)
    spin = turn.astype(np.float32)
    normal = s.normal @ spin.T
    view = (camera.place - place).astype(np.float32) - s.position @ spin.T
    far = np.maximum(np.sqrt((view * view).sum(axis=1, keepdims=True)), np.float32(0.1))
    view /= far
    facing = np.clip((normal * view).sum(axis=1, keepdims=True), 0, 1)
    bounce = normal * (2 * facing) - view
    low = np.clip(0.3 + s.position[:, 1:2] / np.float32(0.8), 0, 1)
    lit = albedo * _ambient(normal[:, 1:2], low, sky)
    edge = 1 - facing
    fresnel = 0.06 + 0.94 * _squared(edge, 2) * edge
    lit += _mirrored_sky(s, bounce, sky) * (gloss * fresnel * (0.35 + 0.65 * low))
    if max(sky.sun) > 0:
        sun, toward = np.array(sky.sun, np.float32), sky.toward_sun()[:, None]
        lit += albedo * (np.clip(normal @ toward, 0, 1) * sun)
        lit += _squared(np.clip(bounce @ toward, 0, 1), 6) * gloss * (2.5 * sun)
    if sky.lamp > 0:
        lit += np.float32(sky.lamp * 100) / (far * far) * (albedo * facing + gloss * _squared(facing, 8) * 6)
    if sky.headlamps and car.lamps:
        lit += _glowing(glow, car, sky) * np.maximum(albedo, np.float32(0.02))
    return lit


def _squared(x: Seen, times: int) -> Seen:
    """X to the power of 2, 4, 8 …; many times faster than `**`."""
    for _ in range(times):
        x = x * x
    return x


def _ambient(up: Seen, low: Seen, sky: Sky) -> Seen:
    """Light of the whole sky and of the ground, n×3; little of it reaches what is near the road."""
    above = (np.array(sky.zenith, np.float32) + np.array(sky.horizon, np.float32)) / 2
    below = np.array(sky.ground, np.float32)
    return (above * (0.5 + 0.5 * up) + below * (0.5 - 0.5 * up)) * (low * np.float32(sky.ambient))


def _mirrored_sky(s: Surface, bounce: Seen, sky: Sky) -> Seen:
    """What paint and glass mirror, a little wavy."""
    ripple = 0.025 * np.sin(9 * bounce[:, 0] + 2 + 4 * s.position[:, 0]) + 0.015 * np.sin(31 * bounce[:, 0])
    return np.take(sky.mirror(), np.clip((bounce[:, 1] + ripple + 1) * 127.5, 0, 255).astype(np.uint8), axis=0)


def _glowing(glow: Seen, car: Car, sky: Sky) -> Seen:
    """Light of the lamps: headlamps far beyond white, tail lamps modest, brighter on the brakes."""
    dim = 0.7 if sky.name == "rain" else 0.5 if sky.infrared else 1.0
    return np.where(glow > 0.5, HEADLAMP * glow * glow, glow * (9 + 18 * car.brakes)) * np.float32(dim)


def _wear(s: Surface, car: Car, camera: Camera) -> tuple[Seen, Seen, Seen]:
    """Colour (linear, n×3), gloss and glow (n×1): the drawings on the body, plain colours elsewhere."""
    v = car.vehicle
    ax, ay, az = (np.abs(s.normal[:, i]) for i in range(3))
    x, y, z = (s.position[:, i] for i in range(3))
    worn = (s.part == BODY) | (s.part == CABIN)
    color = np.take(to_linear(v.parts.astype(np.uint8)), s.part, axis=0)
    shiny = worn | (s.part == PAINT)
    gloss = np.where(shiny, 0.45, np.where(s.part == LEATHER, 0.1, 0.05)).astype(np.float32)[:, None]
    glow = np.zeros_like(gloss)
    upright = worn & (ay <= 0.955)
    end = az > ax
    per_metre = camera.focal_px / max(abs(car.z), 1.0)
    for name, chosen, across in (
        ("front", upright & end & (s.normal[:, 2] > 0), -x),
        ("rear", upright & end & (s.normal[:, 2] <= 0), x),
        ("right", upright & ~end & (s.normal[:, 0] > 0), z),
        ("left", upright & ~end & (s.normal[:, 0] <= 0), -z),
    ):
        which = np.nonzero(chosen)[0]
        if len(which):
            found = _sample(v.sides[name], across[which], y[which], per_metre)
            color[which], gloss[which], glow[which] = found[:, :3], found[:, 3:4], found[:, 4:]
    return color, gloss, glow


_LINE = 512
"""Points are looked up in lines of this length: OpenCV allows no longer ones than 32,767."""


def _sample(d: Drawing, across: Seen, y: Seen, per_metre: float) -> Seen:
    """Look a drawing up at points: n×5, colour, gloss and glow. A far one is shrunk first, so that thin bars fade."""
    scale = min(1.0, 2.0 ** np.ceil(np.log2(max(per_metre / d.per_metre, 0.02))))
    count = len(across)
    maps = np.zeros((2, -(-count // _LINE) * _LINE), np.float32)
    maps[0, :count] = (across - np.float32(d.left)) * np.float32(d.per_metre * scale) - np.float32(0.5)
    maps[1, :count] = (np.float32(d.height) - y) * np.float32(d.per_metre * scale) - np.float32(0.5)
    u, v = maps.reshape(2, -1, _LINE)
    color, rest = (
        cv2.remap(layer, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for layer in d.shrunk(scale)
    )
    gloss_glow = rest.reshape(-1, 2)[:count].astype(np.float32) / np.float32(255)
    return np.concatenate([to_linear(color).reshape(-1, 3)[:count], gloss_glow], axis=1)


def _screw_on(picture: Light, car: Car, quad: NDArray[np.float64], camera: Camera, sky: Sky) -> None:
    """Warp the flat plate into its quad, lit as its place is."""
    assert car.plate is not None, "a car without a plate has nothing to screw on"
    height, width = picture.shape[:2]
    x0, y0 = np.floor(quad.min(axis=0)).astype(int) - 2
    x1, y1 = np.ceil(quad.max(axis=0)).astype(int) + 3
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    flat = _fit(car.plate, quad)
    source = (
        np.array([[0, 0], [flat.shape[1], 0], [flat.shape[1], flat.shape[0]], [0, flat.shape[0]]], np.float32) - 0.5
    )
    fine = 3
    target = ((quad - [x0, y0] + 0.5) * fine - 0.5).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = ((x1 - x0) * fine, (y1 - y0) * fine)
    warped = cv2.warpPerspective(
        _lit_plate(flat, car, camera, sky), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.zeros((size[1], size[0]), np.float32)
    cv2.fillConvexPoly(mask, np.round(target * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    warped = cv2.resize(warped, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)[..., None]
    part = picture[y0:y1, x0:x1]
    part[:] = part + (warped - part) * mask


def _fit(flat: NDArray[np.uint8], quad: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Shrunk by area to about one and a half times the place, so that strokes fade and do not flicker."""
    wide = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    ratio = min(1.0, max(wide, 6.0) * 1.5 / flat.shape[1])
    if ratio > 0.95:
        return flat
    size = (max(8, round(flat.shape[1] * ratio)), max(4, round(flat.shape[0] * ratio)))
    return cv2.resize(flat, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _lit_plate(flat: NDArray[np.uint8], car: Car, camera: Camera, sky: Sky) -> Light:
    """Like white paint in its place; under the camera's lamp it throws the light back, and its ink does not."""
    albedo = to_linear(flat)
    normal = car.turn() @ np.array([0, 0, -1.0 if car.receding else 1.0])
    sun = np.array(sky.sun, np.float32) * max(0.0, float(normal @ sky.toward_sun()))
    above = (np.array(sky.zenith, np.float32) + np.array(sky.horizon, np.float32)) / 2
    around = (above * 0.5 + np.array(sky.ground, np.float32) * 0.5) * np.float32(sky.ambient)
    light = (around + sun) * np.float32(car.plate_shade)
    if sky.headlamps and car.lamps and car.receding and not sky.infrared:
        light = light + np.array([0.1, 0.13, 0.16], np.float32)  # its own small lamp
    place = car.mount.corners().mean(axis=0) @ car.turn().T + car.place()
    far2 = float(((place - camera.place) ** 2).sum())
    lit = albedo * light + albedo * np.float32(sky.lamp * 100 / far2 * sky.plate_gain)
    if sky.haze > 0:
        clear = np.float32(np.exp(-sky.haze * place[2] / 100))
        lit = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)
    return np.asarray(lit, np.float32)


# ------------------------------------------------------------------ on the road around a car


def _shadow(light: Light, car: Car, camera: Camera, sky: Sky) -> Light:
    """Take away the sun where the vehicle stands before it, and the sky beneath it."""
    v, place, turn = car.vehicle, car.place(), car.turn()
    soft = np.zeros(light.shape[:2], np.uint8)
    foot = np.array(
        [[sx * v.width * 0.52, 0.0, sz * v.length * 0.5] for sx, sz in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    )
    _fill(soft, foot @ turn.T + place, camera)
    near = camera.focal_px / max(place[2], 2.0)
    out = light * (1 - 0.75 * _soft(soft, 0.09 * near))[..., None]
    if max(sky.sun) > 0:
        hard = np.zeros(light.shape[:2], np.uint8)
        sun = sky.toward_sun()
        points = v.mesh.vertices @ turn.T + place
        for top in (0.6, 1.0):
            some = points[points[:, 1] <= top * v.height]
            ground = some - sun * (some[:, 1:2] / max(float(sun[1]), 0.15))
            _fill(hard, ground, camera, hull=True)
        around = np.array(sky.zenith) * sky.ambient
        share = (around / (around + np.array(sky.sun) * float(sun[1]))).astype(np.float32)
        out = out * (1 - _soft(hard, 0.03 * near)[..., None] * (1 - share))
    if sky.wet > 0:
        out = _mirrored(out, car, camera, sky)
    return np.asarray(out, np.float32)


def _fill(mask: NDArray[np.uint8], points: NDArray[np.float64], camera: Camera, *, hull: bool = False) -> None:
    pixels, depth = camera.project(points)
    if (depth < 0.5).any():
        pixels = pixels[depth >= 0.5]
    if len(pixels) < 3:
        return
    shape = np.clip(pixels, -4000, 6000).astype(np.float32)
    outline = cv2.convexHull(shape) if hull or len(shape) != 4 else shape
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32).reshape(-1, 1, 2)], 255, cv2.LINE_AA, 4)


def _soft(mask: NDArray[np.uint8], sigma: float) -> NDArray[np.float32]:
    """Blurred, quickly: at a quarter of the size where the blur is wide."""
    if sigma > 8:
        small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), sigma / 4)
        mask = cv2.resize(small, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR)
    else:
        mask = cv2.GaussianBlur(mask, (0, 0), max(sigma, 0.6))
    return mask.astype(np.float32) / 255


def _mirrored(light: Light, car: Car, camera: Camera, sky: Sky) -> Light:
    """A wet road shows the vehicle upside down, smeared, and its lamps as long streaks."""
    v, place, turn = car.vehicle, car.place(), car.turn()
    mask = np.zeros(light.shape[:2], np.uint8)
    body = v.mesh.vertices @ turn.T + place
    _fill(mask, body * [1, -1, 1], camera, hull=True)
    dark = _soft(mask, 0.12 * camera.focal_px / max(place[2], 2.0))[..., None] * np.float32(0.45 * sky.wet)
    out = light * (1 - dark)
    if car.lamps:
        glow = np.zeros_like(light)
        end = -1.0 if car.receding else 1.0
        color = (0.02, 0.02, 0.5) if car.receding else (0.75, 0.85, 0.9)
        for sign in (-1, 1):
            lamp = np.array([sign * v.width * 0.36, 0.75, end * v.length / 2]) @ turn.T + place
            (x, y), _ = camera.project(lamp * [1, -1, 1])
            near = camera.focal_px / max(place[2], 2.0)
            if 0 <= x < light.shape[1]:
                cv2.ellipse(
                    glow,
                    (round(x), round(y)),
                    (max(1, round(0.07 * near)), max(2, round(0.55 * near))),
                    0,
                    0,
                    360,
                    color,
                    -1,
                )
        small = cv2.resize(glow, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(1.0, 0.03 * near), sigmaY=max(2.0, 0.1 * near))
        out = out + cv2.resize(small, (light.shape[1], light.shape[0])) * np.float32(sky.wet * 0.5)
    return np.asarray(out, np.float32)


def _cones(light: Light, car: Car, camera: Camera, sky: Sky) -> Light:
    """What a car's own lamps light up on the road before it, or behind it in red."""
    v, place, turn = car.vehicle, car.place(), car.turn()
    mask = np.zeros(light.shape[:2], np.uint8)
    end = -1.0 if car.receding else 1.0
    reach = 2.5 if car.receding else 7.0
    outline = [(-0.5, 0.4), (0.5, 0.4), (1.0, reach), (-1.0, reach)]
    points = np.array([[x * v.width * (0.9 if y < 1 else 1.3), 0.0, end * (v.length / 2 + y)] for x, y in outline])
    _fill(mask, points @ turn.T + place, camera, hull=True)
    glow = _soft(mask, 0.5 * camera.focal_px / max(place[2], 4.0))[..., None]
    color = np.array((0.05, 0.05, 0.6) if car.receding else (0.85, 0.95, 1.0), np.float32)
    gain = (0.5 if car.receding else 3.5) * (0.25 if sky.name == "rain" else 0.6 if sky.infrared else 1.0)
    lit = np.minimum(light, 0.3) + (0.006 if sky.infrared else 0.004)
    return np.asarray(light + lit * glow * color * np.float32(gain), np.float32)
