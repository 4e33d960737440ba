"""Exports a checkpoint: ONNX with everything that a later run needs to go on, calibrated on val, and its manifest.

    python -m models.train.vehicle export --model ../vehicle-training/run/last.pt
    # writes models/vehicle/vehicle.onnx and models/vehicle/manifest.yaml

`image` (1×3×112×112, float32, BGR, x/127.5 − 1) → `type` 1×9, `color` 1×10, `view` 1×2: log-probabilities over the
words of the record and `other`. Weights are stored in half precision (`models.train.halves`). Initialisers bear their
parameters' names, so that `train --from models/vehicle/vehicle.onnx` can go on from the file alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from edge.camera.pixels import VEHICLE_SIDE
from models.train import listing
from models.train.course import averaged
from models.train.halves import halve
from models.train.vehicle.calibrate import held_out, named, temperatures
from models.train.vehicle.network import Told, VehicleNet
from models.train.vehicle.prepare import read
from models.train.vehicle.validate import HEADS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

OPSET = 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where to where."""
    parser.add_argument(
        "--model", type=Path, default=Path("../vehicle-training/run/last.pt"), help="checkpoint, or .onnx"
    )
    parser.add_argument("--out", type=Path, default=Path("models/vehicle"))


def run(arguments: argparse.Namespace) -> None:
    """Checkpoint → graph → calibration on val → manifest."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    graph = arguments.out / "vehicle.onnx"
    write(load_weights(arguments.model), graph)
    answers = held_out(session(graph), *read(arguments.folder))
    fitted = temperatures(answers)
    manifest(graph, fitted, _right(answers, fitted), arguments.out / "manifest.yaml")
    print(f"{graph}: {graph.stat().st_size / 1e6:.2f} MB, temperatures {fitted}")


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """What `VehicleNet.load_state_dict` takes: from a checkpoint (averaged) or from an exported graph."""
    if path.suffix != ".onnx":
        return averaged(path)
    import onnx
    from onnx import numpy_helper

    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    wanted = VehicleNet().state_dict()
    missing = [name for name in wanted if f"net.{name}" not in tensors]
    if missing:
        raise SystemExit(f"{path} lacks {len(missing)} parameters of this network, {missing[0]} first: was it folded?")
    return {name: torch.from_numpy(tensors[f"net.{name}"].astype(np.float32)) for name in wanted}


def write(weights: dict[str, torch.Tensor], path: Path) -> None:
    """The graph, unfolded."""
    network = VehicleNet()
    network.load_state_dict(weights)
    told = Told(network).eval()
    torch.onnx.export(
        told, (torch.zeros(1, 3, VEHICLE_SIDE, VEHICLE_SIDE),), str(path), opset_version=OPSET, dynamo=False,
        input_names=["image"], output_names=list(HEADS), do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
    )  # fmt: skip
    halve(path)


def session(path: Path) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """One crop (112×112×3 uint8) → logits by head without the batch, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    loaded = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def name(crop: np.ndarray) -> dict[str, np.ndarray]:
        image = np.ascontiguousarray((crop.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None])
        outputs = loaded.run(list(HEADS), {"image": image})
        return {head: output[0] for head, output in zip(HEADS, outputs, strict=True)}

    return name


def _right(answers: object, fitted: dict[str, float]) -> dict[str, float]:
    """What the manifest says of val: by head, share right of all."""
    out = {}
    for name, (_, words) in HEADS.items():
        truth = answers.truths[name]  # type: ignore[attr-defined]
        best, _ = named(answers.logits[name], fitted[name], words)  # type: ignore[attr-defined]
        out[f"right_{name}"] = round(float((best == truth)[truth >= 0].mean()), 4)
    return out


def manifest(graph: Path, fitted: dict[str, float], val: dict[str, float], path: Path) -> None:
    """What models/manifest.yaml includes."""
    words = {f"{name}s": list(HEADS[name][1]) for name in HEADS}
    entry = {
        **listing.entry(graph, "vehicle", "vehicle-words/1", listing.UNIT, (VEHICLE_SIDE, VEHICLE_SIDE)),
        "words": {**words, **{f"{name}_temperature": fitted[name] for name in HEADS}},
        "val": val,
    }
    listing.write(
        path,
        "vehicle",
        [entry],
        "probability = softmax(logits / temperature); where `other` is the most probable word, none is named.",
    )
