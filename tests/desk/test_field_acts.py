from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.desk import audit, field_acts
from edge.desk.store import open_store
from edge.desk.store.counters import totals
from edge.record.access import Access
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.selftest import SelfTest
from tests.desk.builders import NOW_MS, policy

TEST = next(one for one in EXAMPLES if isinstance(one, SelfTest))
ACCESS = next(one for one in EXAMPLES if isinstance(one, Access))


@pytest.fixture
def store(tmp_path):
    opened = open_store(f"sqlite:///{tmp_path}/desk.db")
    yield opened
    opened.close()


def told(store, message, kind, camera="north"):
    field_acts.note(store, policy(), f"lpr/v1/hesston/{camera}/{kind}", seal(message).payload, NOW_MS)


def acts(store):
    with store.read() as connection:
        return [(row.act, row.who, row.outcome, row.reason) for row in audit.tail(connection, 10)]


def test_a_recording_is_an_access_each_time_and_a_repetition_is_none(store):
    told(store, ACCESS, "access")
    told(store, ACCESS, "access")
    ended = msgspec.structs.replace(ACCESS, id="f" * 32, act="recording_ended")
    told(store, ended, "access")
    assert acts(store) == [
        ("camera recording", "technician", "recording_started", "tuning"),
        ("camera recording", "technician", "recording_ended", "tuning"),
    ]


def test_a_look_through_aim_is_an_access_of_its_own_kind(store):
    told(store, msgspec.structs.replace(ACCESS, act="aim_started", reason="aiming"), "access")
    assert acts(store) == [("camera aimed", "technician", "aim_started", "aiming")]


def test_a_test_pass_is_in_the_log_once_a_day_and_no_vehicle(store):
    for n in range(3):
        told(store, msgspec.structs.replace(TEST, id=f"{n:032x}"), "selftest")
    assert acts(store) == [("camera tested", "technician", "read", "")]
    with store.read() as connection:
        assert totals(connection, "selftests", NOW_MS) == {"north": 3}
        assert totals(connection, "vehicles", NOW_MS) == {}


@settings(max_examples=40)
@given(
    kind=st.sampled_from(field_acts.KINDS),
    cut=st.tuples(st.integers(0, 500), st.integers(0, 500)),
    put=st.binary(max_size=40),
)
def test_no_bytes_of_a_technicians_message_break_the_desk(fuzzed, kind, cut, put):
    good = seal(TEST if kind == "selftest" else ACCESS).payload
    content = good[: min(cut)] + put + good[max(cut) :]
    field_acts.note(fuzzed, policy(), f"lpr/v1/hesston/north/{kind}", content, NOW_MS)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/desk.db")
    yield opened
    opened.close()


def test_one_that_speaks_for_another_is_refused_and_counted(store):
    told(store, msgspec.structs.replace(ACCESS, camera="south"), "access")
    told(store, TEST, "access")
    told(store, ACCESS, "access", camera="unheard-of")
    assert acts(store) == []
    with store.read() as connection:
        assert totals(connection, "refused_messages", NOW_MS) == {"north: malformed": 2}
