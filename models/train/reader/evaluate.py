"""How well a reader reads the held-out plates: never the evaluation set, that is `models/bench/reader.py`.

    python -m models.train.reader evaluate --model models/reader/reader.onnx

prints exact reads (merged and strict) near and far, regions, the commonest confusions, and the reliability table.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.ctc import decode
from edge.camera.plates import fold
from models.train.reader.calibrate import Calibration, confidences, reliability
from models.train.reader.export import calibrate, load_weights, session, write
from models.train.reader.network import REGIONS
from models.train.reader.validate import Validation

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from models.train.reader.export import Outputs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to judge."""
    parser.add_argument("--model", type=Path, default=Path("models/reader/reader.onnx"), help="checkpoint, or .onnx")


def run(arguments: argparse.Namespace) -> None:
    """Print everything."""
    validation = Validation(arguments.folder)
    network, calibration = loaded(arguments.model, validation)
    crops, texts, regions = validation.for_calibration()
    outputs = [network(crop) for crop in crops]
    reads = [decode(out[0], calibration.temperature) for out in outputs]
    known = [i for i, text in enumerate(texts) if text]
    right = np.array([fold(reads[i].text) == fold(texts[i] or "") for i in known])
    strict = np.mean([reads[i].text == texts[i] for i in known])
    print(f"exact {right.mean():.4f} merged, {strict:.4f} strict, of {len(known)} (near and far together)")
    placed = [i for i, region in enumerate(regions) if region >= 0]
    print(
        f"region {np.mean([int(outputs[i][2].argmax()) == regions[i] for i in placed]):.4f} of {len(placed)}, "
        f"{len(REGIONS)} to choose from"
    )
    sure = confidences([reads[i] for i in known], calibration)
    for row in reliability(sure, right):
        print("confidence {}: {:5d} reads, mean {:.3f}, right {:.3f}".format(*row))
    high = sure >= 0.9
    print(
        f"of {high.sum()} reads that say 0.9 or more, {right[high].mean():.4f} are right; "
        f"that is {high.mean():.3f} of all"
    )
    pairs = confusions([(reads[i].text, texts[i] or "") for i in known])
    print("confusions (true>read):", " ".join(f"{a}>{b}:{n}" for (a, b), n in pairs.most_common(25)))


def loaded(model: Path, validation: Validation) -> tuple[Callable[[np.ndarray], Outputs], Calibration]:
    """An exported network with its manifest's calibration, or a checkpoint calibrated here."""
    import tempfile

    import yaml

    if model.suffix == ".onnx":
        told = yaml.safe_load(model.with_name("manifest.yaml").read_text())["networks"][0]["calibration"]
        return session(model), Calibration(**{**told, "whole_text": tuple(told["whole_text"])})
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "reader.onnx"
        write(load_weights(model), graph)
        return session(graph), calibrate(graph, validation)


def confusions(pairs: list[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """(true, read) → how often, over reads of the true length, O/0 and I/1 merged."""
    out: Counter[tuple[str, str]] = Counter()
    for read, truth in pairs:
        if len(read) == len(truth) and read != truth:
            out.update((t, r) for t, r in zip(fold(truth), fold(read), strict=True) if t != r)
    return out
