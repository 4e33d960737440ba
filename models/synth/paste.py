"""Paste flat plates into real photographs, with corners that are known exactly.

A photograph from anywhere becomes one with a US plate: the flat plate is warped over the plate that the photograph
shows, takes over its light, its shadow and its blur, and may get a dealer's frame, dirt, or something in front of it.
All functions change the picture (H×W×3, uint8, BGR) in place and say where the plate ended up.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Quad = NDArray[np.float32]
"""4×2: top left, top right, bottom right, bottom left, in pixels of the picture."""


def cover(rng: np.random.Generator, quad: Quad, aspect: float) -> Quad:
    """A quad of the given width:height, around the same centre and along the same axes, that hides `quad`."""
    centre = quad.mean(axis=0)
    along = ((quad[1] - quad[0]) + (quad[2] - quad[3])) / 2
    down = ((quad[3] - quad[0]) + (quad[2] - quad[1])) / 2
    width, height = max(float(np.linalg.norm(along)), 1e-3), max(float(np.linalg.norm(down)), 1e-3)
    spread = rng.uniform(1.04, 1.14)
    new_width = max(width * spread, height * spread * aspect)
    ratio = np.array([new_width / width, new_width / aspect / height], np.float32)
    # The old quad's own perspective stays: each corner is expressed along the two axes and scaled there.
    axes = np.stack([along, down], axis=1).astype(np.float32)
    if abs(np.linalg.det(axes)) < 1e-3:
        return quad
    shares = (quad - centre) @ np.linalg.inv(axes).T
    return ((shares * ratio) @ axes.T + centre).astype(np.float32)


def paste(rng: np.random.Generator, picture: Picture, flat: Picture, quad: Quad, *, hidden_share: float = 0.15) -> None:
    """Warp a flat plate (h×w×3) into the quad, in the light that the place had before.

    Of so many plates a part is hidden by something that stands before them.
    """
    x0, y0, x1, y1 = bounds(quad, picture.shape, margin=0.25)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    place = picture[y0:y1, x0:x1]
    corner = np.array([x0, y0], np.float32)
    lit = _light(rng, shrink(flat, quad), place)
    source = _edges(lit)
    matrix = cv2.getPerspectiveTransform(source, (quad - corner).astype(np.float32))
    size = (x1 - x0, y1 - y0)
    warped = cv2.warpPerspective(lit, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(_outline(rng, lit), matrix, size, flags=cv2.INTER_LINEAR)
    if rng.random() < 0.35:
        _frame(rng, place, quad - corner)
    if rng.random() < 0.5:
        blur = float(rng.uniform(0.2, 1.1))
        warped, mask = cv2.GaussianBlur(warped, (0, 0), blur), cv2.GaussianBlur(mask, (0, 0), min(blur, 0.8))
    share = mask.astype(np.float32)[..., None] / 255
    place[:] = (place + (warped.astype(np.float32) - place) * share).astype(np.uint8)
    if rng.random() < hidden_share:
        _hide(rng, picture, quad)


def erase(rng: np.random.Generator, picture: Picture, quad: Quad) -> None:
    """Make the plate an empty holder: its own colours, smeared flat; sometimes only the car's colour around it."""
    x0, y0, x1, y1 = bounds(quad, picture.shape, margin=0.3)
    place = picture[y0:y1, x0:x1]
    if place.size == 0:
        return
    ring = place.reshape(-1, 3)
    middle = (quad - np.array([x0, y0], np.float32)).astype(np.int32)
    color = np.median(ring, axis=0) if rng.random() < 0.5 else ring[int(rng.integers(len(ring)))].astype(np.float64)
    cv2.fillConvexPoly(place, middle, tuple(float(c) for c in color))
    if rng.random() < 0.5:
        cv2.polylines(
            place,
            [middle],
            isClosed=True,
            color=tuple(float(c) * 0.6 for c in color),
            thickness=max(1, (x1 - x0) // 60),
        )
    noise = rng.normal(0, 4, place.shape).astype(np.float32)
    place[:] = np.clip(cv2.GaussianBlur(place, (0, 0), 1.2) + noise, 0, 255).astype(np.uint8)


def bounds(quad: Quad, shape: tuple[int, ...], margin: float = 0.0) -> tuple[int, int, int, int]:
    """The upright rectangle around a quad, wider by a share of its width, inside the picture: x0, y0, x1, y1."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    more = margin * float(high[0] - low[0])
    x0, y0 = max(0, int(low[0] - more)), max(0, int(low[1] - more))
    x1, y1 = min(shape[1], int(high[0] + more) + 1), min(shape[0], int(high[1] + more) + 1)
    return x0, y0, max(x0, x1), max(y0, y1)


def shrink(flat: Picture, quad: Quad) -> Picture:
    """Area-average a flat plate that is more than twice as wide as the place, so that its strokes fade, not flicker."""
    width = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    height = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
    ratio = min(1.0, max(width / flat.shape[1], height / flat.shape[0]) * 1.4)
    size = (max(4, round(flat.shape[1] * ratio)), max(3, round(flat.shape[0] * ratio)))
    return flat.copy() if ratio > 0.95 else cv2.resize(flat, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _light(rng: np.random.Generator, flat: Picture, place: Picture) -> Picture:
    """Bring a flat plate to the brightness and the colour cast of the place it goes to, with a shadow across it."""
    bright = float(np.percentile(place, 88)) * rng.uniform(0.75, 1.25) + 8
    own = float(np.percentile(flat, 88)) + 8
    gain = np.clip(bright / own, 0.12, 1.6)
    cast = place.reshape(-1, 3).mean(axis=0) + 12
    cast = (cast / cast.mean()) ** rng.uniform(0.1, 0.6)
    lit = flat.astype(np.float32) * (gain * cast).astype(np.float32)
    lift = rng.uniform(0, 0.12) * bright  # haze and lens flare take contrast away
    lit = lit * (1 - lift / 255) + lift
    if rng.random() < 0.4:
        lit *= _shade(rng, lit.shape[1], lit.shape[0])
    if rng.random() < 0.15:
        _dirt(rng, lit)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _shade(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Height×width×1: 1 in the light, less in the shadow of a straight edge, soft or hard."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.9)
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    side = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.8, 0.8)
    soft = 1 / (1 + np.exp(-side * rng.uniform(2, 40)))
    return (depth + (1 - depth) * soft)[..., None].astype(np.float32)


def _dirt(rng: np.random.Generator, lit: NDArray[np.float32]) -> None:
    """Brown-grey blotches over a flat plate (float, in place)."""
    height, width = lit.shape[:2]
    blotches = cv2.resize(rng.random((4, 8), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    share = (np.clip(blotches - 0.55, 0, 0.4) * rng.uniform(0.8, 2.2))[..., None]
    lit += (np.array([70, 85, 95], np.float32) - lit) * np.clip(share, 0, 0.9)


def _outline(rng: np.random.Generator, flat: Picture) -> Picture:
    """The plate's own area as a mask (h×w, 0 or 255): its corners are often round."""
    height, width = flat.shape[:2]
    mask = np.full((height, width), 255, np.uint8)
    radius = int(rng.uniform(0, 0.12) * height)
    if radius > 1:
        mask[:] = 0
        cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
        cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, -1)
        for x in (radius, width - 1 - radius):
            for y in (radius, height - 1 - radius):
                cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _edges(flat: Picture) -> Quad:
    """The outer edge of a picture in the coordinates that OpenCV warps by (pixel centres are whole numbers)."""
    height, width = flat.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5


def _frame(rng: np.random.Generator, place: Picture, quad: Quad) -> None:
    """A dealer's frame or a holder, drawn before the plate: it stands out by 2–9 % and is not part of the plate."""
    spread = 1 + rng.uniform(0.03, 0.16) * np.array([0.6, 1.0], np.float32)
    outer = ((quad - quad.mean(axis=0)) * spread + quad.mean(axis=0)).astype(np.float32)
    shade = float(rng.choice([rng.uniform(5, 45), rng.uniform(90, 200)]))
    cv2.fillConvexPoly(place, np.round(outer * 16).astype(np.int32), (shade, shade, shade), cv2.LINE_AA, 4)


def _hide(rng: np.random.Generator, picture: Picture, quad: Quad) -> None:
    """Put a hitch ball, a bar or a leaf in front of a plate: at most a quarter of its width."""
    x0, y0, x1, y1 = bounds(quad, picture.shape)
    width, height = x1 - x0, y1 - y0
    shade = tuple(float(v) for v in rng.uniform(5, 160, 3))
    x, y = int(rng.uniform(x0, x1)), int(rng.uniform(y0 + 0.5 * height, y1 + 0.3 * height))
    if rng.random() < 0.6:
        cv2.circle(picture, (x, y), max(1, int(width * rng.uniform(0.03, 0.11))), shade, -1, cv2.LINE_AA)
    else:
        cv2.line(
            picture,
            (x, y0 - height // 2),
            (x + int(rng.uniform(-0.2, 0.2) * width), y1 + height),
            shade,
            max(1, int(width * rng.uniform(0.02, 0.08))),
            cv2.LINE_AA,
        )
