"""Windows: squares cut as the device cuts them around what moved, and what stands in them, cell by cell.

A window lies around a vehicle, around a plate, or anywhere. Persons of other pictures, and drawn persons, cyclists,
animals, shadows and pools of light are set into those that show no vehicle. A cell is none's where a vehicle is too
small, too cut off or unboxed to be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.camera.pixels import SPOTTER_SIDE, square
from models.synth.roadside import animal, cyclist, person
from models.train.spotter.prepare import Box, Label
from models.train.vehicle.batches import worn

CELLS = SPOTTER_SIDE // 16
SHARES = {"boxed": 0.22, "filling": 0.08, "plate": 0.12, "drawn": 0.24, "empty": 0.3, "rendered": 0.16}
"""How often a window comes from each kind of picture; of `plate` and `drawn` there is one or the other."""
AROUND = 0.75
"""Of the windows in a picture with vehicles, the share that lies around one; the others lie anywhere."""
WALKERS = 0.75
"""Of the windows without a vehicle, the share that something is set into which is none."""
PHOTOGRAPHED, PATCHES = 0.5, 0.2
"""Of what is set in, the share that are persons of other pictures, and the share that are any parts of pictures without
a vehicle: vehicles are set in with the same soft edges, which must not tell them. The rest is drawn."""
LIT = 0.12
"""Of the windows without a vehicle, the share that a shadow, or a pool of light, goes through."""
ELSEWHERE = 0.8
"""Of the windows that reach beyond their picture, the share that another one continues: the device's frames go on."""
WIDE_MIN = 0.16
"""Shares of the window: narrower vehicles are not asked for."""
SEEN_MIN = 0.55
"""Share of a vehicle that must lie in the window, or it is not asked for."""
MIDDLE = 0.3
"""The cells within so much of a box's size from its middle are its own."""
PLATE_REACH = (9.0, 34.0)
"""Of windows around a plate, in lengths of the root of the plate's area: a car is nine wide."""


@dataclass(frozen=True)
class Window:
    """One window and its cells (`CELLS`×`CELLS`)."""

    image: np.ndarray
    """S×S×3, uint8, BGR."""
    heat: np.ndarray
    """1 in the middle of a vehicle, falling to its edges."""
    asked: np.ndarray
    """1 where the cell's score counts."""
    box: np.ndarray
    """4×C×C: left, top, right, bottom in shares of the window; of use where `own`."""
    own: np.ndarray
    bag: np.ndarray
    """Where a vehicle stands in one of these cells, nobody knows in which."""


class Feeder:
    """Gives windows for ever, from a seed."""

    def __init__(self, pictures: list[np.ndarray], labels: list[Label], split: str, seed: int) -> None:
        self._pictures, self._labels = pictures, labels
        self._of = {kind: [i for i, one in enumerate(labels) if one.kind == kind and one.split == split]
                    for kind in SHARES}  # fmt: skip
        shares = {kind: share for kind, share in SHARES.items() if self._of[kind]}
        self._shares = {kind: share / sum(shares.values()) for kind, share in shares.items()}
        self._rng = np.random.default_rng(seed)
        self._people = [
            cut for picture, label in zip(pictures, labels, strict=True) if label.people and label.split == split
            for cut in _people(cv2.imdecode(picture, cv2.IMREAD_COLOR), label.people)
        ]  # fmt: skip

    def next(self, kind: str | None = None) -> Window:
        """One window, of one kind of picture or of any."""
        rng = self._rng
        kind = kind or str(rng.choice(list(self._shares), p=list(self._shares.values())))
        label, picture = self._picture(kind)
        behind = self._empty() if rng.random() < ELSEWHERE else None
        window = _cut(rng, picture, label, behind)
        if not window.heat.any() and not window.bag.any() and window.asked.all():
            if rng.random() < LIT:
                window = replace(window, image=_lit(rng, window.image))
            if rng.random() < WALKERS:
                window = _peopled(rng, window, self._people, self._empty())
        image, _ = worn(rng, window.image)
        window = replace(window, image=image)
        return _mirrored(window) if rng.random() < 0.5 else window

    def _picture(self, kind: str) -> tuple[Label, np.ndarray]:
        rng = self._rng
        number = int(rng.choice(self._of[kind]))
        picture = cv2.imdecode(self._pictures[number], cv2.IMREAD_COLOR)
        label = self._labels[number]
        if kind != "filling":
            return label, picture
        high, wide = picture.shape[:2]
        return _set_in(rng, picture, self._empty(), Label("boxed", [(0, 0, wide, high)], label.split))

    def _empty(self) -> np.ndarray:
        """A picture without a vehicle."""
        number = int(self._rng.choice(self._of["empty"]))
        return cv2.imdecode(self._pictures[number], cv2.IMREAD_COLOR)


def _set_in(rng: np.random.Generator, picture: np.ndarray, back: np.ndarray, label: Label) -> tuple[Label, np.ndarray]:
    """A picture that a vehicle fills, with soft edges before another one: the device's pictures go on around it."""
    high, wide = picture.shape[:2]
    side = int(max(high, wide) * 2.4)
    canvas = cv2.resize(back, (side, side), interpolation=cv2.INTER_AREA)
    left, top = (int(rng.uniform(0.1, 0.9) * (side - edge)) for edge in (wide, high))
    soft = np.zeros((high, wide), np.float32)
    inset = max(2, round(0.04 * min(high, wide)))
    soft[inset:-inset, inset:-inset] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), inset / 2)[..., None]
    part = canvas[top : top + high, left : left + wide]
    canvas[top : top + high, left : left + wide] = (part + (picture.astype(np.float32) - part) * soft).astype(np.uint8)
    return Label("boxed", [(left, top, left + wide, top + high)], label.split), canvas


def _cut(rng: np.random.Generator, picture: np.ndarray, label: Label, behind: np.ndarray | None) -> Window:
    """A square of a picture, and its cells; where the picture ends, another one goes on, or grey."""
    high, wide = picture.shape[:2]
    boxes = [] if label.kind == "empty" else label.boxes
    large = [box for box in boxes if box[2] - box[0] >= 24 and _inside(box, wide, high) > SEEN_MIN]
    if label.kind == "plate":
        large = boxes
    if large and (label.kind == "plate" or rng.random() < AROUND):
        left, top, reach = _around(rng, large[int(rng.integers(len(large)))], label.kind)
    else:
        reach = min(high, wide) * float(rng.uniform(0.25, 1.1))
        left, top = (float(rng.uniform(-0.1, 1.1) * (edge - reach)) for edge in (wide, high))
    image = square(picture, left, top, reach, side=SPOTTER_SIDE)
    if behind is not None:
        there = square(np.full_like(picture, 255), left, top, reach, side=SPOTTER_SIDE) == 255
        image = np.where(there, image, cv2.resize(behind, image.shape[:2], interpolation=cv2.INTER_AREA))
    placed = (left, top, reach)
    if label.kind == "plate":
        return _plated(image, _shares(boxes, placed))
    window = _boxed(image, _shares(boxes, placed), (wide, high), placed)
    x, y = _middles()
    for x0, y0, x1, y1 in _shares(label.ignored, placed):
        window.asked[(x > x0) & (x < x1) & (y > y0) & (y < y1) & (window.own == 0)] = 0
    return window


def _shares(boxes: list[Box], placed: tuple[float, float, float]) -> list[Box]:
    """Boxes in pixels of the picture → in shares of the window."""
    left, top, reach = placed
    return [((x0 - left) / reach, (y0 - top) / reach, (x1 - left) / reach, (y1 - top) / reach)
            for x0, y0, x1, y1 in boxes]  # fmt: skip


def _inside(box: Box, wide: int, high: int) -> float:
    """Share of a box that lies in a picture of this size."""
    across = min(box[2], wide) - max(box[0], 0.0)
    down = min(box[3], high) - max(box[1], 0.0)
    return max(across, 0.0) * max(down, 0.0) / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


def _around(rng: np.random.Generator, box: Box, kind: str) -> tuple[float, float, float]:
    """Left, top and reach of a window around a vehicle, or around the vehicle of a plate."""
    x0, y0, x1, y1 = box
    wide, high = x1 - x0, y1 - y0
    if kind == "plate":
        root = np.sqrt(max(wide * high, 1.0))
        reach = root * float(np.exp(rng.uniform(*np.log(PLATE_REACH))))
        return (
            (x0 + x1 - reach) / 2 + float(rng.normal(0, 1.2) * root),
            (y0 + y1) / 2 - reach * float(rng.uniform(0.45, 0.7)),
            reach,
        )
    reach = max(wide, high) * float(np.exp(rng.uniform(0.0, 1.1)))
    shift = rng.normal(0, 0.12, 2) * reach
    return (x0 + x1 - reach) / 2 + shift[0], (y0 + y1 - reach) / 2 + shift[1], reach


def _middles() -> tuple[np.ndarray, np.ndarray]:
    at = (np.arange(CELLS) + 0.5) / CELLS
    return np.meshgrid(at, at)


def _boxed(image: np.ndarray, boxes: list[Box], size: tuple[int, int], placed: tuple[float, float, float]) -> Window:
    """Cells where every vehicle of the window is boxed, in shares of the window; `size` of the picture in pixels."""
    left, top, reach = placed
    inside = [max(0.0, -left / reach), max(0.0, -top / reach)]
    outside = [min(1.0, (size[0] - left) / reach), min(1.0, (size[1] - top) / reach)]
    x, y = _middles()
    window = _blank(image)
    for x0, y0, x1, y1 in sorted(boxes, key=lambda box: -(box[2] - box[0]) * (box[3] - box[1])):
        a, b, c, d = max(x0, inside[0]), max(y0, inside[1]), min(x1, outside[0]), min(y1, outside[1])
        if c <= a or d <= b:
            continue
        seen = (c - a) * (d - b) / max((x1 - x0) * (y1 - y0), 1e-9)
        if seen < SEEN_MIN or c - a < WIDE_MIN:
            window.asked[(x > a - 0.05) & (x < c + 0.05) & (y > b - 0.05) & (y < d + 0.05)] = 0
            continue
        off = np.maximum(np.abs(x - (a + c) / 2) / (c - a), np.abs(y - (b + d) / 2) / (d - b))
        nearest = np.hypot(x - (a + c) / 2, y - (b + d) / 2)
        heat = np.exp(-((off / MIDDLE) ** 2) * 1.4)
        heat[nearest == nearest.min()] = 1.0
        own = (off <= MIDDLE) | (heat == 1.0)
        window.heat[:] = np.maximum(window.heat, heat)
        window.own[own] = 1
        for row, edge in enumerate((a, b, c, d)):
            window.box[row][own] = edge
        window.asked[own] = 1
    return window


def _plated(image: np.ndarray, plates: list[Box]) -> Window:
    """Cells around plates: a vehicle stands there, its outline unknown, and of the rest nothing is known."""
    window = _blank(image)
    x, y = _middles()
    x0, y0, x1, y1 = min(plates, key=lambda box: abs(box[0] + box[2] - 1) + abs(box[1] + box[3] - 1))
    root = np.sqrt(max((x1 - x0) * (y1 - y0), 1e-6))
    window.bag[:] = (
        (abs(x - (x0 + x1) / 2) < 3 * root) & (y - (y0 + y1) / 2 < 1.5 * root) & (y - (y0 + y1) / 2 > -4 * root)
    )
    window.asked[:] = 0
    return window


def _blank(image: np.ndarray) -> Window:
    cells = (CELLS, CELLS)
    return Window(image, np.zeros(cells, np.float32), np.ones(cells, np.float32), np.zeros((4, *cells), np.float32),
                  np.zeros(cells, np.float32), np.zeros(cells, np.float32))  # fmt: skip


def _people(picture: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
    """Each person with as much of what is around as there may be of it, h×w×3."""
    high, wide = picture.shape[:2]
    cuts = []
    for x0, y0, x1, y1 in boxes:
        across, down = 0.9 * (x1 - x0), 0.12 * (y1 - y0)
        a, b, c, d = max(0, x0 - across), max(0, y0 - down), min(wide, x1 + across), min(high, y1 + down)
        cuts.append(picture[int(b) : int(d), int(a) : int(c)].copy())
    return cuts


def _peopled(rng: np.random.Generator, window: Window, people: list[np.ndarray], other: np.ndarray) -> Window:
    """One to three figures, or parts of another picture without a vehicle, as large as one window's content is."""
    image = window.image.copy()
    side = image.shape[0]
    for _ in range(int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))):
        kind = rng.random()
        if people and kind < PHOTOGRAPHED:
            picture, mask = _cut_out(rng, people[int(rng.integers(len(people)))])
        elif kind < PHOTOGRAPHED + PATCHES:
            picture, mask = _cut_out(rng, _part(rng, other))
        else:
            picture, mask = _drawn(rng)
        high = int(side * rng.uniform(0.35, 0.95))
        wide = max(8, round(high * picture.shape[1] / picture.shape[0] * rng.uniform(0.8, 1.3)))
        picture, mask = (cv2.resize(one, (wide, high), interpolation=cv2.INTER_AREA) for one in (picture, mask))
        if rng.random() < 0.5:
            picture, mask = picture[:, ::-1], mask[:, ::-1]
        left, top = int(rng.uniform(-0.2, 0.9) * side), int(rng.uniform(-0.1, 1.0) * (side - high))
        x0, y0, x1, y1 = max(0, left), max(0, top), min(side, left + wide), min(side, top + high)
        if x1 - x0 < 2 or y1 - y0 < 2:
            continue
        cover = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) / 255
        part = image[y0:y1, x0:x1]
        drawn = picture[y0 - top : y1 - top, x0 - left : x1 - left] * float(rng.uniform(0.5, 1.2))
        image[y0:y1, x0:x1] = np.clip(part + (drawn - part) * cover, 0, 255).astype(np.uint8)
    return replace(window, image=image)


def _cut_out(rng: np.random.Generator, person: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A person with more or less of what is around, and a mask with soft edges, round or square."""
    high, wide = person.shape[:2]
    left, right = (int(wide * rng.uniform(0, 0.3)) for _ in range(2))
    picture = person[:, left : wide - right]
    high, wide = picture.shape[:2]
    mask = np.zeros((high, wide), np.uint8)
    if rng.random() < 0.6:
        cv2.ellipse(mask, (wide // 2, high // 2), (max(2, int(0.42 * wide)), int(0.47 * high)), 0, 0, 360, 255, -1)
    else:
        mask[int(0.03 * high) : int(0.97 * high), int(0.05 * wide) : max(2, int(0.95 * wide))] = 255
    return picture, cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.03 * wide))


def _part(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Any part of a picture, from tall to wide."""
    high, wide = picture.shape[:2]
    ratio = float(np.exp(rng.uniform(-1.2, 0.7)))
    tall = float(rng.uniform(0.2, 0.9)) * min(high, wide / ratio)
    left, top = (int(rng.uniform(0, edge)) for edge in (wide - tall * ratio, high - tall))
    return picture[top : top + max(8, int(tall)), left : left + max(8, int(tall * ratio))]


def _drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    coat, trousers = ((float(a), float(b), float(c)) for a, b, c in rng.uniform(5, 220, (2, 3)))
    kind = rng.random()
    if kind < 0.2:
        return animal(float(rng.random()), coat, float(rng.random()))
    return (cyclist if kind < 0.55 else person)(float(rng.random()), coat, trousers)


def _lit(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """A soft shadow, or a headlamp's pool on a darker road."""
    side = image.shape[0]
    mask = np.zeros(image.shape[:2], np.float32)
    middle, axes = rng.uniform(0.1, 0.9, 2) * side, rng.uniform(0.12, 0.5, 2) * side
    cv2.ellipse(
        mask, middle.astype(int).tolist(), axes.astype(int).tolist(), float(rng.uniform(-20, 20)), 0, 360, 1, -1
    )
    mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(2, 16)))[..., None]
    if rng.random() < 0.5:
        return np.asarray(image * (1 - float(rng.uniform(0.3, 0.75)) * mask), np.uint8)
    lit = image * float(rng.uniform(0.15, 0.6)) + float(rng.uniform(60, 200)) * mask
    return np.clip(lit, 0, 255).astype(np.uint8)


def _mirrored(w: Window) -> Window:
    left, top, right, bottom = w.box[:, :, ::-1]
    box = np.stack([1 - right, top, 1 - left, bottom])
    return Window(np.ascontiguousarray(w.image[:, ::-1]), w.heat[:, ::-1], w.asked[:, ::-1], box, w.own[:, ::-1],
                  w.bag[:, ::-1])  # fmt: skip
