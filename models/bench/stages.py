"""What each stage of the camera costs: milliseconds, frames a second, memory, start-up.

    python -m models.bench.stages                  # 1280×720 and 1920×1080, one and two threads; about a minute
    python -m models.bench.stages --detector fast

The scene is drawn: a noisy road on which a car with a readable plate drives up for four seconds, again and again. Each
row is a process of its own, so that its memory is its own. *line* is the daemon's whole line, motion gate and fusion
included, as fast as it goes; *still* is the share of one core that an empty road costs at fifteen frames a second.
One thread is timed by its CPU time, which other programs on the machine hardly touch; two threads need an idle machine.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.pixels import letterbox, rectify
from edge.camera.scene import Frame
from edge.camera.vision.adapters.reading import READING
from edge.camera.vision.tensor import tensor
from edge.cli import present
from edge.settings.camera import CameraSettings, DetectorSettings, RuntimeSettings, SourceSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edge.camera.line import Networks
    from edge.camera.pipeline import Pipeline

SIZES = ((1280, 720), (1920, 1080))
THREADS = (1, 2)
FRAMES, PER_SECOND = 60, 15
REPEATS = 15


def main() -> None:
    """Each row in its own process, then the table."""
    arguments = _arguments()
    if arguments.one:
        print(json.dumps(one(arguments)))
        return
    rows = []
    for width, height in SIZES:
        for threads in THREADS:
            command = [sys.executable, "-m", "models.bench.stages", "--one", f"{width}x{height}"]
            command += [
                "--threads",
                str(threads),
                "--manifest",
                str(arguments.manifest),
                "--detector",
                arguments.detector,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 (ourselves)
            rows.append((f"{width}×{height}", threads, *json.loads(done.stdout.splitlines()[-1]).values()))
            print(f"{width}×{height}, {threads}: done", file=sys.stderr)
    headers = ("frame", "threads", *_HEADERS)
    print(present.table(rows, headers, right=range(1, len(headers))))


_HEADERS = (
    "shrink ms",
    "detect ms",
    "rectify ms",
    "read ms",
    "decode ms",
    "line frames/s",
    "still % of a core",
    "start s",
    "MB",
)


def one(arguments: argparse.Namespace) -> dict[str, Any]:
    """One size, one number of threads."""
    width, height = (int(side) for side in arguments.one.split("x"))
    settings = drawn_road(arguments.manifest, threads=arguments.threads, detector=arguments.detector)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    networks = load_networks(settings, Path())
    start_s = time.process_time()  # since the process began, imports and warm-up included
    frame = drawn(FRAMES // 2, width, height).pixels
    finds, reads = networks.detector, networks.reader
    seen, read_as = finds.listed.entry.input, reads.listed.entry.input
    canvas = tensor(letterbox(frame, seen.width, seen.height)[0], seen)
    corners = plate_at(FRAMES // 2, width, height)
    crop = tensor(rectify(frame, corners, width=read_as.width, height=read_as.height), read_as)
    outputs, decode = reads.run(crop), READING[reads.listed.entry.adapter].decode
    line = fresh_line(settings, networks, origin(settings, networks, "bench"), memory=NoMemory(), synchronized=bool)
    return {
        "shrink": _ms(clock, lambda: tensor(letterbox(frame, seen.width, seen.height)[0], seen)),
        "detect": _ms(clock, lambda: finds.run(canvas)),
        "rectify": _ms(clock, lambda: rectify(frame, corners)),
        "read": _ms(clock, lambda: reads.run(crop)),
        "decode": _ms(clock, lambda: decode(reads.listed.entry, outputs)),
        "line": f"{FRAMES / _line_s(clock, line, width, height):.0f}",
        "still": f"{100 * _still(settings, networks, width, height):.1f}",
        "start": f"{start_s:.2f}",
        "memory": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
    }


def drawn_road(manifest: Path, *, threads: int = 1, detector: str = "wide") -> CameraSettings:
    """A camera before the drawn scene, whatever gives its frames: all else as it ships."""
    return CameraSettings(
        site="bench",
        camera="bench",
        source=SourceSettings(kind="folder", address="drawn"),
        detector=DetectorSettings(model=f"detector-{detector}"),
        runtime=RuntimeSettings(threads=threads, manifest=str(manifest.resolve())),
    )


def drawn(number: int, width: int, height: int, *, car: bool = True) -> Frame:
    """One frame of the scene: the car is nearer in each."""
    noise = np.random.default_rng(number)
    small = noise.normal(0, 6, (height // 2, width // 2, 1)) + np.linspace(150, 90, height // 2)[:, None, None]
    pixels = cv2.resize(np.clip(small, 0, 255).astype(np.uint8), (width, height))
    pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if car:
        _draw_car(pixels, plate_at(number, width, height))
    ns = number * 1_000_000_000 // PER_SECOND
    taken_ns = 1_790_000_000_000_000_000 + ns
    return Frame(camera="bench", sequence=number, taken_ns=taken_ns, monotonic_ns=ns, pixels=np.asarray(pixels))


def plate_at(number: int, width: int, height: int) -> list[list[float]]:
    """The plate's corners in frame `number`."""
    near = number / FRAMES
    wide = width * (0.03 + 0.09 * near)
    x, y = width * (0.45 + 0.1 * near), height * (0.35 + 0.4 * near)
    return [[x, y], [x + wide, y], [x + wide, y + wide / 2], [x, y + wide / 2]]


def _draw_car(pixels: NDArray[np.uint8], corners: list[list[float]]) -> None:
    (x, y), (right, _), _, _ = corners
    wide = right - x
    body = [round(v) for v in (x - 2 * wide, y - 2 * wide, right + 2 * wide, y + wide)]
    cv2.rectangle(pixels, (body[0], body[1]), (body[2], body[3]), (60, 40, 35), -1)
    plate = np.full((240, 480, 3), (235, 240, 240), np.uint8)
    for n, character in enumerate("482 KRB"):  # at a real plate's proportions, then as small as the camera sees it
        cv2.putText(plate, character, (30 + 62 * n, 165), cv2.FONT_HERSHEY_SIMPLEX, 3.6, (90, 30, 20), 12, cv2.LINE_AA)
    size = (round(right) - round(x), round(y + wide / 2) - round(y))
    rows, columns = slice(round(y), round(y) + size[1]), slice(round(x), round(x) + size[0])
    pixels[rows, columns] = cv2.resize(plate, size, interpolation=cv2.INTER_AREA)


def _ms(clock: Callable[[], float], work: Callable[[], object]) -> str:
    work()
    spent = []
    for _ in range(REPEATS):
        began = clock()
        work()
        spent.append(1000 * (clock() - began))
    return f"{statistics.median(spent):.2f}"


def _line_s(clock: Callable[[], float], line: Pipeline, width: int, height: int) -> float:
    """Seconds for the whole scene; drawing it does not count."""
    spent_s = 0.0
    for number in range(FRAMES):
        frame = drawn(number, width, height)
        began = clock()
        line.update(frame)
        spent_s += clock() - began
    return spent_s


def _still(settings: CameraSettings, networks: Networks, width: int, height: int) -> float:
    """CPU time of one second of an empty road; decoding its frames does not count."""
    line = fresh_line(settings, networks, origin(settings, networks, "still"), memory=NoMemory(), synchronized=bool)
    spent_s = 0.0
    for number in range(3 * PER_SECOND):
        frame = drawn(number, width, height, car=False)
        began = time.process_time()
        line.update(frame)
        spent_s += (time.process_time() - began) * (number >= 2 * PER_SECOND)  # the gate learns its background first
    return spent_s


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.stages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--detector", default="wide", choices=("wide", "fast"))
    parser.add_argument("--one", metavar="WxH", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
