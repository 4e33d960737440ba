"""The pack in memory, and canvases composed from it: what the network sees while it learns.

A canvas (H×W×3) is split into rectangles until each photograph fills its own at a scale drawn for its plate, so small
plates come in mosaics and large ones fill the canvas. Then plates are replaced, erased or added, decoys drawn, day made
night, and the whole developed like a camera's picture.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from models.synth import paste, paste_decoys, paste_light
from models.synth.plates import render_plate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

cv2.setNumThreads(1)

WIDTH_MIN, WIDTH_MAX = 11.0, 560.0
"""Plates are drawn to this range of widths on the canvas; what comes out narrower than 8 px is not asked for."""

CORNER_TRUST = {"source": 1.0, "pasted": 1.0, "auto": 0.4, "find": 0.3, "box": 0.0}
"""How much a corner counts in the loss, by how it is known; boxes always count in full."""

SOFT, STRICT, IGNORE, LOOSE = 0, 1, 2, 3
"""What a cell without a plate means: probably none (a confident find is left alone), surely none, nobody knows, and a
dash camera's night, where half of the plates in view bear no box (most finds are left alone)."""


@dataclass
class Scene:
    """One photograph and its plates."""

    levels: list[NDArray[np.uint8]]
    """The picture and its halves: shrinking starts from the smallest that is still large enough."""
    quads: NDArray[np.float32]
    """P×4×2, pixels of the picture."""
    by: list[str]
    rest: int
    """What there is beside the plates: SOFT, STRICT where every plate is known, or LOOSE."""
    ignored: NDArray[np.float32]
    """I×4, upright rectangles where a plate may or may not be."""
    empty: NDArray[np.float32]
    """E×4, upright rectangles that look like plates and were judged to be none."""


@dataclass
class Canvas:
    """What is being composed."""

    picture: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    """H×W of SOFT, STRICT or IGNORE."""
    quads: list[NDArray[np.float32]] = field(default_factory=list)
    by: list[str] = field(default_factory=list)


class Pack:
    """Everything `prepare` packed, decoded, and a store of rendered plates."""

    def __init__(self, path: Path, *, split: str = "train", rendered: int = 0, seed: int = 0) -> None:
        with zipfile.ZipFile(path) as pack:
            index = json.loads(pack.read("index.json"))
            self.rows = [row for row in index["scenes"] if row["split"] == split]
            self.scenes = [_scene(pack, row) for row in self.rows]
            crops = index["crops"] if split == "train" else []
            self.flats = [_picture(pack, row["file"]) for row in crops]
        rng = np.random.default_rng(seed)
        self.rendered = [_small(render_plate(rng).picture) for _ in range(rendered)]
        self.weights = np.array([_weight(row) for row in self.rows])
        self.weights /= self.weights.sum()

    def flat(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], float]:
        """A flat plate and its true width:height. Half are photographed US plates (val has none), half rendered."""
        if self.flats and (not self.rendered or rng.random() < 0.5):
            return self.flats[int(rng.integers(len(self.flats)))], float(rng.uniform(1.9, 2.1))
        picture = self.rendered[int(rng.integers(len(self.rendered)))]
        return picture, picture.shape[1] / picture.shape[0] * float(rng.uniform(0.95, 1.05))


def samples(pack: Pack, size: tuple[int, int], seed: int) -> Iterator[Canvas]:
    """Canvases of (width, height) for ever; the same for the same seed."""
    rng = np.random.default_rng(seed)
    while True:
        yield compose(rng, pack, size)


def compose(rng: np.random.Generator, pack: Pack, size: tuple[int, int]) -> Canvas:
    """One canvas of (width, height)."""
    width, height = size
    grey = 114 if rng.random() < 0.7 else int(rng.integers(0, 256))
    canvas = Canvas(np.full((height, width, 3), grey, np.uint8), np.full((height, width), STRICT, np.uint8))
    _fill(rng, pack, canvas, (0, 0, width, height), depth=0)
    if rng.random() < 0.15:
        _add_plates(rng, pack, canvas)
    dark = rng.random() < 0.14
    if rng.random() < 0.35:
        _add_decoys(rng, canvas)
    if dark:
        canvas.picture = paste_light.night(rng, canvas.picture, canvas.quads)
    canvas.picture = paste_light.develop(rng, canvas.picture)
    return canvas


def _fill(rng: np.random.Generator, pack: Pack, canvas: Canvas, place: tuple[int, int, int, int], depth: int) -> None:
    """Put one photograph into the rectangle, or two into its halves when it would leave most of it empty."""
    x0, y0, x1, y1 = place
    scene = pack.scenes[int(rng.choice(len(pack.scenes), p=pack.weights))]
    height, width = scene.levels[0].shape[:2]
    scale = _scale(rng, scene, x1 - x0, y1 - y0)
    roomy = min(width * scale / (x1 - x0), 1) * min(height * scale / (y1 - y0), 1) < 0.4
    small = _widest(scene) * scale < 0.17 * (x1 - x0) and x1 - x0 > 100 and rng.random() < 0.6  # more plates a canvas
    if depth < 4 and (roomy or small):
        if x1 - x0 > 1.3 * (y1 - y0):
            middle = x0 + int((x1 - x0) * rng.uniform(0.35, 0.65))
            halves = [(x0, y0, middle, y1), (middle, y0, x1, y1)]
        else:
            middle = y0 + int((y1 - y0) * rng.uniform(0.35, 0.65))
            halves = [(x0, y0, x1, middle), (x0, middle, x1, y1)]
        for half in halves:
            _fill(rng, pack, canvas, half, depth + 1)
        return
    _place(rng, pack, canvas, place, scene, scale)


def _widest(scene: Scene) -> float:
    """Pixels; 0 without a plate."""
    return float(np.ptp(scene.quads[:, :, 0], axis=1).max(initial=0))


def _scale(rng: np.random.Generator, scene: Scene, width: int, height: int) -> float:
    """How much to shrink or enlarge a photograph: for its plate's width, or to fit as the device would."""
    fit = min(width / scene.levels[0].shape[1], height / scene.levels[0].shape[0])
    if len(scene.quads) == 0 or rng.random() < 0.25:
        return float(fit * np.exp(rng.uniform(-0.5, 0.7)))
    quad = scene.quads[int(rng.integers(len(scene.quads)))]
    own = max(4.0, float(np.linalg.norm(quad[1] - quad[0])))
    high = min(WIDTH_MAX, 0.9 * width, own * 2.5)  # enlarging beyond 2.5 shows blur and nothing else
    low = max(WIDTH_MIN, own * fit * 0.25)
    return float(np.exp(rng.uniform(np.log(min(low, high * 0.5)), np.log(high))) / own)


def _place(
    rng: np.random.Generator, pack: Pack, canvas: Canvas, place: tuple[int, int, int, int], scene: Scene, scale: float
) -> None:
    """Warp a photograph into its rectangle; then replace, erase or keep each of its plates."""
    x0, y0, x1, y1 = place
    width, height = x1 - x0, y1 - y0
    matrix = _affine(rng, scene, scale, width, height)
    level = min(len(scene.levels) - 1, max(0, int(np.floor(-np.log2(scale) + 0.2))))
    shrunk = matrix.copy()
    shrunk[:, :2] *= 2**level
    view = canvas.picture[y0:y1, x0:x1]
    grey = tuple(int(v) for v in view[0, 0])
    view[:] = cv2.warpAffine(scene.levels[level], shrunk, (width, height), flags=cv2.INTER_LINEAR, borderValue=grey)
    truth = canvas.truth[y0:y1, x0:x1]
    truth[:] = scene.rest
    for rectangle in scene.empty:
        _mark(truth, _move(_corners(rectangle), matrix), STRICT)
    for rectangle in scene.ignored:
        _mark(truth, _move(_corners(rectangle), matrix), IGNORE)
    mode = rng.random()  # the whole photograph: as it is, with plates replaced, or with holders only
    flipped = np.linalg.det(matrix[:, :2]) < 0
    for quad, by in zip(scene.quads, scene.by, strict=True):
        moved = _move(quad, matrix)
        if flipped:
            moved = moved[[1, 0, 3, 2]]
        _settle(rng, pack, (view, truth), moved, by, mode, canvas, (x0, y0))


def _settle(
    rng: np.random.Generator,
    pack: Pack,
    tile: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    quad: NDArray[np.float32],
    by: str,
    mode: float,
    canvas: Canvas,
    origin: tuple[int, int],
) -> None:
    """Decide what becomes of one plate of a photograph, and write its truth down."""
    view, truth = tile
    height, width = truth.shape
    clipped = np.clip(quad, 0, [width, height])
    shown = _area(clipped) / max(_area(quad), 1e-6)
    wide = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
    if shown < 0.02:
        return
    if shown < 0.75 or wide < 8:
        _mark(truth, _hull(quad), IGNORE)
        return
    if mode < 0.07:
        paste.erase(rng, view, quad)
        _mark(truth, _hull(quad), STRICT if wide > 40 and by != "box" else IGNORE)
        return
    if mode < 0.5 and by != "box":
        flat, aspect = pack.flat(rng)
        new = paste.cover(rng, quad, aspect)
        if _area(np.clip(new, 0, [width, height])) > 0.9 * _area(new):
            paste.paste(rng, view, flat, new)
            quad, by = new, "pasted"
    canvas.quads.append(quad + np.array(origin, np.float32))
    canvas.by.append(by)


def _add_plates(rng: np.random.Generator, pack: Pack, canvas: Canvas) -> None:
    """One to three plates anywhere that is free: a plate is a plate on a trailer, a wall or in a hand."""
    height, width = canvas.truth.shape
    for _ in range(int(rng.integers(1, 4))):
        flat, aspect = pack.flat(rng)
        wide = float(np.exp(rng.uniform(np.log(12), np.log(0.4 * width))))
        quad = _any_quad(rng, wide, wide / aspect, width, height)
        near = paste.bounds(quad, canvas.truth.shape, margin=0.15)
        taken = any(_overlap(near, paste.bounds(other, canvas.truth.shape)) for other in canvas.quads)
        if taken or _area(np.clip(quad, 0, [width, height])) < 0.999 * _area(quad):
            continue
        paste.paste(rng, canvas.picture, flat, quad)
        canvas.quads.append(quad)
        canvas.by.append("pasted")


def _add_decoys(rng: np.random.Generator, canvas: Canvas) -> None:
    """One to four decoys, never over a plate; where they stand, "no plate" is certain."""
    before = canvas.picture.copy()
    for _ in range(int(rng.integers(1, 5))):
        draw = paste_decoys.KINDS[int(rng.integers(len(paste_decoys.KINDS)))]
        x0, y0, x1, y1 = draw(rng, canvas.picture)
        near = (x0 - 6, y0 - 6, x1 + 6, y1 + 6)
        if any(_overlap(near, paste.bounds(quad, canvas.truth.shape)) for quad in canvas.quads):
            canvas.picture[y0:y1, x0:x1] = before[y0:y1, x0:x1]
            continue
        inner = canvas.truth[y0:y1, x0:x1]
        inner[(inner == SOFT) | (inner == LOOSE)] = STRICT


def _any_quad(rng: np.random.Generator, wide: float, high: float, width: int, height: int) -> NDArray[np.float32]:
    """A plate's quad somewhere on the canvas, as seen by a camera that looks down and from the side."""
    angle = rng.normal(0, 0.12)
    turn, lean = np.cos(rng.normal(0, 0.5)), rng.normal(0, 0.12)
    quad = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * [wide * turn, high]
    quad[:, 0] += lean * quad[:, 1]
    far = 1 + rng.normal(0, 0.05) * np.sign(quad[:, 0])  # the side that is farther away is smaller
    quad = quad * far[:, None]
    cosine, sine = np.cos(angle), np.sin(angle)
    quad = quad @ np.array([[cosine, sine], [-sine, cosine]])
    return (quad + np.array([rng.uniform(0, width), rng.uniform(0, height)])).astype(np.float32)


def _affine(rng: np.random.Generator, scene: Scene, scale: float, width: int, height: int) -> NDArray[np.float32]:
    """Photograph → rectangle (2×3): scale, a little turn and shear, perhaps mirrored, with a plate in view."""
    own_height, own_width = scene.levels[0].shape[:2]
    angle, shear = rng.normal(0, 0.05), rng.normal(0, 0.04)
    if rng.random() < 0.1:
        angle = rng.uniform(-0.35, 0.35)
    stretch = np.exp(rng.normal(0, 0.08))
    if rng.random() < 0.15:  # a plate turned far to the side is narrow, and two lines make one nearly square
        stretch = np.exp(rng.uniform(-0.4, 0.3))
    mirror = -1.0 if rng.random() < 0.25 else 1.0  # mirrored text is still a plate; not so often as to be usual
    linear = scale * np.array([[np.cos(angle), -np.sin(angle) + shear], [np.sin(angle), np.cos(angle)]])
    linear = linear @ np.diag([mirror * stretch, 1 / stretch])
    if len(scene.quads) and rng.random() < 0.9:
        centre = scene.quads[int(rng.integers(len(scene.quads)))].mean(axis=0)
        half = np.array([own_width, own_height]) * scale / 2
        # Anywhere in the rectangle where the photograph still covers most of it.
        target = np.array([rng.uniform(0.08, 0.92) * width, rng.uniform(0.08, 0.92) * height])
        middle = target + linear @ (np.array([own_width, own_height]) / 2 - centre)
        room = np.abs(np.array([width, height]) / 2 - half)
        middle = np.clip(middle, np.array([width, height]) / 2 - room, np.array([width, height]) / 2 + room)
    else:
        slack = np.abs(np.array([width - own_width * scale, height - own_height * scale])) / 2
        middle = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * slack
    offset = middle - linear @ (np.array([own_width, own_height]) / 2)
    return np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)


def _scene(pack: zipfile.ZipFile, row: dict[str, Any]) -> Scene:
    levels = [_picture(pack, row["file"])]
    while min(levels[-1].shape[:2]) > 80 and len(levels) < 4:
        shape = (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)
        levels.append(cv2.resize(levels[-1], shape, interpolation=cv2.INTER_AREA))
    quads = np.array([plate["quad"] for plate in row["plates"]], np.float32).reshape(-1, 4, 2)
    ignored, empty = (np.array(row.get(kind, []), np.float32).reshape(-1, 4) for kind in ("ignored", "empty"))
    rest = LOOSE if row["source"] == "rl" else SOFT if row["plates"] else STRICT
    return Scene(levels, quads, [plate["by"] for plate in row["plates"]], rest, ignored, empty)


def _weight(row: dict[str, Any]) -> float:
    """How often a photograph is drawn: US plates and night more, the many alike frames of one overpass less."""
    weight = {"thai_overpass": 0.4, "egypt_motorcycles": 0.6, "easypr_cn_gate": 0.6, "neg_road_signs": 1.0}.get(
        row["source"], 1.0
    )
    weight *= 1.6 if row["region"].startswith(("US", "CA")) else 1.0
    weight *= 1.3 if row["night"] else 1.0
    return weight * (2.0 if row["source"] in {"neg_atl_highway", "neg_openimages_vehicles"} else 1.0)


def _picture(pack: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    return cv2.imdecode(np.frombuffer(pack.read(name), np.uint8), cv2.IMREAD_COLOR)  # type: ignore[return-value]


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A rendered plate at 144 px width: pasted ones are seldom wider."""
    size = (144, max(8, round(picture.shape[0] * 144 / picture.shape[1])))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _move(points: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _corners(rectangle: NDArray[np.float32]) -> NDArray[np.float32]:
    x0, y0, x1, y1 = rectangle
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _hull(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    """A quad, 15 % wider and higher."""
    return ((quad - quad.mean(axis=0)) * 1.15 + quad.mean(axis=0)).astype(np.float32)


def _mark(truth: NDArray[np.uint8], quad: NDArray[np.float32], value: int) -> None:
    cv2.fillConvexPoly(truth, cv2.convexHull(np.round(quad).astype(np.int32)), value)


def _area(quad: NDArray[np.float32]) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
