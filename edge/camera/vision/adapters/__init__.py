"""What a network's outputs mean, one adapter for each kind of file: ours, and those of others by manifest alone.

An adapter is three things: which outputs it wants, what is wrong with them (asked once, at load), and the decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

Outputs = Sequence[NDArray[Any]]
"""What a network gave, in the order in which its adapter names them."""


def shape_of(array: NDArray[Any]) -> str:
    """`1×32×4×2`, for a person."""
    return "×".join(str(side) for side in array.shape) or "a single number"


class Mismatch(NamedTuple):
    """Outputs that an adapter cannot decode."""

    wanted: str
    got: str
