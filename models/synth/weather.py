"""Light and weather: where the light comes from, what a surface throws back, and what lies in the air.

`SKIES` names the conditions that scenes are rendered in. Everything is linear light (see `camera`), BGR.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth.camera import Sensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.camera import Light

Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """The light of one scene."""

    name: str
    sun_from: tuple[float, float, float] = (0.5, 0.75, -0.45)
    """Direction towards the sun; need not be normalised."""
    sun: Color = (0.85, 0.95, 1.0)
    """Light on a white surface that faces the sun."""
    zenith: Color = (0.75, 0.5, 0.33)
    horizon: Color = (0.9, 0.85, 0.78)
    trees: Color = (0.05, 0.08, 0.07)
    ground: Color = (0.2, 0.2, 0.2)
    ambient: float = 0.5
    """How much of the sky's light reaches a surface that faces up."""
    lamp: float = 0.0
    """Light of a lamp beside the camera on a white surface at 10 m."""
    plate_gain: float = 1.0
    """A retro-reflective plate under that lamp is brighter than white paint by this."""
    headlamps: bool = False
    infrared: bool = False
    wet: float = 0.0
    """0–1: how much the road mirrors."""
    haze: float = 0.0
    """Share of contrast that the air takes away every 100 m."""
    glare: float = 0.0
    """Veil of light from a low sun just outside the picture."""
    rain: int = 0
    """Streaks in a 1280×720 picture."""
    sensor: Sensor = field(default_factory=Sensor)

    def toward_sun(self) -> NDArray[np.float32]:
        """Unit vector."""
        direction = np.array(self.sun_from, np.float32)
        return direction / np.linalg.norm(direction)

    def mirror(self) -> NDArray[np.float32]:
        """256×3: what a mirror sees that looks down (0) … at the horizon (128) … up (255)."""
        return _mirror(self.ground, self.trees, self.horizon, self.zenith)


@functools.lru_cache(maxsize=64)
def _mirror(ground: Color, trees: Color, horizon: Color, zenith: Color) -> NDArray[np.float32]:
    height = np.linspace(-1, 1, 256)
    steps = np.array([-1, -0.25, -0.03, 0.0, 0.1, 0.17, 0.5, 1.0])
    near, middle = np.array(ground), np.add(horizon, zenith) / 2
    colours = np.stack([near * 0.5, near, near * 0.8, trees, trees, horizon, middle, zenith])
    return np.stack([np.interp(height, steps, colours[:, c]) for c in range(3)], 1).astype(np.float32)


def _skies() -> dict[str, Sky]:
    night = Sensor(exposure=1.0, noise=2.0, bloom=0.05, vignette=0.5, grey=True, softness_px=0.75)
    skies = (
        Sky(
            name="day",
            zenith=(0.72, 0.5, 0.36),
            sun=(0.95, 1.08, 1.15),
            sensor=Sensor(exposure=1.12, noise=0.9, contrast=1.12),
        ),
        Sky(
            name="overcast",
            sun=(0.0, 0.0, 0.0),
            zenith=(0.95, 0.95, 0.95),
            horizon=(0.95, 0.94, 0.92),
            ambient=0.75,
            sensor=Sensor(exposure=1.0, noise=0.9, contrast=1.1),
        ),
        Sky(
            name="dusk",
            sun=(0.0, 0.0, 0.0),
            zenith=(0.16, 0.09, 0.06),
            horizon=(0.16, 0.17, 0.22),
            trees=(0.012, 0.012, 0.01),
            ground=(0.03, 0.03, 0.03),
            ambient=0.75,
            headlamps=True,
            sensor=Sensor(exposure=2.3, noise=2.0, bloom=0.09, tint=(1.08, 1.0, 0.95)),
        ),
        Sky(
            name="infrared",
            sun=(0.0, 0.0, 0.0),
            zenith=(0.006, 0.006, 0.006),
            horizon=(0.012, 0.012, 0.012),
            trees=(0.003, 0.003, 0.003),
            ground=(0.01, 0.01, 0.01),
            ambient=0.7,
            lamp=0.5,
            plate_gain=1.6,
            headlamps=True,
            infrared=True,
            sensor=night,
        ),
        Sky(
            name="rain",
            sun=(0.0, 0.0, 0.0),
            zenith=(0.55, 0.54, 0.52),
            horizon=(0.6, 0.59, 0.57),
            trees=(0.1, 0.11, 0.1),
            ambient=0.8,
            headlamps=True,
            wet=0.75,
            haze=0.45,
            rain=260,
            sensor=Sensor(exposure=1.1, noise=1.2, softness_px=0.8, bloom=0.05),
        ),
        Sky(
            name="glare",
            sun_from=(-0.35, 0.28, 1.0),
            sun=(0.8, 1.1, 1.35),
            zenith=(0.7, 0.6, 0.5),
            horizon=(0.95, 1.2, 1.45),
            trees=(0.08, 0.09, 0.1),
            ambient=0.42,
            haze=0.25,
            glare=0.17,
            sensor=Sensor(exposure=0.95, noise=0.9, contrast=1.1),
        ),
    )
    return {sky.name: sky for sky in skies}


SKIES = _skies()


def rain(rng: np.random.Generator, light: Light, count: int, shutter_ms: float) -> Light:
    """Streaks of falling drops, near ones long and soft, and a fine curtain of far ones."""
    height, width = light.shape[:2]
    scale = width / 1280
    streaks = np.zeros((height, width), np.float32)
    slant = 0.12
    for _ in range(int(count * scale)):
        near = float(rng.random()) ** 3
        length = (10 + 70 * near) * scale * min(2.0, shutter_ms / 4)
        x, y = rng.uniform(-20, width + 20), rng.uniform(-60, height)
        tip = (round((x - slant * length) * 8), round((y + length) * 8))
        bright = float(rng.uniform(0.04, 0.13)) * (1 - 0.5 * near)
        cv2.line(streaks, (round(x * 8), round(y * 8)), tip, bright, 1 + int(2 * near), cv2.LINE_AA, 3)
    streaks = cv2.GaussianBlur(streaks, (0, 0), 0.9)
    return np.asarray(
        light * (1 - streaks[..., None] * 0.3) + streaks[..., None] * np.array([1.0, 0.98, 0.95], np.float32),
        np.float32,
    )


def glare(light: Light, strength: float, at: tuple[float, float]) -> Light:
    """The veil of a low sun, strongest towards `at` (shares of width and height), with two ghosts of the lens."""
    height, width = light.shape[:2]
    x = (np.arange(width, dtype=np.float32) / width - at[0])[None]
    y = (np.arange(height, dtype=np.float32) / height - at[1])[:, None] * height / width
    far = np.sqrt(x * x + y * y)
    veil = strength * (0.35 + 1.6 * np.exp(-far * 3.2) + 5.0 * np.exp(-far * 14))
    for share, radius, bright in ((0.9, 0.05, 0.12), (1.35, 0.09, 0.07)):
        gx, gy = x + (at[0] - 0.5) * share, y + (at[1] - 0.5) * share * height / width
        veil += strength * bright * np.clip((radius - np.sqrt(gx * gx + gy * gy)) * 90, 0, 1)
    return np.asarray(light + veil[..., None] * np.array([0.82, 0.93, 1.0], np.float32), np.float32)
