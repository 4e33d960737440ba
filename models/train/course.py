"""What every training shares: the rate's course, averaged weights, checkpoints to go on from, a line in the log.

    course = Course(network, folder, Plan(rate=2e-3, decay=0.02, average_steps=1000), minutes=90)
    course.begin(lambda: weights_of(path))          # or goes on from the folder's last.pt
    while course.goes_on():
        course.learn(losses(course.network, batch), count=len(batch))
        course.keep(validation.told)

A run can be stopped at any moment: what is lost are the minutes since the last checkpoint.
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

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

SAVE_S = 300.0
LOG_STEPS = 100


def add_run_arguments(parser: argparse.ArgumentParser, out: str, rate: float) -> None:
    """What every `train` takes: where to, how steep, from which chance, on what."""
    parser.add_argument("--out", type=Path, default=Path(out), help="folder for last.pt")
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


def set_up(arguments: argparse.Namespace) -> torch.device:
    """Seed and threads as `add_run_arguments` took them; the device to train on."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    return torch.device(arguments.device)


@dataclass(frozen=True)
class Plan:
    """How a network is taught."""

    rate: float
    """AdamW's highest step."""
    decay: float
    """Of weights; biases and normalisation do not decay."""
    average_steps: int
    """The averaged weights, which are the ones that ship, remember about this many steps."""
    warm: float = 0.02
    """Share of the run in which the rate rises."""
    fall: float = 0.98
    """Share of the run, at its end, in which it falls down a cosine to a hundredth."""
    clip: float = 5.0
    """Longest gradient."""

    def rate_at(self, done: float) -> float:
        """Learning rate after a share of the run."""
        if done < self.warm:
            return self.rate * (0.05 + 0.95 * done / self.warm)
        fallen = min(1.0, max(0.0, 1 - (1 - done) / self.fall))
        return self.rate * (0.01 + 0.99 * (1 + math.cos(math.pi * fallen)) / 2)


class Course:
    """A run: a network, its average, its optimiser, and how far it has come. Ends after `minutes` or `steps`."""

    def __init__(
        self,
        network: nn.Module,
        out: Path,
        plan: Plan,
        *,
        minutes: float | None = None,
        steps: int | None = None,
    ) -> None:
        assert (minutes is None) != (steps is None), "a run ends after some minutes or after some steps"
        self.network, self.average = network, copy.deepcopy(network).eval()
        self.step, self.seen, self.spent_s = 0, 0, 0.0
        self.begun_with_weights = False
        self._plan, self._last = plan, out / "last.pt"
        self._minutes, self._steps = minutes, steps
        self._optimiser = torch.optim.AdamW(_groups(network, plan.decay), lr=plan.rate)
        self._log = _Log()
        self._mark = self._saved = time.monotonic()
        out.mkdir(parents=True, exist_ok=True)

    @property
    def done(self) -> float:
        """Share of the run that is over."""
        return self.step / self._steps if self._steps else self.spent_s / (60 * (self._minutes or 1))

    def begin(self, start: Callable[[], dict[str, Tensor]] | None = None) -> None:
        """Go on from the folder's checkpoint; else from `start`'s weights; else from nothing."""
        if self._last.exists():
            held = torch.load(self._last, map_location="cpu", weights_only=True)
            self.network.load_state_dict(held["network"])
            self.average.load_state_dict(held["average"])
            self._optimiser.load_state_dict(held["optimiser"])
            self.step, self.seen, self.spent_s = held["step"], held["seen"], held["spent_s"]
            self.begun_with_weights = held["begun_with_weights"]
            print(f"going on from {self._last}: step {self.step}, {self.spent_s / 60:.1f} min", flush=True)
        elif start is not None:
            weights = start()
            self.network.load_state_dict(weights)
            self.average.load_state_dict(weights)
            self.begun_with_weights = True
        self._log.seen = self.seen
        self._mark = self._saved = time.monotonic()

    def goes_on(self) -> bool:
        """Whether the run is not over yet; sets the rate of the next step."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._plan.rate_at(self.done)
        self.network.train()
        return self.done < 1

    def learn(self, parts: dict[str, Tensor], count: int) -> None:
        """One step down the sum of the loss's parts, told of `count` pictures. SystemExit when it is no number."""
        loss = torch.stack(list(parts.values())).sum()
        if not math.isfinite(float(loss.detach())):
            raise SystemExit("the loss is no number any more: go on from the last checkpoint with a lower --rate")
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self._plan.clip)
        self._optimiser.step()
        self._follow()
        self.step += 1
        self.seen += count
        now = time.monotonic()
        self.spent_s += now - self._mark
        self._mark = now
        self._log.add(parts, self)

    def keep(self, told: Callable[[nn.Module], str], every_s: float = SAVE_S) -> None:
        """Now and then, and at the end: write a checkpoint and print what `told` says of the averaged weights.

        That is not training, and is left out of the run's time.
        """
        if time.monotonic() - self._saved < every_s and self.done < 1:
            return
        self._save()
        print(f"val  {told(self.average)}", flush=True)
        self._saved = self._mark = self._log.mark = time.monotonic()

    def _save(self) -> None:
        """Whole or not at all: written beside, then renamed."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "seen": self.seen,
            "spent_s": self.spent_s,
            "begun_with_weights": self.begun_with_weights,
        }
        fresh = self._last.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._last)

    def _follow(self) -> None:
        """Move the averaged weights a little towards the present ones; statistics of the normalisation too."""
        young = 0.0 if self.begun_with_weights else 1 / (1 + self.step / 10)
        share = max(1 / self._plan.average_steps, young)
        with torch.no_grad():
            for mine, its in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mine.dtype.is_floating_point:
                    mine.lerp_(its, share)
                else:
                    mine.copy_(its)


class _Log:
    """A line every hundred steps: the parts' means and the pace."""

    def __init__(self) -> None:
        self.seen, self.mark = 0, time.monotonic()
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, parts: dict[str, Tensor], course: Course) -> None:
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())
        self._count += 1
        if self._count < LOG_STEPS:
            return
        now = time.monotonic()
        pace = (course.seen - self.seen) / (now - self.mark)
        told = "  ".join(f"{name} {total / self._count:.4f}" for name, total in self._sums.items())
        print(f"{course.spent_s / 60:6.1f} min  step {course.step}  {pace:4.0f} pictures/s  {told}", flush=True)
        self._sums, self._count, self.seen, self.mark = {}, 0, course.seen, now


def averaged(path: Path) -> dict[str, Tensor]:
    """A checkpoint's averaged weights, by name."""
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["average"]
    return weights


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    """Weights decay; biases and normalisation do not."""
    return [
        {"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
