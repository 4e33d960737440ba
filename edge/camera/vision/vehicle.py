"""A plate in a frame → the vehicle around it: cut out by the plate's corners, so that no second detector is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.camera.pixels import surroundings, surroundings_reach, surroundings_seen
from edge.camera.scene import Vehicle
from edge.camera.small import colourless, small
from edge.camera.vision.adapters.naming import NAMING
from edge.camera.vision.tensor import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.scene import Frame, Plate
    from edge.camera.vision.manifest import Entry
    from edge.camera.vision.models import Network, Run

SEEN_MIN = 0.3
"""Share of the vehicle's square that must lie within the picture: of less, a bumper, whatever is said is a guess."""
REACH_PX_MIN = 64.0
"""Pixels across the square: of fewer (a plate of ten pixels, or a sticker taken for one) colours are told wrongly."""
UNKNOWN = Vehicle(type=None, type_confidence=0.0, color=None, color_confidence=0.0)


class Namer:
    """Names vehicles with one network. Remembers nothing."""

    def __init__(self, entry: Entry, run: Run) -> None:
        self._entry, self._run = entry, run
        self._naming = NAMING[entry.adapter]

    @classmethod
    def of(cls, network: Network) -> Namer:
        """From a loaded network."""
        return cls(network.listed.entry, network.run)

    def name(self, frame: Frame, plate: Plate) -> Vehicle:
        """Type, colour and view, as sure as the network is; no colour where the picture has none."""
        return self.name_at(frame.pixels, plate.corners)

    def name_at(self, pixels: NDArray[np.uint8], corners: Sequence[Sequence[float]]) -> Vehicle:
        """The same for four corners (clockwise from the plate's top left, pixels) of a picture."""
        if surroundings_seen(pixels.shape, corners) < SEEN_MIN or surroundings_reach(corners) < REACH_PX_MIN:
            return UNKNOWN
        crop = surroundings(pixels, corners, side=self._entry.input.width)
        seen = self._naming.decode(self._entry, self._run(tensor(crop, self._entry.input)))
        return replace(seen, color=None, color_confidence=0.0) if colourless(small(pixels)) else seen
