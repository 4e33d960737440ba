"""Things that look like plates and are none: lettering, stickers, signs, grilles, clock overlays, shop fronts.

Drawn into real scenes for training. Each function draws in place (H×W×3, uint8, BGR) and returns the upright rectangle
(x0, y0, x1, y1) it drew in, so that the training may insist on "no plate" there. Nothing here has a plate's
proportions *and* a plate's lettering at once: a network cannot learn a difference that a person would not see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth import plate_fonts as fonts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.paste import Picture

Rectangle = tuple[int, int, int, int]

_WORDS = (  # noqa: SIM905
    "CALL NOW SALE OPEN DINER PIZZA HOTEL BANK PLUMBING ELECTRIC BAKERY LOANS TACOS COFFEE STOP EXIT SPEED "
    "LIMIT TAXI POLICE SHERIFF SCHOOL BUS FORD DODGE RAM TOYOTA CHEVROLET NISSAN TURBO DIESEL AWD 4X4 HYBRID "
    "SPORT LIMITED XLT HEMI MACK VOLVO FREIGHT LINES TRUCKING MOVERS RENTAL FIRE RESCUE AMBULANCE FARM SUPPLY "
    "FEED SEED CHURCH PARK ZONE CAUTION WIDE LOAD HOW AM I DRIVING VOTE PEACE COEXIST BABY ON BOARD LOVE MY "
    "DOG WILDCATS JAYHAWKS ONE WAY YIELD DETOUR CAM"
).split()


def lettering(rng: np.random.Generator, picture: Picture) -> Rectangle:
    """Words straight on whatever is there: a lorry's side, a shop front, a badge."""
    size = int(np.exp(rng.uniform(np.log(7), np.log(60))))
    mask = _line(rng, _words(rng), size)
    return _ink(rng, picture, mask, _color(rng))


def clock(rng: np.random.Generator, picture: Picture) -> Rectangle:
    """The date and time that a camera burns into its picture, along a border, with or without a dark strip."""
    date = f"{rng.integers(2010, 2030)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
    time = f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    text = str(
        rng.choice(
            [f"{date} {time}", time, f"CAM {rng.integers(1, 20)}", date.replace("-", "/"), f"{date.replace('-', '')}"]
        )
    )
    mask = _line(rng, text, int(rng.integers(8, 22)))
    height, width = picture.shape[:2]
    low = rng.random() < 0.5
    place = (
        int(rng.integers(2, max(3, width - mask.shape[1] - 2))),
        height - mask.shape[0] - int(rng.integers(2, 14)) if low else int(rng.integers(2, 14)),
    )
    if rng.random() < 0.3:
        x, y = place
        cv2.rectangle(picture, (x - 4, y - 3), (x + mask.shape[1] + 4, y + mask.shape[0] + 3), (0, 0, 0), -1)
    return _ink(rng, picture, mask, (255.0, 255.0, 255.0) if rng.random() < 0.8 else _color(rng), place)


def sign(rng: np.random.Generator, picture: Picture) -> Rectangle:
    """A panel with words in several lines, or in one very long line: road sign, poster, bumper sticker."""
    lines = int(rng.integers(1, 5))
    masks = [
        _line(rng, _words(rng, 2 if lines == 1 else 1), int(np.exp(rng.uniform(np.log(8), np.log(32)))))
        for _ in range(lines)
    ]
    pad = int(rng.integers(3, 14))
    width, height = max(m.shape[1] for m in masks) + 2 * pad, sum(m.shape[0] + pad for m in masks) + pad
    if lines == 1 and width < 5.5 * height:  # one line on a plate's panel would be a plate
        height = int(width * rng.uniform(0.7, 1.2))
    panel = np.empty((height, width, 3), np.uint8)
    panel[:] = _color(rng)
    ink = tuple(255.0 - c for c in panel[0, 0].astype(float)) if rng.random() < 0.6 else _color(rng)
    y = pad
    for mask in masks:
        _ink(rng, panel, mask[: height - y], ink, ((width - mask.shape[1]) // 2, y))
        y += mask.shape[0] + pad
    if rng.random() < 0.3:
        cv2.rectangle(panel, (1, 1), (width - 2, height - 2), ink, max(1, height // 30))
    return _warp(rng, picture, panel)


def grille(rng: np.random.Generator, picture: Picture) -> Rectangle:
    """Parallel bars or slats: a radiator grille, a vent, a fence, a drain."""
    width = int(np.exp(rng.uniform(np.log(24), np.log(180))))
    height = int(width * rng.uniform(0.15, 0.7))
    light, dark = rng.uniform(60, 255), rng.uniform(0, 60)
    period = rng.uniform(3, 14)
    along = np.arange(height)[:, None] if rng.random() < 0.6 else np.arange(width)[None]
    wave = (np.sin(2 * np.pi * along / period) > rng.uniform(-0.6, 0.6)).astype(np.float32)
    panel = np.broadcast_to(dark + (light - dark) * wave, (height, width))
    return _warp(rng, picture, np.repeat(panel[..., None], 3, axis=2).astype(np.uint8))


def route(rng: np.random.Generator, picture: Picture) -> Rectangle:
    """A bus's lit route number: one to three bright characters on a dark panel."""
    text = "".join(str(rng.choice(list("0123456789ABCKMNSX"))) for _ in range(int(rng.integers(1, 4))))
    mask = _line(rng, text, int(np.exp(rng.uniform(np.log(8), np.log(40)))))
    pad = max(2, int(mask.shape[0] * rng.uniform(0.1, 0.5)))
    panel = np.full((mask.shape[0] + 2 * pad, int(mask.shape[1] * rng.uniform(1.1, 3.0)) + 2 * pad, 3), 12, np.uint8)
    lit = ((40.0, 170.0, 255.0), (235.0, 250.0, 255.0), (60.0, 255.0, 180.0))[int(rng.integers(3))]
    _ink(rng, panel, mask, lit, (int(rng.integers(pad, max(pad + 1, panel.shape[1] - mask.shape[1]))), pad))
    return _warp(rng, picture, panel)


KINDS = (lettering, lettering, clock, sign, sign, grille, route)


def _words(rng: np.random.Generator, count: int | None = None) -> str:
    """One to three words, or a telephone number."""
    if rng.random() < 0.12:
        return f"{rng.integers(200, 999)}-{rng.integers(200, 999)}-{rng.integers(0, 9999):04d}"
    text = " ".join(_word(rng) for _ in range(count or int(rng.integers(1, 4))))
    return text if rng.random() < 0.7 else text.title()


def _word(rng: np.random.Generator) -> str:
    """One that is known, or one that no language has: lettering is no plate whatever it says."""
    if rng.random() < 0.6:
        return str(rng.choice(_WORDS))
    return "".join(
        str(rng.choice(list("BCDFGHKLMNPRSTVZ"))) + str(rng.choice(list("AEIOUY")))
        for _ in range(int(rng.integers(1, 5)))
    )


def _line(rng: np.random.Generator, text: str, size: int) -> Picture:
    """A line of text as a mask (h×w, 0–255) about `size` pixels high."""
    names = [fonts.BLOCK, fonts.BLOCK, fonts.SERIF, fonts.SCRIPT][int(rng.integers(4))]
    mask = fonts.word(text, fonts.pick(rng, names), 40)
    ratio = size / max(1, mask.shape[0])
    shape = (max(2, round(mask.shape[1] * ratio)), max(2, size))
    return cv2.resize(mask, shape, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)  # type: ignore[return-value]


def _color(rng: np.random.Generator) -> tuple[float, float, float]:
    """Black, white, grey or any colour, BGR."""
    if rng.random() < 0.5:
        grey = float(rng.choice([rng.uniform(0, 40), rng.uniform(215, 255), rng.uniform(0, 255)]))
        return (grey, grey, grey)
    blue, green, red = rng.uniform(0, 255, 3)
    return (float(blue), float(green), float(red))


def _ink(
    rng: np.random.Generator,
    picture: Picture,
    mask: Picture,
    color: tuple[float, ...],
    place: tuple[int, int] | None = None,
) -> Rectangle:
    """Draw a mask in one colour, at a place (x, y) or anywhere; what does not fit is cut off."""
    height, width = picture.shape[:2]
    mask = mask[: max(1, height - 2), : max(1, width - 2)]
    x, y = place or (int(rng.integers(0, width - mask.shape[1])), int(rng.integers(0, height - mask.shape[0])))
    x, y = max(0, x), max(0, y)
    under = picture[y : y + mask.shape[0], x : x + mask.shape[1]]
    share = mask[: under.shape[0], : under.shape[1], None].astype(np.float32) * np.float32(rng.uniform(0.6, 1.0) / 255)
    under[:] = (under + (np.array(color, np.float32) - under) * share).astype(np.uint8)
    return (x, y, x + under.shape[1], y + under.shape[0])


def _warp(rng: np.random.Generator, picture: Picture, panel: Picture) -> Rectangle:
    """Put a panel into the picture, turned a little, darker or brighter."""
    height, width = picture.shape[:2]
    ratio = min(1.0, 0.5 * width / panel.shape[1], 0.5 * height / panel.shape[0])
    w, h = panel.shape[1] * ratio, panel.shape[0] * ratio
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    quad = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]) + rng.normal(0, 0.04, (4, 2)) * min(w, h)
    x0, y0 = np.maximum(quad.min(axis=0).astype(int) - 1, 0)
    x1, y1 = np.minimum(quad.max(axis=0).astype(int) + 2, [width, height])
    source = np.array([[0, 0], [panel.shape[1], 0], [panel.shape[1], panel.shape[0]], [0, panel.shape[0]]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (quad - [x0, y0]).astype(np.float32))
    size = (int(x1 - x0), int(y1 - y0))
    lit = np.clip(panel * rng.uniform(0.3, 1.1), 0, 255).astype(np.uint8)
    warped = cv2.warpPerspective(lit, matrix, size, flags=cv2.INTER_LINEAR)
    share = (
        cv2.warpPerspective(np.full(panel.shape[:2], 255, np.uint8), matrix, size).astype(np.float32)[..., None] / 255
    )
    under: NDArray[np.uint8] = picture[y0:y1, x0:x1]
    under[:] = (under + (warped.astype(np.float32) - under) * share).astype(np.uint8)
    return (int(x0), int(y0), int(x1), int(y1))
