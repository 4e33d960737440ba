"""Crop, resize, letterbox and rectify, and back again: the one eye that training and the device share.

Every network of ours sees pixels that went through this file, on the desk where it is trained and on the pole
where it runs. Whoever changes a function here changes what the networks see, and must train them again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

cv2.setNumThreads(1)  # the daemon's threads are counted; OpenCV must not add its own

READER_WIDTH, READER_HEIGHT = 128, 64
"""The plate, warped flat, as the reader sees it: a US plate's 2:1 at a size that keeps 2 px strokes."""

CROP_MARGIN = 0.06
"""What is added around the corners before a plate is warped flat, as a share of its width and of its height:
corners are right to about 3 %, and a cut-off character cannot be read."""
GLANCES = ((1.06, 0.0), (1.0, -0.012), (1.0, 0.012))
"""How else a crop is looked at: (scale, shift in shares of its width). Chosen on the held-out plates, by log-loss."""

STRAIGHTENER_WIDTH, STRAIGHTENER_HEIGHT = 128, 64
STRAIGHTENER_MARGIN = 0.25
"""What the straightener sees of a plate's surroundings, shares of its width and height: enough that a corner which was
found a fifth of the plate's height too far in is still in view."""

LETTERBOX_GREY = 114
"""Fills what a letterboxed picture leaves empty."""

VEHICLE_SIDE = 112
"""Width and height of the vehicle around a plate as the vehicle network sees it."""

VEHICLE_REACH = 9.0
"""How far the vehicle's square reaches, in lengths of √(the plate's area): 0.22 m for an American plate, 0.24 m for a
European one, 0.13 m for a motorcycle's. So the square is 2 m wide, or 1.2 around a motorcycle, whatever the plate's
shape, and a car fills it."""
VEHICLE_ABOVE = 0.65
"""Share of the square above the plate's middle: a plate hangs low on a vehicle."""

SPOTTER_SIDE = 160
"""Width and height of the square around what moved as the spotter sees it; a multiple of 16, its cells' size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """How a picture was placed on a network's canvas: `canvas = picture * scale + (left, top)`."""

    scale: float
    left: float
    top: float

    def back(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Canvas points (…×2) → points in the picture, same shape."""
        offset = np.array([self.left, self.top], np.float32)
        return np.asarray((points - offset) / np.float32(self.scale), np.float32)


def letterbox(
    picture: NDArray[np.uint8], width: int, height: int, *, align: Literal["corner", "center"] = "corner"
) -> tuple[NDArray[np.uint8], Letterbox]:
    """Fit a picture (H×W×3 or H×W, uint8) into `height`×`width` without distortion; the rest is grey.

    `corner` puts it top left, which is what our own networks are trained on; `center` is what YOLO-style
    networks expect. Shrinking averages over areas, so thin strokes fade instead of flickering.
    """
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner_w = min(width, max(1, round(picture.shape[1] * scale)))
    inner_h = min(height, max(1, round(picture.shape[0] * scale)))
    left = (width - inner_w) // 2 if align == "center" else 0
    top = (height - inner_h) // 2 if align == "center" else 0
    canvas = np.full((height, width, *picture.shape[2:]), LETTERBOX_GREY, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = resize(picture, inner_w, inner_h)
    return canvas, Letterbox(scale=scale, left=left, top=top)


def resize(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """To exactly `height`×`width`: area averaging when it shrinks, bilinear when it grows."""
    shrinks = width * height < picture.shape[1] * picture.shape[0]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)  # type: ignore[return-value]


def widen(corners: Sequence[Sequence[float]], margin: float = CROP_MARGIN) -> NDArray[np.float32]:
    """Push four corners (4×2) outward by `margin` of the plate's own width and height."""
    quad = np.asarray(corners, np.float32)
    tl, tr, br, bl = quad
    along = ((tr - tl) + (br - bl)) / 2 * margin
    down = ((bl - tl) + (br - tr)) / 2 * margin
    return np.stack([tl - along - down, tr + along - down, br + along + down, bl - along + down]).astype(np.float32)


def rectify(
    picture: NDArray[np.uint8],
    corners: Sequence[Sequence[float]],
    *,
    width: int = READER_WIDTH,
    height: int = READER_HEIGHT,
    margin: float = CROP_MARGIN,
) -> NDArray[np.uint8]:
    """Warp the plate inside four corners (clockwise from its top left, pixels) flat to height×width.

    A plate much larger than the result is first shrunk by area, so that no stroke falls between the samples.
    Beyond the picture's edge the edge itself is repeated.
    """
    quad = widen(corners, margin)
    patch, offset = _patch(picture, quad)
    quad = quad - offset
    shrink = min(_side(quad, 0, 1) / width, _side(quad, 1, 2) / height) / 2
    if shrink > 1:
        inner_w, inner_h = max(1, round(patch.shape[1] / shrink)), max(1, round(patch.shape[0] / shrink))
        ratio = np.array([inner_w / patch.shape[1], inner_h / patch.shape[0]], np.float32)
        quad = (quad + 0.5) * ratio - 0.5
        patch = resize(patch, inner_w, inner_h)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    return cv2.warpPerspective(patch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def glances(crop: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """A plate's crop as it is, and again a little nearer, a little to the left and to the right (`GLANCES`).

    The network's columns stand four pixels apart: what falls between two of them in one glance does not in another.
    """
    yield crop
    height, width = crop.shape[:2]
    for scale, shift in GLANCES:
        middle = np.array([width, height]) / 2
        matrix = np.array([[scale, 0, middle[0] * (1 - scale) + shift * width], [0, scale, middle[1] * (1 - scale)]])
        moved = cv2.warpAffine(crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(moved, np.uint8)


def surroundings(
    picture: NDArray[np.uint8], corners: Sequence[Sequence[float]], *, side: int = VEHICLE_SIDE
) -> NDArray[np.uint8]:
    """The upright square of the vehicle around a plate's four corners, side×side; grey beyond the picture's edge."""
    return square(picture, *_around(corners), side=side)


def surroundings_reach(corners: Sequence[Sequence[float]]) -> float:
    """Pixels of the picture from one side of that square to the other."""
    return _around(corners)[2]


def surroundings_seen(shape: tuple[int, ...], corners: Sequence[Sequence[float]]) -> float:
    """Share of that square that lies within a picture of this shape (H, W, …)."""
    left, top, reach = _around(corners)
    wide = min(left + reach, shape[1]) - max(left, 0.0)
    high = min(top + reach, shape[0]) - max(top, 0.0)
    return max(wide, 0.0) * max(high, 0.0) / (reach * reach)


def _around(corners: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Left, top and reach of the vehicle's square, pixels."""
    quad = np.asarray(corners, np.float32)
    reach = VEHICLE_REACH * math.sqrt(max(float(cv2.contourArea(quad)), 1.0))
    x, y = quad.mean(axis=0)
    return float(x) - reach / 2, float(y) - reach * VEHICLE_ABOVE, reach


def square(picture: NDArray[np.uint8], left: float, top: float, reach: float, *, side: int) -> NDArray[np.uint8]:
    """`reach` pixels of a picture (H×W×3) each way from (left, top), as side×side; grey beyond the picture's edge."""
    canvas = np.full((side, side, *picture.shape[2:]), LETTERBOX_GREY, np.uint8)
    columns = _within(left, reach, picture.shape[1], side)
    rows = _within(top, reach, picture.shape[0], side)
    if columns is not None and rows is not None:
        (x0, x1, into_x0, into_x1), (y0, y1, into_y0, into_y1) = columns, rows
        inside = resize(picture[y0:y1, x0:x1], into_x1 - into_x0, into_y1 - into_y0)
        canvas[into_y0:into_y1, into_x0:into_x1] = inside
    return canvas


def unrectify(
    points: NDArray[np.float32],
    corners: Sequence[Sequence[float]],
    *,
    width: int = READER_WIDTH,
    height: int = READER_HEIGHT,
    margin: float = CROP_MARGIN,
) -> NDArray[np.float32]:
    """Points (N×2) of the crop that `rectify` makes for these corners → points of the picture, same shape."""
    crop = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(crop, widen(corners, margin))
    return np.asarray(cv2.perspectiveTransform(points[None].astype(np.float32), matrix)[0], np.float32)


def flat(picture: NDArray[np.uint8], *, width: int = READER_WIDTH, height: int = READER_HEIGHT) -> NDArray[np.uint8]:
    """A picture that already is one plate, cut out by its edges: the same size and margin as `rectify` gives."""
    h, w = picture.shape[:2]
    return rectify(picture, [[0, 0], [w, 0], [w, h], [0, h]], width=width, height=height)


def sharpness(crop: NDArray[np.uint8]) -> float:
    """How sharp a rectified crop (H×W×3 or H×W) is, 0–1: strong horizontal edges against the crop's own contrast.

    0.5 is about where a human reader starts to hesitate over B and 8. Blind to brightness, so night counts as day.
    """
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    contrast = float(grey.std()) + 4.0  # +4: noise on an even surface is not sharpness
    edges = np.abs(np.diff(grey.astype(np.float32), axis=1))
    return float(min(1.0, np.percentile(edges, 95) / (2.5 * contrast)))


def _patch(picture: NDArray[np.uint8], quad: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture around the quad, two pixels wider, and where it begins: a warp costs what the plate costs."""
    h, w = picture.shape[:2]
    x0, y0 = np.clip(np.floor(quad.min(axis=0)) - 2, 0, [w - 1, h - 1]).astype(int)
    x1, y1 = np.clip(np.ceil(quad.max(axis=0)) + 3, [x0 + 1, y0 + 1], [w, h]).astype(int)
    return picture[y0:y1, x0:x1], np.array([x0, y0], np.float32)


def _within(start: float, reach: float, end: int, side: int) -> tuple[int, int, int, int] | None:
    """What of `start`…`start + reach` lies inside 0…`end`, and where on `side` pixels it comes; None: nothing does."""
    low, high = max(0, round(start)), min(end, round(start + reach))
    into = [min(side, max(0, round((edge - start) * side / reach))) for edge in (low, high)]
    return None if high <= low or into[1] <= into[0] else (low, high, into[0], into[1])


def _side(quad: NDArray[np.float32], a: int, b: int) -> float:
    return float(np.linalg.norm(quad[b] - quad[a]))
