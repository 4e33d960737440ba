from __future__ import annotations

import difflib
import stat
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from edge.settings.camera_rules import load_camera
from edge.settings.problems import SettingsWrong
from edge.settings.writing import SettingsChanged, changed, seen, write_changes

NORTH = Path(__file__).parents[2] / "config/north.yaml"


@pytest.fixture
def north(tmp_path):
    path = tmp_path / "north.yaml"
    path.write_bytes(NORTH.read_bytes())
    return path


def lines(before: str, after: str) -> list[str]:
    """What went (-) and what came (+)."""
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


CASES = {
    "a default that is a comment is uncommented, its reason stays in its column": (
        {"runtime.threads": 2},
        [
            "-   #threads: 1           # For one network; two at most on a Raspberry Pi, which also decodes the video.",
            "+   threads: 2            # For one network; two at most on a Raspberry Pi, which also decodes the video.",
        ],
    ),
    "an empty default, too": (
        {"detector.score_min": 0.25},
        [
            "-   #score_min:           # 0 to 1; empty: the threshold that the network's own training recommends.",
            "+   score_min: 0.25       # 0 to 1; empty: the threshold that the network's own training recommends.",
        ],
    ),
    "a default without a comment behind it": (
        {"source.frames_per_second": 10.0},
        ["-   #frames_per_second: 15.0", "+   frames_per_second: 10.0"],
    ),
    "a value is replaced where it stands": (
        {"view.receding": "out"},
        [
            "-   receding: southbound      # Vehicles that drive away from it.",
            "+   receding: out             # Vehicles that drive away from it.",
        ],
    ),
    "a list of areas": (
        {"view.ignore": [{"x0": 0.0, "y0": 0.0, "x1": 0.4, "y1": 0.1}]},
        ["-   #ignore: []", "+   ignore: [{x0: 0.0, y0: 0.0, x1: 0.4, y1: 0.1}]"],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES.keys())
def test_nothing_but_the_value_changes(north, changes, expected):
    before = north.read_text()
    write_changes(north, changes, seen_digest=seen(north), check=load_camera)
    assert lines(before, north.read_text()) == expected
    settings = msgspec.to_builtins(load_camera(north))
    for key, value in changes.items():
        section, name = key.split(".")
        assert settings[section][name] == (tuple(value) if isinstance(value, list) else value)


def test_the_old_file_stays_beside_it_and_the_mode_stays(north):
    north.chmod(0o640)
    before = north.read_bytes()
    write_changes(north, {"runtime.threads": 2}, seen_digest=seen(north))
    assert north.with_name("north.yaml.old").read_bytes() == before
    assert stat.S_IMODE(north.stat().st_mode) == 0o640
    assert sorted(path.name for path in north.parent.iterdir()) == ["north.yaml", "north.yaml.old"]


def test_a_file_that_somebody_else_has_written_meanwhile_is_left_alone(north):
    known = seen(north)
    north.write_text(north.read_text() + "# mine\n")
    before = north.read_bytes()
    with pytest.raises(SettingsChanged, match="somebody else"):
        write_changes(north, {"runtime.threads": 2}, seen_digest=known)
    assert north.read_bytes() == before
    assert not north.with_name("north.yaml.old").exists()


def test_what_would_be_wrong_is_not_written(north):
    before = north.read_bytes()
    with pytest.raises(SettingsWrong):
        write_changes(north, {"runtime.threads": 99}, seen_digest=seen(north), check=load_camera)
    assert north.read_bytes() == before
    assert [path.name for path in north.parent.iterdir()] == ["north.yaml"]


HAND_MADE = {
    "a section that is not there": ("site: a\n", {"runtime.threads": 2}, "site: a\nruntime: {threads: 2}\n"),
    "a file that does not end": ("site: a", {"camera": "b"}, "site: a\ncamera: b\n"),
    "in braces": ("runtime: {threads: 1}  # why\n", {"runtime.threads": 2}, "runtime: {threads: 2}  # why\n"),
    "a block below its key": (
        "view:\n  look: # here\n    # the road\n    - {x0: 0}\n    - x0: 1\n      y0: 2\n  # never\n  ignore: []\n",
        {"view.look": []},
        "view:\n  look: [] # here\n    # the road\n  # never\n  ignore: []\n",
    ),
    "one more key in a section": (
        "view:\n  # first\n  look: []\nsite: a\n",
        {"view.ignore": []},
        "view:\n  # first\n  ignore: []\n  look: []\nsite: a\n",
    ),
    "a comment of another section is not taken": (
        "motion:\n  share_min: 0.1\nruntime:\n  #threads: 1\n",
        {"motion.threads": 3},
        "motion:\n  threads: 3\n  share_min: 0.1\nruntime:\n  #threads: 1\n",
    ),
    "two levels that are not there": (
        "view:\n  look: []\n",
        {"view.sideways.left": "west"},
        "view:\n  sideways: {left: west}\n  look: []\n",
    ),
    "an empty section": ("view:\nsite: a\n", {"view.look": []}, "view:\n  look: []\nsite: a\n"),
    "lines as Windows ends them": (
        "runtime:\r\n  #threads: 1\r\nsite: a\r\n",
        {"runtime.threads": 2},
        "runtime:\r\n  threads: 2\r\nsite: a\r\n",
    ),
    "emptied": (
        "detector:\n  score_min: 0.3 # why\n",
        {"detector.score_min": None},
        "detector:\n  score_min:     # why\n",
    ),
    "a word that YAML would take for another": ("site: a\n", {"site": "no"}, "site: 'no'\n"),
}


@pytest.mark.parametrize(("before", "changes", "after"), HAND_MADE.values(), ids=HAND_MADE.keys())
def test_a_file_made_by_hand(before, changes, after):
    assert changed(before, changes) == after


KEYS = [f"{s}.{k}" for s, ks in yaml.safe_load(NORTH.read_text()).items() if isinstance(ks, dict) for k in ks]
COMMENTED = ["runtime.threads", "motion.share_min", "fusion.reads_min", "health.interval_s", "detector.tiles"]


@example({"site": "a\x85b\u2028c"})
@given(st.dictionaries(st.sampled_from(KEYS + COMMENTED), st.one_of(st.integers(), st.text(max_size=20), st.none())))
def test_any_changes_are_what_the_file_then_says_and_no_comment_is_lost(changes):
    before = NORTH.read_text()
    after = changed(before, changes)  # it asserts what it says
    kept = {line.partition(" # ")[2] for line in before.splitlines() if " # " in line}
    assert kept <= {line.partition(" # ")[2] for line in after.splitlines() if " # " in line}
