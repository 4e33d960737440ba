from __future__ import annotations

import pytest

from edge.camera.frames.source import SourceUnusable
from edge.camera.frames.video import VideoSource
from edge.settings.camera import SourceSettings
from tests.camera.frames.pictures import as_nobody, numbered, square, write_uneven_video, write_video


def source(path, **settings) -> VideoSource:
    return VideoSource(
        SourceSettings(kind="video", address=str(path), **{"frames_per_second": 60, **settings}), "north"
    )


def times_ms(path, **settings) -> list[float]:
    return [round(frame.monotonic_ns / 1e6) for frame in source(path, **settings).frames()]


def damaged(path, places):
    """Two hundred bytes overwritten at each place, a share of the file."""
    data = bytearray(path.read_bytes())
    for place in places:
        at = int(len(data) * place)
        data[at : at + 200] = b"\xaa" * 200
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "fourcc"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.avi", "XVID"), ("a.mkv", "mp4v")]
)
def test_every_picture_comes_once_in_order_and_at_its_time(tmp_path, name, fourcc):
    video = source(write_video(tmp_path / name, 30, fourcc=fourcc))
    frames = list(video.frames())
    assert [square(frame.pixels) for frame in frames] == list(range(30))
    assert [frame.sequence for frame in frames] == list(range(30))
    assert [frame.monotonic_ns / 1e6 for frame in frames] == pytest.approx([n * 1000 / 15 for n in range(30)], abs=1)
    assert {frame.taken_ns - frame.monotonic_ns for frame in frames} == {frames[0].taken_ns}
    assert video.status.state == "ended"
    assert video.status.broken == 0


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_an_uneven_videos_times_are_the_containers(tmp_path, kind):
    uneven = [0, 66, 133, 400, 410, 900, 1000]
    assert times_ms(write_uneven_video(tmp_path / f"a.{kind}", uneven)) == uneven


def test_two_readings_give_the_same_frames(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    first, second = ([(f.taken_ns, f.pixels.tobytes()) for f in source(path).frames()] for _ in range(2))
    assert first == second


def test_no_more_frames_a_second_than_asked_for(tmp_path):
    path = write_video(tmp_path / "a.mp4", 60, rate=30)
    frames = list(source(path, frames_per_second=10).frames())
    assert len(frames) == pytest.approx(20, abs=1)
    assert [frame.sequence for frame in frames] == list(range(len(frames)))


def test_a_video_that_ends_in_the_middle_gives_what_it_has(tmp_path, caplog):
    path = write_video(tmp_path / "a.avi", 30, fourcc="XVID")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = source(path)
    given = len(list(video.frames()))
    assert 8 < given < 25
    assert video.status.broken == 30 - given
    assert video.status.broken_latest[-1].why == f"{30 - given} of 30 pictures are missing"
    assert "ends early or is damaged" in caplog.text


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_video_with_broken_packets_goes_on_behind_them(tmp_path, name):
    video = source(damaged(write_video(tmp_path / name, 60), [0.3, 0.4, 0.5]))
    frames = list(video.frames())
    assert square(frames[-1].pixels) == square(numbered(59))
    if name != "a.mkv":  # which does not say how many it holds
        assert len(frames) + video.status.broken == 60


def test_a_broken_packet_is_counted_and_named_by_its_time(tmp_path):
    video = source(damaged(write_video(tmp_path / "a.mp4", 30), [0.3, 0.4, 0.5]))
    list(video.frames())
    assert video.status.broken >= 1
    assert video.status.broken_latest[0].name.startswith("a.mp4 after 0.")


def test_a_loop_begins_again_and_time_goes_on(tmp_path):
    looping = source(write_video(tmp_path / "a.mp4", 3, rate=10), loop=True)
    times = []
    for frame in looping.frames():
        times.append(round(frame.monotonic_ns / 1e6))
        if len(times) == 7:
            looping.close()
    assert times == [0, 100, 200, 300, 400, 500, 600]
    assert looping.status.opened == 3


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "the file is empty"), (b"Dear reader\n" * 200, "no video"), (bytes(9000), "no video")],
    ids=["empty", "text", "zeros"],
)
def test_what_is_no_video_is_refused_at_once(tmp_path, capfd, data, why):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceUnusable, match=why):
        source(path)
    assert capfd.readouterr().err == ""  # FFmpeg does not talk for itself


def test_an_mp4_cut_off_before_its_index_is_refused_at_once(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SourceUnusable, match="cut off"):
        source(path)


def test_a_video_that_is_not_there_or_closed_to_us_is_refused_at_once(tmp_path):
    with pytest.raises(SourceUnusable, match="no such file or directory; give a video"):
        source(tmp_path / "none.mp4")
    with pytest.raises(SourceUnusable, match="is a directory"):
        source(tmp_path)
    path = write_video(tmp_path / "a.mp4")
    path.chmod(0)
    with as_nobody(), pytest.raises(SourceUnusable, match="permission denied"):
        source(path)
