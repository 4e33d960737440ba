"""A plate going by, as the few small pictures in which a camera sees it, with its exact corners.

What the frames of one pass share is drawn once: the plate, its dirt and frame, the light, how far out of focus, how
the camera's noise and compression are. What differs from frame to frame is drawn each time: the place between the
pixels, the size, the turn, the noise itself. So a vote over the frames can mend the second kind and never the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth import paste
from models.synth.plate_designs import AMERICAN
from models.synth.plates import render_plate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.paste import Picture, Quad

BLURS = ("sharp", "unfocused", "moving")
"""Sharp: 0.3 to 0.5 px; out of focus by 0.6 to 0.9 px; smeared by its own motion over 2 to 5 % of the plate's width,
which is 30 mph, seen from 20 degrees beside the road, at a shutter of 1/800 to 1/300 s."""
INFRARED_SHARE = 0.25
SERIAL_MIN = 3
"""Characters: shorter texts are not published."""
AROUND = 0.75
"""What is drawn of the vehicle on each side of the plate, in plate widths."""
FINER = 2
"""The scene is warped at this many times the camera's resolution, and then averaged to it, as a sensor does."""


@dataclass(frozen=True)
class View:
    """One frame of a pass, cut out around the plate."""

    picture: Picture
    corners: Quad
    """True ones, pixels of `picture`."""


@dataclass(frozen=True)
class Sequence:
    """One plate going by."""

    text: str
    views: tuple[View, ...]


@dataclass(frozen=True)
class _Camera:
    """What all frames of a pass share."""

    kernel: NDArray[np.float32]
    """The blur, in pixels of the finer picture."""
    noise: float
    quality: int
    """Of the JPEG."""
    gain: float
    lift: float


def rendered(rng: np.random.Generator, width_px: float, blur: str, frames: int) -> Sequence:
    """A drawn plate of any state, province or Mexico with a serial by chance; its middle view is `width_px` wide.

    Twice as wide as high, all of them: a European plate of the same width has characters half as large.
    """
    infrared = bool(rng.random() < INFRARED_SHARE)
    plate = render_plate(rng, region=str(rng.choice(AMERICAN)), infrared=infrared)
    while len(plate.text) < SERIAL_MIN:
        plate = render_plate(rng, region=str(rng.choice(AMERICAN)), infrared=infrared)
    return film(rng, plate.picture, plate.text, width_px, blur, frames, grey=infrared)


def film(
    rng: np.random.Generator, flat: Picture, text: str, width_px: float, blur: str, frames: int, *, grey: bool = False
) -> Sequence:
    """A flat plate (h×w×3) coming nearer or going away over `frames` pictures; `grey`: as an infra-red camera does."""
    scene, quad = _scene(rng, flat, width_px)
    if grey:
        scene = cv2.cvtColor(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    camera = _camera(rng, blur, width_px)
    aspect = flat.shape[1] / flat.shape[0]
    pose, drift = _pose(rng), rng.normal(0, 0.006, 3)
    step = float(rng.uniform(1.01, 1.06)) ** float(rng.choice([-1, 1]))
    views = []
    for number in range(frames):
        away = number - (frames - 1) / 2
        views.append(_view(rng, scene, quad, camera, width_px * step**away, aspect, pose + away * drift))
    return Sequence(text, tuple(views))


def _scene(rng: np.random.Generator, flat: Picture, width_px: float) -> tuple[Picture, Quad]:
    """The plate on a vehicle, larger than any view of it, and its corners."""
    wide = int(min(flat.shape[1], 3 * FINER * width_px))
    high = max(8, round(wide * flat.shape[0] / flat.shape[1]))
    margin = int(AROUND * wide)
    size = (wide + 2 * margin, high + 2 * margin)
    paint = rng.uniform(15, 235) * np.exp(rng.normal(0, 0.12, 3))
    shades = rng.normal(1.0, 0.18, (int(rng.integers(2, 6)), int(rng.integers(1, 3)), 1))
    scene = cv2.resize(shades.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)[..., None] * paint
    scene = np.clip(scene + rng.normal(0, 3, (size[1], size[0], 1)), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 4))):  # bumper edges, a grille, the tailgate's seam
        y = int(rng.uniform(0, size[1]))
        shade = float(rng.uniform(0, 255))
        cv2.line(scene, (0, y), (size[0], y + int(rng.normal(0, 4))), (shade,) * 3, max(1, int(rng.exponential(4))))
    quad = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32) + np.float32(margin) - np.float32(0.5)
    paste.paste(rng, scene, flat, quad, hidden_share=0.0)  # a character that no frame shows is no question
    return scene, quad


def _camera(rng: np.random.Generator, blur: str, width_px: float) -> _Camera:
    kernel = _disc(float(rng.uniform(0.6, 0.9) if blur == "unfocused" else rng.uniform(0.3, 0.5)))
    if blur == "moving":
        length_px = width_px * float(rng.uniform(0.02, 0.05))
        kernel = _smear(length_px, float(rng.normal(0, 0.6) + rng.choice([0, np.pi / 2])))
    return _Camera(
        kernel=kernel,
        noise=float(rng.uniform(1.5, 9)),
        quality=int(rng.integers(35, 90)),
        gain=float(np.exp(rng.normal(0, 0.25))),
        lift=float(rng.normal(0, 10)),
    )


def _disc(sigma_px: float) -> NDArray[np.float32]:
    sigma = sigma_px * FINER
    side = 2 * int(np.ceil(3 * sigma)) + 1
    line = cv2.getGaussianKernel(side, sigma)
    return (line @ line.T).astype(np.float32)


def _smear(length_px: float, angle: float) -> NDArray[np.float32]:
    """A line through the kernel's middle, a little soft."""
    length = length_px * FINER
    side = 2 * int(np.ceil(length / 2)) + 3
    kernel = np.zeros((side, side), np.float32)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    ends = [np.round((side // 2 + sign * reach) * 16).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, tuple(ends[0]), tuple(ends[1]), 1.0, 1, cv2.LINE_AA, 4)
    kernel = cv2.GaussianBlur(kernel, (0, 0), 0.4 * FINER)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _pose(rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn (the far side is smaller), tilt of the lower edge, slope: what a camera above and beside the road sees."""
    return np.array([rng.normal(0, 0.05), rng.normal(0, 0.1), rng.normal(0, 0.07)])


def _view(
    rng: np.random.Generator,
    scene: Picture,
    quad: Quad,
    camera: _Camera,
    width_px: float,
    aspect: float,
    pose: NDArray[np.float64],
) -> View:
    """One frame: warped, averaged, blurred, exposed, noisy, compressed."""
    side_px = int(np.ceil(width_px * (1 + 1.2 * AROUND)))
    size = (side_px, int(np.ceil(width_px / aspect + 1.2 * AROUND * width_px)))
    corners = _seen(width_px, aspect, pose) + np.array(size) / 2 + rng.uniform(-0.5, 0.5, 2)
    fine = (corners + 0.5) * FINER - 0.5
    small, ratio = _averaged(scene, quad, width_px * FINER)
    matrix = cv2.getPerspectiveTransform(((quad + 0.5) * ratio - 0.5).astype(np.float32), fine.astype(np.float32))
    big = (size[0] * FINER, size[1] * FINER)
    seen = cv2.warpPerspective(small, matrix, big, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.resize(cv2.filter2D(seen, -1, camera.kernel), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    light = seen * camera.gain * np.exp(rng.normal(0, 0.02)) + camera.lift
    light += rng.normal(0, camera.noise, light.shape)
    coded = cv2.imencode(".jpg", np.clip(light, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, camera.quality])[1]
    return View(cv2.imdecode(coded, cv2.IMREAD_COLOR), corners.astype(np.float32))  # type: ignore[arg-type]


def _seen(width_px: float, aspect: float, pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """The plate's corners around its middle."""
    turn, lean, slope = pose
    quad = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [width_px, width_px / aspect]
    quad[:, 1] *= 1 + turn * np.sign(quad[:, 0])
    quad[:, 0] += lean * quad[:, 1]
    quad[:, 1] += slope * quad[:, 0]
    return quad


def _averaged(scene: Picture, quad: Quad, width_px: float) -> tuple[Picture, NDArray[np.float64]]:
    """The scene shrunk by area to about twice the width wanted, so that no stroke falls between samples; its scale."""
    shrink = float(quad[1, 0] - quad[0, 0]) / width_px / 1.5
    if shrink <= 1:
        return scene, np.ones(2)
    size = (round(scene.shape[1] / shrink), round(scene.shape[0] / shrink))
    ratio = np.array([size[0] / scene.shape[1], size[1] / scene.shape[0]])
    return cv2.resize(scene, size, interpolation=cv2.INTER_AREA), ratio  # type: ignore[return-value]
