"""A camera that was taken over, certificate and all, sends whatever it likes: what it can have written has an end."""

from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.desk import audit, field_acts, outages, sequence
from edge.desk.status import figures
from edge.record.boundary import seal
from tests.desk.builders import DAY_MS, NOW_MS, sighting
from tests.desk.test_field_acts import ACCESS
from tests.desk.test_intake import Desk

FEW = {"sightings": 12, "hits": 3, "gaps": 4, "outages": 3, "accesses": 2}
KEPT = ("sighting", "hit", "gap", "outage", "outgoing")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("limits"), limits=FEW)
    yield made
    made.store.close()


@pytest.fixture
def own(tmp_path):
    made = Desk(tmp_path, limits=FEW)
    yield made
    made.store.close()


def offline(desk, now_ms):
    with desk.store.write() as connection:
        outages.begin(connection, "north", now_ms, FEW["outages"])


def online(desk, now_ms):
    with desk.store.write() as connection:
        outages.end(connection, "north", now_ms)


def rows(desk):
    return {table: desk.count(table) for table in (*KEPT, "audit", "counter", "state")}


IDS = count(1)
DAYS = count(1)
SENT = st.one_of(
    st.tuples(st.just("sighting"), st.sampled_from([0, 1, 2, 5, 1000, 10**6, 2**53 - 1]) | st.integers(0, 40)),
    st.tuples(st.sampled_from(["offline", "online", "access", "garbage"]), st.integers(0, 1)),
)


def send(desk, kind, number, now_ms):
    if kind == "sighting":
        desk.take(sighting(number=next(IDS), sequence=number, at_ms=now_ms), now_ms=now_ms)
    elif kind == "offline":
        offline(desk, now_ms)
    elif kind == "online":
        online(desk, now_ms)
    elif kind == "access":
        told = seal(msgspec.structs.replace(ACCESS, id=f"{next(IDS):032x}")).payload
        field_acts.note(desk.store, desk.policy, "lpr/v1/hesston/north/access", told, now_ms)
    else:
        desk.take(b"garbage", now_ms=now_ms)


@settings(max_examples=10, deadline=None)
@given(st.lists(SENT, min_size=20, max_size=40))
def test_whatever_a_camera_sends_a_day_of_it_is_bounded(desk, sent):
    now_ms = NOW_MS + next(DAYS) * DAY_MS
    desk.install("123ABC", now_ms=now_ms, made_ms=now_ms)
    before = rows(desk)
    for second, (kind, number) in enumerate(sent):
        send(desk, kind, number, now_ms + second * 1000)
    grown = {table: number - before[table] for table, number in rows(desk).items()}
    assert grown["sighting"] <= FEW["sightings"]
    assert grown["hit"] <= FEW["hits"]
    assert grown["outgoing"] <= FEW["hits"]
    assert grown["gap"] <= FEW["gaps"]
    assert grown["outage"] <= FEW["outages"]
    assert grown["audit"] <= FEW["hits"] + FEW["accesses"] + 7, "one for a hit, a recording, each refusal's first"
    assert grown["counter"] <= 14
    assert grown["state"] <= 1


def test_what_is_too_much_is_counted_told_and_recorded_once(own):
    own.install("123ABC")
    for number in range(20):
        own.take(sighting(number=number, sequence=3 * number))
    for second in range(12):
        offline(own, NOW_MS + second * 1000)
        online(own, NOW_MS + second * 1000 + 500)
    assert (own.count("sighting"), own.count("hit"), own.count("gap"), own.count("outage")) == (12, 3, 4, 3)
    assert own.totals("vehicles") == {"north": 12}
    refused = {
        "north: too many sightings": 8,
        "north: too many hits": 9,
        "north: too many gaps": 7,
        "north: too many outages": 9,
    }
    assert own.totals("refused_messages") == refused
    with own.store.read() as connection:
        assert figures(connection, NOW_MS).refused == sum(refused.values())
        told = [row.outcome for row in audit.rows(connection) if row.act == "message refused"]
    assert sorted(told) == ["too many gaps", "too many hits", "too many outages", "too many sightings"]


def test_the_next_day_begins_anew_and_another_camera_is_not_touched(own):
    for number in range(20):
        own.take(sighting(number=number))
    assert own.take(sighting(number=50, camera="south"), camera="south").result == "stored"
    assert own.take(sighting(number=51, at_ms=NOW_MS + DAY_MS), now_ms=NOW_MS + DAY_MS).result == "stored"


def test_a_camera_that_comes_and_goes_all_day_counts_as_away(own):
    for second in range(10):
        offline(own, NOW_MS + second * 60_000)
        online(own, NOW_MS + second * 60_000 + 1_000)
    with own.store.read() as connection:
        spans = outages.spans(connection, 0, NOW_MS + DAY_MS)
    assert [length for _, length in spans] == [1_000, 1_000, 7 * 60_000 + 1_000]


def test_numbers_that_jump_up_and_down_cannot_break_the_sums(own):
    """2^53 a thousand times over is more than the store can add up."""
    with own.store.write() as connection:
        for number in [0, 2**53 - 1, 0, sequence.HOLE_MAX, 0, sequence.HOLE_MAX]:
            sequence.note(connection, "north", number, NOW_MS, 2_000)
        assert sequence.missing(connection) == 2 * (sequence.HOLE_MAX - 1)
    days, gaps_most, cameras = 31, 10_000, 256
    assert sequence.HOLE_MAX * days * gaps_most * cameras < 2**63
