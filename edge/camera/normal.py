"""What this camera's picture normally is, over weeks and restarts: by it a dirty window and a dead lamp are known.

    dirt         each of 60 fixed cells has its usual local contrast, in log brightness, so that sun, clouds and
                 exposure cancel out; passing cars vanish in ten minutes' mean. A smear takes contrast from some cells
                 and leaves the others; a film takes it from the near half too, where fog does not reach.
    dead lamp    an hour that is usually infra-red, and a picture far less lit than those nights are, and no plate seen.

A smear before bare road, which has no contrast to lose, is not seen. What is remembered are a few hundred numbers and
no picture: a cell is a tenth of the picture wide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, COLUMNS = 6, 10
MEAN_S: Final = 600.0
"""Over this time passing cars vanish from a cell."""
SETTLED_S: Final = 1800.0
"""Before that nothing is judged, and a first normal not taken."""
SINK_S, RISE_S = 14 * 86_400.0, 3600.0
"""A window that dirties over weeks must not become normal; a cleaned one soon must."""
TELLING_MIN, CELLS_MIN = 0.02, 12
"""Contrast with which a cell can tell anything, and how many of them are needed."""
LOST, SMEARED_SHARE, FILM = 0.5, 0.06, 0.55
"""A cell has lost its contrast below the first, against the others; so many of them are a smear; and a film is when the
near half has less than the third of its own."""
CLEAR = 0.6
"""A smear is told while the rest of the picture keeps this much: in fog nobody can tell."""
HOUR_S: Final = 3 * 3600.0
"""An hour of the day is known by about three days' looks."""
NIGHT_MIN: Final = 0.5
LIT_S: Final = 60.0
UNLIT: Final = 0.4
"""Of the brightness of what is usually lit."""
PLATE_S: Final = 300.0
"""A plate that was seen at night was lit: the lamp lives."""

Level = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]


class Light(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The normal in one kind of light."""

    infrared: bool
    day: bool
    sharpness: Level | None = None
    cells: Annotated[tuple[Level, ...], msgspec.Meta(max_length=ROWS * COLUMNS)] = ()


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`normal.json`: what survives a restart. Numbers alone."""

    schema: Literal["normal/1"] = "normal/1"
    lights: Annotated[tuple[Light, ...], msgspec.Meta(max_length=4)] = ()
    lit: Level | None = None
    """How bright the brightest twentieth of an infra-red night is, grey levels."""
    hours: Annotated[tuple[Level, ...], msgspec.Meta(min_length=24, max_length=24)] = (0.0,) * 24
    """UTC hours: the share of each that is infra-red."""


class Window:
    """Whether the glass in front of the lens is clean. One for each kind of light."""

    def __init__(self, usual: tuple[float, ...] = ()) -> None:
        self.usual = np.array(usual, np.float64) if len(usual) == ROWS * COLUMNS else None
        self._now: NDArray[np.float64] | None = None
        self._spent_s = 0.0

    def update(self, picture: NDArray[np.float32], passed_s: float) -> bool | None:
        """One grey look, H×W 0–255; None until something can be told."""
        cells = contrast(picture)
        if cells is None:
            return None
        now = cells if self._now is None else self._now
        self._spent_s += passed_s
        self._now = now + (cells - now) * min(1.0, passed_s / min(MEAN_S, self._spent_s + 1))
        if self._spent_s < SETTLED_S:
            return None
        if self.usual is None:
            self.usual = self._now
        dirty = _dirty(self.usual, self._now)
        speed_s = np.where(self._now > self.usual, RISE_S, SINK_S)
        self.usual = self.usual + (self._now - self.usual) * np.minimum(1.0, passed_s / speed_s)
        return dirty


class Lamp:
    """Whether the infra-red lamp shines when it should."""

    def __init__(self, lit: float | None = None, hours: tuple[float, ...] = (0.0,) * 24) -> None:
        self.lit, self.hours = lit, list(hours)
        self._now: float | None = None
        self._spent_s = self._since_plate_s = 0.0
        self._plates = 0

    def update(
        self, picture: NDArray[np.float32], passed_s: float, *, hour: int, infrared: bool, night: bool, plates: int
    ) -> bool | None:
        """One grey look; `hour` is UTC's, `plates` counts those found so far. None until these nights are known."""
        level = float(np.percentile(picture, 95))
        self._now = level if self._now is None else self._now + (level - self._now) * min(1.0, passed_s / LIT_S)
        self._since_plate_s = 0.0 if plates != self._plates else self._since_plate_s + passed_s
        self._plates = plates
        unlit = self.lit is not None and self._now < UNLIT * self.lit
        if not unlit:
            self.hours[hour] += (float(infrared) - self.hours[hour]) * min(1.0, passed_s / HOUR_S)
        if infrared and night and not unlit:
            self._learn(passed_s)
        if self.lit is None or self.hours[hour] < NIGHT_MIN:
            return None if self.lit is None else False
        return unlit and night and self._since_plate_s >= PLATE_S

    def _learn(self, passed_s: float) -> None:
        assert self._now is not None, "it has just looked"
        self._spent_s += passed_s
        if self.lit is None and self._spent_s >= MEAN_S:
            self.lit = self._now
        elif self.lit is not None:
            self.lit += (self._now - self.lit) * min(1.0, passed_s / (RISE_S if self._now > self.lit else SINK_S))


def contrast(picture: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """The mean step of log brightness in each cell, row by row; None of a picture that is smaller than the cells."""
    if picture.shape[0] <= ROWS or picture.shape[1] <= COLUMNS:
        return None
    bright = np.log(picture + 8.0)
    steps = np.abs(np.diff(bright, axis=1))[:-1] + np.abs(np.diff(bright, axis=0))[:, :-1]
    high, wide = steps.shape[0] // ROWS, steps.shape[1] // COLUMNS
    cells = steps[: high * ROWS, : wide * COLUMNS].reshape(ROWS, high, COLUMNS, wide)
    means: NDArray[np.float64] = cells.mean(axis=(1, 3)).reshape(-1).astype(np.float64)
    return means


def _dirty(usual: NDArray[np.float64], now: NDArray[np.float64]) -> bool | None:
    telling = usual >= TELLING_MIN
    if telling.sum() < CELLS_MIN:
        return None
    left = now / np.maximum(usual, TELLING_MIN)
    whole = float(np.median(left[telling]))
    near = telling & (np.arange(ROWS * COLUMNS) >= ROWS * COLUMNS // 2)
    film = near.sum() >= CELLS_MIN // 2 and float(np.median(left[near])) < FILM
    lost = int((left[telling] < LOST * whole).sum())
    return bool(film or (whole >= CLEAR and lost >= max(2, SMEARED_SHARE * telling.sum())))
