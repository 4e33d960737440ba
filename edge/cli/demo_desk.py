"""The station's half of `plate-reader demo --desk`: a desk beside the cameras, a list with one plate of theirs, a hit.

Everything is the real program in a process of its own: the desk, the watch on the hits, the list's installation. The
list is made of the first plate whose state a camera names, so it comes after the vehicle, and the hit says so; what
passes again later is a hit on time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import msgspec

from edge.camera.clock import SystemClock
from edge.settings.policy import ListSettings
from edge.settings.policy_rules import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.record.sighting import Sighting
    from edge.settings.camera import BrokerSettings

ROOT = Path(__file__).parents[2]
START_S_MAX = 60.0
HIT_S_MAX = 10.0
STATELESS_MAX = 4
"""After so many plates of no known state one of these has to do."""
WHO = ("--by", "Demo", "--agency", "Hesston KS PD")


class DeskFailed(Exception):
    """The desk beside the demo did not start; its words are in the message."""


class Station:
    """A running desk with its store in a folder."""

    def __init__(self, broker: BrokerSettings, folder: Path, site: str, cameras: tuple[str, ...]) -> None:
        self.config = folder / "config" / "policy.yaml"
        self._log = folder / "desk.log"
        self._listed, self._passed_over = Event(), 0
        self._write_policy(broker, folder, site, cameras)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Returns when the desk listens. Raises DeskFailed."""
        with self._log.open("wb") as log:
            desk = subprocess.Popen(self._command("desk"), stdout=log, stderr=log)  # noqa: S603 — our own program
        self._processes.append(desk)
        end_s = time.monotonic() + START_S_MAX
        while ": connected" not in self._log.read_text(encoding="utf-8"):
            if desk.poll() is not None or time.monotonic() > end_s:
                raise DeskFailed(f"the desk did not start:\n{self._log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        self._processes.append(subprocess.Popen(self._command("hits", "--watch", "--last", "0")))  # noqa: S603

    def heard(self, sighting: Sighting) -> None:
        """A camera has published: the first plate with a state becomes the demo's list."""
        if sighting.plate is None or self._listed.is_set():
            return
        if sighting.region is None and self._passed_over < STATELESS_MAX:
            self._passed_over += 1
            return
        self._listed.set()
        state = sighting.region.code.removeprefix("US-") if sighting.region else ""
        file = self.config.parent / "demo.csv"
        file.write_text(f"plate,state,code\n{sighting.plate.text},{state if len(state) == 2 else ''},V\n")
        command = self._command("hotlist", "install", str(file), "--list", "demo", *WHO)
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603

    def close(self) -> None:
        """Wait for the hit to be shown, write the public page, end everything."""
        time.sleep(HIT_S_MAX / 5 if self._listed.is_set() else 0)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(START_S_MAX)
        if not SystemClock().synchronized():
            print("this machine's clock is not synchronised, so the cameras' hits are no live alerts")
        page = self.config.parents[1] / "public"
        subprocess.run(self._command("transparency", "-o", str(page)), check=False, stdout=subprocess.DEVNULL)  # noqa: S603
        subprocess.run(self._command("audit", "verify"), check=False)  # noqa: S603

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "edge.cli.main", *words, "--config", str(self.config)]

    def _write_policy(self, broker: BrokerSettings, folder: Path, site: str, cameras: tuple[str, ...]) -> None:
        shipped = load_policy(ROOT / "config" / "policy.yaml")
        demo = ListSettings(name="demo", title="Demo list", format="csv")
        policy = msgspec.structs.replace(
            shipped,
            site=site,
            cameras=cameras,
            broker=msgspec.structs.replace(
                shipped.broker, host=broker.host, port=broker.port, protocol=broker.protocol
            ),
            store=msgspec.structs.replace(shipped.store, url=f"sqlite:///{folder}/desk.db"),
            hotlists=msgspec.structs.replace(shipped.hotlists, lists=(demo,)),
        )
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_bytes(msgspec.yaml.encode(policy))


@contextmanager
def station(broker: BrokerSettings, folder: Path, site: str, cameras: tuple[str, ...]) -> Iterator[Station]:
    """A desk that runs while the demo does. Raises DeskFailed."""
    one = Station(broker, folder, site, cameras)
    try:
        one.start()
        yield one
    finally:
        one.close()
