"""Vehicles without a plate: what the spotter finds in photographs, and what the whole line counts on rendered roads.

    python -m models.bench.unplated                      # a minute of one idle core; needs ../shared/data/eval

Photographs do not move, so a look is taken where something could have: at each labelled vehicle wider than 150 px and
at each person, as the motion gate would frame them, and in a sweep of squares over the whole picture, which the device
never makes and which is harder. The rendered roads are sample_frames/ as they are, where each vehicle is one sighting
and no more, and with every plate painted over, where each is one with `plate: null`. Wilson's 95 % intervals.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.boxes import share_in
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.scene import Box
from edge.camera.unplated import IN_REGION
from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.overlap import overlaps
from edge.camera.vision.spotter import Spotter
from edge.settings.camera import CameraSettings, RuntimeSettings, SourceSettings, VehicleSettings
from models.bench.reader import interval
from models.bench.unplated_roads import bare_frames, frames

if TYPE_CHECKING:
    from edge.record.sighting import Sighting

WIDE_PX = 150
"""Vehicles from this width on are asked for."""
SCORES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SAME = 0.5
"""Overlap (intersection over union) from which a find is that vehicle."""
MARGIN = 0.15
"""The motion gate's, around what moved."""
SWEEP = (1.0, 0.62)
"""Sides of the squares that are swept over a picture, in its longer one."""


@dataclass(frozen=True)
class Labelled:
    """One photograph."""

    picture: np.ndarray
    boxes: np.ndarray
    """N×4, pixels."""


def main() -> None:
    """Measure what the manifest calls `spotter`."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.unplated", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/eval"))
    parser.add_argument("--manifest", type=Path, default=Path("models/spotter/manifest.yaml"))
    parser.add_argument("--scenes", type=Path, default=Path("sample_frames"))
    arguments = parser.parse_args()
    network = load_network(load_manifest(arguments.manifest).pick("spotter", "spotter"), RuntimeSettings())
    recommended = network.listed.entry.score_min
    print(f"{network.listed.file}, {network.listed.file.stat().st_size / 1e6:.2f} MB, recommends {recommended}")
    if arguments.data.exists():
        spotter = Spotter.of(network, 0.05)
        vehicles, people = (load(arguments.data / name) for name in ("vehicle_scenes", "people"))
        tell_moved(spotter, vehicles, people, sorted({*SCORES, recommended}))
        tell_swept(spotter, vehicles, sorted({*SCORES, recommended}))
        cost(spotter, vehicles[0].picture)
    else:
        print(f"{arguments.data}: not there; photographs are left out")
    tell_scenes(arguments.scenes)


def load(folder: Path) -> list[Labelled]:
    """The photographs of one set and their boxes."""
    boxes: dict[str, list[list[float]]] = {}
    with (folder / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found = boxes.setdefault(row["file"], [])
            if row["x0"]:
                found.append([float(row[key]) for key in ("x0", "y0", "x1", "y1")])
    return [Labelled(cv2.imread(str(folder / name)), np.array(of, np.float32).reshape(-1, 4))
            for name, of in boxes.items()]  # fmt: skip


def tell_moved(spotter: Spotter, vehicles: list[Labelled], people: list[Labelled], scores: list[float]) -> None:
    """Looks where a labelled vehicle, or a person, would have moved."""
    found = [best for one in vehicles for box in one.boxes if box[2] - box[0] > WIDE_PX
             for best in [_found_at(spotter, one.picture, box)]]  # fmt: skip
    taken = [
        _surest_at(spotter, one.picture, box) for one in people for box in one.boxes if box[3] - box[1] > WIDE_PX / 2
    ]
    around = [find for one in vehicles for box in one.boxes if box[2] - box[0] > WIDE_PX
              for find in _judged_at(spotter, one, box)]  # fmt: skip
    print(f"\nwhere something labelled would have moved: {len(found)} vehicles, {len(taken)} persons")
    for score in scores:
        hits, false = (sum(one >= score for one in part) for part in (found, taken))
        right = [good for sure, good in around if sure >= score]
        print(f"  score {score:.2f}: vehicles found {interval(hits, len(found))}; finds there that are one "
              f"{interval(sum(right), len(right))}; persons taken for one {interval(false, len(taken))}")  # fmt: skip


def _moved(box: np.ndarray) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in box)
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    return Box(x0=x0 - across, y0=y0 - down, x1=x1 + across, y1=y1 + down)


def _found_at(spotter: Spotter, picture: np.ndarray, box: np.ndarray) -> float:
    """Score of the surest find that is this vehicle."""
    found = spotter.spot_at(picture, _moved(box))
    lies = overlaps(np.array([_edges(one) for _, one in found], np.float32).reshape(-1, 4), box[None])[:, 0]
    return max((score for (score, _), lie in zip(found, lies, strict=True) if lie >= SAME), default=0.0)


def _judged_at(spotter: Spotter, one: Labelled, box: np.ndarray) -> list[tuple[float, bool]]:
    """Score of each wide find that would count as having moved with this vehicle, and whether any label lies on it."""
    region = _moved(box)
    found = [(score, find) for score, find in spotter.spot_at(one.picture, region)
             if share_in(find, region) >= IN_REGION and find.width > WIDE_PX]  # fmt: skip
    edges = np.array([_edges(find) for _, find in found], np.float32).reshape(-1, 4)
    lies = overlaps(edges, one.boxes)
    return [(score, bool((lie >= SAME).any())) for (score, _), lie in zip(found, lies, strict=True)]


def _surest_at(spotter: Spotter, picture: np.ndarray, box: np.ndarray) -> float:
    """Score of the surest find that would count as having moved with this person."""
    region = _moved(box)
    found = spotter.spot_at(picture, region)
    return max((score for score, one in found if share_in(one, region) >= IN_REGION), default=0.0)


def tell_swept(spotter: Spotter, vehicles: list[Labelled], scores: list[float]) -> None:
    """Precision and recall of a sweep over whole pictures, vehicles wider than `WIDE_PX` alone."""
    swept = [(one, *_sweep(spotter, one.picture)) for one in vehicles]
    print(f"\nswept over {len(swept)} photographs, vehicles wider than {WIDE_PX} px")
    for score in scores:
        right = told = there = got = 0
        for one, found_scores, found in swept:
            wide = one.boxes[:, 2] - one.boxes[:, 0] > WIDE_PX
            chosen = found[(found_scores >= score) & (found[:, 2] - found[:, 0] > WIDE_PX)]
            lies = overlaps(chosen, one.boxes) if len(chosen) and len(one.boxes) else np.zeros((len(chosen), len(wide)))
            there, told = there + int(wide.sum()), told + len(chosen)
            right += int((lies >= SAME).any(axis=1).sum())
            got += int((lies >= SAME)[:, wide].any(axis=0).sum())
        print(f"  score {score:.2f}: found {interval(got, there)}, right {interval(right, told)}")


def _sweep(spotter: Spotter, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    high, wide = picture.shape[:2]
    finds: list[tuple[float, Box]] = []
    for share in SWEEP:
        side = share * max(high, wide)
        for y in _steps(high, side):
            for x in _steps(wide, side):
                finds += spotter.spot_at(picture, Box(x0=x, y0=y, x1=x + side / 1.15, y1=y + side / 1.15))
    finds.sort(key=lambda one: -one[0])
    boxes = np.array([_edges(box) for _, box in finds], np.float32).reshape(-1, 4)
    kept: list[int] = []
    for n in range(len(finds)):
        if not kept or overlaps(boxes[n : n + 1], boxes[kept]).max() <= SAME - 0.1:
            kept.append(n)
    return np.array([finds[n][0] for n in kept]), boxes[kept]


def _steps(length: int, side: float) -> list[float]:
    """Where squares of a side begin so that they overlap by a third, inside 0…length; one in the middle if it fits."""
    if side >= length:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side * 0.67))) + 1
    return [float(x) for x in np.linspace(0, length - side, count)]


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.x0, box.y0, box.x1, box.y1


def cost(spotter: Spotter, picture: np.ndarray) -> None:
    """Milliseconds of one look, cutting out and decoding with it."""
    spent = []
    for _ in range(100):
        began = time.perf_counter()
        spotter.spot_at(picture, Box(x0=40, y0=40, x1=300, y1=300))
        spent.append((time.perf_counter() - began) * 1000)
    print(f"\none thread: one look {statistics.median(spent):.2f} ms (best {min(spent):.2f})")


# ------------------------------------------------------------------ rendered roads through the whole line


def tell_scenes(folder: Path) -> None:
    """Every scene as it is, and without its plates."""
    settings = CameraSettings(
        site="bench", camera="bench", source=SourceSettings(kind="folder", address="x"),
        vehicle=VehicleSettings(spotter="spotter"),
    )  # fmt: skip
    networks = load_networks(settings, SHIPPED_ROOT)
    print(
        "\nrendered roads: vehicles; sightings with and without a plate; the same, all plates painted over; looks, ms"
    )
    for scene in sorted(path.parent for path in folder.glob("*/truth.yaml")):
        row = []
        for bare in (False, True):
            line = fresh_line(settings, networks, origin(settings, networks, scene.name), memory=NoMemory(),
                              synchronized=lambda: True)  # fmt: skip
            told = [
                sighting for frame in (bare_frames if bare else frames)(scene) for sighting in line.update(frame)
            ] + line.finish()
            row.append(f"{_count(told, plate=True)} + {_count(told, plate=False)}")
            spent_ns = line.tally.spent_ns
            looks = f"{line.tally.spotted} looks, {spent_ns['spot'] / 1e6:.0f} of {sum(spent_ns.values()) / 1e6:.0f} ms"
            row.append(looks)
        print(f"  {scene.name:16} {_passes(scene)}   {row[0]:6} {row[1]:32} {row[2]:6} {row[3]}")


def _count(told: list[Sighting], *, plate: bool) -> int:
    return sum((sighting.plate is not None) == plate for sighting in told)


def _passes(scene: Path) -> int:
    import yaml

    return len(yaml.safe_load((scene / "truth.yaml").read_text(encoding="utf-8"))["passes"])


if __name__ == "__main__":
    main()
