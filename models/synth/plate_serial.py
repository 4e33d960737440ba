"""Draws one line of a serial: characters, separators, emblems and stacks, with a box for each character."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth import plate_fonts as fonts
from models.synth.plate_paint import clip, emblem, stamp

if TYPE_CHECKING:
    from models.synth.plate_designs import Colours


@dataclass(frozen=True)
class Item:
    """One thing on the serial's line: a character, a separator or a stack, with its width in character cells."""

    kind: str
    value: str
    cells: float


Boxes = list[tuple[float, float, float, float]]


def draw_line(
    rng: np.random.Generator,
    picture: np.ndarray,
    items: list[Item],
    band: tuple[float, float, float, float],
    face: fonts.Face,
    colours: Colours,
) -> tuple[str, Boxes, str, Boxes]:
    """Draw one line of the serial inside `band`; (text, its boxes, stacked, its boxes)."""
    left, top, right, bottom = band
    high = bottom - top
    natural = float(rng.uniform(0.85, 1.15)) * high / fonts.GLYPH_HEIGHT
    if rng.random() < 0.12:
        natural *= float(rng.uniform(1.15, 1.5))  # the wide letters of some personalised and foreign plates
    space = float(rng.uniform(0.04, 0.22)) * high * 0.5
    widths = [_width(item, face, natural, high) for item in items]
    total = sum(widths) + space * (len(items) - 1)
    squeeze = min(1.0, (right - left) / max(1.0, total))
    if squeeze < 0.55:  # too much for the line at any plausible shape: smaller characters
        high *= max(0.75, squeeze / 0.55)
    room = (right - left) - total * squeeze
    x = left + room * float(np.clip(rng.normal(0.5, 0.1), 0, 1))
    middle = (top + bottom) / 2
    emboss = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.6 else 0.0
    text, boxes, stacked, stack_boxes = "", [], "", []
    for item, width in zip(items, widths, strict=True):
        wide = width * squeeze
        centre = (x + wide / 2, middle)
        if item.kind == "character":
            boxes.append(_character(picture, face.glyphs[item.value], centre, (wide, high), colours, emboss))
            text += item.value
        elif item.kind == "stack":
            stack_boxes += _stack(rng, picture, item.value, centre, (wide, high), face, colours)
            stacked += item.value
        elif item.kind == "emblem":
            size = min(high * float(rng.uniform(0.5, 1.1)), wide * 1.6)
            emblem(rng, picture, (centre[0], centre[1] + float(rng.normal(0, 0.05)) * high), size)
        elif item.kind == "dash":
            _dash(rng, picture, centre, wide, high, colours)
        x += wide + space * squeeze
    return text, boxes, stacked, stack_boxes


def _width(item: Item, face: fonts.Face, natural: float, high: float) -> float:
    if item.kind == "character":
        return face.glyphs[item.value].shape[1] * natural
    return item.cells * 0.5 * high


def _character(
    picture: np.ndarray,
    mask: np.ndarray,
    centre: tuple[float, float],
    size: tuple[float, float],
    colours: Colours,
    emboss: float,
) -> tuple[float, float, float, float]:
    if emboss:
        shift = max(1.0, size[1] * 0.02)
        dark, light = clip(np.array(colours.top) * 0.6), clip(np.array(colours.top) * 1.25 + 15)
        stamp(picture, mask, (centre[0] + shift, centre[1] + shift), size, dark, 0.6 * emboss)
        stamp(picture, mask, (centre[0] - shift, centre[1] - shift), size, light, 0.5 * emboss)
    return stamp(picture, mask, centre, size, colours.ink)


def _stack(
    rng: np.random.Generator,
    picture: np.ndarray,
    value: str,
    centre: tuple[float, float],
    size: tuple[float, float],
    face: fonts.Face,
    colours: Colours,
) -> Boxes:
    """Small characters one above the other, or a single one at half height."""
    wide, high = size
    count = len(value)
    each = high / max(count, 2) * float(rng.uniform(0.8, 0.95))
    pitch = high / max(count, 2)
    start = centre[1] - pitch * (count - 1) / 2
    if count == 1:
        start += high * (0.22 if rng.random() < 0.6 else -0.22)
    ink = colours.ink if rng.random() < 0.7 else colours.name
    return [
        _character(
            picture,
            face.glyphs[c],
            (centre[0], start + pitch * i),
            (wide * (0.55 if c in "1I" else 0.95), each),
            replace(colours, ink=ink),
            0.0,
        )
        for i, c in enumerate(value)
    ]


def _dash(
    rng: np.random.Generator,
    picture: np.ndarray,
    centre: tuple[float, float],
    wide: float,
    high: float,
    colours: Colours,
) -> None:
    x, y = centre
    if rng.random() < 0.7:
        half, thick = wide * 0.4, high * float(rng.uniform(0.04, 0.08))
        cv2.rectangle(picture, (int(x - half), int(y - thick)), (int(x + half), int(y + thick)), colours.ink, -1)
    else:
        cv2.circle(picture, (int(x), int(y)), max(1, int(high * rng.uniform(0.05, 0.1))), colours.ink, -1, cv2.LINE_AA)
