"""The place: a road with its verge and its sky, and what stands beside it.

`Road` says where lanes and edges lie; `ground` paints what the camera sees of them, each pixel by the point of the road
that it looks at, so that perspective and grain are right; `stand` puts flat things upright into the world: trees, signs,
poles, shop fronts. Light is linear, BGR.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth.camera import to_linear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.camera import Camera, Light
    from models.synth.weather import Sky

_FAR_M = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Lines along Z, at these X (metres)."""

    left: float = -8.6
    right: float = -1.2
    """Edges of the asphalt."""
    lines: tuple[float, ...] = (-4.9,)
    """Lane borders."""
    double_yellow: bool = True
    dashed: bool = False
    kerb: bool = False
    """A kerb and a pavement on the right instead of gravel and grass."""
    asphalt: float = 0.2
    """Its lightness, linear."""
    season: tuple[float, float, float] = (0.045, 0.13, 0.1)
    """Colour of the grass, linear BGR."""


def backdrop(rng: np.random.Generator, camera: Camera, road: Road, sky: Sky, *, trees: bool = True) -> Light:
    """Sky, skyline and ground, without anything on them."""
    rays = camera.rays()
    picture = _heaven(rng, rays, sky)
    if trees:
        _skyline(rng, picture, camera, sky)
    _ground(rng, picture, rays, camera, road, sky)
    return picture


def _heaven(rng: np.random.Generator, rays: Light, sky: Sky) -> Light:
    steep = rays[..., 1] / np.linalg.norm(rays, axis=2)
    share = np.clip(steep / 0.35, 0, 1)[..., None] ** 0.6
    picture = np.array(sky.horizon, np.float32) * (1 - share) + np.array(sky.zenith, np.float32) * share
    clouds = _sample_noise(rng, rays[..., 0] * 2.2, steep * 9, octaves=4)
    cover = np.clip((clouds - 0.5) * 3.2, 0, 1)[..., None] * 0.6
    white = np.float32(max(sky.horizon) * 0.98)
    return np.asarray(picture + (white - picture) * cover, np.float32)


def _skyline(rng: np.random.Generator, picture: Light, camera: Camera, sky: Sky) -> None:
    """Two rows of far trees, the farther one paler."""
    height, width = picture.shape[:2]
    x = np.arange(width)
    (_, level), _ = camera.project(
        np.array([camera.x_m + np.sin(camera.yaw) * 5000, camera.above_m, np.cos(camera.yaw) * 5000])
    )
    for tall, pale in ((0.011, 0.45), (0.016, 0.12)):
        tall_px = tall * camera.focal_px * rng.uniform(0.6, 1.5)
        crown = sum(
            np.interp(x / width * n, np.arange(n + 2), rng.random(n + 2)) / k
            for n, k in ((7, 1), (30, 2), (110, 3.5), (330, 6))
        )
        top = level - tall_px * (0.35 + 0.75 * crown)
        y = np.arange(height, dtype=np.float32)[:, None]
        cover = np.clip(y - top[None], 0, 1) * (y <= level + 3)
        mottle = 0.75 + 0.5 * _sample_noise(rng, x[None] / 9.0 + 0 * y, y / 9.0 + 0 * x[None], octaves=2)
        color = (np.array(sky.trees, np.float32) * (1 - pale) + np.array(sky.horizon, np.float32) * pale) * mottle[
            ..., None
        ]
        picture += (color - picture) * cover[..., None]


def _ground(rng: np.random.Generator, picture: Light, rays: Light, camera: Camera, road: Road, sky: Sky) -> None:
    """Everything below the horizon."""
    first = int(np.argmax((rays[..., 1] < -1e-4).all(axis=1)))
    if not (rays[first, :, 1] < 0).all():
        return
    down = rays[first:]
    t = np.minimum(camera.above_m / -down[..., 1], _FAR_M)
    x, z = camera.x_m + down[..., 0] * t, down[..., 2] * t
    grain = np.clip(
        1.4 - t * t / (camera.focal_px * camera.above_m) / 0.035, 0, 1
    )  # a pixel's length on the road, metres
    across = t / camera.focal_px
    color = _surface(rng, x, z, grain, across, road)
    light = np.array(sky.zenith, np.float32) * sky.ambient + np.array(sky.sun, np.float32) * max(
        0.0, float(sky.toward_sun()[1])
    )
    lit = color * light
    if sky.lamp > 0:
        far2 = np.maximum(t * t, 4.0)
        lit = lit + color * (sky.lamp * 100 / far2 * (camera.above_m / t) * 2.5)[..., None]
    if sky.wet > 0:
        steep = np.clip(1 - camera.above_m / t, 0, 1) ** 4
        puddles = 0.55 + 0.9 * (_sample_noise(rng, x * 0.7, z * 0.15, octaves=2) - 0.35)
        shine = (sky.wet * 0.75 * steep * np.clip(puddles, 0, 1) * _between(x, road.left, road.right, across + 0.3))[
            ..., None
        ].astype(np.float32)
        lit = lit * (1 - 0.45 * sky.wet) * (1 - shine) + np.array(sky.horizon, np.float32) * 0.75 * shine
    air = max(sky.haze, 0.06)
    clear = np.exp(-air * t / 100)[..., None].astype(np.float32)
    picture[first:] = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)


def _surface(
    rng: np.random.Generator,
    x: NDArray[np.float32],
    z: NDArray[np.float32],
    grain: NDArray[np.float32],
    across: NDArray[np.float32],
    road: Road,
) -> Light:
    """Colour of the ground at (x, z): grass, gravel, asphalt, paint."""
    fine = (_sample_noise(rng, x * 11, z * 11, octaves=2) - 0.5) * grain
    coarse = _sample_noise(rng, x * 0.8, z * 0.22, octaves=3) - 0.5
    tufts = (_sample_noise(rng, x * 4.0, z * 1.6, octaves=3) - 0.5) * np.sqrt(grain)
    grass = np.array(road.season, np.float32) * (1 + 0.7 * coarse + 1.1 * tufts + 1.2 * fine)[..., None]
    dry = np.array((0.11, 0.24, 0.3), np.float32)
    grass = grass + (dry - grass) * np.clip(coarse * 1.2 + 0.25 + 0.5 * tufts, 0, 0.8)[..., None]
    verge_tone = 0.42 if road.kerb else 0.27
    gravel = (
        np.array((verge_tone * 0.93, verge_tone * 0.97, verge_tone), np.float32)
        * (1 + (0.15 if road.kerb else 0.6) * fine + 0.3 * coarse)[..., None]
    )
    tone = road.asphalt * (1 + 0.42 * fine + 0.22 * coarse + _tracks(x, road))
    asphalt = tone[..., None] * np.array((1.0, 0.99, 0.97), np.float32)
    wobble = 0.12 * (_sample_noise(rng, x * 0.3, z * 0.5, octaves=2) - 0.5)
    inside = _between(x + (0 if road.kerb else wobble), road.left, road.right, across)
    shoulder = _between(
        x + 3 * wobble * (not road.kerb), road.left - 1.0, road.right + (2.2 if road.kerb else 1.0), across
    )
    color = grass + (gravel - grass) * shoulder[..., None]
    color = color + (asphalt - color) * inside[..., None]
    if road.kerb:
        stone = _between(x, road.right, road.right + 0.16, across)[..., None]
        color = color + (np.array((0.44, 0.46, 0.47), np.float32) - color) * stone
        joints = (
            _between(np.mod(z, 1.5), 0.0, 0.03, across * 4)
            * _between(x, road.right + 0.16, road.right + 2.2, across)
            * grain
        )
        color = color * (1 - 0.5 * joints[..., None])
    color = _cracks(rng, color, x, z, inside * grain)
    return _markings(color, x, z, across, road, 0.86 + 0.3 * coarse + 0.35 * fine)


def _tracks(x: NDArray[np.float32], road: Road) -> NDArray[np.float32]:
    """Wheels polish two strips of each lane, oil darkens its middle."""
    edges = sorted({road.left, road.right, *road.lines})
    tone = np.zeros_like(x)
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        middle = (a + b) / 2
        tone += 0.1 * (np.exp(-(((np.abs(x - middle) - 0.85) / 0.28) ** 2)) - np.exp(-(((x - middle) / 0.3) ** 2)))
    return tone


def _cracks(
    rng: np.random.Generator, color: Light, x: NDArray[np.float32], z: NDArray[np.float32], inside: NDArray[np.float32]
) -> Light:
    """Tar on old cracks across the road, and one repaired patch."""
    for _ in range(4):
        at, slope = rng.uniform(8, 45), rng.uniform(-0.3, 0.3)
        line = z - at - slope * x - 0.25 * np.sin(x * rng.uniform(1.5, 3) + rng.uniform(0, 6))
        color = color * (1 - 0.5 * np.exp(-((line / 0.035) ** 2)) * inside)[..., None]
    x0, z0 = rng.uniform(-7, -2), rng.uniform(12, 40)
    patch = _between(x, x0, x0 + 1.4, np.float32(0.02)) * _between(z, z0, z0 + 3, np.float32(0.1)) * (inside > 0)
    return np.asarray(color * (1 - 0.25 * patch[..., None]), np.float32)


def _markings(
    color: Light,
    x: NDArray[np.float32],
    z: NDArray[np.float32],
    across: NDArray[np.float32],
    road: Road,
    worn: NDArray[np.float32],
) -> Light:
    white, yellow = np.array((0.6, 0.63, 0.63), np.float32), np.array((0.06, 0.38, 0.55), np.float32)
    worn = np.clip(worn, 0, 1)[..., None]
    strips: list[tuple[float, NDArray[np.float32], bool]] = []
    for at in (road.left + 0.25, road.right - 0.25):
        if not road.kerb or at < road.lines[0]:
            strips.append((at, white, False))
    for number, at in enumerate(road.lines):
        if number == 0 and road.double_yellow:
            strips += [(at - 0.1, yellow, False), (at + 0.1, yellow, False)]
        else:
            strips.append((at, white, True))
    for at, paint, dashed in strips:
        share = _between(x, at - 0.055, at + 0.055, across)[..., None]
        if dashed:
            share = share * (np.mod(z, 12.0) < 3.0)[..., None]
        color = color + (paint - color) * share * worn
    return np.asarray(color, np.float32)


def _between(
    x: NDArray[np.float32], low: float, high: float, pixel: NDArray[np.float32] | np.float32
) -> NDArray[np.float32]:
    """Share of a pixel (this wide, metres) at x that lies between two lines."""
    pixel = np.maximum(pixel, 1e-4)
    return np.clip((x - low) / pixel + 0.5, 0, 1) * np.clip((high - x) / pixel + 0.5, 0, 1)


@functools.cache
def _tile() -> NDArray[np.float32]:
    """256×256 of even noise that repeats without a seam, one grain a pixel, 0–1, mean 0.5."""
    rng = np.random.default_rng(20)
    tile = cv2.GaussianBlur(
        cv2.copyMakeBorder(rng.random((256, 256), np.float32), 8, 8, 8, 8, cv2.BORDER_WRAP), (0, 0), 0.8
    )[8:-8, 8:-8]
    return np.clip((tile - tile.mean()) / tile.std() * 0.2 + 0.5, 0, 1).astype(np.float32)


def _sample_noise(
    rng: np.random.Generator, x: NDArray[np.float32], y: NDArray[np.float32], *, octaves: int
) -> NDArray[np.float32]:
    """Smooth noise at points (one grain a unit), 0–1 around 0.5, rougher with each octave."""
    tile = _tile()
    total = np.zeros(x.shape, np.float32)
    weight = 0.0
    for octave in range(octaves):
        scale = np.float32(2**octave)
        dx, dy = rng.uniform(0, 256, 2)
        u, v = np.mod(x * scale + dx, 256).astype(np.float32), np.mod(y * scale + dy, 256).astype(np.float32)
        found = cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        total += found * np.float32(0.6**octave)
        weight += 0.6**octave
    return np.asarray((total / weight - 0.5) * 1.4 + 0.5, np.float32)


# ------------------------------------------------------------------ upright things


def stand(
    light: Light,
    camera: Camera,
    sky: Sky,
    panel: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    corners: NDArray[np.float64],
    *,
    shade: float = 1.0,
    shine: float = 0.0,
) -> None:
    """Put a flat picture (h×w×3, with its mask h×w) into the world with its corners (4×3: tl, tr, br, bl), in place.

    `shine` is how much more than white paint it throws the camera's lamp back, as road signs do.
    """
    quad, depth = camera.project(corners)
    if depth.min() < 1.0 or np.abs(quad).max() > 20000:
        return
    height, width = light.shape[:2]
    low, high = np.floor(quad.min(axis=0)).astype(int) - 1, np.ceil(quad.max(axis=0)).astype(int) + 2
    x0, y0, x1, y1 = max(0, low[0]), max(0, low[1]), min(width, high[0]), min(height, high[1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    ratio = min(1.0, 1.3 * max((high[0] - low[0]) / panel.shape[1], (high[1] - low[1]) / panel.shape[0]))
    size = (max(2, round(panel.shape[1] * ratio)), max(2, round(panel.shape[0] * ratio)))
    small, share = (
        cv2.resize(panel, size, interpolation=cv2.INTER_AREA),
        cv2.resize(mask, size, interpolation=cv2.INTER_AREA),
    )
    source = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (quad - [x0, y0]).astype(np.float32))
    window = (int(x1 - x0), int(y1 - y0))
    color = cv2.warpPerspective(
        to_linear(small), matrix, window, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    alpha = cv2.warpPerspective(share, matrix, window, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    far = float(depth.mean())
    above = (np.array(sky.zenith, np.float32) + np.array(sky.horizon, np.float32)) / 2
    lit = color * (above * sky.ambient + np.array(sky.sun, np.float32) * 0.55) * np.float32(shade)
    lit = lit + color * np.float32(sky.lamp * 100 / far**2 * (1 + shine))
    clear = np.float32(np.exp(-max(sky.haze, 0.06) * far / 100))
    lit = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)
    part = light[y0:y1, x0:x1]
    part += (lit - part) * alpha
