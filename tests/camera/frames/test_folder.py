from __future__ import annotations

import numpy as np
import pytest

from edge.camera.frames.folder import FolderSource
from edge.camera.frames.source import SourceUnusable
from edge.settings.camera import SourceSettings
from tests.camera.frames.pictures import as_nobody, encoded, scene, write_folder


def source(folder, **settings) -> FolderSource:
    return FolderSource(SourceSettings(kind="folder", address=str(folder), **settings), "north")


def times_ms(folder, **settings) -> list[float]:
    return [frame.monotonic_ns / 1e6 for frame in source(folder, **settings).frames()]


def test_pictures_come_in_name_order_with_one_sequence(tmp_path):
    write_folder(tmp_path, ["b.jpg", "a.png", "c.bmp"])
    (tmp_path / "notes.txt").write_text("not looked at")
    frames = list(source(tmp_path).frames())
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    for frame, seed in zip(frames, (1, 0, 2), strict=True):
        assert np.abs(frame.pixels.astype(int) - scene(seed=seed)).mean() < 4
    assert {frame.camera for frame in frames} == {"north"}


def test_numbers_are_ordered_by_value(tmp_path):
    write_folder(tmp_path, ["2.png", "10.png"])
    first, second = source(tmp_path).frames()
    assert tuple(first.pixels[90, 160]) == tuple(scene(seed=0)[90, 160])
    assert tuple(second.pixels[90, 160]) == tuple(scene(seed=1)[90, 160])


@pytest.mark.parametrize(
    ("names", "truth", "expected_ms"),
    [
        (["000000.jpg", "000067.jpg", "000200.jpg"], "", [0, 67, 200]),  # names are milliseconds
        (["000100.jpg", "000167.jpg"], "", [0, 67]),  # counted from the first
        (["0001.jpg", "0002.jpg", "0003.jpg"], "", [0, 50, 100]),  # names are numbers: the settings' rate
        (["a.jpg", "b.jpg", "c.jpg"], "", [0, 50, 100]),
        (["a.jpg", "b.jpg", "c.jpg"], "frames_per_second: 5", [0, 200, 400]),
        (["0030.jpg", "0060.jpg", "0090.jpg"], "frames_per_second: 5", [0, 200, 400]),  # every thirtieth picture
        (["000000.jpg", "000190.jpg", "000410.jpg"], "frames_per_second: 5", [0, 190, 410]),
    ],
)
def test_the_time_is_the_recordings_own(tmp_path, names, truth, expected_ms):
    write_folder(tmp_path, names)
    if truth:
        (tmp_path / "truth.yaml").write_text(truth)
    assert times_ms(tmp_path, frames_per_second=20) == pytest.approx(expected_ms)


@pytest.mark.parametrize("start", ["2026-11-23T18:04:11.250Z", "'2026-11-23T18:04:11.250Z'", "2026-11-23 18:04:11.25"])
def test_the_truths_start_is_the_first_pictures_time(tmp_path, start):
    write_folder(tmp_path, ["000000.jpg", "000067.jpg"])
    (tmp_path / "truth.yaml").write_text(f"start: {start}\nvehicles: []\n")
    assert [frame.taken_ns - 1_795_457_051_250_000_000 for frame in source(tmp_path).frames()] == [0, 67_000_000]


def test_without_a_start_two_replays_still_have_the_same_times(tmp_path):
    write_folder(tmp_path, ["a.jpg", "b.jpg"])
    first, second = ([f.taken_ns for f in source(tmp_path).frames()] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("truth", ["start: yesterday", "frames_per_second: fast", "frames_per_second: 0", "- a", "{"])
def test_a_truth_without_a_readable_time_is_named(tmp_path, truth):
    write_folder(tmp_path, ["a.jpg"])
    (tmp_path / "truth.yaml").write_text(truth)
    with pytest.raises(SourceUnusable, match=r"truth\.yaml.*write `frames_per_second: 15`"):
        source(tmp_path)


def test_no_more_frames_a_second_than_asked_for(tmp_path):
    write_folder(tmp_path, [f"{40 * n:06d}.jpg" for n in range(50)])  # 25 a second, 2 s
    assert len(times_ms(tmp_path, frames_per_second=15)) == pytest.approx(30, abs=1)
    assert len(times_ms(tmp_path, frames_per_second=5)) == pytest.approx(10, abs=1)
    assert len(times_ms(tmp_path, frames_per_second=30)) == 50


def test_broken_pictures_are_skipped_counted_and_named(tmp_path, caplog):
    write_folder(tmp_path, ["000000.jpg", "000066.jpg", "000133.jpg", "000200.jpg"])
    (tmp_path / "000066.jpg").write_bytes(encoded(scene())[:3000])
    (tmp_path / "000133.jpg").write_text("a text")
    folder = source(tmp_path)
    assert [frame.monotonic_ns // 1_000_000 for frame in folder.frames()] == [0, 200]
    assert folder.status.broken == 2
    assert [broken.name for broken in folder.status.broken_latest] == ["000066.jpg", "000133.jpg"]
    assert "ends before its last line" in folder.status.broken_latest[0].why
    assert "000133.jpg" in caplog.text
    assert folder.status.state == "ended"


def test_a_loop_begins_again_and_time_goes_on(tmp_path):
    write_folder(tmp_path, ["000000.jpg", "000100.jpg"])
    looping = source(tmp_path, loop=True, frames_per_second=10)
    times = []
    for frame in looping.frames():
        times.append(frame.monotonic_ns // 1_000_000)
        if len(times) == 5:
            looping.close()
    assert times == [0, 100, 200, 300, 400]
    assert looping.status.state == "ended"


def test_a_loop_over_nothing_readable_ends(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    looping = source(tmp_path, loop=True)
    assert list(looping.frames()) == []
    assert "no picture in it can be read" in looping.status.why


def test_a_folder_that_cannot_be_used_says_so_at_once(tmp_path):
    with pytest.raises(SourceUnusable, match="no such file or directory; give a folder"):
        source(tmp_path / "none")
    with pytest.raises(SourceUnusable, match="no picture in this folder"):
        source(tmp_path)
    (tmp_path / "a.mp4").write_text("")
    with pytest.raises(SourceUnusable, match="write kind: video"):
        source(tmp_path / "a.mp4")


def test_a_folder_without_permission_says_so_at_once(tmp_path):
    closed = write_folder(tmp_path / "closed", ["a.jpg"])
    closed.chmod(0)
    with as_nobody(), pytest.raises(SourceUnusable, match="permission denied"):
        source(closed)
    closed.chmod(0o700)
