"""Train from scratch, from a checkpoint, or from an exported network.

    python -m models.train.detector train --out build/detector --steps 12000
    # one core: about 0.35 s a step (16 canvases of 416×256). Expected on val, wide:
    #   step  3000  recall 0.8;  step 12000  see models/detector/CARD.md
    python -m models.train.detector train --out build/detector --steps 30000         # goes on from last.pt
    python -m models.train.detector train --out more --from models/detector/detector.onnx

Writes `last.pt` every five minutes (`models.train.course`), with the average's figures on val.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from models.train.course import Course, Plan, add_run_arguments, set_up
from models.train.detector import targets
from models.train.detector.evaluate import measure, torch_find
from models.train.detector.export import weights_of
from models.train.detector.measure import SIZES, summary
from models.train.detector.network import Detector
from models.train.detector.scenes import Pack, compose
from models.train.precision import autocast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SHAPES = (((416, 256), 16, 0.7), ((512, 320), 12, 0.15), ((640, 384), 8, 0.15))
"""Canvas size, canvases a step, how often. Mostly the fast input's size: a step costs what its pixels cost."""
RATE = 2e-3
"""AdamW's highest step."""
PARTS = {"score": 1.0, "box": 1.5, "corner": 8.0}
"""Weights of the parts of the loss."""
RENDERED = 1000
"""Rendered plates kept for pasting, beside the photographed crops."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, how long, from what."""
    add_run_arguments(parser, "build/detector", RATE)
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--from", dest="start", type=Path, help="begin with the weights of this .pt or .onnx")


class Batches(IterableDataset):  # type: ignore[type-arg]
    """Composed canvases and their maps, made in a process of their own while the network learns."""

    def __init__(self, pack: Pack, seed: int) -> None:
        super().__init__()
        self.pack, self.seed = pack, seed

    def __iter__(self) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
        """For ever; the same for the same seed."""
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        odds = [odds for *_, odds in SHAPES]
        while True:
            size, count, _ = SHAPES[int(rng.choice(len(SHAPES), p=odds))]
            yield targets.batch([compose(rng, self.pack, size) for _ in range(count)])


def run(arguments: argparse.Namespace) -> None:
    """Train until the last step; whatever stops it, `last.pt` is at most five minutes old."""
    device = set_up(arguments)
    network = Detector().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    plan = Plan(rate=arguments.rate, decay=0.02, average_steps=1000)
    course = Course(network, arguments.out, plan, steps=arguments.steps)
    course.begin(None if arguments.start is None else lambda: weights_of(arguments.start))
    pack, val = Pack(arguments.pack, rendered=RENDERED), Pack(arguments.pack, split="val")
    seed = arguments.seed + course.step
    batches = iter(DataLoader(Batches(pack, seed), batch_size=None, num_workers=1, prefetch_factor=4))
    while course.goes_on():
        pictures, target = next(batches)
        parts = losses(network, pictures.to(device), {name: t.to(device) for name, t in target.items()})
        course.learn(parts, len(pictures))
        course.keep(lambda average: told(average, val))


def losses(network: Detector, pictures: Tensor, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is to be minimised on one batch (N×H×W×3, uint8)."""
    x = (pictures.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    with autocast(pictures.device):
        logits, shapes = network(x)
    parts = targets.loss(logits, shapes, target)
    return {name: weight * parts[name] for name, weight in PARTS.items()}


def told(average: nn.Module, val: Pack) -> str:
    """Recall, false boxes and corner error on val, wide."""
    return summary(measure(torch_find(copy.deepcopy(average).cpu()), val, SIZES["wide"]), 0.4)
