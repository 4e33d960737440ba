"""Paints all of a plate but its serial: sheeting, scenery, names, slogans, emblems, stickers, bolts.

None of it is text to be read: what is drawn here teaches a network what to leave out.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.synth import plate_fonts as fonts
from models.synth.plate_designs import Colours, Design

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def random_colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    """Any colour with each part in [low, high)."""
    b, g, r = (int(v) for v in rng.integers(low, high, 3))
    return b, g, r


def aged(rng: np.random.Generator, colours: Colours) -> Colours:
    """Every print run and every sun differs a little; one plate in ten has another design's colours altogether."""
    if rng.random() < 0.1:
        pale, dark = random_colour(rng, 140, 256), random_colour(rng, 0, 110)
        return Colours(pale, pale, dark, dark) if rng.random() < 0.6 else Colours(dark, dark, pale, pale)
    shift = rng.normal(0, 9, (4, 3))
    return Colours(
        *(
            clip(np.add(c, s))
            for c, s in zip((colours.top, colours.bottom, colours.ink, colours.name), shift, strict=True)
        )
    )


def clip(colour: np.ndarray) -> tuple[int, int, int]:
    """To whole numbers 0–255."""
    b, g, r = (int(v) for v in np.clip(colour, 0, 255))
    return b, g, r


def infrared_paint(rng: np.random.Generator, colours: Colours) -> Colours:
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


def background(rng: np.random.Generator, colours: Colours, width: int, height: int, *, scenery: bool) -> np.ndarray:
    """The sheeting: a ramp between two colours, scenery, and an uneven print."""
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
        colour = random_colour(rng, low, high)
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
            stamp(
                layer,
                fonts.emblem(rng),
                (rng.uniform(0, w), rng.uniform(0.3, 0.8) * h),
                (size * rng.uniform(0.7, 1.3), size),
                colour,
            )
    share = float(rng.uniform(0.15, 0.75))
    return cv2.addWeighted(layer, share, picture, 1 - share, 0)


def stamp(
    picture: np.ndarray,
    mask: np.ndarray,
    centre: tuple[float, float],
    size: tuple[float, float],
    colour: tuple[int, int, int],
    opacity: float = 1.0,
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


def border(rng: np.random.Generator, picture: np.ndarray, colours: Colours) -> None:
    """A line along the edges, on half of the plates."""
    if rng.random() < 0.45:
        return
    h, w = picture.shape[:2]
    inset, thick = max(1, int(rng.uniform(0.0, 0.04) * h)), max(1, int(rng.uniform(0.01, 0.035) * h))
    cv2.rectangle(picture, (inset, inset), (w - 1 - inset, h - 1 - inset), colours.ink, thick, cv2.LINE_AA)


def sides(rng: np.random.Generator, picture: np.ndarray, design: Design, colours: Colours) -> tuple[float, float]:
    """Paint what stands left and right of the serial; returns where the serial may begin and end, pixels."""
    h, w = picture.shape[:2]
    edge = float(rng.uniform(0.015, 0.07)) * w
    left, right = edge, w - edge
    if design.wide and rng.random() < 0.75:
        band = rng.uniform(0.07, 0.11) * w * (2.2 if w < 2.3 * h else 1)
        blue = clip(np.array([150, 50, 10]) + rng.normal(0, 20, 3)) if colours.top != colours.ink else colours.ink
        cv2.rectangle(picture, (0, 0), (int(band), h), blue, -1)
        stamp(picture, fonts.emblem(rng), (band / 2, 0.32 * h), (band * 0.7, h * 0.35), (60, 210, 240))
        if design.band:
            mask = fonts.word(design.band, fonts.pick(rng, fonts.BLOCK))
            stamp(
                picture,
                mask,
                (band / 2, 0.78 * h),
                (band * min(0.85, 0.35 * len(design.band)), h * 0.2),
                (255, 255, 255),
            )
        left = max(left, band * 1.05)
        if design.region in ("FR", "IT", "PT") and rng.random() < 0.7:
            cv2.rectangle(picture, (int(w - band), 0), (w, h), blue, -1)
            mask = fonts.word(str(int(rng.integers(1, 96))), fonts.pick(rng, fonts.BLOCK))
            stamp(picture, mask, (w - band / 2, 0.75 * h), (band * 0.6, h * 0.22), (255, 255, 255))
            right = w - band * 1.05
    if "l" in design.emblem and rng.random() < 0.4:
        size = rng.uniform(0.3, 0.6) * h
        emblem(rng, picture, (left + size * 0.55, rng.uniform(0.45, 0.6) * h), size)
        left += size * 1.12
    elif not design.wide and rng.random() < 0.12:  # specialty plates: a badge at either side
        size = rng.uniform(0.3, 0.55) * h
        if rng.random() < 0.75:
            emblem(rng, picture, (left + size * 0.55, rng.uniform(0.45, 0.6) * h), size)
            left += size * 1.12
        else:
            emblem(rng, picture, (right - size * 0.55, rng.uniform(0.45, 0.6) * h), size)
            right -= size * 1.12
    return left, right


def emblem(rng: np.random.Generator, picture: np.ndarray, centre: tuple[float, float], size: float) -> None:
    """An emblem of any shape: fruit, badge, star, outline of a state, pictogram. Never a character."""
    kind = rng.random()
    colour = random_colour(rng, 0, 256)
    x, y = centre
    grey = picture.ndim == 3 and np.ptp(picture[0, 0].astype(int)) < 3 and np.ptp(picture[-1, -1].astype(int)) < 3
    if grey and rng.random() < 0.3:
        colour = (colour[0],) * 3
    if kind < 0.22:  # fruit: one or two discs and a leaf
        for _ in range(int(rng.integers(1, 4))):
            spot = (int(x + rng.normal(0, size * 0.15)), int(y + rng.normal(0, size * 0.15)))
            axes = (max(2, int(size * rng.uniform(0.2, 0.4))), max(2, int(size * rng.uniform(0.2, 0.42))))
            fruit = clip(np.array([20, 130, 240]) + rng.normal(0, 35, 3)) if rng.random() < 0.6 else colour
            cv2.ellipse(picture, spot, axes, float(rng.uniform(0, 180)), 0, 360, fruit, -1, cv2.LINE_AA)
        leaf = (int(x), int(y - size * 0.35))
        cv2.ellipse(
            picture,
            leaf,
            (max(2, int(size * 0.22)), max(1, int(size * 0.1))),
            float(rng.uniform(-40, 40)),
            0,
            360,
            (40, 120, 30),
            -1,
            cv2.LINE_AA,
        )
    elif kind < 0.5:  # outline of a state, a shield, a mountain
        count = int(rng.integers(4, 14))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = size * rng.uniform(0.25, 0.55, count)
        points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1).astype(np.int32)
        if rng.random() < 0.65:
            cv2.fillPoly(picture, [points], colour, cv2.LINE_AA)
        else:
            cv2.polylines(
                picture, [points], isClosed=True, color=colour, thickness=max(1, int(size * 0.06)), lineType=cv2.LINE_AA
            )
    elif kind < 0.62:  # round seal
        cv2.circle(
            picture,
            (int(x), int(y)),
            max(2, int(size * 0.42)),
            colour,
            -1 if rng.random() < 0.6 else max(1, int(size * 0.08)),
            cv2.LINE_AA,
        )
        if rng.random() < 0.6:
            cv2.circle(picture, (int(x), int(y)), max(1, int(size * 0.24)), random_colour(rng, 0, 256), -1, cv2.LINE_AA)
    else:
        wide = size * float(rng.uniform(0.6, 1.0))
        stamp(picture, fonts.emblem(rng), centre, (wide, size), colour)


def _write(
    rng: np.random.Generator,
    picture: np.ndarray,
    text: str,
    lettering: str,
    centre: tuple[float, float],
    box: tuple[float, float],
    colour: tuple[int, int, int],
) -> None:
    """Words that are no serial, fitted into `box` (width, height)."""
    pools = {"b": fonts.BLOCK, "s": fonts.SERIF, "c": fonts.SCRIPT}
    if rng.random() < 0.2:
        lettering = "bsc"[int(rng.integers(3))]
    mask = fonts.word(text, fonts.pick(rng, pools[lettering]))
    scale = min(box[0] / mask.shape[1], box[1] / mask.shape[0])
    stamp(picture, mask, centre, (mask.shape[1] * scale, mask.shape[0] * scale), colour)


def american_words(
    rng: np.random.Generator, picture: np.ndarray, design: Design, colours: Colours
) -> tuple[float, float]:
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
            cv2.rectangle(picture, (0, int(0.85 * h)), (w, h), random_colour(rng, 0, 256), -1)
        _write(
            rng, picture, below, "b" if rng.random() < 0.6 else design.lettering, place, (w * 0.6, tall), colours.name
        )
    else:
        bottom += float(rng.uniform(0, 0.1))
    return top, bottom


def wide_rows(rng: np.random.Generator) -> tuple[float, float]:
    """A European serial's top and bottom as shares of the height."""
    top = float(rng.uniform(0.08, 0.2))
    return top, float(rng.uniform(0.8, 0.92))


def stickers(rng: np.random.Generator, picture: np.ndarray, colours: Colours) -> None:
    """Month and year in the corners: coloured, with small figures that are not the serial."""
    h, w = picture.shape[:2]
    for cx, cy in ((0.09, 0.13), (0.91, 0.13), (0.09, 0.88), (0.91, 0.88)):
        if rng.random() > 0.28:
            continue
        wide, high = rng.uniform(0.07, 0.14) * w, rng.uniform(0.1, 0.19) * h
        x, y = cx * w + rng.normal(0, 0.01) * w, cy * h + rng.normal(0, 0.015) * h
        if rng.random() < 0.75:
            cv2.rectangle(
                picture,
                (int(x - wide / 2), int(y - high / 2)),
                (int(x + wide / 2), int(y + high / 2)),
                random_colour(rng, 0, 256),
                -1,
            )
        label = str(int(rng.integers(1, 100))) if rng.random() < 0.6 else MONTHS[int(rng.integers(12))]
        ink = colours.ink if rng.random() < 0.5 else random_colour(rng, 0, 256)
        _write(rng, picture, label, "b", (x, y), (wide * 0.8, high * float(rng.uniform(0.45, 0.8))), ink)


def bolts(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Heads or holes, on half of the plates."""
    h, w = picture.shape[:2]
    if rng.random() < 0.45:
        return
    radius = max(1, int(rng.uniform(0.02, 0.045) * h))
    colour = random_colour(rng, 0, 80) if rng.random() < 0.6 else random_colour(rng, 120, 230)
    spots = (
        [(0.2, 0.09), (0.8, 0.09), (0.2, 0.91), (0.8, 0.91)]
        if w < 3 * h
        else [(0.15, 0.5), (0.85, 0.5), (0.3, 0.15), (0.7, 0.15)]
    )
    for x, y in spots:
        if rng.random() < 0.6:
            cv2.circle(
                picture, (int(x * w + rng.normal(0, 2)), int(y * h + rng.normal(0, 2))), radius, colour, -1, cv2.LINE_AA
            )
