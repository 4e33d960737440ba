from __future__ import annotations

import threading
import time

from edge.camera.frames.slot import Slot
from tests.builders import frame


def test_the_newest_frame_wins_and_the_older_are_counted():
    slot = Slot()
    frames = [frame(at, sequence=at) for at in range(5)]
    for one in frames:
        slot.put(one)
    assert slot.take(0) is frames[-1]
    assert slot.dropped == 4
    assert slot.put_count == 5


def test_a_frame_is_taken_once():
    slot = Slot()
    slot.put(frame())
    assert slot.take(0) is not None
    assert slot.take(0) is None
    assert slot.dropped == 0


def test_taking_waits_for_a_frame():
    slot, taken = Slot(), []
    taker = threading.Thread(target=lambda: taken.append(slot.take(30)))
    taker.start()
    slot.put(wanted := frame())
    taker.join(10)
    assert taken == [wanted]


def test_taking_gives_up_after_its_timeout():
    began = time.monotonic()
    assert Slot().take(0.05) is None
    assert 0.04 < time.monotonic() - began < 5


def test_closing_wakes_who_waits_and_says_that_it_ended():
    slot, taken = Slot(), []
    taker = threading.Thread(target=lambda: taken.append(slot.take(30)))
    taker.start()
    assert not slot.ended
    slot.close()
    taker.join(10)
    assert taken == [None]
    assert slot.ended


def test_the_last_frame_can_be_taken_after_closing():
    slot = Slot()
    slot.put(last := frame())
    slot.close()
    slot.put(frame(1))
    assert not slot.ended
    assert slot.take(0) is last
    assert slot.ended


def test_nothing_is_lost_or_doubled_between_two_threads():
    slot, taken = Slot(), []

    def take() -> None:
        while not slot.ended:
            if one := slot.take(1):
                taken.append(one.sequence)

    taker = threading.Thread(target=take)
    taker.start()
    for n in range(5000):
        slot.put(frame(n, sequence=n, size=(1, 1)))
    slot.close()
    taker.join(30)
    assert taken == sorted(set(taken))
    assert taken[-1] == 4999
    assert len(taken) + slot.dropped == slot.put_count == 5000
