"""A replay against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.camera.score import (
    Expected,
    FrameNote,
    Outcome,
    PassNote,
    Score,
    TruthWrong,
    lines,
    read_truth,
    score,
    wilson,
)
from edge.camera.sightings import conclude
from edge.record.sighting import VehicleSeen
from edge.settings.camera import ViewSettings
from tests.builders import START_NS, fused, look, passed
from tests.camera.test_sightings import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

    from edge.record.sighting import Sighting


def sighting(text: str | None, at_ms: float = 500, region: str | None = "US-KS") -> Sighting:
    looks = [look(at_ms + i * 100, width=80 + 10 * i) for i in range(4)]
    view = ViewSettings(approaching="northbound")
    return conclude(
        passed(looks), fused(text, region=region) if text else None, origin=ORIGIN, view=view, synchronized=True
    )


def outcome(*sightings: Sighting, **more: object) -> Outcome:
    return Outcome(name="day", start_ns=START_NS, sightings=list(sightings), **more)


TRUTH = [Expected(text="123ABC", region="US-KS", direction="northbound", from_ms=400, to_ms=1000)]


@pytest.mark.parametrize(
    ("name", "told", "captured", "right", "wrong", "missed", "duplicate"),
    [
        ("right", ["123ABC"], 1, 1, 0, 0, 0),
        ("one character wrong", ["128ABC"], 1, 0, 1, 0, 0),
        ("nothing", [], 0, 0, 0, 1, 0),
        ("twice", ["123ABC", "123ABC"], 1, 1, 0, 0, 1),
        ("another's", ["123ABC", "ZZZ999"], 1, 1, 1, 0, 0),
        ("a vehicle without a text", [None], 0, 0, 0, 1, 0),
    ],
)
def test_each_sighting_is_counted_once(
    name: str, told: list[str | None], captured: int, right: int, wrong: int, missed: int, duplicate: int
) -> None:
    got = score(outcome(*map(sighting, told)), TRUTH)
    assert (got.captured, got.right, len(got.wrong), len(got.missed), got.duplicate) == (
        captured,
        right,
        wrong,
        missed,
        duplicate,
    ), name


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ("I23A8C", "day: I23A8C for 123ABC (look alike: 1 as I, B as 8)"),
        ("128ABC", "day: 128ABC for 123ABC"),
        ("123ABCD", "day: 123ABCD for 123ABC"),
    ],
)
def test_a_wrong_text_says_when_only_like_looking_characters_differ(read: str, said: str) -> None:
    assert score(outcome(sighting(read)), TRUTH).wrong == [said]


def test_o_and_zero_are_one_and_the_strict_figure_stands_beside() -> None:
    got = score(outcome(sighting("1O3ABC")), [Expected(text="103ABC")])
    assert (got.right, got.right_strict) == (1, 0)


def test_the_state_and_the_direction_are_scored() -> None:
    right, wrong, unknown = (score(outcome(sighting("123ABC", region=r)), TRUTH) for r in ("US-KS", "US-MO", None))
    assert [(s.regions_right, s.regions_named, s.regions) for s in (right, wrong, unknown)] == [
        (1, 1, 1),
        (0, 1, 1),
        (0, 0, 1),
    ]
    assert right.directions_right == 1


def seen_as(kind: str | None, color: str | None) -> VehicleSeen:
    return VehicleSeen(
        type=kind, type_confidence=0.9 if kind else None, color=color, color_confidence=0.9 if color else None
    )


@pytest.mark.parametrize(
    ("name", "seen", "types", "colors"),
    [
        ("both right", seen_as("pickup", "white"), (1, 1), (1, 1)),
        ("a wrong type, no colour", seen_as("suv", None), (1, 0), (0, 0)),
        ("nothing named", None, (0, 0), (0, 0)),
    ],
)
def test_a_vehicles_words_are_scored_where_the_truth_knows_them(
    name: str, seen: VehicleSeen | None, types: tuple[int, int], colors: tuple[int, int]
) -> None:
    told = msgspec.structs.replace(sighting("123ABC"), vehicle=seen)
    got = score(outcome(told), [Expected(text="123ABC", type="pickup", color="white")])
    assert (got.types_named, got.types_right) == types, name
    assert (got.colors_named, got.colors_right) == colors, name
    assert (got.types, got.colors) == (1, 1)


@pytest.mark.parametrize(
    ("stage", "frame", "told"),
    [
        ("motion", (False, 0, 0), []),
        ("detection", (True, 0, 0), []),
        ("reading", (True, 3, 0), []),
        ("fusion", (True, 3, 3), [None]),
        ("standing", (True, 3, 3), ["overlay"]),
    ],
)
def test_a_miss_names_the_stage_that_lost_it(stage: str, frame: tuple[bool, int, int], told: list) -> None:
    moving, plates, reads = frame
    got = score(
        outcome(
            frames=[FrameNote(at_ms=600, moving=moving, plates=plates, reads=reads)],
            passes=[PassNote(from_ms=500, to_ms=900, told=one) for one in told],
        ),
        TRUTH,
    )
    assert got.missed == [("day", stage)]


def test_scores_add_up_and_print() -> None:
    total = Score()
    for told in (["123ABC"], []):
        total.add(score(outcome(*map(sighting, told)), TRUTH))
    assert (total.expected, total.captured) == (2, 1)
    assert dict(lines(total))["captured"].startswith("1 of 2  50.0 %")


def test_wilsons_interval_is_the_textbooks() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_truth_is_read_from_a_scene_and_from_a_table(tmp_path: Path) -> None:
    scene = tmp_path / "day" / "truth.yaml"
    scene.parent.mkdir()
    scene.write_text(
        'passes:\n  - {plate: "123 ABC", region: US-KS, direction: northbound, from_ms: 100, to_ms: 900,'
        " vehicle: {type: suv, color: grey}}\n"
    )
    table = tmp_path / "truth.csv"
    table.write_text("file,text,country,sharp,note\na.mp4,XSNB23,NL,yes,\nb.mp4,,,,nothing here\na.mp4,12ABC3,NL,no,\n")
    (one,) = read_truth(scene)["day"]
    assert (one.text, one.type, one.color) == ("123ABC", "suv", "grey")
    known = read_truth(table)
    assert [(one.text, one.readable) for one in known["a.mp4"]] == [("XSNB23", True), ("12ABC3", False)]
    assert known["b.mp4"] == []


@pytest.mark.parametrize(("name", "text"), [("a.csv", "x,y\n1,2\n"), ("truth.yaml", "passes: 3\n"), ("b.yaml", "[: -")])
def test_a_truth_that_cannot_be_read_says_what_was_wanted(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TruthWrong, match=f"{name}.*wanted"):
        read_truth(tmp_path / name)


def test_the_record_of_a_sighting_survives_json() -> None:
    one = sighting("123ABC")
    assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one
