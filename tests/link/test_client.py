"""The line to the broker, against a stand-in that misbehaves as brokers do; real ones are in test_real_brokers."""

from __future__ import annotations

import errno
import logging
import random
import time

import msgspec
import pytest

from edge.link import client as client_module
from edge.link import connection, sending
from edge.link.client import Client
from edge.link.trust import LinkMisconfigured
from edge.record.access import Access
from edge.record.boundary import seal
from edge.record.counters import Counters
from edge.record.examples import EXAMPLES
from edge.settings.camera import BrokerSettings
from tests.link.rows import Queue, client, firsts, presence, sequences
from tests.link.stand_in import Answer, StandIn, wait_until


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE_S_MIN", 0.01)
    monkeypatch.setattr(sending, "PATIENCE_S_MAX", 0.05)
    monkeypatch.setattr(client_module, "TURN_S_MAX", 0.02)


def _sequence(publish) -> int | None:
    return msgspec.json.decode(publish.payload).get("sequence")


def test_rows_arrive_in_order_and_are_deleted():
    queue = Queue(200)
    with StandIn() as broker, client(queue, broker.port):
        wait_until(lambda: not queue.rows)
    assert sequences(broker.sightings()) == list(range(1, 201))


def test_a_row_stays_until_its_acknowledgement():
    queue = Queue(3)
    with StandIn() as broker:
        broker.on_publish = lambda publish: Answer.SILENCE if _sequence(publish) == 2 else 0
        with client(queue, broker.port):
            wait_until(lambda: [row.number for row in queue.rows] == [2])


def test_a_new_row_goes_out_at_once_when_the_client_is_woken():
    queue = Queue()
    with StandIn() as broker, client(queue, broker.port) as made:
        wait_until(lambda: made.report.state == "connected")
        took = []
        for _ in range(5):
            began = time.monotonic()
            queue.put()
            made.wake()
            wait_until(lambda: not queue.rows)
            took.append(time.monotonic() - began)
    assert min(took) < 0.1


def test_how_each_message_travels():
    queue = Queue(1)
    with StandIn() as broker, client(queue, broker.port) as made:
        wait_until(lambda: not queue.rows)
        made.say(seal(next(e for e in EXAMPLES if type(e).__name__ == "Health")))
        made.say(seal(Counters(site="hesston", camera="north", days=())))
        wait_until(lambda: len(broker.taken) == 4)
    told = {publish.topic.rpartition("/")[2]: publish for publish in reversed(broker.taken)}
    assert {name: (p.qos, p.retained) for name, p in told.items()} == {
        "sighting": (1, False),
        "status": (1, True),
        "health": (0, True),
        "counters": (1, True),
    }
    assert told["sighting"].topic == "lpr/v1/hesston/north/sighting"
    assert told["sighting"].expiry_s == 1000
    assert told["status"].expiry_s is None


def test_the_broker_is_told_what_to_say_when_the_line_breaks_and_hears_a_goodbye_when_we_leave():
    with StandIn() as broker:
        with client(Queue(), broker.port):
            wait_until(lambda: broker.taken)
        (hello,) = broker.hellos
        assert hello.client_id == "lpr-hesston-north"
        assert (hello.will_topic, hello.will_retained) == ("lpr/v1/hesston/north/status", True)
        assert msgspec.json.decode(hello.will)["state"] == "offline"
        states = [msgspec.json.decode(publish.payload)["state"] for publish in broker.taken]
        assert states == ["online", "offline"]
        wait_until(lambda: broker.goodbyes == 1)


@pytest.mark.parametrize("says_so", [True, False], ids=["a refusal", "a hang-up"])
def test_a_broker_that_knows_only_3_1_1_is_spoken_to_so(says_so):
    queue = Queue(5)
    with StandIn(speaks=("3.1.1",), answer_unsupported=says_so) as broker, client(queue, broker.port) as made:
        wait_until(lambda: not queue.rows)
        assert made.report.protocol == "3.1.1"
        broker.hang_up()
        queue.put(5)
        wait_until(lambda: not queue.rows)
    assert [hello.protocol for hello in broker.hellos] == ["5", "3.1.1", "5", "3.1.1"], "5 again on every new line"
    assert sequences(broker.sightings()) == list(range(1, 11))


def test_a_protocol_that_is_set_is_kept():
    queue = Queue(1)
    old = StandIn(speaks=("3.1.1",), answer_unsupported=True)
    with old as broker, client(queue, broker.port, protocol="5") as made:
        wait_until(lambda: made.report.state == "refused")
        wait_until(lambda: len(broker.hellos) > 2)
        assert {hello.protocol for hello in broker.hellos} == {"5"}
        assert "does not speak MQTT 5" in made.report.why
    with StandIn() as broker, client(queue, broker.port, protocol="3.1.1") as made:
        wait_until(lambda: not queue.rows)
        assert made.report.protocol == "3.1.1"


def test_a_wrong_password_is_a_state_said_once_and_mended_without_a_restart(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    queue = Queue(2)
    strict = StandIn(user="north", password="right")  # noqa: S106 — made up
    with strict as broker, client(queue, broker.port, username="north", password_file=str(secret)) as made:
        wait_until(lambda: len(broker.hellos) >= 4)
        assert made.report.state == "refused"
        assert len(queue.rows) == 2
        said = [r.getMessage() for r in caplog.records if "refused" in r.getMessage()]
        assert len(said) == 1, "four tries, one line"
        assert "bad user name or password" in said[0]
        secret.write_text("right\n")
        wait_until(lambda: not queue.rows)
    assert not any("wrong" in r.getMessage() for r in caplog.records)


def test_no_broker_at_all_and_then_one(caplog):
    queue = Queue(3)
    with StandIn() as closed:
        pass
    with client(queue, closed.port) as made:
        wait_until(lambda: made.report.state == "away")
        assert made.report.why == "connection refused"
        with StandIn(port=closed.port):
            wait_until(lambda: not queue.rows)
    assert sum("connection refused" in record.getMessage() for record in caplog.records) == 1


def test_a_name_that_nobody_knows_is_said():
    with client(Queue(), 1883, host="broker.invalid") as made:
        wait_until(lambda: made.report.state == "away")
        assert "name is not known" in made.report.why


@pytest.mark.parametrize(
    ("reason", "words"),
    [(0x8E, "does another device use this camera's name?"), (0x97, "quota exceeded"), (0x8B, "server shutting down")],
)
def test_a_broker_that_ends_the_line_tells_why(reason, words):
    with StandIn() as broker, client(Queue(), broker.port, reconnect_s_min=5, reconnect_s_max=5) as made:
        wait_until(lambda: made.report.state == "connected")
        broker.dismiss(reason)
        wait_until(lambda: made.report.state in {"refused", "away"})
        assert words in made.report.why
        assert made.report.state == ("away" if reason == 0x8B else "refused")


def test_a_broker_that_takes_the_call_and_stays_mute(monkeypatch):
    monkeypatch.setattr(connection, "WELCOME_S_MAX", 0.2)
    with StandIn(mute=True) as broker, client(Queue(1), broker.port, protocol="3.1.1") as made:
        wait_until(lambda: made.report.state == "silent")


def test_a_broker_that_acknowledges_nothing_is_called_again(monkeypatch, impatient):
    monkeypatch.setattr(sending, "SILENT_S_MAX", 0.2)
    queue = Queue(3)
    with StandIn() as broker:
        broker.on_publish = lambda publish: 0 if publish.line > 1 or _sequence(publish) is None else Answer.SILENCE
        with client(queue, broker.port) as made:
            wait_until(lambda: made.report.state == "silent")
            wait_until(lambda: not queue.rows)
    assert sequences(broker.sightings()) == [1, 2, 3]


def test_no_more_is_under_way_than_the_settings_and_the_broker_allow():
    for limit, allowed in ((None, 16), (3, 3), (1, 1)):
        queue = Queue(50)
        with StandIn(receive_maximum=limit) as broker:
            broker.on_publish = lambda publish: 0 if _sequence(publish) is None else Answer.SILENCE
            with client(queue, broker.port):
                wait_until(lambda b=broker, n=allowed: b.most_under_way == n)
                time.sleep(0.1)
            assert broker.most_under_way == allowed


def test_a_publisher_without_permission_keeps_everything_and_says_so(impatient):
    queue = Queue(30)
    allowed = []
    with StandIn() as broker:
        broker.on_publish = lambda publish: 0 if allowed or _sequence(publish) is None else 0x87
        with client(queue, broker.port) as made:
            wait_until(lambda: made.report.state == "refused")
            assert "not authorized" in made.report.why
            wait_until(lambda: len(broker.seen) > 100)
            assert len(queue.rows) == 30
            allowed.append(True)
            wait_until(lambda: not queue.rows)
            assert made.report.state == "connected"
    assert firsts(sequences(broker.sightings())) == list(range(1, 31))
    assert not queue.aside


def test_an_access_that_yesterdays_access_list_does_not_name_does_not_hold_up_sightings(impatient):
    queue = Queue(1)
    queue.put_message(seal(next(one for one in EXAMPLES if isinstance(one, Access))))
    queue.put(20)
    with StandIn() as broker:
        broker.on_publish = lambda publish: 0x87 if publish.topic.endswith("/access") else 0
        with client(queue, broker.port):
            wait_until(lambda: len(queue.rows) <= 1)

            def another_came():
                queue.put()
                return queue.aside

            wait_until(another_came)
            wait_until(lambda: not queue.rows)
    assert queue.aside == [2]


@pytest.mark.parametrize("answer", [0x99, 0x80, Answer.HANG_UP], ids=["refused", "unspecified", "hung up on"])
def test_one_row_that_the_broker_never_takes_does_not_hold_up_the_others(impatient, answer):
    queue = Queue(20)
    with StandIn() as broker:
        broker.on_publish = lambda publish: answer if _sequence(publish) == 3 else 0
        with client(queue, broker.port, reconnect_s_min=0.05, reconnect_s_max=0.1):
            wait_until(lambda: len(queue.rows) <= 1)  # while it is the last, it holds up nobody, and is tried again

            def another_came():
                queue.put()
                return queue.aside

            wait_until(another_came)
            wait_until(lambda: not queue.rows)
    assert queue.aside == [3]
    arrived = firsts(sequences(broker.sightings()))
    assert arrived == [n for n in range(1, arrived[-1] + 1) if n != 3]


def test_a_broker_that_takes_nothing_for_a_while_makes_no_row_guilty(impatient):
    queue = Queue(5)
    healthy = []
    with StandIn() as broker:
        broker.on_publish = lambda publish: 0 if healthy or _sequence(publish) is None else 0x80
        with client(queue, broker.port) as made:
            wait_until(lambda: len(broker.seen) > 60)
            assert made.report.state == "refused"
            healthy.append(True)
            wait_until(lambda: not queue.rows)
    assert not queue.aside
    assert sorted(firsts(sequences(broker.sightings()))) == [1, 2, 3, 4, 5]


def test_rows_that_are_too_large_for_the_broker_are_kept_and_said(impatient):
    queue = Queue(3)
    with StandIn(maximum_packet_size=800) as broker, client(queue, broker.port) as made:
        wait_until(lambda: made.report.state == "refused")
        assert "too large" in made.report.why
        assert len(queue.rows) == 3
    assert not broker.sightings()


def test_broken_lines_lose_nothing_and_keep_the_order(impatient):
    """Hung up at 60 random moments, before or after taking the row."""
    rng = random.Random(11)
    queue = Queue(300)
    with StandIn() as broker:

        def moody(_publish):
            chance = rng.random()
            if broker.hellos and len(broker.hellos) <= 60 and chance < 0.2:
                return Answer.HANG_UP
            if len(broker.hellos) <= 60 and chance < 0.25:
                broker.hang_up()  # it is taken, and the acknowledgement is lost
            return 0

        broker.on_publish = moody
        with client(queue, broker.port, reconnect_s_min=0.05, reconnect_s_max=0.05) as made:
            wait_until(lambda: not queue.rows, seconds=60)
            assert made.report.connects > 20
    arrived = sequences(broker.sightings())
    assert firsts(arrived) == list(range(1, 301))
    assert len(arrived) > 300, "some came twice, by design"
    assert not queue.aside


def test_a_disk_that_will_not_delete_makes_no_repetition(impatient, monkeypatch):
    monkeypatch.setattr(sending, "FLUSH_AGAIN_S", 0.05)
    queue = Queue(10)
    delete, full = queue.acknowledge, OSError(errno.ENOSPC, "full")

    def refuse(_numbers):
        raise full

    queue.acknowledge = refuse
    with StandIn() as broker, client(queue, broker.port) as made:
        wait_until(lambda: len(broker.sightings()) == 10)
        queue.put(2)
        made.wake()
        wait_until(lambda: len(broker.sightings()) == 12)
        queue.acknowledge = delete
        wait_until(lambda: not queue.rows)
    assert sequences(broker.sightings()) == list(range(1, 13))


def test_a_disk_that_does_not_read_only_pauses_the_sending(impatient):
    queue = Queue(4)
    queue.fault = OSError(errno.EIO, "dying")
    with StandIn() as broker, client(queue, broker.port) as made:
        wait_until(lambda: made.report.state == "connected")
        queue.fault = None
        wait_until(lambda: not queue.rows)
    assert sequences(broker.sightings()) == [1, 2, 3, 4]


def test_what_was_said_last_is_said_again_on_a_new_line():
    with StandIn() as broker, client(Queue(), broker.port) as made:
        wait_until(lambda: made.report.state == "connected")
        for day in ("2026-11-22", "2026-11-23"):
            days = ({"date": day, "vehicles": 1, "plates": 1},)
            made.say(seal(msgspec.convert({"site": "hesston", "camera": "north", "days": days}, Counters)))
        wait_until(lambda: any(b"2026-11-23" in publish.payload for publish in broker.taken))
        broker.hang_up()
        wait_until(lambda: len(broker.hellos) == 2)
        wait_until(lambda: sum(b"2026-11-23" in publish.payload for publish in broker.taken) == 2)
    again = [publish for publish in broker.taken if publish.line == 2]
    assert {publish.topic.rpartition("/")[2] for publish in again[:2]} == {"status", "counters"}
    assert not any(b"2026-11-22" in publish.payload for publish in again)


def test_closing_drains_first():
    queue = Queue(100)
    with StandIn() as broker:
        made = Client(BrokerSettings(port=broker.port), presence())
        made.start(queue)
        made.close(drain_s=5)
    assert not queue.rows
    assert not made.alive
    assert len(broker.sightings()) == 100


def test_closing_without_a_broker_keeps_to_its_time():
    queue = Queue(2)
    with StandIn() as closed:
        pass
    with client(queue, closed.port, reconnect_s_min=30, reconnect_s_max=60) as made:
        wait_until(lambda: made.report.state == "away")
        began = time.monotonic()
        made.close(drain_s=0.5)
        assert 0.4 < time.monotonic() - began < 2
    assert len(queue.rows) == 2


def test_the_thread_shows_life_while_the_broker_is_away():
    with StandIn() as closed:
        pass
    with client(Queue(), closed.port, reconnect_s_min=20, reconnect_s_max=20) as made:
        wait_until(lambda: made.report.state == "away")
        beat = made.beat_s
        wait_until(lambda: made.beat_s > beat)
        assert made.alive


def test_waits_grow_to_their_limit_and_are_jittered():
    patience = sending.Patience(1.0, 60.0, random.Random(1))
    waits = [patience.wait_s() for _ in range(12)]
    for wait, cap in zip(waits, (1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60), strict=True):
        assert cap / 2 <= wait <= cap
    assert len({round(wait, 6) for wait in waits[6:]}) == 6
    patience.reset()
    assert patience.wait_s() <= 1.0


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), ("", "is empty"), ("one\ntwo\n", "one line")],
)
def test_a_password_file_that_does_not_serve_is_refused_at_the_start(tmp_path, content, words):
    secret = tmp_path / "password"
    if content is not None:
        secret.write_text(content)
    with pytest.raises(LinkMisconfigured, match=words):
        Client(BrokerSettings(username="north", password_file=str(secret)), presence())
