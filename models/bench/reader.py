"""How well the reader reads plates that it was never trained or chosen on, and what a crop costs.

    python -m models.bench.reader                       # models/reader/manifest.yaml, everything
    python -m models.bench.reader --misses build/miss   # also saves the crops that were read wrong

`us_crops` are flat plates, given to the reader as they are; of the photographs the labelled boxes or corners are warped
flat, so those rows are a ceiling for the chain of detector and reader. `us_lots` boxes hold the characters only and are
widened to a plate. A plate that reads as nothing, or below 0.5, is tried as two lines (see `read`). Exact is after
removing everything but A–Z 0–9; merged also takes O for 0 and I for 1. Wilson's 95 % intervals.
Needs ../shared/data/eval.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from edge.camera.ctc import Decoded, decode, whole_text_confidence
from edge.camera.pixels import flat, rectify, sharpness
from edge.camera.plates import fold, normalise
from models.train.reader.calibrate import reliability, softmax
from models.train.reader.evaluate import confusions
from models.train.reader.export import session

FOLDERS = ("us_crops", "us", "eu", "more", "night", "us_lots")
SHARPNESS = ((0, 0.35), (0.35, 0.45), (0.45, 0.55), (0.55, 1.01))
"""Bands of `pixels.sharpness`; about 0.5 is where a human reader begins to hesitate."""
WIDTHS = ((0, 48), (48, 64), (64, 96), (96, 160), (160, 10_000))
"""Plate widths in the photograph, pixels."""


@dataclass(frozen=True)
class Sample:
    """One labelled plate of the evaluation set."""

    folder: str
    name: str
    crop: np.ndarray
    halves: tuple[np.ndarray, np.ndarray]
    """Upper and lower half, for plates of two lines."""
    text: str
    region: str
    width_px: float


@dataclass(frozen=True)
class Outcome:
    """What the reader made of it."""

    sample: Sample
    text: str
    confidence: float
    region: str
    region_confidence: float

    @property
    def right(self) -> bool:
        """With O/0 and I/1 merged."""
        return fold(self.text) == fold(self.sample.text)


def main() -> None:
    """Measure the manifest's reader."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.reader", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/eval"))
    parser.add_argument("--manifest", type=Path, default=Path("models/reader/manifest.yaml"))
    parser.add_argument("--model", type=Path, help="measure this file in place of the manifest's")
    parser.add_argument("--misses", type=Path, help="folder for the crops that were read wrong")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data}: not there; give the folder with us_crops/, us/ … by --data")
    entry = yaml.safe_load(arguments.manifest.read_text())["networks"][0]
    path = arguments.model or arguments.manifest.parent / entry["file"]
    network = session(path)
    samples = [sample for folder in FOLDERS for sample in load(arguments.data, folder)]
    outcomes = [judge(network, sample, entry) for sample in samples]
    print(f"{path}, {path.stat().st_size / 1e6:.2f} MB")
    tell(outcomes)
    cost(network, samples[0].crop, entry)
    if arguments.misses:
        save(outcomes, arguments.misses)


def load(data: Path, folder: str) -> list[Sample]:
    """The labelled plates of one folder."""
    with next(p for p in sorted((data / folder).glob("*.csv")) if p.stem != "vehicles").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["text"] and "?" not in row["text"]]
    out = []
    for row in rows:
        picture = cv2.imread(str(data / folder / row["file"]))
        if folder == "us_crops":
            h = picture.shape[0]
            crops = flat(picture), flat(picture[: int(h * 0.52)]), flat(picture[int(h * 0.48) :])
            out.append(
                Sample(
                    folder,
                    row["file"],
                    crops[0],
                    crops[1:],
                    normalise(row["text"]),
                    f"US-{row['state']}",
                    float(picture.shape[1]),
                )
            )
            continue
        if not row["x0"]:
            continue
        quad = corners(row, characters_only=folder == "us_lots")
        crops = (rectify(picture, quad), *(rectify(picture, half) for half in halved(quad)))
        width = float(np.linalg.norm(quad[1] - quad[0]))
        out.append(
            Sample(folder, row["file"], crops[0], crops[1:], normalise(row["text"]), row.get("region", ""), width)
        )
    return out


def corners(row: dict[str, str], *, characters_only: bool) -> np.ndarray:
    """4×2 corners: marked ones, else the box; a box of characters is widened to a 2:1 plate around them."""
    if row.get("cx1"):
        return np.array([[float(row[f"cx{i}"]), float(row[f"cy{i}"])] for i in range(1, 5)], np.float32)
    x0, y0, x1, y1 = (float(row[k]) for k in ("x0", "y0", "x1", "y1"))
    if characters_only:
        dx, dy = (x1 - x0) * 0.04, (y1 - y0) * 0.38
        x0, y0, x1, y1 = x0 - dx, y0 - dy, x1 + dx, y1 + dy
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def halved(quad: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower half of a plate, overlapping a little."""
    tl, tr, br, bl = quad
    return np.stack([tl, tr, tr + (br - tr) * 0.52, tl + (bl - tl) * 0.52]), np.stack(
        [tl + (bl - tl) * 0.48, tr + (br - tr) * 0.48, br, bl]
    )


def read(
    network, crop: np.ndarray, halves: tuple[np.ndarray, np.ndarray], calibration: dict
) -> tuple[str, float, np.ndarray]:
    """(text, confidence, region logits); two lines are tried when one says little, and taken when both are surer."""
    text, _, region = network(crop)
    whole = decode(text, calibration["temperature"])
    sure = whole_text_confidence(whole, tuple(calibration["whole_text"]))
    if sure < 0.5:
        lines = [decode(network(half)[0], calibration["temperature"]) for half in halves]
        both = math.prod(_sure(line, calibration) for line in lines)
        if both > max(sure, 0.3):
            return "".join(line.text for line in lines), both, region
    return whole.text, sure, region


def _sure(line: Decoded, calibration: dict) -> float:
    return whole_text_confidence(line, tuple(calibration["whole_text"]))


def judge(network, sample: Sample, entry: dict) -> Outcome:
    """Read one sample."""
    text, sure, region = read(network, sample.crop, sample.halves, entry["calibration"])
    p = softmax(region / entry["calibration"]["region_temperature"])
    best = int(p.argmax())
    return Outcome(
        sample, text, sure, entry["regions"][best], float(p[best]) if entry["regions"][best] != "other" else 0.0
    )


def tell(outcomes: list[Outcome]) -> None:
    """Everything the card quotes."""
    print(f"{'':10} {'exact, merged':>26} {'strict':>7} {'CER':>6}")
    for folder in FOLDERS:
        mine = [o for o in outcomes if o.sample.folder == folder]
        strict = statistics.mean(o.text == o.sample.text for o in mine)
        cer = sum(distance(fold(o.text), fold(o.sample.text)) for o in mine) / sum(len(o.sample.text) for o in mine)
        print(
            f"{folder:10} {interval(sum(o.right for o in mine), len(mine)):>26} {100 * strict:6.1f}  {100 * cer:5.2f}"
        )
    crops = [o for o in outcomes if o.sample.folder == "us_crops"]
    photographs = [o for o in outcomes if o.sample.folder != "us_crops"]
    print("\nby width in the photograph: " + _by(photographs, lambda o: _band(o.sample.width_px, WIDTHS)))
    print("by sharpness of the crop: " + _by(photographs, lambda o: _band(sharpness(o.sample.crop), SHARPNESS)))
    print("by state, us_crops: " + _by(crops, lambda o: o.sample.region))
    states(crops)
    print("\nconfidence, all folders")
    sure, right = np.array([o.confidence for o in outcomes]), np.array([o.right for o in outcomes])
    for row in reliability(sure, right):
        print("  {}  {:4d} reads  mean {:.3f}  right {:.3f}".format(*row))
    for low in (0.9, 0.95):
        high = sure >= low
        print(
            f"  at {low} and above: {interval(int(right[high].sum()), int(high.sum()))}, "
            f"{100 * high.mean():.1f} % of all reads"
        )
    pairs = confusions([(o.text, o.sample.text) for o in outcomes])
    print("\nconfusions (true>read): " + " ".join(f"{a}>{b}:{n}" for (a, b), n in pairs.most_common(30)))
    lengths = [len(o.text) - len(o.sample.text) for o in outcomes if not o.right]
    print(
        f"of {len(lengths)} misses {sum(d > 0 for d in lengths)} are too long, {sum(d < 0 for d in lengths)} too short"
    )


def states(crops: list[Outcome]) -> None:
    """How often a state is named, and how often rightly, at the manifest's threshold and elsewhere."""
    print(
        "\nstate, us_crops: right at first guess "
        + interval(sum(o.region == o.sample.region for o in crops), len(crops))
    )
    for threshold in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9):
        named = [o for o in crops if o.region_confidence >= threshold]
        right = sum(o.region == o.sample.region for o in named)
        print(
            f"  named at {threshold}: {100 * len(named) / len(crops):.1f} %, "
            f"right {interval(right, max(1, len(named)))}"
        )


def _band(value: float, bands: tuple[tuple[float, float], ...]) -> str:
    return next(f"{low}–{high}" for low, high in bands if low <= value < high)


def _by(outcomes: list[Outcome], key) -> str:
    groups: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome.right)
    return "  ".join(f"{name} {sum(hits)}/{len(hits)}" for name, hits in sorted(groups.items()))


def cost(network, crop: np.ndarray, entry: dict) -> None:
    """Median time of one crop on one thread: the network, and the decoding after it."""
    for _ in range(20):
        logits = network(crop)[0]
    network_ms, decode_ms = [], []
    for _ in range(200):
        began = time.perf_counter()
        logits = network(crop)[0]
        middle = time.perf_counter()
        decode(logits, entry["calibration"]["temperature"])
        network_ms.append((middle - began) * 1000)
        decode_ms.append((time.perf_counter() - middle) * 1000)
    print(
        f"\none thread: network {statistics.median(network_ms):.2f} ms (best {min(network_ms):.2f}), "
        f"decoding {statistics.median(decode_ms):.2f} ms (best {min(decode_ms):.2f})"
    )


def save(outcomes: list[Outcome], folder: Path) -> None:
    """The misses, for looking at."""
    folder.mkdir(parents=True, exist_ok=True)
    for o in outcomes:
        if not o.right:
            cv2.imwrite(
                str(
                    folder
                    / f"{o.sample.folder}_{Path(o.sample.name).stem}_{o.sample.text}_{o.text}_{o.confidence:.2f}.png"
                ),
                o.sample.crop,
            )


def interval(hits: int, count: int) -> str:
    """`97.0 % [95.1, 98.2] of 751`: Wilson's 95 % interval."""
    if count == 0:
        return "none"
    z, p = 1.96, hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{100 * p:.1f} % [{100 * (middle - half):.1f}, {100 * (middle + half):.1f}] of {count}"


def distance(a: str, b: str) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


if __name__ == "__main__":
    main()
