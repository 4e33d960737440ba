"""The daemon against a real broker, on a site whose networks are generated: what arrives, and what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import paho.mqtt.client as mqtt
import pytest

from edge.record.counters import Counters
from edge.record.health import Health
from edge.record.sighting import Sighting
from edge.record.status import Status
from edge.settings.camera import BrokerSettings
from tests.sites import build_site, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.link.broker import EmbeddedBroker
    from edge.settings.camera import CameraSettings

pytest.importorskip("iotcore", reason="the embedded broker is an extra: make test installs it")

KINDS = {"sighting": Sighting, "health": Health, "status": Status, "counters": Counters}


class Ear:
    """A subscriber, which checks every message against its type."""

    def __init__(self, port: int) -> None:
        self.heard: list[msgspec.Struct] = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("lpr/v1/#", qos=1)
        self._client.loop_start()

    def _take(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        kind = message.topic.rsplit("/", 1)[-1]
        self.heard.append(msgspec.json.decode(message.payload, type=KINDS[kind]))

    def of(self, kind: type) -> list:
        return [one for one in self.heard if isinstance(one, kind)]

    def wait(self, what: Callable[[Ear], bool], seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while not what(self):
            assert time.monotonic() < until, f"heard only {[type(one).__name__ for one in self.heard]}"
            time.sleep(0.05)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    from edge.link.broker import EmbeddedBroker

    running = EmbeddedBroker()
    yield running
    running.stop()


@pytest.fixture
def ear(broker: EmbeddedBroker) -> Iterator[Ear]:
    listening = Ear(broker.address.port)
    yield listening
    listening.close()


def placed(folder: Path, broker: EmbeddedBroker, **options: bool | int) -> CameraSettings:
    at = BrokerSettings(
        host="127.0.0.1", port=broker.address.port, protocol="5", reconnect_s_min=0.1, reconnect_s_max=0.5
    )
    settings = msgspec.structs.replace(build_site(folder, **options), broker=at)
    write_settings(folder, settings)
    return settings


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge.cli.main", "run", "--config", str(folder / "config/north.yaml")]
    environment = {**os.environ, "STATE_DIRECTORY": str(folder / "state")}
    (folder / "state").mkdir(exist_ok=True)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_recording_becomes_sightings_health_and_counts_and_a_goodbye(
    tmp_path: Path, broker: EmbeddedBroker, ear: Ear
) -> None:
    placed(tmp_path, broker)
    with daemon(tmp_path) as process:
        assert process.wait(60) == 0
        ear.wait(lambda e: [s.state for s in e.of(Status)] == ["online", "offline"])
    sightings = ear.of(Sighting)
    assert [(s.plate.text, s.sequence, s.direction) for s in sightings] == [("123ABC", 1, "northbound")]
    last: Health = ear.of(Health)[-1]
    assert last.stages.sightings == 1
    assert last.stages.frames_read > 10
    assert last.provider == "cpu"
    counted = sum(day.vehicles for day in ear.of(Counters)[-1].days)
    assert counted == (1 if sightings[0].clock.synchronized else 0), "an unset clock does not know the day"


def test_what_was_seen_while_the_broker_was_away_arrives_with_the_next_start(
    tmp_path: Path, broker: EmbeddedBroker
) -> None:
    placed(tmp_path, broker)
    broker.kill()
    with daemon(tmp_path) as process:
        assert process.wait(60) == 0, "a broker that is away is no failure"
    broker.start()
    ear = Ear(broker.address.port)
    with daemon(tmp_path) as process:
        ear.wait(lambda e: len(e.of(Sighting)) == 2)
        process.wait(30)
    ear.close()
    assert [s.sequence for s in ear.of(Sighting)] == [1, 2]


def test_kill_9_loses_nothing_that_was_kept_and_doubles_nothing_by_id(
    tmp_path: Path, broker: EmbeddedBroker, ear: Ear
) -> None:
    placed(tmp_path, broker, loop=True)
    for kills in range(1, 4):
        with daemon(tmp_path) as process:
            ear.wait(lambda e, n=kills: len({s.id for s in e.of(Sighting)}) >= n)
            process.send_signal(signal.SIGKILL)
            process.wait()
    with daemon(tmp_path) as process:
        ear.wait(lambda e: len({s.id for s in e.of(Sighting)}) >= 4)
        process.terminate()
        process.wait(15)
    by_id = {s.id: s.sequence for s in ear.of(Sighting)}
    assert sorted(by_id.values()) == list(range(1, len(by_id) + 1)), "a sequence number is missing or used twice"


def test_settings_are_read_again_on_sighup_and_kept_when_they_are_wrong(
    tmp_path: Path, broker: EmbeddedBroker, ear: Ear
) -> None:
    settings = placed(tmp_path, broker, loop=True)
    with daemon(tmp_path) as process:
        ear.wait(lambda e: bool(e.of(Sighting)))
        before = ear.of(Sighting)[-1].settings
        (tmp_path / "config/north.yaml").write_text("site: [")
        process.send_signal(signal.SIGHUP)
        count = len(ear.of(Health))
        ear.wait(lambda e: len(e.of(Health)) > count + 1)
        assert process.poll() is None, "wrong settings must not stop a daemon that runs"
        changed = msgspec.structs.replace(settings, view=msgspec.structs.replace(settings.view, approaching="inbound"))
        write_settings(tmp_path, changed)
        process.send_signal(signal.SIGHUP)
        ear.wait(lambda e: e.of(Sighting)[-1].direction == "inbound")
        assert ear.of(Sighting)[-1].settings != before
        process.terminate()
        assert process.wait(15) == 0


@pytest.mark.parametrize(
    ("what", "words"),
    [("model", "SHA-256"), ("folder", "no such file"), ("settings", "fsp_max")],
)
def test_what_cannot_start_says_why_and_exits_with_2(
    tmp_path: Path, broker: EmbeddedBroker, what: str, words: str
) -> None:
    settings = placed(tmp_path, broker)
    if what == "model":
        with (tmp_path / "models/reader.onnx").open("r+b") as file:
            file.seek(-1, 2)
            byte = file.read(1)
            file.seek(-1, 2)
            file.write(bytes([byte[0] ^ 1]))
    elif what == "folder":
        source = msgspec.structs.replace(settings.source, address=str(tmp_path / "nothing"))
        write_settings(tmp_path, msgspec.structs.replace(settings, source=source))
    else:
        path = tmp_path / "config/north.yaml"
        path.write_text(path.read_text() + "\nfsp_max: 3\n")
    with daemon(tmp_path) as process:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2
        assert words in said
