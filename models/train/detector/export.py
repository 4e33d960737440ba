"""Export a checkpoint: calibrate on val, choose the threshold on val, write the network and its manifest.

    python -m models.train.detector export --model build/detector/last.pt
    # writes models/detector/detector.onnx (32 bits), detector-int8.onnx and manifest.yaml

The graph takes `image` (1×H×W×3, uint8, BGR, H and W multiples of 32) and gives `scores` (1×32, calibrated, falling)
and `corners` (1×32×4×2, canvas pixels, clockwise from the plate's top left). Both input sizes are the same file.
Normalisation layers are not folded, and initialisers bear their parameters' names, so that the 32-bit file holds all
that `train --from` needs; ONNX Runtime folds them when it loads it, and the 8-bit file is made from a folded copy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from edge.camera.pixels import letterbox
from models.train import listing
from models.train.course import averaged
from models.train.detector.evaluate import load, measure
from models.train.detector.measure import SIZES, false, figures
from models.train.detector.network import Detector, Finder
from models.train.detector.scenes import Pack

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from models.train.detector.measure import Outcome

OPSET = 17
PREFIX = "network."
"""What stands before each parameter's name in the graph: `Finder` holds the network under this name."""
FALSE_MAX = 0.1
"""False boxes an image that the chosen threshold may cost on val, whose photographs are full of buses and lettering: a
road camera sees fewer, and a plate that is not found is lost while a false box is seldom read."""
CALIBRATION_PICTURES = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where to where."""
    parser.add_argument("--model", type=Path, default=Path("build/detector/last.pt"))
    parser.add_argument("--out", type=Path, default=Path("models/detector"))
    parser.add_argument("--no-int8", action="store_true", help="leave the 8-bit file out")


def run(arguments: argparse.Namespace) -> None:
    """Checkpoint → calibrated graph → 8-bit graph → manifest."""
    network = Detector()
    network.load_state_dict(averaged(arguments.model))
    finder = Finder(network).eval()
    val = Pack(arguments.pack, split="val")
    arguments.out.mkdir(parents=True, exist_ok=True)
    whole = arguments.out / "detector.onnx"
    write(finder, whole)
    outcomes = [outcome for size in SIZES.values() for outcome in measure(load(whole), val, size)]
    finder.calibration.copy_(torch.tensor(calibrate(outcomes)))
    write(finder, whole)
    chosen = whole
    if not arguments.no_int8:
        chosen = arguments.out / "detector-int8.onnx"
        quantise(whole, chosen, _canvases(Pack(arguments.pack), CALIBRATION_PICTURES))
    entries = [_entry(name, size, chosen, val) for name, size in SIZES.items()]
    a, b = finder.calibration.tolist()
    remark = f"Scores are probabilities already: sigmoid({a:.4f} · logit {b:+.4f}) is in the graph."
    listing.write(arguments.out / "manifest.yaml", "detector", entries, remark)
    print((arguments.out / "manifest.yaml").read_text())


def write(finder: Finder, path: Path) -> None:
    """The graph in 32 bits, H and W free, normalisation unfolded, every initialiser under its parameter's name."""
    import onnx

    example = torch.zeros(1, 256, 416, 3, dtype=torch.uint8)
    torch.onnx.export(
        finder,
        (example,),
        str(path),
        opset_version=OPSET,
        dynamo=False,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["image"],
        output_names=["scores", "corners"],
        dynamic_axes={"image": {1: "height", 2: "width"}},
    )
    model = onnx.load(str(path))
    onnx.checker.check_model(model)
    missing = (
        set(finder.network.state_dict())
        - set(weights_of(path))
        - {k for k in finder.network.state_dict() if k.endswith("tracked")}
    )
    assert not missing, f"{path}: the graph lost {sorted(missing)}"


def weights_of(path: Path) -> dict[str, Tensor]:
    """What `Detector.load_state_dict` takes, from a checkpoint (averaged) or an exported 32-bit graph."""
    if path.suffix != ".onnx":
        return averaged(path)
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    held = {i.name: numpy_helper.to_array(i) for i in graph.initializer if i.name.startswith(PREFIX)}
    weights = {name[len(PREFIX) :]: torch.from_numpy(np.array(value)) for name, value in held.items()}
    for name in [n for n in weights if n.endswith("running_mean")]:
        weights[name.replace("running_mean", "num_batches_tracked")] = torch.tensor(0)
    return weights


def calibrate(outcomes: list[Outcome]) -> tuple[float, float]:
    """Platt scaling on val: a, b, so that of the finds that say sigmoid(a · logit + b) = p the share p are plates."""
    sure = [(o.match >= 0) | false(o) for o in outcomes]  # neither: a loose second box on a plate, which says nothing
    scores = np.concatenate([o.scores[s] for o, s in zip(outcomes, sure, strict=True)])
    hits = np.concatenate([o.match[s] >= 0 for o, s in zip(outcomes, sure, strict=True)])
    logit = np.log(scores / (1 - scores + 1e-7) + 1e-7).astype(np.float64)
    a, b = 1.0, 0.0
    for _ in range(50):  # Newton's method on two numbers
        p = 1 / (1 + np.exp(-(a * logit + b)))
        slope, curve = p - hits, p * (1 - p)
        gradient = np.array([(slope * logit).sum(), slope.sum()])
        mixed = (curve * logit).sum()
        hessian = np.array([[(curve * logit * logit).sum(), mixed], [mixed, curve.sum()]])
        a, b = np.array([a, b]) - np.linalg.solve(hessian + 1e-6 * np.eye(2), gradient)
    return float(a), float(b)


def threshold(outcomes: list[Outcome]) -> float:
    """The lowest score (in steps of 0.01) that keeps false boxes within `FALSE_MAX` an image."""
    for score in np.arange(0.05, 0.95, 0.01):
        if figures(outcomes, float(score))["false"] <= FALSE_MAX * len(outcomes):
            return round(float(score), 2)
    return 0.95


def quantise(whole: Path, path: Path, canvases: list[NDArray[np.uint8]]) -> None:
    """Static 8-bit graph (QDQ, weights per channel); the last two 1×1 convolutions and the decoding stay in 32 bits.

    Weights have seven bits: chips without VNNI add eight-bit products with saturation, and finds were lost there.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Canvases(CalibrationDataReader):
        """Hands the canvases to the calibrator one by one."""

        def __init__(self) -> None:
            self.left: Iterator[NDArray[np.uint8]] = iter(canvases)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            canvas = next(self.left, None)
            return None if canvas is None else {"image": canvas[None]}

    import onnx

    folded = path.with_suffix(".folded.onnx")
    quant_pre_process(
        str(whole), str(folded), skip_symbolic_shape=True
    )  # folds the normalisation into the convolutions
    # The decoding adds too, but coordinates do not fit into 8 bits; and the last layer's errors would be pixels.
    nodes = onnx.load(str(folded)).graph.node
    body = [n.name for n in nodes if n.op_type in {"Conv", "Add", "Relu", "Resize"} and n.name.startswith("/network/")]
    rounded = [name for name in body if not name.startswith(("/network/score/", "/network/shape/"))]
    quantize_static(
        str(folded),
        str(path),
        Canvases(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=["Conv", "Add", "Relu", "Resize"],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        nodes_to_quantize=rounded,
        calibrate_method=CalibrationMethod.MinMax,
    )
    folded.unlink()


def _canvases(pack: Pack, count: int) -> list[NDArray[np.uint8]]:
    """Letterboxed training photographs, every so many, both sizes in turn."""
    step = max(1, len(pack.scenes) // count)
    sizes = list(SIZES.values())
    return [
        letterbox(scene.levels[0], *sizes[i % len(sizes)])[0] for i, scene in enumerate(pack.scenes[::step][:count])
    ]


def _entry(name: str, size: tuple[int, int], path: Path, val: Pack) -> dict[str, Any]:
    """What the manifest says of one input size; its threshold is its own."""
    outcomes = measure(load(path), val, size)
    score_min = threshold(outcomes)
    got: dict[str, Any] = figures(outcomes, score_min)
    return {
        **listing.entry(path, f"detector-{name}", "corner-detector/1", listing.BYTES, size),
        "labels": ["plate"],
        "score_min": score_min,
        "val": {
            "recall": round(got["found"] / got["plates"], 4),
            "false_per_image": round(got["false"] / len(outcomes), 4),
            "corner_error": round(float(got["corner_source"]), 4),
        },
    }
