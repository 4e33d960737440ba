"""What the desk hears of a look through `aim`: with real files and the kernel's locks."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from edge.camera.visits import Visits, visit
from edge.cli.main import main
from edge.record.words import nanoseconds
from edge.settings.camera import SourceSettings
from tests.sites import build_site, write_settings


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path, "hesston", "north")


def told(visits, now_ns: int) -> list[tuple[str, str, int]]:
    accesses = []
    visits.tend(now_ns, accesses.append)
    return [(one.act, one.who, nanoseconds(one.time)) for one in accesses]


def test_it_is_told_when_it_begins_and_when_it_ends_and_leaves_no_trace_behind(visits, tmp_path):
    begun = visit("ana", 600)
    began_ns = nanoseconds(begun.started)
    with visits.begin(begun):
        assert told(visits, began_ns) == [("aim_started", "ana", began_ns)]
        assert told(visits, began_ns) == []
    ((act, who, ended_ns),) = told(visits, began_ns + 3600 * 10**9)
    assert (act, who) == ("aim_ended", "ana")
    assert ended_ns < began_ns + 60 * 10**9, "when it ended, not when the daemon came by"
    assert list((tmp_path / "aims").iterdir()) == []


@pytest.mark.parametrize(("later_s", "ended_s"), [(30, 30), (7200, 600)])
def test_one_that_was_killed_has_ended_by_now_and_by_its_last_moment_at_the_latest(tmp_path, visits, later_s, ended_s):
    program = (
        "import os, sys; from pathlib import Path; from edge.camera.visits import Visits, visit\n"
        "with Visits(Path(sys.argv[1]), 'hesston', 'north').begin(visit('ana', 600)): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == -9
    (note,) = (tmp_path / "aims").glob("*.json")
    began_ns = nanoseconds(msgspec.json.decode(note.read_bytes())["started"])
    acts = told(visits, began_ns + later_s * 10**9)
    assert acts == [("aim_started", "ana", began_ns), ("aim_ended", "ana", began_ns + ended_s * 10**9)]


def test_what_the_outbox_did_not_take_is_told_the_next_time(visits):
    begun = visit("ana", 600)

    def full(_access):
        raise OSError("the disk has no room")

    with visits.begin(begun):
        with pytest.raises(OSError, match="no room"):
            visits.tend(0, full)
        assert [act for act, _, _ in told(visits, 0)] == ["aim_started"]


def test_nobody_looks_through_the_camera_where_the_desk_could_not_hear_of_it(tmp_path, monkeypatch, capsys):
    settings = build_site(tmp_path)
    live = SourceSettings(kind="rtsp", address="rtsp://127.0.0.1:9/none")
    config = write_settings(tmp_path, msgspec.structs.replace(settings, source=live))
    (tmp_path / "state").write_text("no folder")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert main(["aim", "--config", str(config), "--tui", "--minutes", "0.05"]) == 2
    assert "aim" in capsys.readouterr().err


def test_two_technicians_may_begin_in_the_same_second(visits):
    one = visit("ana", 600)
    with visits.begin(one), visits.begin(msgspec.structs.replace(one, who="bo")):
        begun = told(visits, nanoseconds(one.started))
    assert sorted(who for _, who, _ in begun) == ["ana", "bo"]


def test_what_is_refused_before_it_begins_leaves_no_trace(tmp_path, monkeypatch, capsys):
    live = SourceSettings(kind="rtsp", address="rtsp://127.0.0.1:9/none")
    config = write_settings(tmp_path, msgspec.structs.replace(build_site(tmp_path), source=live))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert main(["aim", "--config", str(config), "--listen", "0.0.0.0"]) == 2  # noqa: S104 — refused, that is the test
    assert "--listen" in capsys.readouterr().err
    assert not list(tmp_path.rglob("aims"))
