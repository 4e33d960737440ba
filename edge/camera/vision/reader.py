"""A plate in a frame → a read: warped flat by its corners, through the network, decoded with honest probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.camera.pixels import CROP_MARGIN, rectify
from edge.camera.vision.adapters.reading import READING
from edge.camera.vision.tensor import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.scene import Frame, Plate, Read, Region
    from edge.camera.vision.manifest import Entry
    from edge.camera.vision.models import Network, Run


class Reader:
    """Reads plates with one network. Remembers nothing."""

    def __init__(self, entry: Entry, run: Run) -> None:
        self._entry, self._run = entry, run
        self._reading = READING[entry.adapter]
        self._margin = CROP_MARGIN if entry.input.margin is None else entry.input.margin

    @classmethod
    def of(cls, network: Network) -> Reader:
        """From a loaded network."""
        return cls(network.listed.entry, network.run)

    def read(self, frame: Frame, plate: Plate) -> Read:
        """What stands on the plate; a read without characters and of confidence 0 when nothing does."""
        return self.read_at(frame.pixels, plate.corners)

    def named(self, read: Read) -> Region | None:
        """The region, when this network is sure enough of it to name one."""
        best = next(iter(read.regions), None)
        return best if best is not None and best.confidence >= self._entry.calibration.region_names_one else None

    def read_flat(self, picture: NDArray[np.uint8]) -> Read:
        """A picture (H×W×3) that already is one plate, cut out by its edges."""
        height, width = picture.shape[:2]
        return self.read_at(picture, [[0, 0], [width, 0], [width, height], [0, height]])

    def read_at(self, pixels: NDArray[np.uint8], corners: Sequence[Sequence[float]]) -> Read:
        """What stands inside four corners (clockwise from the plate's top left, pixels) of a picture."""
        wanted = self._entry.input
        crop = rectify(pixels, corners, width=wanted.width, height=wanted.height, margin=self._margin)
        return self._reading.decode(self._entry, self._run(tensor(crop, wanted)))
