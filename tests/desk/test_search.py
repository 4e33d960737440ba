from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.desk import audit, lookup, report, screening
from edge.desk.hotlists.shelf import Person
from edge.desk.search import SearchRefused, SearchRequest, search
from edge.desk.store import counters, trios
from edge.desk.store.tables import sighting as sighting_table
from edge.record import plate_text
from tests.desk.builders import DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, policy, sighting
from tests.desk.test_intake import Desk

OFFICER = Person(name="B. Officer", agency="Hesston KS PD")
REASON = "Blue pickup seen leaving the farm store break-in on Main Street"
POLICY = policy()


def request(plate="123ABC", **changes):
    fields = {"person": OFFICER, "purpose": "stolen-vehicle", "reason": REASON, "plate": plate, **changes}
    return SearchRequest(**fields)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("search"))
    plates = ["123ABC", "I23ABC", "7X2YK", "782BK", "OHO671", None, "999ZZZ"]
    for number, text in enumerate(plates):
        at_ms = NOW_MS - number * HOUR_MS
        camera = "north" if number % 2 == 0 else "south"
        vehicle = ("pickup", "white") if number < 4 else ("sedan", "red")
        one = sighting(text, number=number, at_ms=at_ms, camera=camera, vehicle=vehicle)
        made.take(one, camera=camera, now_ms=at_ms)
    yield made
    made.store.close()


def plates(desk, asked, now_ms=NOW_MS):
    return [found.plate for found in search(desk.store, POLICY, asked, now_ms).found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("123ABC", ["123ABC", "I23ABC"]),
        ("123 a-bc", ["123ABC", "I23ABC"]),
        ("L23ABC", ["123ABC", "I23ABC"]),
        ("123A8C", ["123ABC", "I23ABC"]),
        ("0H0671", ["OHO671"]),
        ("7*2?K", ["7X2YK", "782BK"]),
        ("782*", ["782BK"]),
        ("*3ABC", ["123ABC", "I23ABC"]),
        ("*3AB*", ["123ABC", "I23ABC"]),
        ("???ABC", ["123ABC", "I23ABC"]),
        ("1*ABC", ["123ABC", "I23ABC"]),
        ("123*C", ["123ABC", "I23ABC"]),
        ("XXX111", []),
    ],
)
def test_a_plate_is_found_by_pattern_and_by_look_alikes(desk, pattern, expected):
    assert plates(desk, request(pattern)) == expected


def test_exact_leaves_the_look_alikes_out_but_not_o_for_zero(desk):
    assert plates(desk, request("123ABC", exact=True)) == ["123ABC"]
    assert plates(desk, request("0H0671", exact=True)) == ["OHO671"]


def test_each_result_says_whether_it_is_exact(desk):
    found = search(desk.store, POLICY, request("123ABC"), NOW_MS).found
    assert [one.characters for one in found] == ["exact", "confusable"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cameras": ("south",)}, ["I23ABC"]),
        ({"since_ms": NOW_MS - 30 * MINUTE_MS}, ["123ABC"]),
        ({"until_ms": NOW_MS - 30 * MINUTE_MS}, ["I23ABC"]),
        ({"type": "sedan"}, []),
        ({"direction": "southbound"}, []),
        ({"color": "white", "direction": "northbound"}, ["123ABC", "I23ABC"]),
    ],
)
def test_a_search_can_be_narrowed(desk, changes, expected):
    assert plates(desk, request(**changes)) == expected


def test_a_vehicle_can_be_searched_without_a_plate(desk):
    window = {"since_ms": NOW_MS - DAY_MS, "until_ms": NOW_MS + 1}
    assert plates(desk, request(None, type="sedan", **window)) == ["OHO671", None, "999ZZZ"]
    assert plates(desk, request(None, color="white", **window)) == ["123ABC", "I23ABC", "7X2YK", "782BK"]


def test_pages_follow_one_another_without_loss_or_repetition(desk):
    asked = {"since_ms": NOW_MS - DAY_MS, "until_ms": NOW_MS + 1, "color": "white", "limit": 3}
    first = search(desk.store, POLICY, request(None, **asked), NOW_MS)
    second = search(desk.store, POLICY, request(None, **asked, after=first.next), NOW_MS)
    assert [one.plate for one in first.found + second.found] == ["123ABC", "I23ABC", "7X2YK", "782BK"]
    assert second.next is None


def test_what_is_due_is_not_shown_even_before_the_purge(desk):
    assert plates(desk, request("123ABC"), NOW_MS + 30 * DAY_MS - MINUTE_MS) == ["123ABC"]
    assert plates(desk, request("123ABC"), NOW_MS + 30 * DAY_MS + MINUTE_MS) == []


REFUSED = [
    ("blank", {"reason": ""}, "reason blank"),
    ("only_blanks", {"reason": " \t\u200b"}, "reason blank"),
    ("a_dot", {"reason": "."}, "reason blank"),
    ("too_short", {"reason": "stolen"}, "reason too short"),
    ("boilerplate", {"reason": "Investigation investigation investigation"}, "reason boilerplate"),
    ("more_boilerplate", {"reason": "ongoing criminal investigation of a vehicle"}, "reason boilerplate"),
    ("the_purpose_again", {"reason": "stolen vehicle, stolen vehicle check"}, "reason boilerplate"),
    ("mashed", {"reason": "asdf qwer zxcv asdf"}, "reason boilerplate"),
    ("agency_unknown", {"person": Person(name="X", agency="Anytown PD")}, "name missing"),
    ("federal", {"person": Person(name="A. Agent", agency="US Border Patrol")}, "agency unknown"),
    ("look_alike_agency", {"person": Person(name="B. Officer", agency="Неsston KS PD")}, "agency unknown"),
    ("look_alike_name", {"person": Person(name="В. Officer", agency="Hesston KS PD")}, "name missing"),
    ("no_name", {"person": Person(name="", agency="Hesston KS PD")}, "name missing"),
    ("purpose_unknown", {"purpose": "because"}, "purpose unknown"),
    ("purpose_prohibited", {"purpose": "immigration"}, "prohibited: immigration"),
    ("no_case", {"purpose": "homicide"}, "case missing"),
    ("case_is_none", {"purpose": "homicide", "case_number": "none"}, "case missing"),
    ("everything", {"plate": "*"}, "plate too wide"),
    ("two_characters", {"plate": "7*2"}, "plate too wide"),
    ("cyrillic", {"plate": "АВС123"}, "plate malformed"),
    ("sql", {"plate": "1' OR '1'='1"}, "plate malformed"),
    ("sql_wildcards", {"plate": "%_%12"}, "plate malformed"),
    ("glob", {"plate": "[A-Z]12"}, "plate malformed"),
    ("nothing", {"plate": None}, "nothing asked"),
    ("a_month_of_white_cars", {"plate": None, "color": "white", "since_ms": 1}, "window too wide"),
    ("no_window", {"plate": None, "color": "white"}, "window too wide"),
    ("no_such_camera", {"cameras": ("pole7",)}, "camera unknown"),
    ("too_many", {"limit": 100_000}, "limit wrong"),
    ("strange_page", {"after": "1;DROP"}, "page unknown"),
]


@pytest.mark.parametrize(("changes", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_search_that_may_not_be_is_refused_and_recorded(desk, changes, code):
    with pytest.raises(SearchRefused) as refused:
        search(desk.store, POLICY, request(**changes), NOW_MS)
    assert code in [fault for fault, _ in refused.value.faults]
    with desk.store.read() as connection:
        row = audit.tail(connection, 1)[0]
    assert (row.number, row.act) == (refused.value.row, "search refused")
    assert code in row.outcome or len(row.outcome) == 64


PROHIBITED = [
    ("Immigration warrant for the driver of this car", "immigration"),
    ("assist ICE+ERO with locating a man in town", "immigration"),
    ("assist I.C.E. with locating a man in town", "immigration"),
    ("assist 1CE with locating a man in town", "immigration"),
    ("assist IСЕ with locating a man in town", "immigration"),  # Cyrillic
    ("undocu\u00admented driver seen near the school", "immigration"),
    ("had an abortion, search for female", "protected-class"),
    ("want to know where my ex was last night", "personal"),
    ("driver owes a parking ticket downtown", "traffic"),
]


@pytest.mark.parametrize(("reason", "key"), PROHIBITED)
def test_a_prohibited_use_is_recognised_however_it_is_spelled(reason, key):
    assert f"prohibited: {key}" in [code for code, _ in screening.reason_faults(reason, POLICY.search)]


@pytest.mark.parametrize(
    "reason",
    [
        REASON,
        "Silver Alert: 81 year old man left Newton this morning",
        "Suspect ran a red light, hit a cyclist and fled north",
        "Catalytic converters cut at the church parking lot Tuesday night",
        "Kidnapped by her former husband, believed heading to Wichita",
    ],
)
def test_a_real_reason_stands(reason):
    assert list(screening.reason_faults(reason, POLICY.search)) == []


ANYTHING = st.none() | st.text(st.characters(), max_size=16) | st.text("ABC123*?%_'", max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["plate", "type", "color", "direction", "after"], ANYTHING)))
def test_whatever_is_asked_is_answered_or_refused_and_recorded(desk, asked):
    before = desk.count("audit")
    with suppress(SearchRefused):
        search(desk.store, POLICY, request(**asked), NOW_MS)
    assert desk.count("audit") == before + 1


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_reason_can_be_judged(reason):
    list(screening.reason_faults(reason, POLICY.search))


def test_a_refusal_is_counted_by_the_prohibited_use_not_by_a_slip_beside_it(desk):
    cause = "prohibited: immigration"
    with desk.store.read() as connection:
        before = counters.totals(connection, "refused_searches", NOW_MS).get(cause, 0)
    nobody = Person(name="", agency=OFFICER.agency)
    with pytest.raises(SearchRefused):
        search(desk.store, POLICY, request("123ABC", person=nobody, purpose="immigration"), NOW_MS)
    with desk.store.read() as connection:
        assert counters.totals(connection, "refused_searches", NOW_MS)[cause] == before + 1


def test_the_report_names_a_prohibited_search_whatever_else_is_wrong_with_it(desk):
    asked = request("*A", person=Person(name="", agency="ICE"), purpose="immigration", reason="investigation", limit=0)
    with pytest.raises(SearchRefused) as refused:
        search(desk.store, POLICY, asked, NOW_MS)
    with desk.store.read() as connection:
        made = report.weekly(audit.rows(connection), "2026", "2027")
    assert refused.value.row in made.prohibited_rows
    assert "plate too wide" in made.refused
    assert not any("…" in cause for cause in made.refused)


def test_a_search_stands_in_the_audit_with_its_plate_and_is_counted(desk):
    page = search(desk.store, POLICY, request("7*2?K", case_number="26-0042"), NOW_MS)
    with desk.store.read() as connection:
        row = audit.tail(connection, 1)[0]
        assert counters.totals(connection, "searches", NOW_MS)["stolen-vehicle"] >= 1
        assert sum(counters.totals(connection, "refused_searches", NOW_MS).values()) >= 1
    assert row.number == page.audit
    assert (row.who, row.agency, row.purpose, row.reason) == ("B. Officer", "Hesston KS PD", "stolen-vehicle", REASON)
    assert row.query == "plate 7*2?K"
    assert row.case_number == "26-0042"


def test_no_answer_without_an_audit_row(desk, monkeypatch):
    def fails(*_):
        raise OSError

    monkeypatch.setattr("edge.desk.search.audit.append", fails)
    with pytest.raises(OSError):  # noqa: PT011 — nothing but our own
        search(desk.store, POLICY, request(), NOW_MS)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A few hundred plates of few characters, so that every pattern meets some."""
    made = Desk(tmp_path_factory.mktemp("crowd"))
    for number, text in enumerate(CROWD):
        made.take(sighting(text, number=number, at_ms=NOW_MS - number * MINUTE_MS))
    yield made
    made.store.close()


CROWD = [a + b + c + d for a in "0OB8" for b in "AB1" for c in "I2Z" for d in "0AK"]
CROWD += ["A", "00", "ABABAB", "2ABAB1AB", "K1A2B0ABZ8AB", "12345678901A"]


@st.composite
def half_known(draw):
    """A plate of the crowd, as a witness remembers it."""
    text = draw(st.sampled_from(CROWD))
    return "".join(draw(st.sampled_from((character, character, "?", "*"))) for character in text)


PATTERNS = st.one_of(st.text("0OAB8I2Z1K*?", min_size=3, max_size=7), half_known())


@settings(max_examples=120, deadline=None)
@given(PATTERNS.filter(lambda pattern: plate_text.literals(pattern) >= 3), st.booleans())
def test_every_pattern_finds_exactly_what_a_slow_look_at_every_plate_finds(crowd, pattern, exact):
    spell = plate_text.zero if exact else plate_text.fold
    slow = sorted(text for text in CROWD if plate_text.matches(spell(pattern), spell(text)))
    assert sorted(plates(crowd, request(pattern, exact=exact, limit=500))) == slow


@pytest.mark.parametrize("pattern", ["*0*A*1*", "*A*1*A", "0*A*2*", "?A10"])
def test_what_is_found_by_going_back_through_time_comes_newest_first_and_page_by_page(crowd, pattern):
    expected = [text for text in CROWD if plate_text.matches(plate_text.fold(pattern), plate_text.fold(text))]
    assert len(expected) > 3  # more than a page
    found, after = [], None
    while not found or after:
        page = search(crowd.store, POLICY, request(pattern, limit=3, after=after), NOW_MS)
        found, after = found + [one.plate for one in page.found], page.next
    assert found == expected


def test_five_minutes_that_do_not_hold_the_three_characters_are_passed_over(crowd):
    with crowd.store.read() as connection:
        everything, some, none = (list(trios.begins(connection, asked, 0, NOW_MS + 1)) for asked in ("", "K1A", "KKK"))
    assert len(everything) > 20 > len(some) > 0
    assert none == []


def test_going_back_through_time_asks_each_five_minutes_for_themselves(crowd):
    with crowd.store.read() as connection:
        asked = lookup.during([NOW_MS - 600_000, NOW_MS - 900_000], [sighting_table.c.captured_ms + 0 >= 0], "sqlite")
        text = str(asked.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert any(step.startswith("SCAN span") for step in plan), plan
    walked = next(step for step in plan if step.startswith("SEARCH sighting USING COVERING INDEX sighting_time"))
    assert "captured_ms>? AND captured_ms<?" in walked


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(plate_text.FOLDED, max_size=12), max_size=60))
def test_no_trio_is_forgotten_and_none_invented(texts):
    kept = b""
    for text in texts:
        kept = trios.merged(kept, trios.trios(text))
    there = set().union(*map(trios.trios, texts))
    assert all(trios.holds(kept, number) for number in there)
    assert sum(trios.holds(kept, number) for number in range(len(plate_text.FOLDED) ** 3)) == len(there)


@pytest.mark.parametrize(
    "pattern",
    ["123ABC", "7*2?K", "123*", "*3ABC", "1*ABC", "*3AB*", "?23AB*", "*23?A*", "?2?A?C", "*2?AB?", "*1??A?C*"],
)
def test_a_plate_search_uses_an_index_and_never_walks_through_the_table(desk, pattern):
    with desk.store.read() as connection:
        statement = lookup.statement("sqlite", request(pattern), 0)
        text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert "INDEXED BY" in text
    assert any("USING" in step and "INDEX sighting_" in step and step.startswith("SEARCH") for step in plan), plan
    assert not any(step.startswith("SCAN sighting") for step in plan), plan
