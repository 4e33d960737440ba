"""The vote over a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.alignment import distance, similarity
from edge.camera.fusion import fuse, fuse_vehicle
from edge.camera.scene import Character, Look, Read
from edge.settings.camera import FusionSettings, VehicleSettings
from tests.builders import character, look, passed, read, vehicle

OPTIONS = FusionSettings()
SERIALS = st.text("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", min_size=4, max_size=8)


def vote(*reads: tuple[str, float], **options: float) -> tuple[str, float] | None:
    looks = [look(i * 66, text, confidence=confidence) for i, (text, confidence) in enumerate(reads)]
    fused = fuse(passed(looks), FusionSettings(**options))
    return None if fused is None else (fused.text, fused.confidence)


def test_one_read_alone_is_as_sure_as_the_reader_was() -> None:
    text, confidence = vote(("123ABC", 0.9)) or ("", 0)
    assert text == "123ABC"
    assert confidence == pytest.approx(0.9, abs=0.08)


def test_reads_that_agree_make_it_surer() -> None:
    alone, together = vote(("123ABC", 0.8)), vote(*[("123ABC", 0.8)] * 5)
    assert alone is not None
    assert together is not None
    assert together[1] > alone[1] + 0.01


def test_however_many_frames_agree_a_fault_that_they_share_leaves_doubt() -> None:
    result = vote(*[("123ABC", 0.9)] * 24)
    assert result is not None
    assert 0.9 < result[1] < 0.99
    doubtful = vote(*[("123ABC", 0.5)] * 24)
    assert doubtful is not None
    assert doubtful[1] < 0.9, "no single frame could be sure of it"


def test_the_majority_outvotes_one_wrong_read() -> None:
    result = vote(("123ABC", 0.8), ("123A8C", 0.85), ("123ABC", 0.8), ("123ABC", 0.7))
    assert result is not None
    assert result[0] == "123ABC"


def test_reads_that_contradict_leave_doubt() -> None:
    agreed, split = vote(*[("123ABC", 0.8)] * 4), vote(*[("123ABC", 0.8), ("123A8C", 0.8)] * 2, confidence_min=0.0)
    assert agreed is not None
    assert split is not None
    assert split[1] < 0.7 < agreed[1]


def test_a_dropped_character_does_not_shift_the_rest() -> None:
    result = vote(("123ABC", 0.7), ("12ABC", 0.6), ("123ABC", 0.7), ("123AB", 0.5), confidence_min=0.0)
    assert result is not None
    assert result[0] == "123ABC"


def test_a_wide_sharp_look_counts_for_more_than_a_small_blurred_one() -> None:
    small = [look(i * 66, "123A8C", width=30, sharpness=0.05, confidence=0.6) for i in range(2)]
    wide = [look(500 + i * 66, "123ABC", width=120, sharpness=0.8, confidence=0.9) for i in range(2)]
    fused = fuse(passed([*small, *wide]), OPTIONS)
    assert fused is not None
    assert fused.text == "123ABC"


def test_each_frames_weakest_character_is_another_and_the_vote_mends_them() -> None:
    def weak(text: str, at: int, wrong: str) -> Read:
        chars = [character(c) for c in text]
        chars[at] = Character(((wrong, 0.5), (text[at], 0.45)))
        return Read(characters=tuple(chars), confidence=0.5)

    reads = [weak("123ABC", i, wrong) for i, wrong in enumerate("789XYZ")]
    looks = [
        Look(taken_ns=0, monotonic_ns=i, plate=look().plate, read=r, sharpness=0.6, frame_size=(1280, 720))
        for i, r in enumerate(reads)
    ]
    fused = fuse(passed(looks), FusionSettings(confidence_min=0.0))
    assert fused is not None
    assert fused.agreement == 0, "nobody read it right"
    assert "123ABC" in (fused.text, *[text for text, _ in fused.alternatives])


def test_a_pass_without_text_has_no_vote() -> None:
    assert fuse(passed([look(0, None), look(66, "")]), OPTIONS) is None


def test_doubtful_text_is_not_published() -> None:
    assert vote(("123ABC", 0.2)) is None
    assert vote(("12", 0.9)) is None


def test_the_region_is_unknown_when_the_frames_disagree() -> None:
    def region(*codes: str | None) -> str | None:
        fused = fuse(passed(look(i * 66, region=code) for i, code in enumerate(codes)), OPTIONS)
        assert fused is not None
        return fused.region.code if fused.region else None

    assert region("US-KS", "US-KS", "US-MO") == "US-KS"
    assert region("US-KS", "US-MO") is None
    assert region(None, None) is None


@given(st.lists(st.tuples(SERIALS, st.floats(0.05, 0.99)), min_size=1, max_size=8))
def test_a_vote_is_always_a_probability_and_its_characters_multiply_to_it(reads: list[tuple[str, float]]) -> None:
    looks = [look(i * 66, text, confidence=confidence) for i, (text, confidence) in enumerate(reads)]
    fused = fuse(passed(looks), FusionSettings(confidence_min=0.0, characters_min=1))
    assert fused is not None
    assert 0 <= fused.confidence <= 1
    assert fused.confidence + sum(p for _, p in fused.alternatives) <= 1 + 1e-9
    assert len(fused.characters) == len(fused.text)
    assert all(fused.confidence - 1e-9 <= p <= 1 for p in fused.characters)


@given(SERIALS, SERIALS)
def test_distance_is_symmetric_and_never_more_than_the_longer_text(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a) <= max(len(a), len(b))
    assert (similarity(a, b) == 1) == (a == b)


def doubtful(text: str, at: int, other: str, share: float, **options: str) -> Look:
    """A look whose character `at` may be `other` as well, by `share`; all the others are sure."""
    characters = [character(c, 0.99) for c in text]
    characters[at] = Character(((text[at], 1 - share), (other, share)))
    return replace(look(0, text, **options), read=replace(read(text, 0.6, **options), characters=tuple(characters)))


def test_of_two_characters_that_look_alike_the_issuers_serials_choose() -> None:
    fused = fuse(passed([doubtful("ABC1D3", 4, "0", 0.45, region="US-TX")] * 3), FusionSettings(confidence_min=0.0))
    assert fused is not None
    assert fused.text == "ABC103", "Texas hands out ABC 123 and nothing like ABC1D3"
    assert "ABC1D3" in [text for text, _ in fused.alternatives], "what was read is told too"


def test_a_character_of_which_the_reads_are_sure_stays_whatever_the_serials_are() -> None:
    fused = fuse(passed([doubtful("ABC1D3", 4, "0", 0.02, region="US-TX")] * 3), FusionSettings(confidence_min=0.0))
    assert fused is not None
    assert fused.text == "ABC1D3"


@given(st.text("ABCDEFGHJKLMNPRSTUVWXYZ", min_size=4, max_size=7))
def test_a_personalised_plate_is_told_as_it_was_read(text: str) -> None:
    result = vote(*[(text, 0.9)] * 3, confidence_min=0.0)
    assert result is not None
    assert result[0] == text


def told_vehicle(*vehicles, **settings):
    looks = [look(i * 100, width=60 + 20 * i, vehicle=one) for i, one in enumerate(vehicles)]
    return fuse_vehicle(passed(looks), VehicleSettings(**settings))


def test_the_vehicle_is_told_from_its_nearest_looks():
    told = told_vehicle(vehicle("bus", 0.99), vehicle("pickup", 0.9), vehicle("pickup", 0.8))
    assert (told.type, told.color) == ("pickup", "white")
    assert told.type_confidence == pytest.approx(0.85)


def test_looks_that_contradict_each_other_leave_the_type_unknown():
    told = told_vehicle(vehicle("suv", 0.9), vehicle("pickup", 0.9))
    assert (told.type, told.type_confidence, told.color) == (None, 0.0, "white")


def test_a_vehicle_that_no_look_is_sure_of_is_not_told():
    assert told_vehicle(vehicle("suv", 0.4), vehicle("suv", 0.45)) is None
    assert told_vehicle(None, None) is None
    assert told_vehicle(vehicle(None, color=None)) is None


def test_a_colour_that_only_one_of_two_looks_saw_is_half_as_sure():
    told = told_vehicle(vehicle("suv", 0.9, None), vehicle("suv", 0.9, "red"), color_confidence_min=0.4)
    assert (told.color, told.color_confidence) == ("red", pytest.approx(0.45))
