from __future__ import annotations

import base64
import io
import json
import tarfile

import msgspec
import pytest

from edge.camera import privacy
from edge.camera.doctor import daemon, looking, machine
from edge.camera.doctor.bundle import Bundle, made, packed
from edge.camera.doctor.finding import ok
from edge.camera.quality import PictureQuality
from edge.camera.state_files import last_health, leave_health
from edge.cli.main import main
from edge.record.boundary import seal
from edge.record.capacity import capacity
from edge.record.examples import EXAMPLES
from edge.record.health import Health
from edge.record.words import nanoseconds
from tests.sites import build_site

HEALTH = next(one for one in EXAMPLES if isinstance(one, Health))


def healthy(**stages):
    return msgspec.structs.replace(HEALTH, stages=msgspec.structs.replace(HEALTH.stages, **stages))


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        ({"frames_read": 0}, "source"),
        ({"frames_dropped": 60_000}, "vision"),
        ({"frames_broken": 60_000}, "decoding"),
        ({"frames_moving": 0, "plates": 0, "reads": 0}, "motion"),
        ({"plates": 0, "reads": 0, "passes": 0, "sightings": 0}, "detection"),
        ({"reads": 10}, "reading"),
        ({"sightings": 3, "published": 3}, "fusion"),
        ({"unrecorded": 4}, "outbox"),
        ({"published": 10}, "broker"),
        ({}, None),
    ],
)
def test_the_first_stage_that_loses_plates_is_named(stages, stage):
    loss = daemon.first_loss(healthy(**stages))
    assert (loss and loss.stage) == stage


def test_a_recording_that_runs_and_one_that_nobody_deleted_are_told(tmp_path):
    assert daemon.recording(HEALTH, []).state == "ok"
    now = msgspec.structs.replace(HEALTH, recording_until="2026-11-25T15:00:00.000Z")
    assert "until 2026-11-25T15:00" in daemon.recording(now, []).saw
    left = daemon.recording(HEALTH, [tmp_path / "20261101T140311Z.age"])
    assert left.state == "warn"
    assert "20261101T140311Z.age" in left.saw


def test_a_daemon_that_has_not_reported_lately_is_gone(tmp_path):
    settings = build_site(tmp_path)
    now_ns = nanoseconds(HEALTH.time)
    assert daemon.daemon(HEALTH, settings, tmp_path, now_ns + 10**9).state == "ok"
    assert daemon.daemon(HEALTH, settings, tmp_path, now_ns + 600 * 10**9).state == "fail"
    assert daemon.daemon(None, settings, tmp_path, now_ns).state == "fail"


def test_what_the_daemon_left_is_read_back_and_nothing_else(tmp_path):
    assert last_health(tmp_path) is None
    assert leave_health(tmp_path, seal(HEALTH))
    assert last_health(tmp_path) == HEALTH
    (tmp_path / "health.json").write_bytes(b'{"schema": "health/1"}')
    assert last_health(tmp_path) is None


def test_a_pi_that_lacks_volts_and_a_jetson_that_slows_down(tmp_path):
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    (zone / "temp").write_text("61000\n")
    firmware = tmp_path / "get_throttled"
    assert machine.heat(tmp_path, firmware, tmp_path).state == "ok"
    firmware.write_text("50000\n")
    found = machine.heat(tmp_path, firmware, tmp_path)
    assert (found.state, "under-voltage" in found.saw) == ("warn", True)
    assert "power supply" in found.remedy
    cooler = tmp_path / "cooling_device3"
    cooler.mkdir()
    (cooler / "type").write_text("gpu-throttle-alert\n")
    (cooler / "cur_state").write_text("2\n")
    assert machine.heat(tmp_path, firmware, tmp_path).state == "fail"


def test_a_card_at_the_end_of_its_life(tmp_path):
    number = tmp_path.stat().st_dev
    import os

    place = tmp_path / f"{os.major(number)}:{os.minor(number)}/device"
    place.mkdir(parents=True)
    (place / "life_time").write_text("0x02 0x01\n")
    assert machine.card(tmp_path, tmp_path).state == "ok"
    (place / "life_time").write_text("0x0b 0x01\n")
    assert machine.card(tmp_path, tmp_path).state == "fail"


def test_a_fault_that_only_the_daemon_knows_is_told():
    seen = PictureQuality(
        dark=False, burnt=False, blurred=False, frozen=None, moved=None, infrared=False, sharpness=0.6, brightness=0.4
    )
    told = msgspec.structs.replace(HEALTH.picture, moved=True)
    assert looking.picture(told, seen).saw == "moved"
    assert looking.picture(HEALTH.picture, seen).state == "ok"


def test_the_screen_names_what_fails_and_what_to_do(tmp_path, capsys, monkeypatch):
    build_site(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert main(["doctor", "--config", str(tmp_path / "config/north.yaml"), "--look-s", "0.5", "--json"]) == 1
    findings = {one["name"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["networks"]["state"] == findings["camera"]["state"] == "ok"
    assert findings["broker"]["state"] == "fail"
    assert findings["daemon"]["remedy"].startswith("systemctl")


def test_wrong_settings_are_a_finding_and_the_rest_is_not_asked(tmp_path, capsys):
    path = tmp_path / "config/north.yaml"
    path.parent.mkdir()
    path.write_text("site: hesston\ncamera: north\nsource: {kind: rtsp, address: nowhere}\n")
    assert main(["doctor", "--config", str(path)]) == 1
    said = capsys.readouterr().out
    assert "source.address" in said
    assert "broker" not in said


def test_the_support_file_has_no_plate_and_no_picture_whatever_was_written_where(tmp_path, monkeypatch):
    """A plate planted in a comment, a credential's name, a user, a damaged outbox's name and a broken health file."""
    planted = "PLANT77"
    settings = build_site(tmp_path)
    broker = msgspec.structs.replace(settings.broker, username=planted, host=f"{planted.lower()}.example", tls=True)
    settings = msgspec.structs.replace(settings, broker=broker)
    state = tmp_path / "state"
    state.mkdir()
    (state / f"outbox-damaged-{planted}.sqlite3").write_text(planted)
    findings = [
        daemon.outbox(HEALTH, state),
        daemon.stages(HEALTH),
        ok("settings", f"comment: {planted}", f"/{planted}", problems=1),
    ]
    raw = packed(made(findings, settings, HEALTH))
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        text = tar.extractfile("support.json").read()
    for form in (planted.encode(), planted.lower().encode(), base64.b64encode(planted.encode())[:8]):
        assert form not in text
        assert form not in raw
    assert privacy.search(text, "support.json") == []
    assert msgspec.json.decode(text, type=Bundle).health == HEALTH


def test_no_type_in_the_support_file_can_hold_anything_else():
    assert capacity(Bundle) < 100_000
