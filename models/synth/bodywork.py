"""What is painted on a vehicle: lamps, grille, windows, seams, wheels, the place for the plate.

Each side of a vehicle is a drawing seen straight on, in metres: x to the right, y up from the road. The drawing keeps
three things: colour (uint8 BGR), gloss (how much it mirrors, 0–1) and glow (whether it shines when the lamps are on).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Bgr = tuple[float, float, float]
PER_METRE = 240
"""Pixels of a drawing per metre; long sides of buses are drawn coarser."""

GLASS, CHROME, BLACK, RUBBER = (26.0, 24.0, 20.0), (190.0, 190.0, 186.0), (18.0, 18.0, 18.0), (28.0, 28.0, 29.0)


@dataclass
class Drawing:
    """One side of a vehicle."""

    left: float
    """x of the left edge, metres."""
    width: float
    height: float
    paint: Bgr
    per_metre: float = PER_METRE
    color: NDArray[np.uint8] = field(init=False)
    gloss: NDArray[np.uint8] = field(init=False)
    glow: NDArray[np.uint8] = field(init=False)
    _shrunk: dict[float, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (round(self.height * self.per_metre), round(self.width * self.per_metre))
        self.color = np.empty((*shape, 3), np.uint8)
        self.color[:] = self.paint
        self.gloss = np.full(shape, 110, np.uint8)
        self.glow = np.zeros(shape, np.uint8)

    def at(self, points: Sequence[tuple[float, float]] | NDArray[np.float64]) -> NDArray[np.int32]:
        """Metres → sixteenths of a pixel, for OpenCV's `shift=4`."""
        p = np.asarray(points, np.float64)
        flat = np.stack([(p[:, 0] - self.left) * self.per_metre, (self.height - p[:, 1]) * self.per_metre], 1)
        return np.round((flat - 0.5) * 16).astype(np.int32)

    def poly(self, points: Sequence[tuple[float, float]], color: Bgr, gloss: float = 0.45, glow: float = 0.0) -> None:
        """A filled shape."""
        p = self.at(points)
        cv2.fillPoly(self.color, [p], color, cv2.LINE_AA, 4)
        cv2.fillPoly(self.gloss, [p], 255 * gloss, cv2.LINE_AA, 4)
        cv2.fillPoly(self.glow, [p], 255 * glow, cv2.LINE_AA, 4)

    def both(self, points: Sequence[tuple[float, float]], color: Bgr, gloss: float = 0.45, glow: float = 0.0) -> None:
        """A shape and its mirror image."""
        self.poly(points, color, gloss, glow)
        self.poly([(-x, y) for x, y in points], color, gloss, glow)

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        color: Bgr,
        gloss: float = 0.45,
        glow: float = 0.0,
        radius: float = 0.02,
    ) -> None:
        """A rectangle with rounded corners."""
        self.poly(rounded(x0, y0, x1, y1, radius), color, gloss, glow)

    def disc(
        self, x: float, y: float, rx: float, ry: float, color: Bgr, gloss: float = 0.45, glow: float = 0.0
    ) -> None:
        """An ellipse."""
        a = np.linspace(0, 2 * np.pi, 40)
        self.poly(list(zip(x + rx * np.cos(a), y + ry * np.sin(a), strict=True)), color, gloss, glow)

    def line(self, points: Sequence[tuple[float, float]], color: Bgr, width: float = 0.006) -> None:
        """A seam, a handle, a wiper; `width` in metres."""
        thick = max(1, round(width * self.per_metre))
        cv2.polylines(
            self.color, [self.at(points)], isClosed=False, color=color, thickness=thick, lineType=cv2.LINE_AA, shift=4
        )

    def text(
        self, words: str, x: float, y: float, high: float, color: Bgr, *, font: int = 0, wide: float = 0.0
    ) -> None:
        """Words centred at (x, y), `high` metres, squeezed to `wide` metres if given."""
        mask = lettering(words, max(6, round(high * self.per_metre)), font)
        if wide > 0:
            mask = cv2.resize(mask, (max(3, round(wide * self.per_metre)), mask.shape[0]), interpolation=cv2.INTER_AREA)
        row = round((self.height - y) * self.per_metre - mask.shape[0] / 2)
        column = round((x - self.left) * self.per_metre - mask.shape[1] / 2)
        ink(self.color, mask, (column, row), color)

    def shrunk(self, scale: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Colour (h×w×3), and gloss with glow (h×w×2), at a scale; kept, so draw nothing more afterwards."""
        if scale not in self._shrunk:
            if scale == 1.0:
                found = (self.color, np.stack([self.gloss, self.glow], axis=2))
                self.gloss, self.glow = found[1][..., 0], found[1][..., 1]
            else:
                size = (max(2, round(self.color.shape[1] * scale)), max(2, round(self.color.shape[0] * scale)))
                whole = self.shrunk(1.0)
                found = tuple(cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in whole)  # type: ignore[assignment]
            self._shrunk[scale] = found
        return self._shrunk[scale]

    def shade(self, x0: float, y0: float, x1: float, y1: float, top: float, bottom: float) -> None:
        """Darken a rectangle from `top` to `bottom` (factors), as a recess is."""
        (c0, r1), (c1, r0) = (self.at([(x0, y0), (x1, y1)]) / 16).round().astype(int)
        part = self.color[max(0, r0) : max(0, r1), max(0, c0) : max(0, c1)]
        if part.size:
            part[:] = (part * np.linspace(top, bottom, len(part))[:, None, None]).astype(np.uint8)


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> list[tuple[float, float]]:
    """Points of a rectangle with rounded corners."""
    radius = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    points: list[tuple[float, float]] = []
    for cx, cy, start in (
        (x1 - radius, y1 - radius, 0),
        (x0 + radius, y1 - radius, 90),
        (x0 + radius, y0 + radius, 180),
        (x1 - radius, y0 + radius, 270),
    ):
        turn = np.radians(np.linspace(start, start + 90, 6))
        points += zip(cx + radius * np.cos(turn), cy + radius * np.sin(turn), strict=True)
    return points


def lettering(words: str, size: int, font: int = 0) -> NDArray[np.uint8]:
    """Words as a mask, `size` pixels high. OpenCV's own letters, so that a scene needs no font installed."""
    face = (
        cv2.FONT_HERSHEY_DUPLEX,
        cv2.FONT_HERSHEY_TRIPLEX,
        cv2.FONT_HERSHEY_COMPLEX_SMALL,
        cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    )[font % 4]
    (w, h), base = cv2.getTextSize(words, face, 2.4, 5)
    mask = np.zeros((h + base + 20, w + 20), np.uint8)
    cv2.putText(mask, words, (10, h + 10), face, 2.4, 255, 5, cv2.LINE_AA)
    ys, xs = np.nonzero(mask > 60)
    if len(ys) == 0:
        return np.zeros((size, size), np.uint8)
    mask = mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    return cv2.resize(mask, (max(2, round(mask.shape[1] * size / mask.shape[0])), size), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def ink(picture: NDArray[np.uint8], mask: NDArray[np.uint8], place: tuple[int, int], color: Bgr) -> None:
    """Blend one colour through a mask at (x, y); what falls outside is left out."""
    x, y = place
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(w, x + mask.shape[1]), min(h, y + mask.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    share = mask[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) / 255
    part = picture[y0:y1, x0:x1]
    part[:] = (part + (np.array(color, np.float32) - part) * share).astype(np.uint8)


# ------------------------------------------------------------------ what vehicles wear


def darker(color: Bgr, by: float = 0.45) -> Bgr:
    """A seam or shadow in the paint's own colour."""
    return (color[0] * by, color[1] * by, color[2] * by)


def wheel(d: Drawing, x: float, radius: float, rng_spokes: int, rim: Bgr = (150.0, 150.0, 148.0)) -> None:
    """A wheel in its arch, on a side."""
    d.disc(x, radius + 0.03, radius * 1.2, radius * 1.2, BLACK, 0.02)
    d.disc(x, radius, radius, radius, RUBBER, 0.05)
    d.disc(x, radius, radius * 0.68, radius * 0.68, darker(rim, 0.35), 0.2)
    for k in range(rng_spokes):
        a = 2 * np.pi * (k + 0.3) / rng_spokes
        tip = (x + radius * 0.64 * np.cos(a), radius + radius * 0.64 * np.sin(a))
        d.line([(x, radius), tip], rim, radius * 0.17)
    a = np.linspace(0, 2 * np.pi, 40)
    d.line(
        list(zip(x + radius * 0.66 * np.cos(a), radius + radius * 0.66 * np.sin(a), strict=True)), rim, radius * 0.06
    )
    d.disc(x, radius, radius * 0.14, radius * 0.14, rim, 0.4)


def slats(d: Drawing, x0: float, y0: float, x1: float, y1: float, kind: int, metal: Bgr) -> None:
    """A grille: level bars, upright bars, or a mesh."""
    d.rect(x0, y0, x1, y1, BLACK, 0.1, radius=0.05)
    if kind % 3 == 0:
        for y in np.arange(y0 + 0.035, y1 - 0.01, 0.048):
            d.line([(x0 + 0.03, y), (x1 - 0.03, y)], metal, 0.016)
    elif kind % 3 == 1:
        for x in np.arange(x0 + 0.04, x1 - 0.02, 0.055):
            d.line([(x, y0 + 0.02), (x, y1 - 0.02)], metal, 0.014)
    else:
        for x in np.arange(x0 - (y1 - y0), x1, 0.05):
            for sign in (1, -1):
                ends = [(x, y0), (x + y1 - y0, y1)] if sign > 0 else [(x, y1), (x + y1 - y0, y0)]
                inside = [(min(max(px, x0 + 0.02), x1 - 0.02), py) for px, py in ends]
                d.line(inside, darker(metal, 0.5), 0.008)
    d.line([*rounded(x0, y0, x1, y1, 0.05), rounded(x0, y0, x1, y1, 0.05)[0]], metal, 0.018)


def badge(d: Drawing, x: float, y: float, size: float, kind: int, color: Bgr = CHROME) -> None:
    """A maker's badge that belongs to no maker."""
    if kind % 3 == 0:
        d.disc(x, y, size, size * 0.7, color, 0.6)
        d.disc(x, y, size * 0.8, size * 0.5, darker(color, 0.4), 0.4)
        d.disc(x, y, size * 0.3, size * 0.5, color, 0.6)
    elif kind % 3 == 1:
        d.poly(
            [
                (x - size * 1.3, y - size * 0.25),
                (x, y - size * 0.45),
                (x + size * 1.3, y - size * 0.25),
                (x + size, y + size * 0.3),
                (x - size, y + size * 0.3),
            ],
            color,
            0.6,
        )
        d.poly(
            [
                (x - size, y - size * 0.1),
                (x + size, y - size * 0.1),
                (x + size * 0.8, y + size * 0.15),
                (x - size * 0.8, y + size * 0.15),
            ],
            (40, 40, 150),
            0.5,
        )
    else:
        d.disc(x, y, size, size, color, 0.6)
        d.poly(
            [
                (x - size * 0.7, y - size * 0.4),
                (x, y + size * 0.8),
                (x + size * 0.7, y - size * 0.4),
                (x, y - size * 0.1),
            ],
            darker(color, 0.3),
            0.5,
        )


def recess(d: Drawing, y: float, wide: float = 0.46, high: float = 0.25) -> None:
    """The hollow in which a plate sits, lit from above, with a dark holder."""
    d.rect(-wide / 2, y - high / 2, wide / 2, y + high / 2, darker(d.paint, 0.55), 0.15, radius=0.04)
    d.shade(-wide / 2, y - high / 2, wide / 2, y + high / 2, 0.45, 1.1)
    d.line([(-wide / 2 + 0.03, y + high / 2), (wide / 2 - 0.03, y + high / 2)], darker(d.paint, 0.3), 0.012)
