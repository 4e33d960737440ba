"""What a camera does to a plate: `degrade` turns a clean, flat picture into the crop that the reader is given.

In: a picture in which the plate's corners stand at `PLATE_QUAD` (the rest is what surrounds it). Out: exactly the
crop that `edge.camera.pixels.rectify` would give after a camera saw that plate small, blurred, dark, noisy and
compressed, with corners found a little wrong. Everything costs about a third of a millisecond, so that it can be done
anew each time a plate is shown to the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.camera.pixels import CROP_MARGIN, READER_HEIGHT, READER_WIDTH

STORED_WIDTH, STORED_HEIGHT = 192, 96
"""Size of a stored clean picture."""
STORED_MARGIN = 0.1
"""Surroundings kept on every side, as a share of the plate's width and height."""

_X, _Y = STORED_WIDTH * STORED_MARGIN / (1 + 2 * STORED_MARGIN), STORED_HEIGHT * STORED_MARGIN / (1 + 2 * STORED_MARGIN)
PLATE_QUAD = np.array(
    [[_X, _Y], [STORED_WIDTH - _X, _Y], [STORED_WIDTH - _X, STORED_HEIGHT - _Y], [_X, STORED_HEIGHT - _Y]], np.float32
)
"""The plate's corners in a stored picture, clockwise from the top left."""


@dataclass(frozen=True)
class Wear:
    """How hard to be, 0–1; training starts soft and hardens."""

    hardness: float = 1.0
    width_min: float = 26.0
    """Pixels across the plate in the narrowest picture."""
    real: bool = False
    """A photograph already: milder blur, noise and light, because it has its own."""


def degrade(
    rng: np.random.Generator, picture: np.ndarray, wear: Wear, *, aspect: float = 2.0, spans: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """One camera's view of a stored picture: the crop (64×128×3, uint8) and the characters' spans in it.

    `spans` holds (x0, x1) pairs in stored pixels; they come back as crop pixels. Jitter that would cut into a
    character is drawn again more gently.
    """
    hard = wear.hardness
    quad = _jittered(rng, hard, aspect)
    mapped = _map_spans(spans, quad)
    for gentler in (0.5, 0.15):
        if mapped is None or not _cuts(mapped):
            break
        quad = _jittered(rng, hard * gentler, aspect)
        mapped = _map_spans(spans, quad)
    picture = _worn(rng, picture, hard, real=wear.real)
    small = _seen_small(rng, picture, quad, wear, aspect)
    small = _lit(rng, small, hard * (0.7 if wear.real else 1.0))
    small = _blurred(rng, small, hard * (0.5 if wear.real else 1.0))
    small = _noisy(rng, small, hard * (0.5 if wear.real else 1.0))
    return cv2.resize(small, (READER_WIDTH, READER_HEIGHT), interpolation=cv2.INTER_LINEAR), mapped


def _jittered(rng: np.random.Generator, hard: float, aspect: float) -> np.ndarray:
    """The quad to be warped onto the crop: the plate and its margin, off by what a detector is off."""
    w, h = PLATE_QUAD[2] - PLATE_QUAD[0]
    size = np.array([w, h], np.float32)
    centre = (PLATE_QUAD[0] + PLATE_QUAD[2]) / 2
    quad = (PLATE_QUAD - centre) * (1 + 2 * CROP_MARGIN)
    quad = quad * (1 + rng.normal(0.0, 0.035 * hard, 2))
    quad = quad + rng.normal(0, 0.022 * hard, (4, 2)) * size + rng.normal(0, 0.03 * hard, 2) * size
    if rng.random() < 0.45 * hard:  # not level, as an upright box around a tilted plate; wide plates slope more here
        angle = rng.normal(0, 0.07) if rng.random() < 0.8 else rng.uniform(-0.2, 0.2)
        stretch = aspect / (w / h)
        lean = 0.0 if rng.random() < 0.4 else -angle / stretch
        quad = quad + quad @ np.array([[0.0, angle * stretch], [lean, 0.0]])
    return (quad + centre).astype(np.float32)


def _map_spans(spans: np.ndarray | None, quad: np.ndarray) -> np.ndarray | None:
    if spans is None or len(spans) == 0:
        return spans
    target = np.array([[0, 0], [READER_WIDTH, 0], [READER_WIDTH, READER_HEIGHT], [0, READER_HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    middle = np.full(len(spans), STORED_HEIGHT / 2, np.float32)
    points = np.stack([np.concatenate([spans[:, 0], spans[:, 1]]), np.concatenate([middle, middle])], 1)
    mapped = cv2.perspectiveTransform(points[None].astype(np.float32), matrix)[0, :, 0]
    return np.stack([mapped[: len(spans)], mapped[len(spans) :]], 1)


def _cuts(spans: np.ndarray) -> bool:
    """Whether a sixth of a character's width lies outside the crop."""
    allowed = (spans[:, 1] - spans[:, 0]) / 6
    return bool(np.any(spans[:, 0] < -allowed) or np.any(spans[:, 1] > READER_WIDTH + allowed))


def _worn(rng: np.random.Generator, picture: np.ndarray, hard: float, *, real: bool) -> np.ndarray:
    """Frames over the edges, dirt, shadow, glare: on the plate itself, at full size."""
    out = picture
    if rng.random() < (0.1 if real else 0.35) * hard:
        out = out.copy()
        (x0, y0), (x1, y1) = PLATE_QUAD[0].astype(int), PLATE_QUAD[2].astype(int)
        colour = int(rng.integers(0, 90)) if rng.random() < 0.65 else int(rng.integers(120, 240))
        paint = (colour, colour, colour)
        over = (rng.uniform(-0.01, 0.1, 4) * (y1 - y0)).astype(int)
        cv2.rectangle(out, (0, 0), (STORED_WIDTH, y0 + over[0]), paint, -1) if rng.random() < 0.4 else cv2.rectangle(
            out, (x0 - 5, y0 - 4), (x1 + 5, y0 + over[0]), paint, -1
        )
        cv2.rectangle(out, (x0 - 5, y1 - over[1]), (x1 + 5, y1 + 5), paint, -1)
        cv2.rectangle(out, (x0 - 6, y0 - 4), (x0 + over[2] // 2, y1 + 5), paint, -1)
        cv2.rectangle(out, (x1 - over[3] // 2, y0 - 4), (x1 + 6, y1 + 5), paint, -1)
    if rng.random() < 0.25 * hard:
        out = out.copy()
        for _ in range(int(rng.integers(1, 14))):
            spot = (int(rng.uniform(0, STORED_WIDTH)), int(rng.uniform(0, STORED_HEIGHT)))
            cv2.circle(out, spot, int(rng.integers(1, 4)), tuple(int(v) for v in rng.integers(0, 160, 3)), -1)
    if rng.random() < 0.2 * hard:  # a shadow's edge across the plate
        x, slope = rng.uniform(0, STORED_WIDTH), rng.normal(0, 1.0)
        ends = [
            [x, 0],
            [x + slope * STORED_HEIGHT, STORED_HEIGHT],
            [STORED_WIDTH * 2, STORED_HEIGHT],
            [STORED_WIDTH * 2, 0],
        ]
        if rng.random() < 0.5:
            y = rng.uniform(0.1, 0.9) * STORED_HEIGHT
            ends = [[0, 0], [STORED_WIDTH, 0], [STORED_WIDTH, y], [0, y + rng.normal(0, 8)]]
        shade = np.full((STORED_HEIGHT, STORED_WIDTH), 255, np.uint8)
        cv2.fillPoly(shade, [np.array(ends, np.int32)], int(rng.uniform(90, 200)))
        out = cv2.multiply(out, cv2.merge([shade] * 3), scale=1 / 255)
    if rng.random() < 0.1 * hard:  # glare
        light = np.zeros((STORED_HEIGHT // 4, STORED_WIDTH // 4), np.uint8)
        cv2.circle(
            light,
            (int(rng.uniform(0, 48)), int(rng.uniform(0, 24))),
            int(rng.uniform(2, 9)),
            int(rng.uniform(80, 255)),
            -1,
        )
        light = cv2.resize(cv2.GaussianBlur(light, (0, 0), float(rng.uniform(1.5, 5))), (STORED_WIDTH, STORED_HEIGHT))
        out = cv2.add(out, cv2.merge([light] * 3))
    return out


def _seen_small(
    rng: np.random.Generator, picture: np.ndarray, quad: np.ndarray, wear: Wear, aspect: float
) -> np.ndarray:
    """Warp to the crop's field of view at the resolution that the camera had."""
    low = min(wear.width_min + (1 - wear.hardness) * 60, READER_WIDTH)
    sharp = rng.random() < 0.3
    wide = READER_WIDTH if sharp else float(np.exp(rng.uniform(np.log(low), np.log(READER_WIDTH * 1.05))))
    w = int(np.clip(wide * (1 + 2 * CROP_MARGIN), 16, READER_WIDTH))
    h = int(np.clip(w / max(aspect, 1.0) * rng.uniform(0.85, 1.15), 10, READER_HEIGHT))
    if sharp and aspect < 3:
        h = READER_HEIGHT
    shrink = min(STORED_WIDTH / w, STORED_HEIGHT / h)
    if shrink > 1.4:  # average over areas first, so that strokes fade instead of vanishing between samples
        size = (max(16, round(STORED_WIDTH / shrink)), max(10, round(STORED_HEIGHT / (STORED_HEIGHT / h))))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        quad = quad * np.array([size[0] / STORED_WIDTH, size[1] / STORED_HEIGHT], np.float32)
    target = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform((quad - 0.5).astype(np.float32), target)
    return cv2.warpPerspective(picture, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lit(rng: np.random.Generator, small: np.ndarray, hard: float) -> np.ndarray:
    """Exposure, contrast, colour cast, grey cameras, infra-red and the negative of a reflecting plate."""
    if rng.random() < 0.12 * hard:  # grey camera, or an infra-red picture
        small = cv2.cvtColor(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    gain = np.exp(rng.normal(0, 0.28 * hard))
    lift = rng.normal(0, 18 * hard)
    if rng.random() < 0.12 * hard:  # night: little contrast, dark or washed out, often tinted
        gain, lift = rng.uniform(0.2, 0.7), rng.uniform(-5, 130)
    cast = np.exp(rng.normal(0, 0.07 * hard, 3))
    if rng.random() < 0.08 * hard:
        cast = rng.uniform(0.55, 1.15, 3)  # a camera without infra-red filter
        lift = lift + rng.uniform(0, 40)
    table = np.arange(256, dtype=np.float32)[:, None]
    mid = 128 * (1 if gain < 1 else 0.85)
    table = (table - mid) * gain * cast + mid + lift
    if rng.random() < 0.3 * hard:
        table = 255 * np.clip(table / 255, 0, 1) ** np.exp(rng.normal(0, 0.35))
    return cv2.LUT(small, np.clip(table, 0, 255).astype(np.uint8)[None])


def _blurred(rng: np.random.Generator, small: np.ndarray, hard: float) -> np.ndarray:
    w = small.shape[1]
    draw = rng.random()
    if draw < 0.25 * hard:
        small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.3, 0.3 + 0.011 * w)))
    elif draw < 0.5 * hard:
        length = max(2.0, float(rng.uniform(0.01, 0.055) * w))
        size = int(length) | 1
        if size >= 3:
            kernel = np.zeros((size, size), np.float32)
            angle = float(rng.normal(0, 25)) if rng.random() < 0.7 else float(rng.uniform(0, 180))
            reach = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]) * length / 2
            centre = size // 2
            cv2.line(
                kernel,
                tuple(np.round(centre - reach).astype(int).tolist()),
                tuple(np.round(centre + reach).astype(int).tolist()),
                1.0,
            )
            small = cv2.filter2D(small, -1, kernel / kernel.sum())
    if rng.random() < 0.12 * hard:  # the camera's own sharpening
        soft = cv2.GaussianBlur(small, (0, 0), 1.0)
        amount = float(rng.uniform(0.3, 1.5))
        small = cv2.addWeighted(small, 1 + amount, soft, -amount, 0)
    return small


def _noisy(rng: np.random.Generator, small: np.ndarray, hard: float) -> np.ndarray:
    if rng.random() < 0.6 * hard:
        sigma = float(rng.exponential(5.0))
        grey = rng.random() < 0.5
        noise = _normal(rng, (small.shape[0], small.shape[1], 1 if grey else 3)) * np.float32(min(sigma, 26.0))
        small = np.clip(small + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5 * hard:
        quality = int(rng.integers(18, 92))
        small = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return small


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)
