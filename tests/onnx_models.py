"""Small ONNX files for tests: they truly run, and see just enough to be told apart from constants.

Each function writes one file and returns its manifest entry as plain values; `manifest` writes such entries down.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

from edge.camera.plates import ALPHABET

if TYPE_CHECKING:
    from pathlib import Path

FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8
Entry = dict[str, Any]


def manifest(folder: Path, **networks: Entry) -> Path:
    """`models/manifest.yaml` naming these networks; `detector_wide=…` becomes `detector-wide`."""
    path = folder / "manifest.yaml"
    named = [{"name": name.replace("_", "-"), **entry} for name, entry in networks.items()]
    path.write_text(yaml.safe_dump({"networks": named}, sort_keys=False))
    return path


def corner_detector(
    path: Path, *, width: int = 640, height: int = 384, layout: str = "NHWC", score: float = 0.9, kept: int = 3
) -> Entry:
    """Finds the one white rectangle in a picture: `corner-detector/1`, uint8 NHWC or float32 NCHW.

    Its corners are those of the bounding rectangle of all pixels that are (nearly) white in every channel.
    """
    nhwc = layout == "NHWC"
    sides = [1, height, width, 3] if nhwc else [1, 3, height, width]
    nodes = [
        *([helper.make_node("Cast", ["image"], ["grey"], to=FLOAT)] if nhwc else _node("Identity", ["image"], "grey")),
        *_node("ReduceMin", ["grey"], "least", axes=[3 if nhwc else 1], keepdims=0),  # 1×H×W
        *_node("Greater", ["least", "white"], "is_white"),
        helper.make_node("Cast", ["is_white"], ["mask"], to=FLOAT),
        *_node("ReduceMax", ["mask"], "columns", axes=[0, 1], keepdims=0),  # W
        *_node("ReduceMax", ["mask"], "rows", axes=[0, 2], keepdims=0),  # H
        *_end("columns", "x_up", "x1"),
        *_end("rows", "y_up", "y1"),
        *_end("columns", "x_down", "x0_mirrored"),
        *_end("rows", "y_down", "y0_mirrored"),
        *_node("Sub", ["width", "x0_mirrored"], "x0"),
        *_node("Sub", ["height", "y0_mirrored"], "y0"),
        *_node("Concat", ["x0", "y0", "x1", "y0", "x1", "y1", "x0", "y1"], "flat", axis=0),
        *_node("Reshape", ["flat", "quad"], "one"),
        *_node("Expand", ["one", "all"], "corners"),
        *_node("ReduceMax", ["mask"], "any", keepdims=0),
        *_node("Mul", ["any", "each"], "scores"),
    ]
    up, down = np.arange(1, width + 1), np.arange(width, 0, -1)
    constants = {
        "white": np.float32(250 if nhwc else 250 / 255),
        "x_up": up.astype(np.float32),
        "x_down": down.astype(np.float32),
        "y_up": np.arange(1, height + 1, dtype=np.float32),
        "y_down": np.arange(height, 0, -1, dtype=np.float32),
        "width": np.array([width], np.float32),
        "height": np.array([height], np.float32),
        "quad": np.array([1, 1, 4, 2]),
        "all": np.array([1, kept, 4, 2]),
        "each": np.array([[score, *[score / 20] * (kept - 1)]], np.float32),
    }
    outputs = {"scores": [1, kept], "corners": [1, kept, 4, 2]}
    sha256 = _write(path, nodes, ("image", UINT8 if nhwc else FLOAT, sides), outputs, constants)
    wanted = {"width": width, "height": height, "layout": layout, "type": "uint8" if nhwc else "float32"}
    scale = {} if nhwc else {"scale": 1 / 255}
    return {
        "file": path.name,
        "sha256": sha256,
        "adapter": "corner-detector/1",
        "input": {**wanted, **scale},
        "labels": ["plate"],
        "score_min": 0.4,
    }


def ctc_reader(
    path: Path,
    text: str = "123ABC",
    *,
    stacked: str = "",
    region: str = "US-KS",
    regions: tuple[str, ...] = ("US-KS", "US-MO", "other"),
    sure: float = 9.0,
    size: tuple[int, int] = (128, 64),
) -> Entry:
    """Reads one text from every crop that is bright on the whole, and nothing from a dark one: `ctc-reader/1`."""
    bright = ctc_logits(text, sure=sure)
    place = np.full((1, len(regions)), -2.0, np.float32)
    place[0, regions.index(region)] = 4.0
    nodes = [
        *_node("ReduceMean", ["image"], "mean", axes=[0, 1, 2, 3], keepdims=0),
        *_node("Greater", ["mean", "zero"], "light"),
        *_node("Where", ["light", "text_bright", "text_dark"], "text"),
        *_node("Where", ["light", "stacked_bright", "text_dark"], "stacked"),
        *_node("Where", ["light", "place", "place"], "region"),
    ]
    constants = {
        "zero": np.float32(0),
        "text_bright": bright,
        "text_dark": ctc_logits("", sure=sure),
        "stacked_bright": ctc_logits(stacked, sure=sure),
        "place": place,
    }
    outputs = {"text": list(bright.shape), "stacked": list(bright.shape), "region": list(place.shape)}
    sha256 = _write(path, nodes, ("image", FLOAT, [1, 3, size[1], size[0]]), outputs, constants)
    return {
        "file": path.name,
        "sha256": sha256,
        "adapter": "ctc-reader/1",
        "input": {"width": size[0], "height": size[1], "scale": 1 / 127.5, "offset": -1.0},
        "regions": list(regions),
        "calibration": {"temperature": 1.0, "whole_text": [0.5, 0.5, 0.0], "region_names_one": 0.5},
    }


def ctc_logits(text: str, *, sure: float = 9.0, columns: int = 32) -> np.ndarray:
    """1×T×37 logits that spell a text, two columns for each character and a blank after it."""
    logits = np.zeros((1, columns, 1 + len(ALPHABET)), np.float32)
    spelled = np.zeros(columns, int)
    for place, character in enumerate(text):
        spelled[3 * place : 3 * place + 2] = 1 + ALPHABET.index(character)
    logits[0, np.arange(columns), spelled] = sure
    return logits


def yolo_raw(path: Path, boxes: list[tuple[float, ...]], *, classes: int = 1, names: str | None = None) -> Entry:
    """Always finds the same boxes (x, y, width, height, a score for each class), 640×640: `yolo-raw/1`."""
    found = np.zeros((1, 4 + classes, max(8, len(boxes))), np.float32)
    found[0, :, : len(boxes)] = np.array(boxes, np.float32).T
    sha256 = _constant(path, "images", [1, 3, 640, 640], {"output0": found}, names)
    return _yolo(path, sha256, "yolo-raw/1")


def yolo_end2end(path: Path, rows: list[tuple[float, ...]], *, names: str | None = None) -> Entry:
    """Always gives the same rows: six numbers each make 1×N×6, seven make N×7: `yolo-end2end/1`."""
    found = np.array(rows, np.float32)
    sha256 = _constant(
        path, "images", [1, 3, 640, 640], {"output0": found[None] if found.shape[1] == 6 else found}, names
    )
    return _yolo(path, sha256, "yolo-end2end/1")


def _yolo(path: Path, sha256: str, adapter: str) -> Entry:
    size = {"name": "images", "width": 640, "height": 640, "color": "rgb", "scale": 1 / 255, "align": "center"}
    return {"file": path.name, "sha256": sha256, "adapter": adapter, "input": size, "labels": ["plate"]}


def slot_reader(
    path: Path, text: str = "5AU5341", *, slots: int = 9, flat: bool = False, regions: dict[str, float] | None = None
) -> Entry:
    """Always reads the same text, each character 0.9 sure: `slot-reader/1`, uint8 NHWC grey 140×70."""
    alphabet = ALPHABET + "_"
    found = np.full((1, slots, len(alphabet)), 0.1 / (len(alphabet) - 1), np.float32)
    for slot, character in enumerate(text.ljust(slots, "_")):
        found[0, slot, alphabet.index(character)] = 0.9
    outputs = {"plate": found.reshape(1, -1) if flat else found}
    if regions:
        outputs["region"] = np.array([list(regions.values())], np.float32)
    sha256 = _constant(path, "input", [1, 70, 140, 1], outputs, None, kind=UINT8)
    size = {"name": "input", "width": 140, "height": 70, "margin": 0}
    kind = {"color": "grey", "layout": "NHWC", "type": "uint8"}
    return {
        "file": path.name,
        "sha256": sha256,
        "adapter": "slot-reader/1",
        "input": {**size, **kind},
        "alphabet": alphabet,
        "pad": "_",
        "regions": list(regions or ()),
    }


def vehicle_words(path: Path, kind: str = "pickup", color: str = "white", *, sure: float = 4.0) -> Entry:
    """Always names the same vehicle, seen from behind: `vehicle-words/1`, 96×96.

    `sure` is the chosen word's logit; the others' are 0.
    """
    words = {
        "types": ["sedan", "suv", "pickup", "other"],
        "colors": ["white", "red", "other"],
        "views": ["front", "rear"],
    }
    chosen = {"type": ("types", kind), "color": ("colors", color), "view": ("views", "rear")}
    outputs = {
        name: np.array([[sure * (word == best) for word in words[key]]], np.float32)
        for name, (key, best) in chosen.items()
    }
    return {
        "file": path.name,
        "sha256": _constant(path, "image", [1, 3, 96, 96], outputs, None),
        "adapter": "vehicle-words/1",
        "input": {"width": 96, "height": 96, "scale": 1 / 127.5, "offset": -1.0},
        "words": words,
    }


def _constant(
    path: Path, name: str, sides: list[int], outputs: dict[str, np.ndarray], names: str | None, kind: int = FLOAT
) -> str:
    """A file that gives the same outputs whatever it sees."""
    nodes = [node for output in outputs for node in _node("Identity", [f"{output}_always"], output)]
    constants = {f"{output}_always": value for output, value in outputs.items()}
    shapes = {output: list(value.shape) for output, value in outputs.items()}
    return _write(path, nodes, (name, kind, sides), shapes, constants, names)


def _node(operator: str, inputs: list[str], output: str, **attributes: Any) -> list[onnx.NodeProto]:
    return [helper.make_node(operator, inputs, [output], **attributes)]


def _end(line: str, numbers: str, output: str) -> list[onnx.NodeProto]:
    """The largest number where the line is 1, as one value."""
    return [
        *_node("Mul", [line, numbers], f"{output}_all"),
        *_node("ReduceMax", [f"{output}_all"], output, axes=[0], keepdims=1),
    ]


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    image: tuple[str, int, list[int]],
    outputs: dict[str, list[int]],
    constants: dict[str, np.ndarray],
    names: str | None = None,
) -> str:
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(*image)],
        [helper.make_tensor_value_info(name, FLOAT, sides) for name, sides in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": names})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return hashlib.sha256(path.read_bytes()).hexdigest()
