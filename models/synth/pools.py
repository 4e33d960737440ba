"""What chance puts into a training picture: vehicles, and things beside the road. Each comes from its own number.

Pools are made once and kept, so that pictures come fast; and because a thing depends on its number alone, one seed
always gives one picture.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from models.synth import roadside as rs
from models.synth.bodywork import rounded
from models.synth.vehicles import COLORS, build

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.bodies import Vehicle

Thing = tuple[float, rs.Panel, "NDArray[np.float64]", float]
"""Distance, picture with its mask, corners (4×3), and how it shines in a lamp."""
VEHICLES, _TREES, _SIGNS, _SHOPS, _HOUSES = 96, 16, 48, 16, 6
_KINDS = ("sedan", "sedan", "sedan", "suv", "suv", "suv", "pickup", "pickup", "van", "truck", "bus", "motorcycle")
_STICKERS = (
    "VOTE",
    "BABY ON BOARD",
    "I LOVE MY DOG",
    "GO HAWKS",
    "PEACE",
    "MY KID IS AN HONOR STUDENT",
    "4X4 OFF ROAD",
    "COEXIST",
    "USA",
    "K-STATE 88",
)
_WORDS = (
    "PRAIRIE/FREIGHT LINES/620 555 0142",
    "HOME REPAIR/CALL 555 0177",
    "FARM FRESH/SINCE 1954",
    "PLUMBING/LICENSED 4471",
    "CITY 14",
    "U HAUL IT/19.95",
    "",
)


def thing(rng: np.random.Generator, left: float, right: float) -> Thing:
    """One upright thing beside the road."""
    on_left = bool(rng.random() < 0.5)
    maker = _THINGS[int(rng.choice(len(_THINGS), p=_SHARES))]
    return maker(rng, left if on_left else right, -1.0 if on_left else 1.0)


def _tree(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z, tall = float(rng.uniform(14, 100)), float(rng.uniform(3, 9))
    corners = rs.upright(edge + out * float(rng.uniform(2, 14)), z, tall * 0.79, tall)
    return z, tree(int(rng.integers(_TREES))), corners, 0.0


def _sign(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z, wide, high = float(rng.uniform(6, 40)), float(rng.uniform(0.4, 1.1)), float(rng.uniform(1.6, 2.6))
    x = edge + out * float(rng.uniform(0.5, 2))
    corners = rs.upright(x, z, wide, wide * 3.5, high - wide * 3.5)
    return z, sign(int(rng.integers(_SIGNS))), corners, float(rng.uniform(0, 6))


def _shop(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z, far, long = float(rng.uniform(12, 45)), float(rng.uniform(3, 9)), float(rng.uniform(6, 12))
    if rng.random() < 0.5:
        corners = rs.upright(edge + out * (far + long / 2), z, long, long * 0.44)
    else:  # along the road, its words readable from there
        corners = rs.along(edge + out * far, z + out * long / 2, z - out * long / 2, long * 0.44)
    return z, shop(int(rng.integers(_SHOPS))), corners, 0.0


def _house(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z = float(rng.uniform(35, 100))
    corners = rs.upright(edge + out * float(rng.uniform(7, 20)), z, 11.0, 6.3)
    return z, house(int(rng.integers(_HOUSES))), corners, 0.0


def _pole(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z = float(rng.uniform(10, 60))
    return z, rs.pole(), rs.upright(edge + out * float(rng.uniform(0.8, 3)), z, 0.9, 9.0), 0.0


def _person(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z = float(rng.uniform(7, 30))
    coat, trousers = (tuple(float(v) for v in rng.uniform(10, 170, 3)) for _ in range(2))
    corners = rs.upright(edge + out * float(rng.uniform(0.3, 2.5)), z, 0.72, float(rng.uniform(1.55, 1.9)))
    return z, rs.person(float(rng.random()), coat, trousers), corners, 0.0  # type: ignore[arg-type]


def _rail(rng: np.random.Generator, edge: float, out: float) -> Thing:
    z = float(rng.uniform(6, 20))
    return z + 12, rs.rail(), rs.along(edge + out * 0.8, z, z + 24, 0.8), 0.0


_THINGS = (_tree, _sign, _shop, _house, _pole, _person, _rail)
_SHARES = (0.4, 0.22, 0.14, 0.1, 0.07, 0.04, 0.03)


# ------------------------------------------------------------------ pools, each thing from its own number


@functools.lru_cache(maxsize=VEHICLES)
def vehicle(number: int) -> Vehicle:
    """One of the pool's vehicles: any type and colour, some with stickers."""
    rng = np.random.default_rng([101, number])
    kind = _KINDS[number % len(_KINDS)]
    color = str(rng.choice(list(COLORS), p=[0.22, 0.18, 0.15, 0.14, 0.09, 0.09, 0.03, 0.03, 0.03, 0.02, 0.02]))
    made = build(
        rng,
        kind,
        color,
        words=_WORDS[int(rng.integers(len(_WORDS)))] if kind in ("van", "truck", "bus", "pickup") else "",
    )
    for _ in range(int(rng.choice([0, 1, 3], p=[0.55, 0.3, 0.15])) if kind != "motorcycle" else 0):
        _sticker(rng, made)
    return made


def _sticker(rng: np.random.Generator, made: Vehicle) -> None:
    """A bumper sticker: a small panel with words, never shaped like a plate."""
    rear = made.sides["rear"]
    wide, high = float(rng.uniform(0.16, 0.4)), float(rng.uniform(0.05, 0.09))
    x, y = (
        float(rng.choice([-1, 1])) * float(rng.uniform(0.35, 0.6)) * made.width / 2,
        float(rng.uniform(0.4, min(1.0, made.height - 0.4))),
    )
    back = tuple(float(c) for c in rng.uniform(0, 255, 3))
    rear.poly(rounded(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, 0.01), back, 0.2)  # type: ignore[arg-type]
    front = (250.0, 250.0, 250.0) if sum(back) < 380 else (15.0, 15.0, 15.0)
    rear.text(_STICKERS[int(rng.integers(len(_STICKERS)))], x, y, high * 0.6, front, wide=wide * 0.85)


@functools.cache
def tree(number: int) -> rs.Panel:
    """One of the pool's trees."""
    return rs.tree(np.random.default_rng([102, number]))


@functools.cache
def sign(number: int) -> rs.Panel:
    """One of the pool's road signs."""
    rng = np.random.default_rng([103, number])
    words = rs.SIGNS[number % len(rs.SIGNS)]
    return rs.sign(words, rng)


@functools.cache
def shop(number: int) -> rs.Panel:
    """One of the pool's shop fronts."""
    return rs.shop(rs.SHOPS[number % len(rs.SHOPS)], np.random.default_rng([104, number]))


@functools.cache
def house(number: int) -> rs.Panel:
    """One of the pool's houses."""
    return rs.house(np.random.default_rng([105, number]))
