"""A folder of scenes as one source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.frames.open import open_source
from edge.camera.frames.scenes import PAUSE_S
from edge.settings.camera import SourceSettings

if TYPE_CHECKING:
    from pathlib import Path


def scene(folder: Path, pictures: int) -> None:
    folder.mkdir(parents=True)
    for n in range(pictures):
        cv2.imwrite(str(folder / f"{n * 100:06d}.jpg"), np.full((40, 60, 3), 30 * n, np.uint8))


def test_scenes_follow_one_another_by_name_with_a_pause_and_their_own_time(tmp_path: Path) -> None:
    scene(tmp_path / "b", 2)
    scene(tmp_path / "a", 3)
    (tmp_path / "notes").mkdir()
    source = open_source(SourceSettings(kind="folder", address=str(tmp_path)), "north")
    frames = list(source.frames())
    pause = int(PAUSE_S * 1000)
    assert [frame.monotonic_ns // 1_000_000 for frame in frames] == [0, 100, 200, 200 + pause, 300 + pause]
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    assert source.status.state == "ended"
    assert source.status.frames == 5


def test_a_broken_picture_in_any_scene_is_counted(tmp_path: Path) -> None:
    scene(tmp_path / "a", 2)
    scene(tmp_path / "b", 2)
    (tmp_path / "a" / "000100.jpg").write_bytes(b"no picture")
    source = open_source(SourceSettings(kind="folder", address=str(tmp_path)), "north")
    assert len(list(source.frames())) == 3
    assert source.status.broken == 1
    assert source.status.broken_latest[0].name == "000100.jpg"


def test_closing_ends_it(tmp_path: Path) -> None:
    scene(tmp_path / "a", 3)
    source = open_source(SourceSettings(kind="folder", address=str(tmp_path), loop=True), "north")
    frames = source.frames()
    next(frames)
    source.close()
    assert list(frames) == []
