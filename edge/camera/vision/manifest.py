"""Which networks there are (`models/manifest.yaml`), and what a network may be at all.

    manifest = load_manifest(Path("models/manifest.yaml"))
    listed = manifest.pick("detector-wide", "detector")

A manifest names networks, or includes the manifests that training wrote beside its files; each network stands once.
Paths in it begin in its own folder. What a network can name is checked here, against a list of what is allowed:
plates, vehicles, their colours and views, characters, issuing regions. Nothing that could be a person gets through.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

import edge
from edge.camera.plates import ALPHABET
from edge.record.words import Color, Name, RegionCode, VehicleType
from edge.settings.camera import Fraction, Section
from edge.settings.loader import load
from edge.settings.problems import Problem, SettingsWrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal["detector", "straightener", "reader", "vehicle", "spotter"]
DetectorAdapter = Literal["corner-detector/1", "yolo-raw/1", "yolo-end2end/1"]
StraightenerAdapter = Literal["plate-straightener/1"]
ReaderAdapter = Literal["ctc-reader/1", "slot-reader/1"]
VehicleAdapter = Literal["vehicle-words/1"]
SpotterAdapter = Literal["vehicle-spotter/1"]
Adapter = Literal[DetectorAdapter, StraightenerAdapter, ReaderAdapter, VehicleAdapter, SpotterAdapter]
_KINDS: dict[Kind, tuple[str, ...]] = {
    "detector": get_args(DetectorAdapter),
    "straightener": get_args(StraightenerAdapter),
    "reader": get_args(ReaderAdapter),
    "vehicle": get_args(VehicleAdapter),
    "spotter": get_args(SpotterAdapter),
}

SHIPPED_ROOT = Path(edge.__file__).resolve().parents[1]
"""Where `models/manifest.yaml` lies when no settings file says otherwise: beside the package."""

PLATE, VEHICLE = "plate", "vehicle"
LABELS = frozenset({PLATE, VEHICLE, "car", "front", "rear", "unknown", *get_args(VehicleType), *get_args(Color)})
"""All that a network of this program may tell apart, besides characters and regions."""
VIEWS = ("front", "rear")
NO_REGION = "other"
"""What a reader says of a plate from none of its regions."""
NO_WORD = "other"
"""What a vehicle network says where none of its words fits."""
_REGION = re.compile(get_args(RegionCode)[1].pattern)

Side = Annotated[int, msgspec.Meta(ge=8, le=4096)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]


class Input(Section, frozen=True, kw_only=True):
    """How a picture becomes the network's input: `pixels · scale + offset`."""

    width: Side
    height: Side
    name: str = "image"
    """Of the file's input."""
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    type: Literal["uint8", "float32"] = "float32"
    color: Literal["bgr", "rgb", "grey"] = "bgr"
    scale: float = 1.0
    offset: float = 0.0
    align: Literal["corner", "center"] = "corner"
    """Detectors: where the picture lies on the canvas that it is fitted into."""
    margin: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)] | None = None
    """Straighteners, readers: what is added around the plate, in shares of its width and height; empty: what ours are
    trained with."""


Weights = Annotated[tuple[float, ...], msgspec.Meta(min_length=3, max_length=3)]
FourWeights = Annotated[tuple[float, ...], msgspec.Meta(min_length=4, max_length=4)]


class Calibration(Section, frozen=True, kw_only=True):
    """Readers and straighteners: what turns the networks' numbers into honest probabilities."""

    temperature: Positive = 1.0
    """Divides the text's logits."""
    whole_text: Weights | None = None
    """a, b, c of sigmoid(a·x + b·y + c) over `ctc.Decoded.features`; empty: the text's own probability is taken."""
    settled: FourWeights | None = None
    """a, b, c, d of sigmoid(a·x + b·y + c·z + d) over `settle.Choice.features`; empty: photographs are read as they
    come."""
    region_temperature: Positive = 1.0
    region_names_one: Fraction = 0.5
    """The best region is named when its probability reaches this."""
    plate: Weights | None = None
    """Straighteners: a, b, c of sigmoid(a·x + b·y + c); x, y: log-odds of the detector's score and of the output
    `plate`. Empty: the detector's score stays as it is."""


Words = Annotated[tuple[str, ...], msgspec.Meta(min_length=2, max_length=32)]


class VehicleWords(Section, frozen=True, kw_only=True):
    """Vehicle networks: what each output can say, in its order, and what divides its logits to be honest."""

    types: Words
    colors: Words
    views: Words
    type_temperature: Positive = 1.0
    color_temperature: Positive = 1.0
    view_temperature: Positive = 1.0


class Entry(Section, frozen=True, kw_only=True):
    """One network."""

    name: Name
    """What the settings call it by."""
    file: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    """The ONNX file; relative to the manifest's folder."""
    sha256: Annotated[
        str,
        msgspec.Meta(
            pattern="^[0-9a-f]{64}$", extra_json_schema={"description": "the file's SHA-256, 64 digits of 0-9 and a-f"}
        ),
    ]
    adapter: Adapter
    input: Input
    labels: tuple[str, ...] = ()
    """Detectors: the classes, in the order of the network's outputs. Spotters: `vehicle`."""
    score_min: Fraction = 0.3
    """Detectors, spotters, and straighteners that weigh scores: the threshold that the training recommends."""
    score_min_with: dict[Name, Fraction] = msgspec.field(default_factory=dict)
    """Straighteners that weigh scores: the same for one detector's, by its name; `score_min` is for all others'."""
    alphabet: str = ALPHABET
    """Readers: the characters, in the order of the network's outputs."""
    pad: Annotated[str, msgspec.Meta(max_length=1)] = "_"
    """`slot-reader/1`: the character of `alphabet` that stands for an empty slot."""
    regions: tuple[str, ...] = ()
    """Readers: ISO 3166 codes in the order of the network's outputs, and `other`."""
    calibration: Calibration = Calibration()
    words: VehicleWords | None = None
    """Vehicle networks alone."""
    val: dict[str, float] = msgspec.field(default_factory=dict)
    """What its training measured on held-out pictures; for people, nothing hangs on it."""

    @property
    def kind(self) -> Kind:
        """What the network is for."""
        return next(kind for kind, adapters in _KINDS.items() if self.adapter in adapters)


class File(Section, frozen=True, kw_only=True):
    """A manifest as it is written."""

    networks: tuple[Entry, ...] = ()
    include: tuple[str, ...] = ()
    """Other manifests, relative to this one's folder; they include none themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A network that a manifest names; its file has not been touched yet."""

    entry: Entry
    file: Path
    manifest: Path
    """Where it is named."""

    @property
    def name(self) -> str:
        """What the settings call it by."""
        return self.entry.name

    def wrong(self, key: str, rule: str, got: str, fix: str) -> SettingsWrong:
        """What is wrong with this network, to be raised."""
        return SettingsWrong([_whole(self.manifest, f"{self.name}.{key}", rule, got, fix)])


@dataclass(frozen=True, slots=True)
class Manifest:
    """All networks, by name."""

    file: Path
    networks: dict[str, Listed]

    def pick(self, name: str, kind: Kind) -> Listed:
        """The network of that name. SettingsWrong when there is none, or when it does something else."""
        fitting = sorted(listed.name for listed in self.networks.values() if listed.entry.kind == kind)
        if name in fitting:
            return self.networks[name]
        near = difflib.get_close_matches(name, fitting, n=1)
        fix = f"did you mean {near[0]}?" if near else f"name one of: {', '.join(fitting) or '(it has none)'}"
        got = f"“{name}”, a {self.networks[name].entry.kind}" if name in self.networks else f"“{name}”"
        raise SettingsWrong([_whole(self.file, f"{kind}.model", f"a {kind} that {self.file} names", got, fix)])


def load_manifest(path: Path) -> Manifest:
    """The manifest and all that it includes. SettingsWrong, with every problem, when it cannot be used."""
    networks: dict[str, Listed] = {}
    problems: list[Problem] = []
    for file, listed in _read(path, problems):
        if listed.name in networks:
            other = networks[listed.name].manifest
            got = f"a second one; the first stands in {other}"
            problems.append(_whole(file, listed.name, "each network stands once", got, "take one out"))
        networks.setdefault(listed.name, listed)
    if problems:
        raise SettingsWrong(problems)
    return Manifest(path, networks)


def _read(path: Path, problems: list[Problem], *, included: bool = False) -> Iterator[tuple[Path, Listed]]:
    try:
        written = load(path, File, rules={Entry: _contradictions})
    except SettingsWrong as wrong:
        problems += wrong.problems
        return
    for entry in written.networks:
        yield path, Listed(entry=entry, file=path.parent / entry.file, manifest=path)
    if included and written.include:
        rule, got = "an included manifest includes none", ", ".join(written.include)
        problems.append(_whole(path, "include", rule, got, "include it from the first manifest"))
        return
    for other in written.include:
        yield from _read(path.parent / other, problems, included=True)


def _contradictions(entry: Entry) -> Iterable[tuple[str, str]]:
    """What an entry may not say, as (key, "rule: fix")."""
    strange = [label for label in entry.labels if label not in LABELS]
    if strange:
        rule = f"a network here knows plates and vehicles only, never people; {', '.join(strange)} is not on the list"
        yield "labels", f"{rule}: take another network; the list is {', '.join(sorted(LABELS))}"
    if entry.kind == "detector" and PLATE not in entry.labels:
        yield "labels", f"a plate detector has the label {PLATE}: write the network's classes in their order"
    if entry.score_min_with and entry.kind != "straightener":
        yield "score_min_with", "only a straightener weighs detectors' scores: write score_min"
    if entry.kind == "spotter":
        yield from _spotting_contradictions(entry)
    if entry.kind == "vehicle":
        yield from _naming_contradictions(entry)
    if entry.kind == "reader":
        yield from _reading_contradictions(entry)


def _naming_contradictions(entry: Entry) -> Iterable[tuple[str, str]]:
    if entry.words is None:
        yield "words", "a vehicle network says what its outputs mean: write types, colors and views in their order"
        return
    if entry.input.width != entry.input.height:
        yield "input", "a vehicle is cut out as a square: give width and height alike"
    words = {"types": get_args(VehicleType), "colors": get_args(Color), "views": VIEWS}
    for key, allowed in words.items():
        written = getattr(entry.words, key)
        strange = [word for word in written if word not in allowed and word != NO_WORD]
        if strange or len(set(written)) < len(written):
            rule = f"a network here knows vehicles only, never people, each word once; {', '.join(strange) or 'twice'}"
            yield f"words.{key}", f"{rule} is not on the list: take another network; the list is {', '.join(allowed)}"


def _spotting_contradictions(entry: Entry) -> Iterable[tuple[str, str]]:
    if entry.labels != (VEHICLE,):
        rule = f"a spotter knows one thing, the {VEHICLE}; {', '.join(entry.labels) or 'nothing'} is not that"
        yield "labels", f"{rule}: write labels: [{VEHICLE}], or take another network"
    if entry.input.width != entry.input.height:
        yield "input", "a spotter sees a square: give width and height alike"


def _reading_contradictions(entry: Entry) -> Iterable[tuple[str, str]]:
    if entry.adapter == "ctc-reader/1" and entry.alphabet != ALPHABET:
        yield "alphabet", f"ctc-reader/1 reads {ALPHABET}: take the line out"
    if entry.adapter == "ctc-reader/1" and not entry.regions:
        yield (
            "regions",
            f"ctc-reader/1 names regions: write them in its output's order, {NO_REGION} for none",
        )
    if entry.adapter == "slot-reader/1" and entry.pad not in entry.alphabet:
        yield "alphabet", f"the alphabet holds the pad character {entry.pad}: add it where the network has it"
    if set(entry.alphabet) - set(ALPHABET) - {entry.pad} or len(set(entry.alphabet)) < len(entry.alphabet):
        yield "alphabet", "characters are 0-9 and A-Z, each once, and one pad: take another network"
    strange = [region for region in entry.regions if region != NO_REGION and not _REGION.fullmatch(region)]
    if strange:
        yield "regions", f"regions are ISO 3166 codes or `{NO_REGION}`; {', '.join(strange)} is none: write US-KS, MX …"


def _whole(file: Path, key: str, rule: str, got: str, fix: str) -> Problem:
    return Problem(file=str(file), line=0, column=0, key=key, rule=rule, got=got, fix=fix)
