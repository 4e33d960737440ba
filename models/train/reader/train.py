"""Trains the reader: from nothing, from a checkpoint, or from `models/reader/reader.onnx`.

    python -m models.train.reader train --folder ../reader-training --minutes 90

Cross-entropy on every column that a rendered plate explains, CTC on every text that is known, cross-entropy on the
region. The schedule is by the clock: the rate stays high and falls in the last third, so that a run can be given any
time. A checkpoint is written every five minutes; the same command goes on from it.

A healthy start (one core, bfloat16, 230 plates a second): flat crops of val 82 % exact after 64,000 plates, 92 % after
250,000, 94 % after 600,000; photographs 58, 69, 76 %.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.precision import autocast
from models.train.reader.batches import IGNORE, Batch, Feeder, Mix
from models.train.reader.network import Reader
from models.train.reader.validate import Validation, validate

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True)
class Plan:
    """Every knob of a run."""

    minutes: float = 90.0
    rate: float = 1.6e-3
    """AdamW's highest step, for batches of 64 (the first third of the shipped run: 2e-3 and batches of 128)."""
    decay: float = 0.02
    ema: float = 0.9993
    """Per step: the average reaches back about 1,400 steps."""
    threads: int = 1
    seed: int = 7
    save_minutes: float = 5.0
    warm: float = 0.01
    fall: float = 0.5
    """Share of the time in which the rate falls to nothing at the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, how long, from what."""
    plan = Plan()
    parser.add_argument(
        "--out", type=Path, default=Path("../reader-training/run"), help="checkpoints; goes on from latest.pt there"
    )
    parser.add_argument("--from", dest="start", type=Path, help="checkpoint or reader.onnx to start from")
    parser.add_argument("--minutes", type=float, default=plan.minutes)
    parser.add_argument("--rate", type=float, default=plan.rate)
    parser.add_argument("--threads", type=int, default=plan.threads)
    parser.add_argument("--batch", type=int, default=Mix().size)
    parser.add_argument("--seed", type=int, default=plan.seed)


def run(arguments: argparse.Namespace) -> None:
    """Train until the time is used up."""
    plan = Plan(minutes=arguments.minutes, rate=arguments.rate, threads=arguments.threads, seed=arguments.seed)
    Run(arguments.folder, arguments.out, plan, arguments.start).go(Mix(size=arguments.batch))


def rate_at(plan: Plan, done: float) -> float:
    """Learning rate after a share of the run."""
    if done < plan.warm:
        return plan.rate * (0.05 + 0.95 * done / plan.warm)
    if done < 1 - plan.fall:
        return plan.rate
    left = max(0.0, 1 - done) / plan.fall
    return plan.rate * (0.01 + 0.99 * left * 0.5 * (1 + left))


def losses(model: nn.Module, batch: Batch, device: torch.device) -> tuple[Tensor, dict[str, float]]:
    """The sum to minimise, and its parts for the log."""
    images = torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    images = images.contiguous(memory_format=torch.channels_last)
    with autocast(device):
        text, stacked, region = model(images)
    text, stacked, region = text.float(), stacked.float(), region.float()
    parts = {
        "columns": _columns(text, batch.columns, device),
        "stack_columns": 0.2 * _columns(stacked, batch.stack_columns, device, blank=0.05),
        "ctc": 0.15 * _ctc(text, batch.texts, device),
        "stack_ctc": 0.1 * _ctc(stacked, batch.stacks, device),
        "region": 0.5
        * functional.cross_entropy(
            region, torch.from_numpy(batch.regions).to(device), ignore_index=IGNORE, label_smoothing=0.05
        ),
    }
    total = torch.stack(list(parts.values())).sum()
    return total, {name: float(value.detach()) for name, value in parts.items()}


def _columns(logits: Tensor, targets: np.ndarray, device: torch.device, blank: float = 1.0) -> Tensor:
    """Cross-entropy of every explained column; `blank` is what a blank one weighs."""
    weights = torch.ones(logits.shape[-1], device=device)
    weights[0] = blank
    truth = torch.from_numpy(targets).to(device).reshape(-1)
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), truth, weights, ignore_index=IGNORE)


def _ctc(logits: Tensor, targets: np.ndarray, device: torch.device) -> Tensor:
    known = np.flatnonzero(targets[:, 0] > 0)
    rows = targets[known]
    flat = np.concatenate([row[1 : 1 + row[0]] for row in rows]) if len(rows) else np.zeros(0, np.int64)
    logs = logits[torch.from_numpy(known).to(device)].log_softmax(-1).transpose(0, 1)
    if len(rows) == 0:
        return logits.sum() * 0
    lengths = torch.full((len(rows),), logits.shape[1], dtype=torch.long)
    loss = functional.ctc_loss(
        logs, torch.from_numpy(flat), lengths, torch.from_numpy(rows[:, 0].copy()), reduction="none", zero_infinity=True
    )
    return (loss.clamp(max=60.0)).sum() / len(targets)


class Run:
    """A training run that can be stopped and gone on with."""

    STARTED = 20_000

    def __init__(self, folder: Path, out: Path, plan: Plan, start: Path | None) -> None:
        torch.set_num_threads(plan.threads)
        torch.manual_seed(plan.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.folder, self.out, self.plan = folder, out, plan
        self.model = Reader().to(self.device, memory_format=torch.channels_last)
        self.elapsed, self.seen, self.step = 0.0, 0, 0
        self.learned = start is not None
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        plain = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": plan.decay}, {"params": plain, "weight_decay": 0.0}], lr=plan.rate
        )
        self.average = copy.deepcopy(self.model).eval()
        self._begin(start)

    def _begin(self, start: Path | None) -> None:
        latest = self.out / "latest.pt"
        if latest.exists():
            state = torch.load(latest, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.elapsed, self.seen, self.step = state["elapsed"], state["seen"], state["step"]
            print(f"going on from {latest}: {self.seen} plates, {self.elapsed / 60:.1f} min")
        elif start is not None:
            from models.train.reader.export import load_weights

            weights = load_weights(start)
            self.model.load_state_dict(weights)
            self.average.load_state_dict(weights)
            self.step = self.STARTED  # a long average from the first step on
            print(f"starting from {start}")

    def save(self, name: str = "latest.pt") -> None:
        """Write the checkpoint beside its final name, then move it there."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "elapsed": self.elapsed, "seen": self.seen, "step": self.step,
        }  # fmt: skip
        part = self.out / (name + ".part")
        torch.save(state, part)
        part.replace(self.out / name)

    def _average(self) -> None:
        keep = min(self.plan.ema, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            for mine, theirs in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
                if mine.dtype.is_floating_point:
                    mine.lerp_(theirs, 1 - keep)
                else:
                    mine.copy_(theirs)

    def go(self, mix: Mix) -> None:
        """Train until the time is used up."""
        self.out.mkdir(parents=True, exist_ok=True)
        feeder = Feeder(self.folder, mix, self.plan.seed + self.step)
        validation = Validation(self.folder)
        budget = self.plan.minutes * 60
        saved, sums, count, seen_before, mark = time.monotonic(), dict[str, float](), 0, self.seen, time.monotonic()
        while self.elapsed < budget:
            began = time.monotonic()
            done = self.elapsed / budget
            for group in self.optimiser.param_groups:
                group["lr"] = rate_at(self.plan, done)
            batch = feeder.next(1.0 if self.learned else min(1.0, 0.3 + done * 6))
            self.model.train()
            loss, parts = losses(self.model, batch, self.device)
            if not math.isfinite(float(loss.detach())):
                raise SystemExit("the loss is no number any more: go on from the last checkpoint with a lower --rate")
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimiser.step()
            self.step += 1
            self.seen += len(batch.images)
            self._average()
            self.elapsed += time.monotonic() - began
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            if count == 100:
                pace = (self.seen - seen_before) / (time.monotonic() - mark)
                told = " ".join(f"{name} {value / count:.3f}" for name, value in sums.items())
                print(f"{self.elapsed / 60:6.1f} min {self.seen:8d} plates {pace:5.0f}/s  {told}", flush=True)
                sums, count, seen_before, mark = {}, 0, self.seen, time.monotonic()
            if time.monotonic() - saved > self.plan.save_minutes * 60 or self.elapsed >= budget:
                self.save()
                print("val  " + validate(self.average, validation, self.device), flush=True)
                saved = mark = time.monotonic()
                seen_before = self.seen
