"""The line to real brokers: the embedded one always, Mosquitto where it is installed."""

from __future__ import annotations

import subprocess

import msgspec
import pytest

from edge.link import client as client_module
from edge.link.client import Client, Hearing
from edge.settings.camera import BrokerSettings
from tests.brokers import Subscriber, Wire, iotcore, mosquitto, wait_until
from tests.link.rows import Queue, client, firsts, presence, sequences


@pytest.fixture(params=["iotcore", "mosquitto"])
def broker(request, tmp_path):
    with iotcore() if request.param == "iotcore" else mosquitto(tmp_path / "broker") as running:
        yield running


def _states(subscriber: Subscriber) -> list[str]:
    return [msgspec.json.decode(payload)["state"] for payload in subscriber.payloads("status")]


def test_sightings_reach_a_subscriber_once_in_order_and_expire(broker):
    queue = Queue(100)
    with Subscriber(broker.port) as subscriber, client(queue, broker.port) as made:
        wait_until(lambda: len(subscriber.payloads("sighting")) == 100 and not queue.rows)
        assert made.report.protocol == "5"
        assert made.report.published == 100
    assert sequences(subscriber.payloads("sighting")) == list(range(1, 101))
    told = [message for message in subscriber.messages if message.topic.endswith("sighting")]
    assert not any(message.retained for message in told)
    assert {message.qos for message in told} == {1}
    assert all(990 <= message.expiry_s <= 1000 for message in told)


def test_whoever_comes_late_learns_that_the_camera_is_there_and_sees_no_plate(broker):
    queue = Queue(3)
    with client(queue, broker.port):
        wait_until(lambda: not queue.rows)
        with Subscriber(broker.port) as late:
            assert [message.topic.rsplit("/", 1)[1] for message in late.retained()] == ["status"]
            assert _states(late) == ["online"]
    with Subscriber(broker.port) as later:
        wait_until(lambda: _states(later) == ["offline"])


def test_the_broker_says_it_when_the_line_breaks_and_we_say_it_when_it_is_back(broker):
    with Subscriber(broker.port) as subscriber, Wire(broker.port) as wire, client(Queue(), wire.port):
        wait_until(lambda: _states(subscriber) == ["online"])
        wire.refuse = True
        wire.cut()
        wait_until(lambda: _states(subscriber)[-1] == "offline")
        wire.refuse = False
        wait_until(lambda: _states(subscriber)[-1] == "online")


def test_a_line_that_the_broker_believes_to_be_alive_is_taken_over_and_ends_online(broker, monkeypatch):
    """The broker ends the old line when it hears the new one, and says the Last Will: online must come after it."""
    monkeypatch.setattr(client_module, "PRESENCE_AGAIN_S", 0.5)
    monkeypatch.setattr(client_module, "TURN_S_MAX", 0.05)
    with Subscriber(broker.port) as subscriber, Wire(broker.port) as wire, client(Queue(), wire.port) as made:
        wait_until(lambda: made.report.connects == 1)
        for connects in range(2, 8):
            wire.freeze()
            wait_until(lambda n=connects: made.report.connects >= n)
        wait_until(lambda: _states(subscriber)[-2:] == ["online", "online"])
        with Subscriber(broker.port) as late:
            wait_until(lambda: _states(late) == ["online"])


def test_a_broker_that_is_killed_and_comes_back_gets_what_was_kept_meanwhile(broker):
    queue = Queue(20)
    with Subscriber(broker.port) as subscriber, client(queue, broker.port) as made:
        wait_until(lambda: len(subscriber.payloads("sighting")) == 20 and not queue.rows)
        broker.kill()
        wait_until(lambda: made.report.state == "away")
        queue.put(50)
        broker.start()
        wait_until(lambda: not queue.rows)
        assert made.report.connects == 2


def test_cutting_the_wire_again_and_again_loses_nothing(broker):
    queue = Queue(10)
    with Subscriber(broker.port) as subscriber, Wire(broker.port) as wire, client(queue, wire.port):
        for round_ in range(15):
            queue.put(20)
            wait_until(lambda n=round_: len(subscriber.payloads("sighting")) > 18 * n)
            wire.cut()
        wait_until(lambda: not queue.rows, seconds=30)
        wait_until(lambda: len(set(sequences(subscriber.payloads("sighting")))) == 310)
    assert firsts(sequences(subscriber.payloads("sighting"))) == list(range(1, 311))


def test_mosquitto_refuses_a_wrong_password_and_takes_the_right_one(tmp_path):
    folder, secret = tmp_path / "broker", tmp_path / "password"
    folder.mkdir()
    users = folder / "users"
    queue = Queue(1)
    lines = ("allow_anonymous false", f"password_file {users}")
    users.touch()
    with mosquitto(folder / "probe"):  # skips here when there is none
        subprocess.run(["mosquitto_passwd", "-b", str(users), "north", "right"], check=True)
    with mosquitto(folder, *lines) as broker:
        secret.write_text("wrong\n")
        with client(queue, broker.port, username="north", password_file=str(secret)) as made:
            wait_until(lambda: made.report.state == "refused")
            secret.write_text("right\n")
            wait_until(lambda: not queue.rows)


def test_mosquitto_that_forbids_the_topic_is_said_and_everything_is_kept(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    rules = folder / "acl"
    rules.write_text("topic write lpr/v1/hesston/+/status\n")
    queue = Queue(5)
    strict = mosquitto(folder, "allow_anonymous true", f"acl_file {rules}")
    with strict as broker, client(queue, broker.port, protocol="5") as made:
        wait_until(lambda: made.report.state == "refused")
        assert "not authorized" in made.report.why
        assert len(queue.rows) == 5


def test_the_embedded_brokers_other_port_speaks_3_1_1_alone():
    queue = Queue(5)
    with iotcore() as broker, client(queue, broker.port_311) as made:
        wait_until(lambda: not queue.rows)
        assert made.report.protocol == "3.1.1"


class TestHearing:
    """The desk's side: what comes is confirmed when it is stored, and what was not is brought again."""

    @staticmethod
    def _desk(port: int, take) -> Client:
        hearing = Hearing(filters=("lpr/v1/+/+/sighting",), take=take)
        settings = BrokerSettings(port=port, reconnect_s_min=0.05, reconnect_s_max=0.2)
        ours = presence()
        desk = Client(settings, type(ours)(**{**_fields(ours), "camera": "south"}), hearing=hearing)
        desk.start(Queue())
        return desk

    def test_everything_is_heard_once(self, broker):
        heard: list[bytes] = []
        desk = self._desk(broker.port, lambda received: heard.append(received.payload))
        try:
            wait_until(lambda: desk.report.state == "connected")
            queue = Queue(50)
            with client(queue, broker.port):
                wait_until(lambda: len(heard) == 50)
        finally:
            desk.close()
        assert sequences(heard) == list(range(1, 51))

    def test_what_could_not_be_stored_is_brought_again(self, tmp_path):
        tried, stored = [], []

        def take(received):
            tried.append(received.payload)
            if len(tried) == 3:
                raise OSError("the store is full")
            stored.append(received.payload)

        with mosquitto(tmp_path / "broker") as broker:
            desk = self._desk(broker.port, take)
            try:
                wait_until(lambda: desk.report.state == "connected")
                queue = Queue(5)
                with client(queue, broker.port):
                    wait_until(lambda: len(set(stored)) == 5)
            finally:
                desk.close()
        assert firsts(sequences(stored)) == [1, 2, 3, 4, 5]

    def test_what_was_said_while_the_desk_was_away_is_heard_when_it_is_back(self, tmp_path):
        heard: list[bytes] = []
        with mosquitto(tmp_path / "broker") as broker:
            desk = self._desk(broker.port, lambda received: heard.append(received.payload))
            wait_until(lambda: desk.report.state == "connected")
            desk.close()
            queue = Queue(7)
            with client(queue, broker.port):
                wait_until(lambda: not queue.rows)
            desk = self._desk(broker.port, lambda received: heard.append(received.payload))
            try:
                wait_until(lambda: len(heard) == 7)
            finally:
                desk.close()
        assert sequences(heard) == list(range(1, 8))


def _fields(value) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
