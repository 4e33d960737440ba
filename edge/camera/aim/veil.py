"""What a technician's browser may see: plates, lines around the vehicles that bear them, and coloured blocks.

The masking is `read --draw`'s own. It happens here, in the process that has no port; what leaves it is this JPEG.
A vehicle's outline is the box of what moved around a plate; what moves without a plate, as people do, gets none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2

from edge.camera.pixels import resize
from edge.camera.scene import Read
from edge.camera.vision.draw import masked_but, outline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.scene import Box, Corners, Look, Plate

WIDTH_MAX = 1280
"""A wider frame is shrunk first: a phone shows no more, and a plate keeps two thirds of 1080p's pixels."""
QUALITY = 80
_VEHICLE = (235, 206, 135)
_NOT_READ = Read(characters=(), confidence=0.0)


def veiled(pixels: NDArray[np.uint8], looks: Sequence[Look], moving: Iterable[Box]) -> NDArray[np.uint8]:
    """H×W×3 → at most `WIDTH_MAX` wide, the same shape, in which nothing but plates can be recognised."""
    height, width = pixels.shape[:2]
    scale = min(1.0, WIDTH_MAX / width)
    small = pixels if scale == 1 else resize(pixels, WIDTH_MAX, round(height * scale))
    plates = [(_scaled(look.plate, scale), look.read or _NOT_READ) for look in looks]
    shown = masked_but(small, plates)
    for box in moving:
        if any(_inside(look.plate, box) for look in looks):
            corners = [round(side * scale) for side in (box.x0, box.y0, box.x1, box.y1)]
            cv2.rectangle(shown, (corners[0], corners[1]), (corners[2], corners[3]), _VEHICLE, 2)
    for plate, _ in plates:
        outline(shown, plate)
    return shown


def coded(picture: NDArray[np.uint8]) -> bytes:
    """As JPEG."""
    made, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert made, f"OpenCV cannot encode {picture.shape}"
    return jpeg.tobytes()


def _scaled(plate: Plate, scale: float) -> Plate:
    a, b, c, d = ((x * scale, y * scale) for x, y in plate.corners)
    corners: Corners = (a, b, c, d)
    return replace(plate, corners=corners)


def _inside(plate: Plate, box: Box) -> bool:
    x, y = plate.center
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1
