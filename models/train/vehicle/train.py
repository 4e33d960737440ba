"""Trains the vehicle network: from nothing, from a checkpoint, or from `models/vehicle/vehicle.onnx`.

    python -m models.train.vehicle train --folder ../vehicle-training --minutes 90

Soft cross-entropy of three heads. The schedule is by the clock: the rate stays high and falls in the last half, so that
a run can be given any time. A checkpoint is written every five minutes; the same command goes on from it.

The log's `val` line: by head, share right of all held-out vehicles / of the 85 % that it is surest of (log-loss).
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.train.precision import autocast
from models.train.vehicle.batches import Batch, Feeder
from models.train.vehicle.network import Told, VehicleNet
from models.train.vehicle.prepare import read
from models.train.vehicle.validate import HEADS, Validation, validate

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class Plan:
    """Every knob of a run."""

    minutes: float = 90.0
    """Of training itself: augmenting and stepping, without what validation takes."""
    batch: int = 64
    rate: float = 2e-3
    """AdamW's highest step."""
    decay: float = 0.05
    ema: float = 0.998
    """Per step: the average reaches back about 500 steps."""
    smooth: float = 0.06
    """Share of each target that is spread over all classes: one label in twenty is wrong or a matter of taste."""
    head_weights: tuple[float, float, float] = (1.0, 0.7, 0.2)
    """Type, colour, view."""
    threads: int = 1
    seed: int = 7
    save_minutes: float = 5.0
    warm: float = 0.02
    fall: float = 0.6
    """Share of the time in which the rate falls to nothing at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, how long, from what."""
    plan = Plan()
    parser.add_argument(
        "--out", type=Path, default=Path("../vehicle-training/run"), help="checkpoints; goes on from latest.pt there"
    )
    parser.add_argument("--from", dest="start", type=Path, help="checkpoint or vehicle.onnx to start from")
    parser.add_argument("--minutes", type=float, default=plan.minutes)
    parser.add_argument("--rate", type=float, default=plan.rate)
    parser.add_argument("--threads", type=int, default=plan.threads)
    parser.add_argument("--batch", type=int, default=plan.batch)
    parser.add_argument("--seed", type=int, default=plan.seed)


def run(arguments: argparse.Namespace) -> None:
    """Train until the time is used up."""
    plan = Plan(
        minutes=arguments.minutes,
        rate=arguments.rate,
        threads=arguments.threads,
        batch=arguments.batch,
        seed=arguments.seed,
    )
    Run(arguments.folder, arguments.out, plan, arguments.start).go()


def rate_at(plan: Plan, done: float) -> float:
    """Learning rate after a share of the run."""
    if done < plan.warm:
        return plan.rate * (0.05 + 0.95 * done / plan.warm)
    if done < 1 - plan.fall:
        return plan.rate
    left = max(0.0, 1 - done) / plan.fall
    return plan.rate * (0.01 + 0.99 * 0.5 * (1 - math.cos(math.pi * left)))


def losses(model: nn.Module, batch: Batch, plan: Plan, device: torch.device) -> dict[str, Tensor]:
    """What is to be minimised, by head, weighted."""
    images = torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    with autocast(device):
        outputs = model(images.contiguous(memory_format=torch.channels_last))
    parts = {}
    for name, logits, importance in zip(HEADS, outputs, plan.head_weights, strict=True):
        target = torch.from_numpy(batch.targets[name]).to(device)
        target = target * (1 - plan.smooth) + plan.smooth / target.shape[1]
        each = -(target * logits.float().log_softmax(-1)).sum(-1)
        parts[name] = importance * (each * torch.from_numpy(batch.weights[name]).to(device)).mean()
    return parts


class Run:
    """A training run that can be stopped and gone on with."""

    STARTED = 20_000

    def __init__(self, folder: Path, out: Path, plan: Plan, start: Path | None) -> None:
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.out, self.plan = out, plan
        self.model = VehicleNet().to(self.device, memory_format=torch.channels_last)
        self.elapsed, self.seen, self.step = 0.0, 0, 0
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": plan.decay}, {"params": plain, "weight_decay": 0.0}], lr=plan.rate
        )
        self.average = copy.deepcopy(self.model).eval()
        self._begin(start)
        pictures, labels = read(folder)
        self.validation = Validation(pictures, labels)
        self.feeder = Feeder(pictures, labels, plan.batch, plan.seed + self.step)

    def _begin(self, start: Path | None) -> None:
        latest = self.out / "latest.pt"
        if latest.exists():
            state = torch.load(latest, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.elapsed, self.seen, self.step = state["elapsed"], state["seen"], state["step"]
            print(f"going on from {latest}: {self.seen} vehicles, {self.elapsed / 60:.1f} min")
        elif start is not None:
            from models.train.vehicle.export import load_weights

            weights = load_weights(start)
            self.model.load_state_dict(weights)
            self.average.load_state_dict(weights)
            self.step = self.STARTED  # a long average from the first step on
            print(f"starting from {start}")

    def save(self) -> None:
        """Write the checkpoint beside its final name, then move it there."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "elapsed": self.elapsed, "seen": self.seen, "step": self.step,
        }  # fmt: skip
        part = self.out / "latest.pt.part"
        torch.save(state, part)
        part.replace(self.out / "latest.pt")

    def go(self) -> None:
        """Train until the time is used up."""
        self.out.mkdir(parents=True, exist_ok=True)
        budget, saved, log = self.plan.minutes * 60, time.monotonic(), _Log(self.seen)
        while self.elapsed < budget:
            began = time.monotonic()
            parts = self._step(self.elapsed / budget)
            self.elapsed += time.monotonic() - began
            log.add(parts, self.elapsed, self.seen)
            if time.monotonic() - saved > self.plan.save_minutes * 60 or self.elapsed >= budget:
                self.save()
                print("val  " + validate(Told(self.average), self.validation, self.device), flush=True)
                saved = time.monotonic()

    def _step(self, done: float) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(self.plan, done)
        batch = self.feeder.next()
        self.model.train()
        parts = losses(self.model, batch, self.plan, self.device)
        loss = torch.stack(list(parts.values())).sum()
        if not math.isfinite(float(loss.detach())):
            raise SystemExit("the loss is no number any more: go on from the last checkpoint with a lower --rate")
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self.seen += len(batch.images)
        self._average()
        return {name: float(value.detach()) for name, value in parts.items()}

    def _average(self) -> None:
        keep = min(self.plan.ema, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            for mine, theirs in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if mine.dtype.is_floating_point:
                    mine.lerp_(theirs, 1 - keep)
                else:
                    mine.copy_(theirs)


class _Log:
    """A line every hundred steps."""

    EVERY = 100

    def __init__(self, seen: int) -> None:
        self._sums: dict[str, float] = {}
        self._count, self._seen, self._mark = 0, seen, time.monotonic()

    def add(self, parts: dict[str, float], elapsed_s: float, seen: int) -> None:
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if self._count < self.EVERY:
            return
        pace = (seen - self._seen) / (time.monotonic() - self._mark)
        told = " ".join(f"{name} {value / self._count:.3f}" for name, value in self._sums.items())
        print(f"{elapsed_s / 60:6.1f} min {seen:8d} vehicles {pace:5.0f}/s  {told}", flush=True)
        self._sums, self._count, self._seen, self._mark = {}, 0, seen, time.monotonic()
