"""How often one picture of a plate is read, by its width and sharpness: looked up in what the bench measured.

`python -m models.bench.aim` writes the table, `forecast.json` beside this file, from rendered plates.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("forecast.json")
WIDTHS_PX = (0, 35, 45, 60, 80, 110, 150)
"""Where each row of the table begins; the last has no end."""
SHARPNESSES = (0.0, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Where each column begins."""


@cache
def _table() -> list[list[float | None]]:
    told = json.loads(TABLE.read_text(encoding="utf-8"))
    assert tuple(told["widths_px"]) == WIDTHS_PX, "forecast.json was made for other widths: python -m models.bench.aim"
    assert tuple(told["sharpnesses"]) == SHARPNESSES, "and for other sharpnesses"
    right: list[list[float | None]] = told["right"]
    return right


def forecast(width_px: float, sharpness: float) -> float | None:
    """Share of single pictures that are read right, 0–1; None where the bench saw too few such plates."""
    row = bisect_right(WIDTHS_PX, width_px) - 1
    column = bisect_right(SHARPNESSES, sharpness) - 1
    return _table()[max(0, row)][max(0, column)]
