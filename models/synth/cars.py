"""Sedan, SUV, van and pickup: a lower body, a cabin on it, and what is drawn on their four sides."""

from __future__ import annotations

from models.synth import bodywork as bw
from models.synth.bodies import (
    AMBER_LENS,
    BODY,
    CABIN,
    CLEAR_LENS,
    LENS,
    PAINT,
    PLASTIC,
    RED_LENS,
    TAIL_GLOW,
    Shape,
    Style,
    Vehicle,
    lettered,
    mirror,
    mount_on,
    parts,
    wheels,
    windscreen,
)
from models.synth.bodywork import BLACK, CHROME, GLASS, Bgr, Drawing
from models.synth.mesh import Level, join, stack

SEDAN = Shape(
    kind="sedan",
    length=4.75,
    half=0.91,
    roof=1.44,
    belt=0.96,
    cabin=(1.2, -1.95),
    top=(0.25, -0.95),
    hood=1.1,
    axles=(0.95, 0.95),
    radius=0.335,
)
SUV = Shape(
    kind="suv",
    length=4.7,
    half=0.95,
    roof=1.74,
    belt=1.1,
    cabin=(1.35, -2.22),
    top=(0.55, -1.95),
    hood=1.25,
    axles=(0.95, 0.95),
    radius=0.37,
)
VAN = Shape(
    kind="van",
    length=5.3,
    half=0.99,
    roof=2.3,
    belt=1.18,
    cabin=(2.1, -2.6),
    top=(1.25, -2.52),
    hood=1.95,
    axles=(0.95, 0.95),
    radius=0.37,
    panelled=True,
)


def sedan(s: Style, paint: Bgr, words: str) -> Vehicle:
    """Three boxes; the rear plate in the trunk lid or in the bumper."""
    return _car(SEDAN, s, paint, words)


def suv(s: Style, paint: Bgr, words: str) -> Vehicle:
    """Two boxes, steep behind."""
    return _car(SUV, s, paint, words)


def van(s: Style, paint: Bgr, words: str) -> Vehicle:
    """A panel van, with words on its sides."""
    return _car(VAN, s, paint, words)


def _car(shape: Shape, s: Style, paint: Bgr, words: str) -> Vehicle:
    """Two bodies on four wheels: the lower one with bumpers and hood, and the cabin."""
    nose = shape.belt - (0.08 if shape.panelled else 0.2)
    half, belt = shape.half, shape.belt
    mirrors = [mirror(side * (half + 0.07), belt + 0.04, shape.cabin[0] - 0.5, 0.13, 0.13, PAINT) for side in (-1, 1)]
    round_wheels = wheels(half - 0.14, shape.axle_z, shape.radius, 0.23)
    body = join([stack(_lower(shape, nose), BODY), stack(_upper(shape), CABIN), *round_wheels, *mirrors])
    rear_y = (
        0.52
        if s.plate_low and shape.kind == "sedan"
        else {"sedan": belt - 0.17, "suv": belt - 0.22, "van": 0.78}[shape.kind]
    )
    sides = {
        "front": _front(shape, s, paint, nose),
        "rear": _rear(shape, s, paint, rear_y),
        **_sides(shape, s, paint, words),
    }
    mounts = (mount_on(body, 0.52 if shape.panelled else 0.46, 1), mount_on(body, rear_y, -1))
    return Vehicle(shape.kind, "", body, sides, parts(paint), *mounts, shape.length, 2 * half, shape.roof)


def _lower(shape: Shape, nose: float) -> list[Level]:
    f, r, half, belt, hood = shape.front, shape.rear, shape.half, shape.belt, shape.hood
    tail = max(shape.cabin[1] + 0.05, r + 0.1)
    return [
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


def _upper(shape: Shape) -> list[Level]:
    half, belt, roof, cabin, top = shape.half, shape.belt, shape.roof, shape.cabin, shape.top
    inset = 0.1 if roof < 2 else 0.03
    return [
        Level(belt + 0.01, cabin[0] - 0.07, cabin[1] + 0.02, half - 0.07, 0.3, 0.04),
        Level(belt + 0.05, cabin[0] - 0.12, cabin[1] + 0.03, half - 0.08, 0.3, 0.04),
        Level(*_between(belt + 0.05, roof - 0.05, 0.45, cabin, top), half - 0.1 - inset / 2, 0.28, 0.05),
        Level(*_between(belt + 0.05, roof - 0.05, 0.8, cabin, top), half - 0.13 - inset, 0.25, 0.05),
        Level(roof - 0.05, top[0], top[1], half - 0.18 - inset, 0.25, 0.04),
        Level(roof, top[0] - 0.25, top[1] + 0.2, half - 0.28 - inset, 0.25),
    ]


def _between(
    y0: float, y1: float, share: float, low: tuple[float, float], high: tuple[float, float]
) -> tuple[float, float, float]:
    """A cabin's height, front and rear, part of the way up its straight windows."""
    front, rear = (low[0] - 0.12, low[1] + 0.03)
    return y0 + (y1 - y0) * share, front + (high[0] - front) * share, rear + (high[1] - rear) * share


def _front(shape: Shape, s: Style, paint: Bgr, nose: float) -> Drawing:
    half = shape.half
    d = Drawing(-half - 0.05, 2 * half + 0.1, shape.roof + 0.08, paint)
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
    _headlamps(d, s, half, top)
    for sign in (-1, 1):
        d.disc(sign * half * 0.78, 0.35, 0.045, 0.04, (150, 150, 150), 0.7)
    d.line(
        [(-half * 0.9, top + 0.02), (-half * 0.5, top + 0.035), (half * 0.5, top + 0.035), (half * 0.9, top + 0.02)],
        seam,
        0.008,
    )
    windscreen(d, half, shape.belt, shape.roof, front=True)
    if shape.panelled:
        d.rect(-half * 0.5, 0.44, half * 0.5, 0.6, bw.darker(paint, 0.5), 0.2)
    d.rect(-0.2, 0.37, 0.2, 0.55, (30, 30, 30), 0.15)
    return d


def _headlamps(d: Drawing, s: Style, half: float, top: float) -> None:
    slope = (0.03, 0.07, 0.0)[s.lamps]
    inner, outer = half * 0.55, half
    d.both(
        [(inner, top - 0.14), (outer - 0.01, top - 0.1 + slope), (outer, top + slope), (inner + 0.05, top - 0.01)],
        (60, 60, 58),
        0.8,
    )
    for share, glow in ((0.68, 1.0), (0.84, 0.35)):
        for side in (-1, 1):
            d.disc(side * half * share, top - 0.06 + slope * (share - 0.5), 0.05, 0.042, LENS, 0.9, glow)
    y0, y1 = top - 0.08 + slope, top - 0.03 + slope
    d.both([(half * 0.93, top - 0.1), (half * 0.99, y0), (half * 0.99, y1), (half * 0.94, top - 0.05)], AMBER_LENS, 0.6)


def _rear(shape: Shape, s: Style, paint: Bgr, plate_y: float) -> Drawing:
    half, belt, roof = shape.half, shape.belt, shape.roof
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    seam = bw.darker(paint, 0.3)
    d.rect(-half * 0.8, 0, half * 0.8, 0.33, BLACK, 0.1, radius=0.06)
    if not shape.panelled:
        for sign in (-1, 1):
            d.disc(sign * half * 0.62, 0.27, 0.06, 0.035, (90, 90, 90), 0.5)
            d.disc(sign * half * 0.62, 0.27, 0.045, 0.024, BLACK, 0.0)
    d.line([(-half, 0.62), (half, 0.62)], seam, 0.01)
    d.both([(half * 0.7, 0.42), (half * 0.93, 0.43), (half * 0.93, 0.46), (half * 0.7, 0.455)], (30, 30, 150), 0.5)
    _tail_lamps(d, shape, s)
    bw.recess(d, plate_y)
    d.line(
        [(-half * 0.66, 0.64), (-half * 0.7, belt - 0.02), (half * 0.7, belt - 0.02), (half * 0.66, 0.64)], seam, 0.008
    )
    windscreen(d, half, belt, roof, front=False)
    if shape.panelled:
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


def _tail_lamps(d: Drawing, shape: Shape, s: Style) -> None:
    half, belt = shape.half, shape.belt
    outer = half * 1.02
    if shape.kind == "sedan":
        y0, y1, inner = belt - 0.22, belt - 0.05, half * (0.55, 0.62, 0.5)[s.lamps]
        lens = [(inner, y0 + 0.02), (outer, y0 - 0.01), (outer, y1), (inner + 0.05, y1)]
        d.both(lens, RED_LENS, 0.75, TAIL_GLOW)
        middle = half * 0.8
        clear = [(inner + 0.03, y0 + 0.05), (middle, y0 + 0.04), (middle, y0 + 0.08), (inner + 0.04, y0 + 0.09)]
        d.both(clear, CLEAR_LENS, 0.7)
        return
    top = belt + 0.1 if s.lamps == 0 else shape.roof - 0.35 if shape.kind == "suv" else belt + 0.25
    x0 = half * (0.82 if shape.kind == "suv" else 0.88)
    d.both([(x0, 0.72), (outer, 0.72), (half, top), (x0 + 0.02, top)], RED_LENS, 0.7, TAIL_GLOW)
    d.both([(x0 + 0.02, 0.78), (half * 0.99, 0.78), (half * 0.98, 0.86), (x0 + 0.02, 0.86)], CLEAR_LENS, 0.7)
    d.both([(x0 + 0.02, 0.9), (half * 0.99, 0.9), (half * 0.98, 0.95), (x0 + 0.02, 0.95)], AMBER_LENS, 0.7)


def _sides(shape: Shape, s: Style, paint: Bgr, words: str) -> dict[str, Drawing]:
    """Both sides of a car."""
    length, belt = shape.length, shape.belt
    d = Drawing(-length / 2 - 0.1, length + 0.2, shape.roof + 0.08, paint, per_metre=160)
    d.rect(-length / 2, 0, length / 2, 0.28, BLACK, 0.1)
    _side_windows(d, shape, s, paint)
    d.line([(-length / 2 + 0.2, belt - 0.22), (length / 2 - 0.6, belt - 0.18)], bw.darker(paint, 0.75), 0.02)
    d.rect(-length / 2 - 0.05, belt - 0.2, -length / 2 + 0.2, belt - 0.04, RED_LENS, 0.7, 0.2)
    d.rect(length / 2 - 0.28, belt - 0.24, length / 2 - 0.02, belt - 0.12, (120, 120, 118), 0.8, 0.3)
    for z in shape.axle_z:
        bw.wheel(d, z, shape.radius, s.spokes, s.rim)
    if shape.panelled:
        return lettered(d, words, (-0.9, belt + 0.35), 0.3)
    return lettered(d, words, (-0.9, belt - 0.3), 0.12)


def _side_windows(d: Drawing, shape: Shape, s: Style, paint: Bgr) -> None:
    """Windows, pillars, doors and their handles."""
    belt, seam = shape.belt, bw.darker(paint, 0.35)
    y0, y1 = belt + 0.03, shape.roof - 0.12
    a, b, c, e = shape.cabin[0] - 0.25, shape.top[0] + 0.02, shape.top[1] - 0.02, shape.cabin[1] + 0.22
    if shape.panelled:
        d.poly([(0.95, y0), (a, y0), (b + 0.15, y1 - 0.25), (0.95, y1 - 0.25)], GLASS, 0.95)
        d.line([(-0.6, 0.35), (-0.6, shape.roof - 0.2), (0.85, shape.roof - 0.2), (0.85, 0.35)], seam, 0.012)
        return
    d.poly([(e, y0), (a, y0), (b, y1), (c, y1)], (12, 12, 12), 0.6)
    pillar, low, high = (a + e) / 2 - 0.05, y0 + 0.03, y1 - 0.03
    d.poly([(pillar + 0.05, low), (a - 0.08, low), (b - 0.03, high), (pillar + 0.05, high)], GLASS, 0.95)
    d.poly([(e + 0.1, low), (pillar - 0.05, low), (pillar - 0.05, high), (c + 0.06, high)], GLASS, 0.95)
    d.line([(pillar, 0.3), (pillar, belt)], seam, 0.01)
    d.line([(a - 0.05, 0.32), (a + 0.02, belt)], seam, 0.01)
    d.line([(pillar - 0.9, 0.55), (pillar - 0.95, belt)], seam, 0.01)
    for x in (pillar + 0.12, pillar - 0.82):
        d.rect(x, belt - 0.14, x + 0.2, belt - 0.1, s.trim, 0.6)


PICKUP = Shape(
    kind="pickup",
    length=5.8,
    half=1.0,
    roof=1.92,
    belt=1.2,
    cabin=(1.5, -0.85),
    top=(0.6, -0.6),
    hood=1.55,
    axles=(1.0, 1.25),
    radius=0.4,
)


def pickup(s: Style, paint: Bgr, words: str) -> Vehicle:
    """Cab and bed, a steel bumper with the plate in it."""
    half, belt, roof, r = PICKUP.half, PICKUP.belt, PICKUP.roof, PICKUP.rear
    steel = [Level(y, r + 0.1, r - 0.1, half - 0.1, 0.05, 0.0) for y in (0.46, 0.66)]
    mirrors = [mirror(side * (half + 0.1), belt + 0.02, 0.95, 0.16, 0.22, PLASTIC) for side in (-1, 1)]
    round_wheels = wheels(half - 0.15, PICKUP.axle_z, PICKUP.radius, 0.27)
    lower, upper = _pickup_levels()
    body = join([stack(lower, BODY), stack(upper, CABIN), stack(steel, BODY, smooth=False), *round_wheels, *mirrors])
    sides = {
        "front": _pickup_front(s, paint, half, belt, roof),
        "rear": _pickup_rear(s, paint, half, belt, roof),
        **_sides(PICKUP, s, paint, words),
    }
    mounts = (mount_on(body, 0.62, 1), mount_on(body, 0.57, -1))
    return Vehicle("pickup", "", body, sides, parts(paint), *mounts, PICKUP.length, 2 * half, roof)


def _pickup_levels() -> tuple[list[Level], list[Level]]:
    """Lower body and cab."""
    f, r, half, belt, roof = PICKUP.front, PICKUP.rear, PICKUP.half, PICKUP.belt, PICKUP.roof
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
    return lower, upper


def _pickup_front(s: Style, paint: Bgr, half: float, belt: float, roof: float) -> Drawing:
    d = Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint)
    d.rect(-half, 0, half, 0.46, BLACK, 0.1)
    d.rect(-half, 0.48, half, 0.72, s.trim if s.trim == CHROME else paint, 0.6, radius=0.06)
    bw.slats(d, -half * 0.6, 0.76, half * 0.6, 1.1, s.grille, s.trim)
    d.text(s.name, 0, 0.93, 0.1, s.trim, wide=0.8)
    d.both([(half * 0.63, 0.8), (half, 0.82), (half, 1.08), (half * 0.63, 1.08)], (60, 60, 58), 0.8)
    for sign in (-1, 1):
        d.disc(sign * half * 0.76, 0.95, 0.075, 0.07, LENS, 0.9, 1.0)
        d.disc(sign * half * 0.75, 0.55, 0.05, 0.045, (150, 150, 150), 0.7)
    d.line([(-half * 0.95, 1.12), (half * 0.95, 1.12)], bw.darker(paint, 0.35), 0.01)
    d.rect(-0.19, 0.53, 0.19, 0.71, (30, 30, 30), 0.1)
    windscreen(d, half, belt, roof, front=True)
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
        RED_LENS,
        0.7,
        TAIL_GLOW,
    )
    d.both([(half * 0.85, 0.84), (half * 0.98, 0.84), (half * 0.98, 0.93), (half * 0.85, 0.93)], CLEAR_LENS, 0.7)
    windscreen(d, half, belt, roof, front=False)
    return d
