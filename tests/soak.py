"""A camera's two processes for hours, while camera and broker come and go: does anything grow, is anything lost?

    python -m tests.soak --minutes 120            # 640×384 at 15 frames a second, a vehicle each twelve seconds
    python -m tests.soak --minutes 120 --keep F   # a line of JSON a sample into F

    RTSP server ─▶ plate-reader run ─▶ plate-reader publish ─▶ a wire ─▶ Mosquitto ─▶ a subscriber that stays subscribed
      flaps                                                     flaps     flaps

The first fifth is a road without a vehicle and without a fault: what is written then is written by the hour, and the
rest by the vehicle, so that a day of any road can be told from both. In the other four fifths something breaks each
minute or so, for as long as a power supply or a mobile line takes to come back. Lost is a number that is missing among
the sightings' sequence numbers at the end. The networks are the tests' own (`tests.sites`), tiny, so that a small
machine can do other work meanwhile: this measures the program around them, not their time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from edge.cli import present
from edge.record.health import Health
from edge.record.sighting import Sighting
from edge.settings.camera import BrokerSettings, HealthSettings, SourceSettings
from tests.brokers import Subscriber, Wire, mosquitto, wait_until
from tests.rtsp_server import rtsp_server
from tests.sites import build_site, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.brokers import Mosquitto
    from tests.rtsp_server import RtspServer

RATE = 15
SIZE = (640, 384)
QUIET_SHARE = 0.2
EMPTY_FRAMES = 140
"""Between two vehicles: the same plate again within six seconds would be the same pass."""
SAMPLE_S = 30.0
FLAP_S = (40.0, 80.0)
"""From the end of one fault to the next."""
WARM_SHARE = 0.25
"""Of the samples, the first, that the slope leaves out: caches fill."""
VEHICLES_A_DAY = 521
"""Hesston's: 31,272 in 30 days at two cameras."""
SETTLE_S = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Both processes, at one moment."""

    at_s: float
    reader_mb: float
    publisher_mb: float
    reader_files: int
    publisher_files: int
    written_bytes: int
    sightings: int


@dataclass(slots=True)
class Stage:
    """What can be broken, and what is watched."""

    camera: RtspServer
    broker: Mosquitto
    wire: Wire
    subscriber: Subscriber
    reader: subprocess.Popen[bytes]
    publisher: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole of it."""

    minutes: float
    quiet_s: float
    samples: list[Sample]
    faults: dict[str, int]
    sightings: list[Sighting]
    health: Health

    @property
    def lost(self) -> list[int]:
        """Numbers that never came, up to the highest that did, or that the daemon says it gave."""
        known = {one.sequence for one in self.sightings}
        return sorted(set(range(1, max(known, default=0) + 1)) - known)

    @property
    def twice(self) -> int:
        """Numbers that came under two ids: a doubled sighting."""
        return len({one.id for one in self.sightings}) - len({one.sequence for one in self.sightings})


def main() -> int:
    """Run it, tell it. 1 when a sighting was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="the samples, one a line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = soak(Path(folder), arguments.minutes, random.Random(arguments.seed), arguments.keep)
    sys.stdout.write(present.table(told(done)) + "\n")
    return 1 if done.lost or done.twice else 0


def soak(folder: Path, minutes: float, rng: random.Random, keep: Path | None = None) -> Outcome:
    """The quiet part, the loud part, and the time that everything needs to arrive."""
    quiet_s = QUIET_SHARE * minutes * 60
    roads = _draw(folder)
    with ExitStack() as stack:
        broker = stack.enter_context(mosquitto(folder / "broker"))
        subscriber = stack.enter_context(Subscriber(broker.port, session="soak"))
        wire = stack.enter_context(Wire(broker.port))
        camera = stack.enter_context(rtsp_server(size=SIZE, rate=RATE, pictures=folder / "road"))
        _show(folder, roads["empty"])
        camera.kill()
        camera.start()
        config = _settle_settings(folder, camera.url, wire.port)
        publisher = _started(stack, folder, "publish", config, "--socket", str(folder / "hatch"))
        wait_until((folder / "hatch").exists, 60, what="the publisher's start")
        reader = _started(stack, folder, "run", config, "--publisher", str(folder / "hatch"))
        stage = Stage(camera, broker, wire, subscriber, reader, publisher)
        wait_until(lambda: subscriber.payloads("health"), 120, what="the first report")
        began_s = time.monotonic()
        samples = _watch(stage, began_s, quiet_s, lambda: None, keep)
        _show(folder, roads["busy"])
        camera.kill()
        camera.start()
        flaps = Flaps(stage, rng)
        samples += _watch(stage, began_s, minutes * 60 - SETTLE_S, flaps.turn, keep)
        flaps.mend()
        samples += _watch(stage, began_s, minutes * 60, lambda: None, keep)
        for process in (reader, publisher):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        wait_until(lambda: _health(subscriber).outbox.depth == 0, 30, what="the outbox's end")
        return Outcome(minutes, quiet_s, samples, flaps.count, _sightings(subscriber), health=_health(subscriber))


class Flaps:
    """One fault after the other, each mended before the next."""

    def __init__(self, stage: Stage, rng: random.Random) -> None:
        self._rng, self.count = rng, dict.fromkeys(FAULTS, 0)
        self._faults = {name: fault(stage) for name, fault in FAULTS.items()}
        self._mend: Callable[[], object] | None = None
        self._due_s = time.monotonic() + rng.uniform(*FLAP_S)

    def turn(self) -> None:
        """Break or mend, when it is time."""
        if time.monotonic() < self._due_s:
            return
        if self._mend is not None:
            self.mend()
            self._due_s = time.monotonic() + self._rng.uniform(*FLAP_S)
            return
        name = self._rng.choice(sorted(self._faults))
        breaks, self._mend, (least_s, most_s) = self._faults[name]
        breaks()
        self.count[name] += 1
        self._due_s = time.monotonic() + self._rng.uniform(least_s, most_s)

    def mend(self) -> None:
        """Everything is as it should be."""
        if self._mend is not None:
            self._mend()
        self._mend = None


def _nothing() -> None:
    """What mends itself."""


def _refused(stage: Stage, *, refuse: bool) -> None:
    stage.wire.refuse = refuse
    stage.wire.cut()


FAULTS = {
    "camera loses power": lambda stage: (stage.camera.kill, stage.camera.start, (5, 25)),
    "camera sends nothing": lambda stage: (
        lambda: stage.camera.say("stall"),
        lambda: stage.camera.say("flow"),
        (8, 20),
    ),
    "camera drops the line": lambda stage: (lambda: stage.camera.say("drop"), _nothing, (1, 2)),
    "broker restarts": lambda stage: (stage.broker.stop, stage.broker.start, (3, 40)),
    "line is cut": lambda stage: (stage.wire.cut, _nothing, (1, 2)),
    "line goes silent": lambda stage: (stage.wire.freeze, _nothing, (1, 2)),
    "broker is unreachable": lambda stage: (
        lambda: _refused(stage, refuse=True),
        lambda: _refused(stage, refuse=False),
        (10, 60),
    ),
}
"""Stage → (break, mend, seconds between at least and at most)."""


def _draw(folder: Path) -> dict[str, Path]:
    """Two roads as JPEGs: one on which nothing goes by, and one with a vehicle in twelve seconds."""
    site = folder / "site"
    site.mkdir()
    build_site(site)
    pictures = [cv2.imread(str(file)) for file in sorted((site / "scenes/a").iterdir())]
    noise = np.random.default_rng(4)
    empty = [_grainy(pictures[0], noise) for _ in range(EMPTY_FRAMES)]
    roads = {"empty": empty, "busy": [*empty, *pictures]}
    for name, drawn in roads.items():
        (folder / name).mkdir()
        for number, picture in enumerate(drawn):
            assert cv2.imwrite(str(folder / name / f"{number:05d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return {name: folder / name for name in roads}


def _grainy(picture: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    return np.clip(picture + noise.integers(-2, 3, picture.shape, np.int16), 0, 245).astype(np.uint8)


def _show(folder: Path, road: Path) -> None:
    """The server's folder is a link; it is read when the server starts."""
    new = folder / "road.new"
    new.symlink_to(road)
    new.replace(folder / "road")


def _settle_settings(folder: Path, url: str, port: int) -> Path:
    from edge.settings.camera_rules import load_camera

    site = folder / "site"
    settings = msgspec.structs.replace(
        load_camera(site / "config/north.yaml"),
        source=SourceSettings(
            kind="rtsp", address=url, frames_per_second=float(RATE), reconnect_s_max=5.0, read_timeout_s=5.0
        ),
        broker=BrokerSettings(port=port, keepalive_s=10, reconnect_s_max=5.0),
        health=HealthSettings(interval_s=60.0),
    )
    return write_settings(site, settings)


def _started(stack: ExitStack, folder: Path, verb: str, config: Path, *words: str) -> subprocess.Popen[bytes]:
    state = folder / "state"
    state.mkdir(exist_ok=True)
    memory = stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm"))
    log = stack.enter_context((folder / f"{verb}.log").open("wb"))
    command = [sys.executable, "-m", "edge.cli.main", verb, "--config", str(config), *words]
    environment = {**os.environ, "STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": memory}  # as systemd would
    process = subprocess.Popen(command, env=environment, stderr=log)
    stack.callback(process.kill)
    return process


def _watch(stage: Stage, began_s: float, until_s: float, turn: Callable[[], None], keep: Path | None) -> list[Sample]:
    """Until so long after the beginning. A process that dies ends it."""
    samples: list[Sample] = []
    due_s = time.monotonic()
    while (now_s := time.monotonic()) - began_s < until_s:
        assert stage.reader.poll() is None, "the reader died"
        assert stage.publisher.poll() is None, "the publisher died"
        turn()
        if now_s >= due_s:
            due_s += SAMPLE_S
            samples.append(_sample(stage, now_s - began_s))
            if keep is not None:
                with keep.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(asdict(samples[-1])) + "\n")
        time.sleep(1.0)
    return samples


def _sample(stage: Stage, at_s: float) -> Sample:
    reader, publisher = stage.reader.pid, stage.publisher.pid
    return Sample(
        at_s=round(at_s, 1),
        reader_mb=_rss_mb(reader),
        publisher_mb=_rss_mb(publisher),
        reader_files=_files(reader),
        publisher_files=_files(publisher),
        written_bytes=_written(reader) + _written(publisher),
        sightings=len({one.sequence for one in _sightings(stage.subscriber)}),
    )


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _files(pid: int) -> int:
    """Open handles: files, sockets, pipes."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _written(pid: int) -> int:
    """Bytes that went to the disk."""
    lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def _sightings(subscriber: Subscriber) -> list[Sighting]:
    return [msgspec.json.decode(payload, type=Sighting) for payload in subscriber.payloads("sighting")]


def _health(subscriber: Subscriber) -> Health:
    return msgspec.json.decode(subscriber.payloads("health")[-1], type=Health)


def told(done: Outcome) -> list[tuple[str, str]]:
    """What it comes to, for a table."""
    warm = done.samples[int(WARM_SHARE * len(done.samples)) :]
    rows = [
        ("lasted", f"{done.minutes:g} min, of them {done.quiet_s / 60:.0f} quiet"),
        ("faults", ", ".join(f"{count} × {name}" for name, count in done.faults.items())),
        ("frames read", f"{done.health.stages.frames_read:,}"),
        ("connections", f"camera {done.health.source.reconnects + 1}, broker {done.health.link.connects}"),
        (
            "sightings",
            f"{len({one.id for one in done.sightings}):,} arrived, {len(done.lost)} lost, {done.twice} twice",
        ),
        ("unrecorded", f"{done.health.stages.unrecorded}"),
    ]
    for name in ("reader", "publisher"):
        mb = [getattr(one, f"{name}_mb") for one in warm]
        files = [getattr(one, f"{name}_files") for one in warm]
        slope = statistics.linear_regression([one.at_s / 3600 for one in warm], mb).slope
        rows += [
            (f"{name}'s memory", f"{mb[0]:.1f} to {mb[-1]:.1f} MB, at most {max(mb):.1f}; {slope:+.2f} MB an hour"),
            (f"{name}'s files", f"{files[0]} to {files[-1]}, at most {max(files)}"),
        ]
    return [*rows, ("written a day", _written_a_day(done))]


def _written_a_day(done: Outcome) -> str:
    quiet = [one for one in done.samples if one.at_s < done.quiet_s]
    loud = [one for one in done.samples if one.at_s >= done.quiet_s]
    idle = _rate([one.written_bytes for one in quiet], quiet)
    more = _rate([one.written_bytes for one in loud], loud) - idle
    each = more / max(1e-9, _rate([one.sightings for one in loud], loud))
    day = idle * 86_400 + each * VEHICLES_A_DAY
    return (
        f"{day / 1e6:.1f} MB at {VEHICLES_A_DAY} vehicles: {idle * 86_400 / 1e6:.1f} MB whatever goes by,"
        f" {each / 1e3:.0f} KB a vehicle"
    )


def _rate(values: Sequence[float], samples: Sequence[Sample]) -> float:
    """A second."""
    return (values[-1] - values[0]) / (samples[-1].at_s - samples[0].at_s)


if __name__ == "__main__":
    sys.exit(main())
