"""CSI cameras, with real programs that write into a real pipe, as the makers' own do."""

from __future__ import annotations

import sys

import pytest

from edge.camera.frames.csi import PipeCapture, csi_command, csi_source
from edge.camera.frames.open import open_source
from edge.camera.frames.source import SourceAway, SourceUnusable
from edge.settings.camera import SourceSettings

CAMERA = f"""#!{sys.executable}
import sys, time
wanted = dict(zip(sys.argv[1:], sys.argv[2:]))
width, height = int(wanted["--width"]), int(wanted["--height"])
for n in range({{pictures}}):
    sys.stderr.write("frame %d\\n" % n * 100)
    sys.stdout.buffer.write(bytes([n + 50]) * (width * height) + bytes([128]) * (width * height // 2))
    sys.stdout.buffer.flush()
{{then}}
"""
SLEEPS = "time.sleep(600)"
FAILS = "sys.stderr.write('ERROR: *** no cameras available ***\\n'); sys.exit(255)"


def settings(**others) -> SourceSettings:
    return SourceSettings(kind="csi", address="0", **{"width": 128, "height": 72, "read_timeout_s": 1, **others})


@pytest.fixture
def camera_program(tmp_path, monkeypatch):
    """Puts a program of this name first, and alone, on the path."""

    def install(name: str, then: str = SLEEPS, pictures: int = 3) -> None:
        program = tmp_path / name
        program.write_text(CAMERA.format(pictures=pictures, then=then))
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    return install


@pytest.mark.parametrize("program", ["rpicam-vid", "libcamera-vid"])
def test_pictures_come_through_the_makers_program(camera_program, program):
    camera_program(program)
    source = csi_source(settings(frames_per_second=60), "north")
    greys = []
    for frame in source.frames():
        assert frame.pixels.shape == (72, 128, 3)
        greys.append(int(frame.pixels[36, 64, 0]))
        source.close()
    assert 35 <= greys[0] <= 50  # limited range: 50 is a dark grey of about 40


def test_every_picture_is_whole(camera_program):
    camera_program("rpicam-vid", pictures=20)
    capture = PipeCapture(csi_command(settings()), (128, 72), settings())
    greys = []
    for _ in range(20):
        capture.grab()
        pixels = capture.pixels()
        assert pixels.std() == 0
        greys.append(int(pixels[0, 0, 0]))
    assert greys == sorted(set(greys))
    capture.close()


def test_a_program_that_falls_silent_is_stalled_and_ended(camera_program):
    camera_program("rpicam-vid", pictures=1)
    capture = PipeCapture(csi_command(settings()), (128, 72), settings())
    capture.grab()
    with pytest.raises(SourceAway, match="rpicam-vid has sent no picture for 1 s") as caught:
        capture.grab()
    assert caught.value.state == "stalled"
    capture.close()
    assert capture._process.returncode is not None


def test_a_program_that_fails_is_quoted(camera_program):
    camera_program("rpicam-vid", FAILS, pictures=0)
    capture = PipeCapture(csi_command(settings()), (128, 72), settings())
    with pytest.raises(SourceAway, match=r"rpicam-vid ended: ERROR: \*\*\* no cameras available"):
        capture.grab()
    capture.close()


def test_without_any_program_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnusable, match="no program here can read CSI camera 0; install rpicam-apps"):
        open_source(settings(), "north")


@pytest.mark.parametrize(
    ("element", "expected"), [("nvarguscamerasrc", "sensor-id=0"), ("libcamerasrc", "libcamerasrc")]
)
def test_gstreamer_is_used_where_it_knows_the_sensor(tmp_path, monkeypatch, element, expected):
    (tmp_path / "gst-inspect-1.0").write_text(f'#!/bin/sh\n[ "$2" = {element} ]\n')
    (tmp_path / "gst-launch-1.0").write_text("#!/bin/sh\n")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    command = csi_command(settings())
    assert command[0] == "gst-launch-1.0"
    assert expected in command
    assert "width=128,height=72,framerate=15/1" in " ".join(command)


@pytest.mark.parametrize(("width", "height"), [(1000, 720), (1280, 719)])
def test_a_size_that_the_programs_would_pad_is_refused(width, height):
    with pytest.raises(SourceUnusable, match="multiple of 64"):
        csi_source(settings(width=width, height=height), "north")
