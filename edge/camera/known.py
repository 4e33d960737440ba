"""What was told already: the parked car, the car that a lorry hid for a moment, the clock burnt into the picture.

A vehicle that goes by is a sighting. A plate that does not move is one only when the same text was read in the same
place for two seconds, and then once, until it has been gone for `parked_forget_s`. A place that never moves and says
something else each time is no plate at all: it is a clock, a sign or a shop, and nothing from it is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, Protocol

from edge.camera.alignment import similarity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.camera.scene import Fused, Look, Pass
    from edge.settings.camera import TrackingSettings

STILL_S = 2.0
"""A standing plate must have been read the same for this long."""
AGAIN_S = 6.0
"""The same text within this time is the same pass, seen again after something hid it."""
LEFT_S = 60.0
"""A vehicle that stood in view, was told, and drives off within this time is still the same pass."""
MOVED_WIDTHS = 0.6
"""A plate whose centre went further than this many of its widths has moved; wind and a shaking mast do less."""
GREW = 0.25
"""Change of log width that is movement, too: a car that comes straight on. Corners jitter by less."""
PLACE_WIDTHS = 0.7
"""Within this many widths it is the same place."""
SAME = 0.8
"""Texts at least this similar are one plate."""
CHANGES_MAX = 2
"""A place whose text changed more often than this without anything moving in is an overlay."""
PLACES_MAX = 200

Told = Literal["new", "again", "waiting", "overlay"]


class ParkedMemory(Protocol):
    """Where parked vehicles are remembered across a restart: the outbox, or nowhere."""

    def known_parked(self, text: str, *, seen_ns_min: int) -> bool:
        """Whether this vehicle was told as parked, and last seen at `seen_ns_min` (UTC) or later."""

    def remember_parked(self, text: str, *, seen_ns: int) -> None:
        """It stands there still."""


class NoMemory:
    """For a replay, which begins with an empty street."""

    def known_parked(self, text: str, *, seen_ns_min: int) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def remember_parked(self, text: str, *, seen_ns: int) -> None:
        """Not at all."""


@dataclass(slots=True)
class _Place:
    """A spot where something stands."""

    center: tuple[float, float]
    text: str
    since_ns: int
    seen_ns: int
    told: bool = False
    changes: int = 0


class Known:
    """Remembers what was told, by text and by place. Times are the looks' own."""

    def __init__(self, settings: TrackingSettings, memory: ParkedMemory) -> None:
        self._settings = settings
        self._memory = memory
        self._places: list[_Place] = []
        self._told: list[tuple[str, int]] = []
        """(text, monotonic ns of the last look) of what was told in the last `LEFT_S`."""

    def judge(self, passed: Pass, fused: Fused) -> Told:
        """`new` is a sighting; the others are not, and say why."""
        self._forget(passed.looks[-1].monotonic_ns)
        told: Told = self._judge_moving(passed, fused) if moved(passed) else self._judge_standing(passed, fused)
        if told in ("new", "again"):
            self._told.append((fused.text, passed.looks[-1].monotonic_ns))
        return told

    def _judge_moving(self, passed: Pass, fused: Fused) -> Told:
        """Told anew unless it was told moments ago, or stood there, told, until it drove off."""
        first = passed.looks[0]
        stood = self._place(first)
        left = stood is not None and stood.told and similarity(stood.text, fused.text) >= SAME
        since_ns = first.monotonic_ns - int((LEFT_S if left else AGAIN_S) * 1e9)
        again = any(seen_ns >= since_ns and text == fused.text for text, seen_ns in self._told)
        return "again" if again else "new"

    def _judge_standing(self, passed: Pass, fused: Fused) -> Told:
        first, last = passed.looks[0], passed.looks[-1]
        place = self._place(last)
        if place is None:
            place = _Place(center=last.plate.center, text=fused.text, since_ns=first.monotonic_ns, seen_ns=0)
            self._places = [*self._places[-(PLACES_MAX - 1) :], place]
        if similarity(place.text, fused.text) < SAME:
            place.changes, place.text, place.since_ns, place.told = (
                place.changes + 1,
                fused.text,
                first.monotonic_ns,
                False,
            )
        place.seen_ns = last.monotonic_ns
        if place.changes > CHANGES_MAX:
            return "overlay"
        return self._tell_once(place, fused, last.taken_ns, was_told=self._judge_moving(passed, fused) == "again")

    def _tell_once(self, place: _Place, fused: Fused, taken_ns: int, *, was_told: bool) -> Told:
        if not place.told and (place.seen_ns - place.since_ns) / 1e9 < STILL_S and not was_told:
            return "waiting"
        forget_ns = int(self._settings.parked_forget_s * 1e9)
        known = place.told or was_told or self._memory.known_parked(fused.text, seen_ns_min=taken_ns - forget_ns)
        place.told = True
        self._memory.remember_parked(fused.text, seen_ns=taken_ns)
        return "again" if known else "new"

    def _place(self, look: Look) -> _Place | None:
        plate = look.plate
        near = [p for p in self._places if math.dist(p.center, plate.center) <= PLACE_WIDTHS * plate.width_px]
        return min(near, key=lambda p: math.dist(p.center, plate.center), default=None)

    def _forget(self, now_ns: int) -> None:
        oldest_ns = now_ns - int(self._settings.parked_forget_s * 1e9)
        self._places = [place for place in self._places if place.seen_ns >= oldest_ns]
        self._told = [(text, seen_ns) for text, seen_ns in self._told if seen_ns >= now_ns - int(LEFT_S * 1e9)]


def moved(passed: Pass) -> bool:
    """Whether the plate went anywhere: the first third of its looks against the last, by medians.

    Jitter averages out, and a false find that once slipped into the track has no vote.
    """
    third = max(1, len(passed.looks) // 3)
    (x0, y0, w0), (x1, y1, w1) = (_middle(passed.looks[:third]), _middle(passed.looks[-third:]))
    width = max((w0 + w1) / 2, 1.0)
    grew = abs(math.log(max(w1, 1.0) / max(w0, 1.0)))
    return grew > GREW or math.dist((x0, y0), (x1, y1)) > MOVED_WIDTHS * width


def _middle(looks: Sequence[Look]) -> tuple[float, float, float]:
    """Medians of centre x, centre y and width, pixels."""
    xs, ys = zip(*(look.plate.center for look in looks), strict=True)
    return median(xs), median(ys), median(look.plate.width_px for look in looks)
