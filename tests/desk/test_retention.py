import random

import pytest

from edge.desk import audit, retention
from edge.desk.clock import FLOOR_MS, Reading, TrustedClock
from edge.desk.search import search
from edge.desk.store import counters, open_store
from edge.settings.policy import RetentionSettings
from tests.desk.builders import DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, ROOT, sighting
from tests.desk.test_intake import Desk
from tests.desk.test_search import POLICY, request

THIRTY_DAYS = RetentionSettings()


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.store.close()


def raw(folder):
    """Every byte of the database, its log and whatever else lies beside it."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


def fill(desk, plates, at_ms):
    for number, text in enumerate(plates, start=at_ms // 1000 % 1_000_000):
        desk.take(sighting(text, number=number, at_ms=at_ms), now_ms=at_ms)


def found(desk, pattern, now_ms):
    return [one.plate for one in search(desk.store, POLICY, request(pattern), now_ms).found]


def some_plates(count, seed=7):
    rng = random.Random(seed)
    return ["".join(rng.choices("ABCEFGHJKLMNPRSTWXY3479", k=7)) for _ in range(count)]


def test_after_thirty_days_not_a_byte_of_a_plate_is_left(desk, tmp_path):
    old, new = some_plates(120), some_plates(20, seed=8)
    desk.install(*old[:10], *new[:5], now_ms=NOW_MS - 31 * DAY_MS, made_ms=NOW_MS - 31 * DAY_MS)
    fill(desk, old, NOW_MS - 31 * DAY_MS)
    desk.install(*new[:5])
    fill(desk, new, NOW_MS - HOUR_MS)
    before = raw(tmp_path)
    assert all(text.encode() in before for text in old)
    proof = retention.purge(desk.store, THIRTY_DAYS, NOW_MS)
    left = raw(tmp_path)
    assert [text for text in old if text.encode() in left] == []
    assert all(text.encode() in left for text in new)
    assert (proof.overdue, proof.log_cut) == (0, True)
    assert proof.purged >= 130  # the sightings, and the hits among them


def test_folded_and_reversed_spellings_and_parts_go_too(desk, tmp_path):
    fill(desk, ["BQ8LZV2"], NOW_MS - 31 * DAY_MS)
    spelled = (b"BQ8LZV2", b"80812U2", b"2U21808", b"0812U2", b"812U2", b"12U2")
    assert all(text in raw(tmp_path) for text in spelled)
    retention.purge(desk.store, THIRTY_DAYS, NOW_MS)
    assert not any(text in raw(tmp_path) for text in spelled)


def test_the_three_characters_of_five_minutes_go_with_the_first_that_falls_due_and_lead_nobody_astray(desk):
    """What is left of those minutes is found all the same, also what comes late into them."""
    begin_ms = NOW_MS - 30 * DAY_MS - NOW_MS % 300_000
    fill(desk, ["DUE111"], begin_ms + 1_000)
    fill(desk, ["LIV2NG5"], begin_ms + 200_000)
    now_ms = begin_ms + 30 * DAY_MS + 100_000
    retention.purge(desk.store, THIRTY_DAYS, now_ms)
    desk.take(sighting("LIV3NG7", number=9, at_ms=begin_ms + 250_000), now_ms=now_ms)
    assert found(desk, "*L*V*N*", now_ms) == ["LIV3NG7", "LIV2NG5"]
    with desk.store.read() as connection:
        assert connection.exec_driver_sql("SELECT found FROM trio").scalars().all() == [None]
    retention.purge(desk.store, THIRTY_DAYS, now_ms + 300_000)
    assert desk.count("trio") == desk.count("sighting") == 0


def test_a_store_of_schema_2_is_taken_over_and_searched_from_the_first_minute(desk, tmp_path):
    fill(desk, ["LIV2NG5", "LIV3NG7"], NOW_MS - HOUR_MS)
    with desk.store.write() as connection:
        for statement in (
            "DROP TABLE trio",
            "DROP INDEX sighting_time",
            "CREATE INDEX sighting_captured ON sighting (captured_ms)",
            "UPDATE state SET value='2' WHERE key='schema'",
        ):
            connection.exec_driver_sql(statement)
    again = Desk(tmp_path)
    again.take(sighting("LIV4NG9", number=9, at_ms=NOW_MS - HOUR_MS))
    assert sorted(found(again, "*L*V*N*", NOW_MS)) == ["LIV2NG5", "LIV3NG7", "LIV4NG9"]
    again.store.close()


@pytest.mark.parametrize("days", [30.0, 7.0, 3 / 1440], ids=["thirty_days", "a_week", "three_minutes"])
def test_what_is_due_goes_and_what_is_not_stays(desk, days):
    rules = RetentionSettings(days=days)
    span_ms = int(days * DAY_MS)
    fill(desk, ["AAA111", "BBB222"], NOW_MS - span_ms - 1)
    fill(desk, ["CCC333"], NOW_MS - span_ms + MINUTE_MS)
    retention.purge(desk.store, rules, NOW_MS)
    with desk.store.read() as connection:
        assert connection.exec_driver_sql("SELECT plate FROM sighting").scalars().all() == ["CCC333"]


def test_the_days_counters_and_the_audit_log_outlive_what_they_tell_of(desk):
    desk.install("123ABC", now_ms=NOW_MS - 29 * DAY_MS, made_ms=NOW_MS - 29 * DAY_MS)
    fill(desk, ["123ABC"], NOW_MS - 29 * DAY_MS)
    retention.purge(desk.store, RetentionSettings(days=7.0), NOW_MS)
    assert desk.count("sighting") == desk.count("hit") == 0
    with desk.store.read() as connection:
        assert counters.totals(connection, "vehicles", NOW_MS) == {"north": 1}
        assert counters.totals(connection, "hits", NOW_MS) == {"ncic": 1}
        rows = list(audit.rows(connection))
    assert [row.act for row in rows] == ["hotlist installed", "hit", "purge"]
    assert "123ABC" not in repr(rows)


def test_a_reader_in_the_way_delays_the_cut_and_the_next_purge_makes_it(desk, tmp_path):
    fill(desk, ["QQQ777"], NOW_MS - 31 * DAY_MS)
    other = open_store(f"sqlite:///{tmp_path}/desk.db")
    with other.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM sighting").scalar_one()
        desk.store._engine.dispose()
        assert not retention.purge(desk.store, THIRTY_DAYS, NOW_MS).log_cut
    other.close()
    assert retention.purge(desk.store, THIRTY_DAYS, NOW_MS).log_cut
    assert b"QQQ777" not in raw(tmp_path)


def test_rows_dated_by_a_clock_that_was_wrong_do_not_stay_for_ever(desk):
    ahead = NOW_MS + 1000 * DAY_MS
    desk.take(sighting(synchronized=False), now_ms=ahead)
    retention.purge(desk.store, THIRTY_DAYS, NOW_MS)
    assert desk.count("sighting") == 1
    assert found(desk, "*1*3*B*", NOW_MS + 1) == ["123ABC"]
    retention.purge(desk.store, THIRTY_DAYS, NOW_MS + 31 * DAY_MS)
    assert desk.count("sighting") == desk.count("trio") == 0


class Machine:
    """A clock that a test sets."""

    def __init__(self, wall_ms=NOW_MS):
        self.wall_ms, self.monotonic_ms, self.synchronized = wall_ms, 5_000, False

    def __call__(self):
        return Reading(self.wall_ms, self.monotonic_ms, self.synchronized)

    def pass_by(self, ms):
        self.wall_ms += ms
        self.monotonic_ms += ms


@pytest.mark.parametrize("jump_ms", [40 * DAY_MS, -40 * DAY_MS, HOUR_MS, 1_000_000 - NOW_MS])
def test_a_clock_that_jumps_is_not_believed_and_time_goes_on(jump_ms):
    machine = Machine()
    clock = TrustedClock(machine)
    assert clock.now_ms() == NOW_MS
    machine.pass_by(MINUTE_MS)
    machine.wall_ms += jump_ms
    assert clock.now_ms() == NOW_MS + MINUTE_MS
    assert clock.held
    machine.pass_by(DAY_MS)
    assert clock.now_ms() == NOW_MS + MINUTE_MS + DAY_MS
    machine.wall_ms -= jump_ms
    assert clock.now_ms() == NOW_MS + MINUTE_MS + DAY_MS
    assert not clock.held


def test_a_jump_of_a_synchronised_clock_is_believed():
    machine = Machine(FLOOR_MS - DAY_MS)
    clock = TrustedClock(machine)
    clock.now_ms()
    assert clock.held
    machine.wall_ms, machine.synchronized = NOW_MS, True
    assert clock.now_ms() == NOW_MS
    assert not clock.held


def test_a_clock_that_jumps_neither_purges_the_living_nor_keeps_the_dead(desk):
    machine = Machine()
    clock = TrustedClock(machine)
    fill(desk, ["LIV111"], clock.now_ms())
    machine.wall_ms += 400 * DAY_MS
    retention.purge(desk.store, THIRTY_DAYS, clock.now_ms())
    assert desk.count("sighting") == 1
    for _ in range(31):
        machine.monotonic_ms += DAY_MS
        retention.purge(desk.store, THIRTY_DAYS, clock.now_ms())
    assert desk.count("sighting") == 0


@pytest.mark.parametrize(
    ("wall_ms", "synchronized", "expected_ms"),
    [
        (NOW_MS + 20 * DAY_MS, True, NOW_MS + 20 * DAY_MS),
        (NOW_MS + 20 * DAY_MS, False, NOW_MS),
        (1_000_000, False, NOW_MS),
        (1_000_000, True, NOW_MS),
    ],
    ids=["three_weeks_off", "three_weeks_off_unset", "booted_in_1970", "1970_and_sure_of_it"],
)
def test_a_restarted_desk_goes_on_from_where_it_stopped(desk, wall_ms, synchronized, expected_ms):
    clock = TrustedClock(Machine())
    with desk.store.write() as connection:
        clock.remember(connection)
    machine = Machine(wall_ms)
    machine.synchronized = synchronized
    again = TrustedClock(machine)
    with desk.store.read() as connection:
        assert again.recall(connection) == NOW_MS
    assert again.now_ms() == expected_ms


def test_nothing_in_the_settings_can_keep_longer_than_thirty_days(tmp_path):
    from edge.settings.policy_rules import load_policy
    from edge.settings.problems import SettingsWrong

    text = (ROOT / "config" / "policy.yaml").read_text()
    for days in ("31", "-1", "0", ".inf", "1e9"):
        file = tmp_path / "policy.yaml"
        file.write_text(text.replace("days: 30 # 0.0021", f"days: {days} # 0.0021"))
        with pytest.raises(SettingsWrong, match=r"retention\.days"):
            load_policy(file)
