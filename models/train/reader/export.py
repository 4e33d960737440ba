"""Exports a checkpoint: ONNX with everything that a later run needs to go on, calibrated on val, and its manifest.

    python -m models.train.reader export --model ../reader-training/run/last.pt
    # writes models/reader/reader.onnx and models/reader/manifest.yaml

`image` (1×3×64×128, float32, BGR, x/127.5 − 1) → `text` 1×64×37, `stacked` 1×64×37, `region` 1×R, all logits, blank
first. Normalisation layers are not folded, and initialisers bear their parameters' names, so that
`train --from models/reader/reader.onnx` can go on from the file alone; ONNX Runtime folds them when it loads it. Large
weights are stored in half precision (`models.train.halves`).
`--int8` writes a static per-channel QDQ copy beside it, lists it as `reader-int8`, and prints how it reads on val. Its
weights have seven bits, because chips without VNNI add eight-bit products with saturation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch

from edge.camera.ctc import decode
from edge.camera.pixels import READER_HEIGHT, READER_WIDTH, glances
from edge.camera.plates import ALPHABET, fold
from edge.camera.vision.adapters.reading import READING
from edge.camera.vision.manifest import Entry
from models.train import listing
from models.train.course import averaged
from models.train.halves import halve
from models.train.reader.calibrate import TEMPERATURES, Calibration, fit_region, fit_settled, fit_text
from models.train.reader.network import REGIONS, Reader

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edge.camera.scene import Read

OPSET = 17
Outputs = tuple[np.ndarray, np.ndarray, np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where to where."""
    parser.add_argument(
        "--model", type=Path, default=Path("../reader-training/run/last.pt"), help="checkpoint, or .onnx"
    )
    parser.add_argument("--out", type=Path, default=Path("models/reader"))
    parser.add_argument("--int8", action="store_true", help="write and compare the 8-bit copy too")


def run(arguments: argparse.Namespace) -> None:
    """Checkpoint → graph → calibration on val → manifest."""
    from models.train.reader.validate import Validation

    arguments.out.mkdir(parents=True, exist_ok=True)
    graph = arguments.out / "reader.onnx"
    write(load_weights(arguments.model), graph)
    network = session(graph)
    validation = Validation(arguments.folder)
    calibration = calibrate(graph, validation)
    graphs = {graph: held_out(network, validation, calibration)}
    print(f"{graph}: {graph.stat().st_size / 1e6:.2f} MB", calibration)
    if arguments.int8:
        small = arguments.out / "reader-int8.onnx"
        quantise(graph, small, validation.calibration_pictures())
        graphs[small] = held_out(session(small), validation, calibration)
        compare(network, session(small), validation)
    manifest(graphs, calibration, arguments.out / "manifest.yaml")


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Averaged weights by parameter name, from a checkpoint or from an exported graph."""
    if path.suffix != ".onnx":
        return averaged(path)
    import onnx
    from onnx import numpy_helper

    fresh = Reader().state_dict()
    found = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(path).graph.initializer}
    weights = {name: found.get(name, value) for name, value in fresh.items() if name in found or _may_lack(name)}
    missing = [name for name in fresh if name not in weights]
    if missing:
        raise SystemExit(
            f"{path} lacks {len(missing)} parameters of this network, {missing[0]} first: "
            "was it folded or quantised? Take a reader.onnx written by `export`."
        )
    return weights


def _may_lack(name: str) -> bool:
    """Counters are not exported."""
    return name.endswith("num_batches_tracked")


def write(weights: dict[str, torch.Tensor], path: Path) -> None:
    """The graph, unfolded, its large weights in half precision."""
    network = Reader()
    network.load_state_dict(weights)
    network.eval()
    torch.onnx.export(
        network, (torch.zeros(1, 3, READER_HEIGHT, READER_WIDTH),), str(path), opset_version=OPSET, dynamo=False,
        input_names=["image"], output_names=["text", "stacked", "region"], do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
    )  # fmt: skip
    halve(path)


def session(path: Path) -> Callable[[np.ndarray], Outputs]:
    """One crop (64×128×3 uint8) → (text, stacked, region) logits without the batch, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    loaded = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def read(crop: np.ndarray) -> Outputs:
        text, stacked, region = loaded.run(None, {"image": tensor(crop)})
        return text[0], stacked[0], region[0]

    return read


def tensor(crop: np.ndarray) -> np.ndarray:
    """The network's input for one crop."""
    return np.ascontiguousarray((crop.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None])


def calibrate(graph: Path, validation: object) -> Calibration:
    """Fit everything on val."""
    network = session(graph)
    crops, texts, regions = validation.for_calibration()  # type: ignore[attr-defined]
    glanced = [[network(one) for one in glances(crop)] for crop in crops]
    outputs = [first for first, *_ in glanced]
    known = [i for i, text in enumerate(texts) if text is not None]
    said, truths = [outputs[i] for i in known], [texts[i] for i in known]
    placed = [i for i, region in enumerate(regions) if region >= 0]
    warmth, threshold = fit_region(np.stack([outputs[i][2] for i in placed]), np.array([regions[i] for i in placed]))
    best: tuple[float, Calibration] | None = None
    for temperature in TEMPERATURES:
        whole, single = fit_text(np.stack([one[0] for one in said]), truths, temperature)
        raw = Calibration(temperature, whole, warmth, threshold)
        settled, loss, right = fit_settled([reads(graph, raw, glanced[i]) for i in known], truths)
        print(f"temperature {temperature}: log-loss {single:.4f}, settled by shapes {loss:.4f}, {right:.4f} right")
        if best is None or loss < best[0]:
            best = loss, replace(raw, settled=settled)
    assert best is not None
    return best[1]


def reads(graph: Path, calibration: Calibration, outputs: list[Outputs]) -> list[Read]:
    """What the device's adapter makes of the network's outputs."""
    listed = msgspec.convert(entry(graph, calibration), Entry)
    decode_outputs = READING[listed.adapter].decode
    return [decode_outputs(listed, tuple(output[None] for output in one)) for one in outputs]


def held_out(
    network: Callable[[np.ndarray], Outputs], validation: object, calibration: Calibration
) -> dict[str, float]:
    """What the manifest says of val: exact reads (O/0 and I/1 merged) and regions, flat plates and photographs."""
    out = {}
    for kind in ("crop", "insitu"):
        rows = [i for i, label in enumerate(validation.labels) if label.kind == kind and label.text]  # type: ignore[attr-defined]
        said = [network(validation.crops[i]) for i in rows]  # type: ignore[attr-defined]
        wanted = [fold(validation.labels[i].text) for i in rows]  # type: ignore[attr-defined]
        reads = [fold(decode(text, calibration.temperature).text) for text, _, _ in said]
        out[f"exact_{kind}"] = round(float(np.mean([r == w for r, w in zip(reads, wanted, strict=True)])), 4)
    return out


def entry(graph: Path, calibration: Calibration) -> dict[str, object]:
    """What the manifest says of one graph, which bears the file's name."""
    return {
        **listing.entry(graph, graph.stem, "ctc-reader/1", listing.UNIT, (READER_WIDTH, READER_HEIGHT)),
        "alphabet": ALPHABET,
        "regions": list(REGIONS),
        "calibration": calibration.told(),
    }


def manifest(graphs: dict[Path, dict[str, float]], calibration: Calibration, path: Path) -> None:
    """What models/manifest.yaml includes: each graph with what it reads of val."""
    listing.write(
        path,
        "reader",
        [{**entry(graph, calibration), "val": val} for graph, val in graphs.items()],
        "confidence = sigmoid(a*x + b*y + c), whole_text = [a, b, c]; x, y: ctc.Decoded.features:",
        "log-odds, within ±12, of the text and of its least sure character at `temperature`.",
        "settled = [a, b, c, d] over vision.settle.Choice.features: a photograph's read, once shapes are weighed.",
        "region = softmax(logits / region_temperature); the best is named when it reaches region_names_one;",
        "`other` is no name.",
    )


def quantise(graph: Path, path: Path, crops: np.ndarray) -> None:
    """8-bit weights (each channel its own scale) and activations, ranges taken from `crops`."""
    import tempfile

    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Crops(CalibrationDataReader):
        """Hands the crops over one by one."""

        def __init__(self) -> None:
            self.left = iter(crops)

        def get_next(self) -> dict[str, np.ndarray] | None:
            crop = next(self.left, None)
            return None if crop is None else {"image": tensor(crop)}

    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        quant_pre_process(str(graph), str(folded))
        quantize_static(
            str(folded),
            str(path),
            Crops(),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def compare(whole: Callable[[np.ndarray], Outputs], small: Callable[[np.ndarray], Outputs], validation: object) -> None:
    """How the 8-bit copy reads against the 32-bit one, on val."""
    import time

    crops, texts, _ = validation.for_calibration()  # type: ignore[attr-defined]
    known = [i for i, text in enumerate(texts) if text]
    for name, network in (("32-bit", whole), ("8-bit", small)):
        began = time.perf_counter()
        outputs = [network(crops[i])[0] for i in known]
        ms = (time.perf_counter() - began) / len(known) * 1000
        exact = np.mean([fold(decode(out).text) == fold(texts[i]) for out, i in zip(outputs, known, strict=True)])
        print(f"{name}: exact {exact:.4f} of {len(known)}, {ms:.2f} ms a crop")
