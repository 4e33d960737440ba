"""How a plate is turned towards the camera, from its four corners alone.

Camera model: a long lens, so far from the plate that its opposite edges stay parallel (weak perspective). Then the
corners tell the turn without the lens's focal length being known, but not its sign, left or right, up or down: a plate
turned 20° to the left and one to the right look alike. Corners are right to about a pixel, so a plate of 90 px that
looks straight into the camera shows up to 10° here; at the limits, 25° and more, it is right to 2°.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from edge.camera.scene import Corners

US_ASPECT, EU_ASPECT = 12 / 6, 520 / 110
"""Width over height: 12×6 inches, 520×110 millimetres."""
EU_FROM = 3.1
"""An outline that is wider than this for its height is a European plate; a US one had to be pitched by 50°."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Degrees, all of them without a sign."""

    yaw: float
    """How far the camera stands to the plate's side."""
    pitch: float
    """How far it stands above the plate, or below."""
    roll: float
    """How far the plate's upper and lower edge lean from the picture's rows."""


def pose(corners: Corners) -> Pose | None:
    """None when the corners are no plate: they lie on one line, or stand upright."""
    tl, tr, br, bl = (np.asarray(corner, float) for corner in corners)
    along, down = ((tr - tl) + (br - bl)) / 2, ((bl - tl) + (br - tr)) / 2
    wide, high = float(np.hypot(*along)), float(np.hypot(*down))
    if min(wide, high) < 1 or wide < high:
        return None
    aspect = EU_ASPECT if wide / high > EU_FROM else US_ASPECT
    turned = np.column_stack([along / aspect, down])  # one unit of the plate's plane, as it lies in the picture
    scale, least = np.linalg.svd(turned, compute_uv=False)
    if least < 0.05 * scale:
        return None
    across, upright = (float(np.hypot(*row)) / float(scale) for row in turned)
    depth = float(least / scale)  # how much of the plate's normal points at the camera
    return Pose(
        yaw=math.degrees(math.atan2(_rest(across), depth)),
        pitch=math.degrees(math.atan2(_rest(upright), depth)),
        roll=abs(math.degrees(math.atan2(along[1], along[0]))),
    )


def _rest(length: float) -> float:
    """What a unit row of a rotation keeps for its third place."""
    return math.sqrt(max(0.0, 1 - length * length))
