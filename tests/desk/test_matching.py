import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.desk import matching
from edge.desk.hits import Seen, conclude
from edge.desk.hotlists.index import ListIndex, pack, packed_row
from edge.desk.matching import ListInForce, best_match
from edge.record import plate_text
from edge.record.boundary import seal
from tests.desk.builders import HOUR_MS, MINUTE_MS, NOW_MS, policy, sighting

RULES = policy().matching
NOW_S = NOW_MS // 1000


def in_force(*rows, name="ncic", condition="fresh"):
    index = ListIndex(pack(rows))
    return ListInForce(name=name, version=7, made_ms=NOW_MS - HOUR_MS, condition=condition, index=index)


def listed(text="123ABC", region="US-KS", **changes):
    return packed_row(text, region, changes.pop("code", "V"), **changes)


def match(one, *rows, rules=RULES, **changes):
    return best_match(one, [in_force(*rows, **changes)], rules, NOW_S)


ONE_EDIT = msgspec.structs.replace(RULES, one_edit=True)

CASES = [
    ("same_plate_same_state", {}, {}, ("exact", "match", "full")),
    ("same_plate_other_state", {"region": "US-OK"}, {}, ("exact", "mismatch", "characters_only")),
    ("state_not_read", {"region": None}, {}, ("exact", "unknown", "characters_only")),
    ("state_read_badly", {"region": "US-OK", "region_confidence": 0.3}, {}, ("exact", "unknown", "characters_only")),
    ("state_not_listed", {}, {"region": None}, ("exact", "unknown", "characters_only")),
    ("o_written_as_zero", {"text": "OHO671"}, {"text": "0H0671"}, ("exact", "match", "full")),
    ("b_for_8", {"text": "12BABC"}, {"text": "128ABC"}, ("confusable", "match", "possible")),
    ("a_weak_character", {"weak": {2: 0.5}}, {}, ("exact", "match", "possible")),
    ("wildcard", {}, {"text": "1*?BC"}, ("wildcard", "match", "possible")),
    ("another_vehicle", {"vehicle": ("suv", "white")}, {"types": ("motorcycle",)}, ("exact", "match", "possible")),
    ("another_color", {"vehicle": ("suv", "red")}, {"colors": ("black",)}, ("exact", "match", "possible")),
    (
        "aurora: a Montana motorcycle's plate on a Colorado SUV",
        {"region": "US-CO", "vehicle": ("suv", "blue")},
        {"region": "US-MT", "types": ("motorcycle",)},
        ("exact", "mismatch", "doubtful"),
    ),
]


@pytest.mark.parametrize(("seen", "entry", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_hit_is_graded_by_characters_state_and_vehicle(seen, entry, expected):
    found = match(sighting(**seen), listed(**entry))
    assert (found.characters, found.state, found.grade) == expected


@pytest.mark.parametrize(
    ("seen", "entry"),
    [
        ({"text": None}, {}),
        ({"text": "999ZZZ"}, {}),
        ({"text": "123ABCD"}, {}),
        ({"text": "124ABC"}, {}),
        ({}, {"text": "9*BC"}),
        ({}, {"expires_s": NOW_S - 1}),
    ],
    ids=["no_plate", "another_plate", "one_more", "one_other", "another_wildcard", "ended_entry"],
)
def test_no_hit(seen, entry):
    assert match(sighting(**seen), listed(**entry)) is None


def test_one_edit_is_off_unless_the_policy_says_otherwise():
    for text in ("124ABC", "123ABCD", "12ABC"):
        assert match(sighting(text), listed()) is None
        assert match(sighting(text), listed(), rules=ONE_EDIT).characters == "one_edit"


def test_confusable_can_be_turned_off():
    exact = msgspec.structs.replace(RULES, confusable=False)
    assert match(sighting("12BABC"), listed("128ABC"), rules=exact) is None
    assert match(sighting("123ABC"), listed("123ABC"), rules=exact) is not None


def test_a_stale_list_lowers_the_grade_and_a_dead_one_matches_nothing():
    assert match(sighting(), listed(), condition="stale").grade == "possible"
    assert match(sighting(region=None), listed(), condition="stale").grade == "doubtful"
    assert match(sighting(), listed(), condition="dead") is None


def test_of_several_entries_the_best_is_the_hit():
    found = match(sighting(), listed(region="US-OK"), listed(region="US-KS"), listed("I23ABC"))
    assert (found.state, found.characters) == ("match", "exact")


def test_a_calibration_entry_never_hides_a_real_one():
    own = in_force(packed_row("123ABC", "US-KS", calibration=True), name="calibration")
    found = best_match(sighting(region=None), [own, in_force(listed())], RULES, NOW_S)
    assert not found.listed.calibration


def test_the_weakest_matched_character_is_shown_with_its_probability():
    found = match(sighting(weak={0: 0.6, 4: 0.41}), listed())
    assert (found.weakest.position, found.weakest.read, found.weakest.probability) == (5, "B", 0.41)


def test_what_a_wildcard_covers_is_not_the_weakest():
    found = match(sighting(weak={1: 0.2, 4: 0.7}), listed("1*ABC"))
    assert found.weakest.position == 5


@pytest.mark.parametrize(
    ("read", "entry", "expected"),
    [
        ("123ABC", "123ABC", []),
        ("OHO671", "0H0671", []),
        ("12BABC", "128ABC", [(3, "B", "8")]),
        ("I23AB0", "123A8D", [(1, "I", "1"), (5, "B", "8"), (6, "0", "D")]),
        ("123ABCD", "123ABC", [(7, "D", None)]),
        ("12ABC", "123ABC", [(3, None, "3")]),
    ],
)
def test_every_difference_is_told_in_its_place(read, entry, expected):
    found = list(matching.find_differences(read, entry))
    assert [(d.position, d.read, d.listed) for d in found] == expected


def seen(one=None, *, age_ms=0, dated=True):
    return Seen(sighting=one or sighting(), captured_ms=NOW_MS - age_ms, received_ms=NOW_MS, dated=dated)


@pytest.mark.parametrize(
    ("age_ms", "dated", "live", "origin"),
    [
        (0, True, True, "on_time"),
        (9 * MINUTE_MS, True, True, "on_time"),
        (11 * MINUTE_MS, True, False, "late_sighting"),
        (0, False, False, "on_time"),
    ],
    ids=["now", "nine_minutes", "eleven_minutes", "unset_clock"],
)
def test_only_what_went_by_within_ten_minutes_is_a_live_alert(age_ms, dated, live, origin):
    hit = conclude(seen(age_ms=age_ms, dated=dated), match(sighting(), listed()), 0, RULES, NOW_MS)
    assert (hit.live, hit.origin) == (live, origin)


def test_another_state_and_another_vehicle_is_never_a_live_alert():
    one = sighting(region="US-CO", vehicle=("suv", "blue"))
    hit = conclude(seen(one), match(one, listed(region="US-MT", types=("motorcycle",))), 0, RULES, NOW_MS)
    assert (hit.live, hit.grade) == (False, "doubtful")


def test_a_hit_is_unverified_and_tells_list_age_and_differences_and_nothing_of_a_person():
    one = sighting("12BABC", region="US-OK")
    hit = conclude(seen(one), match(one, listed("128ABC")), 0, RULES, NOW_MS)
    told = msgspec.json.decode(seal(hit).payload)
    assert told["verification"] == "unverified"
    assert told["list"] == {
        "name": "ncic",
        "file_code": "V",
        "version": 7,
        "made_at": "2026-11-23T11:00:00.000Z",
        "age_hours": 1.0,
        "stale": False,
    }
    assert told["match"]["state"] == "mismatch"
    assert told["match"]["differences"] == [{"position": 3, "read": "B", "listed": "8"}]
    assert not {"name", "reason", "person", "verified"} & set(told)


PLATES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=10)


@settings(max_examples=200, deadline=None)
@given(PLATES, PLATES)
def test_any_two_texts_can_be_compared(read, entry):
    rules = msgspec.structs.replace(ONE_EDIT, confusable=True)
    found = match(sighting(read), listed(entry), rules=rules)
    if found is None:
        assert plate_text.fold(read) != plate_text.fold(entry)
    else:
        seal(conclude(seen(sighting(read)), found, 0, rules, NOW_MS))
        assert (found.characters == "exact") == (not found.differences)


@settings(max_examples=200, deadline=None)
@given(st.text("AB*?", min_size=1, max_size=12), st.text("AB", min_size=1, max_size=12))
def test_any_wildcard_entry_can_be_compared(pattern, read):
    found = match(sighting(read), listed(pattern))
    assert (found is not None) == plate_text.matches(pattern, read)
