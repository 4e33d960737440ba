"""Gathers what the spotter learns from: ../shared/data/train and rendered roads → one file of at most 80 MB.

    python -m models.train.spotter prepare --data ../shared/data --folder ../spotter-training     # about ten minutes

Where whole vehicles are boxed (`vehicle_scenes`, rendered roads), everything outside the boxes is none. A vehicle that
fills its picture (`vehicle`, without Stanford Cars) is its own box. Around a boxed plate (`scenes`) stands a vehicle
whose outline nobody drew. Road signs and rendered roads without a vehicle are the empty road. Where persons stand in
some of these pictures was judged by eye (people.csv beside this file): they are cut out and set before other roads.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.train.vehicle.prepare import JUDGED, rows
from models.train.vehicle.words import word

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PACK, DRAWN = "scenes.npz", "drawn.json"
PEOPLE = Path(__file__).with_name("people.csv")
RENDERED, RENDERED_SIZE = 160, (512, 320)
NOT_EMPTY = ("neg_atl_highway", "neg_openimages_vehicles")
"""Pictures of `scenes` without a plate that show vehicles all the same."""
TWINS = frozenset(
    f"{camera}_{number:03d}.webp"
    for camera, numbers in {
        "atl": (5, 21, 37),
        "coc": (2, 5, 7, 10, 11, 13, 14, 15, 18, 21, 23, 27, 29, 34, 38),
        "ope": (81,),
    }.items()
    for number in numbers
)
"""Pictures of `vehicle_scenes` that also stand in eval/people or eval/negatives: not learnt from."""
VAL_EACH = 6
"""Of the sources without a split of their own, each so-manieth picture is held out."""
FULL = (0.0, 0.0, 1.0, 1.0)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """What one picture shows."""

    kind: str
    """`boxed`: all vehicles are boxed; `filling`: one fills the picture; `plate`: vehicles stand around these boxes,
    which are plates; `drawn`: the same after `models.train.spotter.draw`; `empty`; `rendered`: as `boxed`."""
    boxes: list[Box]
    """x0, y0, x1, y1, pixels."""
    split: str
    ignored: list[Box] = field(default_factory=list)
    """Where nobody knows what stands."""
    people: list[Box] = field(default_factory=list)
    """Persons, some of those that the picture shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, and how much is rendered."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder that holds train/")
    parser.add_argument("--rendered", type=int, default=RENDERED)


def run(arguments: argparse.Namespace) -> None:
    """Write the pack."""
    arguments.folder.mkdir(parents=True, exist_ok=True)
    train = arguments.data / "train"
    found = [*_files(_boxed(train / "vehicle_scenes")), *_files(_filling(train / "vehicle"))]
    found += [*_files(_around_plates(train / "scenes")), *_rendered(arguments.rendered)]
    print(f"{sum(len(label.people) for _, label in found)} persons")
    write(found, arguments.folder / PACK)
    kinds = [label.kind for _, label in found]
    print(f"{len(found)} pictures: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)))


def _files(found: Iterator[tuple[Path, Label]]) -> Iterator[tuple[np.ndarray, Label]]:
    people: dict[str, list[Box]] = {}
    for row in rows(PEOPLE):
        people.setdefault(row["file"], []).append(_box(row))
    for file, label in found:
        shown = people.get(f"{file.parent.name}/{file.name}", [])
        yield np.frombuffer(file.read_bytes(), np.uint8), replace(label, people=shown)


def _boxed(folder: Path) -> Iterator[tuple[Path, Label]]:
    pictures: dict[str, list[Box]] = {}
    for row in rows(folder / "labels.csv"):
        pictures.setdefault(row["file"], []).append(_box(row))
    for number, (name, boxes) in enumerate(sorted(pictures.items())):
        if name not in TWINS:
            yield folder / name, Label("boxed", boxes, _split(number))


def _filling(folder: Path) -> Iterator[tuple[Path, Label]]:
    judged = {row["file"]: row["type"] for row in rows(JUDGED)}
    for number, row in enumerate(rows(folder / "labels.csv")):
        if row["source"] != "stanford" and judged.get(row["file"], word(row["type"])):
            yield folder / row["file"], Label("filling", [FULL], _split(number))


def _around_plates(folder: Path) -> Iterator[tuple[Path, Label]]:
    pictures: dict[str, list[dict[str, str]]] = {}
    for row in rows(folder / "labels.csv"):
        pictures.setdefault(row["file"], []).append(row)
    for name, plates in sorted(pictures.items()):
        boxes = [_box(row) for row in plates if row["x0"]]
        if boxes or plates[0]["source"] not in NOT_EMPTY:
            yield folder / name, Label("plate" if boxes else "empty", boxes, plates[0]["split"])


def _rendered(count: int) -> Iterator[tuple[np.ndarray, Label]]:
    """Roads by chance (`models.synth.chance`), each from its own number."""
    from models.synth.chance import render_scene

    for number in range(count):
        picture, _, told = render_scene(np.random.default_rng([211, number]), size=RENDERED_SIZE)
        boxes = [one["box"] for one in told["vehicles"]]
        _, coded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 80])
        yield coded.ravel(), Label("rendered", boxes, _split(number))


def _box(row: dict[str, str]) -> Box:
    x0, y0, x1, y1 = (float(row[key]) for key in ("x0", "y0", "x1", "y1"))
    return x0, y0, x1, y1


def _split(number: int) -> str:
    return "val" if number % VAL_EACH == 0 else "train"


def write(found: list[tuple[np.ndarray, Label]], path: Path) -> None:
    """Coded pictures, one behind the other, and their labels."""
    ends = np.cumsum([len(file) for file, _ in found])
    labels = json.dumps([asdict(label) for _, label in found])
    np.savez(path, pictures=np.concatenate([file for file, _ in found]), ends=ends, labels=np.array(labels))


def read(folder: Path) -> tuple[list[np.ndarray], list[Label]]:
    """(coded pictures, labels); after `draw` the vehicles around plates are boxed, and their kind is `drawn`."""
    pictures, labels = read_pack(folder)
    if not (folder / DRAWN).exists():
        return pictures, labels
    for number, one in json.loads((folder / DRAWN).read_text()).items():
        boxes, ignored = ([tuple(box) for box in one[key]] for key in ("boxes", "ignored"))
        labels[int(number)] = replace(labels[int(number)], kind="drawn", boxes=boxes, ignored=ignored)
    return pictures, labels


def read_pack(folder: Path) -> tuple[list[np.ndarray], list[Label]]:
    """(coded pictures, labels) of the pack that `prepare` wrote; the box of `filling` is the whole picture."""
    if not (folder / PACK).exists():
        raise SystemExit(f"{folder / PACK} is missing: run `python -m models.train.spotter prepare` first")
    with np.load(folder / PACK) as pack:
        parts = np.split(pack["pictures"], pack["ends"][:-1])
        told = json.loads(str(pack["labels"]))
    labels = [Label(one["kind"], *([tuple(box) for box in one["boxes"]], one["split"]),
                    people=[tuple(box) for box in one["people"]]) for one in told]  # fmt: skip
    return parts, labels
