"""When something truly was, on a device whose clock comes late or jumps."""

from __future__ import annotations

import msgspec
import pytest

from edge.camera import dating
from edge.camera.dating import S, Steadiness
from edge.record.examples import EXAMPLES
from edge.record.sighting import Clock as ClockSeen
from edge.record.words import nanoseconds
from tests.camera.test_outbox import NOW_NS, FakeClock

SEEN = EXAMPLES[0]


def seen(*, synchronized: bool = True):
    return msgspec.structs.replace(SEEN, clock=ClockSeen(synchronized=synchronized))


@pytest.mark.parametrize(
    ("synchronized", "jumped_s", "now_set", "wrong"),
    [
        pytest.param(True, 0, True, False, id="a right time is left alone"),
        pytest.param(True, 30, True, False, id="and one that was slewed"),
        pytest.param(True, 120, True, True, id="the clock jumped after the last look"),
        pytest.param(False, 0, True, True, id="nobody had set the clock, now somebody has"),
        pytest.param(False, 10**9, False, False, id="nobody has yet"),
    ],
)
def test_which_times_are_dated_anew(synchronized, jumped_s, now_set, wrong):
    clock = FakeClock(now_ns=nanoseconds(SEEN.last_seen), synchronized=now_set)
    looked_ns = clock.monotonic_ns()
    clock.jump(jumped_s)
    assert dating.was_set(clock, seen(synchronized=synchronized), looked_ns) is wrong


def test_a_pass_dated_anew_keeps_its_length_and_says_that_its_time_is_right():
    clock = FakeClock(now_ns=NOW_NS)
    again = dating.dated(clock, seen(synchronized=False), clock.monotonic_ns() - 5 * S)
    assert nanoseconds(again.last_seen) == NOW_NS - 5 * S
    assert nanoseconds(again.last_seen) - nanoseconds(again.first_seen) == nanoseconds(SEEN.last_seen) - nanoseconds(
        SEEN.first_seen
    )
    assert again.clock.synchronized


def test_a_clock_must_run_for_a_while_without_a_jump_before_it_may_delete():
    clock = FakeClock()
    steadiness = Steadiness(clock)
    assert not steadiness.look()
    clock.pass_(601)
    assert steadiness.look()
    clock.jump(3600)
    assert not steadiness.look()
    clock.set = False
    clock.pass_(601)
    assert not steadiness.look()
