"""Checkpoint → the network as the device runs it, its probability calibrated on val, and its manifest.

python -m models.train.straightener export --model build/straightener/last.pt
# writes models/straightener/straightener.onnx (1.3 MB) and manifest.yaml
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from edge.camera.pixels import STRAIGHTENER_HEIGHT, STRAIGHTENER_WIDTH
from models.train import listing
from models.train.course import averaged
from models.train.detector.scenes import Pack
from models.train.straightener.network import Exported, Straightener
from models.train.straightener.validate import Validation, off, outputs

if TYPE_CHECKING:
    import argparse

    from torch import Tensor

OPSET = 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where to where."""
    parser.add_argument("--model", type=Path, default=Path("build/straightener/last.pt"))
    parser.add_argument("--out", type=Path, default=Path("models/straightener"))


def run(arguments: argparse.Namespace) -> None:
    """Write both files."""
    network = Straightener.like(weights_of(arguments.model))
    validation = Validation(Pack(arguments.pack, split="val", rendered=200, seed=1))
    crops = np.stack([sample.crop for sample in validation.samples])
    moves, _ = outputs(network, crops)
    exact = np.array(validation.exact)
    error = off(moves - np.stack([sample.moves for sample in validation.samples]))[exact].mean()
    exported = Exported(network.eval()).eval()
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "straightener.onnx"
    torch.onnx.export(
        exported,
        (torch.zeros(1, STRAIGHTENER_HEIGHT, STRAIGHTENER_WIDTH, 3, dtype=torch.uint8),),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        input_names=["image"],
        output_names=["corners", "plate"],
    )
    size = (STRAIGHTENER_WIDTH, STRAIGHTENER_HEIGHT)
    entry = listing.entry(path, "straightener", "plate-straightener/1", listing.BYTES, size)
    entry["val"] = {"corner_error": round(float(error), 4)}
    listing.write(arguments.out / "manifest.yaml", "straightener", [entry])
    print("now: python -m models.train.straightener weigh (until then the device uses the detector's score alone)")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, corner error {error:.4f} of the width on val")


def weights_of(path: Path) -> dict[str, Tensor]:
    """What `Straightener.like` takes, from a checkpoint (averaged) or an exported graph, whose weights are folded."""
    if path.suffix != ".onnx":
        return averaged(path)
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    convs = [node.input for node in graph.node if node.op_type == "Conv"]
    in_order = [held[name] for _, weight, bias in convs for name in (weight, bias)]
    names = list(Straightener(folded=True).state_dict())
    dense = {name: held[f"network.{name}"] for name in names[len(in_order) :]}
    return {**dict(zip(names, in_order, strict=False)), **dense}
