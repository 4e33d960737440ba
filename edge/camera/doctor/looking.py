"""A short look through the camera itself: does it answer, does it decode, at what rhythm, and is the picture good."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Final

from edge.camera.doctor.finding import Finding, ok, skipped
from edge.camera.frames.open import open_source
from edge.camera.frames.rhythm import paced
from edge.camera.frames.source import SourceUnusable
from edge.camera.quality import Quality
from edge.settings.secret import hidden

if TYPE_CHECKING:
    from edge.camera.frames.source import Source
    from edge.camera.normal import Remembered
    from edge.camera.quality import PictureQuality
    from edge.record.health import Health, Picture
    from edge.settings.camera import CameraSettings

FROZEN_S: Final = 6.0
"""Identical pictures for this long, in a look that lasts hardly longer."""
CLOSE_S: Final = 2.0
ALONE: Final = ("usb", "csi")
"""Kinds that give their pictures to one program at a time."""
SLOW: Final = 0.7
"""Of the frames a second that the settings ask for."""
FAULTS: Final = {
    "dark": "nothing is lit: the lens cap, the shutter, the lamp",
    "burnt": "half the picture is white: shorter shutter, less gain; plate-reader aim shows the plates",
    "blurred": "focus it again: plate-reader aim shows the sharpness; wipe the window",
    "frozen": "the camera repeats one picture: restart it",
    "moved": "it does not look where it was aimed: plate-reader aim, then tighten the screws",
    "dirty": "wipe the window",
    "lamp_failed": "the infra-red lamp does not shine: its supply, its cable, the lamp",
}


@dataclass(slots=True)
class Look:
    """What came in a few seconds."""

    at_s: list[float] = field(default_factory=list)
    """When each frame came, monotonic."""
    size: tuple[int, int] = (0, 0)
    seen: PictureQuality | None = None
    broken: int = 0
    state: str = "connecting"
    why: str = ""

    @property
    def rate(self) -> float:
        """Frames a second between the first and the last."""
        spent_s = self.at_s[-1] - self.at_s[0] if len(self.at_s) > 1 else 0.0
        return (len(self.at_s) - 1) / spent_s if spent_s > 0 else 0.0

    @property
    def gap_ms_max(self) -> float:
        """The longest wait between two frames."""
        return max((b - a for a, b in pairwise(self.at_s)), default=0.0) * 1000


def look(settings: CameraSettings, seconds: float, remembered: Remembered | None = None) -> Look:
    """`settings` with absolute paths. Raises SourceUnusable when it can never give a frame as it is set."""
    source = open_source(settings.source, settings.camera)
    found = Look()
    thread = Thread(target=_watch, args=(source, found, remembered), daemon=True)
    thread.start()
    thread.join(seconds)
    found.state, found.why, found.broken = source.status.state, source.status.why, source.status.broken
    source.close()
    thread.join(CLOSE_S)
    return found


def _watch(source: Source, found: Look, remembered: Remembered | None) -> None:
    quality = Quality(None if source.recorded else FROZEN_S, remembered)
    frames = source.frames()
    for frame in paced(frames, 1.0, wait=time.sleep) if source.recorded else frames:
        found.at_s.append(time.monotonic())
        found.size = (frame.pixels.shape[1], frame.pixels.shape[0])
        found.seen = quality.update(frame)


def findings(
    settings: CameraSettings,
    report: Health | None,
    *,
    runs: bool,
    seconds: float,
    remembered: Remembered | None = None,
) -> list[Finding]:
    """Camera, frames and picture. The daemon's judgement of the picture comes first: it knows this camera's normal."""
    if seconds <= 0 or (runs and settings.source.kind in ALONE):
        why = "the daemon has the camera, and it serves one program alone" if seconds > 0 else "not asked for"
        return [
            skipped("camera", why),
            _told_frames(report),
            picture(report.picture if runs and report else None, None),
        ]
    address = hidden(settings.source.address)
    try:
        seen = look(settings, seconds, remembered)
    except SourceUnusable as wrong:
        return [
            Finding(name="camera", state="fail", saw=str(wrong), where=address, remedy="name a source that is there"),
            skipped("frames", "no camera"),
            skipped("picture", "no camera"),
        ]
    told = report.picture if runs and report is not None else None
    return [camera(seen, address), frames(seen, settings.source.frames_per_second), picture(told, seen.seen)]


def camera(seen: Look, address: str) -> Finding:
    """Reached, and decoding."""
    if not seen.at_s:
        return Finding(
            name="camera",
            state="fail",
            saw=f"{seen.state}: {seen.why or 'no picture came'}",
            where=address,
            remedy="ping it; its stream's path and login; whether it allows a second viewer beside the daemon",
        )
    width, height = seen.size
    saw = f"answers, {width}×{height}" + (f", {seen.broken} pictures broken" if seen.broken else "")
    if seen.broken > len(seen.at_s) * 0.05:
        return Finding(
            name="camera",
            state="warn",
            saw=saw,
            where=address,
            remedy="TCP instead of UDP, a cable instead of a radio link, a lower bit rate",
            figures={"broken": seen.broken},
        )
    return ok("camera", saw, address, width=width, height=height, broken=seen.broken)


def frames(seen: Look, wanted: float) -> Finding:
    """Their rhythm: at 50 km/h a plate is in view for a second, so a gap of half a second loses vehicles."""
    if len(seen.at_s) < 3:
        return skipped("frames", "too few came")
    saw = f"{seen.rate:.1f} a second of {wanted:g}, the longest gap {seen.gap_ms_max:.0f} ms"
    figures = {"rate": round(seen.rate, 1), "gap_ms": round(seen.gap_ms_max)}
    if seen.rate < SLOW * wanted or seen.gap_ms_max > 500:
        remedy = "the camera's own frame rate, a shutter of 1/500 s and shorter, the line's bandwidth"
        return Finding(name="frames", state="warn", saw=saw, where="source", remedy=remedy, figures=figures)
    return ok("frames", saw, "source", **figures)


def picture(told: Picture | None, seen: PictureQuality | None) -> Finding:
    """What is wrong with it: by the daemon, which has watched it longest, and by this look."""
    named = {
        name: remedy for name, remedy in FAULTS.items() if getattr(told, name, False) or getattr(seen, name, False)
    }
    figures = {"sharpness": round(seen.sharpness, 3), "brightness": round(seen.brightness, 3)} if seen else {}
    if told is None and seen is None:
        return skipped("picture", "nobody has looked at it")
    if named:
        return Finding(
            name="picture",
            state="fail",
            saw=", ".join(named),
            where="the camera",
            remedy="; ".join(named.values()),
            figures=figures,
        )
    words = f"sharpness {seen.sharpness:.2f}, brightness {seen.brightness:.2f}" if seen else "no fault"
    return ok(
        "picture",
        words if told is not None else f"{words}; the daemon, which knows its normal, is not asked",
        "the camera",
        **figures,
    )


def _told_frames(report: Health | None) -> Finding:
    rate = report.source.frames_per_second if report is not None else None
    if report is None or rate is None:
        return skipped("frames", "the daemon has told none")
    return ok("frames", f"{rate:g} a second, as the daemon told", "health.json", rate=rate)
