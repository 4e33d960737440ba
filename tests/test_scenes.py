"""Whole scenes in, whole sightings out: rendered scenes through the real networks, real clips where they are."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from edge.camera.frames.open import open_source
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.plates import fold
from edge.camera.replay import replay
from edge.camera.score import Outcome, Score, read_truth, score
from edge.camera.vision.manifest import SHIPPED_ROOT
from edge.settings.camera import CameraSettings, SourceSettings, ViewSettings

ROOT = Path(__file__).parents[1]
SCENES = ROOT / "sample_frames"
NAMES = sorted(path.parent.name for path in SCENES.glob("*/truth.yaml"))


def settings(path: Path, *, kind: str = "folder", fps: float = 60) -> CameraSettings:
    return CameraSettings(
        site="hesston",
        camera="north",
        source=SourceSettings(kind=kind, address=str(path), frames_per_second=fps),
        view=ViewSettings(approaching="northbound", receding="southbound"),
    )


@cache
def outcome(path: Path, kind: str = "folder", fps: float = 60) -> Outcome:
    chosen = settings(path, kind=kind, fps=fps)
    networks = load_networks(chosen, SHIPPED_ROOT)
    told_by = origin(chosen, networks, path.name)
    line = fresh_line(chosen, networks, told_by, memory=NoMemory(), synchronized=lambda: True)
    return replay(path.name, open_source(chosen.source, "north").frames(), line)


def texts(told: Outcome) -> list[str]:
    return sorted(s.plate.text for s in told.sightings if s.plate)


@pytest.mark.parametrize("name", NAMES)
def test_every_readable_plate_of_a_scene_is_one_sighting_and_nothing_else_is(name: str) -> None:
    truth = read_truth(SCENES / name / "truth.yaml")[name]
    told = outcome(SCENES / name)
    assert [fold(t) for t in texts(told)] == sorted(fold(one.text) for one in truth if one.readable)


@pytest.mark.parametrize("name", NAMES)
def test_the_direction_is_the_truths(name: str) -> None:
    counted = score(outcome(SCENES / name), read_truth(SCENES / name / "truth.yaml")[name])
    assert counted.directions_right == counted.directions


@pytest.mark.parametrize("name", ["day_approaching", "two_cars"])
@pytest.mark.parametrize("fps", [5, 8])
def test_the_result_does_not_hinge_on_the_frame_rate(name: str, fps: float) -> None:
    assert texts(outcome(SCENES / name, fps=fps)) == texts(outcome(SCENES / name))


def test_nothing_is_reported_where_nobody_drives() -> None:
    assert outcome(SCENES / "empty_road").sightings == []


def test_scenes_say_where_they_come_from_and_stay_light() -> None:
    assert NAMES, "no scenes"
    for name in NAMES:
        assert yaml.safe_load((SCENES / name / "truth.yaml").read_text())["origin"]["command"]
    assert sum(path.stat().st_size for path in SCENES.rglob("*")) < 12_000_000


def test_two_replays_give_the_same_events() -> None:
    command = [sys.executable, "-m", "edge.cli.main", "replay", str(SCENES / "two_cars"), "--speed", "max", "--json"]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout for _ in range(2)
    )
    assert first == second
    assert all(json.loads(line)["schema"] == "sighting/1" for line in first.splitlines())
    assert len(first.splitlines()) == 2


def test_real_clips_are_read_and_nothing_is_reported_where_nothing_can_be(shared_data: Path) -> None:
    """The share that is read right is the networks' affair, and stands in their cards; half is far below it."""
    clips = shared_data / "eval/video"
    truth = read_truth(clips / "truth.csv")
    total = Score()
    for name, vehicles in truth.items():
        told = outcome(clips / name, kind="video")
        total.add(score(told, vehicles))
        if not vehicles:
            assert texts(told) == [], f"{name}: something was read where nothing can be"
    assert total.duplicate == 0
    assert total.right >= total.expected / 2
