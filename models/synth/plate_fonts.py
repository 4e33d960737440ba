"""Glyphs for plates: masks of single characters and of words, from free fonts and from drawn strokes.

Plate makers press their own dies, and no die is published. So three sources take turns: road-sign and condensed
faces that come close, ordinary sans faces for variety, and `strokes`, thirty-six characters drawn as round-cornered
lines whose width does not change with the cell, which is what a die looks like.

Fonts are found by file name through fontconfig; nothing is bundled. The Debian packages and their licences stand in
`PACKAGES`. Without one of them its faces are left out; without any, `FontsMissingError` says what to install.
"""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

PACKAGES = {
    "fonts-roadgeek": "public domain (FHWA highway series)",
    "fonts-opendin": "OFL-1.1",
    "fonts-routed-gothic": "OFL-1.1",
    "fonts-urw-base35": "AGPL-3.0 with font exception",
    "fonts-roboto-unhinted": "Apache-2.0",
    "fonts-liberation": "OFL-1.1",
    "fonts-bebas-neue": "OFL-1.1",
    "fonts-yanone-kaffeesatz": "OFL-1.1",
    "fonts-dosis": "OFL-1.1",
    "fonts-texgyre": "GUST Font Licence",
    "fonts-open-sans": "Apache-2.0",
    "fonts-dejavu-extra": "Bitstream Vera licence",
    "fonts-tiresias": "GPL-3.0 with font exception",
    "fonts-osifont": "GPL with font exception",
    "fonts-gemunu-libre": "OFL-1.1",
    "fonts-b612": "EPL-1.0, OFL-1.1",
    "fonts-lato": "OFL-1.1",
    "fonts-league-mono": "OFL-1.1",
    "fonts-lobster": "OFL-1.1",
    "fonts-lobstertwo": "OFL-1.1",
    "fonts-kaushanscript": "OFL-1.1",
    "fonts-leckerli-one": "OFL-1.1",
    "fonts-font-awesome": "OFL-1.1 (the font)",
    "fonts-symbola": "free for any use",
}

SERIAL = [
    "RG2014B.ttf",
    "RG2014C.ttf",
    "RG2014D.ttf",
    "RG2014E.ttf",
    "RG2014EM.ttf",
    "OSP-DIN.ttf",
    "routed-gothic.ttf",
    "routed-gothic-narrow.ttf",
    "NimbusSansNarrow-Bold.otf",
    "NimbusSansNarrow-Regular.otf",
    "RobotoCondensed-Bold.ttf",
    "RobotoCondensed-Regular.ttf",
    "LiberationSansNarrow-Bold.ttf",
    "LiberationSans-Bold.ttf",
    "LiberationSans-Regular.ttf",
    "BebasNeue-Bold.otf",
    "BebasNeue-Regular.otf",
    "YanoneKaffeesatz-Bold.otf",
    "Dosis-Bold.otf",
    "Dosis-ExtraBold.otf",
    "texgyreheroscn-bold.otf",
    "OpenSans-CondBold.ttf",
    "DejaVuSansCondensed-Bold.ttf",
    "DejaVuSansMono-Bold.ttf",
    "tiresias_signfont_bold.ttf",
    "osifont.ttf",
    "GemunuLibre-Bold.otf",
    "GemunuLibre-SemiBold.otf",
    "B612-Bold.otf",
    "LeagueMono-CondensedBold.otf",
    "LeagueMono-NarrowBold.otf",
    "Lato-Bold.ttf",
    "Roboto-Bold.ttf",
    "Roboto-Medium.ttf",
]
"""Faces for serials; the first eleven come nearest to real dies and are drawn most."""

BLOCK = [
    "NimbusSans-Bold.otf",
    "LiberationSansNarrow-Bold.ttf",
    "RG2014C.ttf",
    "RobotoCondensed-Bold.ttf",
    "Dosis-Bold.otf",
    "BebasNeue-Bold.otf",
    "Lato-Bold.ttf",
]
SERIF = ["C059-Bold.otf", "P052-Bold.otf", "NimbusRoman-Bold.otf", "URWBookman-Demi.otf", "LiberationSerif-Bold.ttf"]
SCRIPT = [
    "lobster.otf",
    "LobsterTwo-BoldItalic.otf",
    "KaushanScript-Regular.otf",
    "LeckerliOne-Regular.ttf",
    "Z003-MediumItalic.otf",
    "P052-BoldItalic.otf",
]
EMBLEM = ["FontAwesome.otf", "fontawesome-webfont.ttf", "Symbola_hint.ttf"]

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GLYPH_HEIGHT = 96
"""Pixels of the masks kept; plates are rendered smaller."""


class FontsMissingError(RuntimeError):
    """No usable font was found on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "no font for plates found by fontconfig; install: apt install fontconfig " + " ".join(PACKAGES)
        )


@functools.cache
def _installed() -> dict[str, str]:
    """File name → path of every font that fontconfig knows."""
    try:
        listed = subprocess.run(["fc-list", ":", "file"], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise FontsMissingError from error
    paths = [line.split(":")[0] for line in listed.stdout.splitlines()]
    return {Path(path).name: path for path in paths}


@functools.cache
def available(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of these font files, those installed, in the same order."""
    here = tuple(name for name in names if name in _installed())
    if not here:
        raise FontsMissingError
    return here


@functools.lru_cache(maxsize=4096)
def word(text: str, font: str, height: int = 40) -> np.ndarray:
    """A word's mask (uint8, 0–255), trimmed to its ink; 1×1 when the face has none."""
    face = ImageFont.truetype(_installed()[font], height)
    left, top, right, bottom = face.getbbox(text)
    if right <= left or bottom <= top:
        return np.zeros((1, 1), np.uint8)
    canvas = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, font=face, fill=255)
    mask = np.asarray(canvas)
    ys, xs = np.nonzero(mask > 20)
    if len(ys) == 0:
        return np.zeros((1, 1), np.uint8)
    return np.ascontiguousarray(mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1])


@dataclass(frozen=True)
class Face:
    """One way to draw serial characters: masks by character, all `GLYPH_HEIGHT` high."""

    name: str
    glyphs: dict[str, np.ndarray]


@functools.lru_cache(maxsize=64)
def _font_face(name: str) -> Face:
    glyphs = {}
    for character in CHARACTERS:
        mask = word(character, name, 128)
        width = max(8, round(mask.shape[1] * GLYPH_HEIGHT / mask.shape[0]))
        if character == "Q":  # its tail hangs below the line: keep the body as high as an O
            body = word("O", name, 128)
            width = max(8, round(body.shape[1] * GLYPH_HEIGHT / body.shape[0]))
        glyphs[character] = cv2.resize(mask, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)
    return Face(name, glyphs)


# Round-cornered strokes in a cell 2 wide, 4 high, y down. A variant is drawn at random where there are several.
_ARC = "o"
_STROKES: dict[str, tuple[str, ...]] = {
    "0": ("o 00 20 24 04",),
    "1": ("01 10 14", "10 14;04 24;10 01", "14 10"),
    "2": ("01 00 20 22 04 24", "01 00 20 21 03 04 24"),
    "3": ("00 20 22 12;22 24 04", "01 00 20 22 12;12 22 24 04 03", "00 20 11 22 24 04"),
    "4": ("20 24;20 03 23", "00 02 22;20 24", "10 03 23;14 11"),
    "5": ("20 00 02 22 24 04", "20 00 02 22 24 04 03"),
    "6": ("20 00 04 24 22 02", "21 20 00 04 24 22 02"),
    "7": ("00 20 14", "00 20 04", "00 20 21 12 14"),
    "8": ("o 00 20 22 02;o 02 22 24 04",),
    "9": ("04 24 20 00 02 22", "03 04 24 20 00 02 22"),
    "A": ("04 10 24;03 23", "04 01 10 21 24;03 23", "04 00 20 24;02 22"),
    "B": ("00 20 22 02;22 24 04;00 04", "o 00 20 22 02;o 02 22 24 04;00 04"),
    "C": ("21 20 00 04 24 23", "20 00 04 24"),
    "D": ("00 20 24 04 00 00", "00 10 21 23 14 04;00 04"),
    "E": ("20 00 04 24;02 12", "20 00 04 24;02 22"),
    "F": ("20 00 04;02 12", "20 00 04;02 22"),
    "G": ("21 20 00 04 24 22 12", "20 00 04 24 22 12"),
    "H": ("00 04;20 24;02 22",),
    "I": ("10 14", "00 20;04 24;10 14"),
    "J": ("20 24 04 03", "10 20 24 04 03"),
    "K": ("00 04;20 02 24", "00 04;20 03;12 24"),
    "L": ("00 04 24",),
    "M": ("04 00 12 20 24", "04 00 13 20 24", "04 00 11 20 24"),
    "N": ("04 00 24 20",),
    "O": ("o 00 20 24 04",),
    "P": ("04 00 20 22 02",),
    "Q": ("o 00 20 24 04;13 24", "o 00 20 24 04;12 25"),
    "R": ("04 00 20 22 02;12 24", "04 00 20 22 02;02 24"),
    "S": ("21 20 00 02 22 24 04 03", "20 00 02 22 24 04"),
    "T": ("00 20;10 14",),
    "U": ("00 04 24 20",),
    "V": ("00 14 20", "00 02 14 22 20"),
    "W": ("00 04 12 24 20", "00 04 11 24 20", "00 03 14 10;14 23 20"),
    "X": ("00 24;20 04",),
    "Y": ("00 12 20;12 14", "00 02 12 22 20;12 14"),
    "Z": ("00 20 04 24",),
}
_STRAIGHT = set("AKMNVWXYZ4719")
"""Characters whose slanted corners stay sharp."""


def _rounded(points: np.ndarray, radius: float, *, closed: bool) -> np.ndarray:
    """A polyline with its corners cut by quadratic arcs of `radius` pixels."""
    out: list[np.ndarray] = []
    count = len(points)
    for i, here in enumerate(points):
        if not closed and i in (0, count - 1):
            out.append(here)
            continue
        before, after = points[i - 1], points[(i + 1) % count]
        r1 = min(radius, np.linalg.norm(before - here) / 2.01)
        r2 = min(radius, np.linalg.norm(after - here) / 2.01)
        a = here + (before - here) / max(1e-6, np.linalg.norm(before - here)) * r1
        b = here + (after - here) / max(1e-6, np.linalg.norm(after - here)) * r2
        out.extend((1 - t) ** 2 * a + 2 * t * (1 - t) * here + t * t * b for t in np.linspace(0, 1, 6))
    return np.array(out)


def _stroked(character: str, rng: np.random.Generator, width: int, stroke: int, radius: float) -> np.ndarray:
    variants = _STROKES[character]
    shape = variants[int(rng.integers(len(variants)))]
    scale = 4
    mask = np.zeros((GLYPH_HEIGHT * scale, width * scale), np.uint8)
    half = stroke / 2
    span = np.array([(width - stroke) / 2, (GLYPH_HEIGHT - stroke) / 4])
    for path in shape.split(";"):
        words = path.split()
        closed = words[0] == _ARC
        grid = np.array([[int(c) for c in w] for w in words[closed:]], float)
        points = grid * span + half
        keep = np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])
        soft = radius * (0.15 if character in _STRAIGHT else 1.0)
        line = _rounded(points[keep], soft, closed=closed)
        cv2.polylines(mask, [np.round(line * scale).astype(np.int32)], closed, 255, stroke * scale, cv2.LINE_AA)
    return cv2.resize(mask, (width, GLYPH_HEIGHT), interpolation=cv2.INTER_AREA)


def stroke_face(rng: np.random.Generator) -> Face:
    """A die made up on the spot: narrow or wide cells, thin or heavy strokes, tight or loose corners."""
    width, stroke = int(rng.integers(38, 62)), int(rng.integers(9, 18))
    radius = float(rng.uniform(6, 24))
    wide = {"M": 1.15, "W": 1.15, "I": 0.62, "1": 0.62}
    uniform = rng.random() < 0.3  # some makers give every character the same cell
    glyphs = {}
    for character in CHARACTERS:
        share = 1.0 if uniform else wide.get(character, 1.0)
        glyphs[character] = _stroked(character, rng, max(stroke + 6, round(width * share)), stroke, radius)
    return Face("strokes", glyphs)


@functools.lru_cache(maxsize=64)
def _stroke_faces(seed: int) -> Face:
    return stroke_face(np.random.default_rng(seed))


def serial_face(rng: np.random.Generator) -> Face:
    """A face for one plate: four in ten drawn by strokes, four from the nearest fonts, two from any."""
    draw = rng.random()
    if draw < 0.4:
        return _stroke_faces(int(rng.integers(64)))
    names = available(tuple(SERIAL))
    near = names[: max(1, len(names) // 3)]
    pool = near if draw < 0.8 else names
    return _font_face(pool[int(rng.integers(len(pool)))])


def pick(rng: np.random.Generator, names: list[str]) -> str:
    """One of these fonts that is installed."""
    here = available(tuple(names))
    return here[int(rng.integers(len(here)))]


@functools.cache
def _symbols() -> tuple[tuple[str, str], ...]:
    """(font, symbol) pairs for emblems: pictograms, stars, animals, plants; no letters, no digits."""
    out = []
    for font in available(tuple(EMBLEM)):
        ranges = [(0xF000, 0xF2E0)] if "wesome" in font else [(0x2600, 0x26FF), (0x2700, 0x2760), (0x1F300, 0x1F5FF)]
        out += [(font, chr(code)) for low, high in ranges for code in range(low, high)]
    return tuple(out)


def emblem(rng: np.random.Generator) -> np.ndarray:
    """The mask of some pictogram, about 64 pixels high."""
    symbols = _symbols()
    for _ in range(8):
        font, symbol = symbols[int(rng.integers(len(symbols)))]
        mask = word(symbol, font, 64)
        if mask.shape[0] > 20 and mask.shape[1] > 20:
            return mask
    return np.full((40, 40), 255, np.uint8)
