"""Train from scratch or on from a checkpoint; the schedule is by the clock.

    python -m models.train.straightener train --minutes 40
    # one AVX2 core shared with others, about 200 crops a second. On val, corner error as a share of the width: 0.084
    # as found, 0.049 after 560,000 crops, 0.048 after 700,000

Writes `last.pt` every five minutes (`models.train.course`), with the average's figures on val.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from models.train.course import Course, Plan, add_run_arguments, set_up
from models.train.detector.scenes import Pack
from models.train.detector.train import RENDERED
from models.train.precision import autocast
from models.train.straightener.export import weights_of
from models.train.straightener.network import Straightener
from models.train.straightener.samples import Sample, batch
from models.train.straightener.validate import Validation

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

BATCH, RATE = 64, 2e-3
BETA = 0.02
"""Moves smaller than this are judged by their square, larger ones by their length."""
PLATE_WEIGHT = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, how long."""
    add_run_arguments(parser, "build/straightener", RATE)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--from", dest="start", type=Path, help="checkpoint or straightener.onnx to start from")


class Batches(IterableDataset):  # type: ignore[type-arg]
    """Batches for ever, made in a process of their own; the same for the same seed."""

    def __init__(self, pack: Pack, seed: int) -> None:
        super().__init__()
        self.pack, self.seed = pack, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """(crops N×64×128×3 uint8, moves N×4×2, trust N, plate N)."""
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.seed)
        left: list[Sample] = []
        while True:
            while len(left) < 2 * BATCH:  # two batches' worth, so that one canvas's plates spread over several
                left += batch(rng, self.pack, BATCH)
            rng.shuffle(left)  # type: ignore[arg-type]
            taken, left = left[:BATCH], left[BATCH:]
            yield tensors(taken)


def tensors(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `Batches`."""
    return (
        torch.from_numpy(np.stack([sample.crop for sample in samples])),
        torch.from_numpy(np.stack([sample.moves for sample in samples])),
        torch.tensor([sample.trust for sample in samples]),
        torch.tensor([float(sample.plate) for sample in samples]),
    )


def run(arguments: argparse.Namespace) -> None:
    """Train until the time is used up."""
    device = set_up(arguments)
    plan = Plan(rate=arguments.rate, decay=0.02, average_steps=600, clip=2.0)
    start = None if arguments.start is None else weights_of(arguments.start)
    network = Straightener() if start is None else Straightener.like(start)
    course = Course(network.to(device), arguments.out, plan, minutes=arguments.minutes)
    course.begin(None if start is None else lambda: start)
    validation = Validation(Pack(arguments.pack, split="val", rendered=200, seed=1))
    print(f"val as found: {validation.told(None)}", flush=True)
    pack, seed = Pack(arguments.pack, rendered=RENDERED), arguments.seed + course.step
    batches = iter(DataLoader(Batches(pack, seed), batch_size=None, num_workers=1, prefetch_factor=4))
    while course.goes_on():
        course.learn(losses(course.network, [part.to(device) for part in next(batches)]), BATCH)
        course.keep(validation.told)


def losses(network: nn.Module, batch: list[Tensor]) -> dict[str, Tensor]:
    """What is to be minimised, for a batch as `Batches` gives it."""
    crops, moves, trust, plate = batch
    with autocast(crops.device):
        said, logit = network(crops.permute(0, 3, 1, 2).float() / 127.5 - 1)
    off = F.smooth_l1_loss(said.float(), moves, beta=BETA, reduction="none").mean(dim=(1, 2))
    return {
        "corner": (off * trust).sum() / trust.sum().clamp(min=1),
        "plate": PLATE_WEIGHT * F.binary_cross_entropy_with_logits(logit.float(), plate),
    }
