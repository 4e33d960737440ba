"""One plate in one frame, as numbers: all that the measures know of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.aim.pose import Pose, pose
from edge.camera.pixels import rectify

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Frame, Look

BURNT_MIN = 250
"""Grey level from which a pixel holds nothing but white."""
DARK_MAX = 70.0
"""Grey level that the plate's brightest tenth must exceed, or its characters drown in noise."""
BORDER_PX = 4
"""Frame pixels: the nearest that a plate may come to the picture's edge and still count as whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What one look at one plate tells of the camera's aim."""

    monotonic_ns: int
    width_px: float
    """Frame pixels."""
    sharpness: float | None
    """0–1, see `pixels.sharpness`; None when the plate was not read."""
    burnt: float
    """Share of the plate's pixels that are white and nothing else, 0–1."""
    bright: float
    """Grey level, 0–255, that nine tenths of the plate's pixels do not exceed."""
    pose: Pose | None
    at_border: bool
    confidence: float | None
    """Of the read, 0–1; None when the plate was not read."""


def glance(frame: Frame, look: Look) -> Glance:
    """The numbers of one look. The pixels stay behind."""
    burnt, bright = _exposure(rectify(frame.pixels, look.plate.corners, margin=0.0))
    return Glance(
        monotonic_ns=look.monotonic_ns,
        width_px=look.plate.width_px,
        sharpness=None if look.read is None else look.sharpness,
        burnt=burnt,
        bright=bright,
        pose=pose(look.plate.corners),
        at_border=look.plate.reaches_edge(*look.frame_size, BORDER_PX),
        confidence=None if look.read is None else look.read.confidence,
    )


def _exposure(crop: NDArray[np.uint8]) -> tuple[float, float]:
    """Share of white pixels, and the level of the brightest tenth's lower end."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    return float((grey >= BURNT_MIN).mean()), float(np.percentile(np.asarray(grey), 90))
