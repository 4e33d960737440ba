"""Exports a checkpoint: body and head in one ONNX file, calibrated on val, and its manifest.

    python -m models.train.spotter export --model ../spotter-training/run/last.pt --body efficientnet-lite0-57934424.pth
    # writes models/spotter/spotter.onnx and models/spotter/manifest.yaml

`image` (1×3×160×160, float32, BGR, x/127.5 − 1) → `score` 1×10×10 (probabilities), `box` 1×4×10×10 (left, top, right,
bottom in shares of the square). Weights are stored in half precision (`models.train.halves`). The calibration is a
logistic curve over the best cell of val windows; the threshold is what `FALSE` of the windows without a vehicle (roads,
signs, persons, cyclists) reach: three such finds in a row, on a path, are then rare.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from edge.camera.pixels import SPOTTER_SIDE
from models.train import listing
from models.train.course import averaged
from models.train.halves import halve
from models.train.spotter.network import Head, Told, body_of
from models.train.spotter.prepare import read
from models.train.spotter.train import looker
from models.train.spotter.validate import TOUCHING, Finds, Validation

if TYPE_CHECKING:
    import argparse

OPSET = 17
FALSE = 0.002


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where to where."""
    parser.add_argument("--model", type=Path, default=Path("../spotter-training/run/last.pt"))
    parser.add_argument("--body", type=Path, required=True, help="as `train` had it")
    parser.add_argument("--out", type=Path, default=Path("models/spotter"))


def run(arguments: argparse.Namespace) -> None:
    """Checkpoint → calibration on val → graph → manifest."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    body, head = body_of(arguments.body), Head()
    head.load_state_dict(averaged(arguments.model))
    finds = Validation(*read(arguments.folder), looker(body, arguments.folder / "body.onnx")).finds(head.eval())
    curve = calibrate(finds)
    least = finds.false(FALSE)
    graph = arguments.out / "spotter.onnx"
    write(Told(body, head, curve).eval(), graph)
    score_min = round(float(1 / (1 + np.exp(-(curve[0] * least + curve[1])))), 3)
    manifest(graph, score_min, finds.at(least), arguments.out / "manifest.yaml")
    print(
        f"{graph}: {graph.stat().st_size / 1e6:.2f} MB, calibration {curve}, threshold {score_min}, {finds.at(least)}"
    )


def calibrate(finds: Finds) -> tuple[float, float]:
    """a, b of sigmoid(a · logit + b): the probability that a window's best find is a vehicle, by gradient descent."""
    x, y = torch.from_numpy(finds.logits).double(), torch.from_numpy((finds.lies >= TOUCHING).astype(float))
    line = torch.tensor([1.0, 0.0], dtype=torch.double, requires_grad=True)
    fit = torch.optim.LBFGS([line], max_iter=100)

    def closure() -> torch.Tensor:
        fit.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(line[0] * x + line[1], y)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    fit.step(closure)  # type: ignore[no-untyped-call]
    a, b = (round(float(value), 4) for value in line)
    return a, b


def write(told: Told, path: Path) -> None:
    """The graph, large weights in half precision."""
    torch.onnx.export(
        told, (torch.zeros(1, 3, SPOTTER_SIDE, SPOTTER_SIDE),), str(path), opset_version=OPSET, dynamo=False,
        input_names=["image"], output_names=["score", "box"],
    )  # fmt: skip
    halve(path)


def manifest(graph: Path, score_min: float, val: dict[str, float], path: Path) -> None:
    """What models/manifest.yaml includes."""
    entry = {
        **listing.entry(graph, "spotter", "vehicle-spotter/1", listing.UNIT, (SPOTTER_SIDE, SPOTTER_SIDE)),
        "labels": ["vehicle"],
        "score_min": score_min,
        "val": val,
    }
    listing.write(path, "spotter", [entry])
