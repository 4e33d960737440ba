"""Recordings through the very line of the daemon: folders of pictures, scenes, video files.

At `max` nothing waits and nothing is dropped, and every time is the recording's own: two replays give the same events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.camera.score import FrameNote, Outcome, PassNote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from edge.camera.known import Told
    from edge.camera.pipeline import Pipeline
    from edge.camera.scene import Frame, Fused, Pass
    from edge.record.sighting import Sighting

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
SEALED = ".age"
VIDEOS = {".mp4", ".avi", ".mkv", ".mov", ".m4v", ".ts", ".webm"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder of pictures, a video file, or what `record` made."""

    path: Path
    kind: str
    """`folder` or `video`, as the settings' source has it; `sealed`, which no camera is."""

    @property
    def name(self) -> str:
        """As a truth file names it."""
        return self.path.name


def recordings(path: Path) -> list[Recording]:
    """What lies at a path, by name: one video, one folder of pictures, one of `record`'s, or a folder of such."""
    if path.is_file() and path.suffix == SEALED:
        return [Recording(path, "sealed")]
    if path.is_file():
        return [Recording(path, "video")] if path.suffix.lower() in VIDEOS else []
    if not path.is_dir():
        return []
    inside = sorted(path.iterdir())
    if any(one.suffix.lower() in PICTURES for one in inside):
        return [Recording(path, "folder")]
    return [recording for one in inside for recording in recordings(one)]


def replay(
    name: str,
    frames: Iterable[Frame],
    pipeline: Pipeline,
    on_sighting: Callable[[Sighting], None] = lambda _sighting: None,
) -> Outcome:
    """One recording through one fresh line; what became of every frame and pass is noted for the score."""
    notes = _Notes(Outcome(name=name), pipeline)
    for frame in frames:
        told = pipeline.update(frame)
        notes.take(frame, told)
        for sighting in told:
            on_sighting(sighting)
    told = pipeline.finish()
    notes.tell(told)
    for sighting in told:
        on_sighting(sighting)
    return notes.outcome


class _Notes:
    """Listens to a line while it runs."""

    def __init__(self, outcome: Outcome, pipeline: Pipeline) -> None:
        self.outcome = outcome
        self._tally = pipeline.tally
        self._before = (0, 0, 0)
        self._first_ns: int | None = None
        self._now_ns = 0
        self._last_looks_ns: list[int] = []
        pipeline.on_pass = self._on_pass

    def take(self, frame: Frame, told: list[Sighting]) -> None:
        if self._first_ns is None:
            self._first_ns, self.outcome.start_ns = frame.monotonic_ns, frame.taken_ns
        self._now_ns = frame.monotonic_ns
        counts = (self._tally.moving, self._tally.plates, self._tally.reads)
        moving, plates, reads = (now - before for now, before in zip(counts, self._before, strict=True))
        self._before = counts
        self.outcome.frames.append(
            FrameNote(at_ms=self._ms(self._now_ns), moving=moving > 0, plates=plates, reads=reads)
        )
        self.tell(told)

    def tell(self, told: list[Sighting]) -> None:
        self.outcome.sightings += told
        self.outcome.latency_ms += [(self._now_ns - seen_ns) / 1e6 for seen_ns in self._last_looks_ns[: len(told)]]
        self._last_looks_ns.clear()

    def _on_pass(self, passed: Pass, fused: Fused | None, told: Told | None) -> None:
        first_ns, last_ns = passed.looks[0].monotonic_ns, passed.looks[-1].monotonic_ns
        self.outcome.passes.append(PassNote(from_ms=self._ms(first_ns), to_ms=self._ms(last_ns), told=told))
        if fused is None or told == "new":
            self._last_looks_ns.append(last_ns)

    def _ms(self, ns: int) -> float:
        return (ns - (self._first_ns or 0)) / 1e6
