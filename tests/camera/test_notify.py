"""systemd hears what the daemon says, and a daemon without systemd says nothing."""

import os
import socket

import pytest

from edge.camera.notify import Notifier, notifier


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5)
        yield ear


def told(ear):
    return ear.recv(4096).decode()


def test_what_the_daemon_says_arrives(manager):
    door = Notifier(manager.getsockname())
    door.ready("north: looking")
    door.alive()
    door.status("14 frames/s\nand more")
    door.reloading()
    door.stopping()
    assert told(manager) == "READY=1\nSTATUS=north: looking"
    assert told(manager) == "WATCHDOG=1"
    assert told(manager) == "STATUS=14 frames/s and more", "a line break would be a second variable"
    assert told(manager).startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told(manager).startswith("STOPPING=1\n")


def test_an_abstract_socket_is_reached():
    name = f"@plate-reader-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:])
        ear.settimeout(5)
        Notifier(name).alive()
        assert told(ear) == "WATCHDOG=1"


def test_without_systemd_nothing_happens(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    door = notifier()
    door.ready("x")
    assert door.watchdog_s is None


def test_a_manager_that_went_away_does_not_stop_the_camera(tmp_path):
    Notifier(str(tmp_path / "gone")).alive()


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("30000000", None, 30.0), ("30000000", "1", None), ("", None, None), ("soon", None, None), ("0", None, None)],
)
def test_the_watchdog_is_the_one_meant_for_this_process(monkeypatch, usec, pid, expected):
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid is None else pid)
    assert notifier().watchdog_s == expected
