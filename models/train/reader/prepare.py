"""Gathers what the reader learns from: rendered plates, and real ones cut flat from ../shared/data/train.

    python -m models.train.reader prepare --data ../shared/data --folder ../reader-training

writes `real.npz` (every real plate and 2,500 patches without one, as WebP, below 40 MB: this is what travels to another
machine) and beside it `rendered.npy` with its labels, which any machine renders anew from the same seed
(`--only rendered`). Takes about seven minutes and 4 GB for 60,000 plates on one core.
Every picture is stored 192×96 with the plate's corners at `plate_degrade.PLATE_QUAD`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.pixels import rectify
from models.synth.plate_degrade import PLATE_QUAD, STORED_HEIGHT, STORED_MARGIN, STORED_WIDTH
from models.synth.plates import RenderedPlate, render_plate

if TYPE_CHECKING:
    import argparse

CHARACTERS_MAX, STACK_MAX = 12, 4
TERRITORIES = {"PR", "GU", "VI", "AS", "MP"}
NEGATIVES = 2500


@dataclass(frozen=True)
class Label:
    """What one picture says; `None` where nobody knows, so that nothing is learnt from it."""

    text: str | None
    stacked: str | None
    region: str | None
    split: str
    kind: str
    """`crop`, `insitu`, `negative`, or `design` (an official sample: only its region is learnt)."""


def rows(path: Path) -> list[dict[str, str]]:
    """A table of the data set; says which file is missing when one is."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: point --data at the folder that holds train/ and eval/")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def table(folder: Path) -> list[dict[str, str]]:
    """The one CSV table of a folder."""
    found = sorted(folder.glob("*.csv"))
    if not found:
        raise SystemExit(f"{folder} holds no CSV table: point --data at the folder that holds train/ and eval/")
    return rows(found[0])


def corners(row: dict[str, str]) -> list[list[float]]:
    """The plate's corners in its picture: marked ones, else its box."""
    if row.get("cx1"):
        return [[float(row[f"cx{i}"]), float(row[f"cy{i}"])] for i in range(1, 5)]
    x0, y0, x1, y1 = (float(row[k]) for k in ("x0", "y0", "x1", "y1"))
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


def framed(plate: np.ndarray, around: np.ndarray) -> np.ndarray:
    """A flat plate set into its surroundings, as every stored picture is."""
    out = cv2.resize(around, (STORED_WIDTH, STORED_HEIGHT), interpolation=cv2.INTER_AREA)
    (x0, y0), (x1, y1) = PLATE_QUAD[0].astype(int), PLATE_QUAD[2].astype(int)
    out[y0:y1, x0:x1] = cv2.resize(plate, (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_AREA)
    return out


class Surroundings:
    """Patches of street scenes: what stands around a plate, and what is no plate at all."""

    def __init__(self, data: Path, rng: np.random.Generator) -> None:
        folder = data / "train" / "scenes"
        boxes: dict[str, list[list[float]]] = {}
        empty = set()
        for row in table(folder):
            if row.get("split") == "val":
                continue
            if row["x0"]:
                boxes.setdefault(row["file"], []).append([float(row[k]) for k in ("x0", "y0", "x1", "y1")])
            else:
                empty.add(row["file"])
        self.rng = rng
        names = sorted(boxes)
        self.scenes = [(cv2.imread(str(folder / names[i])), boxes[names[i]]) for i in rng.permutation(len(names))[:500]]
        self.signs = [(cv2.imread(str(folder / name)), []) for name in sorted(empty)]

    def around(self) -> np.ndarray:
        """What a plate is set into: a plain dark or bright surface, or a patch of a scene, mostly beside a plate."""
        rng = self.rng
        if rng.random() < 0.3:
            return np.full(
                (48, 96, 3), rng.integers(0, 256, 3) if rng.random() < 0.5 else int(rng.integers(0, 256)), np.uint8
            )
        return self.patch(rng, self.scenes, near=True)

    def none(self) -> np.ndarray:
        """A patch that holds no plate: half from pictures known to hold none."""
        pool = self.signs if self.signs and self.rng.random() < 0.5 else self.scenes
        return cv2.resize(
            self.patch(self.rng, pool, near=False), (STORED_WIDTH, STORED_HEIGHT), interpolation=cv2.INTER_LINEAR
        )

    @staticmethod
    def patch(rng: np.random.Generator, pool: list, *, near: bool) -> np.ndarray:
        """A random 2:1 (or wider) piece that does not touch a marked plate."""
        for _ in range(50):
            picture, boxes = pool[int(rng.integers(len(pool)))]
            h, w = picture.shape[:2]
            wide = int(rng.uniform(0.06, 0.4) * w)
            high = int(wide / rng.uniform(1.7, 4.5 if not near else 2.2))
            if high >= h or wide >= w or high < 8:
                continue
            x, y = int(rng.integers(0, w - wide)), int(rng.integers(0, h - high))
            if all(x + wide < b[0] or x > b[2] or y + high < b[1] or y > b[3] for b in boxes):
                return picture[y : y + high, x : x + wide]
        return np.full((48, 96, 3), 90, np.uint8)


def real_plates(data: Path, around: Surroundings) -> list[tuple[np.ndarray, Label]]:
    """Every real plate, flat, with its label, and the patches without a plate."""
    out = []
    for row in table(data / "train" / "crops"):
        unsure = "u" in row["flags"] or "?" in row["text"]
        region = row["state"] if row["state"] in TERRITORIES else f"US-{row['state']}"
        label = Label(None if unsure else row["text"], None if unsure else row["small"], region, row["split"], "crop")
        plate = cv2.imread(str(data / "train" / "crops" / row["file"]))
        out.append((framed(plate, plate if around.rng.random() < 0.2 else around.around()), label))
    for row in table(data / "train" / "insitu"):
        two = "2" in row["flags"]
        showy = "v" in row["flags"] and not row["region"]  # a dealer's or a maker's name where a plate belongs
        unsure = "u" in row["flags"] or "?" in row["text"] or not row["text"] or showy
        picture = cv2.imread(str(data / "train" / "insitu" / row["file"]))
        flat = rectify(picture, corners(row), width=STORED_WIDTH, height=STORED_HEIGHT, margin=STORED_MARGIN)
        region = row["region"] if row["region"] not in ("", "US", "CA") else None
        text = None if unsure else "" if two else row["text"]
        out.append((flat, Label(text, None, region, row["split"], "insitu")))
    held_out = NEGATIVES // 20
    out += [
        (around.none(), Label("", "", None, "val" if i < held_out else "train", "negative")) for i in range(NEGATIVES)
    ]
    for row in table(data / "train" / "designs"):
        plate = cv2.imread(str(data / "train" / "designs" / row["file"]))
        out.append((framed(plate, around.around()), Label(None, None, f"US-{row['state']}", "train", "design")))
    return out


def write_real(path: Path, plates: list[tuple[np.ndarray, Label]]) -> None:
    """One file for all: WebP bytes end to end, offsets, and a label for each."""
    blobs = [cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 88])[1].tobytes() for picture, _ in plates]
    offsets = np.cumsum([0] + [len(b) for b in blobs])
    labels = np.array(
        [
            [
                label.text if label.text is not None else "?",
                label.stacked if label.stacked is not None else "?",
                label.region or "",
                label.split,
                label.kind,
            ]
            for _, label in plates
        ]
    )
    np.savez(path, blob=np.frombuffer(b"".join(blobs), np.uint8), offsets=offsets, labels=labels)
    print(f"{path}: {len(plates)} pictures, {path.stat().st_size / 1e6:.1f} MB")


def read_real(path: Path) -> tuple[np.ndarray, list[Label]]:
    """Pictures [N,96,192,3] and their labels, from `real.npz`."""
    pack = np.load(path)
    blob, offsets = pack["blob"], pack["offsets"]
    pictures = np.stack(
        [cv2.imdecode(blob[offsets[i] : offsets[i + 1]], cv2.IMREAD_COLOR) for i in range(len(offsets) - 1)]
    )
    labels = [
        Label(None if t == "?" else t, None if s == "?" else s, r or None, split, kind)
        for t, s, r, split, kind in pack["labels"].tolist()
    ]
    return pictures, labels


RENDERED = np.dtype([
    ("text", "U12"), ("stacked", "U4"), ("region", "U8"), ("aspect", "f4"),
    ("spans", "f4", (CHARACTERS_MAX, 2)), ("stack_spans", "f4", (STACK_MAX, 2)),
])  # fmt: skip


def rendered_label(plate: RenderedPlate) -> np.ndarray:
    """The label of a rendered plate, its boxes as spans in stored pixels; a two-line plate reads as nothing."""
    label = np.zeros((), RENDERED)
    h, w = plate.picture.shape[:2]
    label["region"], label["aspect"] = plate.region, w / h
    if plate.lines == 2:
        return label
    (x0, _), (x1, _) = PLATE_QUAD[0], PLATE_QUAD[2]
    label["text"], label["stacked"] = plate.text, plate.stacked
    for field, boxes in (("spans", plate.boxes), ("stack_spans", plate.stack_boxes)):
        for i, box in enumerate(boxes):
            label[field][i] = [x0 + box[0] / w * (x1 - x0), x0 + box[2] / w * (x1 - x0)]
    return label


def halves(plate: RenderedPlate, rng: np.random.Generator) -> RenderedPlate:
    """One line of a two-line plate, as a plate of its own: how the device reads those."""
    h = plate.picture.shape[0]
    middles = np.array([(b[1] + b[3]) / 2 for b in plate.boxes])
    upper = middles < (middles.min() + middles.max()) / 2
    if not upper.any():  # everything stands on one line after all
        return plate
    top = rng.random() < 0.5
    keep = [i for i in range(len(plate.boxes)) if upper[i] == top]
    inner = [plate.boxes[i] for i in keep]
    cut = int(
        (
            max(b[3] for b, u in zip(plate.boxes, upper, strict=True) if u)
            + min(b[1] for b, u in zip(plate.boxes, upper, strict=True) if not u)
        )
        / 2
    )
    picture = plate.picture[:cut] if top else plate.picture[cut:]
    if picture.shape[0] < h // 5:
        return plate
    return RenderedPlate(picture, "".join(plate.text[i] for i in keep), "", plate.region, tuple(inner), (), 1)


def render(out: Path, count: int, seed: int, around: Surroundings) -> None:
    """`count` rendered plates in their surroundings, one array on disk."""
    rng = np.random.default_rng(seed)
    pictures = np.lib.format.open_memmap(out / "rendered.npy", "w+", np.uint8, (count, STORED_HEIGHT, STORED_WIDTH, 3))
    labels = np.zeros(count, RENDERED)
    i = 0
    while i < count:
        plate = render_plate(rng, height=96, infrared=rng.random() < 0.08)
        if plate.lines == 2 and rng.random() < 0.6:
            plate = halves(plate, rng)
        if len(plate.text) > CHARACTERS_MAX or len(plate.stacked) > STACK_MAX:
            continue
        pictures[i], labels[i] = framed(plate.picture, around.around()), rendered_label(plate)
        i += 1
        if i % 10000 == 0:
            print(f"rendered {i} of {count}", flush=True)
    pictures.flush()
    np.save(out / "rendered_labels.npy", labels)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, how many."""
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with train/")
    parser.add_argument("--count", type=int, default=60000, help="rendered plates")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("all", "real", "rendered"), default="all")


def run(arguments: argparse.Namespace) -> None:
    """The whole step."""
    arguments.folder.mkdir(parents=True, exist_ok=True)
    around = Surroundings(arguments.data, np.random.default_rng(arguments.seed))
    if arguments.only != "rendered":
        write_real(arguments.folder / "real.npz", real_plates(arguments.data, around))
    if arguments.only != "real":
        render(arguments.folder, arguments.count, arguments.seed, around)
