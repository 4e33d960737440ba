"""Draws the vehicles around labelled plates with a spotter that learnt from the boxed ones: its second lesson.

    python -m models.train.spotter draw --graph models/spotter/spotter.onnx      # five minutes of one idle core

Two thousand photographs show a vehicle around a boxed plate, its outline unknown; a first spotter finds most of them.
The surest find that holds the plate, and is as wide as a plate's vehicle can be, becomes its box; other finds are not
asked for, whatever they are; all the rest of the picture is none: people, houses, trees. Written beside the pack, and
used by `train` where it is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.scene import Box as Area
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.overlap import overlaps
from edge.camera.vision.spotter import SAME_VEHICLE, Spotter
from edge.settings.camera import RuntimeSettings
from models.train.spotter.prepare import DRAWN, Box, read_pack

if TYPE_CHECKING:
    import argparse

FOUND_MIN, DRAWN_MIN = 0.2, 0.4
"""Scores from which a find is not asked for, and from which it may be a plate's vehicle."""
REACHES = (11.0, 16.0, 24.0, 36.0)
"""Of the squares around a plate, in lengths of the root of its area."""
WIDTHS = (3.5, 16.0)
"""How wide a plate's vehicle may be, in the same."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which spotter draws."""
    parser.add_argument("--manifest", type=Path, default=Path("models/spotter/manifest.yaml"))


def run(arguments: argparse.Namespace) -> None:
    """Every picture with plates."""
    spotter = Spotter.of(load_network(load_manifest(arguments.manifest).pick("spotter", "spotter"), RuntimeSettings()),
                         FOUND_MIN)  # fmt: skip
    pictures, labels = read_pack(arguments.folder)
    drawn: dict[int, dict[str, list[Box]]] = {}
    for number, (coded, label) in enumerate(zip(pictures, labels, strict=True)):
        if label.kind == "plate":
            drawn[number] = draw(spotter, cv2.imdecode(coded, cv2.IMREAD_COLOR), label.boxes)
            if len(drawn) % 500 == 0:
                print(f"{len(drawn)} pictures drawn", flush=True)
    (arguments.folder / DRAWN).write_text(json.dumps(drawn))
    boxes = sum(len(one["boxes"]) for one in drawn.values())
    plates = sum(len(label.boxes) for label in labels if label.kind == "plate")
    print(f"{len(drawn)} pictures, {plates} plates, {boxes} vehicles drawn")


def draw(spotter: Spotter, picture: np.ndarray, plates: list[Box]) -> dict[str, list[Box]]:
    """`boxes` of the plates' vehicles, and what is `ignored`: other finds, and around plates without a vehicle."""
    high, wide = picture.shape[:2]
    areas = [Area(x0=0.0, y0=0.0, x1=float(wide), y1=float(high))]
    areas += [_around(plate, reach) for plate in plates[:3] for reach in REACHES]
    finds = sorted((find for area in areas for find in spotter.spot_at(picture, area)), key=lambda find: -find[0])
    edges = np.array([(b.x0, b.y0, b.x1, b.y1) for _, b in finds], np.float32).reshape(-1, 4)
    scores = np.array([score for score, _ in finds])
    chosen, ignored = [], []
    for plate in plates:
        mine = np.flatnonzero(_holds(edges, plate) & (scores >= DRAWN_MIN))
        if len(mine):
            same = overlaps(edges[mine], edges[mine[:1]])[:, 0] > SAME_VEHICLE  # the same vehicle, from other distances
            chosen.append(np.average(edges[mine][same], axis=0, weights=scores[mine][same]))
        else:
            around = _around(plate, REACHES[0])
            ignored.append((around.x0, around.y0, around.x1, around.y1))
    kept: list[np.ndarray] = []
    for one in chosen:
        if not kept or overlaps(one[None], np.array(kept)).max() <= SAME_VEHICLE:
            kept.append(one)
    others = [one for one in edges if not kept or overlaps(one[None], np.array(kept)).max() <= SAME_VEHICLE]
    return {"boxes": [_box(one) for one in kept], "ignored": [*ignored, *(_box(one) for one in others[:20])]}


def _around(plate: Box, reach: float) -> Area:
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    side = reach * _root(plate) / 1.15
    return Area(x0=x - side / 2, y0=y - side * 0.62, x1=x + side / 2, y1=y + side * 0.38)


def _root(plate: Box) -> float:
    return float(np.sqrt(max((plate[2] - plate[0]) * (plate[3] - plate[1]), 1.0)))


def _holds(edges: np.ndarray, plate: Box) -> np.ndarray:
    """Which boxes (N×4) a plate may be screwed on."""
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    wide = (edges[:, 2] - edges[:, 0]) / _root(plate)
    inside = (edges[:, 0] < x) & (x < edges[:, 2]) & (edges[:, 1] < y) & (y < edges[:, 3])
    low = y > edges[:, 1] + 0.3 * (edges[:, 3] - edges[:, 1])
    return inside & low & (wide > WIDTHS[0]) & (wide < WIDTHS[1])


def _box(edges: np.ndarray) -> Box:
    x0, y0, x1, y1 = (round(float(edge), 1) for edge in edges)
    return x0, y0, x1, y1
