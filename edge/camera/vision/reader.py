"""A plate in a frame → a read: warped flat by its corners, through the network, decoded with honest probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.camera.pixels import CROP_MARGIN, glances, rectify
from edge.camera.scene import Read
from edge.camera.vision.adapters.reading import READING
from edge.camera.vision.settle import settled
from edge.camera.vision.tensor import tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.camera.scene import Frame, Plate, Region
    from edge.camera.vision.manifest import Entry
    from edge.camera.vision.models import Network, Run

TWO_LINES_BELOW = 0.5
"""A plate of which the reader is less sure than this may have two lines…"""
TWO_LINES_HEIGHT_MIN = 0.42
"""…if it is at least this high for its width; European plates of one line are 0.21, American ones 0.5."""
TWO_LINES_MIN = 0.3
"""Both lines together must be surer than this, and than the plate as one line."""
_UPPER, _LOWER = 0.52, 0.48
"""Where the upper half ends and the lower one begins, as shares of the height."""


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
        return self.study(picture, [[0, 0], [width, 0], [width, height], [0, height]])

    def study(self, pixels: NDArray[np.uint8], corners: Sequence[Sequence[float]]) -> Read:
        """Like `read_at`, with several glances at the one crop: a photograph has no next frame and no vote."""
        weights = self._entry.calibration.settled
        if weights is None:
            return self.read_at(pixels, corners)
        quad = np.asarray(corners, np.float32)
        glanced = [self._decoded(crop) for crop in glances(self._crop(pixels, quad))]
        return self._or_two_lines(pixels, quad, settled(glanced, weights))

    def read_at(self, pixels: NDArray[np.uint8], corners: Sequence[Sequence[float]]) -> Read:
        """What stands inside four corners (clockwise from the plate's top left, pixels) of a picture."""
        quad = np.asarray(corners, np.float32)
        return self._or_two_lines(pixels, quad, self._decoded(self._crop(pixels, quad)))

    def _or_two_lines(self, pixels: NDArray[np.uint8], quad: NDArray[np.float32], read: Read) -> Read:
        """The network reads one line; where that leaves it in doubt, the halves of a high plate are read one by one."""
        if read.confidence >= TWO_LINES_BELOW or not _high(quad):
            return read
        upper, lower = (self._decoded(self._crop(pixels, half)) for half in _halves(quad))
        both = upper.confidence * lower.confidence
        if both <= max(read.confidence, TWO_LINES_MIN):
            return read
        characters = upper.characters + lower.characters
        return Read(characters=characters, confidence=both, regions=read.regions, stacked=read.stacked)

    def _crop(self, pixels: NDArray[np.uint8], quad: NDArray[np.float32]) -> NDArray[np.uint8]:
        wanted = self._entry.input
        return rectify(pixels, quad.tolist(), width=wanted.width, height=wanted.height, margin=self._margin)

    def _decoded(self, crop: NDArray[np.uint8]) -> Read:
        return self._reading.decode(self._entry, self._run(tensor(crop, self._entry.input)))


def _high(quad: NDArray[np.float32]) -> bool:
    """Whether the plate is high enough to hold two lines."""
    left, right = np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])
    upper, lower = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])
    return bool(left + right >= TWO_LINES_HEIGHT_MIN * (upper + lower))


def _halves(quad: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The upper and the lower half of a plate, overlapping a little."""
    a, b, c, d = quad
    upper = np.stack([a, b, b + (c - b) * _UPPER, a + (d - a) * _UPPER])
    lower = np.stack([a + (d - a) * _LOWER, b + (c - b) * _LOWER, c, d])
    return upper, lower
