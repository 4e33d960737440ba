"""How long a sighting takes from the frame that decides it to the broker's acknowledgement.

    python -m models.bench.puback                          # the embedded broker, forty passes; about two minutes
    python -m models.bench.puback --broker HOST:PORT       # a real one

The drawn road of `models.bench.stages`: a car drives up and is gone. *Decided* is how long after the last look at its
plate the pass is told, in the frames' own time: the line waits for the plate to come back (`tracking.gap_ms_max`).
*To PUBACK* is counted from the moment when the deciding frame is handed to the line: motion, vote, sealing, the outbox
on disk, MQTT at QoS 1, and the row deleted on the acknowledgement. The sum is what a subscriber waits.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import msgspec

from edge.camera.clock import SystemClock
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.outbox import Outbox
from edge.link.broker import embedded_broker
from edge.link.client import Client
from edge.record.boundary import seal
from edge.settings.camera import BrokerSettings, OutboxSettings
from models.bench.outbox import presence, told
from models.bench.stages import FRAMES, PER_SECOND, drawn, drawn_road

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.camera.pipeline import Pipeline
    from edge.camera.scene import Frame
    from edge.record.sighting import Sighting

SIZE = (1280, 720)
GONE_S = 3.0
"""Empty road after each car."""


def main() -> None:
    """The line, the outbox and a broker, then the figures."""
    arguments = _arguments()
    settings = drawn_road(arguments.manifest)
    networks = load_networks(settings, Path())
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, embedded_broker() as embedded:
        host, _, port = (arguments.broker or f"{embedded.host}:{embedded.port}").rpartition(":")
        outbox = Outbox.open(Path(folder), OutboxSettings(), SystemClock())
        client = Client(BrokerSettings(host=host, port=int(port)), presence())
        client.start(outbox)
        decided_s, acknowledged_s = [], []
        for number in range(arguments.passes):
            line = fresh_line(
                settings, networks, origin(settings, networks, f"{number}"), memory=NoMemory(), synchronized=bool
            )
            waited = one(line, outbox, client)
            if waited is not None:
                decided_s.append(waited[0])
                acknowledged_s.append(waited[1])
        client.close()
        outbox.close()
    print(f"{len(decided_s)} of {arguments.passes} passes were told")
    print(f"decided after the last look  {told(decided_s)}")
    print(f"deciding frame to PUBACK     {told(acknowledged_s)}")


def one(line: Pipeline, outbox: Outbox, client: Client) -> tuple[float, float] | None:
    """One pass: seconds from the last look to the decision, and on to the acknowledgement; None when none was told."""
    last_seen_ns = 0

    def note(frame: Frame, _motion: object, looks: list[object]) -> None:
        nonlocal last_seen_ns
        last_seen_ns = frame.monotonic_ns if looks else last_seen_ns

    line.on_looks = note  # type: ignore[assignment]
    for frame in _frames():
        began = perf_counter()
        for sighting in line.update(frame):
            return (frame.monotonic_ns - last_seen_ns) / 1e9, _acknowledged(sighting, outbox, client, began)
    return None


def _frames() -> Iterator[Frame]:
    """A car comes nearer and is gone; between the frames nothing waits."""
    empty = drawn(0, *SIZE, car=False)
    yield from (drawn(n, *SIZE, car=False) for n in range(PER_SECOND))
    for number in range(FRAMES + round(GONE_S * PER_SECOND)):
        frame = drawn(number, *SIZE) if number < FRAMES else empty
        ns = (PER_SECOND + number) * 1_000_000_000 // PER_SECOND
        yield replace(frame, sequence=PER_SECOND + number, monotonic_ns=ns, taken_ns=frame.taken_ns + ns)


def _acknowledged(sighting: Sighting, outbox: Outbox, client: Client, began: float) -> float:
    """Seconds from `began` to the deletion of the sighting's row."""
    published = client.report.published
    outbox.keep(lambda sequence: seal(msgspec.structs.replace(sighting, sequence=sequence)))
    client.wake()
    while client.report.published == published:
        sleep(0.0005)
    return perf_counter() - began


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.puback", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured (default: a temporary one)")
    parser.add_argument("--broker", help="host:port (default: the embedded one)")
    parser.add_argument("--passes", type=int, default=40)
    return parser.parse_args()


if __name__ == "__main__":
    main()
