"""Weigh the detector's score against the straightener's `plate`, on val, and write the weights into its manifest.

python -m models.train.straightener weigh
# after every export of the detector or the straightener; half a minute. Expected with the networks of
# November 2026: 280 and 265 plates found before (wide, fast) with 20 and 26 false boxes; 290 and 267 after, 13 and 6

What the detector finds on the val split's photographs is a plate (it fits a labelled one, or was judged to be one by
eye: judged.csv beside this file), none, or unsure and left out. The curve over both log-odds is fitted on both input
sizes together. Each size has its own threshold, the lowest that keeps its false boxes within `--false-max`; someone
else's detector gets the higher one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.odds import log_odds
from edge.camera.vision.detector import CANDIDATE_SCORE_MIN
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.straightener import LIMIT, Straightener
from edge.settings.camera import RuntimeSettings
from models.train.detector.measure import false, hulls, onnx_find, outcome, touching, without
from models.train.detector.scenes import LOOSE, Pack
from models.train.reader.calibrate import logistic, sigmoid

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from edge.camera.vision.manifest import Manifest
    from models.train.detector.measure import Outcome
    from models.train.detector.scenes import Scene

FALSE_MAX = 0.05
"""False boxes an image of val."""
SIZES = ("detector-wide", "detector-fast")
JUDGED = Path(__file__).with_name("judged.csv")
Verdicts = dict[str, tuple["NDArray[np.float32]", "NDArray[np.float32]"]]
"""Picture → upright rectangles (N×4) of unlabelled plates, and of what may be one."""


@dataclass(frozen=True)
class Find:
    """One find of the detector on a photograph of val."""

    size: str
    score: float
    sure: float
    """The straightener's word."""
    labelled: bool
    plate: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which networks."""
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--out", type=Path, default=Path("models/straightener/manifest.yaml"))
    parser.add_argument("--false-max", type=float, default=FALSE_MAX, help="false boxes an image of val, at each size")


def run(arguments: argparse.Namespace) -> None:
    """Fit, choose, write, and say what it changes."""
    manifest, pack = load_manifest(arguments.manifest), Pack(arguments.pack, split="val")
    finds = collect(manifest, pack)
    weights = fit(finds)
    weighed = weigh(finds, weights)
    scores_min = {size: threshold(finds, weighed, size, arguments.false_max * len(pack.scenes)) for size in SIZES}
    write(arguments.out, weights, scores_min)
    for size, score_min in scores_min.items():
        alone = manifest.networks[size].entry.score_min
        before, after = _counts(finds, size, [f.score for f in finds], alone), _counts(finds, size, weighed, score_min)
        print(f"{size}: {before[0]} plates, {before[1]} false → {after[0]} plates, {after[1]} false at {score_min}")


def collect(manifest: Manifest, pack: Pack) -> list[Find]:
    """Every find of both input sizes that is surely a plate or surely none."""
    straightener = Straightener.of(load_network(manifest.pick("straightener", "straightener"), RuntimeSettings()))
    judged = verdicts(JUDGED)
    finds: list[Find] = []
    for size in SIZES:
        listed = manifest.pick(size, "detector")
        find = onnx_find(listed.file)
        canvas = (listed.entry.input.width, listed.entry.input.height)
        for row, scene in zip(pack.rows, pack.scenes, strict=True):
            o = outcome(find, scene.levels[0], scene.quads, scene.by, canvas, CANDIDATE_SCORE_MIN)
            o = without(o, None if scene.rest == LOOSE else scene.ignored)
            finds += _finds(size, scene, o, straightener, judged.get(row["file"]))
    return finds


def _finds(
    size: str,
    scene: Scene,
    o: Outcome,
    straightener: Straightener,
    verdict: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
) -> list[Find]:
    """One photograph's finds; a loose second box on a plate says nothing and is left out."""
    unlabelled = false(o)
    nothing = np.zeros((0, 4), np.float32)
    plates, unsure = verdict or (nothing, nothing)
    known, open_ = touching(o.quads, plates), touching(o.quads, unsure)
    out = []
    for i in np.flatnonzero((o.match >= 0) | (unlabelled & ~open_)):
        _, sure = straightener.study(scene.levels[0], o.quads[i])
        labelled = bool(o.match[i] >= 0)
        out.append(Find(size, float(o.scores[i]), sure, labelled, labelled or bool(known[i])))
    return out


def fit(finds: list[Find]) -> tuple[float, float, float]:
    """a, b, c of `Calibration.plate`."""
    (a, b, c), _ = logistic(_features(finds), np.array([find.plate for find in finds], float))
    return float(a), float(b), float(c)


def weigh(finds: list[Find], weights: tuple[float, float, float]) -> list[float]:
    """The score of each find as the device gives it."""
    a, b, c = weights
    x = _features(finds)
    return [float(p) for p in sigmoid(a * x[:, 0] + b * x[:, 1] + c)]


def _features(finds: list[Find]) -> NDArray[np.float64]:
    return np.array([(log_odds(find.score, LIMIT), log_odds(find.sure, LIMIT)) for find in finds])


def threshold(finds: list[Find], scores: list[float], size: str, false_max: float) -> float:
    """The lowest, in steps of 0.01, with at most so many false boxes at one input size."""
    steps = (step / 100 for step in range(5, 95))
    return next((least for least in steps if _counts(finds, size, scores, least)[1] <= false_max), 0.95)


def _counts(finds: list[Find], size: str, scores: list[float], score_min: float) -> tuple[int, int]:
    """(labelled plates, false boxes) among the finds of one input size from a score on."""
    kept = [find for find, score in zip(finds, scores, strict=True) if find.size == size and score >= score_min]
    return sum(find.labelled for find in kept), sum(not find.plate for find in kept)


def write(path: Path, weights: tuple[float, float, float], scores_min: dict[str, float]) -> None:
    """Into the manifest that `export` wrote, in place of earlier ones. `scores_min`: by detector."""
    earlier = ("  calibration:", "  score_min:", "  score_min_with:")
    lines = [line for line in path.read_text().splitlines() if not line.startswith(earlier)]
    at = next(n for n, line in enumerate(lines) if line.startswith("  val:"))
    lines[at:at] = [
        f"  score_min: {max(scores_min.values())}",
        f"  score_min_with: {{{', '.join(f'{size}: {least}' for size, least in scores_min.items())}}}",
        f"  calibration: {{plate: [{', '.join(f'{w:.4f}' for w in weights)}]}}",
    ]
    path.write_text("\n".join(lines) + "\n")


def verdicts(path: Path) -> Verdicts:
    """What was judged by eye on the val split's photographs."""
    boxes: dict[str, dict[str, list[NDArray[np.float32]]]] = {}
    with path.open(newline="") as table:
        for row in csv.DictReader(table):
            quad = np.array([[float(row[f"c{axis}{n}"]) for axis in "xy"] for n in (1, 2, 3, 4)], np.float32)
            boxes.setdefault(row["file"], {"plate": [], "unsure": []})[row["verdict"]].append(hulls(quad)[0])
    return {
        file: (np.array(by["plate"], np.float32).reshape(-1, 4), np.array(by["unsure"], np.float32).reshape(-1, 4))
        for file, by in boxes.items()
    }
