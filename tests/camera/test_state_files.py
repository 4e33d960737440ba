"""Where the camera's programs leave their small files for one another."""

from __future__ import annotations

import pytest

from edge.camera import state_files
from edge.camera.state_files import last_health, leave_health, word_folder
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.health import Health

HEALTH = next(one for one in EXAMPLES if isinstance(one, Health))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A machine whose /run is ours, and no service around us."""
    monkeypatch.setattr(state_files, "RUN", tmp_path / "run")
    for name in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "run"


def test_a_services_last_word_lies_in_memory_and_whoever_asks_from_outside_finds_it(tmp_path, run, monkeypatch):
    (run / "north").mkdir(parents=True)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run / "north"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert leave_health(word_folder("north", tmp_path), seal(HEALTH))
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.delenv("STATE_DIRECTORY")
    assert last_health(word_folder("north", tmp_path)) == HEALTH
    assert list(tmp_path.iterdir()) == [run], "nothing of it is on the disk"


def test_without_a_service_it_lies_beside_the_outbox(tmp_path, run, monkeypatch):
    assert word_folder("north", tmp_path) == tmp_path
    (run / "north").mkdir(parents=True)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert word_folder("north", tmp_path) == tmp_path, "another daemon's word is not ours"
