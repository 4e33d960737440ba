"""Light, weather and lenses: what happens to a whole scene after the plates are in it.

`night` turns day into the picture of an infra-red camera beside a dark road: the plates throw the lamp's light back,
the rest sinks, headlights bloom. `develop` is what any camera does: exposure, colour, blur, noise, compression.
Pictures are H×W×3, uint8, BGR; quads are 4×2, pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth.paste import Picture, Quad, bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_STEPS = np.arange(256, dtype=np.float32) / 255


def night(rng: np.random.Generator, picture: Picture, quads: Sequence[Quad]) -> Picture:
    """A dark road under an infra-red lamp: grey, plates bright by retro-reflection, headlights and rear lamps."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    scene = 255 * (grey / 255) ** rng.uniform(1.0, 2.4) * rng.uniform(0.08, 0.6) + rng.uniform(0, 14)
    for quad in quads:
        _reflect(rng, scene, grey, quad)
    if rng.random() < 0.6:
        _lamps(rng, scene, quads)
    if rng.random() < 0.5:
        scene *= _vignette(rng, scene.shape[1], scene.shape[0])
    scene += rng.normal(0, rng.uniform(0.5, 7), scene.shape).astype(np.float32)
    scene = np.clip(scene, 0, 255)
    out = np.repeat(scene[..., None], 3, axis=2)
    if rng.random() < 0.3:  # a camera without an infra-red filter tints it
        out = out * rng.uniform([0.7, 0.6, 0.8], [1.0, 0.9, 1.0]).astype(np.float32)
    return out.astype(np.uint8)


def develop(rng: np.random.Generator, picture: Picture) -> Picture:
    """Exposure, colour, blur, noise, rain and compression, each with its own chance."""
    picture = cv2.LUT(picture, _curves(rng))
    if rng.random() < 0.2:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    elif rng.random() < 0.4:
        picture = _mix(rng, picture)
    if rng.random() < 0.05:
        picture = _rain(rng, picture)
    if rng.random() < 0.25:
        picture = _blur(rng, picture)
    if rng.random() < 0.3:
        picture = _noise(rng, picture)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return picture


def _reflect(rng: np.random.Generator, scene: NDArray[np.float32], grey: NDArray[np.float32], quad: Quad) -> None:
    """Lift a plate out of the dark scene: its ground to 90–255, its characters stay darker (or vanish in glare)."""
    x0, y0, x1, y1 = bounds(quad, scene.shape)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    inside = np.zeros((y1 - y0, x1 - x0), np.float32)
    cv2.fillConvexPoly(inside, np.round((quad - [x0, y0]) * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    plate = grey[y0:y1, x0:x1]
    low, high = np.percentile(plate, [8, 90])
    plate = np.clip((plate - low) / max(high - low, 8), 0, 1.3)
    bright = plate * rng.uniform(70, 235) + rng.uniform(10, 90)
    scene[y0:y1, x0:x1] += (np.clip(bright, 0, 255) - scene[y0:y1, x0:x1]) * inside
    if rng.random() < 0.3:  # overexposed: it bleeds into its surroundings
        cut = scene[max(0, y0 - 8) : y1 + 8, max(0, x0 - 8) : x1 + 8]
        cut += cv2.GaussianBlur(np.clip(cut - 150, 0, 105), (0, 0), max(1.0, (x1 - x0) / 25)) * rng.uniform(0.2, 0.9)


def _lamps(rng: np.random.Generator, scene: NDArray[np.float32], quads: Sequence[Quad]) -> None:
    """Headlights beside the plates, or anywhere: a saturated core with a bloom."""
    height, width = scene.shape
    places: list[tuple[float, float, float]] = []
    for quad in quads:
        if rng.random() < 0.6:
            (x, y), size = quad.mean(axis=0), float(np.linalg.norm(quad[1] - quad[0]))
            gap, rise, core = (
                size * rng.uniform(0.9, 1.8),
                size * rng.uniform(-0.1, 0.7),
                size * rng.uniform(0.06, 0.25),
            )
            places += [(x - gap, y - rise, core), (x + gap, y - rise, core)]
    for _ in range(int(rng.integers(0, 4))):
        places.append((rng.uniform(0, width), rng.uniform(0, height), rng.uniform(1.0, 14)))
    for x, y, core in places:
        reach = int(core * 5) + 2
        x0, y0, x1, y1 = (
            max(0, int(x) - reach),
            max(0, int(y) - reach),
            min(width, int(x) + reach),
            min(height, int(y) + reach),
        )
        if x1 <= x0 or y1 <= y0:
            continue
        dx, dy = np.arange(x0, x1)[None] - x, np.arange(y0, y1)[:, None] - y
        far = (dx * dx + dy * dy) / (core * core)
        scene[y0:y1, x0:x1] += (255 * np.exp(-far) + rng.uniform(30, 150) * np.exp(-far / 6)).astype(np.float32)


def _vignette(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """The lamp's cone: bright somewhere in the picture, darker towards the borders. Height×width."""
    x = (np.arange(width) / width - rng.uniform(0.25, 0.75))[None]
    y = (np.arange(height) / height - rng.uniform(0.25, 0.75))[:, None]
    return (0.4 + 0.8 * np.exp(-(x * x + y * y) / rng.uniform(0.1, 0.5))).astype(np.float32)


def _curves(rng: np.random.Generator) -> Picture:
    """One tone curve for each channel (256×1×3): gamma, gain, lift, and a white balance that is a little off."""
    gamma, gain, lift = np.exp(rng.normal(0, 0.3)), np.exp(rng.normal(0, 0.22)), rng.normal(0, 0.05)
    balance = np.exp(rng.normal(0, 0.07, 3))
    curves = _STEPS[:, None] ** gamma * gain * balance + lift
    return np.clip(curves * 255, 0, 255).astype(np.uint8)[:, None, :]


def _mix(rng: np.random.Generator, picture: Picture) -> Picture:
    """More or less saturation, and a turn of the hue, as one 3×3 matrix."""
    saturation = rng.uniform(0.2, 1.6)
    grey = np.full((3, 3), 1 / 3, np.float32)
    matrix = grey + saturation * (np.eye(3, dtype=np.float32) - grey)
    if rng.random() < 0.3:
        matrix = matrix[rng.permutation(3)]
    return cv2.transform(picture, matrix.astype(np.float32))  # type: ignore[return-value]


def _blur(rng: np.random.Generator, picture: Picture) -> Picture:
    """Out of focus, or moving: along a line of up to 9 px, mostly level."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.6)))  # type: ignore[return-value]
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.normal(0, 0.35)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    middle = (length - 1) / 2
    cv2.line(
        kernel,
        tuple(np.round(middle - reach).astype(int).tolist()),
        tuple(np.round(middle + reach).astype(int).tolist()),
        1.0,
    )
    return cv2.filter2D(picture, -1, kernel / kernel.sum())  # type: ignore[return-value]


def _noise(rng: np.random.Generator, picture: Picture) -> Picture:
    """Sensor noise, made at half the size now and then: it comes in grains. OpenCV draws it, ten times faster."""
    height, width = picture.shape[:2]
    step = int(rng.integers(1, 3))
    grains = np.empty((height // step, width // step, 3), np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(grains, (0, 0, 0), (float(rng.uniform(2, 16)),) * 3)
    if step > 1:
        grains = cv2.resize(grains, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.add(picture, grains, dtype=cv2.CV_8U)  # type: ignore[return-value]


def _rain(rng: np.random.Generator, picture: Picture) -> Picture:
    """Streaks that fall one way, lighter than what is behind them."""
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    slant, length = rng.uniform(-0.4, 0.4), rng.uniform(8, 26)
    for _ in range(int(rng.integers(40, 260))):
        x, y = rng.uniform(0, width), rng.uniform(-10, height)
        reach = length * rng.uniform(0.5, 1.2)
        cv2.line(streaks, (int(x), int(y)), (int(x + slant * reach), int(y + reach)), int(rng.integers(30, 130)), 1)
    streaks = cv2.GaussianBlur(streaks, (0, 0), 0.7)
    return cv2.add(picture, cv2.cvtColor(streaks, cv2.COLOR_GRAY2BGR))  # type: ignore[return-value]
