"""Plates in time → passes: who is the same vehicle.

A look joins the track whose plate it most plausibly is: by where that plate should be by now, and by what was read.
Position decides between neighbouring frames; text carries a track over an occlusion, or over the long steps of a slow
camera. Everything is counted in milliseconds, nothing in frames, so 5 and 30 frames a second give the same passes.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.camera.alignment import similarity
from edge.camera.scene import Look, Pass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.scene import Plate
    from edge.settings.camera import TrackingSettings

SAME_TEXT = 0.7
"""Texts at least this similar are one plate, read with two faults of seven at most."""
OTHER_TEXT = 0.45
"""Texts less similar than this are two plates, if both reads were sure."""
SURE = 0.5
"""Confidence from which a read may keep two plates apart."""
STEP_WIDTHS = 0.6
"""Plate widths by which a plate may always miss its predicted place: corners jitter."""
STEP_WIDTHS_PER_S = 14.0
"""Plate widths a second that a plate may move unforeseen: 30 mph crossing the view at its closest."""
STEADY_WIDTHS_PER_S = 6.0
"""The same once the plate's own motion is known."""
TEXT_WIDTHS_PER_S = 40.0
"""The same when the text is exactly the same: a fleet's serials differ in one character, and follow one another."""
GROWTH_PER_S = 2.5
"""Change of log width a second that is still one vehicle."""
LEFT_MS = 250
"""A plate that should have left the picture is not waited for longer than this."""


@dataclass(slots=True, eq=False)
class Track:
    """A pass in the making."""

    looks: list[Look] = field(default_factory=list)
    told: bool = False
    """Concluded already, because it stood in view; followed on only so that it is not told again."""
    reads: int = 0
    widest_px: float = 0.0
    named: int = 0
    """Looks at the vehicle around the plate."""
    named_px: float = 0.0
    """The widest plate among them."""
    texts: list[tuple[str, float]] = field(default_factory=list)
    """The last few texts and their confidence."""

    def add(self, look: Look) -> None:
        """One more look; of a track that was told, only the last is kept."""
        if self.told:
            self.looks.clear()
        self.looks.append(look)
        if look.vehicle is not None:
            self.named += 1
            self.named_px = max(self.named_px, look.plate.width_px)
        if look.read is not None and look.read.characters:
            self.reads += 1
            self.widest_px = max(self.widest_px, look.plate.width_px)
            self.texts = [*self.texts[-4:], (look.read.text, look.read.confidence)]

    @property
    def last(self) -> Look:
        """The newest look."""
        return self.looks[-1]

    def place(self, now_ns: int) -> tuple[float, float]:
        """Where the plate should be by now, from its last two looks at least 20 ms apart."""
        x, y = self.last.plate.center
        vx, vy = self._speed()
        ahead_s = (now_ns - self.last.monotonic_ns) / 1e9
        return x + vx * ahead_s, y + vy * ahead_s

    def _speed(self) -> tuple[float, float]:
        """Pixels a second."""
        for earlier in reversed(self.looks[:-1]):
            seconds = (self.last.monotonic_ns - earlier.monotonic_ns) / 1e9
            if seconds >= 0.02:
                (x0, y0), (x1, y1) = earlier.plate.center, self.last.plate.center
                return (x1 - x0) / seconds, (y1 - y0) / seconds
        return 0.0, 0.0

    def outside(self, now_ns: int) -> bool:
        """Whether the plate should have left the picture by now."""
        x, y = self.place(now_ns)
        width, height = self.last.frame_size
        return not (0 <= x < width and 0 <= y < height)


class Tracker:
    """Follows plates through time. Remembers, but knows no clock: the time comes with each call."""

    def __init__(self, settings: TrackingSettings, numbers: Iterator[int] | None = None) -> None:
        """`numbers`: of the passes; others may take from them too."""
        self._settings = settings
        self._tracks: list[Track] = []
        self._numbers = itertools.count() if numbers is None else numbers

    def update(self, looks: Sequence[Look], now_ns: int) -> list[Pass]:
        """Take what one frame showed (monotonic ns); return the passes that it closed, oldest first."""
        self._join(looks, now_ns)
        return self._close(now_ns)

    def finish(self) -> list[Pass]:
        """The end of the recording, or of the daemon: every open track is a pass now."""
        closed = [self._conclude(track) for track in self._tracks if not track.told]
        self._tracks.clear()
        return closed

    def waiting(self) -> bool:
        """Whether a pass is open that has not been told: the road is worth a look even if nothing moves."""
        return any(not track.told for track in self._tracks)

    def open_looks(self) -> list[Look]:
        """The looks of the tracks that are not over yet; of one that was told, the newest."""
        return [look for track in self._tracks for look in track.looks]

    def reads_of(self, plate: Plate, now_ns: int) -> tuple[int, float]:
        """How often the track that this plate would join was read, and the widest of those looks in pixels."""
        track = self._nearest(plate, now_ns)
        return (track.reads, track.widest_px) if track is not None else (0, 0.0)

    def named_of(self, plate: Plate, now_ns: int) -> tuple[int, float]:
        """How often the vehicle of the track that this plate would join was named, and its widest plate then."""
        track = self._nearest(plate, now_ns)
        return (track.named, track.named_px) if track is not None else (0, 0.0)

    def _nearest(self, plate: Plate, now_ns: int) -> Track | None:
        best = min(self._tracks, key=lambda t: math.dist(plate.center, t.place(now_ns)), default=None)
        if best is None or math.dist(plate.center, best.place(now_ns)) > 2 * plate.width_px:
            return None
        return best

    def _join(self, looks: Sequence[Look], now_ns: int) -> None:
        """Greedy, cheapest pair first: with a handful of plates a frame, the optimum differs once in a blue moon."""
        pairs = sorted(
            (
                (cost, t, k)
                for t, track in enumerate(self._tracks)
                for k, look in enumerate(looks)
                if (cost := self._cost(track, look, now_ns)) is not None
            ),
        )
        used_tracks: set[int] = set()
        used_looks: set[int] = set()
        for _, t, k in pairs:
            if t not in used_tracks and k not in used_looks:
                self._tracks[t].add(looks[k])
                used_tracks.add(t)
                used_looks.add(k)
        for k, look in enumerate(looks):
            if k not in used_looks:
                self._tracks.append(Track())
                self._tracks[-1].add(look)

    def _cost(self, track: Track, look: Look, now_ns: int) -> float | None:
        """How implausible it is that this look is that track's vehicle; None when it cannot be."""
        seconds = (now_ns - track.last.monotonic_ns) / 1e9
        width = (track.last.plate.width_px + look.plate.width_px) / 2
        steps = math.dist(track.place(now_ns), look.plate.center) / max(width, 1.0)
        growth = abs(math.log(max(look.plate.width_px, 1.0) / max(track.last.plate.width_px, 1.0)))
        text = _text_similarity(track, look)
        if text == 1.0 and steps <= 3 + TEXT_WIDTHS_PER_S * seconds:
            return steps * 0.1
        if text is not None and text < OTHER_TEXT and _both_sure(track, look):
            return None
        surprise = STEP_WIDTHS_PER_S if len(track.looks) == 1 else STEADY_WIDTHS_PER_S
        plausible = (
            seconds * 1000 <= self._settings.gap_ms_max
            and steps <= STEP_WIDTHS + surprise * seconds
            and growth <= 0.25 + GROWTH_PER_S * seconds
        )
        if not plausible:
            return None
        return steps + growth + (0.0 if text is not None and text >= SAME_TEXT else 1.0)

    def _close(self, now_ns: int) -> list[Pass]:
        closed, kept = [], []
        for track in self._tracks:
            if self._over(track, now_ns):
                if not track.told:
                    closed.append(self._conclude(track))
                continue
            kept.append(track)
            if not track.told and self._stands(track, now_ns):
                closed.append(self._conclude(track))
                track.told = True
        self._tracks = kept
        return closed

    def _over(self, track: Track, now_ns: int) -> bool:
        unseen_ms = (now_ns - track.last.monotonic_ns) / 1e6
        if unseen_ms > LEFT_MS and track.outside(now_ns):
            return True
        patience_ms = (
            max(self._settings.gap_ms_max, self._settings.decide_ms_max) if track.texts else self._settings.gap_ms_max
        )
        return unseen_ms > patience_ms

    def _stands(self, track: Track, now_ns: int) -> bool:
        return (now_ns - track.looks[0].monotonic_ns) / 1e9 > self._settings.pass_s_max

    def _conclude(self, track: Track) -> Pass:
        return Pass(number=next(self._numbers), looks=tuple(track.looks))


def _text_similarity(track: Track, look: Look) -> float | None:
    """Of the look's text and the track's last texts, the best; None when one of them has none."""
    if look.read is None or not look.read.characters or not track.texts:
        return None
    return max(similarity(look.read.text, text) for text, _ in track.texts)


def _both_sure(track: Track, look: Look) -> bool:
    assert look.read is not None, "compared a text that nobody read"
    return look.read.confidence >= SURE and any(confidence >= SURE for _, confidence in track.texts)
