"""Trains the spotter's head on what the held body saw of many windows: minutes on one core.

    python -m models.train.spotter train --body efficientnet-lite0-57934424.pth --minutes 12

First the body looks once at each window (ONNX Runtime; 15 ms each with making it). What it saw is kept in the folder,
a thousand windows a file, so a second run begins at once and a longer one goes on. Then the head learns from that
alone. A checkpoint is written now and then, and the same command goes on from it (`models.train.course`).

The log's `val` line: see `models.train.spotter.validate`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.train.course import Course, Plan, add_run_arguments, set_up
from models.train.spotter.network import Body, Head, body_of
from models.train.spotter.prepare import read
from models.train.spotter.validate import Validation
from models.train.spotter.windows import Feeder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from models.train.spotter.prepare import Label


BATCH, RATE = 64, 2e-3
WINDOWS, CHUNK = 11_000, 1000
BOX_WEIGHT, BAG_WEIGHT = 1.0, 0.15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, how long, from what."""
    add_run_arguments(parser, "../spotter-training/run", RATE)
    parser.add_argument("--body", type=Path, required=True, help="ImageNet's weights; see models.train.vehicle.train")
    parser.add_argument("--windows", type=int, default=WINDOWS, help="that the body looks at")
    parser.add_argument("--minutes", type=float, default=12.0)


def run(arguments: argparse.Namespace) -> None:
    """Look once, then learn until the time is used up."""
    set_up(arguments)
    pictures, labels = read(arguments.folder)
    body = body_of(arguments.body)
    look = looker(body, arguments.folder / "body.onnx")
    seen = seen_once(arguments.folder, look, (pictures, labels), arguments.windows, arguments.seed)
    validation = Validation(pictures, labels, look)
    head = Head()
    course = Course(head, arguments.out, Plan(rate=arguments.rate, decay=0.05, average_steps=150),
                    minutes=arguments.minutes)  # fmt: skip
    course.begin()
    rng = np.random.default_rng(arguments.seed + course.step)
    while course.goes_on():
        batch = seen.some(rng, BATCH)
        course.learn(losses(course.network(batch["seen"]), batch), BATCH)
        course.keep(validation.told, every_s=60.0)


def looker(body: Body, path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """What the body sees of one window (S×S×3, uint8) → 112×C×C, by ONNX Runtime: many times PyTorch's pace."""
    import onnxruntime

    from edge.camera.pixels import SPOTTER_SIDE

    torch.onnx.export(body, (torch.zeros(1, 3, SPOTTER_SIDE, SPOTTER_SIDE),), str(path), opset_version=17,
                      dynamo=False, input_names=["image"], output_names=["seen"])  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def look(image: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray((image.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None])
        seen: np.ndarray = session.run(["seen"], {"image": x})[0][0]
        return seen

    return look


@dataclass(frozen=True)
class Seen:
    """Windows as the body saw them, and their cells; first axis: the window."""

    seen: np.ndarray
    heat: np.ndarray
    asked: np.ndarray
    box: np.ndarray
    own: np.ndarray
    bag: np.ndarray

    def some(self, rng: np.random.Generator, count: int) -> dict[str, Tensor]:
        """A batch by chance."""
        chosen = rng.integers(0, len(self.seen), count)
        return {one.name: torch.from_numpy(getattr(self, one.name)[chosen].astype(np.float32)) for one in fields(self)}


def seen_once(
    folder: Path,
    look: Callable[[np.ndarray], np.ndarray],
    learnt: tuple[list[np.ndarray], list[Label]],
    count: int,
    seed: int,
) -> Seen:
    """From the folder's files, a thousand windows each; what is missing is looked at now and kept there."""
    parts = []
    for number in range(-(-count // CHUNK)):
        path = folder / f"seen-{seed}-{number:02d}.npz"
        if not path.exists():
            np.savez(path, **_looked_at(look, Feeder(*learnt, "train", seed * 1000 + number)))
            print(f"{CHUNK * (number + 1)} of {count} windows seen", flush=True)
        with np.load(path) as file:
            parts.append({name: file[name] for name in file})
    return Seen(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _looked_at(look: Callable[[np.ndarray], np.ndarray], feeder: Feeder) -> dict[str, np.ndarray]:
    windows = [feeder.next() for _ in range(CHUNK)]
    kept = {one.name: [getattr(window, one.name) for window in windows] for one in fields(Seen) if one.name != "seen"}
    kept["seen"] = [look(window.image) for window in windows]
    return {name: np.stack(part).astype(np.float16) for name, part in kept.items()}


def losses(outputs: tuple[Tensor, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """What is to be minimised: the cells' scores, the boxes of those that are a vehicle's own, and the bags."""
    logits, boxes = outputs
    return {
        "score": _focal(logits, batch["heat"], batch["asked"]),
        "box": BOX_WEIGHT * _far(boxes, batch["box"], batch["own"]),
        "bag": BAG_WEIGHT * _bagged(logits, batch["bag"]),
    }


def _focal(logits: Tensor, heat: Tensor, asked: Tensor) -> Tensor:
    """CenterNet's: cells near a middle are punished less the nearer they are."""
    p = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    middle = (heat > 0.99).float()
    right = -(p.log()) * (1 - p) ** 2 * middle
    wrong = -((1 - p).log()) * p**2 * (1 - heat) ** 4 * (1 - middle)
    return ((right + wrong) * asked).sum() / middle.sum().clamp(min=1.0)


def _far(boxes: Tensor, true: Tensor, own: Tensor) -> Tensor:
    """1 − generalised IoU, over the cells that are a vehicle's own."""
    a, b = boxes.movedim(1, -1)[own > 0], true.movedim(1, -1)[own > 0]
    if not len(a):
        return boxes.sum() * 0.0
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    outer = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1)
    whole = (a[:, 2:] - a[:, :2]).prod(-1) + (b[:, 2:] - b[:, :2]).prod(-1) - inner
    return (1 - inner / whole.clamp(min=1e-6) + (outer - whole) / outer.clamp(min=1e-6)).mean()


def _bagged(logits: Tensor, bag: Tensor) -> Tensor:
    """The best cell of each bag is a vehicle."""
    there = bag.flatten(1).any(1)
    if not there.any():
        return logits.sum() * 0.0
    best = torch.where(bag > 0, logits, torch.full_like(logits, -30.0)).flatten(1).amax(1)[there]
    return F.softplus(-best).mean()
