"""Measure a checkpoint or an exported network on the pack's val split: photographs that no training step has seen.

    python -m models.train.detector evaluate --model build/detector/last.pt
    # prints for both input sizes: recall at IoU 0.5 by plate width, false boxes an image, corner error

Where plates may not all be boxed, a find on an unboxed plate counts as false, so that figure is an upper bound.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.train.course import averaged
from models.train.detector.measure import SIZES, false, found, onnx_find, outcome, summary, without
from models.train.detector.network import Detector, Finder
from models.train.detector.scenes import LOOSE, Pack

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from models.train.detector.measure import Find, Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, and where the line between plate and no plate lies."""
    parser.add_argument(
        "--model", type=Path, default=Path("build/detector/last.pt"), help="a checkpoint or an .onnx file"
    )
    parser.add_argument("--score-min", type=float, default=0.4)


def run(arguments: argparse.Namespace) -> None:
    """Print one paragraph for each input size."""
    find = load(arguments.model)
    pack = Pack(arguments.pack, split="val")
    for name, size in SIZES.items():
        outcomes = measure(find, pack, size)
        print(f"{name} {size[0]}x{size[1]}: {summary(outcomes, arguments.score_min)}")
        widths = np.concatenate([o.canvas_widths for o in outcomes])
        hits = np.concatenate([found(o, arguments.score_min) for o in outcomes])
        for low, high in ((0, 16), (16, 32), (32, 64), (64, 128), (128, 1000)):
            chosen = (widths >= low) & (widths < high)
            print(f"  {low:4d}-{high:<4d} px on the canvas: {hits[chosen].sum():4d} of {chosen.sum():4d}")
        _honesty(outcomes)


def _honesty(outcomes: list[Outcome]) -> None:
    """Of the finds that say 0.8, eight in ten should be plates: the calibration's curve as a table."""
    sure = [(o.match >= 0) | false(o) for o in outcomes]  # neither: a loose second box on a plate, which says nothing
    scores = np.concatenate([o.scores[s] for o, s in zip(outcomes, sure, strict=True)])
    plates = np.concatenate([o.match[s] >= 0 for o, s in zip(outcomes, sure, strict=True)])
    for low in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9):
        chosen = (scores >= low) & (scores < {0.02: 0.1, 0.9: 1.1}.get(low, low + 0.2))
        said, true = scores[chosen].mean() if chosen.any() else 0, plates[chosen].mean() if chosen.any() else 0
        print(f"  say {said:.2f}: plates {true:.2f} of {chosen.sum()}")


def load(path: Path) -> Find:
    """A checkpoint's averaged weights, or an .onnx file, as a function of a canvas."""
    if path.suffix == ".onnx":
        return onnx_find(path)
    network = Detector()
    network.load_state_dict(averaged(path))
    return torch_find(network)


def torch_find(network: Detector) -> Find:
    """A network in training as a function of a canvas."""
    finder = Finder(network).eval()

    def find(canvas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with torch.inference_mode():
            scores, quads = finder(torch.from_numpy(canvas))
        return scores.numpy(), quads.numpy()

    return find


def measure(find: Find, pack: Pack, size: tuple[int, int], score_min: float = 0.02) -> list[Outcome]:
    """Every picture of the pack, letterboxed as the device does, its finds matched to its plates at IoU 0.5."""
    outcomes = []
    for scene in pack.scenes:
        o = outcome(find, scene.levels[0], scene.quads, scene.by, size, score_min)
        # Where half of the plates bear no box, only recall can be told.
        outcomes.append(without(o, None if scene.rest == LOOSE else scene.ignored))
    return outcomes
