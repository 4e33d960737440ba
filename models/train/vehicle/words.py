"""What the network tells apart while it learns, and the fewer words that it publishes.

A coupé is learnt as one and told as a sedan: from behind, and to NCIC's two-door styles, they are alike. The words that
are told are the record's own (`edge/record/words.py`); `other` is learnt so that a trailer, a close-up of a bumper or a
purple car has somewhere to go, and told as nothing.
"""

from __future__ import annotations

from typing import Final, get_args

from edge.record.words import Color, VehicleType

OTHER: Final = "other"
TYPES: Final[dict[str, str]] = {
    "sedan": "sedan",
    "coupe": "sedan",
    "convertible": "sedan",
    "suv": "suv",
    "pickup": "pickup",
    "van": "van",
    "hatchback": "hatchback",
    "truck": "truck",
    "bus": "bus",
    "motorcycle": "motorcycle",
    OTHER: OTHER,
}
"""Learnt → told."""
COLORS: Final[dict[str, str]] = {
    "white": "white",
    "black": "black",
    "silver": "grey",
    "grey": "grey",
    "red": "red",
    "blue": "blue",
    "green": "green",
    "beige": "brown",
    "brown": "brown",
    "yellow": "yellow",
    "gold": "yellow",
    "orange": "orange",
    OTHER: OTHER,
}
VIEWS: Final[dict[str, str]] = {"front": "front", "rear": "rear"}

TOLD_TYPES: Final = (*get_args(VehicleType), OTHER)
TOLD_COLORS: Final = (*get_args(Color), OTHER)
TOLD_VIEWS: Final = tuple(VIEWS)
_SPELT: Final = {
    "trailer": OTHER,
    "purple": OTHER,
    "hatchback_wagon": "hatchback",
    "grey_silver": "grey",
    "brown_beige": "brown",
    "yellow_gold": "yellow",
}


def word(written: str) -> str:
    """A label of the data set → a word of ours."""
    return _SPELT.get(written, written)


def groups(learnt: dict[str, str], told: tuple[str, ...]) -> tuple[int, ...]:
    """For each learnt class the number of the word by which it is told."""
    return tuple(told.index(name) for name in learnt.values())
