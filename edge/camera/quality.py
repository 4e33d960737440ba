"""What is wrong with the picture: dark, burnt, blurred, frozen, moved, dirty, unlit. Looked at once a second.

All but the first two are judged against the camera's own normal: no sharpness suits every lens and road. Day and night,
colour and infra-red, have each their own. The view is learnt anew after each start, for it is a picture and is never
written down; the rest is remembered (`normal`). `health` tells it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.normal import Lamp, Light, Remembered, Window
from edge.camera.small import Stillness, colourless, grey, small

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Frame

EVERY_NS = 1_000_000_000
HOUR_NS = 3_600_000_000_000
HOLD_S = {
    "dark": 5.0,
    "burnt": 5.0,
    "blurred": 15.0,
    "moved": 5.0,
    "infrared": 3.0,
    "dirty": 1200.0,
    "lamp_failed": 300.0,
}
"""A fault counts when it has lasted so long, and is over when it has been gone so long: headlights are none, and their
glare is soft for as long as a few cars take."""
DARK_MAX = 36.0
"""Grey levels: when not even the brightest hundredth of the picture exceeds this, nothing is lit. An infra-red night
is black but for what shines, and something nearly always does."""
BURNT_MIN, BURNT_SHARE = 245.0, 0.5
"""When half of the picture is white; the sky alone is less."""
SOFT = 0.4
"""Blurred is less than this share of the normal sharpness."""
STRUCTURE_MIN = 400.0
"""Squared grey levels along a line: with less, there is nothing in the picture that could be sharp."""
HALVED_MIN = 1000
"""Pixels of width."""
ROWS = 8
"""Two rows of so many tell how sharp a picture is."""
SINK_S, RISE_S = 6 * 3600.0, 600.0
"""So slowly the normal sharpness follows what it sees: a dirty lens must not become normal, a cleaned one soon must."""

VIEW_S = 10.0
"""Over this time passing cars vanish from what is compared."""
DRIFT_S, GIVE_UP_S = 1800.0, 86_400.0
"""So slowly the remembered view follows shadows; and after a day the new view is the view."""
SEARCHED = 6
"""The view is looked for up to a sixth of the picture away, each way."""
SHIFT_MIN = 2
"""Cells of the small picture, 16 pixels of 1280: less is wind."""
ALIKE_MIN, FITTING_MIN, BETTER = 0.25, 0.6, 0.1
"""Correlation of edges: below the first it is another view; a shift must fit at least the second, and better by the
third than no shift."""
DAY = 0.25
"""Mean brightness above which it is day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureQuality:
    """One judgement. `None`: cannot be told, yet or at all."""

    dark: bool
    burnt: bool
    blurred: bool | None
    frozen: bool | None
    moved: bool | None
    infrared: bool
    """Grey throughout: no fault, but a colour that is told would be a guess."""
    sharpness: float
    """0–1: how much of the edges' energy is left at fine scale. 0.5 is a clean step, 0 nothing that could be sharp."""
    brightness: float
    """0–1, the picture's mean."""
    dirty: bool | None = None
    lamp_failed: bool | None = None


class Quality:
    """Remembers the camera's normal. `frozen_s_max` None: a recording, which may well repeat itself."""

    def __init__(self, frozen_s_max: float | None = None, remembered: Remembered | None = None) -> None:
        known = remembered or Remembered()
        self._frozen_s_max = frozen_s_max
        self._stillness = None if frozen_s_max is None else Stillness(frozen_s_max)
        self._held = {name: _Held(HOLD_S[name]) for name in HOLD_S}
        lights = {(one.infrared, one.day): one for one in known.lights}
        self._sharp = {mode: one.sharpness for mode, one in lights.items() if one.sharpness is not None}
        self._windows = {mode: Window(one.cells) for mode, one in lights.items()}
        self._lamp = Lamp(known.lit, known.hours)
        self._views: dict[tuple[bool, bool], _View] = {}
        self._looked_ns: int | None = None
        self._latest: PictureQuality | None = None

    @property
    def remembered(self) -> Remembered:
        """The normal, to be handed in again after a restart."""
        lights = tuple(
            Light(
                infrared=mode[0],
                day=mode[1],
                sharpness=_told(self._sharp.get(mode)),
                cells=() if window.usual is None else tuple(round(float(cell), 4) for cell in window.usual),
            )
            for mode, window in self._windows.items()
        )
        hours = tuple(round(share, 4) for share in self._lamp.hours)
        return Remembered(lights=lights, lit=_told(self._lamp.lit), hours=hours)

    def update(self, frame: Frame, plates: int = 0) -> PictureQuality:
        """Looks once a second of the frames' time; in between it repeats itself. `plates`: found so far, all told."""
        now_ns = frame.monotonic_ns
        passed_ns = 0 if self._looked_ns is None else now_ns - self._looked_ns
        if self._latest is None or not 0 <= passed_ns < EVERY_NS:
            self._looked_ns = now_ns
            self._latest = self._look(frame, min(60.0, max(0.0, passed_ns / 1e9)), plates)
        return self._latest

    def _look(self, frame: Frame, passed_s: float, plates: int) -> PictureQuality:
        stamp = small(frame.pixels)
        picture = grey(stamp)
        now_ns, brightness = frame.monotonic_ns, float(picture.mean()) / 255
        dark = bool(np.percentile(picture, 99) < DARK_MAX)
        burnt = bool((picture >= BURNT_MIN).mean() >= BURNT_SHARE)
        sharp = None if dark or burnt else _sharpness(frame.pixels, picture)
        no_colour = colourless(stamp) if sharp is not None or self._latest is None else self._latest.infrared
        infrared = self._holds("infrared", no_colour, now_ns)  # a bag over the lens has no colour either
        mode = (infrared, brightness > DAY)
        if sharp is None and brightness > DAY and not burnt and mode in self._sharp:
            sharp = 0.0  # there was structure in this light, and now there is none: fog, or far out of focus
        return PictureQuality(
            dark=self._holds("dark", dark, now_ns),
            burnt=self._holds("burnt", burnt, now_ns),
            blurred=self._blurred(mode, sharp, passed_s, now_ns),
            frozen=self._frozen(frame),
            moved=self._moved(mode, picture, passed_s, now_ns) if sharp is not None else None,
            infrared=infrared,
            sharpness=(sharp or 0.0) / (1 + (sharp or 0.0)),
            brightness=brightness,
            dirty=self._dirty(mode, picture, passed_s, now_ns) if sharp is not None else None,
            lamp_failed=self._unlit(frame, picture, passed_s, mode, plates),
        )

    def _holds(self, name: str, now: bool, now_ns: int) -> bool:  # noqa: FBT001 - the value itself
        return self._held[name].update(now, now_ns)

    def _frozen(self, frame: Frame) -> bool | None:
        if self._stillness is None or self._frozen_s_max is None:
            return None
        return self._stillness.update(frame.pixels, frame.monotonic_ns) >= self._frozen_s_max

    def _blurred(self, mode: tuple[bool, bool], sharp: float | None, passed_s: float, now_ns: int) -> bool | None:
        if sharp is None:
            return None
        normal = self._sharp.setdefault(mode, sharp)
        self._sharp[mode] = normal + (sharp - normal) * min(1.0, passed_s / (RISE_S if sharp > normal else SINK_S))
        return self._holds("blurred", sharp < SOFT * normal, now_ns)

    def _dirty(
        self, mode: tuple[bool, bool], picture: NDArray[np.float32], passed_s: float, now_ns: int
    ) -> bool | None:
        dirty = self._windows.setdefault(mode, Window()).update(picture, passed_s)
        return None if dirty is None else self._holds("dirty", dirty, now_ns)

    def _unlit(
        self, frame: Frame, picture: NDArray[np.float32], passed_s: float, mode: tuple[bool, bool], plates: int
    ) -> bool | None:
        hour = frame.taken_ns // HOUR_NS % 24
        unlit = self._lamp.update(picture, passed_s, hour=hour, infrared=mode[0], night=not mode[1], plates=plates)
        return None if unlit is None else self._holds("lamp_failed", unlit, frame.monotonic_ns)

    def _moved(
        self, mode: tuple[bool, bool], picture: NDArray[np.float32], passed_s: float, now_ns: int
    ) -> bool | None:
        view = self._views.setdefault(mode, _View())
        moved = view.update(_edges(picture), passed_s)
        return None if moved is None else self._holds("moved", moved, now_ns)


def _told(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


class _Held:
    """A yes or no that changes only when the opposite has lasted. The first answer counts at once."""

    def __init__(self, hold_s: float) -> None:
        self._hold_ns = hold_s * 1e9
        self._value: bool | None = None
        self._since_ns = 0

    def update(self, now: bool, now_ns: int) -> bool:  # noqa: FBT001 - the value itself
        if self._value is None or now == self._value or not 0 <= now_ns - self._since_ns < self._hold_ns:
            self._value, self._since_ns = now, now_ns
        return self._value


class _View:
    """What the camera usually looks at in one kind of light, as edges, and what it looks at now."""

    def __init__(self) -> None:
        self._now: NDArray[np.float32] | None = None
        self._usual: NDArray[np.float32] | None = None
        self._settled_s = 0.0
        self._moved = False

    def update(self, edges: NDArray[np.float32], passed_s: float) -> bool | None:
        """None until the view is known."""
        if self._now is None or self._now.shape != edges.shape or passed_s > VIEW_S:
            self._now, self._settled_s = edges, 0.0
            return None
        self._settled_s += passed_s
        self._now = self._now + (edges - self._now) * np.float32(min(1.0, passed_s / min(VIEW_S, self._settled_s + 1)))
        if self._settled_s < VIEW_S:
            return None
        if self._usual is None or self._usual.shape != edges.shape:
            self._usual = self._now
        self._moved = _elsewhere(self._usual, self._now)
        follow = passed_s / (GIVE_UP_S if self._moved else DRIFT_S)
        self._usual = self._usual + (self._now - self._usual) * np.float32(follow)
        return self._moved


def _sharpness(pixels: NDArray[np.uint8], picture: NDArray[np.float32]) -> float | None:
    """Energy of the edges at fine scale against that at the small picture's; None when there are no edges.

    A clean step keeps its energy from scale to scale (1), a blurred one loses it, fine texture adds to it. What lies
    between most neighbours is noise, and does not count.
    """
    if pixels.shape[1] >= HALVED_MIN:  # finer than that a network camera's picture holds little but noise
        pairs = (
            pixels[: len(pixels) // ROWS * ROWS]
            .reshape(-1, ROWS, *pixels.shape[1:])[:, :2]
            .reshape(-1, *pixels.shape[1:])
        )
        pixels = cv2.resize(pairs, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    fine = np.abs(np.diff(grey(pixels), axis=1))
    coarse = float(np.square(np.diff(picture, axis=1)).sum(axis=1).mean())
    if coarse < STRUCTURE_MIN or not fine.size:
        return None
    noise = (float(np.median(fine)) / 0.6745) ** 2
    return float(max(0.0, float(np.square(fine).sum(axis=1).mean()) - noise * fine.shape[1]) / coarse)


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where edges are, softly; the root keeps one lamp from outweighing the street."""
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return cv2.GaussianBlur(np.sqrt(cv2.magnitude(across, down)), (0, 0), 1.0)  # type: ignore[return-value]


def _elsewhere(usual: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether two pictures of edges show different places, or one place shifted.

    The middle of the one is looked for in the other.
    """
    high, wide = (side // SEARCHED for side in usual.shape)
    middle = usual[high : usual.shape[0] - high, wide : usual.shape[1] - wide]
    if not middle.size or middle.std() < 1e-3 or now.std() < 1e-3:
        return False  # nothing to hold on to
    alike = cv2.matchTemplate(now, middle, cv2.TM_CCOEFF_NORMED)
    here = float(alike[high, wide])
    _, best, _, (x, y) = cv2.minMaxLoc(alike)
    shifted = max(abs(x - wide), abs(y - high)) >= SHIFT_MIN
    return here < ALIKE_MIN or (shifted and best >= FITTING_MIN and best >= here + BETTER)
