"""Settings and networks: can the daemon start as it is set, and does it run on what it was meant to run on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from edge.camera.doctor.finding import Finding, ok, skipped
from edge.camera.line import Networks, load_networks
from edge.camera.scene import Frame
from edge.camera.vision.detector import Detector
from edge.settings.camera import CameraSettings
from edge.settings.camera_rules import load_camera
from edge.settings.loader import digest, load
from edge.settings.on_disk import notes, rules
from edge.settings.problems import SettingsWrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMED: Final = 5
"""Frames that the detector is timed on."""
TIMED_SIZE: Final = (720, 1280, 3)
TUNED: Final = ("motion", "detector", "reader", "tracking", "fusion", "runtime")
"""The sections whose defaults are the recommended values."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What the other questions need."""

    settings: CameraSettings | None
    networks: Networks | None
    findings: list[Finding]


def settled(path: Path, root: Path) -> Settled:
    """Settings first; without them nothing else can be asked."""
    try:
        settings = load_camera(path)
        load(path, CameraSettings, rules(root))
    except SettingsWrong as wrong:
        first = wrong.problems[0]
        more = f"; and {len(wrong.problems) - 1} more" if len(wrong.problems) > 1 else ""
        finding = Finding(
            name="settings",
            state="fail",
            saw=f"{first.key or 'the file'}: {first.rule}; got {first.got}{more}",
            where=first.place,
            remedy=f"{first.fix}; then plate-reader check --config {path} says the rest",
            figures={"problems": len(wrong.problems)},
        )
        return Settled(None, None, [finding])
    found = [ok("settings", f"valid, {digest(settings)}", str(path)), recommended(settings, root, path)]
    networks, more_found = _networks(settings, root)
    return Settled(settings, networks, [*found, *more_found])


def recommended(settings: CameraSettings, root: Path, path: Path) -> Finding:
    """What may surprise, and which knobs are turned away from what a new site starts from."""
    turned = list(_turned(settings))
    said = [note for note in notes(settings, root) if "systemd hands these over" not in note]
    saw = f"{len(turned)} differ: {', '.join(turned[:6])}" if turned else "as recommended"
    figures = {"turned": float(len(turned)), "notes": float(len(said))}
    if said:
        return Finding(
            name="recommended",
            state="warn",
            saw="; ".join([*said, saw] if turned else said),
            where=str(path),
            remedy="change what is named; plate-reader tune finds values on a recording of this road",
            figures=figures,
        )
    return ok("recommended", saw, str(path), **figures)


def _turned(settings: CameraSettings) -> Iterator[str]:
    for section in TUNED:
        mine = getattr(settings, section)
        start = type(mine)()
        for field in msgspec.structs.fields(type(mine)):
            if getattr(mine, field.name) != getattr(start, field.name) and field.name != "manifest":
                now, then = (_word(getattr(one, field.name)) for one in (mine, start))
                yield f"{section}.{field.name} {now} (recommended {then})"


def _word(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "empty" if value is None else str(value)


def _networks(settings: CameraSettings, root: Path) -> tuple[Networks | None, list[Finding]]:
    manifest = str(root / settings.runtime.manifest)
    try:
        networks = load_networks(settings, root)
    except SettingsWrong as wrong:
        first = wrong.problems[0]
        broken = Finding(
            name="networks",
            state="fail",
            saw=f"{first.rule}; got {first.got}",
            where=first.place,
            remedy=first.fix,
        )
        return None, [broken, skipped("provider", "no network to run")]
    models = networks.models
    seen = ok("networks", f"detector {models.detector}, reader {models.reader}: as the manifest has them", manifest)
    return networks, [seen, provider(networks, settings)]


def provider(networks: Networks, settings: CameraSettings) -> Finding:
    """What truly runs the detector, and how long one whole look takes on this machine as it is now."""
    spent_ms = _timed(Detector.of(networks.detector, settings.detector))
    room_ms = 1000 / settings.source.frames_per_second
    wanted = settings.runtime.providers[0] if settings.runtime.providers else "cpu"
    saw = f"{networks.provider}, {spent_ms:.0f} ms for a whole frame of {room_ms:.0f} ms"
    figures = {"frame_ms": round(spent_ms, 1), "room_ms": round(room_ms, 1)}
    if networks.provider != wanted:
        remedy = f"install the ONNX Runtime that has {wanted}, or write providers: [{networks.provider}]"
        return Finding(
            name="provider",
            state="warn",
            saw=f"{wanted} is asked for, {saw}",
            where="runtime.providers",
            remedy=remedy,
            figures=figures,
        )
    if spent_ms > room_ms:
        return Finding(
            name="provider",
            state="warn",
            saw=saw,
            where="runtime, detector.model",
            remedy="fewer frames_per_second or a smaller detector; plate-reader tune shows what each costs in reads",
            figures=figures,
        )
    return ok("provider", saw, "runtime.providers", **figures)


def _timed(detector: Detector) -> float:
    """Milliseconds, the median; nothing is found in noise, so this is the price of looking alone."""
    noise = np.random.default_rng(0).integers(60, 90, TIMED_SIZE, np.uint8)
    spent = []
    for number in range(TIMED):
        began = time.perf_counter()
        detector.find(Frame(camera="doctor", sequence=number, taken_ns=0, monotonic_ns=0, pixels=noise), None)
        spent.append((time.perf_counter() - began) * 1000)
    return sorted(spent)[len(spent) // 2]
