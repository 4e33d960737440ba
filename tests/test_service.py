"""The daemon as systemd runs it: ready when it looks, alive while it does, gone within ten seconds when asked."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

import msgspec
import pytest

from edge.link.broker import embedded_broker
from edge.settings.camera import BrokerSettings
from tests.sites import build_site, write_settings

pytest.importorskip("iotcore", reason="the embedded broker is an extra: make test installs it")


class Manager:
    """What systemd is to a service: a socket that it tells things to."""

    def __init__(self, path):
        self.path = path
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(path))

    def hear(self, daemon, seconds=60):
        """The next message's lines; a daemon that died instead has its last words shown."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([self._ear], [], [], 0.5)[0]:
                return self._ear.recv(4096).decode().splitlines()
            assert daemon.poll() is None, f"the daemon ended with {daemon.returncode}: {daemon.stderr.read()}"
        raise AssertionError(f"nothing within {seconds} s")

    def wait_for(self, word, daemon, seconds=60):
        """The first message that has this line."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if word in (told := self.hear(daemon, seconds)):
                return told
        raise AssertionError(f"no {word} within {seconds} s")

    def close(self):
        self._ear.close()


@pytest.fixture
def manager(tmp_path):
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def start(tmp_path, manager):
    """Starts `plate-reader run` as systemd would; ended at the latest with the test."""
    started = []

    def start(config, **more):
        (tmp_path / "state").mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "NOTIFY_SOCKET": str(manager.path),
            "WATCHDOG_USEC": "30000000",
            "STATE_DIRECTORY": str(tmp_path / "state"),
            **more,
        }
        command = [sys.executable, "-m", "edge.cli.main", "run", "--config", str(config)]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def test_ready_then_alive_then_gone_within_ten_seconds_of_sigterm(tmp_path, manager, start):
    settings = build_site(tmp_path, loop=True)
    with embedded_broker() as address:
        broker = BrokerSettings(host=address.host, port=address.port, protocol="5")
        daemon = start(write_settings(tmp_path, msgspec.structs.replace(settings, broker=broker)))
        assert any(line.startswith("STATUS=north: looking") for line in manager.wait_for("READY=1", daemon))
        manager.wait_for("WATCHDOG=1", daemon)
        manager.wait_for("WATCHDOG=1", daemon)
        asked = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1", daemon, 10)
        assert daemon.wait(10) == 0
        assert time.monotonic() - asked < 10


def test_a_reload_is_no_end_and_wrong_settings_change_nothing(tmp_path, manager, start):
    settings = build_site(tmp_path, loop=True)
    config = tmp_path / "config/north.yaml"
    right = config.read_text()
    daemon = start(config)
    manager.wait_for("READY=1", daemon)
    config.write_text("site: no\n")
    daemon.send_signal(signal.SIGHUP)
    manager.wait_for("WATCHDOG=1", daemon)
    manager.wait_for("WATCHDOG=1", daemon)
    config.write_text(right.replace("interval_s: 1.0", "interval_s: 2.0"))
    assert settings.health.interval_s == 1.0
    daemon.send_signal(signal.SIGHUP)
    while "RELOADING=1" not in (told := manager.hear(daemon)):
        assert "STOPPING=1" not in told, "systemd would wait for the end, and then kill"
    manager.wait_for("READY=1", daemon)
    daemon.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1", daemon, 10)
    assert daemon.wait(12) == 0


def test_a_broker_that_is_away_is_no_reason_to_restart(tmp_path, manager, start):
    """The watchdog is fed all the same, and what was seen lies in the state folder."""
    settings = build_site(tmp_path, loop=True)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        broker = BrokerSettings(host="127.0.0.1", port=unheard.getsockname()[1])
        daemon = start(write_settings(tmp_path, msgspec.structs.replace(settings, broker=broker)))
        manager.wait_for("READY=1", daemon)
        for _ in range(5):
            manager.wait_for("WATCHDOG=1", daemon)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(12) == 0
    assert any((tmp_path / "state").iterdir())


def test_wrong_settings_end_with_code_2_and_are_never_ready(tmp_path, start):
    build_site(tmp_path)
    config = tmp_path / "config/north.yaml"
    config.write_text("site: no\ncamera: north\nsource: {kind: folder}\n")
    daemon = start(config)
    _, said = daemon.communicate(timeout=60)
    assert daemon.returncode == 2
    assert "config/north.yaml:1:7  site" in said
    assert "Traceback" not in said


def test_a_daemon_that_crashes_leaves_no_core_dump(tmp_path):
    """Even where the shell that started it allows one of any size."""
    script = "import os, signal; from edge.cli.service import forbid_core_dumps as f; f(); os.kill(os.getpid(), 11)"
    command = ["sh", "-c", f'ulimit -c unlimited 2>/dev/null; exec "{sys.executable}" -c "{script}"']
    died = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    _, status = os.waitpid(died.pid, 0)
    died.returncode = -11
    assert os.WIFSIGNALED(status)
    assert not os.WCOREDUMP(status)
