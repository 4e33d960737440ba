"""All the questions, in the order of the camera's line."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.camera import device
from edge.camera.doctor import daemon, looking, machine, passing, settled, wire
from edge.camera.normal import Remembered
from edge.camera.recordings.shelf import Shelf
from edge.camera.state_files import NORMAL, last_health, read_struct, state_folder, word_folder
from edge.settings.paths import anchored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.camera.doctor.finding import Finding
    from edge.record.health import Health
    from edge.settings.camera import CameraSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What came out."""

    findings: list[Finding]
    settings: CameraSettings | None
    health: Health | None

    @property
    def failed(self) -> bool:
        """Whether anything keeps this camera from its work."""
        return any(finding.state == "fail" for finding in self.findings)


def examine(
    path: Path, root: Path, *, look_s: float, pass_through: bool, tell: Callable[[int], None] = lambda _done: None
) -> Examined:
    """Every question once; `tell` hears how many are answered."""
    known = settled.settled(path, root)
    findings = list(known.findings)
    tell(len(findings))
    if known.settings is None:
        return Examined(findings=findings, settings=None, health=None)
    settings, folder = anchored(known.settings, root), state_folder(known.settings, root)
    health = last_health(word_folder(settings.camera, folder))
    shelf = Shelf(folder, settings.site, settings.camera, settings.recording.keep_days_max)
    runs = daemon.daemon(health, settings, folder, time.time_ns())
    findings += [runs, daemon.stages(health)]
    tell(len(findings))
    normal = read_struct(folder / NORMAL, Remembered)
    findings += looking.findings(settings, health, runs=runs.state == "ok", seconds=look_s, remembered=normal)
    tell(len(findings))
    findings += [
        machine.clock(synchronized=device.synchronized()),
        machine.heat(),
        machine.disk(folder),
        machine.card(folder),
        daemon.writes(health),
        machine.memory(),
        wire.broker(settings),
        wire.expiry(settings),
        daemon.outbox(health, folder),
        daemon.recording(health, shelf.overdue(time.time_ns())),
    ]
    tell(len(findings))
    if pass_through and known.networks is not None:
        findings.append(passing.passing(settings, known.networks, root / "sample_frames"))
    return Examined(findings=findings, settings=known.settings, health=health)
