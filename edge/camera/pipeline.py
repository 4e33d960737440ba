"""The pure line: a frame in, the sightings that it closed out. One screen long; each step has its own file.

    frame → motion → plates → reads → track → fused → known? → sighting
                   └ no plate explains it → spots → track ─────────┘

The same line runs in `run` and in `replay`. It knows no clock but the frames', no thread, no disk: the steps that need
a network or a memory are handed to it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Protocol

from edge.camera.fusion import fuse, fuse_vehicle
from edge.camera.known import Known, moved
from edge.camera.pixels import rectify, sharpness
from edge.camera.scene import Look, Motion
from edge.camera.sightings import conclude
from edge.camera.tracking import Tracker
from edge.camera.unplated import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edge.camera.known import ParkedMemory, Told
    from edge.camera.scene import Box, Frame, Fused, Pass, Plate, Read, Spot, Unplated, Vehicle
    from edge.camera.sightings import Origin
    from edge.record.sighting import Sighting
    from edge.settings.camera import CameraSettings

STAGES = ("motion", "detect", "read", "spot", "fuse")
STILL_LOOK_MS = 150
"""While a pass is open and nothing moves, look this often: a car that stops is still there."""
NEARER = 1.25
"""A plate wider by this than at the last look at its vehicle is worth another."""
BORDER_SHARE = 0.004
"""A plate this close to the picture's edge, in shares of its width, may be cut off; a cut-off plate is not read."""
UNREADABLE_LOOKS_MIN, UNREADABLE_SCORE_MIN = 4, 0.9
"""A vehicle whose plate no one could read is a sighting when its plate was found this often, this surely, moving. Of
passes filmed over the val split's photographs these tell 55 of 61 such vehicles, and 1 of 11 things that are none
(`python -m models.bench.unread`)."""


class Gate(Protocol):
    """See `motion.Gate`."""

    def update(self, frame: Frame) -> Motion | None: ...  # noqa: D102


class Detector(Protocol):
    """See `vision.detector.Detector`."""

    def find(self, frame: Frame, motion: Motion | None) -> list[Plate]: ...  # noqa: D102


class Reader(Protocol):
    """See `vision.reader.Reader`."""

    def read(self, frame: Frame, plate: Plate) -> Read: ...  # noqa: D102


class Namer(Protocol):
    """See `vision.vehicle.Namer`."""

    def name(self, frame: Frame, plate: Plate) -> Vehicle: ...  # noqa: D102


class Spotter(Protocol):
    """See `vision.spotter.Spotter`."""

    def spot(self, frame: Frame, region: Box) -> list[Spot]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the line is handed."""

    gate: Gate
    detector: Detector
    reader: Reader
    memory: ParkedMemory
    synchronized: Callable[[], bool]
    namer: Namer | None = None
    """None: no vehicle is named."""
    spotter: Spotter | None = None
    """None: vehicles without a plate are not counted."""


@dataclass(slots=True)
class Tally:
    """How many came through each stage, so that a fault names its stage. Only ever grows."""

    frames: int = 0
    moving: int = 0
    plates: int = 0
    reads: int = 0
    passes: int = 0
    sightings: int = 0
    unreadable: int = 0
    """Passes whose reads were not good enough for a text."""
    spotted: int = 0
    """Looks for vehicles without a plate."""
    spent_ns: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))


class Pipeline:
    """Holds the steps in their order. `update` for each frame, `finish` at the end."""

    def __init__(self, settings: CameraSettings, origin: Origin, steps: Steps) -> None:
        self._settings, self._origin, self._steps = settings, origin, steps
        numbers = itertools.count()
        self._tracker = Tracker(settings.tracking, numbers)
        self._watch = Watch(settings.tracking, settings.detector.width_px_min, numbers) if steps.spotter else None
        self._known = Known(settings.tracking, steps.memory)
        self._looked_ns = -(10**18)
        self.tally = Tally()
        self.on_pass: Callable[[Pass, Fused | None, Told | None], None] = lambda _passed, _fused, _told: None
        """Called for each closed pass: replay's score asks which stage lost a plate."""
        self.on_looks: Callable[[Frame, Motion | None, list[Look]], None] = lambda _frame, _motion, _looks: None
        """Called for each frame that was looked at: `aim` measures its plates, evidence cuts its crops."""
        self.on_told: Callable[[Pass, Fused | None, str], None] = lambda _passed, _fused, _sighting: None
        """Called for each pass that became a sighting, with its id."""

    def update(self, frame: Frame) -> list[Sighting]:
        """One frame through the whole line."""
        began = perf_counter_ns()
        motion = self._steps.gate.update(frame)
        self._spend("motion", began)
        self.tally.frames += 1
        self.tally.moving += motion is not None
        looks = self._look(frame, motion) if motion is not None or self._still_due(frame) else []
        self._spot(frame, motion, looks)
        return self._conclude(self._tracker.update(looks, frame.monotonic_ns), frame.monotonic_ns)

    def idle(self, now_ns: int) -> list[Sighting]:
        """No frame came, but time (monotonic ns) went on: passes end though the camera is away."""
        return self._conclude(self._tracker.update((), now_ns), now_ns)

    def finish(self) -> list[Sighting]:
        """The recording or the daemon ends: what is open is concluded now."""
        return self._conclude(self._tracker.finish(), None)

    def _still_due(self, frame: Frame) -> bool:
        return self._tracker.waiting() and frame.monotonic_ns - self._looked_ns >= STILL_LOOK_MS * 1_000_000

    def _look(self, frame: Frame, motion: Motion | None) -> list[Look]:
        self._looked_ns = frame.monotonic_ns
        began = perf_counter_ns()
        plates = self._steps.detector.find(frame, motion)
        began = self._spend("detect", began)
        self.tally.plates += len(plates)
        looks = [self._look_at(frame, plate) for plate in plates if self._wanted(frame, plate)]
        self._spend("read", began)
        self.on_looks(frame, motion, looks)
        return looks

    def _spot(self, frame: Frame, motion: Motion | None, looks: list[Look]) -> None:
        """What moves and shows no plate is looked at for a vehicle, where settings ask for it."""
        if self._watch is None or self._steps.spotter is None:
            return
        began = perf_counter_ns()
        height, width = frame.pixels.shape[:2]
        plates = [look.plate for look in looks]
        regions = self._watch.regions(motion, plates, (width, height), frame.monotonic_ns)
        self._watch.update([(one, self._steps.spotter.spot(frame, one)) for one in regions], frame.monotonic_ns)
        self.tally.spotted += len(regions)
        self._spend("spot", began)

    def _look_at(self, frame: Frame, plate: Plate) -> Look:
        height, width = frame.pixels.shape[:2]
        margin_px = max(1.0, BORDER_SHARE * width)
        readable = not plate.reaches_edge(width, height, margin_px) and self._worth_reading(frame, plate)
        read = self._steps.reader.read(frame, plate) if readable else None
        self.tally.reads += bool(read and read.characters)
        return Look(
            taken_ns=frame.taken_ns,
            monotonic_ns=frame.monotonic_ns,
            plate=plate,
            read=read,
            sharpness=sharpness(rectify(frame.pixels, plate.corners)) if readable else 0.0,
            frame_size=(width, height),
            vehicle=self._vehicle_at(frame, plate) if readable else None,
        )

    def _vehicle_at(self, frame: Frame, plate: Plate) -> Vehicle | None:
        """Named at the first look, and again from much nearer: two good looks tell as much as all of them."""
        if self._steps.namer is None:
            return None
        named, widest_px = self._tracker.named_of(plate, frame.monotonic_ns)
        if named >= self._settings.vehicle.looks_max or plate.width_px < widest_px * NEARER:
            return None
        return self._steps.namer.name(frame, plate)

    def _wanted(self, frame: Frame, plate: Plate) -> bool:
        """Whether a plate lies where the settings look."""
        height, width = frame.pixels.shape[:2]
        x, y = plate.center[0] / width, plate.center[1] / height
        view = self._settings.view
        inside = [any(a.x0 <= x <= a.x1 and a.y0 <= y <= a.y1 for a in areas) for areas in (view.look, view.ignore)]
        return (inside[0] or not view.look) and not inside[1]

    def _worth_reading(self, frame: Frame, plate: Plate) -> bool:
        reads, widest_px = self._tracker.reads_of(plate, frame.monotonic_ns)
        return reads < self._settings.reader.reads_max or plate.width_px > widest_px * 1.05

    def _conclude(self, closed: Iterable[Pass], now_ns: int | None) -> list[Sighting]:
        """`now_ns`: None at the end, when nothing is waited for any more."""
        began = perf_counter_ns()
        found = [sighting for passed in closed if (sighting := self._tell(passed)) is not None]
        if self._watch is not None:
            waiting = self._tracker.open_looks()
            unplated = self._watch.finish() if now_ns is None else self._watch.close(waiting, now_ns)
            found += [self._tell_unplated(one) for one in unplated]
        self._spend("fuse", began)
        return found

    def _tell(self, passed: Pass) -> Sighting | None:
        """Every branch that decides whether a pass is told stands here."""
        self.tally.passes += 1
        fused = fuse(passed, self._settings.fusion)
        told = self._known.judge(passed, fused) if fused is not None else None
        self.on_pass(passed, fused, told)
        if fused is None:
            self.tally.unreadable += 1
            if not _surely_a_vehicle(passed):
                return None
        if self._watch is not None:
            self._watch.explained(passed.looks)
        if told is not None and told != "new":
            return None
        self.tally.sightings += 1
        sighting = conclude(
            passed,
            fused,
            vehicle=fuse_vehicle(passed, self._settings.vehicle),
            origin=self._origin,
            view=self._settings.view,
            synchronized=self._steps.synchronized(),
        )
        self.on_told(passed, fused, sighting.id)
        return sighting

    def _tell_unplated(self, unplated: Unplated) -> Sighting:
        self.tally.passes += 1
        self.tally.sightings += 1
        synchronized = self._steps.synchronized()
        return conclude(unplated, None, origin=self._origin, view=self._settings.view, synchronized=synchronized)

    def _spend(self, stage: str, began_ns: int) -> int:
        now = perf_counter_ns()
        self.tally.spent_ns[stage] += now - began_ns
        return now


def _surely_a_vehicle(passed: Pass) -> bool:
    """A plate was there, too small, dirty or bent to read: the vehicle counts all the same."""
    scores = sorted(look.plate.score for look in passed.looks)
    return len(scores) >= UNREADABLE_LOOKS_MIN and scores[len(scores) // 2] >= UNREADABLE_SCORE_MIN and moved(passed)
