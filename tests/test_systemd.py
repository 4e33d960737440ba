"""The service unit says what the product promises, and systemd understands it."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "systemd/plate-reader@.service"
NEWER = ("RestartSteps", "RestartMaxDelaySec")
"""Known from systemd 254 on; older ones say that they ignore them."""
EXPOSURE_MAX = 2.5
"""Of systemd-analyze's scale, 0 to 10. What is left is the network, which the unit cannot name for the site."""

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


class _AllLines(dict):
    """configparser keeps one value a key; a unit may say one several times."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


@pytest.fixture(scope="module")
def service():
    unit = configparser.RawConfigParser(strict=False, dict_type=_AllLines, comment_prefixes=("#",))
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    return {key: value.split("\n") for key, value in unit["Service"].items()}


@pytest.fixture
def installed(tmp_path):
    """The unit as it would be on a device, with a program that is there."""
    program = tmp_path / "plate-reader"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"/opt/plate-reader/\.venv/bin/plate-reader", str(program), UNIT.read_text()))
    return unit


@with_systemd
def test_systemd_finds_nothing_to_say(installed):
    instance = installed.with_name("plate-reader@north.service")
    said = subprocess.run(["systemd-analyze", "verify", instance], capture_output=True, text=True, check=False)
    ours = [
        line for line in said.stderr.splitlines() if "plate-reader@" in line and not any(key in line for key in NEWER)
    ]
    assert ours == []


@with_systemd
def test_the_service_is_exposed_to_little(installed):
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX * 10:.0f}", installed]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in said.stderr:
        pytest.skip("this systemd-analyze cannot judge a file that is not installed")
    assert said.returncode == 0, said.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("LimitCORE", "0"),  # design §4: core dumps are off
        ("MemorySwapMax", "0"),  # frames live in memory only
        ("StateDirectory", "plate-reader/%i"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "2"),
        ("DynamicUser", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
    ],
)
def test_the_unit_keeps_its_promises(service, key, value):
    assert service[key] == [value]


def test_the_daemon_has_time_to_drain_before_it_is_killed(service):
    assert int(service["TimeoutStopSec"][0]) > 10
    assert int(service["WatchdogSec"][0]) > 0


def test_the_clock_can_be_asked_whether_it_is_synchronised(service):
    """ProtectClock= and the plain @system-service filter block adjtimex(2): every sighting would be undated."""
    assert "ProtectClock" not in service
    assert any("adjtimex" in line for line in service["SystemCallFilter"])


def test_every_credential_that_the_examples_name_is_loaded_and_may_be_missing(service):
    named = set()
    for camera in ("north", "south"):
        settings = yaml.safe_load((ROOT / f"config/{camera}.yaml").read_text())
        for section in (settings["source"], settings["broker"]):
            named |= {value for key, value in section.items() if key.endswith("_file") and "/" not in value}
    loaded = {line.split(":")[0] for line in service["LoadCredential"]}
    assert named <= loaded
    assert loaded == {line.split(":")[0] for line in service["SetCredential"]}


def test_the_command_is_one_that_exists(service):
    from edge.cli.main import verbs

    words = service["ExecStart"][0].split()
    assert words[1] in verbs()
    assert words[-1].endswith("config/%i.yaml")


def test_every_hardening_line_stands_below_its_reason():
    """No line of [Service] without a comment somewhere above it in its own paragraph."""
    text = UNIT.read_text().split("[Service]")[1].split("[Install]")[0]
    for paragraph in text.strip().split("\n\n"):
        first = paragraph.splitlines()[0]
        assert first.startswith("#"), first
