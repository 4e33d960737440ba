"""The half of `aim` that sees: the daemon's own line over the camera's frames, measured, and veiled when asked.

    capture thread ─▶ [slot: 1 newest frame] ─▶ line ─▶ glances ─▶ measures
                                                   └──▶ veil, when somebody waits for a picture

Nothing is recorded and nothing sent; what the line concludes is counted and forgotten. The settings' file is looked at
each second: whoever changed it, the page or an editor, the line begins anew with what it says now.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING

import msgspec

from edge.camera.aim.glance import glance
from edge.camera.aim.measures import Measure, measures
from edge.camera.aim.recent import PassNote, Recent
from edge.camera.aim.veil import coded, veiled
from edge.camera.frames.open import open_source
from edge.camera.frames.rhythm import paced, stamped
from edge.camera.frames.slot import Slot
from edge.camera.frames.source import Clock
from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.quality import Quality
from edge.settings.camera_rules import load_camera
from edge.settings.loader import root_of
from edge.settings.paths import anchored
from edge.settings.problems import SettingsWrong
from edge.settings.writing import seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.camera.known import Told
    from edge.camera.scene import Box, Frame, Fused, Look, Motion, Pass
    from edge.settings.camera import CameraSettings, SourceSettings

log = logging.getLogger(__name__)

TURN_S_MAX = 0.25
REPORT_EVERY_S = 0.5
PICTURE_EVERY_S = 0.2
"""Five veiled pictures a second at most: enough to aim by, and the line keeps its frames."""
FILE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the aim is now: figures and words, no pixel and no text of a plate."""

    camera: str
    state: str
    """The source's, as `health` has it."""
    notice: str
    """What a technician should know: why no picture comes, what changed under him. Empty when all is well."""
    size: tuple[int, int] | None
    """Of the frames, pixels."""
    version: str
    """The settings file's digest; empty when it cannot be read."""
    dropped: int
    """Frames that this computer was too slow for."""
    measures: tuple[Measure, ...]


class Sight:
    """One camera, looked at until `stop`. `run` blocks."""

    def __init__(self, path: Path, instead: SourceSettings | None = None) -> None:
        """`path`: the settings; `instead`: another source than theirs.

        SettingsWrong, SourceUnusable: it cannot start as it is set.
        """
        self._path, self._root = path, root_of(path)
        self._version = seen(path)
        self._settings = load_camera(path)
        placed = anchored(self._settings, self._root).source if instead is None else instead
        if placed.kind in ("folder", "video"):
            placed = msgspec.structs.replace(placed, loop=True)
        self._networks = load_networks(self._settings, self._root)
        self._source = open_source(placed, self._settings.camera)
        self._slot, self._stop = Slot(), Event()
        self._recent, self._quality = Recent(), Quality()
        self._notices: dict[str, str] = {}
        self._looks: tuple[Look, ...] = ()
        self._moving: tuple[Box, ...] = ()
        self._anew()

    def stop(self) -> None:
        """From any thread, or a signal."""
        self._stop.set()

    def run(
        self,
        on_report: Callable[[Report], None],
        *,
        picture_wanted: Callable[[], bool] = lambda: False,
        on_picture: Callable[[bytes], None] = lambda _jpeg: None,
    ) -> None:
        """Look until `stop`, or until a source ends for good."""
        Thread(target=self._capture, name="capture", daemon=True).start()
        report_s, picture_s, file_s = 0.0, 0.0, 0.0
        try:
            while not self._stop.is_set() and not self._slot.ended:
                frame, now_s = self._slot.take(TURN_S_MAX), time.monotonic()
                if frame is not None:
                    self._see(frame)
                    if now_s >= picture_s and picture_wanted():
                        picture_s = now_s + PICTURE_EVERY_S
                        on_picture(coded(veiled(frame.pixels, self._looks, self._moving)))
                if now_s >= report_s:
                    report_s = now_s + REPORT_EVERY_S
                    on_report(self.report())
                if now_s >= file_s:
                    file_s = now_s + FILE_EVERY_S
                    self._reread()
        finally:
            self._stop.set()
            self._source.close()

    def report(self) -> Report:
        """As of now."""
        status = self._source.status
        return Report(
            camera=self._settings.camera,
            state=status.state,
            notice=" ".join(filter(None, (status.why, *self._notices.values()))),
            size=self._recent.size,
            version=self._version,
            dropped=self._slot.dropped,
            measures=measures(self._recent, time.monotonic_ns()),
        )

    def _capture(self) -> None:
        frames = self._source.frames()
        try:
            for frame in (
                stamped(paced(frames, 1.0, wait=self._stop.wait), Clock()) if self._source.recorded else frames
            ):
                self._slot.put(frame)
        except Exception:  # the one place: a dead thread must end aim, not leave it blind
            log.exception("capture died")
        finally:
            self._slot.close()

    def _anew(self) -> None:
        """A line that has seen nothing, by the settings as they are."""
        told_by = origin(self._settings, self._networks, "aim")
        self._line = fresh_line(self._settings, self._networks, told_by, memory=NoMemory(), synchronized=lambda: True)
        self._line.on_pass, self._line.on_looks = self._on_pass, self._on_looks

    def _see(self, frame: Frame) -> None:
        size = (frame.pixels.shape[1], frame.pixels.shape[0])
        was = self._recent.size
        if was is not None and was != size:
            self._notices["size"] = (
                f"The picture is now {size[0]}×{size[1]}, it was {was[0]}×{was[1]}: measuring anew. "
                "Areas are shares of the picture; look whether they still fit."
            )
            self._quality = Quality()
            self._anew()
        self._looks, self._moving = (), ()
        self._recent.frame(frame.monotonic_ns, size, self._quality.update(frame))
        self._line.update(frame)

    def _on_looks(self, frame: Frame, motion: Motion | None, looks: list[Look]) -> None:
        self._looks, self._moving = tuple(looks), motion.regions if motion is not None else ()
        self._recent.looked(glance(frame, look) for look in looks)

    def _on_pass(self, passed: Pass, fused: Fused | None, told: Told | None) -> None:
        if told in ("waiting", "overlay"):
            return
        self._recent.passed(
            PassNote(
                monotonic_ns=passed.looks[-1].monotonic_ns,
                looks=len(passed.looks),
                confidence=None if fused is None else fused.confidence,
            )
        )

    def _reread(self) -> None:
        """The file, if it is another than before; wrong settings leave the old ones in force, and say so."""
        try:
            version = seen(self._path)
        except OSError as error:
            self._notices["file"] = f"{self._path.name}: {(error.strerror or str(error)).lower()}."
            return
        if version == self._version:
            return
        self._version = version
        try:
            settings = load_camera(self._path)
        except SettingsWrong as wrong:
            self._notices["file"] = f"{self._path.name} was changed and cannot be used: {wrong.problems[0]}."
            return
        self._take(settings)

    def _take(self, settings: CameraSettings) -> None:
        self._notices.pop("file", None)
        fixed = ("source", "detector", "reader", "runtime")
        if any(getattr(settings, name) != getattr(self._settings, name) for name in fixed):
            self._notices["file"] = "Source or networks were changed in the settings: start aim again to use them."
        self._settings = settings
        self._anew()
