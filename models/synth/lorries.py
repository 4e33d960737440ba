"""Truck, bus and motorcycle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.synth import bodywork as bw
from models.synth.bodies import (
    AMBER_LENS,
    BODY,
    CLOTH,
    LEATHER,
    LENS,
    PAINT,
    PLASTIC,
    RED_LENS,
    TAIL_GLOW,
    TYRE,
    Mount,
    Style,
    Vehicle,
    lettered,
    mirror,
    mount_on,
    parts,
    wheels,
)
from models.synth.bodywork import BLACK, GLASS, Bgr, Drawing
from models.synth.mesh import Level, ball, cylinder, join, limb, stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.synth.mesh import Mesh


def truck(s: Style, paint: Bgr, words: str) -> Vehicle:
    """A box lorry: cab, box with lettering, under-run bar with the rear plate."""
    length, half = 8.2, 1.22
    f, r = length / 2, -length / 2
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
    mirrors = [mirror(sx * 1.24, 1.5, f - 0.45, 0.2, 0.42, PLASTIC) for sx in (-1, 1)]
    body = join(
        [
            stack(frame, BODY, smooth=False),
            *wheels,
            stack(_cab(f), BODY),
            *mirrors,
            stack(bar, PLASTIC, smooth=False),
            stack(box, BODY, smooth=False),
        ]
    )
    sides = {
        "front": _truck_front(s, paint),
        "rear": _truck_rear(s, half, words),
        **_truck_sides(s, paint, length, axles, radius, words),
    }
    mounts = (mount_on(body, 0.62, 1), Mount(y=0.72, z=r + 0.05, x=-0.72))
    return Vehicle(
        "truck", "", body, sides, parts((225, 225, 222)), *mounts, length=length, width=2 * half, height=3.55
    )


def _cab(f: float) -> list[Level]:
    return [
        Level(0.4, f - 0.12, 2.2, 1.0, 0.25),
        Level(0.5, f, 2.2, 1.08, 0.28),
        Level(0.95, f, 2.2, 1.1, 0.28, 0.06),
        Level(1.25, f - 0.08, 2.2, 1.1, 0.25),
        Level(2.0, f - 0.35, 2.2, 1.06, 0.25),
        Level(2.35, f - 0.6, 2.2, 1.0, 0.25),
        Level(2.42, f - 0.85, 2.2, 0.9, 0.2),
    ]


def _truck_front(s: Style, paint: Bgr) -> Drawing:
    d = Drawing(-1.3, 2.6, 3.65, (225, 225, 222))
    d.poly([(-1.15, 0.3), (1.15, 0.3), (1.15, 2.42), (-1.15, 2.42)], paint, 0.5)
    d.rect(-1.1, 0.3, 1.1, 0.75, (50, 50, 50), 0.2)
    bw.slats(d, -0.7, 0.78, 0.7, 1.15, s.grille, s.trim)
    d.both([(0.76, 0.85), (1.08, 0.85), (1.08, 1.08), (0.76, 1.08)], (60, 60, 60), 0.8)
    for sign in (-1, 1):
        d.disc(sign * 0.92, 0.97, 0.08, 0.075, LENS, 0.9, 1.0)
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
        d.rect(sign * 0.95 - 0.16, 0.72, sign * 0.95 + 0.16, 0.86, RED_LENS, 0.6, TAIL_GLOW)
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


def bus(s: Style, paint: Bgr, words: str) -> Vehicle:
    """A city bus, its destination above the windscreen."""
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
    mirrors = [mirror(sx * (half + 0.12), 1.95, f - 0.05, 0.2, 0.38, PLASTIC) for sx in (-1, 1)]
    body = join([*wheels(half - 0.16, axles, radius, 0.28), stack(hull, BODY), *mirrors])
    sides = _bus_sides(s, paint, words, (length, half, roof), axles, radius)
    mounts = (mount_on(body, 0.48, 1), mount_on(body, 0.62, -1))
    return Vehicle("bus", "", body, sides, parts(paint), *mounts, length=length, width=2 * half, height=roof)


def _bus_sides(
    s: Style, paint: Bgr, words: str, size: tuple[float, float, float], axles: tuple[float, float], radius: float
) -> dict[str, Drawing]:
    length, half, roof = size
    front, rear = _bus_ends(s, paint, words.split("/", maxsplit=1)[0] or "CITY", half, roof)
    side = Drawing(-length / 2 - 0.1, length + 0.2, roof + 0.08, paint, per_metre=90)
    side.rect(-length / 2, 0, length / 2, 0.36, BLACK, 0.1)
    for x in np.arange(-length / 2 + 0.35, length / 2 - 1.2, 1.15):
        side.rect(x, 1.45, x + 1.02, 2.45, GLASS, 0.95, radius=0.06)
    for x in axles:
        bw.wheel(side, x, radius, s.spokes, (170, 170, 168))
    return {"front": front, "rear": rear, **lettered(side, words, (0.0, 1.1), 0.26)}


def _bus_ends(s: Style, paint: Bgr, line: str, half: float, roof: float) -> tuple[Drawing, Drawing]:
    front, rear = (Drawing(-half - 0.05, 2 * half + 0.1, roof + 0.08, paint) for _ in range(2))
    front.rect(-half * 0.9, 1.15, half * 0.9, 2.35, GLASS, 0.95, radius=0.12)
    front.line([(0, 1.15), (0, 2.35)], BLACK, 0.03)
    front.rect(-half * 0.72, 2.45, half * 0.72, 2.75, (16, 16, 16), 0.5)
    front.text(line, 0, 2.6, 0.16, (40, 170, 240))
    for sign in (-1, 1):
        front.disc(sign * half * 0.76, 0.72, 0.1, 0.08, LENS, 0.9, 1.0)
    bw.slats(front, -0.5, 0.62, 0.5, 0.85, s.grille, s.trim)
    rear.rect(-half * 0.75, 1.75, half * 0.75, 2.5, GLASS, 0.95, radius=0.08)
    bw.slats(rear, -half * 0.6, 0.95, half * 0.6, 1.5, 0, (60, 60, 60))
    rear.text(line, 0, 2.7, 0.16, (110, 40, 20))
    for sign in (-1, 1):
        for y in (0.85, 1.1, 1.35):
            rear.disc(sign * half * 0.86, y, 0.08, 0.08, RED_LENS if y > 1 else AMBER_LENS, 0.7, TAIL_GLOW)
    for d in (front, rear):
        d.rect(-half, 0, half, 0.4, BLACK, 0.1)
    bw.recess(rear, 0.62)
    return front, rear


def motorcycle(s: Style, paint: Bgr, words: str) -> Vehicle:  # noqa: ARG001
    """With a helmeted rider seen from behind or in front; the plate (7×4 inches) is at the rear only."""
    round_wheels = [cylinder((0, 0.31, z), 0.31, w, TYRE) for z, w in ((0.72, 0.13), (-0.72, 0.18))]
    lumps = [
        ball((0, 0.55, 0.05), (0.17, 0.22, 0.42), PLASTIC),
        ball((0, 0.86, 0.2), (0.17, 0.13, 0.34), PAINT),
        ball((0, 0.84, -0.58), (0.13, 0.07, 0.32), PAINT),
        ball((0, 1.0, 0.55), (0.15, 0.15, 0.14), PAINT),
        limb([(-0.42, 1.08, 0.46), (0, 1.04, 0.6), (0.42, 1.08, 0.46)], [0.02, 0.02, 0.02], PLASTIC),
        limb([(0.15, 0.36, 0.2), (0.2, 0.36, -0.4), (0.22, 0.42, -0.8)], [0.04, 0.06, 0.06], PLASTIC),
    ]
    for sign in (-1, 1):
        lumps += [
            limb([(sign * 0.09, 0.95, 0.52), (sign * 0.09, 0.31, 0.72)], [0.03, 0.03], PLASTIC),
            ball((sign * 0.38, 1.22, 0.5), (0.07, 0.045, 0.02), PLASTIC),
        ]
    tail = stack([Level(0.72, -0.78, -0.86, 0.09, 0.03, 0.0), Level(0.82, -0.76, -0.88, 0.09, 0.03, 0.0)], BODY)
    guard = stack([Level(0.42, -0.84, -0.9, 0.08, 0.02, 0.0), Level(0.72, -0.8, -0.87, 0.08, 0.02, 0.0)], PLASTIC)
    lamp = ball((0, 0.95, 0.72), (0.1, 0.1, 0.05), BODY)
    body = join([*round_wheels, *_rider(), *lumps, guard, tail, lamp])
    blank = {name: Drawing(-1.2, 2.4, 1.9, paint, per_metre=100) for name in ("left", "right")}
    front, rear = Drawing(-0.5, 1.0, 1.9, paint), Drawing(-0.5, 1.0, 1.9, paint)
    rear.rect(-0.09, 0.7, 0.09, 0.84, RED_LENS, 0.7, 0.3)
    front.disc(0, 0.95, 0.1, 0.1, LENS, 0.9, 1.0)
    rear_plate = Mount(y=0.58, z=-0.915, lean=0.12, width=0.178, height=0.102)
    return Vehicle(
        "motorcycle",
        "",
        body,
        {"front": front, "rear": rear, **blank},
        parts(paint),
        replace(rear_plate, z=0.9),
        rear_plate,
        length=2.1,
        width=0.8,
        height=1.82,
    )


def _rider() -> list[Mesh]:
    """Leathers, trousers and a closed helmet."""
    shapes = [
        ball((0, 1.64, 0.02), (0.135, 0.155, 0.155), PAINT),
        limb(
            [(0, 0.84, -TAIL_GLOW), (0, 1.1, -0.2), (0, 1.36, -0.06), (0, 1.47, -0.02)],
            [0.18, 0.17, 0.2, 0.1],
            LEATHER,
            sides=14,
        ),
        limb([(-0.21, 1.38, -0.05), (0, 1.42, -0.06), (0.21, 1.38, -0.05)], [0.08, 0.11, 0.08], LEATHER),
    ]
    for sign in (-1, 1):
        shapes += [
            limb(
                [(sign * 0.21, 1.38, -0.05), (sign * 0.34, 1.16, 0.12), (sign * 0.4, 1.09, 0.44)],
                [0.075, 0.06, 0.045],
                LEATHER,
            ),
            limb(
                [
                    (sign * 0.1, 0.86, -0.24),
                    (sign * 0.25, 0.8, 0.16),
                    (sign * 0.24, 0.55, 0.02),
                    (sign * 0.23, 0.34, -0.14),
                ],
                [0.11, 0.09, 0.07, 0.06],
                CLOTH,
            ),
        ]
    return shapes
