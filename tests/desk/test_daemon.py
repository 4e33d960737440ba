import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from edge.desk.hotlists import shelf
from edge.desk.store import open_store
from edge.settings.policy_rules import load_policy
from tests.desk.adapters.web import Site
from tests.desk.builders import CHIEF, HOUR_MS, ncic_line, payload, sighting
from tests.desk.mosquitto import Broker, user, written_policy

WAIT_S = 60.0
SITE = "lpr/v1/hesston"


def now_ms():
    return time.time_ns() // 1_000_000


def until(condition, what, within_s=WAIT_S):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {within_s} s")


class RunningDesk:
    """`plate-reader desk` in a process of its own."""

    def __init__(self, broker, policy_file=None):
        self.policy_file = policy_file or broker.policy_file
        self.file = broker.folder / "desk.db"
        self.log = self.policy_file.with_suffix(".log")
        self.start()

    def start(self):
        command = [sys.executable, "-m", "edge.cli.main", "desk", "--config", str(self.policy_file)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)
        return self

    def await_connected(self, times=1):
        try:
            until(lambda: self.log.read_text().count(": connected") >= times, "the desk is connected")
        except AssertionError:
            self.kill()  # or it would go on long after the test
            raise
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(WAIT_S)

    def rows(self, statement):
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()


@pytest.fixture
def broker(tmp_path):
    made = Broker(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def desk(broker):
    made = RunningDesk(broker).await_connected()
    yield made
    made.stop()


def install(broker, *plates):
    policy = load_policy(broker.policy_file)
    store = open_store(policy.store.url)
    content = "\n".join(ncic_line(plate, "KS", style="PK", color="WHI") for plate in plates).encode()
    rules = policy.hotlists
    shelf.install(store, content, rules.lists[0], rules, CHIEF, now_ms() - HOUR_MS, now_ms())
    store.close()


def test_a_listed_plate_reaches_dispatch_unverified_within_seconds(broker, desk):
    install(broker, "123ABC")
    until(lambda: "lists in force anew: ncic" in desk.log.read_text(), "the list is in force")
    with user(broker, "dispatch") as dispatch, user(broker, "north") as north, user(broker, "supervision") as watcher:
        dispatch.subscribe(f"{SITE}/desk/hit")
        watcher.subscribe(f"{SITE}/desk/status")
        north.publish(f"{SITE}/north/sighting", payload(sighting(at_ms=now_ms())))
        hit = json.loads(dispatch.next().payload)
        assert (hit["verification"], hit["live"], hit["grade"]) == ("unverified", True, "full")
        status = json.loads(watcher.next().payload)
        assert status["file_codes"] == ["V"] or watcher.next() is not None
    assert "123ABC" not in desk.log.read_text()


def test_kill_9_loses_and_doubles_nothing(broker, desk):
    count = 120
    with user(broker, "north") as north:
        for number in range(count):
            north.publish(f"{SITE}/north/sighting", payload(sighting(number=number, at_ms=now_ms())))
            if number in {30, 60, 90}:
                desk.kill()
                desk.start()
    until(lambda: desk.rows("SELECT count(*) FROM sighting") == [(count,)], "every sighting is there")
    assert desk.rows("SELECT count(DISTINCT id) FROM sighting") == [(count,)]
    assert desk.rows("SELECT sum(count) FROM counter WHERE name='vehicles'") == [(count,)]
    assert desk.rows("SELECT count(*) FROM gap") == [(0,)]


def test_while_the_store_is_away_the_broker_keeps_what_comes(broker, desk):
    locker = sqlite3.connect(desk.file, isolation_level=None)
    locker.execute("BEGIN EXCLUSIVE")
    with user(broker, "north") as north:
        for number in range(5):
            north.publish(f"{SITE}/north/sighting", payload(sighting(number=number, at_ms=now_ms())))
        until(lambda: "the broker keeps what comes" in desk.log.read_text(), "the desk says that its store is away")
        locker.execute("COMMIT")
        locker.close()
    until(lambda: desk.rows("SELECT count(*) FROM sighting") == [(5,)], "everything is stored")


def test_a_hostile_camera_disturbs_nobody(broker, desk):
    with user(broker, "south") as south, user(broker, "north") as north:
        for content in (b"", b"\x00" * 5000, b"{" * 900, payload(sighting()), b'{"schema":"sighting/1"}'):
            south.publish(f"{SITE}/south/sighting", content)
        north.publish(f"{SITE}/north/sighting", payload(sighting(at_ms=now_ms())))
    until(lambda: desk.rows("SELECT count(*) FROM sighting") == [(1,)], "the good one is stored")
    refused = dict(desk.rows("SELECT key, count FROM counter WHERE name='refused_messages'"))
    assert refused == {"south: malformed": 3, "south: oversized": 1, "south: wrong camera": 1}


def test_the_desk_says_that_it_leaves_and_a_broken_line_is_told_by_the_broker(broker, desk):
    with user(broker, "supervision") as watcher:
        watcher.subscribe(f"{SITE}/desk/status")
        assert json.loads(watcher.next().payload)["state"] == "online"
        assert desk.stop() == 0
        states = [json.loads(watcher.next().payload)["state"]]
        while states[-1] != "offline":
            states.append(json.loads(watcher.next().payload)["state"])


def test_the_head_of_the_audit_log_goes_out(broker):
    with user(broker, "supervision", session=True) as watcher:
        watcher.subscribe(f"{SITE}/desk/audit")
        desk = RunningDesk(broker)
        head = json.loads(watcher.next().payload)
        desk.stop()
    rows = desk.rows("SELECT hash FROM audit ORDER BY number")
    assert rows[head["rows"] - 1][0] == head["hash"]


def test_an_outage_of_a_camera_is_written_down(broker, desk):
    told = b'{"schema":"status/1","site":"hesston","camera":"north","state":"%s","software":"0.1.0","since":null}'
    with user(broker, "north") as north:
        north.publish(f"{SITE}/north/status", told % b"offline")
        north.publish(f"{SITE}/north/status", told % b"online")
    until(lambda: desk.rows("SELECT part, ended_ms IS NOT NULL FROM outage") == [("north", 1)], "it is written down")


def test_a_policy_that_changes_is_an_audit_row_and_a_wrong_one_changes_nothing(broker, desk):
    good = broker.policy_file.read_text()
    broker.policy_file.write_text(good.replace("days: 30", "days: 31"))
    os.kill(desk.process.pid, signal.SIGHUP)
    until(lambda: "going on with what held before" in desk.log.read_text(), "the wrong policy is refused")
    written_policy(broker.folder, broker.port, retention={"days": 7})
    os.kill(desk.process.pid, signal.SIGHUP)
    acts = "SELECT count(*) FROM audit WHERE act='settings changed'"
    until(lambda: desk.rows(acts) == [(2,)], "the change is in the log")


def test_other_systems_are_handed_what_comes_and_a_killed_desk_loses_none(tmp_path):
    """One by HTTP, and Frigate's listeners on the very broker, as its access list lets them."""
    with Site() as site:
        wanted = [{"format": "openalpr", "url": f"http://127.0.0.1:{site.port}/"}, {"format": "frigate"}]
        broker = Broker(tmp_path, adapters=wanted)
        desk = RunningDesk(broker).await_connected()
        try:
            with user(broker, "frigate") as listener, user(broker, "north") as north:
                listener.subscribe("frigate/#")
                listener.subscribe(f"{SITE}/+/sighting")
                plates = [f"CAR{number:03d}" for number in range(40)]
                for number, plate in enumerate(plates):
                    one = sighting(plate, number=number, at_ms=now_ms())
                    north.publish(f"{SITE}/north/sighting", payload(one))
                    if number in {10, 25}:
                        desk.kill()
                        desk.start()
                until(lambda: len(set(site.plates)) == 40, "the one by HTTP has them all")
                heard = []
                while len(set(heard)) < 40:
                    message = listener.next()
                    assert (message.topic, message.retain) == ("frigate/tracked_object_update", False)
                    heard.append(json.loads(message.payload)["plate"])
                assert list(dict.fromkeys(site.plates)) == plates
                assert list(dict.fromkeys(heard)) == plates
            with user(broker, "supervision") as watcher:
                watcher.subscribe(f"{SITE}/desk/status")
                told = json.loads(watcher.next().payload)["adapters"]
                assert [one["format"] for one in told] == ["openalpr", "frigate"]
        finally:
            desk.stop()
            broker.stop()
    subjects = "SELECT DISTINCT subject FROM audit WHERE act='adapter on' ORDER BY 1"
    assert desk.rows(subjects) == [("frigate to this department's own broker",), ("openalpr to 127.0.0.1",)]
    assert "sightings are handed on: openalpr to 127.0.0.1, frigate" in desk.log.read_text()
    assert not any(plate in desk.log.read_text() for plate in plates)


def test_what_is_due_is_purged_while_it_runs(broker):
    written_policy(broker.folder, broker.port, retention={"days": 3 / 1440, "purge_every_s": 1})
    desk = RunningDesk(broker).await_connected()
    with user(broker, "north") as north:
        almost = sighting("QQQ777", at_ms=now_ms() - 178_000)
        north.publish(f"{SITE}/north/sighting", payload(almost))
        until(lambda: desk.rows("SELECT count(*) FROM sighting") == [(1,)], "it is stored")
        until(lambda: desk.rows("SELECT count(*) FROM sighting") == [(0,)], "it is gone")
        until(lambda: b"QQQ777" not in desk.file.read_bytes(), "its bytes are gone")
    desk.stop()
