"""Vehicles: their bodies, their paint, and exactly where the plate sits.

`build` makes one vehicle of a type and a colour; whatever the type leaves open (lamps, grille, wheels) comes from
chance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from models.synth import cars, lorries
from models.synth.bodies import draw_style

if TYPE_CHECKING:
    from models.synth.bodies import Vehicle
    from models.synth.bodywork import Bgr

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
"""Paints; BGR."""
TOLD = {"gray": "grey", "silver": "grey", "beige": "brown"}
"""Paint → the record's word for it, where that is another."""

MAKERS = {
    "sedan": cars.sedan,
    "suv": cars.suv,
    "pickup": cars.pickup,
    "van": cars.van,
    "truck": lorries.truck,
    "bus": lorries.bus,
    "motorcycle": lorries.motorcycle,
}
"""Vehicle types by the names that sightings use."""


def build(rng: np.random.Generator, kind: str, color: str, *, words: str = "") -> Vehicle:
    """One vehicle of a type of `MAKERS` in one of `COLORS`; `words` go on the sides of vans, trucks and buses."""
    gain, cast = rng.uniform(0.88, 1.06), rng.normal(0, 2.0, 3)
    blue, green, red = (float(np.clip(c * gain + t, 6, 240)) for c, t in zip(COLORS[color], cast, strict=True))
    return replace(MAKERS[kind](draw_style(rng), (blue, green, red), words), color=color)
