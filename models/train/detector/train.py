"""Train from scratch, from a checkpoint, or from an exported network.

    python -m models.train.detector train --out build/detector --steps 12000
    # one core: about 0.35 s a step (16 canvases of 416×256). Expected on val, wide:
    #   step  3000  recall 0.8;  step 12000  see models/detector/CARD.md
    python -m models.train.detector train --out build/detector --steps 30000         # goes on from last.pt
    python -m models.train.detector train --out more --from models/detector/detector.onnx

Writes `last.pt` every five minutes (network, average, optimiser, step), measures the average on val every 3,000 steps.
The learning rate follows the steps: up over 500, then down a cosine to the last one.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from models.train.detector import targets
from models.train.detector.evaluate import measure, torch_find
from models.train.detector.measure import SIZES, summary
from models.train.detector.network import Detector
from models.train.detector.scenes import Pack, compose
from models.train.precision import autocast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SHAPES = (((416, 256), 16, 0.7), ((512, 320), 12, 0.15), ((640, 384), 8, 0.15))
"""Canvas size, canvases a step, how often. Mostly the fast input's size: a step costs what its pixels cost."""
RATE, DECAY, WARM = 2e-3, 0.02, 500
"""AdamW's peak learning rate and weight decay, and the steps up to the peak."""
PARTS = {"score": 1.0, "box": 1.5, "corner": 8.0}
"""Weights of the parts of the loss."""
AVERAGE_STEPS = 1000
"""The averaged weights remember about this many steps."""
SAVE_SECONDS, MEASURE_STEPS = 300, 3000
RENDERED = 1000
"""Rendered plates kept for pasting, beside the photographed crops."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, how long, from what."""
    parser.add_argument("--out", type=Path, default=Path("build/detector"), help="folder for last.pt")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--from", dest="start", type=Path, help="begin with the weights of this .pt or .onnx")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


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
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    last = arguments.out / "last.pt"
    device = torch.device(arguments.device)
    network = Detector().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(_groups(network), lr=arguments.rate, weight_decay=DECAY)
    pack, val = Pack(arguments.pack, rendered=RENDERED), Pack(arguments.pack, split="val")
    step = _begin(last, arguments.start, network, average, optimiser)
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters, from step {step}", flush=True)
    batches = iter(DataLoader(Batches(pack, arguments.seed + step), batch_size=None, num_workers=1, prefetch_factor=4))
    saved = shown = time.monotonic()
    sums: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    while step < arguments.steps:
        pictures, target = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, arguments.steps, arguments.rate)
        parts = _learn(network, optimiser, pictures.to(device), {name: t.to(device) for name, t in target.items()})
        _follow(average, network, step)
        step += 1
        sums = {name: sums[name] + float(parts[name].detach()) for name in PARTS}
        if step % 100 == 0:
            now = time.monotonic()
            told = " ".join(f"{name} {total / 100:.4f}" for name, total in sums.items())
            print(f"step {step}  {told}  {(now - shown) / 100:.3f} s/step", flush=True)
            sums, shown = dict.fromkeys(PARTS, 0.0), now
        if step % MEASURE_STEPS == 0 or step == arguments.steps:
            outcomes = measure(torch_find(copy.deepcopy(average).cpu()), val, SIZES["wide"])
            print(f"val wide, step {step}: {summary(outcomes, 0.4)}", flush=True)
        if time.monotonic() - saved > SAVE_SECONDS or step == arguments.steps:
            saved = time.monotonic()
            _save(last, network, average, optimiser, step)


def _learn(
    network: Detector, optimiser: torch.optim.Optimizer, pictures: Tensor, target: dict[str, Tensor]
) -> dict[str, Tensor]:
    """One step on one batch (N×H×W×3, uint8); the parts of its loss."""
    x = (pictures.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    with autocast(pictures.device):
        logits, shapes = network(x)
    parts = targets.loss(logits, shapes, target)
    optimiser.zero_grad(set_to_none=True)
    torch.stack([weight * parts[name] for name, weight in PARTS.items()]).sum().backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()
    return parts


def _groups(network: Detector) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisation do not."""
    flat = [p for p in network.parameters() if p.ndim == 1]
    return [{"params": [p for p in network.parameters() if p.ndim > 1]}, {"params": flat, "weight_decay": 0.0}]


def _rate(step: int, steps: int, peak: float) -> float:
    """Straight up, then down a cosine to a hundredth."""
    if step < WARM:
        return peak * (step + 1) / WARM
    share = (step - WARM) / max(1, steps - WARM)
    return peak * (0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, share))) / 2)


def _follow(average: Detector, network: Detector, step: int) -> None:
    """Move the averaged weights a little towards the present ones; statistics of the normalisation too."""
    share = max(1 / AVERAGE_STEPS, 1 / (1 + step / 10))
    with torch.no_grad():
        for mine, its in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(its, share)
            else:
                mine.copy_(its)


def _begin(
    last: Path, start: Path | None, network: Detector, average: Detector, optimiser: torch.optim.Optimizer
) -> int:
    """Load whatever there is to go on from; the step to go on at."""
    if last.exists():
        saved = torch.load(last, map_location="cpu", weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        return int(saved["step"])
    if start is not None:
        from models.train.detector.export import weights_of

        weights = weights_of(start) if start.suffix == ".onnx" else torch.load(start, weights_only=True)["average"]
        network.load_state_dict(weights)
        average.load_state_dict(weights)
    return 0


def _save(last: Path, network: Detector, average: Detector, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Whole or not at all: write beside, then rename."""
    fresh = last.with_suffix(".new")
    torch.save(
        {
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
        },
        fresh,
    )
    fresh.replace(last)
