"""How well a network names the held-out vehicles: never the evaluation set, that is `models/bench/vehicle.py`.

    python -m models.train.vehicle evaluate --model models/vehicle/vehicle.onnx

prints for each head what it names right, the confusions, and the reliability table; sure labels only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from models.train.vehicle.calibrate import held_out, named, reliability, temperatures
from models.train.vehicle.export import load_weights, session, write
from models.train.vehicle.prepare import read
from models.train.vehicle.validate import HEADS

if TYPE_CHECKING:
    import argparse

    import numpy as np


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to judge."""
    parser.add_argument("--model", type=Path, default=Path("models/vehicle/vehicle.onnx"), help="checkpoint, or .onnx")


def run(arguments: argparse.Namespace) -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "vehicle.onnx"
        write(load_weights(arguments.model), graph)
        answers = held_out(session(graph), *read(arguments.folder))
    fitted = temperatures(answers)
    for head, (_, words) in HEADS.items():
        best, sure = named(answers.logits[head], fitted[head], words)
        known = answers.truths[head] >= 0
        tell(head, words, best[known], sure[known], answers.truths[head][known])


def tell(head: str, words: tuple[str, ...], best: np.ndarray, sure: np.ndarray, truth: np.ndarray) -> None:
    """What is named right at which threshold, how sure is sure, and what is taken for what."""
    right = best == truth
    print(f"\n{head}: {right.mean():.3f} right of {len(truth)}")
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        told = sure >= threshold
        if told.any():
            print(f"  at {threshold:.1f}: names {told.mean():.3f}, right {right[told].mean():.3f} of {told.sum()}")
    for row in reliability(sure, right):
        print("  confidence {}: {:4d}, mean {:.3f}, right {:.3f}".format(*row))
    seen = [number for number, _ in enumerate(words) if (truth == number).any() or (best == number).any()]
    print("  true \\ told   " + " ".join(f"{words[number][:6]:>6}" for number in seen))
    for number in seen:
        row = [int(((truth == number) & (best == other)).sum()) for other in seen]
        print(f"  {words[number]:<13} " + " ".join(f"{count:6d}" for count in row))
