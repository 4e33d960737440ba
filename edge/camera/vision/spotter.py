"""What moved → the vehicles in it, whether or not they show a plate. One class, and it is the vehicle.

Looks at a square around a moved region, never at the whole road: a parked row and people on the pavement are not asked
about, and an empty road costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.camera.pixels import square
from edge.camera.scene import Box, Spot
from edge.camera.vision.adapters.spotting import SPOTTING
from edge.camera.vision.overlap import overlaps
from edge.camera.vision.tensor import tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Frame
    from edge.camera.vision.manifest import Entry
    from edge.camera.vision.models import Network, Run

REACH = 1.15
"""The square's side, in lengths of the region's longer one."""

FOLLOWED_MIN = 0.4
"""A find that is not sure enough to count tells where a vehicle that was seen before is now."""

SAME_VEHICLE = 0.45
"""Two finds that overlap by more than this (intersection over union) are one vehicle."""


class Spotter:
    """Finds vehicles with one network. Remembers nothing."""

    def __init__(self, entry: Entry, run: Run, score_min: float | None = None) -> None:
        """`score_min`: None takes the threshold that the manifest recommends."""
        self._entry, self._run = entry, run
        self._spotting = SPOTTING[entry.adapter]
        self._sure_min = entry.score_min if score_min is None else score_min
        self._score_min = min(self._sure_min, FOLLOWED_MIN)

    @classmethod
    def of(cls, network: Network, score_min: float | None = None) -> Spotter:
        """From a loaded network."""
        return cls(network.listed.entry, network.run, score_min)

    def spot(self, frame: Frame, region: Box) -> list[Spot]:
        """The vehicles in a square around a region of one frame, surest first; also those that only follow."""
        height, width = frame.pixels.shape[:2]
        return [
            Spot(
                taken_ns=frame.taken_ns,
                monotonic_ns=frame.monotonic_ns,
                box=box,
                score=score,
                sure=score >= self._sure_min,
                frame_size=(width, height),
            )
            for score, box in self.spot_at(frame.pixels, region)
        ]

    def spot_at(self, pixels: NDArray[np.uint8], region: Box) -> list[tuple[float, Box]]:
        """The same of a picture (H×W×3): scores and boxes in its pixels."""
        height, width = pixels.shape[:2]
        reach = REACH * max(region.width, region.height, 1.0)
        x, y = region.center
        left, top = x - reach / 2, y - reach / 2
        crop = square(pixels, left, top, reach, side=self._entry.input.width)
        scores, shares = self._spotting.decode(self._run(tensor(crop, self._entry.input)), self._score_min)
        boxes = shares * np.float32(reach) + np.array([left, top, left, top], np.float32)
        boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        whole = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        scores, boxes = scores[whole], boxes[whole]
        return [(float(scores[n]), _box(boxes[n])) for n in _apart(boxes)]


def _apart(boxes: NDArray[np.float32]) -> list[int]:
    """Which boxes (N×4, best first) are no double of a better one."""
    kept: list[int] = []
    for n in range(len(boxes)):
        if not kept or overlaps(boxes[n : n + 1], boxes[kept]).max() <= SAME_VEHICLE:
            kept.append(n)
    return kept


def _box(edges: NDArray[np.float32]) -> Box:
    x0, y0, x1, y1 = (float(edge) for edge in edges)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
