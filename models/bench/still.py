"""What an empty road costs when its pictures come as H.264: decoding, motion gate and all, at fifteen frames a second.

    python -m models.bench.still           # a minute; needs Debian's gir1.2-gstreamer-1.0 and gstreamer1.0-plugins-ugly

The noisy empty road of `models.bench.stages` is encoded by x264 at several bit rates, a key picture every two seconds,
4:2:0 in the Main profile, as cameras do, and then read as the daemon reads a camera: FFmpeg through OpenCV, one thread.
Share of one core: processor time of this process over the time that the recording lasts. *Decoded* is FFmpeg and the
conversion to BGR, *looked at* the line: motion gate and tracker. At one constant bit rate the noise decides how hard a
picture is to decode; a camera that lets the rate fall on an empty road costs less.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from edge.camera.frames.open import open_source
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.cli import present
from edge.settings.camera import SourceSettings
from models.bench.stages import PER_SECOND, drawn, drawn_road

if TYPE_CHECKING:
    from edge.camera.line import Networks
    from edge.settings.camera import CameraSettings

SIZES = ((1280, 720), (1920, 1080))
KBITS_A_SECOND = (1000, 2000, 4000)
SECONDS, LEARNT_S = 8, 3
"""Of the recording; and how long the gate learns its background before anything is counted."""
GSTREAMER_PYTHON = "/usr/bin/python3"
"""Debian's own, which has GStreamer's bindings."""
ENCODE = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pictures, out, kbits, rate = sys.argv[1:]
line = Gst.parse_launch(
    f'multifilesrc location="{pictures}" caps="image/png,framerate={rate}/1" ! pngdec ! videoconvert'
    f' ! video/x-raw,format=I420'
    f' ! x264enc bitrate={kbits} key-int-max={2 * int(rate)} bframes=0 tune=zerolatency speed-preset=veryfast'
    f' ! video/x-h264,profile=main ! h264parse ! matroskamux ! filesink location="{out}"'
)
line.set_state(Gst.State.PLAYING)
told = line.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
line.set_state(Gst.State.NULL)
sys.exit(told.type == Gst.MessageType.ERROR and told.parse_error()[0].message or 0)
"""


def main() -> None:
    """One row for each size and bit rate."""
    arguments = _arguments()
    settings = drawn_road(arguments.manifest)
    networks = load_networks(settings, Path())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            pictures = _pictures(Path(folder), size)
            for kbits in KBITS_A_SECOND:
                recording = Path(folder) / f"{size[0]}_{kbits}.mkv"
                _encode(pictures, recording, kbits)
                true_kbits = recording.stat().st_size * 8 / 1000 / SECONDS
                shares = _shares(settings, networks, recording)
                told = (f"{100 * share:.1f}" for share in (*shares, sum(shares)))
                rows.append((f"{size[0]}×{size[1]}", f"{true_kbits:.0f}", *told))
    print(present.table(rows, ("frame", "kbit/s", "decoded %", "looked at %", "% of a core"), right=range(1, 5)))


def _pictures(folder: Path, size: tuple[int, int]) -> str:
    """Empty roads, each with its own noise, as numbered files; their pattern."""
    for number in range(SECONDS * PER_SECOND):
        cv2.imwrite(str(folder / f"{size[0]}_{number:04d}.png"), drawn(number, *size, car=False).pixels)
    return str(folder / f"{size[0]}_%04d.png")


def _encode(pictures: str, recording: Path, kbits: int) -> None:
    command = [GSTREAMER_PYTHON, "-c", ENCODE, pictures, str(recording), str(kbits), str(PER_SECOND)]
    subprocess.run(command, check=True)  # noqa: S603 (our own words)


def _shares(settings: CameraSettings, networks: Networks, recording: Path) -> tuple[float, float]:
    """Processor seconds for a second of the recording, once the gate knows its background: its pictures, the line."""
    line = fresh_line(settings, networks, origin(settings, networks, "still"), memory=NoMemory(), synchronized=bool)
    source = open_source(SourceSettings(kind="video", address=str(recording)), "bench")
    decoded_s, looked_s = [], []
    began = time.process_time()
    for frame in source.frames():
        decoded = time.process_time()
        line.update(frame)
        looked = time.process_time()
        decoded_s.append(decoded - began)
        looked_s.append(looked - decoded)
        began = looked
    learnt = LEARNT_S * PER_SECOND
    decoded_each, looked_each = statistics.mean(decoded_s[learnt:]), statistics.mean(looked_s[learnt:])
    return decoded_each * PER_SECOND, looked_each * PER_SECOND


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.still", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
