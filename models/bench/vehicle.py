"""How well vehicles are named that the network was never trained or chosen on, and what naming one costs.

    python -m models.bench.vehicle                       # models/manifest.yaml's `vehicle`, everything

Regions are cut by the labelled plate's box, as the device cuts them by a found plate's corners; a single look each,
where the device has two. Named is what reaches the threshold; vehicles whose label is empty are counted apart:
naming one is neither right nor wrong. Wilson's 95 % intervals. Needs ../shared/data/eval.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.camera.pixels import surroundings
from edge.camera.vision.adapters.naming import NAMING
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.tensor import tensor
from edge.settings.camera import RuntimeSettings, VehicleSettings
from models.bench.reader import interval
from models.train.vehicle.calibrate import reliability
from models.train.vehicle.words import COLORS, TOLD_COLORS, TOLD_TYPES, TYPES, word

SETS = {"vehicles": "vehicles/labels.csv", "us": "us/vehicles.csv"}
HEADS = {"type": (TYPES, TOLD_TYPES), "color": (COLORS, TOLD_COLORS)}


@dataclass(frozen=True)
class Sample:
    """One labelled vehicle; an empty word is unknown."""

    crop: np.ndarray
    type: str
    color: str
    unsure: str
    """The label's flags."""


def main() -> None:
    """Measure the manifest's vehicle network."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.vehicle", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/eval"))
    parser.add_argument("--manifest", type=Path, default=Path("models/vehicle/manifest.yaml"))
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data}: not there; give the folder with vehicles/ and us/ by --data")
    network = load_network(load_manifest(arguments.manifest).pick("vehicle", "vehicle"), RuntimeSettings())
    entry = network.listed.entry
    print(f"{network.listed.file}, {network.listed.file.stat().st_size / 1e6:.2f} MB")
    decode = NAMING[entry.adapter].decode
    for name, table in SETS.items():
        samples = load(arguments.data / table)
        seen = [decode(entry, network.run(tensor(sample.crop, entry.input))) for sample in samples]
        for head in HEADS:
            truth = [getattr(sample, head) for sample in samples]
            best = [getattr(vehicle, head) or "" for vehicle in seen]
            sure = np.array([getattr(vehicle, f"{head}_confidence") for vehicle in seen])
            tell(f"{name}, {head}", truth, best, sure)
            flag = {"type": "u", "color": "c"}[head]
            certain = np.array([flag not in sample.unsure for sample in samples])
            if not certain.all():
                print("  labels that their reader was sure of:", share(truth, best, sure, head, certain))
    cost(lambda: decode(entry, network.run(tensor(samples[0].crop, entry.input))))


def load(table: Path) -> list[Sample]:
    """The labelled vehicles of one table, cut by their plate's box."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    boxes = {}
    if "plate_x0" not in rows[0]:
        with (table.parent / "labels.csv").open(newline="") as file:
            boxes = {row["file"]: [float(row[k]) for k in ("x0", "y0", "x1", "y1")] for row in csv.DictReader(file)}
    samples = []
    for row in rows:
        box = boxes.get(row["file"]) or [float(row[f"plate_{k}"]) for k in ("x0", "y0", "x1", "y1")]
        x0, y0, x1, y1 = box
        picture = cv2.imread(str(table.parent / row["file"]))
        crop = surroundings(picture, [[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        kind, color = TYPES.get(word(row["type"]), ""), COLORS.get(word(row["color"]), "")
        samples.append(Sample(crop, kind, color, row.get("flags", "")))
    return samples


def tell(title: str, truth: list[str], best: list[str], sure: np.ndarray) -> None:
    """One head on one set."""
    head = title.split(", ")[1]
    everything = np.ones(len(truth), bool)
    print(f"\n{title}: {share(truth, best, sure, head, everything)}")
    known = np.array([bool(t) and t != "other" for t in truth])
    right = np.array([t == b for t, b in zip(truth, best, strict=True)])
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        told = known & (sure >= threshold)
        if told.any():
            print(
                f"  named at {threshold}: {100 * told.sum() / known.sum():.1f} %, right "
                + interval(int(right[told].sum()), int(told.sum()))
            )
    for row in reliability(sure[known], right[known]):
        print("  confidence {}: {:4d}, mean {:.3f}, right {:.3f}".format(*row))
    confusion(truth, best, sure, head)


def threshold_of(head: str) -> float:
    """What the settings start from."""
    return float(getattr(VehicleSettings(), f"{head}_confidence_min"))


def share(truth: list[str], best: list[str], sure: np.ndarray, head: str, chosen: np.ndarray) -> str:
    """Named and right at the settings' own threshold."""
    known = chosen & np.array([bool(t) and t != "other" for t in truth])
    told = known & (sure >= threshold_of(head))
    right = np.array([t == b for t, b in zip(truth, best, strict=True)])
    return (
        f"named {100 * told.sum() / max(1, known.sum()):.1f} % of {known.sum()}, right "
        f"{interval(int(right[told].sum()), int(told.sum()))} (all guesses: {100 * right[known].mean():.1f} %)"
    )


def confusion(truth: list[str], best: list[str], sure: np.ndarray, head: str) -> None:
    """What is taken for what, at the settings' own threshold; `–`: not named."""
    told = [b if s >= threshold_of(head) else "–" for b, s in zip(best, sure, strict=True)]
    words = [w for w in HEADS[head][1] if w in truth or w in told]
    print("  true \\ told   " + " ".join(f"{w[:6]:>6}" for w in [*words, "–"]))
    for mine in [*words, ""]:
        row = [sum(t == mine and b == other for t, b in zip(truth, told, strict=True)) for other in [*words, "–"]]
        if sum(row):
            print(f"  {mine or '(unknown)':<13} " + " ".join(f"{count:6d}" for count in row))


def cost(name: object) -> None:
    """Milliseconds for one vehicle on one thread, the cutting out aside."""
    spent = []
    for _ in range(200):
        began = time.perf_counter()
        name()  # type: ignore[operator]
        spent.append((time.perf_counter() - began) * 1000)
    print(f"\none thread: network and decoding {statistics.median(spent):.2f} ms (best {min(spent):.2f})")


if __name__ == "__main__":
    main()
