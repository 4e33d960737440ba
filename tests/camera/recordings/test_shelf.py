"""Which recording runs, what the desk hears of each, and when it is gone: with real files and the kernel's locks."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

from edge.camera.acts import Begun
from edge.camera.recordings.shelf import DAY_NS, Shelf, ShelfTaken
from edge.record.words import time

NOW_NS = 1_795_600_000_000_000_000


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path, "hesston", "north", keep_days_max=7.0)


def begun(*, days_ago: float = 0.0) -> Begun:
    started_ns = NOW_NS - int(days_ago * DAY_NS)
    return Begun(who="ana", reason="tuning", started=time(started_ns), until=time(started_ns + 600_000_000_000))


@contextmanager
def recording(shelf, **when):
    with shelf.begin(begun(**when)) as (file, descriptor):
        os.write(descriptor, b"ciphertext")
        yield file


def told(shelf, now_ns: int = NOW_NS) -> list[str]:
    acts: list[str] = []
    shelf.tend(now_ns, lambda access: acts.append(access.act))
    return acts


def test_one_that_runs_is_known_and_no_second_one_begins_beside_it(shelf):
    assert shelf.running() is None
    with recording(shelf):
        assert shelf.running() == begun()
        with pytest.raises(ShelfTaken, match="ana records until"), recording(shelf, days_ago=0.1):
            pass
        assert told(shelf) == ["recording_started"]
    assert shelf.running() is None


def test_each_act_is_told_once_also_after_a_restart(shelf, tmp_path):
    with recording(shelf):
        assert told(shelf) == ["recording_started"]
    again = Shelf(tmp_path, "hesston", "north", keep_days_max=7.0)
    assert told(again) == ["recording_ended"]
    assert told(again) == []


def test_what_the_outbox_did_not_take_is_told_the_next_time_with_the_same_id(shelf):
    with recording(shelf):
        pass
    ids = []

    def full(access):
        ids.append(access.id)
        raise OSError("the disk has no room")

    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            shelf.tend(NOW_NS, full)
    assert len(set(ids)) == 1
    assert told(shelf) == ["recording_started", "recording_ended"]


def test_it_is_gone_by_its_age_and_its_traces_with_it(shelf):
    with recording(shelf, days_ago=6.99) as file:
        pass
    assert told(shelf) == ["recording_started", "recording_ended"]
    assert file.exists()
    assert told(shelf, NOW_NS + DAY_NS // 10) == ["recording_deleted"]
    assert list(shelf.folder.iterdir()) == []


def test_one_that_runs_is_never_deleted_under_its_recorder(shelf):
    with recording(shelf, days_ago=30) as file:
        told(shelf)
        assert file.exists()


def test_one_whose_note_is_damaged_goes_by_its_files_date(shelf):
    with recording(shelf) as file:
        pass
    file.with_suffix(".json").write_bytes(b"\0" * 20)
    os.utime(file, ns=(NOW_NS, NOW_NS))
    assert told(shelf, NOW_NS + 6 * DAY_NS) == []
    assert file.exists()
    told(shelf, NOW_NS + 8 * DAY_NS)
    assert list(shelf.folder.iterdir()) == []


def test_one_that_is_removed_by_hand_is_told_as_deleted(shelf):
    with recording(shelf) as file:
        pass
    file.unlink()
    assert told(shelf) == ["recording_started", "recording_ended", "recording_deleted"]
    assert list(shelf.folder.iterdir()) == []


def test_a_note_that_the_disk_does_not_take_means_no_recording(shelf, monkeypatch):
    monkeypatch.setattr("edge.camera.acts.leave_struct", lambda *_: False)
    with pytest.raises(OSError, match="without a trace"), recording(shelf):
        pass
    assert list(shelf.folder.iterdir()) == []


def test_nobody_but_its_owner_may_read_it(shelf):
    with recording(shelf) as file:
        assert file.stat().st_mode & 0o077 == 0
        assert shelf.folder.stat().st_mode & 0o077 == 0
