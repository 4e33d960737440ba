"""What a replay made of a recording, against the truth: captured, read right, state right, and where the rest was lost.

A plate counts as read right when its text is the truth's after O and 0, I and 1 are taken for one another: most plates
have one shape for both, and most truths were written by eye. The strict figure stands beside it.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from edge.camera.alignment import similarity
from edge.camera.plates import confusable, fold, normalise
from edge.record.words import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from edge.camera.known import Told
    from edge.record.sighting import Sighting, VehicleSeen

LIKE = 0.4
"""A sighting whose text is at least this similar may be a misread of the truth's plate."""
LATE_MS = 2500
"""By this much a sighting may lie outside its truth's time: truths are cut where a plate becomes readable."""


class TruthWrong(ValueError):
    """A truth file that cannot be read; the message says where, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One vehicle that went by, as the truth has it."""

    text: str
    region: str | None = None
    direction: str | None = None
    type: str | None = None
    color: str | None = None
    readable: bool = True
    from_ms: float = -math.inf
    to_ms: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameNote:
    """What one frame gave: milliseconds since the recording began, and counts."""

    at_ms: float
    moving: bool
    plates: int
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassNote:
    """What became of one pass; `told` is None when its reads were not good enough for a text."""

    from_ms: float
    to_ms: float
    told: Told | None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """A recording, replayed."""

    name: str
    start_ns: int = 0
    """UTC ns of its first frame."""
    sightings: list[Sighting] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    """For each sighting: from its last look to its decision, in the recording's own time."""
    frames: list[FrameNote] = field(default_factory=list)
    passes: list[PassNote] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts; add them up over recordings."""

    expected: int = 0
    captured: int = 0
    right: int = 0
    right_strict: int = 0
    regions: int = 0
    """Captured passes whose region the truth knows."""
    regions_named: int = 0
    regions_right: int = 0
    directions: int = 0
    directions_right: int = 0
    types: int = 0
    """Captured passes whose vehicle's type the truth knows; `colors` likewise."""
    types_named: int = 0
    types_right: int = 0
    colors: int = 0
    colors_named: int = 0
    colors_right: int = 0
    wrong: list[str] = field(default_factory=list)
    """Recording and what was said, for each text that is not the truth's, or of nobody."""
    missed: list[tuple[str, str]] = field(default_factory=list)
    """(recording, stage that lost it)."""
    duplicate: int = 0
    without_text: int = 0
    """Sightings of vehicles whose plate was not readable."""
    latency_ms: list[float] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Another recording's counts on top."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def score(outcome: Outcome, truth: Sequence[Expected]) -> Score:
    """One recording against its truth."""
    told = Score(expected=sum(one.readable for one in truth), latency_ms=list(outcome.latency_ms))
    left = [sighting for sighting in outcome.sightings if sighting.plate is not None]
    told.without_text = len(outcome.sightings) - len(left)
    pairs = _pairs(outcome, truth, left)
    for expected, sighting in pairs:
        left.remove(sighting)
        _count(told, expected, sighting, outcome.name)
    for expected in truth:
        if expected.readable and not any(expected is paired for paired, _ in pairs):
            told.missed.append((outcome.name, _lost_at(outcome, expected)))
    for sighting in left:
        assert sighting.plate is not None, "kept only those with a plate"
        if any(similarity(fold(sighting.plate.text), fold(one.text)) >= LIKE for one in truth):
            told.duplicate += 1
        else:
            told.wrong.append(f"{outcome.name}: {sighting.plate.text}, nobody's")
    return told


def _pairs(
    outcome: Outcome, truth: Sequence[Expected], sightings: Sequence[Sighting]
) -> list[tuple[Expected, Sighting]]:
    """Each truth with its sighting: the most similar pairs first, if they overlap in time."""
    ranked = sorted(
        (
            (-similarity(fold(s.plate.text), fold(expected.text)), i, k)
            for i, expected in enumerate(truth)
            for k, s in enumerate(sightings)
            if s.plate is not None and _overlap(outcome, expected, s)
        ),
    )
    pairs, used_truth, used_sightings = [], set(), set()
    for unlike, i, k in ranked:
        if -unlike >= LIKE and i not in used_truth and k not in used_sightings:
            used_truth.add(i)
            used_sightings.add(k)
            pairs.append((truth[i], sightings[k]))
    return pairs


def _overlap(outcome: Outcome, expected: Expected, sighting: Sighting) -> bool:
    first_ms = (nanoseconds(sighting.first_seen) - outcome.start_ns) / 1e6
    last_ms = (nanoseconds(sighting.last_seen) - outcome.start_ns) / 1e6
    return first_ms <= expected.to_ms + LATE_MS and last_ms >= expected.from_ms - LATE_MS


def _count(told: Score, expected: Expected, sighting: Sighting, name: str) -> None:
    assert sighting.plate is not None, "only sightings with a plate are paired"
    if not expected.readable:
        return
    told.captured += 1
    told.right += fold(sighting.plate.text) == fold(expected.text)
    told.right_strict += sighting.plate.text == expected.text
    if fold(sighting.plate.text) != fold(expected.text):
        text = sighting.plate.text
        told.wrong.append(f"{name}: {text} for {expected.text}{_likeness(text, expected.text)}")
    if expected.region is not None:
        told.regions += 1
        told.regions_named += sighting.region is not None
        told.regions_right += sighting.region is not None and sighting.region.code == expected.region
    if expected.direction is not None:
        told.directions += 1
        told.directions_right += sighting.direction == expected.direction
    _count_vehicle(told, expected, sighting.vehicle)


def _likeness(text: str, truth: str) -> str:
    """Says it when nothing but characters of like looks differ: that is the picture's fault, not the pass's."""
    differing = [(a, b) for a, b in zip(truth, text, strict=False) if a != b]
    if len(text) != len(truth) or not all(confusable(a, b) for a, b in differing):
        return ""
    return " (look alike: " + ", ".join(f"{a} as {b}" for a, b in differing) + ")"


def _count_vehicle(told: Score, expected: Expected, vehicle: VehicleSeen | None) -> None:
    kind, color = (vehicle.type, vehicle.color) if vehicle is not None else (None, None)
    if expected.type is not None:
        told.types += 1
        told.types_named += kind is not None
        told.types_right += kind == expected.type
    if expected.color is not None:
        told.colors += 1
        told.colors_named += color is not None
        told.colors_right += color == expected.color


def _lost_at(outcome: Outcome, expected: Expected) -> str:
    """The first stage behind which nothing of this vehicle is left."""
    frames = [f for f in outcome.frames if expected.from_ms - 100 <= f.at_ms <= expected.to_ms + 100]
    if not any(frame.moving for frame in frames):
        return "motion"
    if not any(frame.plates for frame in frames):
        return "detection"
    if not any(frame.reads for frame in frames):
        return "reading"
    told = [p.told for p in outcome.passes if p.from_ms <= expected.to_ms + 100 and p.to_ms >= expected.from_ms - 100]
    if all(one is None for one in told):
        return "fusion"
    return "standing" if "new" not in told else "text"


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927); (0, 1) when nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    z, p = 1.959964, right / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def read_truths(path: Path) -> dict[str, list[Expected]]:
    """The same of one file, or of every `truth.yaml` below a folder."""
    files = sorted(path.rglob("truth.yaml")) if path.is_dir() else [path]
    return {name: vehicles for file in files for name, vehicles in read_truth(file).items()}


def read_truth(path: Path) -> dict[str, list[Expected]]:
    """Recordings by name, each with its vehicles: a scene's `truth.yaml`, or a table with file, text, country, sharp.

    TruthWrong when it is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TruthWrong(f"{path}: cannot be read ({error}); give a truth.yaml or a .csv") from error
    return _from_csv(path, text) if path.suffix == ".csv" else {path.parent.name: _from_yaml(path, text)}


def _from_csv(path: Path, text: str) -> dict[str, list[Expected]]:
    rows = csv.DictReader(text.splitlines())
    missing = {"file", "text"} - set(rows.fieldnames or ())
    if missing:
        raise TruthWrong(f"{path}:1: no column {', '.join(sorted(missing))}; wanted: file,text,country,sharp")
    truth: dict[str, list[Expected]] = {}
    for row in rows:
        vehicles = truth.setdefault(row["file"], [])
        if row["text"]:
            sharp = (row.get("sharp") or "yes") != "no"
            vehicles.append(Expected(text=normalise(row["text"]), region=row.get("country") or None, readable=sharp))
    return truth


def _from_yaml(path: Path, text: str) -> list[Expected]:
    try:
        known: Any = yaml.safe_load(text)
        return [_expected(one) for one in known["passes"]]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise TruthWrong(f"{path}: {why}; wanted: passes: [{{plate, region, direction, from_ms, to_ms}}]") from error


def _expected(one: dict[str, Any]) -> Expected:
    vehicle = one.get("vehicle") or {}
    return Expected(
        text=normalise(str(one["plate"])) if one.get("plate") is not None else "",
        region=one.get("region"),
        direction=one.get("direction"),
        type=vehicle.get("type"),
        color=vehicle.get("color"),
        readable=bool(one.get("readable", True)) and one.get("plate") is not None,
        from_ms=float(one.get("from_ms", -math.inf)),
        to_ms=float(one.get("to_ms", math.inf)),
    )


def lines(total: Score) -> Iterable[tuple[str, str]]:
    """The score as (what, figure) for people."""
    for what, right, of in (
        ("captured", total.captured, total.expected),
        ("read right, of those captured", total.right, total.captured),
        ("  O and 0, I and 1 apart", total.right_strict, total.captured),
        ("state right, of those captured", total.regions_right, total.regions),
        ("state right, where one was named", total.regions_right, total.regions_named),
        ("direction right", total.directions_right, total.directions),
        ("vehicle's type named", total.types_named, total.types),
        ("vehicle's type right, where one was named", total.types_right, total.types_named),
        ("vehicle's colour named", total.colors_named, total.colors),
        ("vehicle's colour right, where one was named", total.colors_right, total.colors_named),
    ):
        low, high = wilson(right, of)
        share = f"{100 * right / of:.1f} %  ({100 * low:.1f}–{100 * high:.1f})" if of else "–"
        yield what, f"{right} of {of}  {share}"
    yield "wrong texts", str(len(total.wrong))
    yield "missed", str(len(total.missed))
    yield "duplicate", str(total.duplicate)
    yield "vehicles without a text", str(total.without_text)
    if total.latency_ms:
        ranked = sorted(total.latency_ms)
        yield "decided after the last look", f"{ranked[len(ranked) // 2]:.0f} ms median, {ranked[-1]:.0f} ms at most"
