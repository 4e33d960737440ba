"""Which parts of a large picture are worth a look of their own, nearer to native resolution.

A detector sees a 1920-pixel frame at a third of its size, and a plate of 60 pixels as 20. A tile is a part of the frame
that the detector sees larger. Few are affordable, so tiles are as large as they must be for their number to fit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edge.camera.scene import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

ZOOMS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Picture pixels for one canvas pixel, finest first: beyond native resolution there is nothing to see."""
GAIN_MIN = 1.3
"""A tile must show a plate at least this much larger than the whole picture does."""
OVERLAP = 0.2
"""Share of a tile that its neighbour sees too: a plate on the seam is whole in one of them."""
AROUND_PX, AROUND = 16.0, 0.05
"""Moved regions are widened on each side by so much and this share of themselves: a plate may end where they end."""


def tiles(regions: Sequence[Box], picture: tuple[int, int], canvas: tuple[int, int], tiles_max: int) -> tuple[Box, ...]:
    """Tiles (whole pixels, inside the picture) that cover the regions, as fine as `tiles_max` of them allow.

    `picture` and `canvas` are width, height. Empty when that many tiles would show nothing larger.
    """
    whole = max(picture[0] / canvas[0], picture[1] / canvas[1])
    for zoom in ZOOMS:
        if zoom * GAIN_MIN > whole:
            break
        side = min(canvas[0] * zoom, picture[0]), min(canvas[1] * zoom, picture[1])
        found = _cover(regions, picture, side, tiles_max)
        if found:
            return found
    return ()


def _cover(
    regions: Sequence[Box], picture: tuple[int, int], side: tuple[float, float], tiles_max: int
) -> tuple[Box, ...]:
    """Tiles of this size over all regions; empty when it takes too many."""
    found: list[Box] = []
    for region in regions:
        columns = _spread(region.x0, region.x1, side[0], picture[0])
        rows = _spread(region.y0, region.y1, side[1], picture[1])
        if len(columns) * len(rows) > 4 * tiles_max:
            return ()
        new = [Box(x0=x, y0=y, x1=x + round(side[0]), y1=y + round(side[1])) for y in rows for x in columns]
        found += [tile for tile in new if tile not in found]
    return tuple(found) if len(found) <= tiles_max else ()


def _spread(low: float, high: float, side: float, end: int) -> list[int]:
    """Where tiles of length `side` begin so that they cover low…high, evenly, inside 0…end."""
    around = AROUND_PX + AROUND * (high - low)
    low, high = max(0.0, low - around), min(float(end), high + around)
    step = side * (1 - OVERLAP)
    count = max(1, math.ceil((high - low - side) / step) + 1)
    length = side + (count - 1) * step
    start = min(max(0.0, (low + high - length) / 2), max(0.0, end - length))
    if start + length > end:  # they overlap more where the picture ends
        step = (end - side) / max(1, count - 1)
        start = 0.0
    last = end - round(side)
    return sorted({min(last, round(start + n * step)) for n in range(count)})
