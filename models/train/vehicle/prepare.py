"""Gathers what the vehicle network learns from: ../shared/data/train → one file of at most 40 MB.

    python -m models.train.vehicle prepare --data ../shared/data --folder ../vehicle-training

`vehicle_eye` are surroundings of a plate, the product's own view; `vehicle` are vehicles that fill their picture, and
bring the trucks, buses and motorcycles. Of `vehicle`, pictures of the source `stanford` are left out, because research
terms are reported for them, unless `--stanford` is given. What its `truck` and `ambulance` are was looked at
again: `judged.csv`; an empty type there is a picture that teaches nothing. Takes ten seconds.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.train.vehicle.words import OTHER, word

if TYPE_CHECKING:
    import argparse

JUDGED = Path(__file__).with_name("judged.csv")
PACK = "vehicles.npz"


@dataclass(frozen=True)
class Label:
    """What one picture shows; an empty word where nobody knows, so that nothing is learnt from it."""

    type: str
    color: str
    view: str
    split: str
    kind: str
    """`eye`: surroundings of a plate; `filling`: a vehicle that fills the picture, its plate unmarked."""
    plate: tuple[float, float, float, float] | None
    """Box in the picture, pixels."""
    type_unsure: bool = False
    color_unsure: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, and whether the doubtful source too."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder that holds train/")
    parser.add_argument("--stanford", action="store_true", help="with Stanford Cars: weights that may not ship")


def run(arguments: argparse.Namespace) -> None:
    """Write the pack."""
    train = arguments.data / "train"
    found = [*_eye(train / "vehicle_eye"), *_filling(train / "vehicle", stanford=arguments.stanford)]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write(found, arguments.folder / PACK)
    kinds = [label.kind for _, label in found]
    print(f"{len(found)} pictures: {kinds.count('eye')} around a plate, {kinds.count('filling')} filling the picture")


def rows(path: Path) -> list[dict[str, str]]:
    """A table of the data set; says which file is missing when one is."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: point --data at the folder that holds train/ and eval/")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def eye_label(row: dict[str, str]) -> Label:
    """One row of `vehicle_eye` or of the evaluation set's `vehicles`."""
    x0, y0, x1, y1 = (float(row[f"plate_{k}"]) for k in ("x0", "y0", "x1", "y1"))
    return Label(
        type=word(row["type"]) or OTHER,  # nobody could tell: neither shall the network
        color=word(row["color"]),
        view=row["view"],
        split=row.get("split", ""),
        kind="eye",
        plate=(x0, y0, x1, y1),
        type_unsure="u" in row["flags"],
        color_unsure="c" in row["flags"],
    )


def _eye(folder: Path) -> list[tuple[Path, Label]]:
    return [(folder / row["file"], eye_label(row)) for row in rows(folder / "labels.csv")]


def _filling(folder: Path, *, stanford: bool) -> list[tuple[Path, Label]]:
    judged = {row["file"]: row["type"] for row in rows(JUDGED)}
    found = []
    for row in rows(folder / "labels.csv"):
        kind = judged.get(row["file"], word(row["type"]))
        if not kind or (row["source"] == "stanford" and not stanford):
            continue
        color = word(row["color"]) if row["color_by"] == "eye" else ""
        found.append((folder / row["file"], Label(kind, color, "", "train", "filling", None)))
    return found


def write(found: list[tuple[Path, Label]], path: Path) -> None:
    """Pictures as they are on disk, one behind the other, and their labels."""
    files = [np.frombuffer(file.read_bytes(), np.uint8) for file, _ in found]
    labels = json.dumps([asdict(label) for _, label in found])
    ends = np.cumsum([len(file) for file in files])
    np.savez(path, pictures=np.concatenate(files), ends=ends, labels=np.array(labels))


def read(folder: Path) -> tuple[list[np.ndarray], list[Label]]:
    """(pictures H×W×3 BGR, labels) of the pack that `prepare` wrote."""
    if not (folder / PACK).exists():
        raise SystemExit(f"{folder / PACK} is missing: run `python -m models.train.vehicle prepare` first")
    with np.load(folder / PACK) as pack:
        parts = np.split(pack["pictures"], pack["ends"][:-1])
        told = json.loads(str(pack["labels"]))
    pictures = [cv2.imdecode(part, cv2.IMREAD_COLOR) for part in parts]
    return pictures, [Label(**{**one, "plate": tuple(one["plate"]) if one["plate"] else None}) for one in told]
