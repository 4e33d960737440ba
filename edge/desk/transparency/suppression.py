"""Small cells: four dismissed hits in a town may be one family. Pure.

A part below the limit is not told, and where subtraction from the total would tell it, the next smallest is not told
either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def suppressed(parts: Mapping[str, int], limit: int) -> dict[str, int | None]:
    """Parts of a published total; None stands for "fewer than `limit`", or for what would give such a one away."""
    hidden = {name for name, number in parts.items() if 0 < number < limit}
    rest = sorted((number, name) for name, number in parts.items() if number >= limit)
    # One hidden part is the total less the others; two that make less than the limit are nearly told.
    while hidden and rest and (len(hidden) == 1 or sum(parts[name] for name in hidden) < limit):
        hidden.add(rest.pop(0)[1])
    return {name: None if name in hidden else number for name, number in parts.items()}
