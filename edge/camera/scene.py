"""The camera's nouns: what the pure line hands from step to step.

Pixels travel in `Frame` and stop at the vision step; from `Read` on there is only text, numbers and time.
A plate's text is personal data, so every noun that carries one masks it in its repr: no log line or
traceback can tell on anyone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture from a camera. Identity is equality: pixels have no cheap `==`."""

    camera: str
    sequence: int
    """Counts the frames that the source gave, from 0; a gap means that frames were dropped."""
    taken_ns: int
    """Wall clock, UTC nanoseconds: for the record."""
    monotonic_ns: int
    """Monotonic nanoseconds: for every duration."""
    pixels: NDArray[np.uint8]
    """H×W×3, uint8, BGR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An axis-aligned rectangle in frame pixels; x1 and y1 are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def center(self) -> tuple[float, float]:
        """Frame pixels."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        """Pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Pixels."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True)
class Motion:
    """Where a frame changed against the ones before it."""

    regions: tuple[Box, ...]
    """In frame pixels, never empty, merged where they overlap."""
    share: float
    """Share of the frame's area that changed, 0–1."""
    fresh: tuple[Box, ...] = ()
    """Those parts of it that still change, each by itself: a region may hold two vehicles, and where one stood. Empty
    where nobody knows."""


Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Four points in frame pixels: top left, top right, bottom right, bottom left *of the plate as it is read*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A place in one frame that looks like a plate; nothing has been read yet."""

    corners: Corners
    score: float
    """Calibrated probability that this is a plate, 0–1."""

    @property
    def box(self) -> Box:
        """The smallest upright rectangle around the corners."""
        xs = [x for x, _ in self.corners]
        ys = [y for _, y in self.corners]
        return Box(x0=min(xs), y0=min(ys), x1=max(xs), y1=max(ys))

    @property
    def center(self) -> tuple[float, float]:
        """Frame pixels."""
        return (sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4)

    @property
    def width_px(self) -> float:
        """Mean length of the plate's upper and lower edge, in frame pixels."""
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = self.corners
        return (math.hypot(bx - ax, by - ay) + math.hypot(cx - dx, cy - dy)) / 2

    def reaches_edge(self, width: int, height: int, margin_px: float = 1.0) -> bool:
        """Whether it comes so near the frame's edge that it may be cut off: half a plate is not read."""
        box = self.box
        return min(box.x0, box.y0) < margin_px or box.x1 > width - margin_px or box.y1 > height - margin_px


@dataclass(frozen=True, slots=True)
class Character:
    """One position of a read: the characters that it may be, most probable first."""

    options: tuple[tuple[str, float], ...]
    """(character, probability) pairs, probabilities falling, their sum at most 1."""

    @property
    def best(self) -> str:
        """The most probable character."""
        return self.options[0][0]

    @property
    def probability(self) -> float:
        """Of the most probable character, 0–1."""
        return self.options[0][1]

    def __repr__(self) -> str:
        return f"Character(?, {self.probability:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a plate was issued, as far as a network can tell."""

    code: str
    """ISO 3166-2 (`US-KS`) or ISO 3166-1 (`MX`)."""
    confidence: float
    """Calibrated, 0–1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one network said of one crop, once. `characters` is empty when it saw no text."""

    characters: tuple[Character, ...]
    confidence: float
    """Calibrated probability that the whole text is exactly right, 0–1; 0 when there is no text."""
    regions: tuple[Region, ...] = ()
    """Candidates, most probable first; empty when the network does not know."""
    stacked: str = ""
    """Small or stacked letters beside the serial: a field of their own, never part of `text`."""
    texts: tuple[str, ...] = ()
    """What the plate may say, `text` leading, most probable first; empty when the network tells characters only."""
    columns: NDArray[np.float32] | None = field(default=None, compare=False)
    """T×37: what the network sees from left to right (`ctc`); None when it tells characters only."""

    @property
    def text(self) -> str:
        """The best character of each position."""
        return "".join(character.best for character in self.characters)

    def __repr__(self) -> str:
        return f"Read({mask(self.text)}, {self.confidence:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What one network said of the vehicle around one plate. `None` means that it does not know."""

    type: str | None
    type_confidence: float
    color: str | None
    color_confidence: float
    view: str | None = None
    """`front` or `rear`."""
    view_confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One plate in one frame, read: what a track is made of. No pixels."""

    taken_ns: int
    monotonic_ns: int
    plate: Plate
    read: Read | None
    """None when the crop was not read: too small, touching the border, or the pass has reads enough."""
    sharpness: float
    """0–1, of the rectified crop; see `pixels.sharpness`."""
    frame_size: tuple[int, int]
    """Width and height of the frame, pixels."""
    vehicle: Vehicle | None = None

    @property
    def center(self) -> tuple[float, float]:
        """Of the plate, frame pixels."""
        return self.plate.center

    @property
    def width_px(self) -> float:
        """Of the plate."""
        return self.plate.width_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One vehicle in one frame, found as such, whether or not it shows a plate. No pixels."""

    taken_ns: int
    monotonic_ns: int
    box: Box
    """The part of it that is in the picture."""
    score: float
    """Calibrated probability that this is a vehicle, 0–1."""
    sure: bool = True
    """Whether that is enough to count it; below, it is only followed."""
    frame_size: tuple[int, int]
    """Width and height of the frame, pixels."""

    @property
    def center(self) -> tuple[float, float]:
        """Frame pixels."""
        return self.box.center

    @property
    def width_px(self) -> float:
        """Of the vehicle."""
        return self.box.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One vehicle going by once: a closed track."""

    number: int
    """Counts the passes of this run, from 0."""
    looks: tuple[Look, ...]
    """By time, never empty."""

    @property
    def reads(self) -> tuple[Read, ...]:
        """The reads that found text."""
        return tuple(look.read for look in self.looks if look.read is not None and look.read.characters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplated:
    """One vehicle that went by once and showed no plate."""

    number: int
    """From the same count as the passes'."""
    looks: tuple[Spot, ...]
    """By time, never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """The vote over a pass: one text, how sure, and what else it may be."""

    text: str
    confidence: float
    """Calibrated probability that `text` is exactly right, 0–1."""
    characters: tuple[float, ...]
    """Probability of each character of `text`."""
    alternatives: tuple[tuple[str, float], ...]
    """(text, probability), most probable first, without `text` itself."""
    reads: int
    """Reads that took part."""
    agreement: float
    """Share of the reads whose text is `text`, by weight, 0–1."""
    width_px: float
    """Width of the widest plate that was read."""
    region: Region | None

    def __repr__(self) -> str:
        return f"Fused({mask(self.text)}, {self.confidence:.3f}, reads={self.reads})"


def mask(text: str) -> str:
    """How a plate's text may appear in a log: its length, nothing else."""
    return "•" * len(text)
