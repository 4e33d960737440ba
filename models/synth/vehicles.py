"""Vehicles: their bodies, their paint, and exactly where the plate sits.

`build` makes one vehicle of a type and a colour; whatever the type leaves open (lamps, grille, wheels) comes from
chance. A vehicle's own frame: x to its right, y up from the road, z forward, metres, z = 0 in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth import bodywork as bw
from models.synth.bodywork import BLACK, CHROME, GLASS, RUBBER, Bgr, Drawing
from models.synth.mesh import Level, Mesh, ball, cylinder, join, stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BODY, TYRE, PLASTIC, CLOTH, LEATHER, PAINT, CABIN = range(7)
"""Parts of a mesh: `BODY` and `CABIN` wear the drawings, the others one colour each."""

COLORS: dict[str, Bgr] = {
    "white": (232, 232, 230),
    "black": (22, 21, 20),
    "gray": (98, 96, 94),
    "silver": (178, 178, 176),
    "red": (32, 26, 150),
    "blue": (128, 72, 28),
    "green": (56, 84, 44),
    "brown": (48, 66, 92),
    "beige": (150, 178, 196),
    "yellow": (30, 178, 226),
    "orange": (28, 96, 214),
}
"""By the names that sightings use; BGR."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a plate is screwed on, and how large it is: metres."""

    y: float
    z: float
    x: float = 0.0
    lean: float = 0.0
    """Radians by which the plate's upper edge leans towards the vehicle's middle."""
    width: float = 0.305
    height: float = 0.1525

    def corners(self) -> NDArray[np.float64]:
        """4×3 in the vehicle's frame: top left, top right, bottom right, bottom left, as the plate is read."""
        end = 1.0 if self.z > 0 else -1.0
        half_w, half_h = self.width / 2, self.height / 2
        back = np.sin(self.lean) * half_h * -end
        up = np.cos(self.lean) * half_h
        right = -end  # whoever reads the front plate faces the vehicle: its right is the vehicle's left
        rows = [(-1, 1), (1, 1), (1, -1), (-1, -1)]
        return np.array([[self.x + right * sx * half_w, self.y + sy * up, self.z + sy * back] for sx, sy in rows])


@dataclass(frozen=True)
class Vehicle:
    """One vehicle, ready to be looked at."""

    type: str
    color: str
    mesh: Mesh
    sides: dict[str, Drawing]
    """`front`, `rear`, `left`, `right`, each seen straight on."""
    parts: NDArray[np.float32]
    """Colour of each part, BGR 0–255; `BODY`'s entry is the paint of what faces up."""
    front: Mount
    rear: Mount
    length: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What chance decides about one vehicle."""

    lamps: int
    grille: int
    badge: int
    spokes: int
    rim: Bgr
    trim: Bgr
    plate_low: bool
    name: str
    low: float
    """Height of the drawn details above or below the usual, metres."""


_NAMES = ("ALTURA", "VENTO", "PRAIRIE", "CRESTLINE", "MERIDEN", "SOLANO", "TALLIS", "KONZA", "ORBIS", "LANDER")


def style(rng: np.random.Generator) -> Style:
    """Draw one."""
    return Style(
        lamps=int(rng.integers(3)),
        grille=int(rng.integers(3)),
        badge=int(rng.integers(3)),
        spokes=int(rng.integers(5, 11)),
        rim=((150, 150, 148), (90, 90, 90), (60, 60, 60))[int(rng.integers(3))],
        trim=(CHROME, (110, 110, 110), (40, 40, 40))[int(rng.integers(3))],
        plate_low=bool(rng.random() < 0.4),
        name=_NAMES[int(rng.integers(len(_NAMES)))],
        low=float(rng.uniform(-0.03, 0.03)),
    )


def build(rng: np.random.Generator, kind: str, color: str, *, words: str = "") -> Vehicle:
    """One vehicle of a type of `MAKERS`; `words` go on the sides of vans, trucks and buses."""
    paint = COLORS[color]
    gain, cast = rng.uniform(0.88, 1.06), rng.normal(0, 2.0, 3)
    paint = tuple(float(np.clip(c * gain + t, 6, 240)) for c, t in zip(paint, cast, strict=True))  # type: ignore[assignment]
    return replace(MAKERS[kind](style(rng), paint, words), color=color)


# ------------------------------------------------------------------ cars


def _sedan(s: Style, paint: Bgr, words: str) -> Vehicle:
    return _car(
        "sedan",
        s,
        paint,
        words,
        length=4.75,
        half=0.91,
        roof=1.44,
        belt=0.96,
        cabin=(1.2, -1.95),
        top=(0.25, -0.95),
        hood=1.1,
    )


def _suv(s: Style, paint: Bgr, words: str) -> Vehicle:
    return _car(
        "suv",
        s,
        paint,
        words,
        length=4.7,
        half=0.95,
        roof=1.74,
        belt=1.1,
        cabin=(1.35, -2.22),
        top=(0.55, -1.95),
        hood=1.25,
    )


def _van(s: Style, paint: Bgr, words: str) -> Vehicle:
    return _car(
        "van",
        s,
        paint,
        words,
        length=5.3,
        half=0.99,
        roof=2.3,
        belt=1.18,
        cabin=(2.1, -2.6),
        top=(1.25, -2.52),
        hood=1.95,
        panelled=True,
    )


def _car(
    kind: str,
    s: Style,
    paint: Bgr,
    words: str,
    *,
    length: float,
    half: float,
    roof: float,
    belt: float,
    cabin: tuple[float, float],
    top: tuple[float, float],
    hood: float,
    panelled: bool = False,
) -> Vehicle:
    """Two bodies on four wheels: the lower one with bumpers and hood, and the cabin."""
    f, r = length / 2, -length / 2
    nose = belt - 0.2 if not panelled else belt - 0.08
    tail = max(cabin[1] + 0.05, r + 0.1)
    lower = [
        Level(0.2, f - 0.14, r + 0.16, half - 0.12, 0.35),
        Level(0.3, f - 0.04, r + 0.05, half - 0.03, 0.42),
        Level(0.42, f, r, half, 0.45, 0.09),
        Level(0.56, f, r, half, 0.45, 0.09),
        Level(0.64, f - 0.03, r + 0.04, half, 0.42, 0.08),
        Level(nose, f - 0.1, r + 0.07, half - 0.01, 0.4),
        Level(nose + 0.07, f - 0.32, r + 0.08, half - 0.02, 0.35),
        Level(belt - 0.05, hood + 0.35, r + 0.1, half - 0.03, 0.3),
        Level(belt, hood, min(tail, r + 0.2), half - 0.06, 0.25),
    ]
    inset = 0.1 if roof < 2 else 0.03
    upper = [
        Level(belt + 0.01, cabin[0] - 0.07, cabin[1] + 0.02, half - 0.07, 0.3, 0.04),
        Level(belt + 0.05, cabin[0] - 0.12, cabin[1] + 0.03, half - 0.08, 0.3, 0.04),
        Level(*_between(belt + 0.05, roof - 0.05, 0.45, cabin, top), half - 0.1 - inset / 2, 0.28, 0.05),
        Level(*_between(belt + 0.05, roof - 0.05, 0.8, cabin, top), half - 0.13 - inset, 0.25, 0.05),
        Level(roof - 0.05, top[0], top[1], half - 0.18 - inset, 0.25, 0.04),
        Level(roof, top[0] - 0.25, top[1] + 0.2, half - 0.28 - inset, 0.25),
    ]
    radius, wide = 0.335 if roof < 1.6 else 0.37, 0.23
    axles = (f - 0.95, r + 0.95)
    wheels = [cylinder((sx * (half - 0.14), radius, z), radius, wide, TYRE) for sx in (-1, 1) for z in axles]
    mirrors = [_mirror(sx * (half + 0.07), belt + 0.04, cabin[0] - 0.5, 0.13, 0.13, PAINT) for sx in (-1, 1)]
    body = join([stack(lower, BODY), stack(upper, CABIN), *wheels, *mirrors])
    low = s.plate_low and kind == "sedan"
    rear_y = 0.52 if low else (belt - 0.17 if kind == "sedan" else belt - 0.22 if kind == "suv" else 0.78)
    sides = {
        "front": _front(s, paint, half, belt, roof, nose, panelled=panelled),
        "rear": _rear(kind, s, paint, half, belt, roof, rear_y),
        **_sides(s, paint, length, half, belt, roof, cabin, top, axles, radius, panelled=panelled, words=words),
    }
    front_y = 0.46 if kind != "van" else 0.52
    mounts = (_mount(body, front_y, 1), _mount(body, rear_y, -1))
    return Vehicle(kind, "", body, sides, _parts(paint), *mounts, length=length, width=2 * half, height=roof)


def _mirror(x: float, y: float, z: float, wide: float, high: float, part: int) -> Mesh:
    """A wing mirror with the arm that holds it: its lower edge at y."""
    shell = stack(
        [
            Level(y + high * a, z + 0.07 * b, z - 0.05, wide / 2 * b, 0.05, 0.02)
            for a, b in ((0, 0.7), (0.2, 1), (0.8, 1), (1, 0.75))
        ],
        part,
    )
    inward = -0.1 if x > 0 else 0.1
    arm = stack(
        [Level(y - 0.02, z + 0.04, z - 0.01, 0.12, 0.01, 0.0), Level(y + 0.04, z + 0.04, z - 0.01, 0.12, 0.01, 0.0)],
        PLASTIC,
        between=1,
        smooth=False,
    )
    moved = [
        Mesh(m.vertices + np.array([dx, 0, 0], np.float32), m.normals, m.triangles, m.part)
        for m, dx in ((arm, x + inward), (shell, x))
    ]
    return join(moved)


def _between(
    y0: float, y1: float, share: float, low: tuple[float, float], high: tuple[float, float]
) -> tuple[float, float, float]:
    """A cabin's height, front and rear, part of the way up its straight windows."""
    front, rear = (low[0] - 0.12, low[1] + 0.03)
    return y0 + (y1 - y0) * share, front + (high[0] - front) * share, rear + (high[1] - rear) * share


def _parts(paint: Bgr) -> NDArray[np.float32]:
    return np.array([paint, RUBBER, (34, 34, 34), (52, 42, 38), (20, 20, 20), paint, paint], np.float32)


def _mount(body: Mesh, y: float, end: int, *, lean: float = 0.0, width: float = 0.305, height: float = 0.1525) -> Mount:
    """A plate just clear of the body's middle line at a height, at the front (1) or the rear (-1)."""
    v = body.vertices
    near = (np.abs(v[:, 0]) < 0.25) & (np.abs(v[:, 1] - y) < 0.09) & (v[:, 2] * end > 0)
    reach = float((v[near, 2] * end).max()) if near.any() else float((v[:, 2] * end).max())
    return Mount(y=y, z=end * (reach + 0.012), lean=lean, width=width, height=height)


def _front(s: Style, paint: Bgr, half: float, belt: float, roof: float, nose: float, *, panelled: bool) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    seam = bw.darker(paint, 0.35)
    d.rect(-half, 0, half, 0.3, BLACK, 0.1)
    if s.lamps == 2:
        d.rect(-half * 0.75, 0.24, half * 0.75, 0.42, BLACK, 0.1, radius=0.06)
    else:
        bw.slats(d, -half * 0.55, 0.25, half * 0.55, 0.37, 0, (45, 45, 45))
    d.line([(-half, 0.58), (-half * 0.6, 0.55), (half * 0.6, 0.55), (half, 0.58)], seam, 0.008)
    top = nose - 0.02
    bw.slats(d, -half * 0.52, 0.57, half * 0.52, top - 0.02, s.grille, s.trim)
    bw.badge(d, 0, (0.57 + top) / 2, 0.06, s.badge)
    slope = (0.03, 0.07, 0.0)[s.lamps]
    lamp = [
        (half * 0.55, top - 0.14),
        (half * 0.99, top - 0.1 + slope),
        (half * 1.0, top + slope),
        (half * 0.6, top - 0.01),
    ]
    d.both(lamp, (60, 60, 58), 0.8)
    for x in (0.68, 0.84):
        for sign in (-1, 1):
            d.disc(
                sign * half * x,
                top - 0.06 + slope * (x - 0.5),
                0.05,
                0.042,
                (200, 200, 196),
                0.9,
                1.0 if x < 0.7 else 0.35,
            )
    d.both(
        [
            (half * 0.93, top - 0.1),
            (half * 0.99, top - 0.08 + slope),
            (half * 0.99, top - 0.03 + slope),
            (half * 0.94, top - 0.05),
        ],
        (30, 110, 220),
        0.6,
    )
    for sign in (-1, 1):
        d.disc(sign * half * 0.78, 0.35, 0.045, 0.04, (150, 150, 150), 0.7)
    d.line(
        [(-half * 0.9, top + 0.02), (-half * 0.5, top + 0.035), (half * 0.5, top + 0.035), (half * 0.9, top + 0.02)],
        seam,
        0.008,
    )
    _windscreen(d, half, belt, roof, front=True)
    if panelled:
        d.rect(-half * 0.5, 0.44, half * 0.5, 0.6, bw.darker(paint, 0.5), 0.2)
    d.rect(-0.2, 0.37, 0.2, 0.55, (30, 30, 30), 0.15)
    return d


def _rear(kind: str, s: Style, paint: Bgr, half: float, belt: float, roof: float, plate_y: float) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    seam = bw.darker(paint, 0.3)
    d.rect(-half * 0.8, 0, half * 0.8, 0.33, BLACK, 0.1, radius=0.06)
    if kind != "van":
        for sign in (-1, 1):
            d.disc(sign * half * 0.62, 0.27, 0.06, 0.035, (90, 90, 90), 0.5)
            d.disc(sign * half * 0.62, 0.27, 0.045, 0.024, BLACK, 0.0)
    d.line([(-half, 0.62), (half, 0.62)], seam, 0.01)
    d.both([(half * 0.7, 0.42), (half * 0.93, 0.43), (half * 0.93, 0.46), (half * 0.7, 0.455)], (30, 30, 150), 0.5)
    _tail_lamps(d, kind, s, half, belt, roof)
    bw.recess(d, plate_y)
    d.line(
        [(-half * 0.66, 0.64), (-half * 0.7, belt - 0.02), (half * 0.7, belt - 0.02), (half * 0.66, 0.64)], seam, 0.008
    )
    _windscreen(d, half, belt, roof, front=False, low=roof < 1.6)
    if kind == "van":
        d.line([(0, 0.4), (0, roof - 0.1)], seam, 0.012)
        d.both(
            [(0.08, belt + 0.1), (half * 0.78, belt + 0.1), (half * 0.72, roof - 0.4), (0.08, roof - 0.4)], GLASS, 0.9
        )
        d.rect(0.03, plate_y + 0.2, 0.12, plate_y + 0.24, BLACK, 0.2)
        bw.recess(d, plate_y)
    else:
        badge_y = min(belt - 0.03, plate_y + 0.2) if plate_y > 0.6 else belt - 0.14
        bw.badge(d, 0, badge_y, 0.05, s.badge)
        d.text(s.name, -half * 0.45, badge_y - 0.04, 0.04, CHROME)
        d.text(("2.0T", "LX", "AWD")[s.grille], half * 0.48, badge_y - 0.04, 0.04, CHROME)
    return d


def _tail_lamps(d: Drawing, kind: str, s: Style, half: float, belt: float, roof: float) -> None:
    red, clear, amber = (24.0, 18.0, 128.0), (200.0, 196.0, 200.0), (30.0, 110.0, 220.0)
    if kind == "sedan":
        y0, y1, inner = belt - 0.22, belt - 0.05, (0.55, 0.62, 0.5)[s.lamps]
        d.both(
            [(half * inner, y0 + 0.02), (half * 1.02, y0 - 0.01), (half * 1.02, y1), (half * (inner + 0.06), y1)],
            red,
            0.75,
            0.26,
        )
        d.both(
            [
                (half * inner + 0.03, y0 + 0.05),
                (half * 0.8, y0 + 0.04),
                (half * 0.8, y0 + 0.08),
                (half * inner + 0.04, y0 + 0.09),
            ],
            clear,
            0.7,
        )
        return
    top = belt + 0.1 if s.lamps == 0 else roof - 0.35 if kind == "suv" else belt + 0.25
    x0 = half * (0.82 if kind == "suv" else 0.88)
    d.both([(x0, 0.72), (half * 1.03, 0.72), (half * 1.0, top), (x0 + 0.02, top)], red, 0.7, 0.26)
    d.both([(x0 + 0.02, 0.78), (half * 0.99, 0.78), (half * 0.98, 0.86), (x0 + 0.02, 0.86)], clear, 0.7)
    d.both([(x0 + 0.02, 0.9), (half * 0.99, 0.9), (half * 0.98, 0.95), (x0 + 0.02, 0.95)], amber, 0.7)


def _windscreen(d: Drawing, half: float, belt: float, roof: float, *, front: bool, low: bool = False) -> None:
    """Front or rear window with its black border; nobody sits behind it."""
    y0, y1 = belt + (0.03 if front or low else 0.08), roof - (0.1 if front or low else 0.16)
    w0, w1 = half - 0.14, half - 0.3 if roof < 2 else half - 0.16
    d.poly([(-w0, y0), (w0, y0), (w1, y1), (-w1, y1)], (12, 12, 12), 0.6)
    e = 0.035
    d.poly([(-w0 + e, y0 + e), (w0 - e, y0 + e), (w1 - e, y1 - e), (-w1 + e, y1 - e)], GLASS, 0.95)
    if front:
        d.poly(
            [(-w0 + e, y0 + e), (w0 - e, y0 + e), (w0 - 0.06, y0 + 0.12), (-w0 + 0.06, y0 + 0.12)], (44, 42, 40), 0.7
        )
        d.disc(0.36, y0 + 0.13, 0.17, 0.1, (16, 16, 16), 0.7)
        for x in (-0.38, 0.38):
            d.rect(x - 0.13, y1 - 0.3, x + 0.13, y1 - 0.1, (40, 38, 36), 0.85, radius=0.05)
        d.line([(-w0 + 0.1, y0), (0.1, y0 + 0.06)], BLACK, 0.018)
        d.line([(-0.05, y0), (w0 - 0.15, y0 + 0.08)], BLACK, 0.018)
        d.rect(-0.11, y1 - 0.11, 0.11, y1 - 0.05, BLACK, 0.4)
    else:
        for y in np.arange(y0 + 0.08, y1 - 0.05, 0.035):
            d.line([(-w1 + 0.02, y), (w1 - 0.02, y)], (38, 38, 42), 0.004)
        d.rect(-0.16, y1 - 0.03, 0.16, y1, (24, 18, 110), 0.5, 0.2)
        for x in (-0.35, 0.35):
            d.rect(x - 0.12, y0 + 0.03, x + 0.12, y0 + 0.15, (38, 36, 34), 0.9, radius=0.04)


def _sides(
    s: Style,
    paint: Bgr,
    length: float,
    half: float,
    belt: float,
    roof: float,
    cabin: tuple[float, float],
    top: tuple[float, float],
    axles: Sequence[float],
    radius: float,
    *,
    panelled: bool,
    words: str,
) -> dict[str, Drawing]:
    """The right side as it is drawn, the left one mirrored; words read forward on both."""
    d = Drawing(-length / 2 - 0.1, length + 0.2, roof + 0.08, paint, per_metre=160)
    seam = bw.darker(paint, 0.35)
    d.rect(-length / 2, 0, length / 2, 0.28, BLACK, 0.1)
    y0, y1 = belt + 0.03, roof - 0.12
    a, b, c, e = cabin[0] - 0.25, top[0] + 0.02, top[1] - 0.02, cabin[1] + 0.22
    if panelled:
        d.poly([(0.95, y0), (a, y0), (b + 0.15, y1 - 0.25), (0.95, y1 - 0.25)], GLASS, 0.95)
        d.line([(-0.6, 0.35), (-0.6, roof - 0.2), (0.85, roof - 0.2), (0.85, 0.35)], seam, 0.012)
    else:
        d.poly([(e, y0), (a, y0), (b, y1), (c, y1)], (12, 12, 12), 0.6)
        pillar = (a + e) / 2 - 0.05
        d.poly(
            [(pillar + 0.05, y0 + 0.03), (a - 0.08, y0 + 0.03), (b - 0.03, y1 - 0.03), (pillar + 0.05, y1 - 0.03)],
            GLASS,
            0.95,
        )
        d.poly(
            [(e + 0.1, y0 + 0.03), (pillar - 0.05, y0 + 0.03), (pillar - 0.05, y1 - 0.03), (c + 0.06, y1 - 0.03)],
            GLASS,
            0.95,
        )
        d.line([(pillar, 0.3), (pillar, belt)], seam, 0.01)
        d.line([(a - 0.05, 0.32), (a + 0.02, belt)], seam, 0.01)
        d.line([(pillar - 0.9, 0.55), (pillar - 0.95, belt)], seam, 0.01)
        for x in (pillar + 0.12, pillar - 0.82):
            d.rect(x, belt - 0.14, x + 0.2, belt - 0.1, s.trim if s.trim != BLACK else paint, 0.6)
    d.line([(-length / 2 + 0.2, belt - 0.22), (length / 2 - 0.6, belt - 0.18)], bw.darker(paint, 0.75), 0.02)
    d.rect(-length / 2 - 0.05, belt - 0.2, -length / 2 + 0.2, belt - 0.04, (24, 18, 128), 0.7, 0.2)
    d.rect(length / 2 - 0.28, belt - 0.24, length / 2 - 0.02, belt - 0.12, (120, 120, 118), 0.8, 0.3)
    for x in axles:
        bw.wheel(d, x, radius, s.spokes, s.rim)
    return lettered(d, words, (-0.9, (belt + 0.35) if panelled else belt - 0.3), 0.3 if panelled else 0.12)


def lettered(
    d: Drawing, words: str, centre: tuple[float, float], high: float, color: Bgr = (110, 40, 20)
) -> dict[str, Drawing]:
    """Left and right side of one drawing; `words` (lines parted by `/`) read forward on both."""
    right, left = d, replace_pixels(d, flip=True)
    for number, line in enumerate(words.split("/") if words else ()):
        y = centre[1] - number * high * 1.5
        size = high if number == 0 else high * 0.6
        right.text(line, centre[0], y, size, color)
        left.text(line, -centre[0], y, size, color)
    return {"left": left, "right": right}


def replace_pixels(d: Drawing, *, flip: bool) -> Drawing:
    """A copy of a drawing, mirrored if asked; its left edge is mirrored too."""
    other = Drawing(-(d.left + d.width) if flip else d.left, d.width, d.height, d.paint, d.per_metre)
    for name in ("color", "gloss", "glow"):
        pixels = getattr(d, name)
        setattr(other, name, np.ascontiguousarray(cv2.flip(pixels, 1) if flip else pixels))
    return other


# ------------------------------------------------------------------ larger and smaller vehicles


def _pickup(s: Style, paint: Bgr, words: str) -> Vehicle:
    length, half, roof, belt = 5.8, 1.0, 1.92, 1.2
    f, r = length / 2, -length / 2
    lower = [
        Level(0.32, f - 0.15, r + 0.18, half - 0.12, 0.3),
        Level(0.42, f - 0.03, r + 0.06, half - 0.03, 0.32),
        Level(0.5, f, r, half, 0.3, 0.06),
        Level(0.7, f, r, half, 0.28, 0.06),
        Level(0.72, f - 0.04, r + 0.14, half, 0.25, 0.05),
        Level(1.02, f - 0.06, r + 0.14, half, 0.25, 0.04),
        Level(1.12, f - 0.25, r + 0.14, half - 0.01, 0.22, 0.03),
        Level(belt, 1.55, r + 0.15, half - 0.02, 0.12, 0.02),
    ]
    upper = [
        Level(belt + 0.01, 1.45, -0.75, half - 0.06, 0.25),
        Level(belt + 0.05, 1.4, -0.74, half - 0.07, 0.25),
        Level(1.6, 0.95, -0.7, half - 0.14, 0.25),
        Level(roof - 0.1, 0.6, -0.64, half - 0.2, 0.22),
        Level(roof - 0.03, 0.5, -0.55, half - 0.26, 0.22),
        Level(roof, 0.35, -0.45, half - 0.36, 0.22),
    ]
    axles, radius = (f - 1.0, r + 1.25), 0.4
    wheels = [cylinder((sx * (half - 0.15), radius, z), radius, 0.27, TYRE) for sx in (-1, 1) for z in axles]
    bumper = stack(
        [Level(0.46, r + 0.1, r - 0.06, half - 0.1, 0.05, 0.0), Level(0.66, r + 0.1, r - 0.06, half - 0.1, 0.05, 0.0)],
        BODY,
        smooth=False,
    )
    mirrors = [_mirror(sx * (half + 0.1), belt + 0.02, 0.95, 0.16, 0.22, PLASTIC) for sx in (-1, 1)]
    body = join([stack(lower, BODY), stack(upper, CABIN), bumper, *wheels, *mirrors])
    sides = {
        "front": _pickup_front(s, paint, half, belt, roof),
        "rear": _pickup_rear(s, paint, half, belt, roof),
        **_sides(
            s, paint, length, half, belt, roof, (1.5, -0.85), (0.6, -0.6), axles, radius, panelled=False, words=words
        ),
    }
    mounts = (_mount(body, 0.62, 1), _mount(body, 0.57, -1))
    return Vehicle("pickup", "", body, sides, _parts(paint), *mounts, length=length, width=2 * half, height=roof)


def _pickup_front(s: Style, paint: Bgr, half: float, belt: float, roof: float) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    d.rect(-half, 0, half, 0.46, BLACK, 0.1)
    d.rect(-half, 0.48, half, 0.72, s.trim if s.trim == CHROME else paint, 0.6, radius=0.06)
    bw.slats(d, -half * 0.6, 0.76, half * 0.6, 1.1, s.grille, s.trim)
    d.text(s.name, 0, 0.93, 0.1, s.trim, wide=0.8)
    d.both([(half * 0.63, 0.8), (half, 0.82), (half, 1.08), (half * 0.63, 1.08)], (60, 60, 58), 0.8)
    for sign in (-1, 1):
        d.disc(sign * half * 0.76, 0.95, 0.075, 0.07, (205, 205, 200), 0.9, 1.0)
        d.disc(sign * half * 0.75, 0.55, 0.05, 0.045, (150, 150, 150), 0.7)
    d.line([(-half * 0.95, 1.12), (half * 0.95, 1.12)], bw.darker(paint, 0.35), 0.01)
    d.rect(-0.19, 0.53, 0.19, 0.71, (30, 30, 30), 0.1)
    _windscreen(d, half, belt, roof, front=True)
    return d


def _pickup_rear(s: Style, paint: Bgr, half: float, belt: float, roof: float) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    seam = bw.darker(paint, 0.3)
    d.rect(-half, 0, half, 0.46, BLACK, 0.05)
    d.rect(-half * 0.95, 0.45, half * 0.95, 0.68, s.trim if s.trim == CHROME else (70, 70, 70), 0.6, radius=0.03)
    d.rect(-0.24, 0.47, 0.24, 0.67, (24, 24, 24), 0.1)
    d.disc(0, 0.4, 0.05, 0.05, (60, 60, 60), 0.4)
    d.rect(-half * 0.8, 0.74, half * 0.8, belt - 0.03, paint, 0.5)
    d.line(
        [(-half * 0.8, 0.73), (-half * 0.8, belt), (half * 0.8, belt), (half * 0.8, 0.73), (-half * 0.8, 0.73)],
        seam,
        0.012,
    )
    d.text(s.name, 0, 0.9, 0.13, bw.darker(paint, 0.5) if s.lamps else CHROME, wide=1.0)
    d.rect(-0.12, belt - 0.14, 0.12, belt - 0.07, BLACK, 0.2)
    d.both(
        [(half * 0.83, 0.76), (half * 1.02, 0.76), (half * 1.02, belt - 0.06), (half * 0.83, belt - 0.06)],
        (24, 18, 128),
        0.7,
        0.26,
    )
    d.both([(half * 0.85, 0.84), (half * 0.98, 0.84), (half * 0.98, 0.93), (half * 0.85, 0.93)], (200, 196, 200), 0.7)
    _windscreen(d, half, belt, roof, front=False)
    return d


def _truck(s: Style, paint: Bgr, words: str) -> Vehicle:
    """A box lorry: cab, box with lettering, under-run bar with the rear plate."""
    length, half = 8.2, 1.22
    f, r = length / 2, -length / 2
    cab = [
        Level(0.4, f - 0.12, 2.2, 1.0, 0.25),
        Level(0.5, f, 2.2, 1.08, 0.28),
        Level(0.95, f, 2.2, 1.1, 0.28, 0.06),
        Level(1.25, f - 0.08, 2.2, 1.1, 0.25),
        Level(2.0, f - 0.35, 2.2, 1.06, 0.25),
        Level(2.35, f - 0.6, 2.2, 1.0, 0.25),
        Level(2.42, f - 0.85, 2.2, 0.9, 0.2),
    ]
    box = [
        Level(1.0, 2.1, r, half, 0.03, 0.0),
        Level(1.1, 2.1, r, half, 0.03, 0.0),
        Level(3.5, 2.1, r, half, 0.03, 0.0),
        Level(3.55, 2.08, r + 0.02, half - 0.02, 0.03, 0.0),
    ]
    frame = [Level(0.64, 2.3, r + 0.1, 1.12, 0.03, 0.0), Level(1.0, 2.3, r + 0.1, 1.12, 0.03, 0.0)]
    bar = [Level(0.48, r + 0.12, r + 0.02, 1.1, 0.03, 0.0), Level(0.6, r + 0.12, r + 0.02, 1.1, 0.03, 0.0)]
    axles, radius = (f - 0.95, r + 1.9), 0.46
    wheels = [
        cylinder((sx * x, radius, z), radius, w, TYRE)
        for sx in (-1, 1)
        for z, x, w in ((axles[0], 0.95, 0.28), (axles[1], 0.88, 0.55))
    ]
    mirrors = [_mirror(sx * 1.24, 1.5, f - 0.45, 0.2, 0.42, PLASTIC) for sx in (-1, 1)]
    body = join(
        [
            stack(frame, BODY, smooth=False),
            *wheels,
            stack(cab, BODY),
            *mirrors,
            stack(bar, PLASTIC, smooth=False),
            stack(box, BODY, smooth=False),
        ]
    )
    sides = {
        "front": _truck_front(s, paint, f),
        "rear": _truck_rear(s, half, words),
        **_truck_sides(s, paint, length, axles, radius, words),
    }
    mounts = (_mount(body, 0.62, 1), Mount(y=0.72, z=r + 0.05, x=-0.72))
    return Vehicle(
        "truck", "", body, sides, _parts((225, 225, 222)), *mounts, length=length, width=2 * half, height=3.55
    )


def _truck_front(s: Style, paint: Bgr, _front_z: float) -> Drawing:
    d = Drawing(-1.3, 2.6, 3.65, (225, 225, 222))
    d.poly([(-1.15, 0.3), (1.15, 0.3), (1.15, 2.42), (-1.15, 2.42)], paint, 0.5)
    d.rect(-1.1, 0.3, 1.1, 0.75, (50, 50, 50), 0.2)
    bw.slats(d, -0.7, 0.78, 0.7, 1.15, s.grille, s.trim)
    d.both([(0.76, 0.85), (1.08, 0.85), (1.08, 1.08), (0.76, 1.08)], (60, 60, 60), 0.8)
    for sign in (-1, 1):
        d.disc(sign * 0.92, 0.97, 0.08, 0.075, (205, 205, 200), 0.9, 1.0)
    d.poly([(-1.0, 1.38), (1.0, 1.38), (0.93, 2.15), (-0.93, 2.15)], (12, 12, 12), 0.6)
    d.poly([(-0.95, 1.43), (0.95, 1.43), (0.89, 2.1), (-0.89, 2.1)], GLASS, 0.95)
    d.line([(-0.8, 1.4), (0.1, 1.5)], BLACK, 0.02)
    d.text(s.name, 0, 1.26, 0.1, s.trim)
    return d


def _truck_rear(s: Style, half: float, words: str) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, 3.65, (218, 218, 214))
    d.rect(-half, 0, half, 1.0, (30, 30, 30), 0.05)
    d.rect(-half * 0.95, 0.48, half * 0.95, 0.6, (60, 60, 60), 0.1)
    for k in range(12):
        color = (24.0, 18.0, 140.0) if k % 2 else (225.0, 225.0, 225.0)
        d.rect(-half + k * half / 6, 1.01, -half + (k + 1) * half / 6, 1.06, color, 0.3, radius=0.0)
    d.rect(-half + 0.12, 1.12, half - 0.12, 3.35, (228, 228, 225), 0.3)
    for y in np.arange(1.3, 3.3, 0.2):
        d.line([(-half + 0.12, y), (half - 0.12, y)], (176, 176, 172), 0.012)
    d.rect(-0.2, 1.16, 0.2, 1.22, (70, 70, 70), 0.3)
    for number, line in enumerate(words.split("/") if words else ()):
        d.text(
            line,
            0,
            2.7 - number * 0.34,
            0.24 if number == 0 else 0.14,
            (110, 40, 20),
            font=s.lamps,
            wide=1.7 if number == 0 else 1.3,
        )
    for sign in (-1, 1):
        d.rect(sign * 0.95 - 0.16, 0.72, sign * 0.95 + 0.16, 0.86, (24, 18, 128), 0.6, 0.26)
        d.disc(sign * (half - 0.1), 3.45, 0.04, 0.03, (24, 18, 140), 0.6, 0.2)
    return d


def _truck_sides(
    s: Style, paint: Bgr, length: float, axles: Sequence[float], radius: float, words: str
) -> dict[str, Drawing]:
    d = Drawing(-length / 2 - 0.1, length + 0.2, 3.65, (226, 226, 223), per_metre=110)
    d.rect(2.15, 0.35, length / 2 + 0.1, 2.5, paint, 0.5)
    d.rect(-length / 2, 0, 2.15, 1.0, (26, 26, 26), 0.05)
    d.poly([(2.7, 1.35), (3.7, 1.35), (3.45, 2.1), (2.7, 2.1)], GLASS, 0.95)
    d.line([(2.6, 0.5), (2.6, 2.2)], bw.darker(paint), 0.015)
    for x in np.arange(-length / 2 + 0.1, 2.1, 0.42):
        d.line([(x, 1.02), (x, 3.5)], (205, 205, 202), 0.012)
    d.rect(-length / 2, 1.0, 2.1, 1.06, (150, 150, 148), 0.4)
    d.rect(-length / 2, 3.46, 2.1, 3.55, (150, 150, 148), 0.4)
    for x in axles:
        bw.wheel(d, x, radius, s.spokes, (170, 170, 168))
    return lettered(d, words, (-1.0, 2.65), 0.5)


def _bus(s: Style, paint: Bgr, words: str) -> Vehicle:
    length, half, roof = 10.5, 1.25, 3.05
    f, r = length / 2, -length / 2
    hull = [
        Level(0.3, f - 0.1, r + 0.1, half - 0.05, 0.25),
        Level(0.45, f, r, half, 0.3, 0.08),
        Level(1.2, f, r, half, 0.3, 0.1),
        Level(2.5, f - 0.12, r + 0.05, half - 0.02, 0.28, 0.1),
        Level(2.85, f - 0.25, r + 0.12, half - 0.06, 0.28, 0.08),
        Level(3.0, f - 0.4, r + 0.3, half - 0.16, 0.28),
        Level(roof, f - 0.6, r + 0.5, half - 0.35, 0.28),
    ]
    axles, radius = (f - 2.3, r + 2.6), 0.48
    wheels = [cylinder((sx * (half - 0.16), radius, z), radius, 0.28, TYRE) for sx in (-1, 1) for z in axles]
    mirrors = [_mirror(sx * (half + 0.12), 1.95, f - 0.05, 0.2, 0.38, PLASTIC) for sx in (-1, 1)]
    body = join([*wheels, stack(hull, BODY), *mirrors])
    front, rear = (Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint) for _ in range(2))
    front.rect(-half * 0.9, 1.15, half * 0.9, 2.35, GLASS, 0.95, radius=0.12)
    front.line([(0, 1.15), (0, 2.35)], BLACK, 0.03)
    front.rect(-half * 0.72, 2.45, half * 0.72, 2.75, (16, 16, 16), 0.5)
    front.text(words.split("/", maxsplit=1)[0] or "CITY", 0, 2.6, 0.16, (40, 170, 240))
    for sign in (-1, 1):
        front.disc(sign * half * 0.76, 0.72, 0.1, 0.08, (205, 205, 200), 0.9, 1.0)
    bw.slats(front, -0.5, 0.62, 0.5, 0.85, s.grille, s.trim)
    rear.rect(-half * 0.75, 1.75, half * 0.75, 2.5, GLASS, 0.95, radius=0.08)
    bw.slats(rear, -half * 0.6, 0.95, half * 0.6, 1.5, 0, (60, 60, 60))
    rear.text(words.split("/", maxsplit=1)[0] or "CITY", 0, 2.7, 0.16, (110, 40, 20))
    for sign in (-1, 1):
        for y in (0.85, 1.1, 1.35):
            rear.disc(sign * half * 0.86, y, 0.08, 0.08, (24, 18, 128) if y > 1 else (30, 110, 220), 0.7, 0.26)
    for d in (front, rear):
        d.rect(-half, 0, half, 0.4, BLACK, 0.1)
    bw.recess(rear, 0.62)
    side = Drawing(-length / 2 - 0.1, length + 0.2, roof + 0.08, paint, per_metre=90)
    side.rect(-length / 2, 0, length / 2, 0.36, BLACK, 0.1)
    for x in np.arange(-length / 2 + 0.35, length / 2 - 1.2, 1.15):
        side.rect(x, 1.45, x + 1.02, 2.45, GLASS, 0.95, radius=0.06)
    for x in axles:
        bw.wheel(side, x, radius, s.spokes, (170, 170, 168))
    sides = {"front": front, "rear": rear, **lettered(side, words, (0.0, 1.1), 0.26)}
    mounts = (_mount(body, 0.48, 1), _mount(body, 0.62, -1))
    return Vehicle("bus", "", body, sides, _parts(paint), *mounts, length=length, width=2 * half, height=roof)


def _motorcycle(s: Style, paint: Bgr, words: str) -> Vehicle:  # noqa: ARG001
    """With a helmeted rider seen from behind or in front; the plate (7×4 inches) is at the rear only."""
    wheels = [cylinder((0, 0.31, z), 0.31, w, TYRE) for z, w in ((0.72, 0.13), (-0.72, 0.18))]
    lumps = [
        ball((0, 0.62, 0.1), (0.2, 0.24, 0.62), PLASTIC),
        ball((0, 0.86, 0.2), (0.17, 0.14, 0.34), PAINT),
        ball((0, 0.84, -0.62), (0.12, 0.08, 0.3), PAINT),
        ball((0, 1.02, 0.55), (0.14, 0.16, 0.14), PAINT),
        ball((0, 1.22, -0.14), (0.21, 0.34, 0.16), LEATHER),
        ball((0, 0.92, -0.2), (0.2, 0.15, 0.2), CLOTH),
    ]
    for sign in (-1, 1):
        lumps += [
            ball((sign * 0.25, 1.33, 0.05), (0.1, 0.12, 0.2), LEATHER),
            ball((sign * 0.33, 1.14, 0.28), (0.07, 0.1, 0.22), LEATHER),
            ball((sign * 0.25, 0.72, 0.05), (0.1, 0.14, 0.28), CLOTH),
            ball((sign * 0.24, 0.45, -0.12), (0.075, 0.24, 0.1), CLOTH),
            ball((sign * 0.42, 1.1, 0.5), (0.06, 0.04, 0.03), PLASTIC),
        ]
    lumps.append(ball((0, 1.66, 0.0), (0.14, 0.16, 0.16), PAINT))
    tail = stack([Level(0.72, -0.78, -0.86, 0.09, 0.03, 0.0), Level(0.82, -0.76, -0.88, 0.09, 0.03, 0.0)], BODY)
    guard = stack([Level(0.42, -0.84, -0.9, 0.08, 0.02, 0.0), Level(0.72, -0.8, -0.87, 0.08, 0.02, 0.0)], PLASTIC)
    lamp = ball((0, 0.95, 0.72), (0.1, 0.1, 0.05), BODY)
    body = join([*wheels, *lumps, guard, tail, lamp])
    blank = {name: Drawing(-1.2, 2.4, 1.9, paint, per_metre=100) for name in ("left", "right")}
    front, rear = Drawing(-0.5, 1.0, 1.9, paint), Drawing(-0.5, 1.0, 1.9, paint)
    rear.rect(-0.09, 0.7, 0.09, 0.84, (24, 18, 128), 0.7, 0.3)
    front.disc(0, 0.95, 0.1, 0.1, (205, 205, 200), 0.9, 1.0)
    rear_plate = Mount(y=0.58, z=-0.915, lean=0.12, width=0.178, height=0.102)
    return Vehicle(
        "motorcycle",
        "",
        body,
        {"front": front, "rear": rear, **blank},
        _parts(paint),
        replace(rear_plate, z=0.9),
        rear_plate,
        length=2.1,
        width=0.8,
        height=1.82,
    )


MAKERS = {
    "sedan": _sedan,
    "suv": _suv,
    "pickup": _pickup,
    "van": _van,
    "truck": _truck,
    "bus": _bus,
    "motorcycle": _motorcycle,
}
"""Vehicle types by the names that sightings use."""
