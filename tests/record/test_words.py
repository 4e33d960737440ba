from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.record.words import nanoseconds, probability, sighting_id, time


@given(st.integers(min_value=0, max_value=250_000_000_000).map(lambda ms: ms * 1_000_000))
def test_a_time_comes_back_to_the_millisecond(ns):
    assert nanoseconds(time(ns)) == ns


def test_a_time_is_written_as_rfc_3339_in_utc():
    assert time(1_795_457_051_213_999_999) == "2026-11-23T18:04:11.213Z"
    assert time(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("written", ["", "2026-11-23", "2026-02-30T00:00:00.000Z", "2026-11-23T18:04:11.213+01:00"])
def test_what_is_no_time_is_a_value_error(written):
    with pytest.raises(ValueError, match=r"."):
        nanoseconds(written)


@pytest.mark.parametrize(("value", "written"), [(0.0, 0.0), (0.12345, 0.123), (0.9999, 0.999), (1.0, 0.999)])
def test_nothing_is_certain(value, written):
    assert probability(value) == written


def test_an_id_is_the_same_at_every_repetition_and_another_for_everything_else():
    one = sighting_id("hesston", "north", "boot", 7)
    assert one == sighting_id("hesston", "north", "boot", 7)
    others = {
        sighting_id("hesston", "south", "boot", 7),
        sighting_id("hesston", "north", "boot2", 7),
        sighting_id("hesston", "north", "boot", 8),
    }
    assert len(others | {one}) == 4
    assert len(one) == 32
