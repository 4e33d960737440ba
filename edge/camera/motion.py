"""Is a frame worth looking at, and where? An empty road costs next to nothing.

    frame → 160 wide, grey → against a background that follows the light → cells that differ → boxes in frame pixels

The background learns: quickly what changes little (dawn, a cloud), at `FADE` grey levels a second what stands out, so
a parked car has faded into it after a quarter of a minute and a creeping one never does. A change of the whole
picture's light, as a camera's exposure makes it at every headlight, is not motion; a change of the whole picture is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.boxes import common, share_in
from edge.camera.scene import Box, Motion
from edge.camera.small import grey, small
from edge.settings.camera import ViewSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.camera.scene import Frame
    from edge.settings.camera import Area, MotionSettings

FADE = 6.0
"""Grey levels a second by which the background goes towards what stands out from it. 90 levels take 15 s."""
LEARN_S = 2.0
"""Time constant with which it follows small changes."""
ANEW_SHARE = 0.5
"""When so much differs it is another picture: a lamp went on, the infra-red filter switched, a lorry fills it."""
GAP_S = 10.0
"""After a break of this length the background is worth nothing."""
SAME_LIGHT = 16.0
"""Grey levels: cells that fit the light's change this well tell its exact size."""
FITTING_MIN = 0.3
"""Share of the cells that must fit, or there is no common change of light."""
FRESH_S = 0.15
"""What still changes differs from a picture this old, or up to twice as old."""
MARGIN_CELLS, MARGIN_SHARE = 2.0, 0.15
"""Around a region: its plate may be as dark as the road."""
REGIONS_MAX = 8
"""More are told as one."""

CORE = np.ones((2, 2), np.uint8)
"""One cell wide is a raindrop's streak, a cable or a flickering edge; two by two may be a plate in the dark."""
AROUND = np.ones((3, 3), np.uint8)
"""A shaking mast moves edges by less than a cell."""
JOIN = np.ones((5, 5), np.uint8)
"""Parts of one car that lie two cells apart are one region."""
NEAR = np.ones((9, 9), np.uint8)
"""A smooth side of a car changes at its ends alone: so far around these, what stands out belongs to it."""
WITHIN = 0.5
"""A fresh part that lies in another by this share of its own is none of its own."""


class Gate:
    """Remembers an empty road; told each frame, it says what is new. `enabled: false`: everything is.

    `parts`: say `Motion.fresh` too, which costs as much again on a frame that moves; who asks no spotter needs none.
    """

    def __init__(self, settings: MotionSettings, view: ViewSettings | None = None, *, parts: bool = True) -> None:
        self._settings, self._view, self._parts = settings, view or ViewSettings(), parts
        self._background: NDArray[np.float32] | None = None
        self._earlier: list[tuple[int, NDArray[np.float32]]] = []
        """The last two of the pictures that are `FRESH_S` apart, with their times."""
        self._watched: NDArray[np.bool_] = np.ones((1, 1), np.bool_)
        self._size = (0, 0)
        self._seen_ns = 0
        self._latest: Motion | None = None
        self._moved_ns = 0

    def update(self, frame: Frame) -> Motion | None:
        """None when nothing moves and nothing has for `linger_ms`. The first frame is always worth a look."""
        if not self._settings.enabled:
            return _whole(frame)
        motion = self._moving(frame)
        self._seen_ns = frame.monotonic_ns
        if motion is not None:
            self._latest, self._moved_ns = motion, frame.monotonic_ns
        elif frame.monotonic_ns - self._moved_ns > self._settings.linger_ms * 1_000_000:
            self._latest = None
        return self._latest

    def _moving(self, frame: Frame) -> Motion | None:
        height, width = frame.pixels.shape[:2]
        picture = grey(small(frame.pixels))
        passed_s = (frame.monotonic_ns - self._seen_ns) / 1e9
        if self._background is None or self._size != (width, height) or not 0 <= passed_s <= GAP_S:
            self._size = (width, height)
            self._watched = _mask(picture.shape, self._view)
            self._background = picture
            self._earlier = [(frame.monotonic_ns, picture)]
            return _whole(frame)
        background = _in_light_of(self._background, picture)
        differs = _differs(background, picture, self._settings.difference_min)
        if differs.mean() > ANEW_SHARE:
            self._background = picture
            return _whole(frame)
        self._background = _learnt(background, picture, passed_s)
        core = np.asarray(cv2.morphologyEx((differs & self._watched).astype(np.uint8), cv2.MORPH_OPEN, CORE), np.uint8)
        boxes, share = self._boxes(core)
        fresh = self._fresh(core, picture, frame.monotonic_ns) if self._parts else ()
        return Motion(tuple(_merged(boxes)), share, fresh) if boxes else None

    def _fresh(self, core: NDArray[np.uint8], picture: NDArray[np.float32], now_ns: int) -> tuple[Box, ...]:
        """The parts of what differs that differ from a moment ago, too; largest first."""
        _, earlier = self._earlier[0]
        if now_ns - self._earlier[-1][0] >= FRESH_S * 1e9:
            self._earlier = [self._earlier[-1], (now_ns, picture)]
        if not core.any():
            return ()
        changes = _differs(_in_light_of(earlier, picture), picture, self._settings.difference_min)
        near = np.asarray(cv2.dilate(changes.astype(np.uint8), NEAR), np.uint8)
        boxes, _ = self._boxes(core & near)
        boxes.sort(key=lambda box: -box.width * box.height)
        kept: list[Box] = []
        for box in boxes:
            if not any(share_in(box, other) > WITHIN for other in kept):
                kept.append(box)
        return tuple(kept[:REGIONS_MAX])

    def _boxes(self, core: NDArray[np.uint8]) -> tuple[list[Box], float]:
        """The connected places that are large enough, in frame pixels, and their share of the picture."""
        if not core.any():
            return [], 0.0
        _, labels, places, _ = cv2.connectedComponentsWithStats(cv2.dilate(core, JOIN))
        cells = np.bincount(labels[core > 0], minlength=len(places))
        large = np.flatnonzero(cells >= max(1.0, self._settings.share_min * core.size))
        return [self._box(places[label], core.shape) for label in large], float(cells[large].sum() / core.size)

    def _box(self, place: NDArray[np.int32], cells: tuple[int, ...]) -> Box:
        """x, y, width, height in cells → frame pixels, with a margin."""
        x, y, wide, high = (float(number) for number in place[:4])
        margin_x, margin_y = (MARGIN_CELLS + MARGIN_SHARE * side for side in (wide, high))
        width, height = self._size
        across, down = width / cells[1], height / cells[0]
        return Box(
            x0=max(0.0, (x - margin_x) * across),
            y0=max(0.0, (y - margin_y) * down),
            x1=min(float(width), (x + wide + margin_x) * across),
            y1=min(float(height), (y + high + margin_y) * down),
        )


def _in_light_of(background: NDArray[np.float32], picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The background as it would look in the picture's light: `gain × background + offset`, told by most cells."""
    before, now = background[::2, ::2].ravel(), picture[::2, ::2].ravel()
    gain = float(np.median((now + 8) / (before + 8)))  # +8: black is noise, and noise has no ratio
    fits = np.abs(now - gain * before) < SAME_LIGHT
    if fits.mean() < FITTING_MIN:
        return background
    same, seen = before[fits], now[fits]
    middle, spread = float(same.mean()), float(same.var())
    slope = float(((same - middle) * (seen - seen.mean())).mean() / spread) if spread > 1 else gain
    slope = float(np.clip(slope, 0.25, 4.0))
    offset = float(seen.mean()) - slope * middle
    return np.asarray(np.clip(background * np.float32(slope) + np.float32(offset), 0, 255), np.float32)


def _differs(background: NDArray[np.float32], picture: NDArray[np.float32], least: int) -> NDArray[np.bool_]:
    """Cells that are brighter or darker than the background and all its neighbours."""
    high, low = cv2.dilate(background, AROUND) + least, cv2.erode(background, AROUND) - least
    return np.asarray((picture > high) | (picture < low))


def _learnt(background: NDArray[np.float32], picture: NDArray[np.float32], passed_s: float) -> NDArray[np.float32]:
    """By time, not by frames: five a second teach it as much as thirty."""
    share, most = min(1.0, passed_s / LEARN_S), FADE * passed_s
    return np.asarray(background + np.clip((picture - background) * np.float32(share), -most, most), np.float32)


def _mask(shape: tuple[int, ...], view: ViewSettings) -> NDArray[np.bool_]:
    """The cells whose centre is looked at."""
    y, x = ((np.arange(cells) + 0.5) / cells for cells in shape)

    def inside(areas: Iterable[Area]) -> NDArray[np.bool_]:
        found = np.zeros(shape, np.bool_)
        for area in areas:
            found |= ((y >= area.y0) & (y <= area.y1))[:, None] & ((x >= area.x0) & (x <= area.x1))[None, :]
        return found

    return (inside(view.look) if view.look else np.ones(shape, np.bool_)) & ~inside(view.ignore)


def _merged(boxes: list[Box]) -> list[Box]:
    """Until none overlaps another, and not too many."""
    left, done = list(boxes), list[Box]()
    while left:
        box = left.pop()
        touching = [other for other in (*left, *done) if common(box, other) > 0]
        if touching:
            left = [other for other in left if other not in touching]
            done = [other for other in done if other not in touching]
            left.append(_around([box, *touching]))
        else:
            done.append(box)
    return [_around(done)] if len(done) > REGIONS_MAX else sorted(done, key=lambda one: (one.y0, one.x0))


def _around(boxes: list[Box]) -> Box:
    return Box(
        x0=min(box.x0 for box in boxes),
        y0=min(box.y0 for box in boxes),
        x1=max(box.x1 for box in boxes),
        y1=max(box.y1 for box in boxes),
    )


def _whole(frame: Frame) -> Motion:
    height, width = frame.pixels.shape[:2]
    return Motion((Box(x0=0.0, y0=0.0, x1=float(width), y1=float(height)),), 1.0)
