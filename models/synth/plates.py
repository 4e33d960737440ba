"""Renders licence plates: flat, clean, with the text and a box for every character.

`render_plate` draws one plate in the design of some issuer (see `plate_designs`), with a serial in that issuer's
format, a personalised one, or any at all; emblems, names, slogans, stickers, bolts and borders come from chance, so
that a network learns to read the serial and nothing else. `infrared=True` paints with what an infra-red lamp sees.
What a camera does to a plate is not done here: see `plate_degrade`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.camera.plates import FORMATS, normalise
from models.synth.plate_designs import AMERICAN, DESIGNS, WIDE, Colours, Design
from models.synth.plate_fonts import serial_face
from models.synth.plate_paint import (
    aged,
    american_words,
    background,
    bolts,
    border,
    infrared_paint,
    random_colour,
    sides,
    stickers,
    wide_rows,
)
from models.synth.plate_serial import Item, draw_line

if TYPE_CHECKING:
    import numpy as np

LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_SYLLABLES = [
    "LOVE",
    "MY",
    "CAR",
    "FUN",
    "GO",
    "BIG",
    "KS",
    "JAY",
    "HAWK",
    "RUN",
    "DOG",
    "CAT",
    "MOM",
    "DAD",
    "SKI",
    "FLY",
    "SUN",
    "RED",
    "BLU",
    "KU",
    "OZ",
    "TOTO",
    "FARM",
    "GRL",
    "BOY",
    "KING",
    "TOY",
    "RN",
    "DR",
    "VET",
    "USA",
    "JOE",
    "ANN",
    "SAM",
    "MAX",
    "LEX",
    "ZEN",
    "ACE",
    "NITRO",
    "ROAD",
    "SEA",
    "GOLF",
    "BEE",
    "HOT",
    "ROD",
    "V8",
    "4X4",
    "2FAST",
    "LUV",
    "U",
    "4EVR",
    "XTC",
    "GR8",
    "OK",
    "TEX",
    "ROX",
    "JEEP",
    "WIFE",
    "LIFE",
]


@dataclass(frozen=True)
class RenderedPlate:
    """One flat plate and its truth."""

    picture: np.ndarray
    """H×W×3, uint8, BGR."""
    text: str
    """The serial, normalised, without what is stacked."""
    stacked: str
    """Small or stacked characters, top to bottom."""
    region: str
    """ISO 3166-2 or 3166-1; `other` for made-up issuers."""
    boxes: tuple[tuple[float, float, float, float], ...]
    """x0, y0, x1, y1 in picture pixels, one for each character of `text`."""
    stack_boxes: tuple[tuple[float, float, float, float], ...]
    """Likewise for `stacked`."""
    lines: int
    """1, or 2 for square plates with two lines."""


def render_plate(
    rng: np.random.Generator,
    *,
    region: str | None = None,
    text: str | None = None,
    height: int = 128,
    infrared: bool = False,
) -> RenderedPlate:
    """Draw one plate, `height` pixels high at its true aspect.

    Without `region` seven in ten come from the US, Canada and Mexico, two from Europe and Asia, one from nowhere.
    With `text` that serial is drawn (its blanks and dashes kept, `*` for an emblem, `(AB)` for stacked letters).
    """
    design = _design(rng, region)
    serial = text if text is not None else _serial(rng, design)
    lines, aspect = _shape(rng, design, serial)
    width = round(height * aspect)
    colours = design.generations[int(rng.integers(len(design.generations)))]
    colours = infrared_paint(rng, colours) if infrared else aged(rng, colours)
    picture = background(rng, colours, width, height, scenery="b" in design.emblem and not infrared)
    border(rng, picture, colours)
    left, right = sides(rng, picture, design, colours)
    rows = _split(serial, lines, rng)
    if design.wide or design.region == "other":
        top, bottom = (0.1, 0.9) if lines == 2 else wide_rows(rng)
        if design.region == "other" and rng.random() < 0.5 and lines == 1:
            top, bottom = american_words(rng, picture, design, colours)
    else:
        top, bottom = american_words(rng, picture, design, colours)
    face = serial_face(rng)
    boxes: list[tuple[float, float, float, float]] = []
    stack_boxes: list[tuple[float, float, float, float]] = []
    characters, stack = "", ""
    pitch = (bottom - top) / len(rows)
    for number, row in enumerate(rows):
        gap = 0.08 * pitch if len(rows) == 2 else 0.0
        band = (left, (top + number * pitch + gap) * height, right, (top + (number + 1) * pitch - gap) * height)
        drawn = draw_line(rng, picture, _items(rng, row, design), band, face, colours)
        characters, stack = characters + drawn[0], stack + drawn[2]
        boxes, stack_boxes = boxes + drawn[1], stack_boxes + drawn[3]
    if not design.wide:
        stickers(rng, picture, colours)
    bolts(rng, picture)
    return RenderedPlate(picture, characters, stack, design.region, tuple(boxes), tuple(stack_boxes), lines)


def _design(rng: np.random.Generator, region: str | None) -> Design:
    if region is not None and region != "other":
        return DESIGNS[region]
    draw = rng.random()
    if region is None and draw < 0.7:
        return DESIGNS[AMERICAN[int(rng.integers(len(AMERICAN)))]]
    if region is None and draw < 0.9:
        return DESIGNS[WIDE[int(rng.integers(len(WIDE)))]]
    pale, dark = random_colour(rng, 150, 256), random_colour(rng, 0, 90)
    back, ink = (pale, dark) if rng.random() < 0.75 else (dark, pale)
    colours = Colours(
        back, back if rng.random() < 0.6 else random_colour(rng, 150, 256) if back is pale else dark, ink, ink
    )
    words = ("".join(_any(rng, LETTERS) for _ in range(int(rng.integers(3, 10)))),)
    every = list(FORMATS.values())
    formats = every[int(rng.integers(len(every)))]
    return Design(
        "other",
        words[0],
        words,
        "bsc"[int(rng.integers(3))],
        ["", "c", "l", "b", "cb"][int(rng.integers(5))],
        (colours,),
        formats,
    )


def _any(rng: np.random.Generator, pool: str) -> str:
    return pool[int(rng.integers(len(pool)))]


def _serial(rng: np.random.Generator, design: Design) -> str:
    """The issuer's format (two thirds), another's, a personalised one, or plain chance."""
    draw = rng.random()
    if draw < 0.1:
        return _personal(rng)
    if draw < 0.22:
        length = int(rng.integers(2, 9))
        raw = "".join(_any(rng, LETTERS + DIGITS) for _ in range(length))
        cut = int(rng.integers(1, length)) if length > 2 else length
        return raw[:cut] + "  -*"[int(rng.integers(4))] + raw[cut:] if rng.random() < 0.6 and cut < length else raw
    formats = design.formats
    if draw < 0.35:
        every = list(FORMATS.values())
        formats = every[int(rng.integers(len(every)))]
    written = (
        formats[min(int(rng.exponential(1.6)), len(formats) - 1)]
        if rng.random() < 0.8
        else formats[int(rng.integers(len(formats)))]
    )
    filled = fill(rng, written)
    if not design.wide and "(" not in filled and rng.random() < 0.14:
        filled = _with_stack(rng, filled)
    return filled


def fill(rng: np.random.Generator, written: str) -> str:
    """A serial in a format of `edge.camera.plates.FORMATS`."""
    return "".join(_any(rng, LETTERS) if c == "A" else _any(rng, DIGITS) if c == "9" else c.upper() for c in written)


def _with_stack(rng: np.random.Generator, serial: str) -> str:
    """Put two or three stacked characters before, behind or inside a serial, shortening it."""
    pool = LETTERS if rng.random() < 0.75 else DIGITS if rng.random() < 0.5 else LETTERS + DIGITS
    count = 2 if rng.random() < 0.8 else 3 if rng.random() < 0.7 else 1
    stack = "(" + "".join(_any(rng, pool) for _ in range(count)) + ")"
    short = serial[: max(3, len(serial) - int(rng.integers(0, 3)))].strip(" -*.")
    place = rng.random()
    if place < 0.55:
        return stack + short
    return short + stack if place < 0.9 else short[:2] + stack + short[2:]


def _personal(rng: np.random.Generator) -> str:
    words = [_SYLLABLES[int(i)] for i in rng.integers(0, len(_SYLLABLES), 3)]
    joiner = "  -"[int(rng.integers(3))] if rng.random() < 0.5 else ""
    return joiner.join(words)[: int(rng.integers(3, 9))].strip(" -") or "A"


def _shape(rng: np.random.Generator, design: Design, serial: str) -> tuple[int, float]:
    """(lines, aspect): 12×6 in, 520×112 mm, or the squares of Europe, Asia and motorcycles."""
    length = len(normalise(serial))
    if design.region == "other":
        if rng.random() < 0.2 and length >= 4:
            return 2, float(rng.uniform(1.1, 1.9))
        return 1, float(rng.uniform(1.7, 4.8))
    if not design.wide:
        return 1, 2.0 if rng.random() < 0.95 else 1.75
    if design.region == "AU":
        return 1, 2.78
    square = 0.3 if design.region in ("PK", "IN", "GB") else 0.06
    if length >= 4 and rng.random() < square:
        return 2, float(rng.uniform(1.25, 2.1))
    return 1, float(rng.uniform(4.4, 4.8))


def _split(serial: str, lines: int, rng: np.random.Generator) -> list[str]:
    if lines == 1:
        return [serial]
    cuts = [i for i, c in enumerate(serial) if c in " -*" and 1 < i < len(serial) - 2] or [max(2, len(serial) // 2)]
    cut = cuts[int(rng.integers(len(cuts)))]
    return [serial[:cut].strip(" -*"), serial[cut:].strip(" -*")]


def _items(rng: np.random.Generator, row: str, design: Design) -> list[Item]:
    """The line's things in order; the widths of gaps and emblems are this plate's own."""
    space, dash, mark = rng.uniform(0.25, 0.8), rng.uniform(0.35, 0.7), rng.uniform(0.5, 1.1)
    items: list[Item] = []
    stack = ""
    inside = False
    for c in row:
        if c == "(":
            inside, stack = True, ""
        elif c == ")":
            inside = False
            items.append(Item("stack", stack, float(rng.uniform(0.5, 0.75))))
        elif inside:
            stack += c
        elif c == " ":
            emblem = rng.random() < (0.35 if "c" in design.emblem else 0.08)
            items.append(Item("emblem", "", float(mark)) if emblem else Item("gap", "", float(space)))
        elif c in "-.":
            items.append(Item("dash", c, float(dash)))
        elif c == "*":
            items.append(Item("emblem", "", float(mark)))
        else:
            items.append(Item("character", c, 1.0))
    return items
