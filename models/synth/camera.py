"""A pin-hole camera beside a road, and what its lens and sensor do to the light.

The world: X to the right, Y up, Z along the road, metres, the road at Y = 0; the camera stands at (x, height, 0).
Pixels: whole numbers are pixel centres, as OpenCV warps. Light is linear float32, H×W×3, BGR, 1.0 = white in the sun.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]
"""H×W×3 linear light, BGR."""
Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Where it stands, where it looks, and its lens."""

    width: int = 1280
    height: int = 720
    focal_px: float = 3000.0
    x_m: float = 0.0
    above_m: float = 2.4
    pitch: float = 0.08
    """Radians, positive looks down."""
    yaw: float = 0.0
    """Radians, positive looks right."""
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    """Pixels by which the picture is moved: jitter for smooth edges."""

    def axes(self) -> NDArray[np.float64]:
        """3×3: rows are the picture's right, down and forward in the world."""
        sy, cy, sp, cp = np.sin(self.yaw), np.cos(self.yaw), np.sin(self.pitch), np.cos(self.pitch)
        right = np.array([cy, 0.0, -sy])
        down = np.array([-sy * sp, -cp, -cy * sp])
        sr, cr = np.sin(self.roll), np.cos(self.roll)
        return np.stack([cr * right + sr * down, cr * down - sr * right, [sy * cp, -sp, cy * cp]])

    @property
    def middle(self) -> tuple[float, float]:
        """The principal point, pixels."""
        return (self.width - 1) / 2 + self.shift[0], (self.height - 1) / 2 + self.shift[1]

    @property
    def place(self) -> NDArray[np.float64]:
        """World position of the lens."""
        return np.array([self.x_m, self.above_m, 0.0])

    def project(
        self, points: NDArray[np.float32] | NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World points (…×3) → pixels (…×2) and depth (…), metres; behind the camera the depth is not positive."""
        seen = (np.asarray(points, np.float64) - self.place) @ self.axes().T
        depth = seen[..., 2]
        safe = np.where(np.abs(depth) < 1e-6, 1e-6, depth)
        pixels = seen[..., :2] / safe[..., None] * self.focal_px + self.middle
        return pixels, depth

    def rays(self) -> NDArray[np.float32]:
        """H×W×3: the direction that each pixel looks, in the world, not normalised (depth 1)."""
        x = ((np.arange(self.width) - self.middle[0]) / self.focal_px).astype(np.float32)
        y = ((np.arange(self.height) - self.middle[1]) / self.focal_px).astype(np.float32)
        right, down, forward = self.axes().astype(np.float32)
        return x[None, :, None] * right + (y[:, None, None] * down + forward)

    def jittered(self, dx: float, dy: float) -> Camera:
        """The same camera, its picture moved by a fraction of a pixel."""
        return replace(self, shift=(dx, dy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What lens and sensor add to the light."""

    exposure: float = 1.0
    softness_px: float = 0.6
    """Standard deviation of the lens's blur."""
    bloom: float = 0.03
    """Share of what is brighter than white that spills into its surroundings."""
    noise: float = 1.2
    """Standard deviation in grey levels (0–255) at middle grey."""
    vignette: float = 0.12
    grey: bool = False
    contrast: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """White balance, BGR."""


def develop(rng: np.random.Generator, light: Light, sensor: Sensor) -> NDArray[np.uint8]:
    """Linear light → the picture that the camera hands out, H×W×3, uint8, BGR."""
    light = light * np.float32(sensor.exposure) * np.array(sensor.tint, np.float32)
    if sensor.grey:
        light = np.repeat((light @ np.array([0.25, 0.4, 0.35], np.float32))[..., None], 3, axis=2)
    if sensor.bloom > 0:
        light = _bloom(light, sensor.bloom)
    if sensor.softness_px > 0.2:
        light = cv2.GaussianBlur(light, (0, 0), sensor.softness_px)
    light = light * _vignette(light.shape[1], light.shape[0], sensor.vignette)
    levels = _TONES[np.clip(np.sqrt(np.maximum(light, 0)) * 2047, 0, 4095).astype(np.uint16)]
    if sensor.contrast != 1.0:
        levels = (levels - 118) * np.float32(sensor.contrast) + 118
    return _noisy(rng, levels, sensor)


def to_linear(picture: NDArray[np.uint8]) -> Light:
    """Grey levels → linear light."""
    return _LINEAR[picture]


_LINEAR = ((np.arange(256, dtype=np.float32) / 255) ** 2.2).astype(np.float32)


def _tones() -> NDArray[np.float32]:
    """4096 grey levels for the root of light, 0–2: gamma, with a shoulder that keeps highlights apart."""
    light = (np.arange(4096, dtype=np.float32) / 2047) ** 2
    shoulder = np.where(light < 0.7, light, 0.7 + 0.3 * (1 - np.exp(-(light - 0.7) / 0.3)))
    return (255 * shoulder ** (1 / 2.2)).astype(np.float32)


_TONES = _tones()


def _bloom(light: Light, share: float) -> Light:
    """Light beyond white, spread near and far."""
    over = np.maximum(light - 1.0, 0)
    if float(over.max()) < 0.05:
        return light
    height, width = light.shape[:2]
    small = cv2.resize(np.minimum(over, 60), (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    reach = width / 1280
    near = cv2.GaussianBlur(small, (0, 0), max(0.6, 2.2 * reach))
    far = cv2.GaussianBlur(small, (0, 0), max(1.0, 9 * reach)) * 1.2 + cv2.GaussianBlur(
        small, (0, 0), max(2.0, 30 * reach)
    )
    spread = cv2.resize(near + far, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(light + spread * np.float32(share), np.float32)


def _vignette(width: int, height: int, depth: float) -> NDArray[np.float32]:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-height / width, height / width, height, dtype=np.float32)[:, None]
    return (1 - depth * (x * x + y * y))[..., None]


def _noisy(rng: np.random.Generator, levels: Light, sensor: Sensor) -> NDArray[np.uint8]:
    """Grain, a little coarser than a pixel, as a camera's own noise reduction leaves it. OpenCV draws it."""
    if sensor.noise <= 0:
        return np.clip(levels + 0.5, 0, 255).astype(np.uint8)
    height, width = levels.shape[:2]
    channels = 1 if sensor.grey else 3
    grains = np.empty((height, width * channels), np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(grains, 0, sensor.noise)
    grains = grains.reshape(height, width, channels)
    grains = cv2.GaussianBlur(grains, (0, 0), 0.6) * 2.0
    return np.clip(levels + grains.reshape(height, width, -1) + 0.5, 0, 255).astype(np.uint8)
