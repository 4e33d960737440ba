"""A straightener's outputs → where a plate's corners lie in its crop, and how surely it is a plate.

- `plate-straightener/1`, ours: `corners` 1×4×2 (pixels of the crop, clockwise from the plate's top left), `plate` 1×1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.camera.vision.adapters import Mismatch, Outputs, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.vision.manifest import Entry


@dataclass(frozen=True, slots=True)
class Straightening:
    """One adapter."""

    outputs: tuple[str, ...]
    wrong: Callable[[Entry, Outputs], Mismatch | None]
    decode: Callable[[Outputs], tuple[NDArray[np.float32], float]]


def _wrong(_: Entry, outputs: Outputs) -> Mismatch | None:
    corners, plate = outputs
    if corners.shape != (1, 4, 2):
        return Mismatch("corners 1×4×2", shape_of(corners))
    if plate.shape != (1, 1):
        return Mismatch("plate 1×1", shape_of(plate))
    return None


def _decode(outputs: Outputs) -> tuple[NDArray[np.float32], float]:
    return outputs[0][0], float(outputs[1][0, 0])


STRAIGHTENING: dict[str, Straightening] = {
    "plate-straightener/1": Straightening(("corners", "plate"), _wrong, _decode),
}
