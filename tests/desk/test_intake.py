import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.desk import audit, hits, sequence
from edge.desk.hotlists import shelf
from edge.desk.hotlists.watch import Watch
from edge.desk.intake import Intake
from edge.desk.status import figures, status
from edge.desk.store import StoreAway, counters, open_store
from edge.settings.policy import CalibrationSettings
from tests.desk.builders import (
    CHIEF,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    ncic,
    ncic_line,
    payload,
    policy,
    sighting,
    topic,
)


class Desk:
    """A store, its lists and its intake, without a broker."""

    def __init__(self, folder, url=None, **sections):
        self.policy = policy(**sections)
        self.store = open_store(url or f"sqlite:///{folder}/desk.db")
        self.watch = Watch(self.policy.hotlists)
        self.intake = Intake(self.store, self.policy, self.watch)

    def take(self, one, *, camera="north", now_ms=NOW_MS):
        content = one if isinstance(one, bytes) else payload(one)
        return self.intake.take(topic(camera), content, now_ms)

    def install(self, *plates, now_ms=NOW_MS, made_ms=NOW_MS - HOUR_MS):
        rules = self.policy.hotlists
        content = "\n".join(ncic_line(plate, "KS", style="PK", color="WHI") for plate in plates).encode()
        shelf.install(self.store, content, rules.lists[0], rules, CHIEF, made_ms, now_ms)
        with self.store.read() as connection:
            return self.watch.refresh(connection, now_ms)

    def count(self, table):
        with self.store.read() as connection:
            return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 — ours

    def totals(self, name):
        with self.store.read() as connection:
            return counters.totals(connection, name, NOW_MS)

    def hits(self):
        with self.store.read() as connection:
            return [reviewed.hit for _, reviewed in hits.recent(connection, 100)]

    def acts(self):
        with self.store.read() as connection:
            return [row.act for row in audit.rows(connection)]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.store.close()


def test_a_sighting_is_stored_exactly_once_however_often_it_comes(desk):
    assert [desk.take(sighting()).result for _ in range(3)] == ["stored", "repeated", "repeated"]
    assert desk.count("sighting") == 1
    assert desk.totals("vehicles") == {"north": 1}


def test_a_vehicle_without_a_plate_is_a_vehicle_and_no_read(desk):
    desk.take(sighting(None))
    assert (desk.totals("vehicles"), desk.totals("reads")) == ({"north": 1}, {})


@pytest.mark.parametrize(
    ("content", "camera", "fault"),
    [
        pytest.param(b"", "north", "malformed", id="empty"),
        pytest.param(b"{", "north", "malformed", id="cut_off"),
        pytest.param(b"\x00\xff" * 20, "north", "malformed", id="garbage"),
        pytest.param(b"[" * 4000, "north", "malformed", id="deep"),
        pytest.param(b" " * 9000, "north", "oversized", id="oversized"),
        pytest.param(payload(sighting()), "south", "wrong camera", id="for_another_camera"),
        pytest.param(payload(sighting()), "pole7", "unknown camera", id="unknown_camera"),
        pytest.param(payload(sighting(site="newton")), "north", "wrong site", id="for_another_site"),
        pytest.param(payload(sighting(at_ms=NOW_MS - 31 * DAY_MS)), "north", "expired", id="too_old_to_be_kept"),
        pytest.param(
            payload(sighting()).replace(b"2026-11-23T12:00:00.000Z", b"2026-02-30T12:00:00.000Z"),
            "north",
            "malformed",
            id="a_day_that_never_was",
        ),
        pytest.param(payload(sighting()).replace(b"sighting/1", b"sighting/2"), "north", "malformed", id="new_schema"),
        pytest.param(
            payload(sighting()).replace(b'"site"', b'"picture":"iVBORw0KGgo","site"'),
            "north",
            "malformed",
            id="a_picture",
        ),
        pytest.param(payload(sighting()).replace(b"[0.97,", b"["), "north", "malformed", id="a_probability_too_few"),
    ],
)
def test_what_is_no_sighting_is_refused_and_counted(desk, content, camera, fault):
    outcome = desk.take(content, camera=camera)
    assert (outcome.result, outcome.fault) == ("refused", fault)
    assert desk.count("sighting") == 0
    assert sum(desk.totals("refused_messages").values()) == 1
    assert desk.acts() == ["message refused"]


def test_a_flood_of_refusals_is_counted_and_fills_no_log(desk):
    for _ in range(50):
        desk.take(b"garbage")
    assert desk.totals("refused_messages") == {"north: malformed": 50}
    assert desk.acts() == ["message refused"]


def test_a_forged_repetition_does_not_change_the_first(desk):
    desk.take(sighting("123ABC"))
    outcome = desk.take(sighting("999ZZZ"))
    assert outcome.fault == "forged"
    with desk.store.read() as connection:
        assert connection.exec_driver_sql("SELECT plate FROM sighting").scalar_one() == "123ABC"


def test_a_refusal_repeats_nothing_of_the_message(desk):
    desk.take(payload(sighting()).replace(b'"north"', b'"N;DROP TABLE"'))
    with desk.store.read() as connection:
        row = next(iter(audit.rows(connection)))
    assert "DROP" not in row.detail
    assert "123ABC" not in row.detail


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.store.close()


@settings(max_examples=150, deadline=None)
@given(
    cut=st.tuples(st.integers(0, 900), st.integers(0, 900)),
    put=st.binary(max_size=40),
    level=st.sampled_from(["north", "south", "+", "#", "", "a/b", "desk", "\x00"]),
)
def test_no_bytes_break_the_intake(fuzzed, cut, put, level):
    good = payload(sighting())
    content = good[: min(cut)] + put + good[max(cut) :]
    assert fuzzed.intake.take(topic(level), content, NOW_MS).result in {"stored", "repeated", "refused"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=4_000, deadline=None)
@given(st.data())
def test_a_long_fuzz_of_messages(fuzzed, data):
    """A true sighting with any of its values replaced by anything that JSON can say."""
    message = msgspec.json.decode(payload(sighting(number=data.draw(st.integers(0, 2**53 - 1)))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = message
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place, key = place[key], data.draw(st.sampled_from(sorted(place[key])))
        place[key] = data.draw(JSON)
    content = json.dumps(message).encode("utf-8", "surrogatepass")
    assert fuzzed.intake.take(topic(), content, NOW_MS).result in {"stored", "repeated", "refused"}


def test_gaps_in_the_sequence_are_noted_and_filled(desk):
    for number in (5, 6, 9, 20):
        desk.take(sighting(number=number))
    with desk.store.read() as connection:
        assert sequence.gaps(connection) == [("north", 7, 8), ("north", 10, 19)]
        assert sequence.missing(connection) == 12
    for number in (7, 15):
        desk.take(sighting(number=number))
    with desk.store.read() as connection:
        assert sequence.gaps(connection) == [("north", 8, 8), ("north", 10, 14), ("north", 16, 19)]


def test_a_camera_that_begins_anew_makes_no_gap(desk):
    desk.take(sighting(number=500))
    desk.take(sighting(number=1, sequence=0))
    desk.take(sighting(number=2, sequence=1))
    with desk.store.read() as connection:
        assert sequence.gaps(connection) == []


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(8)), st.sets(st.integers(1, 6), max_size=3))
def test_in_whatever_order_they_come_the_gaps_are_what_never_came(tmp_path_factory, order, lost):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('gaps')}/desk.db")
    with store.write() as connection:
        for number in [0, 7, *(n for n in order if n not in {0, 7} and n not in lost)]:
            sequence.note(connection, "north", number, NOW_MS, 500)
        assert {n for _, low, high in sequence.gaps(connection) for n in range(low, high + 1)} == lost
    store.close()


def test_a_listed_plate_is_a_hit_in_the_same_transaction(desk):
    desk.install("123ABC")
    outcome = desk.take(sighting())
    assert outcome.hit.grade == "full"
    assert desk.count("outgoing") == 1
    assert desk.acts()[-1] == "hit"
    assert desk.totals("hits") == {"ncic": 1}


def test_one_pass_is_one_hit(desk):
    desk.install("123ABC", "I23ABC")
    desk.take(sighting())
    desk.take(sighting())
    assert desk.intake.look_back(desk.install("123ABC"), NOW_MS + 1000) == []
    assert len(desk.hits()) == 1


def test_a_list_that_comes_later_finds_the_last_half_hour(desk):
    for minutes in (40, 29, 5):
        desk.take(sighting(number=minutes, at_ms=NOW_MS - minutes * MINUTE_MS), now_ms=NOW_MS - minutes * MINUTE_MS)
    new = desk.install("123ABC", now_ms=NOW_MS + 1)
    made = desk.intake.look_back(new, NOW_MS + 2)
    assert [(hit.origin, hit.live) for hit in made] == [("late_list", False), ("late_list", True)]
    assert len(desk.hits()) == 2


def test_a_sighting_that_comes_late_is_a_hit_for_the_record_only(desk):
    desk.install("123ABC")
    outcome = desk.take(sighting(at_ms=NOW_MS - 11 * MINUTE_MS))
    assert (outcome.hit.origin, outcome.hit.live) == ("late_sighting", False)


@pytest.mark.parametrize(
    "at_ms", [1_000_000_000, NOW_MS + 40 * DAY_MS, NOW_MS], ids=["1970", "the_future", "by_chance_right"]
)
def test_a_sighting_with_an_unset_clock_counts_from_its_arrival_and_is_no_alert(desk, at_ms):
    desk.install("123ABC")
    outcome = desk.take(sighting(at_ms=at_ms, synchronized=False))
    assert (outcome.result, outcome.hit.live) == ("stored", False)
    with desk.store.read() as connection:
        assert connection.exec_driver_sql("SELECT captured_ms FROM sighting").scalar_one() == NOW_MS


def test_a_dead_list_makes_no_hit_and_a_stale_one_says_so(desk):
    desk.install("123ABC", made_ms=NOW_MS - 30 * HOUR_MS)
    hit = desk.take(sighting()).hit
    assert (hit.list.stale, hit.list.age_hours, hit.grade) == (True, 30.0, "possible")
    later = NOW_MS + 43 * HOUR_MS
    assert desk.take(sighting(number=2, at_ms=later), now_ms=later).hit is None


def test_the_calibration_vehicle_proves_the_path_daily_and_counts_as_no_hit(tmp_path):
    desk = Desk(tmp_path, hotlists={"calibration": CalibrationSettings(plate="CAL1234", region="US-KS")})
    hit = desk.take(sighting("CAL1234")).hit
    assert (hit.calibration, hit.grade) == (True, "full")
    assert desk.totals("hits") == {}

    def told(now_ms):
        with desk.store.read() as connection:
            known = figures(connection, now_ms)
        return status(desk.policy, desk.watch, known, now_ms=now_ms, since_ms=NOW_MS, waiting=0, held=False)

    assert (told(NOW_MS).calibration_last, told(NOW_MS).calibration_overdue) == ("2026-11-23T12:00:00.000Z", False)
    assert told(NOW_MS).hits_unverified == 0
    assert told(NOW_MS + 25 * HOUR_MS).calibration_overdue
    desk.store.close()


def test_while_the_store_is_away_nothing_is_taken_and_it_comes_again(desk, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.desk.store.engine.BUSY_MS", 50)
    impatient = Desk(tmp_path)
    with desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE state SET value = value")
        with pytest.raises(StoreAway):
            impatient.take(sighting())
    assert impatient.take(sighting()).result == "stored"
    impatient.store.close()


def test_logs_carry_no_plate(desk, caplog):
    with caplog.at_level("DEBUG"):
        desk.install("123ABC")
        desk.take(sighting())
        desk.take(b"garbage 123ABC")
    assert "123ABC" not in caplog.text


def test_an_extract_is_installed_with_its_header(desk):
    rules = desk.policy.hotlists
    shelved, _ = shelf.install(desk.store, ncic(ncic_line()), rules.lists[0], rules, CHIEF, 0, NOW_MS)
    assert shelved.made_ms == NOW_MS - 6 * HOUR_MS
