"""Renders licence plates: flat, clean, with the text and a box for every character.

`render_plate` draws one plate in the design of some issuer (see `plate_designs`), with a serial in that issuer's
format, a personalised one, or any at all; emblems, names, slogans, stickers, bolts and borders come from chance, so
that a network learns to read the serial and nothing else. `infrared=True` paints with what an infra-red lamp sees.
What a camera does to a plate is not done here: see `plate_degrade`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.camera.plates import FORMATS, normalise
from models.synth import plate_fonts as fonts
from models.synth.plate_designs import AMERICAN, DESIGNS, WIDE, Colours, Design

LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_SYLLABLES = (
    "LOVE MY CAR FUN GO BIG KS JAY HAWK RUN DOG CAT MOM DAD SKI FLY SUN RED BLU KU OZ TOTO FARM GRL BOY KING TOY RN DR VET USA "
    "JOE ANN SAM MAX LEX ZEN ACE NITRO ROAD SEA GOLF BEE HOT ROD V8 4X4 2FAST LUV U 4EVR XTC GR8 OK TEX ROX JEEP WIFE LIFE"
).split()


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


@dataclass(frozen=True)
class _Item:
    """One thing on the serial's line: a character, a separator or a stack, with its width in character cells."""

    kind: str
    value: str
    cells: float


def render_plate(  # noqa: PLR0912
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
    colours = _infrared(rng, colours) if infrared else _aged(rng, colours)
    picture = _background(rng, colours, width, height, scenery="b" in design.emblem and not infrared)
    _border(rng, picture, colours)
    left, right = _sides(rng, picture, design, colours)
    rows = _split(serial, lines, rng)
    if design.wide or design.region == "other":
        top, bottom = (0.1, 0.9) if lines == 2 else _wide_rows(rng)
        if design.region == "other" and rng.random() < 0.5 and lines == 1:
            top, bottom = _american_words(rng, picture, design, colours)
    else:
        top, bottom = _american_words(rng, picture, design, colours)
    face = fonts.serial_face(rng)
    boxes: list[tuple[float, float, float, float]] = []
    stack_boxes: list[tuple[float, float, float, float]] = []
    characters, stack = "", ""
    pitch = (bottom - top) / len(rows)
    for number, row in enumerate(rows):
        gap = 0.08 * pitch if len(rows) == 2 else 0.0
        band = (left, (top + number * pitch + gap) * height, right, (top + (number + 1) * pitch - gap) * height)
        drawn = _line(rng, picture, _items(rng, row, design), band, face, colours)
        characters, stack = characters + drawn[0], stack + drawn[2]
        boxes, stack_boxes = boxes + drawn[1], stack_boxes + drawn[3]
    if not design.wide:
        _stickers(rng, picture, colours)
    _bolts(rng, picture)
    return RenderedPlate(picture, characters, stack, design.region, tuple(boxes), tuple(stack_boxes), lines)


# ------------------------------------------------------------------ what is on it


def _design(rng: np.random.Generator, region: str | None) -> Design:
    if region is not None and region != "other":
        return DESIGNS[region]
    draw = rng.random()
    if region is None and draw < 0.7:
        return DESIGNS[AMERICAN[int(rng.integers(len(AMERICAN)))]]
    if region is None and draw < 0.9:
        return DESIGNS[WIDE[int(rng.integers(len(WIDE)))]]
    pale, dark = _random_colour(rng, 150, 256), _random_colour(rng, 0, 90)
    back, ink = (pale, dark) if rng.random() < 0.75 else (dark, pale)
    colours = Colours(back, back if rng.random() < 0.6 else _random_colour(rng, 150, 256) if back is pale else dark, ink, ink)
    words = ("".join(_any(rng, LETTERS) for _ in range(int(rng.integers(3, 10)))),)
    every = list(FORMATS.values())
    formats = every[int(rng.integers(len(every)))]
    return Design("other", words[0], words, "bsc"[int(rng.integers(3))], ["", "c", "l", "b", "cb"][int(rng.integers(5))], (colours,), formats)


def _any(rng: np.random.Generator, pool: str) -> str:
    return pool[int(rng.integers(len(pool)))]


def _random_colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    b, g, r = (int(v) for v in rng.integers(low, high, 3))
    return b, g, r


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
    written = formats[min(int(rng.exponential(1.6)), len(formats) - 1)] if rng.random() < 0.8 else formats[int(rng.integers(len(formats)))]
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


def _items(rng: np.random.Generator, row: str, design: Design) -> list[_Item]:
    """The line's things in order; the widths of gaps and emblems are this plate's own."""
    space, dash, mark = rng.uniform(0.25, 0.8), rng.uniform(0.35, 0.7), rng.uniform(0.5, 1.1)
    items: list[_Item] = []
    stack = ""
    inside = False
    for c in row:
        if c == "(":
            inside, stack = True, ""
        elif c == ")":
            inside = False
            items.append(_Item("stack", stack, float(rng.uniform(0.5, 0.75))))
        elif inside:
            stack += c
        elif c == " ":
            emblem = rng.random() < (0.35 if "c" in design.emblem else 0.08)
            items.append(_Item("emblem", "", float(mark)) if emblem else _Item("gap", "", float(space)))
        elif c in "-.":
            items.append(_Item("dash", c, float(dash)))
        elif c == "*":
            items.append(_Item("emblem", "", float(mark)))
        else:
            items.append(_Item("character", c, 1.0))
    return items


# ------------------------------------------------------------------ paint


def _aged(rng: np.random.Generator, colours: Colours) -> Colours:
    """Every print run and every sun differs a little; one plate in ten has another design's colours altogether."""
    if rng.random() < 0.1:
        pale, dark = _random_colour(rng, 140, 256), _random_colour(rng, 0, 110)
        return Colours(pale, pale, dark, dark) if rng.random() < 0.6 else Colours(dark, dark, pale, pale)
    shift = rng.normal(0, 9, (4, 3))
    return Colours(*(_clip(np.add(c, s)) for c, s in zip((colours.top, colours.bottom, colours.ink, colours.name), shift, strict=True)))


def _clip(colour: np.ndarray) -> tuple[int, int, int]:
    b, g, r = (int(v) for v in np.clip(colour, 0, 255))
    return b, g, r


def _infrared(rng: np.random.Generator, colours: Colours) -> Colours:
    """Under an infra-red lamp the sheeting shines, black inks stay dark, and coloured inks fade or vanish."""
    back = float(rng.uniform(150, 255))
    light_ink = sum(colours.ink) > sum(colours.top)
    if light_ink:
        back, ink = float(rng.uniform(40, 110)), float(rng.uniform(160, 250))
    else:
        saturated = max(colours.ink) - min(colours.ink) > 90
        ink = back * float(rng.uniform(0.35, 0.75) if saturated else rng.uniform(0.05, 0.4))
    name = back + (ink - back) * float(rng.uniform(0, 0.8))
    grey = [(int(v),) * 3 for v in (back, back * rng.uniform(0.92, 1.0), ink, name)]
    return Colours(*grey)  # type: ignore[arg-type]


def _background(rng: np.random.Generator, colours: Colours, width: int, height: int, *, scenery: bool) -> np.ndarray:
    ramp = np.linspace(0, 1, height, dtype=np.float32) ** float(rng.uniform(0.5, 2.0))
    if rng.random() < 0.3:
        ramp = 1 - ramp
    column = np.outer(1 - ramp, colours.top) + np.outer(ramp, colours.bottom)
    picture = np.repeat(column[:, None, :], width, axis=1)
    if scenery and rng.random() < 0.75:
        picture = _scenery(rng, picture.astype(np.uint8), colours).astype(np.float32)
    if rng.random() < 0.4:
        coarse = rng.normal(0, float(rng.uniform(2, 9)), (6, 12, 1 if rng.random() < 0.5 else 3)).astype(np.float32)
        cloud = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = picture + cloud.reshape(height, width, -1)
    return np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))


def _scenery(rng: np.random.Generator, picture: np.ndarray, colours: Colours) -> np.ndarray:
    """Hills, stripes, a disc or a pictogram behind the serial, mixed into the background."""
    h, w = picture.shape[:2]
    layer = picture.copy()
    dark_plate = sum(colours.ink) > sum(colours.top)
    low, high = (0, 120) if dark_plate else (90, 256)
    for _ in range(int(rng.integers(1, 4))):
        colour = _random_colour(rng, low, high)
        kind = rng.random()
        if kind < 0.4:
            xs = np.linspace(-5, w + 5, int(rng.integers(4, 12)))
            ys = h * rng.uniform(0.3, 0.95) + rng.normal(0, 0.12 * h, len(xs))
            hill = np.concatenate([np.stack([xs, ys], 1), [[w + 5, h + 5], [-5, h + 5]]])
            cv2.fillPoly(layer, [hill.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind < 0.55:
            y, thick = int(rng.uniform(0, h)), int(rng.uniform(0.02, 0.2) * h)
            cv2.rectangle(layer, (0, y), (w, y + thick), colour, -1)
        elif kind < 0.75:
            centre = (int(rng.uniform(0, w)), int(rng.uniform(0, h)))
            cv2.circle(layer, centre, int(rng.uniform(0.1, 0.5) * h), colour, -1, cv2.LINE_AA)
        else:
            size = rng.uniform(0.3, 1.0) * h
            _stamp(layer, fonts.emblem(rng), (rng.uniform(0, w), rng.uniform(0.3, 0.8) * h), (size * rng.uniform(0.7, 1.3), size), colour)
    share = float(rng.uniform(0.15, 0.75))
    return cv2.addWeighted(layer, share, picture, 1 - share, 0)


def _stamp(
    picture: np.ndarray, mask: np.ndarray, centre: tuple[float, float], size: tuple[float, float], colour: tuple[int, int, int], opacity: float = 1.0
) -> tuple[float, float, float, float]:
    """Blend a mask, stretched to `size` (width, height) around `centre`; returns the box it was meant for."""
    wide, high = max(2, round(size[0])), max(2, round(size[1]))
    x, y = round(centre[0] - wide / 2), round(centre[1] - high / 2)
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = max(0, x), max(0, y), min(w, x + wide), min(h, y + high)
    if x1 > x0 and y1 > y0:
        shrinks = mask.shape[0] > high
        small = cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        alpha = small[y0 - y : y1 - y, x0 - x : x1 - x, None].astype(np.float32) * (opacity / 255)
        part = picture[y0:y1, x0:x1]
        part[:] = (part + (np.array(colour, np.float32) - part) * alpha).astype(np.uint8)
    return float(x), float(y), float(x + wide), float(y + high)


def _border(rng: np.random.Generator, picture: np.ndarray, colours: Colours) -> None:
    if rng.random() < 0.45:
        return
    h, w = picture.shape[:2]
    inset, thick = max(1, int(rng.uniform(0.0, 0.04) * h)), max(1, int(rng.uniform(0.01, 0.035) * h))
    cv2.rectangle(picture, (inset, inset), (w - 1 - inset, h - 1 - inset), colours.ink, thick, cv2.LINE_AA)


def _sides(rng: np.random.Generator, picture: np.ndarray, design: Design, colours: Colours) -> tuple[float, float]:
    """Paint what stands left and right of the serial; returns where the serial may begin and end, pixels."""
    h, w = picture.shape[:2]
    edge = float(rng.uniform(0.015, 0.07)) * w
    left, right = edge, w - edge
    if design.wide and rng.random() < 0.75:
        band = rng.uniform(0.07, 0.11) * w * (2.2 if w < 2.3 * h else 1)
        blue = _clip(np.array([150, 50, 10]) + rng.normal(0, 20, 3)) if colours.top != colours.ink else colours.ink
        cv2.rectangle(picture, (0, 0), (int(band), h), blue, -1)
        _stamp(picture, fonts.emblem(rng), (band / 2, 0.32 * h), (band * 0.7, h * 0.35), (60, 210, 240))
        if design.band:
            mask = fonts.word(design.band, fonts.pick(rng, fonts.BLOCK))
            _stamp(picture, mask, (band / 2, 0.78 * h), (band * min(0.85, 0.35 * len(design.band)), h * 0.2), (255, 255, 255))
        left = max(left, band * 1.05)
        if design.region in ("FR", "IT", "PT") and rng.random() < 0.7:
            cv2.rectangle(picture, (int(w - band), 0), (w, h), blue, -1)
            mask = fonts.word(str(int(rng.integers(1, 96))), fonts.pick(rng, fonts.BLOCK))
            _stamp(picture, mask, (w - band / 2, 0.75 * h), (band * 0.6, h * 0.22), (255, 255, 255))
            right = w - band * 1.05
    if "l" in design.emblem and rng.random() < 0.4:
        size = rng.uniform(0.3, 0.6) * h
        _emblem(rng, picture, (left + size * 0.55, rng.uniform(0.45, 0.6) * h), size)
        left += size * 1.12
    elif not design.wide and rng.random() < 0.12:  # specialty plates: a badge at either side
        size = rng.uniform(0.3, 0.55) * h
        if rng.random() < 0.75:
            _emblem(rng, picture, (left + size * 0.55, rng.uniform(0.45, 0.6) * h), size)
            left += size * 1.12
        else:
            _emblem(rng, picture, (right - size * 0.55, rng.uniform(0.45, 0.6) * h), size)
            right -= size * 1.12
    return left, right


def _emblem(rng: np.random.Generator, picture: np.ndarray, centre: tuple[float, float], size: float) -> None:
    """An emblem of any shape: fruit, badge, star, outline of a state, pictogram. Never a character."""
    kind = rng.random()
    colour = _random_colour(rng, 0, 256)
    x, y = centre
    grey = picture.ndim == 3 and np.ptp(picture[0, 0].astype(int)) < 3 and np.ptp(picture[-1, -1].astype(int)) < 3
    if grey and rng.random() < 0.3:
        colour = (colour[0],) * 3
    if kind < 0.22:  # fruit: one or two discs and a leaf
        for _ in range(int(rng.integers(1, 4))):
            spot = (int(x + rng.normal(0, size * 0.15)), int(y + rng.normal(0, size * 0.15)))
            axes = (max(2, int(size * rng.uniform(0.2, 0.4))), max(2, int(size * rng.uniform(0.2, 0.42))))
            fruit = _clip(np.array([20, 130, 240]) + rng.normal(0, 35, 3)) if rng.random() < 0.6 else colour
            cv2.ellipse(picture, spot, axes, float(rng.uniform(0, 180)), 0, 360, fruit, -1, cv2.LINE_AA)
        leaf = (int(x), int(y - size * 0.35))
        cv2.ellipse(picture, leaf, (max(2, int(size * 0.22)), max(1, int(size * 0.1))), float(rng.uniform(-40, 40)), 0, 360, (40, 120, 30), -1, cv2.LINE_AA)
    elif kind < 0.5:  # outline of a state, a shield, a mountain
        count = int(rng.integers(4, 14))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = size * rng.uniform(0.25, 0.55, count)
        points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1).astype(np.int32)
        if rng.random() < 0.65:
            cv2.fillPoly(picture, [points], colour, cv2.LINE_AA)
        else:
            cv2.polylines(picture, [points], isClosed=True, color=colour, thickness=max(1, int(size * 0.06)), lineType=cv2.LINE_AA)
    elif kind < 0.62:  # round seal
        cv2.circle(picture, (int(x), int(y)), max(2, int(size * 0.42)), colour, -1 if rng.random() < 0.6 else max(1, int(size * 0.08)), cv2.LINE_AA)
        if rng.random() < 0.6:
            cv2.circle(picture, (int(x), int(y)), max(1, int(size * 0.24)), _random_colour(rng, 0, 256), -1, cv2.LINE_AA)
    else:
        wide = size * float(rng.uniform(0.6, 1.0))
        _stamp(picture, fonts.emblem(rng), centre, (wide, size), colour)


def _write(rng: np.random.Generator, picture: np.ndarray, text: str, lettering: str, centre: tuple[float, float], box: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """Words that are no serial, fitted into `box` (width, height)."""
    pools = {"b": fonts.BLOCK, "s": fonts.SERIF, "c": fonts.SCRIPT}
    if rng.random() < 0.2:
        lettering = "bsc"[int(rng.integers(3))]
    mask = fonts.word(text, fonts.pick(rng, pools[lettering]))
    scale = min(box[0] / mask.shape[1], box[1] / mask.shape[0])
    _stamp(picture, mask, centre, (mask.shape[1] * scale, mask.shape[0] * scale), colour)


def _american_words(rng: np.random.Generator, picture: np.ndarray, design: Design, colours: Colours) -> tuple[float, float]:
    """State's name and slogan; returns the serial's top and bottom as shares of the height."""
    h, w = picture.shape[:2]
    name = design.name.upper() if rng.random() < 0.15 else design.name
    slogan = design.slogans[int(rng.integers(len(design.slogans)))] if design.slogans and rng.random() < 0.8 else ""
    if rng.random() < 0.1:
        slogan = f"{slogan} {int(rng.integers(10, 99))}"[:24]
    slogan = slogan.upper() if rng.random() < 0.5 else slogan
    top, bottom = float(rng.uniform(0.24, 0.33)), float(rng.uniform(0.74, 0.84))
    above, below = (name, slogan) if rng.random() < 0.85 else (slogan, name)
    if above:
        tall = float(rng.uniform(0.1, 0.19)) * h
        place = (w * float(rng.uniform(0.42, 0.58)), h * float(rng.uniform(0.11, 0.15)))
        _write(rng, picture, above, design.lettering, place, (w * 0.62, tall), colours.name)
    else:
        top -= float(rng.uniform(0, 0.12))
    if below:
        tall = float(rng.uniform(0.06, 0.13)) * h
        place = (w * float(rng.uniform(0.42, 0.58)), h * float(rng.uniform(0.9, 0.94)))
        if rng.random() < 0.15:
            cv2.rectangle(picture, (0, int(0.85 * h)), (w, h), _random_colour(rng, 0, 256), -1)
        _write(rng, picture, below, "b" if rng.random() < 0.6 else design.lettering, place, (w * 0.6, tall), colours.name)
    else:
        bottom += float(rng.uniform(0, 0.1))
    return top, bottom


def _wide_rows(rng: np.random.Generator) -> tuple[float, float]:
    top = float(rng.uniform(0.08, 0.2))
    return top, float(rng.uniform(0.8, 0.92))


def _stickers(rng: np.random.Generator, picture: np.ndarray, colours: Colours) -> None:
    """Month and year in the corners: coloured, with small figures that are not the serial."""
    h, w = picture.shape[:2]
    for cx, cy in ((0.09, 0.13), (0.91, 0.13), (0.09, 0.88), (0.91, 0.88)):
        if rng.random() > 0.28:
            continue
        wide, high = rng.uniform(0.07, 0.14) * w, rng.uniform(0.1, 0.19) * h
        x, y = cx * w + rng.normal(0, 0.01) * w, cy * h + rng.normal(0, 0.015) * h
        if rng.random() < 0.75:
            cv2.rectangle(picture, (int(x - wide / 2), int(y - high / 2)), (int(x + wide / 2), int(y + high / 2)), _random_colour(rng, 0, 256), -1)
        label = str(int(rng.integers(1, 100))) if rng.random() < 0.6 else "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()[int(rng.integers(12))]
        ink = colours.ink if rng.random() < 0.5 else _random_colour(rng, 0, 256)
        _write(rng, picture, label, "b", (x, y), (wide * 0.8, high * float(rng.uniform(0.45, 0.8))), ink)


def _bolts(rng: np.random.Generator, picture: np.ndarray) -> None:
    h, w = picture.shape[:2]
    if rng.random() < 0.45:
        return
    radius = max(1, int(rng.uniform(0.02, 0.045) * h))
    colour = _random_colour(rng, 0, 80) if rng.random() < 0.6 else _random_colour(rng, 120, 230)
    spots = [(0.2, 0.09), (0.8, 0.09), (0.2, 0.91), (0.8, 0.91)] if w < 3 * h else [(0.15, 0.5), (0.85, 0.5), (0.3, 0.15), (0.7, 0.15)]
    for x, y in spots:
        if rng.random() < 0.6:
            cv2.circle(picture, (int(x * w + rng.normal(0, 2)), int(y * h + rng.normal(0, 2))), radius, colour, -1, cv2.LINE_AA)


# ------------------------------------------------------------------ the serial itself

_Boxes = list[tuple[float, float, float, float]]


def _line(
    rng: np.random.Generator, picture: np.ndarray, items: list[_Item], band: tuple[float, float, float, float], face: fonts.Face, colours: Colours
) -> tuple[str, _Boxes, str, _Boxes]:
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
            _emblem(rng, picture, (centre[0], centre[1] + float(rng.normal(0, 0.05)) * high), size)
        elif item.kind == "dash":
            _dash(rng, picture, centre, wide, high, colours)
        x += wide + space * squeeze
    return text, boxes, stacked, stack_boxes


def _width(item: _Item, face: fonts.Face, natural: float, high: float) -> float:
    if item.kind == "character":
        return face.glyphs[item.value].shape[1] * natural
    return item.cells * 0.5 * high


def _character(
    picture: np.ndarray, mask: np.ndarray, centre: tuple[float, float], size: tuple[float, float], colours: Colours, emboss: float
) -> tuple[float, float, float, float]:
    if emboss:
        shift = max(1.0, size[1] * 0.02)
        dark, light = _clip(np.array(colours.top) * 0.6), _clip(np.array(colours.top) * 1.25 + 15)
        _stamp(picture, mask, (centre[0] + shift, centre[1] + shift), size, dark, 0.6 * emboss)
        _stamp(picture, mask, (centre[0] - shift, centre[1] - shift), size, light, 0.5 * emboss)
    return _stamp(picture, mask, centre, size, colours.ink)


def _stack(
    rng: np.random.Generator, picture: np.ndarray, value: str, centre: tuple[float, float], size: tuple[float, float], face: fonts.Face, colours: Colours
) -> _Boxes:
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
        _character(picture, face.glyphs[c], (centre[0], start + pitch * i), (wide * (0.55 if c in "1I" else 0.95), each), replace(colours, ink=ink), 0.0)
        for i, c in enumerate(value)
    ]


def _dash(rng: np.random.Generator, picture: np.ndarray, centre: tuple[float, float], wide: float, high: float, colours: Colours) -> None:
    x, y = centre
    if rng.random() < 0.7:
        half, thick = wide * 0.4, high * float(rng.uniform(0.04, 0.08))
        cv2.rectangle(picture, (int(x - half), int(y - thick)), (int(x + half), int(y + thick)), colours.ink, -1)
    else:
        cv2.circle(picture, (int(x), int(y)), max(1, int(high * rng.uniform(0.05, 0.1))), colours.ink, -1, cv2.LINE_AA)
