"""The real Mosquitto with the files that the policy makes, and users who come to it with their certificates."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.desk.broker_acl import files
from edge.settings.policy_rules import load_policy
from tests.desk.builders import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 60.0


def needed():
    """Skip, and say why, where Debian's programs are not."""
    for program in ("mosquitto", "openssl"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            pytest.skip(f"{program} is not installed (tests/debian-packages.txt)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def written_policy(folder: Path, port: int, **changes) -> Path:
    """The department's own policy, for a broker and a store in a test's folder."""
    content = yaml.safe_load((ROOT / "config" / "policy.yaml").read_text())
    content["broker"] = {
        "host": "localhost",
        "port": port,
        "tls": True,
        "ca_file": str(folder / "ca.crt"),
        "certificate_file": str(folder / "desk.crt"),
        "key_file": str(folder / "desk.key"),
        "reconnect_s_min": 0.05,
        "reconnect_s_max": 0.5,
    }
    content["store"] = {"url": f"sqlite:///{folder}/desk.db"}
    for section, values in changes.items():
        content[section] = {**content.get(section, {}), **values} if isinstance(values, dict) else values
    file = folder / "config" / "policy.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


class Broker:
    """Mosquitto, as a department would run it."""

    def __init__(self, folder: Path, **changes) -> None:
        needed()
        self.folder, self.port = folder, free_port()
        self.policy_file = written_policy(folder, self.port, **changes)
        policy = load_policy(self.policy_file)
        for name, content in files(policy, str(folder)).items():
            (folder / name).write_text(content.replace("/var/lib/mosquitto/", f"{folder}/"))
        with (folder / "mosquitto.conf").open("a") as conf:
            conf.write(
                f"user {getpass.getuser()}\n"
            )  # started as root it would become `mosquitto`, who may not read here
        subprocess.run(["sh", "make-certificates.sh", "localhost"], cwd=folder, check=True, capture_output=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([program, "-c", "mosquitto.conf"], cwd=self.folder, stderr=log, stdout=log)
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise AssertionError((self.folder / "mosquitto.log").read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT_S)


class NotWelcome(Exception):
    """The broker did not let them in."""


class User:
    """A client with one user's certificate. Nothing is retried: what the broker says is what a test asks for."""

    def __init__(self, broker: Broker, name: str, *, folder: Path | None = None, session: bool = False) -> None:
        where = folder or broker.folder
        self.messages: Queue[mqtt.MQTTMessage] = Queue()
        self.answers: Queue[int] = Queue()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"test-{name}", protocol=MQTTProtocolVersion.MQTTv5
        )
        context = ssl.create_default_context(cafile=str(broker.folder / "ca.crt"))
        if name:
            context.load_cert_chain(where / f"{name}.crt", where / f"{name}.key")
        self.client.tls_set_context(context)
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.answers.put(reason.value)
        self.client.on_disconnect = lambda _c, _u, _f, _reason, _p: self.answers.put(-1)
        self.client.on_message = lambda _c, _u, message: self.messages.put(message)
        self.client.on_publish = lambda _c, _u, _mid, reason, _p: self.answers.put(reason.value)
        self.client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self.answers.put(reasons[0].value)
        self.client.connect("localhost", broker.port, clean_start=not session)
        self.client.loop_start()
        if self.answers.get(timeout=WAIT_S) != 0:
            self.client.loop_stop()
            raise NotWelcome

    def publish(self, topic: str, payload: bytes) -> int:
        """What the broker answers: 0 taken, 16 taken but nobody listens, 135 not authorised."""
        self.client.publish(topic, payload, qos=1)
        return self.answers.get(timeout=WAIT_S)

    def subscribe(self, topic: str) -> int:
        self.client.subscribe(topic, qos=1)
        return self.answers.get(timeout=WAIT_S)

    def next(self, timeout: float = WAIT_S) -> mqtt.MQTTMessage | None:
        try:
            return self.messages.get(timeout=timeout)
        except Empty:
            return None

    def close(self) -> None:
        self.client.on_disconnect = None
        self.client.disconnect()


@contextmanager
def user(broker: Broker, name: str, **changes):
    one = User(broker, name, **changes)
    try:
        yield one
    finally:
        one.close()
