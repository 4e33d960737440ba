"""`plate-reader record` as a technician meets it, beside a daemon that runs, against a real broker."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import msgspec
import pytest

from edge.camera import privacy
from edge.camera.recordings.shelf import Begun
from edge.cli.main import main
from edge.record.access import Access
from edge.record.health import Health
from edge.record.words import nanoseconds, time
from edge.settings.camera import BrokerSettings
from tests.brokers import Subscriber, iotcore, wait_until
from tests.sites import build_site, write_settings

pyrage = pytest.importorskip("pyrage", reason="the extra `field` brings it")
from edge.camera.recordings.sealed import identities  # noqa: E402

pytest.importorskip("iotcore", reason="the embedded broker is an extra: make test installs it")

WORDS = {"--reason": "tuning", "--minutes": "0.1"}


@pytest.fixture
def site(tmp_path):
    """A road that repeats, a key pair, an empty state folder."""
    build_site(tmp_path, loop=True)
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# made here\n{identity}\n")
    (tmp_path / "technicians").write_text(f"# ana\n{identity.to_public()}\n")
    (tmp_path / "state").mkdir()
    return tmp_path


def words(site, **changed):
    said = {**WORDS, "--to": str(site / "technicians"), "--config": str(site / "config/north.yaml")}
    said |= {f"--{key}": value for key, value in changed.items()}
    return ["record", *(word for key, value in said.items() if value is not None for word in (key, value))]


@contextmanager
def started(site, *arguments):
    environment = {**os.environ, "STATE_DIRECTORY": str(site / "state")}
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def recorded(site, suffix=".age"):
    return sorted((site / "state/recordings").glob(f"*{suffix}"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": None}, "--reason"),
        ({"reason": "curiosity"}, "invalid choice: 'curiosity'"),
        ({"minutes": None}, "one of the arguments --until --minutes is required"),
        ({"minutes": "0"}, "its end is past"),
        ({"minutes": "61"}, "recording.minutes_max is 60"),
        ({"minutes": None, "until": "2020-01-01T00:00Z"}, "its end is past"),
        ({"minutes": None, "until": "tomorrow"}, "is no time"),
        ({"to": None}, "--to"),
        ({"to": "age1nonsense"}, "damaged"),
        ({"to": "nobody.txt"}, "no file that can be read"),
    ],
)
def test_what_is_refused_and_nothing_is_recorded(site, capsys, monkeypatch, changed, said):
    monkeypatch.setenv("STATE_DIRECTORY", str(site / "state"))
    try:
        code = main(words(site, **changed))
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err
    assert list((site / "state").iterdir()) == []


def test_a_computer_whose_clock_was_never_set_promises_no_end(site, capsys, monkeypatch):
    monkeypatch.setattr("edge.cli.record.time.time", lambda: 3600.0)
    assert main(words(site)) == 2
    assert "clock was never set" in capsys.readouterr().err


def test_a_department_may_forbid_it(site, capsys):
    path = site / "config/north.yaml"
    path.write_text(path.read_text().replace("minutes_max: 60.0", "minutes_max: 0.0"))
    assert main(words(site)) == 2
    assert "recording.minutes_max is 0" in capsys.readouterr().err


def test_a_recording_is_tuned_on_with_its_key_and_not_without(site, capsys):
    with started(site, *words(site, minutes="0.08", note="the lamp flickers")) as process:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    (file,) = recorded(site)
    assert "its time is over" in out
    begun = msgspec.json.decode(recorded(site, ".json")[0].read_bytes(), type=Begun)
    lasted_s = (file.stat().st_mtime_ns - nanoseconds(begun.started)) / 1e9
    assert 3 < lasted_s < 7, "it was to end after 4.8 s"
    replay = ["replay", str(file), "--config", str(site / "config/north.yaml")]
    assert main(replay) == 2
    assert "give the key that it was made for" in capsys.readouterr().err
    (site / "other").write_text(f"{pyrage.x25519.Identity.generate()}\n")
    assert main([*replay, "--identity", str(site / "other")]) == 2
    assert main([*replay, "--identity", str(site / "key")]) == 0
    assert "123ABC" in capsys.readouterr().out


def test_tune_reads_it_with_the_key(site, capsys, monkeypatch):
    with started(site, *words(site, minutes="0.08")) as process:
        process.wait(60)
    monkeypatch.setattr("edge.camera.tune.KNOBS", {"fusion.reads_min": (2,)})
    tune = ["tune", str(recorded(site)[0]), "--config", str(site / "config/north.yaml"), "--budget-ms", "10000"]
    assert main(tune) == 2
    assert main([*tune, "--identity", str(site / "key")]) == 0
    assert "fusion.reads_min" in capsys.readouterr().out


def test_killed_in_the_middle_nothing_is_in_plain_and_what_is_there_can_be_read(site, capsys):
    with started(site, *words(site, minutes="5")) as process:
        wait_until(lambda: recorded(site) and recorded(site)[0].stat().st_size > 600_000, 30)
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = sorted(file for file in (site / "state").rglob("*") if file.is_file())
    assert [file.suffix for file in left] == [".age", ".json"]
    assert privacy.search(left[1].read_bytes(), "the note") == []
    plain = io.BytesIO()
    with pytest.raises(OSError, match=r"truncated|decryption"):  # the block that was cut off
        pyrage.decrypt_io(io.BytesIO(left[0].read_bytes()), plain, identities(site / "key"))
    assert len(plain.getvalue()) > 500_000
    assert privacy.pieces(left[0].read_bytes(), "the recording", privacy.blocks([plain.getvalue()])) == []
    file = str(recorded(site)[0])
    assert main(["replay", file, "--config", str(site / "config/north.yaml"), "--identity", str(site / "key")]) == 0
    assert "123ABC" in capsys.readouterr().out


def test_health_tells_of_it_the_desk_hears_each_act_and_its_age_deletes_it(site):
    """One life: a recording beside the daemon, killed; the daemon restarted; the recording grown old."""
    with iotcore() as broker, Subscriber(broker.port) as subscriber:
        settings = build_broker(site, broker.port)

        def acts():
            return [msgspec.json.decode(one, type=Access) for one in subscriber.payloads("access")]

        def until():
            said = [msgspec.json.decode(one, type=Health) for one in subscriber.payloads("health")]
            return said[-1].recording_until if said else None

        with started(site, "run", "--config", str(site / "config/north.yaml")) as daemon:
            wait_until(lambda: subscriber.payloads("health"), 40)
            assert until() is None
            with started(site, *words(site, minutes="5", note="123ABC again")) as recorder:
                wait_until(lambda: until() is not None, 30, what="health's word of the recording")
                wait_until(lambda: [one.act for one in acts()] == ["recording_started"], 20)
                recorder.send_signal(signal.SIGKILL)
                recorder.wait()
            wait_until(lambda: until() is None, 30)
            daemon.kill()
            daemon.wait()
        make_old(site, days=settings.recording.keep_days_max + 0.1)
        with started(site, "run", "--config", str(site / "config/north.yaml")):
            wait_until(lambda: len(acts()) >= 3, 40)
            wait_until(lambda: not list((site / "state/recordings").iterdir()), what="its last trace's end")
        told = list({one.id: one for one in acts()}.values())
        assert [one.act for one in told] == ["recording_started", "recording_ended", "recording_deleted"]
        assert {(one.reason, one.camera) for one in told} == {("tuning", "north")}
        assert not any(b"again" in message.payload for message in subscriber.messages)


def build_broker(site, port):
    from edge.settings.camera_rules import load_camera

    settings = msgspec.structs.replace(
        load_camera(site / "config/north.yaml"),
        broker=BrokerSettings(port=port, protocol="5", reconnect_s_min=0.1, reconnect_s_max=0.5),
    )
    write_settings(site, settings)
    return settings


def make_old(site, days: float) -> None:
    """As if it had begun so long ago."""
    (note,) = recorded(site, ".json")
    begun = msgspec.json.decode(note.read_bytes(), type=Begun)
    earlier = time(nanoseconds(begun.started) - int(days * 86_400 * 1e9))
    note.write_bytes(msgspec.json.encode(msgspec.structs.replace(begun, started=earlier)))
