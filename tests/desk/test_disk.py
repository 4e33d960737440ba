"""The desk's disk is full, read-only, damaged or stuck: it says so once, acknowledges nothing that is not stored, and
goes on by itself. The broker holds what comes meanwhile.
"""

import resource

import pytest

from edge.desk import retention
from edge.desk.search import search
from edge.desk.store import DiskFull, StoreAway, open_store, reserve
from tests import disks
from tests.desk.builders import DAY_MS, NOW_MS, payload, sighting
from tests.desk.mosquitto import Broker, user
from tests.desk.test_daemon import SITE, RunningDesk, now_ms, until
from tests.desk.test_intake import Desk
from tests.desk.test_retention import THIRTY_DAYS, fill, some_plates
from tests.desk.test_search import POLICY, request

LONG = 1_020
"""More than the thousand messages that Mosquitto keeps if nobody tells it to keep more."""


@pytest.fixture
def disk(tmp_path):
    with disks.small_disk(tmp_path / "disk", 24) as folder:
        yield folder


def running(tmp_path, file):
    """Mosquitto, and a desk whose store is that file."""
    broker = Broker(tmp_path, store={"url": f"sqlite:///{file}"})
    desk = RunningDesk(broker)
    desk.file = file
    return broker, desk.await_connected()


def stored(desk):
    return desk.rows("SELECT count(*), count(DISTINCT id) FROM sighting")


def away(desk):
    return desk.log.read_text().count("the store does not answer")


def send(broker, count, first=0):
    with user(broker, "north") as north:
        for number in range(first, first + count):
            north.publish(f"{SITE}/north/sighting", payload(sighting(number=number, at_ms=now_ms())))


@pytest.mark.parametrize("count", [100, pytest.param(LONG, marks=pytest.mark.slow, id="for_long")])
def test_a_full_disk_loses_nothing_and_is_said_once(tmp_path, disk, count):
    broker, desk = running(tmp_path, disk / "desk.db")
    try:
        send(broker, 3)
        until(lambda: stored(desk) == [(3, 3)], "the first are stored")
        ballast = disks.fill(disk)
        send(broker, count, first=3)
        until(lambda: "make room on its disk; the broker keeps what comes" in desk.log.read_text(), "it is said")
        assert stored(desk)[0][0] < count
        ballast.unlink()
        until(lambda: stored(desk) == [(count + 3, count + 3)], "everything is stored, once")
        until(lambda: "the store is back" in desk.log.read_text(), "that is said too")
        assert away(desk) == 1
        assert desk.rows("SELECT sum(count) FROM counter WHERE name='vehicles'") == [(count + 3,)]
        assert desk.rows("SELECT count(*) FROM gap") == [(0,)]
    finally:
        desk.stop()
        broker.stop()


def old_plates(folder, count):
    """A store with plates that have been due for a day."""
    desk = Desk(folder)
    plates = some_plates(count)
    fill(desk, plates, NOW_MS - 31 * DAY_MS)
    return desk, plates


def test_a_full_disk_keeps_nothing_longer_than_the_policy_says(disk):
    desk, plates = old_plates(disk, 160)
    fill(desk, ["LIV1NG7"], NOW_MS - DAY_MS)
    assert desk.store.reserve.hold()
    desk.store.flush_log()
    disks.fill(disk)
    proof = retention.purge(desk.store, THIRTY_DAYS, NOW_MS)
    assert (proof.purged, proof.overdue, proof.log_cut) == (160, 0, True)
    left = b"".join(file.read_bytes() for file in disk.glob("desk.db*"))
    assert [text for text in plates if text.encode() in left] == []
    assert b"LIV1NG7" in left
    assert (disk / "desk.db-reserve").stat().st_blocks * 512 >= reserve.STEP_BYTES, "it is there for the next time"
    desk.store.close()


def test_without_its_reserve_a_purge_on_a_full_disk_says_so_and_harms_nothing(disk):
    desk, _ = old_plates(disk, 40)
    desk.store.flush_log()
    ballast = disks.fill(disk)
    with pytest.raises(DiskFull, match="make room on its disk"):
        retention.purge(desk.store, THIRTY_DAYS, NOW_MS)
    assert desk.count("sighting") == 40
    ballast.unlink()
    assert retention.purge(desk.store, THIRTY_DAYS, NOW_MS).overdue == 0
    desk.store.close()


def test_a_desk_whose_disk_is_full_still_purges(tmp_path, disk):
    broker = Broker(
        tmp_path, store={"url": f"sqlite:///{disk}/desk.db"}, retention={"days": 0.0021, "purge_every_s": 1}
    )
    desk = RunningDesk(broker)
    desk.file = disk / "desk.db"
    desk.await_connected()
    try:
        sent_ms = now_ms()
        with user(broker, "north") as north:
            for number in range(20):
                north.publish(f"{SITE}/north/sighting", payload(sighting(number=number, at_ms=sent_ms - 140_000)))
        until(lambda: stored(desk) == [(20, 20)], "they are stored, due in forty seconds")
        disks.fill(disk)
        send(broker, 100, first=20)
        until(lambda: "make room on its disk; the broker keeps what comes" in desk.log.read_text(), "it is said")
        first = "SELECT count(*) FROM sighting WHERE sequence < 20"
        until(lambda: desk.rows(first) == [(0,)], "what is due is gone", 90)
    finally:
        desk.stop()
        broker.stop()


def test_files_that_may_not_grow_are_an_outage_like_any_other(tmp_path):
    """A quota, for whoever may not mount."""
    broker, desk = running(tmp_path, tmp_path / "desk.db")
    try:
        grows = (tmp_path / name for name in ("desk.db", "desk.db-wal"))
        limit = max(file.stat().st_size for file in grows) + 20_000
        resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        send(broker, 40)
        until(lambda: away(desk), "it is said")
        assert stored(desk)[0][0] < 40
        resource.prlimit(desk.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: stored(desk) == [(40, 40)], "everything is stored, once")
    finally:
        desk.stop()
        broker.stop()


def test_a_read_only_disk_is_named_with_the_file_until_it_is_writable_again(disk):
    made = Desk(disk)
    made.take(sighting())
    made.store.close()
    disks.make(disk, "ro")
    with pytest.raises(StoreAway, match=r"desk\.db: Read-only file system"):
        Desk(disk)
    disks.make(disk, "rw")
    again = Desk(disk)
    assert again.take(sighting()).result == "repeated"
    again.store.close()


def test_a_store_that_is_damaged_says_so_and_is_left_as_it_is(tmp_path):
    file = tmp_path / "desk.db"
    file.write_bytes(b"no database " * 1000)
    with pytest.raises(StoreAway, match="put it aside and restore a copy"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == b"no database " * 1000


def test_a_search_that_cannot_be_recorded_is_not_answered(disk):
    desk = Desk(disk)
    desk.take(sighting())
    disks.fill(disk)

    def ask_until_the_last_page_is_taken():
        for _ in range(500):
            search(desk.store, POLICY, request(), now_ms())

    with pytest.raises(StoreAway, match="make room"):
        ask_until_the_last_page_is_taken()
    desk.store.close()
