"""Batches: regions cut as the device cuts them, worn as cameras wear them, and mixed so that the rare ones count.

A picture has one plate and few sisters, so it is shown moved, turned, mirrored, darkened, blurred and half hidden, anew
each time. Where its colours were taken away or turned, the type is learnt and the colour is not: type must not hang on
colour, nor on a picture by day.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.camera.pixels import LETTERBOX_GREY, VEHICLE_ABOVE, VEHICLE_SIDE, square, surroundings
from models.train.vehicle.prepare import Label
from models.train.vehicle.words import COLORS, OTHER, TYPES, VIEWS

Picture = np.ndarray
TYPE_SHARES = {"sedan": 3.0, "coupe": 1.6, "convertible": 0.4, "suv": 2.4, "pickup": 1.8, "van": 1.2, "hatchback": 2.4,
               "truck": 1.0, "bus": 0.8, "motorcycle": 0.7, OTHER: 0.4}  # fmt: skip
"""How often each type is shown, relative: an American road, with the rare ones shown more often than they pass."""
FILLING_LESS = 0.4
"""Vehicles that fill their picture are seen from any side: shown less often than the product's own view."""
ELSEWHERE = 0.4
"""Share of the pictures that are continued by another one where they end. The pictures were cut narrowly around their
vehicle; the device's frames go on."""
UNSURE = 0.5
"""What a label counts of which its reader was unsure."""


UNTOLD = 0.05
"""Share of the pictures in which nothing can be told any more: learnt as none of the words."""
NONE = Label(type=OTHER, color=OTHER, view="", split="train", kind="eye", plate=None)


@dataclass
class Batch:
    """`images` N×S×S×3 uint8; targets are probabilities over the learnt classes, weights 0 where nothing is known."""

    images: np.ndarray
    targets: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


class Feeder:
    """Gives batches for ever, from a seed."""

    def __init__(self, pictures: list[Picture], labels: list[Label], size: int, seed: int) -> None:
        chosen = [i for i, label in enumerate(labels) if label.split == "train"]
        self._pictures, self._labels = [pictures[i] for i in chosen], [labels[i] for i in chosen]
        self._size, self._rng = size, np.random.default_rng(seed)
        self._shares = _shares(self._labels)

    def next(self) -> Batch:
        """One batch; a quarter of its pictures are laid over another, both labels in their measure."""
        rng = self._rng
        drawn = rng.choice(len(self._labels), self._size, p=self._shares)
        shown = [self._one(int(i)) for i in drawn]
        for row in np.flatnonzero(rng.random(self._size) < UNTOLD):
            shown[row] = (untold(rng, shown[row][0]), True)
            drawn[row] = len(self._labels)
        images = np.stack([image for image, _ in shown])
        targets, weights = _targets([NONE if i == len(self._labels) else self._labels[i] for i in drawn])
        weights["color"] = weights["color"] * np.array([colored for _, colored in shown], np.float32)
        return _mixed(rng, images, targets, weights)

    def _one(self, i: int) -> tuple[Picture, bool]:
        rng = self._rng
        shown = moved(rng, self._pictures[i], self._labels[i].plate)
        if rng.random() < ELSEWHERE:
            shown = _elsewhere(rng, shown, self._pictures[int(rng.integers(len(self._pictures)))])
        elif rng.random() < 0.5:
            shown = _beyond(shown)
        return worn(rng, _turned(rng, shown) if rng.random() < 0.6 else shown)


def _shares(labels: list[Label]) -> np.ndarray:
    """Probability of each picture: its type's share, divided among the pictures of that type."""
    own = np.array([FILLING_LESS if label.kind == "filling" else 1.0 for label in labels])
    total: dict[str, float] = {}
    for label, weight in zip(labels, own, strict=True):
        total[label.type] = total.get(label.type, 0.0) + weight
    # the square root: eight motorcycles cannot carry a tenth of all pictures
    share = np.array([TYPE_SHARES[x.type] * w / total[x.type] for x, w in zip(labels, own, strict=True)])
    share = share**0.6 * own**0.4
    return share / share.sum()


def moved(rng: np.random.Generator, picture: Picture, plate: tuple[float, float, float, float] | None) -> Picture:
    """The vehicle's square around a plate whose corners are a little wrong, perhaps mirrored."""
    scale = float(np.exp(rng.normal(0, 0.13)))
    crop = _filled(rng, picture, scale) if plate is None else surroundings(picture, _shaken(rng, plate, scale))
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.ascontiguousarray(crop)


def _empty(crop: Picture) -> np.ndarray:
    """Where the picture ended, H×W."""
    return np.all(crop == LETTERBOX_GREY, axis=2)


def _elsewhere(rng: np.random.Generator, crop: Picture, behind: Picture) -> Picture:
    """Something of another picture where this one ended: the pole sees a road there."""
    high, wide = behind.shape[:2]
    reach = min(high, wide) * rng.uniform(0.5, 1.0)
    left, top = rng.uniform(0, wide - reach), rng.uniform(0, high - reach)
    back = square(behind, left, top, reach, side=crop.shape[0])
    return np.where(_empty(crop)[..., None], back, crop)


def _beyond(crop: Picture) -> Picture:
    """The picture's last pixels repeated where it ended."""
    rows, columns = (np.flatnonzero(~_empty(crop).all(axis=axis)) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return crop
    inside = crop[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = crop.shape[:2]
    around = (rows[0], high - 1 - rows[-1], columns[0], wide - 1 - columns[-1])
    return cv2.copyMakeBorder(inside, *(int(edge) for edge in around), cv2.BORDER_REPLICATE)


def _shaken(rng: np.random.Generator, plate: tuple[float, float, float, float], scale: float) -> np.ndarray:
    x0, y0, x1, y1 = plate
    half = np.array([x1 - x0, y1 - y0]) / 2 * scale
    middle = np.array([x0 + x1, y0 + y1]) / 2 + rng.normal(0, 0.45, 2) * np.sqrt(4 * half.prod())
    return (middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half).astype(np.float32)


def _filled(rng: np.random.Generator, picture: Picture, scale: float) -> Picture:
    """A square over a vehicle that fills its picture: at times all of it, at times the near part as around a plate."""
    height, width = picture.shape[:2]
    reach = max(height, width) * scale * rng.uniform(0.75, 1.15)
    left = (width - reach) / 2 + rng.normal(0, 0.08) * reach
    top = (height - reach) / 2 + rng.normal(0, 0.08) * reach
    return square(picture, left, top, reach, side=VEHICLE_SIDE)


def _turned(rng: np.random.Generator, crop: Picture) -> Picture:
    side = crop.shape[0]
    at = (side / 2, side * VEHICLE_ABOVE)
    matrix = cv2.getRotationMatrix2D(at, rng.normal(0, 4), 1.0)
    matrix[0] *= np.exp(rng.normal(0, 0.06))
    matrix[0, 1] += rng.normal(0, 0.05)
    return cv2.warpAffine(
        crop,
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(LETTERBOX_GREY,) * 3,
    )


def worn(rng: np.random.Generator, crop: Picture) -> tuple[Picture, bool]:
    """As cameras give it, and whether its colour can still be told."""
    colored = True
    if rng.random() < 0.15:
        crop, colored = _uncolored(rng, crop), False
    if rng.random() < 0.3:
        crop = _far(rng, crop)
    if rng.random() < 0.2:
        crop = _hidden(rng, crop)
    picture = _lit(rng, crop)
    if rng.random() < 0.3:
        grain = rng.normal(0, rng.uniform(2, 12), picture.shape).astype(np.float32)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        picture = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return picture, colored


def _uncolored(rng: np.random.Generator, crop: Picture) -> Picture:
    """Grey as infra-red is, or in turned colours."""
    if rng.random() < 0.6:
        return cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.5:
        return np.ascontiguousarray(crop[:, :, rng.permutation(3)])
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(rng.integers(180))) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def _far(rng: np.random.Generator, crop: Picture) -> Picture:
    """Fewer pixels, or a blur."""
    side = crop.shape[0]
    if rng.random() < 0.5:
        less = int(side * rng.uniform(0.3, 0.8))
        return cv2.resize(cv2.resize(crop, (less, less), interpolation=cv2.INTER_AREA), (side, side))
    if rng.random() < 0.5:
        return cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 1.4))
    length = int(rng.integers(3, 7))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    return cv2.filter2D(crop, -1, kernel if rng.random() < 0.5 else kernel.T)


def _hidden(rng: np.random.Generator, crop: Picture) -> Picture:
    """A rectangle of something else; or a side beyond the picture's edge; or no plate."""
    crop = crop.copy()
    side = crop.shape[0]
    choice = rng.random()
    if choice < 0.4:
        depth = int(side * rng.uniform(0.05, 0.3))
        turned = np.rot90(crop, int(rng.choice([0, 0, 1, 3, 2])))  # the sky is missing most often
        turned[:depth] = LETTERBOX_GREY
    elif choice < 0.6:
        wide = int(side * rng.uniform(0.08, 0.11))
        x, y = side // 2, int(side * VEHICLE_ABOVE)
        crop[y - wide // 2 : y + wide // 2, x - wide : x + wide] = rng.integers(0, 256, 3)
    else:
        wide, high = (int(side * rng.uniform(0.1, 0.35)) for _ in range(2))
        x, y = int(rng.integers(0, side - wide)), int(rng.integers(0, side - high))
        noise = rng.integers(0, 256, (1, 1, 3)) if rng.random() < 0.5 else rng.integers(0, 256, (high, wide, 3))
        crop[y : y + high, x : x + wide] = noise
    return crop


def untold(rng: np.random.Generator, crop: Picture) -> Picture:
    """What no one could name: most of it beyond the picture's edge, or a night with headlights only."""
    side = crop.shape[0]
    if rng.random() < 0.5:
        crop = crop.copy()
        turned = np.rot90(crop, int(rng.integers(4)))
        turned[: int(side * rng.uniform(0.6, 0.9))] = LETTERBOX_GREY
        return crop
    night = np.maximum(crop * rng.uniform(0.0, 0.06) + rng.normal(6, 4), 0)
    y, apart, radius = side * rng.uniform(0.45, 0.75), side * rng.uniform(0.2, 0.36), side * rng.uniform(0.03, 0.09)
    for x in (side / 2 - apart, side / 2 + apart)[: int(rng.integers(1, 3))]:
        cv2.circle(night, (round(x), round(y)), round(radius), (255.0,) * 3, -1)
    night = night + cv2.GaussianBlur(night, (0, 0), radius)
    return np.clip(night + rng.normal(0, 3, night.shape), 0, 255).astype(np.uint8)


def _lit(rng: np.random.Generator, picture: Picture) -> Picture:
    """Exposure, contrast, gamma and a slight cast; at times dusk. One table a channel.

    White, silver and grey differ by their brightness alone, so most pictures keep theirs.
    """
    gain, lift = np.exp(rng.normal(0, 0.12)), rng.normal(0, 8)
    gamma = np.exp(rng.normal(0, 0.12))
    if rng.random() < 0.06:
        gain, gamma = gain * rng.uniform(0.3, 0.7), gamma * rng.uniform(1.0, 1.4)
    lit = (np.arange(256) / 255) ** gamma * 255
    lit = ((lit - 128) * np.exp(rng.normal(0, 0.12)) + 128) * gain
    table = lit[:, None] * np.exp(rng.normal(0, 0.04, 3)) + lift
    return cv2.LUT(picture, np.clip(table, 0, 255).astype(np.uint8)[None])


def _targets(labels: list[Label]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Probabilities and weights by head."""
    heads = {"type": list(TYPES), "color": list(COLORS), "view": list(VIEWS)}
    targets = {name: np.zeros((len(labels), len(words)), np.float32) for name, words in heads.items()}
    weights = {name: np.zeros(len(labels), np.float32) for name in heads}
    for row, label in enumerate(labels):
        unsure = {"type": label.type_unsure, "color": label.color_unsure, "view": False}
        for name, words in heads.items():
            told = getattr(label, name)
            if told:
                targets[name][row, words.index(told)] = 1.0
                weights[name][row] = UNSURE if unsure[name] else 1.0
    return targets, weights


def _mixed(
    rng: np.random.Generator, images: np.ndarray, targets: dict[str, np.ndarray], weights: dict[str, np.ndarray]
) -> Batch:
    """Each fourth picture laid over a neighbour; the label of each counts as much as it is seen."""
    count = len(images)
    share = np.where(np.arange(count) % 4 != 0, 1.0, rng.beta(0.4, 0.4, count)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = np.roll(np.arange(count), 1)
    mixed = images * share[:, None, None, None] + images[other] * (1 - share)[:, None, None, None]
    out_targets, out_weights = {}, {}
    for name, target in targets.items():
        mine, theirs = share * weights[name], (1 - share) * weights[name][other]
        total = np.maximum(mine + theirs, 1e-6)
        out_targets[name] = (target * mine[:, None] + target[other] * theirs[:, None]) / total[:, None]
        out_weights[name] = mine + theirs
    return Batch(mixed.astype(np.uint8), out_targets, out_weights)


def around_plate(picture: Picture, plate: tuple[float, float, float, float]) -> Picture:
    """As the device cuts it: what validation and calibration see."""
    x0, y0, x1, y1 = plate
    return surroundings(picture, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
