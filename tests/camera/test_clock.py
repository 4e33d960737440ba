from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.camera import clock
from edge.camera.clock import SystemClock

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def test_its_times_are_the_systems():
    ours = SystemClock()
    assert abs(ours.now_ns() - time.time_ns()) < 1e9
    assert abs(ours.monotonic_ns() - time.monotonic_ns()) < 1e9


@pytest.mark.skipif(not BOOT_ID.exists(), reason="this system does not name its boots")
def test_a_boot_has_one_name_in_every_process():
    script = "from edge.camera.clock import SystemClock; print(SystemClock().boot)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert other == SystemClock().boot == SystemClock().boot


def test_a_system_that_does_not_name_its_boots_has_a_new_one_at_every_start(monkeypatch):
    class Nowhere:
        def __init__(self, _path):
            pass

        def read_text(self, **_):
            raise FileNotFoundError

    monkeypatch.setattr(clock, "Path", Nowhere)
    assert SystemClock().boot != SystemClock().boot
