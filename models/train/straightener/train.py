"""Train from scratch or on from a checkpoint; the schedule is by the clock.

    python -m models.train.straightener train --minutes 40
    # one AVX2 core shared with others, about 200 crops a second. On val, corner error as a share of the width: 0.084
    # as found, 0.049 after 560,000 crops, 0.048 after 700,000

Writes `last.pt` every three minutes (network, average, optimiser, seconds), with the average's figures on val.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from models.train.detector.scenes import Pack
from models.train.detector.train import RENDERED
from models.train.precision import autocast
from models.train.straightener.network import Straightener
from models.train.straightener.samples import Sample, batch
from models.train.straightener.validate import Validation

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

BATCH, RATE, DECAY = 64, 2e-3, 0.02
WARM = 0.02
"""Share of the time in which the rate rises."""
BETA = 0.02
"""Moves smaller than this are judged by their square, larger ones by their length."""
PLATE_WEIGHT = 0.05
AVERAGE_STEPS = 600
SAVE_SECONDS = 180


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, how long."""
    parser.add_argument("--out", type=Path, default=Path("build/straightener"), help="folder for last.pt")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


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
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    device, last = torch.device(arguments.device), arguments.out / "last.pt"
    network = Straightener().to(device)
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=arguments.rate, weight_decay=DECAY)
    step, spent = 0, 0.0
    if last.exists():
        held = torch.load(last, map_location="cpu", weights_only=True)
        network.load_state_dict(held["network"])
        average.load_state_dict(held["average"])
        optimiser.load_state_dict(held["optimiser"])
        step, spent = held["step"], held["spent"]
    validation = Validation(Pack(arguments.pack, split="val", rendered=200, seed=1))
    print(
        f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M weights; val {validation.told(None)}", flush=True
    )
    pack = Pack(arguments.pack, rendered=RENDERED)
    batches = iter(DataLoader(Batches(pack, arguments.seed + step), batch_size=None, num_workers=1, prefetch_factor=4))
    saved, sums, budget = time.monotonic(), np.zeros(2), arguments.minutes * 60
    while spent < budget:
        began = time.monotonic()
        crops, moves, trust, plate = (part.to(device) for part in next(batches))
        for group in optimiser.param_groups:
            group["lr"] = rate_at(arguments.rate, spent / budget)
        network.train()
        with autocast(device):
            said, logit = network(crops.permute(0, 3, 1, 2).float() / 127.5 - 1)
        off = F.smooth_l1_loss(said.float(), moves, beta=BETA, reduction="none").mean(dim=(1, 2))
        corner = (off * trust).sum() / trust.sum().clamp(min=1)
        kind = F.binary_cross_entropy_with_logits(logit.float(), plate)
        optimiser.zero_grad(set_to_none=True)
        (corner + PLATE_WEIGHT * kind).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        follow(average, network, step)
        step, spent = step + 1, spent + time.monotonic() - began
        sums += [float(corner.detach()), float(kind.detach())]
        if step % 200 == 0:
            told = f"step {step} {spent / 60:.1f} min  corner {sums[0] / 200:.4f} plate {sums[1] / 200:.4f}"
            print(f"{told}  {step * BATCH / spent:.0f} crops/s", flush=True)
            sums = np.zeros(2)
        if time.monotonic() - saved > SAVE_SECONDS or spent >= budget:
            saved = time.monotonic()
            state = {"network": network.state_dict(), "average": average.state_dict()}
            torch.save({**state, "optimiser": optimiser.state_dict(), "step": step, "spent": spent}, last)
            print(f"val {validation.told(average)}", flush=True)


def rate_at(peak: float, done: float) -> float:
    """Learning rate after a share of the run: up in a moment, then down a cosine."""
    if done < WARM:
        return peak * (0.05 + 0.95 * done / WARM)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM))) / 2)


def follow(average: Straightener, network: Straightener, step: int) -> None:
    """Move the averaged weights towards the present ones, statistics of the normalisation too."""
    share = max(1 / AVERAGE_STEPS, 1 / (1 + step / 10))
    with torch.no_grad():
        for mine, its in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(its, share)
            else:
                mine.copy_(its)
