"""Annotated pictures for a technician, in which nothing but the plates can be recognised.

The masking keeps one colour for a block and throws the rest away: the picture is shrunk until a person is a few blocks
high, each block is disturbed by a random amount that nobody keeps, and its colours are coarsened. What was thrown away
is in no file, so no program brings it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.pixels import resize, widen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.camera.scene import Plate, Read, Vehicle

BLOCKS_MAX = 26
"""Blocks along the picture's longer side: a face that fills half its height is seven of them."""
BLOCK_PX_MIN = 24
"""And a block is never smaller than this."""
LEVELS = 10
"""Brightness steps that are left of 256."""
NOISE = 14.0
"""Standard deviation of what is added to a block, in grey levels."""
SHOWN_CONFIDENCE_MIN = 0.3
"""A place that was not read with at least this confidence may be anything, a face too: it is outlined, not shown."""

_OUTLINE, _SHADOW = (80, 230, 80), (0, 0, 0)


def annotate(
    pixels: NDArray[np.uint8],
    plates: Sequence[tuple[Plate, Read]],
    vehicles: Sequence[Vehicle | None] | None = None,
    *,
    unmasked: bool = False,
) -> NDArray[np.uint8]:
    """A copy (H×W×3) with plates outlined and their texts written; all else masked unless `unmasked`."""
    drawn = pixels.copy() if unmasked else masked_but(pixels, plates)
    for (plate, read), vehicle in zip(plates, vehicles or (None,) * len(plates), strict=True):
        outline(drawn, plate)
        told = f"{read.text} {read.confidence:.2f}" if read.characters else f"? {plate.score:.2f}"
        words = [word for word in (vehicle.color, vehicle.type) if word] if vehicle else []
        _label(drawn, plate, " ".join([told, *words]))
    return drawn


def mask(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (H×W×3) as a few coloured blocks, the same size; different noise at each call."""
    height, width = pixels.shape[:2]
    block = max(BLOCK_PX_MIN, -(-max(height, width) // BLOCKS_MAX))
    few = resize(pixels, max(1, width // block), max(1, height // block)).astype(np.float32)
    few += np.random.default_rng().normal(0.0, NOISE, few.shape)
    step = 256 / LEVELS
    coarse = np.clip((np.floor(few / step) + 0.5) * step, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST))


def masked_but(pixels: NDArray[np.uint8], plates: Sequence[tuple[Plate, Read]]) -> NDArray[np.uint8]:
    """A copy (H×W×3) that shows the plates that were read, and masks all else."""
    shown = np.zeros(pixels.shape[:2], np.uint8)
    for plate, read in plates:
        if read.confidence >= SHOWN_CONFIDENCE_MIN:
            cv2.fillConvexPoly(shown, _points(plate), 255)
    return np.where(shown[:, :, None] > 0, pixels, mask(pixels))


def outline(drawn: NDArray[np.uint8], plate: Plate) -> None:
    """A line around a plate, into the picture itself."""
    thick = max(1, round(drawn.shape[1] / 640))
    cv2.polylines(drawn, [_points(plate)], isClosed=True, color=_OUTLINE, thickness=thick, lineType=cv2.LINE_AA)


def _label(drawn: NDArray[np.uint8], plate: Plate, text: str) -> None:
    """Above the plate, or below it where the picture ends; black behind green, to be read on anything."""
    scale = max(0.5, drawn.shape[1] / 1600)
    thick = max(1, round(scale * 1.6))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    box = plate.box
    x = round(min(max(0.0, box.x0), max(0.0, drawn.shape[1] - width)))
    above = round(box.y0 - height / 2)
    y = above if above > height else round(box.y1 + height * 1.7)
    for color, weight in ((_SHADOW, thick + 2), (_OUTLINE, thick)):
        cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, color, weight, cv2.LINE_AA)


def _points(plate: Plate) -> NDArray[np.int32]:
    return np.rint(widen(plate.corners)).astype(np.int32)
