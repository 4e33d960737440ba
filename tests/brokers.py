"""Real brokers, a subscriber that writes everything down, and a wire that can be cut between them.

    with mosquitto(tmp_path) as broker: broker.port; broker.kill(); broker.start()
    with Subscriber(broker.port) as subscriber: subscriber.messages
    with Wire(broker.port) as wire: wire.port; wire.cut(); wire.freeze(); wire.refuse = True

Mosquitto is Debian's (tests/debian-packages.txt); where it is not installed its tests are skipped and say so.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.link.broker import EmbeddedBroker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def wait_until(true: Callable[[], object], seconds: float = 10.0, *, what: str = "it") -> None:
    """The condition is waited for, not the time."""
    until = monotonic() + seconds
    while not true():
        assert monotonic() < until, f"{what} did not happen within {seconds} s"
        sleep(0.002)


class Mosquitto:
    """Debian's, on a free port of the loopback, with a folder that outlives it."""

    def __init__(self, folder: Path, *lines: str) -> None:
        if MOSQUITTO is None:
            pytest.skip("Mosquitto is not installed (Debian: mosquitto)")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            "\n".join(
                [
                    f"listener {self.port} 127.0.0.1",
                    "persistence true",
                    f"persistence_location {folder}/",
                    "max_queued_messages 0",
                    "log_type error",
                    *(["user root"] if os.geteuid() == 0 else []),
                    *(lines or ["allow_anonymous true"]),
                    "",
                ]
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)])
        wait_until(lambda: _answers(self.port), what="Mosquitto's start")

    def stop(self) -> None:
        """Properly: it writes down what it holds."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, *lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


class Iotcore:
    """The embedded one, with the same handles."""

    def __init__(self) -> None:
        self._broker = EmbeddedBroker()
        self.port, self.port_311 = self._broker.address.port, self._broker.address.port_311
        self.start, self.kill, self.stop = self._broker.start, self._broker.kill, self._broker.kill

    def forget(self) -> None:
        self._broker.stop()


@contextmanager
def iotcore() -> Iterator[Iotcore]:
    broker = Iotcore()
    try:
        yield broker
    finally:
        broker.forget()


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    qos: int
    retained: bool
    expiry_s: int | None


class Subscriber:
    """Writes down everything under `lpr/`, in order. `session` names one that the broker keeps while we are away."""

    def __init__(self, port: int, *, session: str = "", filter: str = "lpr/#") -> None:  # noqa: A002
        self.messages: list[Message] = []
        self._port, self._filter, self._session = port, filter, session
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=session, protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(0.05, 0.2)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Subscriber:  # noqa: PYI034 — Self is not in Python 3.10
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600 if self._session else 0
        self._client.connect("127.0.0.1", self._port, clean_start=not self._session, properties=properties)
        self._client.loop_start()
        assert self._subscribed.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def await_subscription(self) -> None:
        """After the broker was away."""
        assert self._subscribed.wait(10)

    def expect_reconnect(self) -> None:
        """To be called before the broker goes."""
        self._subscribed.clear()

    def payloads(self, level: str) -> list[bytes]:
        return [message.payload for message in list(self.messages) if message.topic.endswith("/" + level)]

    def retained(self) -> list[Message]:
        """All that the broker held when we came: what we say ourselves is delivered after it."""
        marker = self._filter.replace("#", "marker")
        self._client.publish(marker, qos=1)
        wait_until(lambda: any(message.topic == marker for message in list(self.messages)), what="our own message")
        return [message for message in list(self.messages) if message.retained]

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(self._filter, 1)

    def _on_message(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        expiry = getattr(message.properties, "MessageExpiryInterval", None)
        self.messages.append(Message(message.topic, message.payload, message.qos, message.retain, expiry))


class Wire:
    """A TCP forwarder: cut it, freeze it (the broker does not notice), or let nobody through."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.refuse = False
        self.calls = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._open = True

    def __enter__(self) -> Wire:  # noqa: PYI034 — Self is not in Python 3.10
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def cut(self) -> None:
        """Both ends notice."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Our end notices, the broker's does not: as when a mobile connection gets another address."""
        for ours, _ in self._pairs:
            with suppress(OSError):
                ours.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while self._open:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            if self.refuse:
                ours.close()
                continue
            try:
                theirs = socket.create_connection(("127.0.0.1", self._to_port), timeout=2)
            except OSError:
                ours.close()
                continue
            self._pairs.append((ours, theirs))
            thread = threading.Thread(target=self._carry, args=(ours, theirs), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        with ours, theirs, suppress(OSError, ValueError):
            while self._open:
                for end in select.select([ours, theirs], [], [], 0.2)[0]:
                    more = end.recv(65536)
                    if not more and end is theirs:
                        return
                    if not more:  # ours is gone; when it was frozen, the broker's end stays until the wire ends
                        self._hold(theirs)
                        return
                    (theirs if end is ours else ours).sendall(more)

    def _hold(self, theirs: socket.socket) -> None:
        while self._open:
            if select.select([theirs], [], [], 0.05)[0] and not theirs.recv(65536):
                return


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
