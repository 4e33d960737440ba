"""What the straightener learns from: plates of composed canvases, warped flat by corners that stray as finds do.

The canvases are the detector's own (`detector.scenes`): real photographs, most of their plates replaced by flat ones
whose corners are known exactly. Beside them crops that hold no plate: finds that were judged to be none, drawn
lettering and signs, empty holders, and places beside plates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.pixels import STRAIGHTENER_HEIGHT, STRAIGHTENER_MARGIN, STRAIGHTENER_WIDTH, rectify
from models.synth import paste_decoys, paste_light
from models.train.detector.scenes import CORNER_TRUST, STRICT, Canvas, Pack, compose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Quad = NDArray[np.float32]

CANVASES = ((416, 256), (640, 384), (320, 192))
VIEWS = 3
"""Crops taken of each plate, each astray in its own way: a crop costs a tenth of its canvas."""
WIDTH_MIN = 14.0
"""Pixels: narrower plates are not read."""
UPRIGHT_SHARE = 0.15
"""Share of the crops that begin with an upright box around the plate, as other detectors give it."""
NONE_SHARE = 0.25
_UNIT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


@dataclass(frozen=True)
class Sample:
    """One crop and its truth."""

    crop: NDArray[np.uint8]
    """64×128×3, BGR."""
    moves: NDArray[np.float32]
    """4×2: from the crop's own corners to the true ones, in shares of the plate's width and height."""
    trust: float
    """How much the moves count; 0 where they are unknown."""
    plate: bool


def batch(rng: np.random.Generator, pack: Pack, size: int) -> list[Sample]:
    """At least `size` samples, in no order; the caller takes as many as it wants."""
    out: list[Sample] = []
    while len(out) < size:
        canvas = compose(rng, pack, CANVASES[int(rng.integers(len(CANVASES)))])
        out += plates(rng, canvas)
        wanted = int(NONE_SHARE * size) - sum(not sample.plate for sample in out)
        if wanted > 0:
            out += nothing(rng, pack, canvas, min(4, wanted))
    rng.shuffle(out)  # type: ignore[arg-type]
    return out


def plates(rng: np.random.Generator, canvas: Canvas) -> list[Sample]:
    """Crops of a canvas's plates."""
    return [
        seen(canvas.picture, quad, strayed(rng, quad), CORNER_TRUST[by])
        for quad, by in zip(canvas.quads, canvas.by, strict=True)
        if np.linalg.norm(quad[1] - quad[0]) >= WIDTH_MIN
        for _ in range(VIEWS)
    ]


def seen(picture: NDArray[np.uint8], true: Quad, found: Quad, trust: float) -> Sample:
    """What the device would cut out for corners that it found, and where the true ones lie in it."""
    crop = rectify(
        picture,
        found.tolist(),
        width=STRAIGHTENER_WIDTH,
        height=STRAIGHTENER_HEIGHT,
        margin=STRAIGHTENER_MARGIN,
    )
    matrix = cv2.getPerspectiveTransform(found.astype(np.float32), _UNIT)
    moves = cv2.perspectiveTransform(true[None].astype(np.float32), matrix)[0] - _UNIT
    reachable = bool(np.abs(moves).max() < 0.6)
    return Sample(crop, moves.astype(np.float32), trust if reachable else 0.0, plate=True)


def strayed(rng: np.random.Generator, quad: Quad) -> Quad:
    """The same plate by corners as a detector gives them: shifted, scaled, and each a little off on its own.

    On val the detector's corners are off by 2 to 20 % of the plate's height, seldom more.
    """
    if rng.random() < UPRIGHT_SHARE:
        (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
        quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    amount = float(np.clip(np.exp(rng.normal(np.log(0.05), 0.7)), 0.004, 0.16))
    unit = (_UNIT - 0.5) * np.exp(rng.normal(0, 1.2 * amount, 2)) + rng.normal(0, amount, 2) * [1, 1.4]
    unit += rng.normal(0, 0.6 * amount, (4, 2)) * [1, 1.4]
    unit[:, 1] += rng.normal(0, 1.2 * amount) * unit[:, 0]  # a slope, the commonest fault
    matrix = cv2.getPerspectiveTransform(_UNIT, quad.astype(np.float32))
    return cv2.perspectiveTransform((unit + 0.5)[None].astype(np.float32), matrix)[0]


def nothing(rng: np.random.Generator, pack: Pack, canvas: Canvas, count: int) -> list[Sample]:
    """Crops that surely hold no plate."""
    out: list[Sample] = []
    for _ in range(count):
        draw = rng.random()
        found = _judged(rng, pack) if draw < 0.5 else _decoy(rng, canvas) if draw < 0.85 else _beside(rng, canvas)
        if found is not None:
            out.append(found)
    return out


def _judged(rng: np.random.Generator, pack: Pack) -> Sample | None:
    """A find outside the boxes that a person judged to be none, mirrored or not, in another light each time."""
    judged = [scene for scene in pack.scenes if len(scene.empty)]
    if not judged:  # the val split has none
        return None
    scene = judged[int(rng.integers(len(judged)))]
    x0, y0, x1, y1 = scene.empty[int(rng.integers(len(scene.empty)))]
    quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    return _none(rng, scene.levels[0], quad)


def _decoy(rng: np.random.Generator, canvas: Canvas) -> Sample | None:
    picture = canvas.picture.copy()
    draw = paste_decoys.KINDS[int(rng.integers(len(paste_decoys.KINDS)))]
    x0, y0, x1, y1 = draw(rng, picture)
    if x1 - x0 < 10 or y1 - y0 < 4:
        return None
    high = min(y1 - y0, x1 - x0)
    wide = min(x1 - x0, high * float(rng.uniform(1.6, 5.0)))  # a part of long lettering may look like a serial
    x = x0 + float(rng.uniform(0, x1 - x0 - wide))
    return _none(rng, picture, np.array([[x, y0], [x + wide, y0], [x + wide, y1], [x, y1]], np.float32))


def _beside(rng: np.random.Generator, canvas: Canvas) -> Sample | None:
    """A place where no plate can be, for all that is known of the photograph."""
    height, width = canvas.truth.shape
    wide = float(np.exp(rng.uniform(np.log(16), np.log(0.4 * width))))
    high = wide / float(rng.uniform(1.6, 4.5))
    x, y = rng.uniform(0, width - wide), rng.uniform(0, max(1.0, height - high))
    if (canvas.truth[int(y) : int(y + high) + 1, int(x) : int(x + wide) + 1] != STRICT).any():
        return None
    if any(_near(quad, x, y, wide, high) for quad in canvas.quads):
        return None
    return _none(
        rng, canvas.picture, np.array([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]], np.float32)
    )


def _near(quad: Quad, x: float, y: float, wide: float, high: float) -> bool:
    (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
    return bool(x0 < x + wide and x < x1 and y0 < y + high and y < y1)


def _none(rng: np.random.Generator, picture: NDArray[np.uint8], quad: Quad) -> Sample:
    sample = seen(picture, quad, strayed(rng, quad), 0.0)
    crop = paste_light.develop(rng, sample.crop[:, ::-1] if rng.random() < 0.5 else sample.crop)
    return Sample(crop, sample.moves * 0, 0.0, plate=False)
