"""The frame as a stamp: 160 pixels wide is enough to see that something moves, that it is dark, or that nothing is new.

Base for the motion gate, the picture's quality and the sources' watch for frozen cameras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 160
"""Pixels; a plate that can be read is five of them wide, its car twenty."""
TILES = 8
"""A picture is watched for anything new in 8×8 tiles, so that a running clock does not make a dead camera live."""
SAMPLES = 80
"""So many pictures are remembered, over twice the time after which a camera counts as frozen."""
DARK, BRIGHT = 24, 240
"""A tile that is wholly below or above shows no noise even when the camera lives: it says nothing."""
NEWS_MIN = 0.1
"""Share of the telling tiles that must show something new."""
COLOURLESS_MAX = 3.0
"""Mean difference between a cell's strongest and weakest colour, levels. A grey winter day has seven."""


def small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """H×W×3 → at most 160 wide, same shape: area averages over every row that is needed for two a cell."""
    height, width = pixels.shape[:2]
    columns = min(WIDTH, width)
    rows = max(1, round(height * columns / width))
    step = max(1, height // (2 * rows))
    return cv2.resize(pixels[::step], (columns, rows), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """H×W×3 → H×W, 0–255."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)


def colourless(stamp: NDArray[np.uint8]) -> bool:
    """Whether a small picture (H×W×3) is grey throughout, as infra-red is: a colour that is told would be a guess."""
    return float((stamp.max(axis=2).astype(np.float32) - stamp.min(axis=2)).mean()) < COLOURLESS_MAX


class Stillness:
    """How long a camera has shown nothing new.

    A sensor has noise, so a living camera never gives the same bytes twice. A frozen one does, but its encoder still
    alternates between a few versions of the one picture, so what counts is not whether two neighbours are equal but
    whether a picture was ever seen before. It is asked tile by tile: a clock that is written into a frozen picture
    changes one or two of them.
    """

    def __init__(self, seconds_max: float) -> None:
        self._every_ns = round(2 * seconds_max * 1e9 / SAMPLES)
        self._seen = np.zeros((SAMPLES, TILES * TILES), np.uint64)
        self._next = 0
        self._looked_ns: int | None = None
        self._new_ns = 0

    def update(self, pixels: NDArray[np.uint8], now_ns: int) -> float:
        """Seconds since a frame (H×W×3) last held something new; `now_ns` is monotonic."""
        if self._looked_ns is None or now_ns - self._looked_ns >= self._every_ns:
            self._looked_ns = now_ns
            if self._new(pixels):
                self._new_ns = now_ns
        return (now_ns - self._new_ns) / 1e9

    def _new(self, pixels: NDArray[np.uint8]) -> bool:
        prints, telling = _fingerprints(pixels)
        seen = (self._seen == prints).any(axis=0)
        self._seen[self._next] = prints
        self._next = (self._next + 1) % SAMPLES
        if telling.mean() < NEWS_MIN:  # a black picture is dark, not frozen
            return True
        return bool((telling & ~seen).sum() >= NEWS_MIN * telling.sum())


def _fingerprints(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """One number for each tile, of every eighth pixel each way, and whether the tile can tell anything."""
    step = min(8, max(1, min(pixels.shape[:2]) // (TILES * 8)))
    sample = pixels[step // 2 :: step, step // 2 :: step]
    high, wide = (max(1, side // TILES) for side in sample.shape[:2])
    down, across = min(TILES, sample.shape[0]), min(TILES, sample.shape[1])
    tiles = sample[: down * high, : across * wide].reshape(down, high, across, wide, 3)
    tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(down * across, -1)
    weights = np.random.default_rng(0).integers(1, 2**63, tiles.shape[1], dtype=np.uint64)
    prints = np.zeros(TILES * TILES, np.uint64)
    telling = np.zeros(TILES * TILES, np.bool_)
    prints[: len(tiles)] = (tiles * weights).sum(axis=1, dtype=np.uint64)
    telling[: len(tiles)] = (tiles.max(axis=1) >= DARK) & (tiles.min(axis=1) <= BRIGHT)
    return prints, telling
