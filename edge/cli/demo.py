"""Show the whole product on this machine: rendered scenes through the camera's daemon, and what a subscriber receives.

Without `--broker` an MQTT broker is started beside it, on the loopback, and ends with it. The daemon is the real one,
in a process of its own; what is printed has been through the outbox and the broker. `--desk` shows the station too: two
cameras, the desk, a list with a plate of theirs, and the hit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.cli import present
from edge.cli.demo_desk import DeskFailed, station
from edge.cli.exit_codes import DONE, FAILED
from edge.link.topics import DESK
from edge.record.health import Health
from edge.record.sighting import Sighting
from edge.record.status import Status
from edge.settings.camera_rules import load_camera
from edge.settings.loader import root_of
from edge.settings.paths import anchored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paho.mqtt.client import Client, MQTTMessage

    from edge.cli.demo_desk import Station
    from edge.settings.camera import BrokerSettings, CameraSettings

ROOT = Path(__file__).parents[2]
CONNECT_S_MAX = 10.0
GOODBYE_S_MAX = 5.0
"""After the daemon has ended, for what is still on its way."""


class NoAnswer(Exception):
    """The broker that was named is not to be had."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which broker, which recording."""
    parser.add_argument("--broker", type=_address, metavar="HOST:PORT", help="publish there, and listen there")
    parser.add_argument(
        "--config", type=Path, default=ROOT / "config/sample.yaml", help="a camera's settings (default: the samples)"
    )
    parser.add_argument("--desk", action="store_true", help="two cameras, a desk, a demo list and a hit")


def run(arguments: argparse.Namespace) -> int:
    """Until the recording is over; exit code 1 when nothing arrived."""
    from edge.link.broker import NoBroker

    settings = anchored(load_camera(arguments.config), root_of(arguments.config))
    try:
        with ExitStack() as open_things:
            broker = _broker(arguments.broker, settings.broker, open_things)
            heard = Heard()
            subscriber = _subscribe(settings.site, broker, heard)
            open_things.callback(subscriber.loop_stop)
            folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="plate-reader-demo-")))
            _introduce(settings, broker, own=arguments.broker is None)
            cameras = ("north", "south") if arguments.desk else (settings.camera,)
            if arguments.desk:
                heard.desk = open_things.enter_context(station(broker, folder, settings.site, cameras))
            code = _watch_all(msgspec.structs.replace(settings, broker=broker), cameras, folder, heard)
    except (NoBroker, NoAnswer, DeskFailed) as wrong:
        print(f"plate-reader demo: {wrong}", file=sys.stderr)
        return FAILED
    return _sum_up(heard, code)


@dataclass(slots=True)
class Heard:
    """What the subscriber has received so far."""

    sightings: int = 0
    plates: int = 0
    delays_s: list[float] = field(default_factory=list)
    """From the last look at a vehicle to its sighting's arrival."""
    health: Health | None = None
    subscribed: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    """The camera has been here, and said goodbye."""
    was_here: bool = False
    states: dict[str, str] = field(default_factory=dict)
    """Of each camera, as it was last told; every new line to the broker tells it again."""
    desk: Station | None = None

    def take(self, message: MQTTMessage) -> None:
        """Show a message as a person wants to see it."""
        camera, kind = message.topic.rsplit("/", 2)[-2:]
        if camera == DESK:  # its status ends as a camera's does, and is another message
            return
        if kind == "sighting":
            self._sighting(msgspec.json.decode(message.payload, type=Sighting))
        elif kind == "health" and not message.retain:
            self.health = msgspec.json.decode(message.payload, type=Health)
        elif kind == "status" and not message.retain:
            self._status(msgspec.json.decode(message.payload, type=Status))

    def _sighting(self, sighting: Sighting) -> None:
        self.sightings += 1
        self.plates += sighting.plate is not None
        last = datetime.strptime(sighting.last_seen, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        self.delays_s.append(max(0.0, (datetime.now(timezone.utc) - last).total_seconds()))
        print(" ".join(_columns(sighting)).rstrip(), flush=True)
        if self.desk is not None:
            self.desk.heard(sighting)

    def _status(self, status: Status) -> None:
        if self.states.get(status.camera) != status.state:
            print(present.paint(f"           {status.camera} is {status.state}", "dim"), flush=True)
        self.states[status.camera] = status.state
        self.was_here |= status.state == "online"
        if status.state == "offline" and self.was_here:
            self.left.set()


def _columns(sighting: Sighting) -> Iterator[str]:
    plate, region = sighting.plate, sighting.region
    yield sighting.first_seen[11:19]
    yield present.paint(f"  {plate.text:<10}", "bold") if plate else f"  {'–':<10}"
    yield _sure(plate.confidence) if plate else "    "
    yield f"  {region.code:<6} {_sure(region.confidence)}" if region else f"  {'?':<11}"
    yield f"  {sighting.direction or sighting.heading or '':<12}"
    yield present.paint(
        f"{present.count(plate.reads, 'read')}, {plate.width_px} px wide" if plate else "no text", "dim"
    )


def _sure(confidence: float) -> str:
    """Nothing that a network says is certain: 99 % is the most."""
    return f"{min(99, round(100 * confidence)):>3}%"


def _broker(named: tuple[str, int] | None, settings: BrokerSettings, open_things: ExitStack) -> BrokerSettings:
    """The broker that was named, or one of our own."""
    if named is not None:
        return msgspec.structs.replace(settings, host=named[0], port=named[1])
    from edge.link.broker import embedded_broker

    address = open_things.enter_context(embedded_broker())
    return msgspec.structs.replace(settings, host=address.host, port=address.port, protocol="5", tls=False)


def _subscribe(site: str, broker: BrokerSettings, heard: Heard) -> Client:
    """A subscriber like any other: it knows the topics, and nothing of the camera. NoAnswer."""
    from paho.mqtt.client import Client, MQTTv5, MQTTv311
    from paho.mqtt.enums import CallbackAPIVersion

    from edge.link.topics import every

    # Every broker speaks 3.1.1; the embedded one is told apart because its two versions have a port each.
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5 if broker.protocol == "5" else MQTTv311)
    filters = [(every(kind, site), 1) for kind in ("sighting", "status", "health")]

    def subscribe(client: Client, *_: object) -> None:
        client.subscribe(filters)

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: heard.subscribed.set()
    client.on_message = lambda _client, _userdata, message: heard.take(message)
    try:
        client.connect(broker.host, broker.port)
    except OSError as error:
        raise NoAnswer(f"no broker answers at {broker.host}:{broker.port}: {error.strerror or error}") from None
    client.loop_start()
    if not heard.subscribed.wait(CONNECT_S_MAX):
        client.loop_stop()
        raise NoAnswer(f"{broker.host}:{broker.port} answers, but not as an MQTT broker that takes anonymous clients")
    return client


def _introduce(settings: CameraSettings, broker: BrokerSettings, *, own: bool) -> None:
    whose = "a broker of its own" if own else "the broker"
    print(
        f"{settings.source.address} → the camera's daemon → {whose} at {broker.host}:{broker.port} → this subscriber."
    )
    print("It plays as fast as it was recorded, and ends by itself. Ctrl-C ends it sooner.\n")
    print(f"time       {'plate':<10} sure   state  sure   direction")


def _watch_all(settings: CameraSettings, cameras: tuple[str, ...], folder: Path, heard: Heard) -> int:
    """One daemon for each name. Returns the worst exit code."""
    each = [msgspec.structs.replace(settings, camera=camera) for camera in cameras]
    with ThreadPoolExecutor(len(each)) as threads:
        return max(threads.map(lambda one: _watch(one, folder, heard), each))


def _watch(settings: CameraSettings, folder: Path, heard: Heard) -> int:
    """The daemon from its start to its end. Returns its exit code; what it said is shown when it failed."""
    config = folder / "config" / f"{settings.camera}.yaml"
    config.parent.mkdir(exist_ok=True)
    outbox = msgspec.structs.replace(settings.outbox, folder=str(folder / settings.camera))
    config.write_bytes(msgspec.yaml.encode(msgspec.structs.replace(settings, outbox=outbox)))
    with (folder / f"{settings.camera}.log").open("w+", encoding="utf-8") as log:
        command = [sys.executable, "-m", "edge.cli.main", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=log, stdout=log)  # noqa: S603 (our own program, our own file)
        try:
            code = daemon.wait()
        except KeyboardInterrupt:
            daemon.terminate()  # it has heard Ctrl-C as well; this is for a daemon started without a terminal
            code = daemon.wait(15)
        if heard.was_here:
            heard.left.wait(GOODBYE_S_MAX)
        if code != DONE:
            log.seek(0)
            print(log.read()[-4000:], file=sys.stderr)
    return code


def _sum_up(heard: Heard, code: int) -> int:
    if code != DONE:
        print(f"plate-reader demo: the daemon ended with exit code {code}; its words are above", file=sys.stderr)
        return FAILED
    without = heard.sightings - heard.plates
    print(
        f"\n{present.count(heard.sightings, 'sighting')}" + (f", {without} without a readable plate" if without else "")
    )
    if heard.delays_s:
        delays = sorted(heard.delays_s)
        print(f"told {delays[len(delays) // 2]:.1f} s after the last look (median), {delays[-1]:.1f} s at most")
    if heard.health is not None:
        stages = heard.health.stages
        counts = msgspec.structs.asdict(stages)
        del counts["published"]  # written before the last were acknowledged; what arrived is counted above
        rows = [(name.replace("_", " "), f"{number:,}") for name, number in counts.items()]
        print("\nfrom the camera's last health report:\n" + present.table(rows, right=(1,)))
        print(f"networks run by {heard.health.provider}, {heard.health.device.rss_mb} MB of memory")
    if not heard.sightings:
        print("plate-reader demo: nothing arrived", file=sys.stderr)
    return DONE if heard.sightings else FAILED


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, e.g. localhost:1883")
    return host.strip("[]"), int(port)
