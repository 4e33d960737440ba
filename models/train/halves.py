"""Graphs whose large weights are stored in half precision: half the bytes on disk, the same arithmetic.

ONNX Runtime turns them back into 32 bits once, when it loads the graph. Rounding to eleven bits moves a weight by at
most one part in 2,000, a tenth of what training moves it in a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 1024
"""Values; smaller weights (biases, normalisation) save nothing and stay as they are."""


def halve(path: Path) -> None:
    """Rewrite a graph in place: large float32 initialisers become float16 under their own names, a Cast beside each.

    ValueError when a weight is too large for half precision.
    """
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(f"{path}: {tensor.name} holds values beyond 65504; store this graph in 32 bits")
        wide = f"{tensor.name}.float32"
        casts.append(helper.make_node("Cast", [tensor.name], [wide], to=TensorProto.FLOAT))
        _rename(graph, tensor.name, wide)
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _rename(graph: onnx.GraphProto, before: str, after: str) -> None:
    """Let every node that takes `before` take `after`."""
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == before:
                node.input[i] = after
