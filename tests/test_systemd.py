"""The units say what the product promises, and systemd understands them."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
READER, LINK, DESK = (
    ROOT / "systemd" / name for name in ("plate-reader@.service", "plate-link@.service", "plate-desk.service")
)
SOCKET = ROOT / "systemd/plate-link@.socket"
UNITS = {"reader": READER, "link": LINK, "desk": DESK}
NEWER = ("RestartSteps", "RestartMaxDelaySec")
"""Known from systemd 254 on; older ones say that they ignore them."""
EXPOSURE_MAX = 2.0
"""Of systemd-analyze's scale, 0 to 10. What is left is the network, the reader's devices and the clock it asks."""

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


class _AllLines(dict):
    """configparser keeps one value a key; a unit may say one several times."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and key in self:
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def section(path, name="Service"):
    unit = configparser.RawConfigParser(strict=False, dict_type=_AllLines, comment_prefixes=("#",))
    unit.optionxform = str
    unit.read_string(path.read_text())
    return {key: value.split("\n") for key, value in unit[name].items()}


@pytest.fixture(scope="module")
def service():
    return section(READER)


@pytest.fixture(scope="module")
def link():
    return section(LINK)


@pytest.fixture
def installed(tmp_path):
    """The units as they would be on a device, with a program that is there."""
    program = tmp_path / "plate-reader"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in (*UNITS.values(), SOCKET):
        (tmp_path / path.name).write_text(re.sub(r"/opt/plate-reader/\S+/plate-reader", str(program), path.read_text()))
    return tmp_path


@with_systemd
@pytest.mark.parametrize("name", ["plate-reader@north.service", "plate-link@north.socket", "plate-desk.service"])
def test_systemd_finds_nothing_to_say(installed, name):
    command = ["systemd-analyze", "verify", installed / name]
    here = {**os.environ, "SYSTEMD_UNIT_PATH": f"{installed}:"}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=here)
    ours = [line for line in said.stderr.splitlines() if "plate-" in line and not any(key in line for key in NEWER)]
    assert ours == []


@with_systemd
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_the_service_is_exposed_to_little(unit):
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX * 10:.0f}", unit]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in said.stderr:
        pytest.skip("this systemd-analyze cannot judge a file that is not installed")
    assert said.returncode == 0, said.stdout.splitlines()[-1]


def test_who_sees_the_camera_cannot_reach_the_broker_and_who_reaches_it_has_no_device(service, link):
    assert service["IPAddressDeny"] == link["IPAddressDeny"] == ["any"]
    assert "IPAddressAllow" not in service
    assert {line.split(":")[0] for line in service["LoadCredential"]} == {"camera-login"}
    assert "--publisher" in service["ExecStart"][0]
    assert link["PrivateDevices"] == ["yes"]
    assert "DeviceAllow" not in link
    assert "SupplementaryGroups" not in link
    assert not {"StateDirectory", "CacheDirectory", "LogsDirectory", "ReadWritePaths"} & set(link)


def test_the_reader_finds_its_publisher_and_nobody_else_does(service):
    socket = section(SOCKET, "Socket")
    assert service["ExecStart"][0].endswith(f"--publisher {socket['ListenStream'][0]}")
    assert (socket["SocketMode"], socket["SocketUser"]) == (["0660"], ["root"])
    assert socket["SocketGroup"][0] in service["SupplementaryGroups"][0].split()


def test_no_service_is_a_user_whose_name_is_a_groups(service, link):
    """Systemd makes no user up whose name a group has: 217/USER. Without `User=` it takes the unit's name."""
    group = section(SOCKET, "Socket")["SocketGroup"][0]
    users = [unit.get("User", [path.name.split("@")[0]])[0] for unit, path in ((service, READER), (link, LINK))]
    assert group not in users


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("LimitCORE", "0"),  # design §4: core dumps are off
        ("MemorySwapMax", "0"),  # frames live in memory only
        ("StateDirectory", "plate-reader/%i"),
        ("RuntimeDirectory", "plate-reader/%i"),  # health.json each minute: not on the card
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


@pytest.mark.parametrize(("unit", "part"), [(READER, "source"), (LINK, "broker")], ids=["reader", "link"])
def test_every_credential_that_the_examples_name_is_loaded_and_may_be_missing(unit, part):
    named = set()
    for camera in ("north", "south"):
        settings = yaml.safe_load((ROOT / f"config/{camera}.yaml").read_text())
        named |= {value for key, value in settings[part].items() if key.endswith("_file") and "/" not in value}
    told = section(unit)
    loaded = {line.split(":")[0] for line in told["LoadCredential"]}
    assert named <= loaded
    assert loaded == {line.split(":")[0] for line in told["SetCredential"]}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_the_command_is_one_that_exists(unit):
    from edge.cli.main import verbs

    words = section(unit)["ExecStart"][0].split()
    assert words[1] in verbs()
    assert words[words.index("--config") + 1].startswith("/opt/plate-reader/config/")


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_every_hardening_line_stands_below_its_reason(unit):
    """No line of [Service] without a comment somewhere above it in its own paragraph."""
    text = unit.read_text().split("[Service]")[1].split("[Install]")[0]
    for paragraph in text.strip().split("\n\n"):
        assert "#" in paragraph, paragraph.splitlines()[0]
