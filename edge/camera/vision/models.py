"""A network's file → a function from array to arrays, after everything about it has been checked.

Refused, with what was expected and found: a file whose SHA-256 is not the manifest's, classes that are not on the list,
outputs that the adapter cannot decode. What was hashed is what runs: the file is read once. Nothing is downloaded.
"""

from __future__ import annotations

import ast
import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from edge.camera.vision.adapters.finding import FINDING
from edge.camera.vision.adapters.naming import NAMING
from edge.camera.vision.adapters.reading import READING
from edge.camera.vision.adapters.spotting import SPOTTING
from edge.camera.vision.adapters.straightening import STRAIGHTENING
from edge.camera.vision.manifest import LABELS
from edge.camera.vision.tensor import shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.camera.vision.adapters import Outputs
    from edge.camera.vision.adapters.finding import Finding
    from edge.camera.vision.adapters.naming import Naming
    from edge.camera.vision.adapters.reading import Reading
    from edge.camera.vision.adapters.spotting import Spotting
    from edge.camera.vision.adapters.straightening import Straightening
    from edge.camera.vision.manifest import Listed
    from edge.settings.camera import RuntimeSettings

    _Adapter = Finding | Straightening | Reading | Naming | Spotting

_LOG = logging.getLogger(__name__)

Run = Callable[[NDArray[Any]], "Outputs"]
"""One input tensor → the outputs that the adapter asked for, in its order."""

BYTES_MAX = 500_000_000
"""A larger file is no network for the roadside, whatever its digest."""

PROVIDERS = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Settings' word → ONNX Runtime's."""

_PLATE_WORDS = {"licence", "license", "number", "registration", "plate", "plates", "lp", "lpr", "alpr", "anpr", "v"}
_CLASS_WORDS = LABELS | _PLATE_WORDS | {"cars", "vehicles", "detection"}
"""What the class names that a file carries itself may be made of: exporters write `License_Plate`, `number-plate`…"""

_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}
_RUNTIME_ERRORS = (
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
    RuntimeError,
    ValueError,
)
"""What ONNX Runtime raises over a file that it cannot run; they share no base but Exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network that is loaded, checked and warm."""

    listed: Listed
    digest: str
    """The first twelve digits of the file's SHA-256: for the record."""
    provider: str
    """What truly runs most of it, in the settings' words."""
    run: Run


def load_network(listed: Listed, runtime: RuntimeSettings) -> Network:
    """Read, check, load and run once. SettingsWrong when the network may not or cannot be used."""
    raw = _checked_bytes(listed)
    session = _session(raw, listed, runtime)
    _check_input(session, listed)
    _check_names(session, listed)
    run = _runner(session, listed)
    _check_outputs(run, listed)
    provider = _provider_in_use(session)
    wanted = next(iter(runtime.providers), "cpu")
    if provider != wanted:
        _LOG.warning("%s: %s was asked for, %s runs it", listed.name, wanted, provider)
    return Network(listed=listed, digest=listed.entry.sha256[:12], provider=provider, run=run)


def _checked_bytes(listed: Listed) -> bytes:
    try:
        with listed.file.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except OSError as error:
        got = (error.strerror or type(error).__name__).lower()
        raise listed.wrong("file", f"{listed.file} can be read", got, "restore the file") from None
    if len(raw) > BYTES_MAX:
        raise listed.wrong("file", f"{listed.file} has at most {BYTES_MAX:,} bytes", "more", "take another network")
    found = hashlib.sha256(raw).hexdigest()
    if found != listed.entry.sha256:
        fix = "restore the file; if it was changed on purpose, its card and the manifest change with it"
        raise listed.wrong("sha256", f"{listed.file} has the SHA-256 {listed.entry.sha256}", found, fix)
    return raw


def _session(raw: bytes, listed: Listed, runtime: RuntimeSettings) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # an idle road must not cost a core
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")  # ignored before 1.23
    try:
        return ort.InferenceSession(raw, options, providers=_providers(listed, runtime.providers))
    except _RUNTIME_ERRORS as error:
        said = str(error).splitlines()[0][:200]
        raise listed.wrong(
            "file", f"{listed.file} is a network that ONNX Runtime can run", said, "export it anew"
        ) from None


def _providers(listed: Listed, wanted: Sequence[str]) -> list[str]:
    """Those that this build of ONNX Runtime has, in the order that is wanted; the CPU always comes last."""
    there = set(ort.get_available_providers())
    missing = [name for name in wanted if PROVIDERS[name] not in there]
    if missing:
        _LOG.warning("%s: this ONNX Runtime has no %s", listed.name, ", ".join(missing))
    chosen = [PROVIDERS[name] for name in wanted if PROVIDERS[name] in there and name != "cpu"]
    return [*chosen, PROVIDERS["cpu"]]


def _check_input(session: ort.InferenceSession, listed: Listed) -> None:
    """Refuses an input that is not the manifest's."""
    wanted = listed.entry.input
    inputs = {one.name: one for one in session.get_inputs()}
    if wanted.name not in inputs or len(inputs) > 1:
        rule = f"{listed.file} has one input, “{wanted.name}”"
        raise listed.wrong("input.name", rule, ", ".join(inputs) or "none", "correct the name in the manifest")
    found = inputs[wanted.name]
    if found.type != _TYPES[wanted.type]:
        raise listed.wrong("input.type", f"the file's input is {wanted.type}", found.type, "correct the manifest")
    sides = list(found.shape)
    fits = len(sides) == 4 and all(
        not isinstance(have, int) or have == want for have, want in zip(sides, shape(wanted), strict=True)
    )
    if not fits:
        rule = f"the file's input is {'×'.join(map(str, shape(wanted)))} ({wanted.layout}, {wanted.color})"
        raise listed.wrong("input", rule, "×".join(map(str, sides)), "correct the manifest")


def _check_names(session: ort.InferenceSession, listed: Listed) -> None:
    """Class names that the exporter wrote into the file must be harmless too, and as many as the manifest's."""
    written = session.get_modelmeta().custom_metadata_map.get("names")
    if listed.entry.kind != "detector" or not written:
        return
    names = _class_names(written)
    strange = [name for name in names if not _harmless(name)]
    if strange or len(names) != len(listed.entry.labels):
        rule = "a network here knows plates and vehicles only, never people, and the manifest names all its classes"
        got = f"classes in the file itself: {', '.join((strange or names)[:8])}"
        raise listed.wrong("labels", rule, got, "take a network that was trained for plates alone")


def _class_names(written: str) -> list[str]:
    try:
        names = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return [written]
    return [str(name) for name in (names.values() if isinstance(names, dict) else names)]


def _harmless(name: str) -> bool:
    words = re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower())
    return bool(words) and set(words) <= _CLASS_WORDS


def _runner(session: ort.InferenceSession, listed: Listed) -> Run:
    given = [output.name for output in session.get_outputs()]
    wanted = list(_adapter_of(listed).outputs) or given[:2]
    missing = [name for name in wanted if name not in given]
    if missing:
        rule = f"{listed.entry.adapter} wants the outputs {', '.join(wanted)}"
        raise listed.wrong("adapter", rule, ", ".join(given), "name the adapter that the file was made for")
    name = listed.entry.input.name
    return lambda tensor: session.run(wanted, {name: tensor})


def _check_outputs(run: Run, listed: Listed) -> None:
    """The first run warms the network up, and shows what it truly gives."""
    entry = listed.entry
    empty = np.zeros(shape(entry.input), np.uint8 if entry.input.type == "uint8" else np.float32)
    try:
        outputs = run(empty)
    except _RUNTIME_ERRORS as error:
        said = str(error).splitlines()[0][:200]
        raise listed.wrong(
            "input", f"{listed.file} runs on the manifest's input", said, "correct the manifest"
        ) from None
    wrong = _adapter_of(listed).wrong(entry, outputs)
    if wrong is not None:
        rule, fix = f"{entry.adapter} wants {wrong.wanted}", "name the adapter that the file was made for"
        raise listed.wrong("adapter", rule, wrong.got, fix)


def _adapter_of(listed: Listed) -> _Adapter:
    adapters: dict[str, _Adapter] = {**FINDING, **STRAIGHTENING, **READING, **NAMING, **SPOTTING}
    return adapters[listed.entry.adapter]


def _provider_in_use(session: ort.InferenceSession) -> str:
    """What most of the network's nodes were given to; ONNX Runtime falls back to the CPU without a word.

    Before 1.23 it cannot tell, and the first provider of the session has to do.
    """
    ours = {full: name for name, full in PROVIDERS.items()}
    nodes: dict[str, int] = {}
    if hasattr(session, "get_provider_graph_assignment_info"):
        for part in session.get_provider_graph_assignment_info():
            nodes[part.ep_name] = nodes.get(part.ep_name, 0) + len(part.get_nodes())
    most = max(nodes, key=lambda name: nodes[name], default=session.get_providers()[0])
    return ours.get(most, most)
