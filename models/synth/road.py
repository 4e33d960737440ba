"""The place: a road with its verge, its sky and its skyline.

`Road` says where lanes and edges lie; `backdrop` paints what the camera sees of them, each pixel by the point of the
road that it looks at, so that perspective and grain are right. What lies across a road is the same all along it, so it
is drawn once as a profile, blurred to eight widths, and looked up by the width of a pixel. Light is linear, BGR.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.camera import Camera, Light
    from models.synth.weather import Sky

    Map = NDArray[np.float32]
    """h×w, one number a pixel."""

_FAR_M = 900.0
_STEP_M = 0.01
"""Resolution of a profile."""
_BLURS = 8
_MARGIN_M = 5.0
"""How far a profile reaches beyond the asphalt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Lines along Z, at these X (metres)."""

    left: float = -8.6
    right: float = -1.2
    """Edges of the asphalt."""
    lines: tuple[float, ...] = (-4.9,)
    """Lane borders."""
    double_yellow: bool = True
    kerb: bool = False
    """A kerb and a pavement on the right instead of gravel and grass."""
    asphalt: float = 0.2
    """Its lightness, linear."""
    season: tuple[float, float, float] = (0.045, 0.13, 0.1)
    """Colour of the grass, linear BGR."""


@dataclass(frozen=True, slots=True)
class _Ground:
    """What each pixel below the horizon looks at."""

    x: Map
    z: Map
    far: Map
    """Metres along the ray, as a multiple of a ray of depth 1."""
    grain: Map
    """0–1: how much of the finest texture a pixel can still show."""
    across: Map
    """A pixel's width on the road, metres."""

    @classmethod
    def under(cls, down: Light, camera: Camera) -> _Ground:
        """Where rays (h×w×3) meet the road."""
        far = np.float32(camera.above_m) / np.maximum(-down[..., 1], np.float32(1e-4))
        far = np.minimum(far, np.float32(_FAR_M))
        long = far * far / np.float32(camera.focal_px * camera.above_m)  # a pixel's length on the road, metres
        grain = np.clip(1.4 - long / np.float32(0.035), 0, 1)
        x = down[..., 0] * far + np.float32(camera.x_m)
        return cls(x, down[..., 2] * far, far, grain, far / np.float32(camera.focal_px))


def backdrop(rng: np.random.Generator, camera: Camera, road: Road, sky: Sky, *, trees: bool = True) -> Light:
    """Sky, skyline and ground, without anything on them."""
    rays = camera.rays()
    picture = np.empty(rays.shape, np.float32)
    _heaven(rng, picture, rays, sky)
    if trees:
        _skyline(rng, picture, camera, sky)
    _ground(rng, picture, rays, camera, road, sky)
    return picture


def _heaven(rng: np.random.Generator, picture: Light, rays: Light, sky: Sky) -> None:
    above = (rays[..., 1] > -0.02).any(axis=1)
    last = len(above) - int(np.argmax(above[::-1])) if above.any() else 0
    picture[last:] = sky.horizon
    if last == 0:
        return
    steep = rays[:last, :, 1]
    share = np.sqrt(np.clip(steep / np.float32(0.35), 0, 1))
    cover = np.clip((noise(rays[:last, :, 0] * 2.2, steep * 9, _shift(rng)) - 0.5) * 3.2, 0, 1) * np.float32(0.6)
    white = max(sky.horizon) * 0.98
    for c in range(3):
        clear = sky.horizon[c] + (sky.zenith[c] - sky.horizon[c]) * share
        picture[:last, :, c] = clear + (white - clear) * cover


def _skyline(rng: np.random.Generator, picture: Light, camera: Camera, sky: Sky) -> None:
    """Two rows of far trees, the farther one paler."""
    height, width = picture.shape[:2]
    x = np.arange(width, dtype=np.float32)
    level = horizon(camera)
    for tall, pale in ((0.011, 0.45), (0.016, 0.12)):
        tall_px = tall * camera.focal_px * rng.uniform(0.6, 1.5)
        crown = sum(
            np.interp(x / width * n, np.arange(n + 2), rng.random(n + 2)) / k
            for n, k in ((7, 1), (30, 2), (110, 3.5), (330, 6))
        )
        top = (level - tall_px * (0.35 + 0.75 * crown)).astype(np.float32)
        y0, y1 = max(0, int(top.min())), min(height, int(level.max()) + 4)
        if y1 <= y0:
            continue
        y = np.arange(y0, y1, dtype=np.float32)[:, None]
        cover = np.clip(y - top[None], 0, 1) * (y <= level[None] + 3)
        mottle = 0.75 + 0.5 * noise(np.tile(x / 9, (y1 - y0, 1)), np.tile(y / 9, (1, width)), _shift(rng))
        color = np.array(sky.trees, np.float32) * (1 - pale) + np.array(sky.horizon, np.float32) * pale
        band = picture[y0:y1]
        band += (color * mottle[..., None] - band) * cover[..., None]


def horizon(camera: Camera) -> Map:
    """The horizon's y at each column, pixels."""
    yaw = camera.yaw + np.array([-0.2, 0.2])
    far = np.stack([camera.x_m + 1e5 * np.sin(yaw), np.full(2, camera.above_m), 1e5 * np.cos(yaw)], 1)
    pixels, _ = camera.project(far)
    slope = (pixels[1, 1] - pixels[0, 1]) / (pixels[1, 0] - pixels[0, 0])
    return (pixels[0, 1] + slope * (np.arange(camera.width) - pixels[0, 0])).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Chance:
    """What differs from one place to the next."""

    shifts: tuple[tuple[float, float], ...]
    """Where in the noise each texture begins: fine, coarse, tufts, puddles."""
    cracks: tuple[tuple[float, float, float, float], ...]
    """z where each begins, its slope, its waves and their phase."""
    patch: tuple[float, float]
    """x and z of a repaired piece, from the road's left edge."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> _Chance:
        """Any place."""
        low, high = (8.0, -0.3, 1.5, 0.0), (45.0, 0.3, 3.0, 6.0)
        return cls(
            tuple(_shift(rng) for _ in range(4)),
            tuple(tuple(float(v) for v in rng.uniform(low, high)) for _ in range(4)),  # type: ignore[misc]
            (float(rng.uniform(0.5, 4)), float(rng.uniform(12, 40))),
        )


_STRIP = 16
"""Rows painted at a time: what is worked out for them stays in the processor's cache."""


def _ground(rng: np.random.Generator, picture: Light, rays: Light, camera: Camera, road: Road, sky: Sky) -> None:
    """Everything below the horizon, in place."""
    chance = _Chance.draw(rng)
    low = (rays[..., 1] < -1e-4).any(axis=1)
    if not low.any():
        return
    for top in range(int(np.argmax(low)), len(rays), _STRIP):
        part = picture[top : top + _STRIP]
        down = rays[top : top + _STRIP]
        ground = _Ground.under(down, camera)
        lit = _lit(chance, ground, _surface(chance, ground, road), camera, road, sky)
        clear = np.exp(ground.far * np.float32(-max(sky.haze, 0.06) / 100))[..., None]
        lit = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)
        np.copyto(part, lit, where=(down[..., 1] < -1e-4)[..., None])


def _lit(chance: _Chance, g: _Ground, color: Light, camera: Camera, road: Road, sky: Sky) -> Light:
    """Light from the ground: sky, sun, the camera's lamp, and what a wet road mirrors."""
    sun_up = max(0.0, float(sky.toward_sun()[1]))
    lit = color * np.array([z * sky.ambient + s * sun_up for z, s in zip(sky.zenith, sky.sun, strict=True)], np.float32)
    if sky.lamp > 0:
        lamp = np.float32(sky.lamp * 250 * camera.above_m) / (np.maximum(g.far * g.far, 4) * g.far)
        lit = lit + color * lamp[..., None]
    if sky.wet > 0:
        flat = np.clip(1 - np.float32(camera.above_m) / g.far, 0, 1) ** 4
        puddles = np.clip(0.55 + 0.9 * (noise(g.x * 0.7, g.z * 0.15, chance.shifts[3]) - 0.35), 0, 1)
        soft = g.across + np.float32(0.3)
        on_road = np.clip((g.x - road.left) / soft, 0, 1) * np.clip((road.right - g.x) / soft, 0, 1)
        shine = (np.float32(0.75 * sky.wet) * flat * puddles * on_road)[..., None]
        lit = lit * (1 - 0.45 * sky.wet) * (1 - shine) + np.array(sky.horizon, np.float32) * np.float32(0.75) * shine
    return np.asarray(lit, np.float32)


def _surface(chance: _Chance, g: _Ground, road: Road) -> Light:
    """Colour of the ground: so much grass, gravel, asphalt, paint in each pixel, times the colour of each."""
    fine = (noise(g.x * 11, g.z * 11, chance.shifts[0]) - 0.5) * g.grain
    coarse = noise(g.x * 0.8, g.z * 0.22, chance.shifts[1]) - 0.5
    tufts = (noise(g.x * 4, g.z * 1.6, chance.shifts[2]) - 0.5) * np.sqrt(g.grain)
    wobble = np.float32(0.0 if road.kerb else 0.45) * coarse
    asphalt, verge, tracks, stone = _look_up(_edges(road), road, g.x + wobble, g.across)
    white, yellow, dashed, joints = _look_up(_paint(road), road, g.x, g.across)
    dashed = dashed * (np.mod(g.z, 12) < 3)
    worn = np.clip(0.86 + 0.3 * coarse + 0.35 * fine, 0, 1)
    white, yellow = (white + dashed) * worn, yellow * worn
    bare = 1 - white - yellow
    dry = np.clip(coarse * 1.2 + 0.25 + 0.5 * tufts, 0, 0.8)
    green = (1 - verge) * (1 - asphalt) * (1 - stone) * bare
    rough = np.float32(0.15 if road.kerb else 0.6)
    tone = 1 + 0.42 * fine + 0.22 * coarse + tracks
    tone = tone * (1 - _cracks(chance, g, road)) * (1 - 0.3 * joints * g.grain * (np.mod(g.z, 1.5) < 0.03))
    shares = np.stack(
        [
            green * (1 - dry) * np.maximum(1 + 0.7 * coarse + 1.1 * tufts + 1.2 * fine, 0.2),
            green * dry * (1 + 0.4 * tufts),
            verge * (1 - asphalt) * (1 - stone) * bare * (1 + rough * fine + 0.3 * coarse),
            asphalt * (1 - stone) * bare * tone,
            stone * bare,
            white,
            yellow,
        ]
    )
    pale = 0.42 if road.kerb else 0.27
    colors = np.array(
        [
            road.season,
            (0.11, 0.24, 0.3),
            (pale * 0.93, pale * 0.97, pale),
            (road.asphalt, road.asphalt * 0.99, road.asphalt * 0.97),
            (0.44, 0.46, 0.47),
            (0.6, 0.63, 0.63),
            (0.06, 0.38, 0.55),
        ],
        np.float32,
    )
    mixed = (colors.T @ shares.astype(np.float32, copy=False).reshape(len(colors), -1)).reshape(3, *g.x.shape)
    return cv2.merge([*mixed])  # type: ignore[return-value]


def _cracks(chance: _Chance, g: _Ground, road: Road) -> Map:
    """How much darker tar on old cracks and one repaired patch make the asphalt, 0–1."""
    dark = np.zeros_like(g.x)
    nearest, farthest = float(g.z.min()), float(g.z.max())
    for at, slope, waves, phase in chance.cracks:
        if nearest - 6 < at < farthest + 6:
            line = g.z - at - slope * g.x - 0.25 * np.sin(g.x * waves + phase)
            dark = np.maximum(dark, 0.5 * g.grain * (np.abs(line) < 0.04))
    x0, z0 = road.left + chance.patch[0], chance.patch[1]
    dark[(np.abs(g.x - x0 - 0.7) < 0.7) & (np.abs(g.z - z0 - 1.5) < 1.5)] = 0.25
    return dark


# ------------------------------------------------------------------ across the road


@functools.lru_cache(maxsize=32)
def _edges(road: Road) -> NDArray[np.float32]:
    """8×n×4 by width of a pixel and place: asphalt, gravel or pavement, wheel tracks, kerb stone."""
    x = _across(road)
    out = np.zeros((1, len(x), 4), np.float32)
    out[0, :, 0] = (x > road.left) & (x < road.right)
    out[0, :, 1] = (x > road.left - 1.0) & (x < road.right + (2.2 if road.kerb else 1.0))
    for a, b in pairwise(sorted({road.left, road.right, *road.lines})):
        away = np.abs(x - (a + b) / 2)  # wheels polish two strips of each lane, oil darkens its middle
        out[0, :, 2] += 0.1 * (np.exp(-(((away - 0.85) / 0.28) ** 2)) - np.exp(-((away / 0.3) ** 2)))
    out[0, :, 3] = road.kerb & (x > road.right) & (x < road.right + 0.16)
    return _blurred(out)


@functools.lru_cache(maxsize=32)
def _paint(road: Road) -> NDArray[np.float32]:
    """8×n×4: white lines, yellow lines, white dashes, pavement with joints."""
    x = _across(road)
    out = np.zeros((1, len(x), 4), np.float32)
    for at in (road.left + 0.25, road.right - 0.25):
        if not road.kerb or at < road.left + 1:
            out[0, np.abs(x - at) < 0.055, 0] = 1
    for number, at in enumerate(road.lines):
        if number == 0 and road.double_yellow:
            out[0, np.abs(np.abs(x - at) - 0.1) < 0.055, 1] = 1
        else:
            out[0, np.abs(x - at) < 0.055, 2] = 1
    out[0, :, 3] = road.kerb & (x > road.right + 0.16) & (x < road.right + 2.2)
    return _blurred(out)


def _across(road: Road) -> NDArray[np.float64]:
    return np.arange(road.left - _MARGIN_M, road.right + _MARGIN_M, _STEP_M)


def _blurred(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """A profile (1×n×4), averaged over 1, 2, 4 … 128 steps, one row each."""
    rows = [cv2.blur(profile, (2**k + 1 - (k == 0), 1), borderType=cv2.BORDER_REPLICATE) for k in range(_BLURS)]
    return np.concatenate(rows)


def _look_up(profile: NDArray[np.float32], road: Road, x: Map, across: Map) -> tuple[Map, Map, Map, Map]:
    """A profile's four values at x, averaged over a pixel's width."""
    u = (x - np.float32(road.left - _MARGIN_M)) / np.float32(_STEP_M)
    u = np.clip(u, 0, profile.shape[1] - 1)
    v = np.log2(np.maximum(across / np.float32(_STEP_M), 1))
    found = cv2.remap(profile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found[..., 0], found[..., 1], found[..., 2], found[..., 3]


# ------------------------------------------------------------------ texture


@functools.cache
def _tile() -> NDArray[np.float32]:
    """512×512 of rough noise that repeats without a seam, its coarsest grains 8 pixels wide; 0–1 around 0.5."""
    rng = np.random.default_rng(20)
    total = np.zeros((512, 512), np.float32)
    for octave in range(3):
        size = 64 * 2**octave
        small = cv2.copyMakeBorder(rng.random((size, size), np.float32), 4, 4, 4, 4, cv2.BORDER_WRAP)
        step = 512 // size
        large = cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        total += large[4 * step : -4 * step, 4 * step : -4 * step] * np.float32(0.62**octave)
    return np.clip((total - total.mean()) / total.std() * 0.2 + 0.5, 0, 1).astype(np.float32)


def noise(x: Map, y: Map, shift: tuple[float, float]) -> Map:
    """Smooth noise at points, one grain a unit, 0–1 around 0.5; `shift` chooses the place in it."""
    u, v = x * np.float32(8) + np.float32(shift[0]), y * np.float32(8) + np.float32(shift[1])
    return cv2.remap(_tile(), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)  # type: ignore[return-value]


def _shift(rng: np.random.Generator) -> tuple[float, float]:
    a, b = rng.integers(0, 512, 2)
    return float(a), float(b)
