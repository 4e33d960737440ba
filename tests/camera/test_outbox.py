"""Kept until the broker has it: on real SQLite, with clocks that jump and disks that fail."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import threading
import time as wall
from contextlib import closing, contextmanager

import msgspec
import pytest

from edge.camera import disk
from edge.camera.disk import OutboxError, OutboxFailing, OutboxFull, OutboxReadOnly, OutboxTaken
from edge.camera.outbox import FILE, Outbox
from edge.record.access import Access
from edge.record.boundary import NotSealable, seal, unseal
from edge.record.examples import EXAMPLES
from edge.record.sighting import Clock as ClockSeen
from edge.record.sighting import Sighting
from edge.record.words import nanoseconds, time
from edge.settings.camera import OutboxSettings
from tests import disks

S = 1_000_000_000
DAY = 86_400
NOW_NS = nanoseconds("2026-11-23T18:04:12.880Z")
BOOT_NS = 3600 * S
"""The device has run for an hour."""


class FakeClock:
    """Starts right and set; `pass_`, `jump` and `reboot` do what they say."""

    def __init__(self, *, now_ns: int = NOW_NS, synchronized: bool = True) -> None:
        self.wall_ns, self.boot_ns, self.boot, self.set = now_ns, BOOT_NS, "boot-1", synchronized

    def now_ns(self) -> int:
        return self.wall_ns

    def monotonic_ns(self) -> int:
        return self.boot_ns

    def synchronized(self) -> bool:
        return self.set

    def pass_(self, seconds: float) -> None:
        self.wall_ns += int(seconds * S)
        self.boot_ns += int(seconds * S)

    def jump(self, seconds: float) -> None:
        self.wall_ns += int(seconds * S)

    def reboot(self) -> None:
        self.boot, self.boot_ns = self.boot + "+", 10 * S


@pytest.fixture
def clock():
    return FakeClock()


@contextmanager
def opened(folder, clock, **settings):
    outbox = Outbox.open(folder, OutboxSettings(**settings), clock)
    try:
        yield outbox
    finally:
        outbox.close()


@pytest.fixture
def outbox(tmp_path, clock):
    with opened(tmp_path, clock) as made:
        yield made


def sighting(clock, sequence: int, **fields) -> Sighting:
    seen = time(clock.now_ns())
    base = {"sequence": sequence, "first_seen": seen, "last_seen": seen, "clock": ClockSeen(synchronized=clock.set)}
    return msgspec.structs.replace(EXAMPLES[0], **{**base, **fields})


def keep(outbox, clock, count: int = 1, **fields) -> list[Sighting]:
    return [
        unseal(outbox.keep(lambda sequence: seal(sighting(clock, sequence, **fields))).payload, Sighting)
        for _ in range(count)
    ]


def waiting(outbox) -> list[Sighting]:
    return [unseal(row.message.payload, Sighting) for row in outbox.oldest(10_000)]


def deliver(outbox, count: int = 10_000) -> int:
    rows = outbox.oldest(count)
    outbox.acknowledge([row.number for row in rows])
    return len(rows)


def bytes_on_disk(folder) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


class TestKeeping:
    def test_what_is_kept_comes_out_as_it_went_in_and_in_order(self, outbox, clock):
        kept = keep(outbox, clock, 30)
        assert waiting(outbox) == kept
        assert [row.number for row in outbox.oldest(5)] == [1, 2, 3, 4, 5]
        assert [row.number for row in outbox.oldest(5, after=5)] == [6, 7, 8, 9, 10]

    def test_sequence_numbers_have_no_gap_over_deliveries_restarts_and_failures(self, tmp_path, clock):
        seen = []
        for _ in range(4):
            with opened(tmp_path, clock) as outbox:
                seen += [one.sequence for one in keep(outbox, clock, 5)]
                deliver(outbox, 3)
                with pytest.raises(NotSealable):
                    outbox.keep(lambda n: seal(sighting(clock, n, camera="../north")))
        assert seen == list(range(1, 21))

    def test_row_numbers_are_never_used_again(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
            deliver(outbox)
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock)
            assert [row.number for row in outbox.oldest(9)] == [4]

    def test_only_what_passed_the_boundary_is_kept(self, outbox):
        for forged in (b"\xff\xd8\xff", "text", object()):
            with pytest.raises(NotSealable):
                outbox.keep(lambda _, one=forged: one)
        assert outbox.report().depth == 0

    def test_a_sighting_must_bear_the_number_that_it_was_given(self, outbox, clock):
        with pytest.raises(AssertionError):
            outbox.keep(lambda n: seal(sighting(clock, n + 1)))

    def test_what_is_acknowledged_is_gone_down_to_the_bytes(self, tmp_path, outbox, clock):
        plate = msgspec.structs.replace(EXAMPLES[0].plate, text="ZZTOP99")
        keep(outbox, clock, 200, plate=plate)
        assert b"ZZTOP99" in bytes_on_disk(tmp_path)
        while deliver(outbox, 16):
            pass
        clock.pass_(60)
        outbox.tend()
        assert b"ZZTOP99" not in bytes_on_disk(tmp_path), "overwritten in the database and in its log"

    def test_delivering_the_last_row_overwrites_it_without_waiting_for_the_minute(self, tmp_path, outbox, clock):
        plate = msgspec.structs.replace(EXAMPLES[0].plate, text="ZZTOP99")
        clock.pass_(10)
        keep(outbox, clock, 1, plate=plate)
        deliver(outbox)
        assert b"ZZTOP99" not in bytes_on_disk(tmp_path)

    def test_a_vehicle_costs_the_card_four_pages_kept_and_one_delivered(self, tmp_path, outbox, clock):
        """What the log grows by is what a card feels, twice: it goes into the database afterwards."""
        keep(outbox, clock, 1)
        outbox.tend()
        keep(outbox, clock, 1)
        assert pages_in_log(tmp_path) <= 4, "the row, its number, the sequence, the day"
        deliver(outbox)
        assert pages_in_log(tmp_path) <= 5

    def test_a_file_with_the_former_index_loses_it_and_keeps_its_rows(self, tmp_path, clock):
        with opened(tmp_path, clock) as before:
            keep(before, clock, 2)
        with closing(sqlite3.connect(tmp_path / FILE)) as db:
            db.executescript("DROP INDEX row_undated; CREATE INDEX row_age ON row (dated, seen_ns);")
        with opened(tmp_path, clock) as found:
            assert found.report().depth == 2
            clock.set = False
            keep(found, clock, 1)
        with closing(sqlite3.connect(tmp_path / FILE)) as db:
            names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert "row_age" not in names
        assert "row_undated" in names

    def test_nobody_else_may_read_the_files(self, tmp_path, clock):
        with opened(tmp_path / "state", clock) as outbox:
            keep(outbox, clock)
            modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "state").iterdir()}
            assert set(modes.values()) == {0o600}
            assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700

    def test_two_threads_keep_and_deliver_at_once(self, outbox, clock):
        done = threading.Event()
        delivered = []

        def drain():
            while not (done.is_set() and outbox.report().depth == 0):
                rows = outbox.oldest(16)
                delivered.extend(unseal(row.message.payload, Sighting).sequence for row in rows)
                outbox.acknowledge([row.number for row in rows])

        thread = threading.Thread(target=drain)
        thread.start()
        keep(outbox, clock, 100)
        done.set()
        thread.join()
        assert delivered == list(range(1, 101))

    def test_a_second_daemon_is_told_that_the_first_runs(self, tmp_path, outbox, clock, monkeypatch):
        monkeypatch.setattr(disk, "BUSY_S_MAX", 0.1)
        with pytest.raises(OutboxTaken, match="another daemon of this camera"):
            Outbox.open(tmp_path, OutboxSettings(), clock)

    def test_a_file_of_a_newer_version_is_left_alone(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock)
        with sqlite3.connect(tmp_path / FILE) as db:
            db.execute("PRAGMA user_version = 9")
        db.close()
        with pytest.raises(OutboxTaken, match="newer version"):
            Outbox.open(tmp_path, OutboxSettings(), clock)


class TestBounds:
    def test_oldest_go_first_when_there_are_too_many_bytes(self, tmp_path, clock, monkeypatch):
        with opened(tmp_path, clock, bytes_max=200_000) as outbox:
            keep(outbox, clock, 300)
            report = outbox.report()
            assert report.size_bytes <= 200_000
            assert report.dropped_by_bytes > 0
            assert report.depth + report.dropped_by_bytes == 300
            left = [one.sequence for one in waiting(outbox)]
        assert left == list(range(report.dropped_by_bytes + 1, 301)), "the newest are there, without a gap"

    def test_a_row_lives_for_its_retention_by_the_boots_own_clock(self, tmp_path, clock):
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            keep(outbox, clock)
            clock.pass_(DAY - 60)
            keep(outbox, clock)
            outbox.tend()
            assert outbox.report().depth == 2
            clock.pass_(120)
            outbox.tend()
            report = outbox.report()
            assert (report.depth, report.dropped_by_age) == (1, 1)
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            assert outbox.report().dropped_by_age == 1, "the count outlives the daemon"

    def test_a_row_of_an_earlier_boot_lives_for_its_retention_by_the_wall_clock(self, tmp_path, clock):
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            keep(outbox, clock)
        clock.pass_(DAY + 60)
        clock.reboot()
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            assert outbox.report().depth == 1, "the clock has not proved itself yet"
            for _ in range(12):
                clock.pass_(60)
                outbox.tend()
            assert (outbox.report().depth, outbox.report().dropped_by_age) == (0, 1)

    @pytest.mark.parametrize("jump_s", [31 * DAY, 3650 * DAY, -31 * DAY, -20_000 * DAY])
    @pytest.mark.parametrize("claims_to_be_set", [True, False])
    def test_a_clock_that_jumps_deletes_nothing(self, tmp_path, clock, jump_s, claims_to_be_set):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
        clock.reboot()
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
            for _ in range(15):
                clock.pass_(60)
                outbox.tend()
            clock.jump(jump_s)
            clock.set = claims_to_be_set
            for _ in range(9):
                outbox.tend()
                clock.pass_(60)
            clock.jump(-jump_s)
            clock.set = True
            for _ in range(15):
                outbox.tend()
                clock.pass_(60)
            assert outbox.report().depth == 6
            assert outbox.report().dropped_by_age == 0

    def test_a_clock_that_nobody_set_deletes_nothing_even_after_weeks(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock)
        clock.reboot()
        clock.set = False
        clock.jump(-20_000 * DAY)
        with opened(tmp_path, clock) as outbox:
            for _ in range(50):
                clock.pass_(DAY / 2)
                outbox.tend()
            assert outbox.report().depth == 1

    def test_what_is_left_of_its_retention_travels_with_a_row(self, tmp_path, clock):
        with opened(tmp_path, clock, retention_days_max=10.0) as outbox:
            keep(outbox, clock)
            clock.pass_(4 * DAY)
            assert outbox.oldest(1)[0].expires_s == pytest.approx(6 * DAY)
        clock.pass_(DAY)
        clock.reboot()
        with opened(tmp_path, clock, retention_days_max=10.0) as outbox:
            assert outbox.oldest(1)[0].expires_s == pytest.approx(5 * DAY)
            clock.set = False
            assert outbox.oldest(1)[0].expires_s == pytest.approx(10 * DAY), "nobody can say"


class TestClock:
    def test_rows_of_1970_are_dated_again_when_the_clock_comes(self, tmp_path):
        clock = FakeClock(now_ns=100 * S, synchronized=False)
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 1, first_seen=time(clock.now_ns() - 2 * S))
            clock.pass_(600)
            keep(outbox, clock)
            outbox.tend()
            assert [one.last_seen[:4] for one in waiting(outbox)] == ["1970", "1970"]
            assert not any(one.clock.synchronized for one in waiting(outbox))
            clock.pass_(300)
            clock.jump((NOW_NS - clock.now_ns()) / S)
            clock.set = True
            outbox.tend()
            early, late = waiting(outbox)
        assert early.last_seen == time(NOW_NS - 900 * S)
        assert early.first_seen == time(NOW_NS - 902 * S)
        assert late.last_seen == time(NOW_NS - 300 * S)
        assert early.clock.synchronized
        assert late.clock.synchronized
        assert [early.sequence, late.sequence] == [1, 2]

    def test_rows_of_an_earlier_boot_keep_their_date_and_their_mark(self, tmp_path):
        clock = FakeClock(now_ns=100 * S, synchronized=False)
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            keep(outbox, clock)
        clock.reboot()
        clock.jump((NOW_NS - clock.now_ns()) / S)
        clock.set = True
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            (row,) = waiting(outbox)
            assert row.last_seen[:4] == "1970"
            assert not row.clock.synchronized
            for _ in range(15):
                clock.pass_(60)
                outbox.tend()
            assert outbox.report().depth == 1, "it was seen before this boot, at the latest: that is not a day ago"
            clock.pass_(DAY)
            outbox.tend()
            assert outbox.report().depth == 0, "and now it is"

    def test_a_pass_during_which_the_clock_was_set_is_put_right_at_once(self, tmp_path):
        clock = FakeClock(now_ns=100 * S, synchronized=False)
        with opened(tmp_path, clock) as outbox:
            seen_ns = clock.monotonic_ns()
            of_then = {"first_seen": time(clock.now_ns()), "last_seen": time(clock.now_ns())}
            clock.pass_(1)
            clock.jump((NOW_NS - clock.now_ns()) / S)
            clock.set = True
            kept = outbox.keep(lambda n: seal(sighting(clock, n, **of_then)), seen_monotonic_ns=seen_ns)
            assert unseal(kept.payload, Sighting).last_seen == time(NOW_NS - 1 * S)
            assert waiting(outbox) == [unseal(kept.payload, Sighting)]

    def test_a_right_time_is_left_as_it_is(self, outbox, clock):
        seen_ns = clock.monotonic_ns()
        then = time(clock.now_ns())
        clock.pass_(1.5)
        kept = outbox.keep(
            lambda n: seal(sighting(clock, n, first_seen=then, last_seen=then)), seen_monotonic_ns=seen_ns
        )
        assert unseal(kept.payload, Sighting).last_seen == then

    def test_the_oldest_is_told_with_its_true_age(self, outbox, clock):
        keep(outbox, clock)
        clock.pass_(100)
        clock.jump(5 * DAY)
        report = outbox.report()
        assert report.oldest_age_s == pytest.approx(100)
        assert report.oldest_ns == NOW_NS // 1_000_000 * 1_000_000


class TestCounts:
    def test_vehicles_and_plates_are_counted_by_day_with_their_rows(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
            keep(outbox, clock, 2, plate=None, region=None)
            clock.pass_(DAY)
            keep(outbox, clock, 1)
            deliver(outbox)
        with opened(tmp_path, clock) as outbox:
            days = [(day.date, day.vehicles, day.plates) for day in outbox.days()]
        assert days == [("2026-11-23", 5, 3), ("2026-11-24", 1, 1)]

    def test_31_days_are_told_and_older_ones_forgotten(self, tmp_path, outbox, clock):
        for _ in range(40):
            keep(outbox, clock)
            clock.pass_(DAY)
        outbox.tend()
        days = outbox.days()
        assert len(days) == 31
        assert days[-1].date == "2027-01-01"

    def test_vehicles_of_1970_find_their_day_when_the_clock_comes(self, tmp_path):
        clock = FakeClock(now_ns=100 * S, synchronized=False)
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 2)
            clock.pass_(20 * 3600)
            keep(outbox, clock, 3)
            assert outbox.days() == ()
            clock.jump((NOW_NS - clock.now_ns()) / S)
            clock.set = True
            outbox.tend()
            days = [(day.date, day.vehicles) for day in outbox.days()]
        assert days == [("2026-11-22", 2), ("2026-11-23", 3)]


class TestSetAside:
    def test_a_row_that_is_set_aside_is_kept_counted_and_offered_again_at_the_next_start(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
            outbox.set_aside(2)
            assert [row.number for row in outbox.oldest(9)] == [1, 3]
            assert (outbox.report().depth, outbox.report().refused) == (2, 1)
        with opened(tmp_path, clock) as outbox:
            assert [row.number for row in outbox.oldest(9)] == [1, 2, 3]

    def test_it_is_offered_again_tomorrow_and_dropped_at_the_end_of_its_retention(self, tmp_path, clock):
        with opened(tmp_path, clock, retention_days_max=2.0) as outbox:
            keep(outbox, clock)
            outbox.set_aside(1)
            clock.pass_(DAY + 60)
            outbox.tend()
            assert [row.number for row in outbox.oldest(9)] == [1]
            outbox.set_aside(1)
            clock.pass_(DAY)
            outbox.tend()
            assert (outbox.report().refused, outbox.report().dropped_by_age) == (0, 1)


class TestParked:
    def test_a_parked_car_is_known_after_a_restart_until_it_has_been_gone_too_long(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            assert not outbox.known_parked("123ABC", seen_ns_min=NOW_NS - 1800 * S)
            outbox.remember_parked("123ABC", seen_ns=NOW_NS)
        with opened(tmp_path, clock) as outbox:
            assert outbox.known_parked("123ABC", seen_ns_min=NOW_NS - 1800 * S)
            assert not outbox.known_parked("123ABD", seen_ns_min=NOW_NS - 1800 * S)
            assert not outbox.known_parked("123ABC", seen_ns_min=NOW_NS + 1)

    def test_its_plate_stands_nowhere_on_the_disk(self, tmp_path, outbox):
        outbox.remember_parked("ZZTOP99", seen_ns=NOW_NS)
        assert b"ZZTOP99" not in bytes_on_disk(tmp_path)

    def test_two_installations_write_different_hashes(self, tmp_path, clock):
        hashes = []
        for name in ("one", "two"):
            with opened(tmp_path / name, clock) as outbox:
                outbox.remember_parked("ZZTOP99", seen_ns=NOW_NS)
            with sqlite3.connect(tmp_path / name / FILE) as db:
                hashes += db.execute("SELECT hash FROM parked").fetchone()
            db.close()
        assert hashes[0] != hashes[1]

    def test_a_standing_car_does_not_wear_the_card(self, tmp_path, outbox, clock):
        """Its pass ends every twelve seconds for weeks; the disk hears of it once a minute."""
        outbox.remember_parked("123ABC", seen_ns=NOW_NS)
        before = outbox._disk._db.total_changes
        for at_s in range(12, 60, 12):
            outbox.remember_parked("123ABC", seen_ns=NOW_NS + at_s * S)
        assert outbox._disk._db.total_changes == before
        outbox.remember_parked("123ABC", seen_ns=NOW_NS + 60 * S)
        assert outbox._disk._db.total_changes > before


class TestDamage:
    def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(self, tmp_path, clock, caplog):
        (tmp_path / FILE).write_bytes(b"this is no database, " * 500)
        with opened(tmp_path, clock) as outbox:
            assert [one.sequence for one in keep(outbox, clock, 2)] == [1, 2]
            assert outbox.report().damaged == 1
        (aside,) = (file for file in tmp_path.iterdir() if "damaged" in file.name and file.suffix == ".sqlite3")
        assert aside.read_bytes().startswith(b"this is no database")
        assert str(aside) in caplog.text

    def test_what_can_be_read_of_a_damaged_file_goes_over_and_the_numbers_go_on(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 300)
            outbox.acknowledge([1, 2, 3])
        _overwrite_pages_in_the_middle(tmp_path / FILE)
        with opened(tmp_path, clock) as outbox:
            report = outbox.report()
            assert report.damaged == 1
            assert 200 < report.depth < 297
            assert keep(outbox, clock)[0].sequence == 301
            saved = [one.sequence for one in waiting(outbox)]
        assert saved == sorted(saved)
        assert saved[0] == 4
        assert saved[-1] == 301

    def test_damage_that_shows_while_it_runs_loses_no_sighting(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 300)
            outbox._disk.wipe()
            outbox._disk._db.execute("PRAGMA cache_size = 1")
            with (tmp_path / FILE).open("r+b") as file:
                file.seek(100)
                file.write(b"\xa5" * 4096 * 30)
            outbox._disk._db.execute("PRAGMA shrink_memory").fetchall()
            first = keep(outbox, clock)[0]
            assert first in waiting(outbox)
            assert outbox.report().state == "ok"

    def test_a_row_whose_bits_have_fallen_over_is_counted_and_holds_up_nobody(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 3)
        with sqlite3.connect(tmp_path / FILE) as db:
            db.execute("UPDATE row SET payload = replace(payload, 'hesston', 'h\u00e9sston') WHERE number = 2")
        db.close()
        with opened(tmp_path, clock) as outbox:
            assert [row.number for row in outbox.oldest(9)] == [1, 3]
            assert outbox.report().damaged == 1

    def test_a_forged_row_never_leaves(self, tmp_path, clock):
        """Whoever can write the card can write a picture into the outbox; it stays there."""
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock)
        with sqlite3.connect(tmp_path / FILE) as db:
            db.execute(
                "INSERT INTO row (payload, seen_ns, dated, boot, monotonic_ns) VALUES (?, 0, 1, 'x', 0)",
                (b"\xff\xd8\xff\xe0 a face",),
            )
        db.close()
        with opened(tmp_path, clock) as outbox:
            assert len(outbox.oldest(9)) == 1

    def test_damaged_files_that_were_set_aside_go_at_the_end_of_their_retention(self, tmp_path, clock):
        (tmp_path / FILE).write_bytes(b"this is no database, " * 500)
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            keep(outbox, clock)
            (aside,) = tmp_path.glob("outbox-damaged-*")
            os.utime(aside, ns=(100 * S, 100 * S))  # of a clock that nobody had set
            for _ in range(15):
                clock.pass_(60)
                outbox.tend()
            assert aside.exists()
            clock.pass_(DAY + 60)
            outbox.tend()
            assert not aside.exists()

    @pytest.mark.parametrize("seed", range(20))
    def test_any_damage_leaves_an_outbox_that_works(self, tmp_path, clock, seed):
        """Random bytes at random places of the file and its log: opening never fails, keeping always works."""
        rng = random.Random(seed)
        outbox = Outbox.open(tmp_path, OutboxSettings(), clock)
        keep(outbox, clock, 60)
        if seed % 2:
            outbox.close()
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in tmp_path.glob(f"{FILE}*"):
            raw = bytearray(file.read_bytes())
            for _ in range(rng.randint(1, 5)):
                if raw:
                    at = rng.randrange(len(raw))
                    junk = rng.randbytes(rng.choice((1, 16, 4096)))
                    raw[at : at + len(junk)] = junk
            (copy / file.name).write_bytes(raw[: rng.randrange(len(raw) + 1)] if rng.random() < 0.3 else raw)
        outbox.close()
        with opened(copy, clock) as again:
            again.tend()
            kept = keep(again, clock)[0]
            assert kept in waiting(again)
            assert again.report().state == "ok"


class TestDiskFaults:
    def test_a_full_disk_is_said_once_and_recovers_by_itself(self, tmp_path, clock, caplog):
        caplog.set_level(logging.INFO)
        with opened(tmp_path, clock) as outbox:
            keep(outbox, clock, 5)
            pages = outbox._disk._db.execute("PRAGMA page_count").fetchone()[0]
            outbox._disk._db.execute(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(OutboxFull, match="no room"):
                keep(outbox, clock, 100)
            kept = outbox.report().depth
            assert kept >= 5
            assert outbox._disk.file.exists()
            assert outbox.report().state == "full"
            outbox._disk._db.execute("PRAGMA max_page_count = 100000")  # somebody made room
            keep(outbox, clock, 3)
            assert [one.sequence for one in waiting(outbox)] == list(range(1, kept + 4))
        assert sum(": full" in record.getMessage() for record in caplog.records) == 1
        assert sum(": ok" in record.getMessage() for record in caplog.records) == 1

    def test_a_truly_full_disk(self, small_disk, clock):
        with opened(small_disk / "state", clock) as outbox:
            with pytest.raises(OutboxFull):
                keep(outbox, clock, 2000)
            with pytest.raises(OutboxFull):
                keep(outbox, clock)
            assert outbox.report().state == "full"
            assert outbox.oldest(16), "what is there can still be read, and sent"
            outbox.tend()
            assert outbox.report().state == "full"
        with opened(small_disk / "state", clock) as outbox:
            assert outbox.oldest(16), "after a restart on the full disk, too"
            (small_disk / "ballast").unlink()
            outbox.tend()
            assert outbox.report().state == "ok", "within a minute, even without a vehicle"
            (one,) = keep(outbox, clock)
            assert [row.sequence for row in waiting(outbox)] == list(range(1, one.sequence + 1))

    def test_a_disk_that_is_full_from_the_start(self, small_disk, clock):
        disks.fill(small_disk)
        with opened(small_disk / "state", clock) as outbox:
            assert outbox.report().state == "full"
            with pytest.raises(OutboxFull):
                keep(outbox, clock)
            for ballast in small_disk.glob("ballast*"):
                ballast.unlink()
            keep(outbox, clock)
            assert outbox.report().state == "ok"

    def test_a_disk_that_becomes_read_only_and_writable_again(self, small_disk, clock):
        with opened(small_disk / "state", clock) as outbox:
            keep(outbox, clock, 3)
            # Closed first, for the kernel refuses to remount while a file is open for writing.
            outbox._disk.close()
            disks.make(small_disk, "ro")
            with pytest.raises(OutboxReadOnly):
                keep(outbox, clock)
            assert outbox.report().state == "read_only"
            disks.make(small_disk, "rw")
            keep(outbox, clock)
            assert [one.sequence for one in waiting(outbox)] == [1, 2, 3, 4]

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path, clock):
        folder = tmp_path / "state"
        folder.write_text("a file where the folder should be")
        with opened(folder, clock) as outbox, pytest.raises(OutboxError, match="state"):
            keep(outbox, clock)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_state_directory(self, tmp_path, clock):
        folder = tmp_path / "state"
        folder.mkdir(mode=0o500)
        with opened(folder, clock) as outbox:
            with pytest.raises(OutboxReadOnly, match="Permission denied"):
                keep(outbox, clock)
            folder.chmod(0o700)
            keep(outbox, clock)

    def test_the_parked_memory_forgets_rather_than_fails(self, tmp_path, clock):
        folder = tmp_path / "state"
        folder.write_text("a file where the folder should be")
        with opened(folder, clock) as outbox:
            outbox.remember_parked("123ABC", seen_ns=NOW_NS)
            assert not outbox.known_parked("123ABC", seen_ns_min=0)
            assert outbox.report().state == "failing"

    def test_faults_are_os_errors_so_the_link_only_pauses(self):
        for fault in (OutboxFull, OutboxReadOnly, OutboxFailing, OutboxTaken):
            assert issubclass(fault, OSError)


class TestAccesses:
    """A technician's acts wait among the sightings."""

    def test_one_goes_out_in_its_place_and_takes_no_number_from_the_sightings(self, outbox, clock):
        keep(outbox, clock)
        outbox.keep_access(access(clock))
        keep(outbox, clock)
        assert [row.message.kind for row in outbox.oldest(10)] == ["sighting", "access", "sighting"]
        assert [one.sequence for one in waiting_sightings(outbox)] == [1, 2]
        assert outbox.days()[-1].vehicles == 2, "it is no vehicle"
        assert deliver(outbox) == 3

    def test_one_of_1970_grows_old_by_the_true_clock(self, tmp_path):
        clock = FakeClock(now_ns=100 * S, synchronized=False)
        with opened(tmp_path, clock, retention_days_max=1.0) as outbox:
            outbox.keep_access(access(clock))
            clock.pass_(300)
            clock.jump((NOW_NS - clock.now_ns()) / S)
            clock.set = True
            outbox.tend()
            assert [row.message.kind for row in outbox.oldest(10)] == ["access"]
            assert 86_000 < outbox.oldest(1)[0].expires_s < 86_400
            clock.pass_(86_400)
            outbox.tend()
            assert outbox.oldest(10) == []

    def test_one_is_saved_from_a_damaged_file(self, tmp_path, clock):
        with opened(tmp_path, clock) as outbox:
            for _ in range(3):
                outbox.keep_access(access(clock))
            keep(outbox, clock, 300)
        _overwrite_pages_in_the_middle(tmp_path / "outbox.sqlite3")
        with opened(tmp_path, clock) as outbox:
            assert [row.message.kind for row in outbox.oldest(4)] == ["access"] * 3 + ["sighting"]


def access(clock) -> Access:
    known = next(one for one in EXAMPLES if isinstance(one, Access))
    return msgspec.structs.replace(known, time=time(clock.now_ns()))


def waiting_sightings(outbox) -> list[Sighting]:
    return [unseal(r.message.payload, Sighting) for r in outbox.oldest(100) if r.message.kind == "sighting"]


@pytest.fixture
def small_disk(tmp_path):
    """1 MB, with little room."""
    with disks.small_disk(tmp_path / "disk", 1) as folder:
        (folder / "ballast").write_bytes(b"\0" * 400_000)
        yield folder


def _overwrite_pages_in_the_middle(file) -> None:
    with sqlite3.connect(file) as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.close()
    with file.open("r+b") as raw:
        raw.seek(4096 * (pages // 2))
        raw.write(b"\xa5" * 4096 * 2)


def pages_in_log(folder):
    """Pages of 4 KB, each with 24 bytes of its own, after 32 of the log's."""
    return ((folder / f"{FILE}-wal").stat().st_size - 32) // (4096 + 24)


def test_a_commit_is_on_the_disk_before_keep_returns(tmp_path, clock):
    """What a power cut leaves is what the files hold at that moment: copy them, and open the copy."""
    with opened(tmp_path / "state", clock) as outbox:
        for count in range(1, 6):
            keep(outbox, clock)
            copy = tmp_path / f"copy-{count}"
            copy.mkdir()
            for file in (tmp_path / "state").iterdir():
                (copy / file.name).write_bytes(file.read_bytes())
            with opened(copy, clock) as found:
                assert found.report().depth == count


def test_keeping_takes_milliseconds(outbox, clock):
    began = wall.monotonic()
    keep(outbox, clock, 50)
    assert (wall.monotonic() - began) / 50 < 0.2
