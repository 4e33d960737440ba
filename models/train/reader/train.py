"""Trains the reader: from nothing, from a checkpoint, or from `models/reader/reader.onnx`.

    python -m models.train.reader train --folder ../reader-training --minutes 90

Cross-entropy on every column that a rendered plate explains, CTC on every text that is known, cross-entropy on the
region. The schedule is by the clock: the rate stays high and falls in the last half, so that a run can be given any
time. A checkpoint is written every five minutes (`models.train.course`); the same command goes on from it.

A healthy start (one core, bfloat16, 230 plates a second): flat crops of val 82 % exact after 64,000 plates, 92 % after
250,000, 94 % after 600,000; photographs 58, 69, 76 %.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.course import Course, Plan, add_run_arguments, set_up
from models.train.precision import autocast
from models.train.reader.batches import IGNORE, Batch, Feeder, Mix
from models.train.reader.export import load_weights
from models.train.reader.network import Reader
from models.train.reader.validate import Validation, validate

if TYPE_CHECKING:
    import argparse


RATE = 1.6e-3
"""AdamW's highest step, for batches of 64 (the first third of the shipped run: 2e-3 and batches of 128)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, how long, from what."""
    add_run_arguments(parser, "../reader-training/run", RATE)
    parser.add_argument("--from", dest="start", type=Path, help="checkpoint or reader.onnx to start from")
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--batch", type=int, default=Mix().size)


def run(arguments: argparse.Namespace) -> None:
    """Train until the time is used up."""
    device = set_up(arguments)
    network = Reader().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    plan = Plan(rate=arguments.rate, decay=0.02, average_steps=1400, warm=0.01, fall=0.5)
    course = Course(network, arguments.out, plan, minutes=arguments.minutes)
    course.begin(None if arguments.start is None else lambda: load_weights(arguments.start))
    feeder = Feeder(arguments.folder, Mix(size=arguments.batch), arguments.seed + course.step)
    validation = Validation(arguments.folder)
    while course.goes_on():
        batch = feeder.next(1.0 if course.begun_with_weights else min(1.0, 0.3 + course.done * 6))
        course.learn(losses(network, batch, device), len(batch.images))
        course.keep(lambda average: validate(average, validation, device))


def losses(model: nn.Module, batch: Batch, device: torch.device) -> dict[str, Tensor]:
    """The parts of what is to be minimised, weighted."""
    images = torch.from_numpy(batch.images).to(device).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    images = images.contiguous(memory_format=torch.channels_last)
    with autocast(device):
        text, stacked, region = model(images)
    text, stacked, region = text.float(), stacked.float(), region.float()
    return {
        "columns": _columns(text, batch.columns, device),
        "stack_columns": 0.2 * _columns(stacked, batch.stack_columns, device, blank=0.05),
        "ctc": 0.15 * _ctc(text, batch.texts, device),
        "stack_ctc": 0.1 * _ctc(stacked, batch.stacks, device),
        "region": 0.5
        * functional.cross_entropy(
            region, torch.from_numpy(batch.regions).to(device), ignore_index=IGNORE, label_smoothing=0.05
        ),
    }


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
