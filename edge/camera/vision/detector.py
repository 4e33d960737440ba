"""Pixels → plates: the whole frame, and nearer looks where plates would otherwise be too small."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.pixels import LETTERBOX_GREY, letterbox
from edge.camera.scene import Box, Plate
from edge.camera.vision.adapters.finding import FINDING
from edge.camera.vision.overlap import distinct, hulls
from edge.camera.vision.straightener import Straightener
from edge.camera.vision.tensor import tensor
from edge.camera.vision.tiles import tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.camera.pixels import Letterbox
    from edge.camera.scene import Frame, Motion
    from edge.camera.vision.adapters.finding import Found
    from edge.camera.vision.manifest import Entry
    from edge.camera.vision.models import Network, Run
    from edge.settings.camera import DetectorSettings

FRAME_TILES_MAX = 2
"""Nearer looks in one frame of a stream. A number and not a time, so that two replays see the same."""
WHOLE_EVERY_MS = 300
"""While tiles cover all that moves, the whole frame is looked at this often: what stands there is to stay known."""
PHOTOGRAPH_TILES = (6, 24)
"""Nearer looks at one photograph, three for each megapixel within these limits."""

MAGNIFIED_MAX = 2
"""Times that a small picture is enlarged at most. Larger plates than the network learnt would come of it: of val's 196
cut-outs 175 are found when each fills the canvas, 187 with this."""

STRAIGHTENED_MAX = 8
"""Plates of one picture, best first, whose corners are looked at more closely: three looks of a third of a millisecond
each."""

CANDIDATE_SCORE_MIN = 0.1
"""What the straightener weighs as well: on val it takes few plates from below this back, for many more looks."""

Straighten = Callable[["NDArray[np.uint8]", Plate], Plate]
"""A picture and a plate in it → the plate with better corners and score: `straightener.Straightener.straighten`."""


class Detector:
    """Finds plates with one network. Remembers its last finds, and when it last looked at a whole frame."""

    def __init__(
        self,
        entry: Entry,
        run: Run,
        settings: DetectorSettings,
        straighten: Straighten | None = None,
        *,
        weighed_min: float | None = None,
    ) -> None:
        """`weighed_min`: the threshold on the scores that `straighten` gives; None when it leaves them as they are."""
        self._entry, self._run, self._settings, self._straighten = entry, run, settings, straighten
        self._finding = FINDING[entry.adapter]
        self._canvas = (entry.input.width, entry.input.height)
        found_min = entry.score_min if settings.score_min is None else settings.score_min
        self._unweighed_min = found_min
        self._weighed_min = weighed_min if weighed_min is None or settings.score_min is None else settings.score_min
        self._candidate_min = found_min if weighed_min is None else min(found_min, CANDIDATE_SCORE_MIN)
        self._whole_ns: int | None = None
        self._found: list[Plate] = []

    @classmethod
    def of(cls, network: Network, settings: DetectorSettings, straightener: Network | None = None) -> Detector:
        """From loaded networks."""
        if straightener is None:
            return cls(network.listed.entry, network.run, settings)
        own = Straightener.of(straightener)
        weighed_min = own.score_min_of(network.listed.name)
        return cls(network.listed.entry, network.run, settings, own.straighten, weighed_min=weighed_min)

    def find(self, frame: Frame, motion: Motion | None) -> list[Plate]:
        """The plates of one frame of a stream, best first.

        What moved is looked at as near as the budget allows; when nothing does, the places where plates were.
        """
        regions = motion.regions if motion is not None else [plate.box for plate in self._found]
        areas = self._near(frame.pixels, regions, FRAME_TILES_MAX)
        if not areas or self._whole_due(frame.monotonic_ns):
            self._whole_ns = frame.monotonic_ns
            areas = (_whole(frame.pixels), *areas[: FRAME_TILES_MAX - 1])
        self._found = self._plates(frame.pixels, areas)
        return self._found

    def search(self, pixels: NDArray[np.uint8]) -> list[Plate]:
        """The plates of one photograph (H×W×3), best first, however small."""
        whole = _whole(pixels)
        fewest, most = PHOTOGRAPH_TILES
        tiles_max = min(most, max(fewest, round(3e-6 * whole.width * whole.height)))
        return self._plates(pixels, (whole, *self._near(pixels, (whole,), tiles_max)))

    def _near(self, pixels: NDArray[np.uint8], regions: Sequence[Box], tiles_max: int) -> tuple[Box, ...]:
        if self._settings.tiles == "never" or not regions:
            return ()
        return tiles(regions, (pixels.shape[1], pixels.shape[0]), self._canvas, tiles_max)

    def _whole_due(self, now_ns: int) -> bool:
        return self._whole_ns is None or not 0 <= now_ns - self._whole_ns < WHOLE_EVERY_MS * 1_000_000

    def _plates(self, pixels: NDArray[np.uint8], areas: Sequence[Box]) -> list[Plate]:
        found = [self._look(pixels, area, self._canvas) for area in areas]
        scores = np.concatenate([scores for scores, _ in found])
        quads = np.concatenate([quads for _, quads in found])
        if len(areas) > 1:
            kept = distinct(scores, quads)
            scores, quads = scores[kept], quads[kept]
        plates = [_plate(score, quad) for score, quad in zip(scores, quads, strict=True)]
        plates = [plate for plate in plates if plate.width_px >= self._settings.width_px_min]
        return plates if self._straighten is None else self._studied(pixels, plates, self._straighten)

    def _studied(self, pixels: NDArray[np.uint8], plates: list[Plate], straighten: Straighten) -> list[Plate]:
        """The best with better corners and scores; the rest, if there are that many, by the detector's word alone."""
        near, far = plates[:STRAIGHTENED_MAX], plates[STRAIGHTENED_MAX:]
        straight = [straighten(pixels, plate) for plate in near]
        if self._weighed_min is None:
            return straight + far
        kept = [plate for plate in straight if plate.score >= self._weighed_min]
        kept += [plate for plate in far if plate.score >= self._unweighed_min]
        # Half a plate that was a find of its own may have become the whole of it.
        scores = np.array([plate.score for plate in kept], np.float32)
        quads = np.array([plate.corners for plate in kept], np.float32).reshape(-1, 4, 2)
        return [kept[n] for n in distinct(scores, quads)]

    def _look(self, pixels: NDArray[np.uint8], area: Box, size: tuple[int, int]) -> Found:
        """One run of the network over one part of the picture; corners in the picture's own pixels."""
        x0, y0 = int(area.x0), int(area.y0)
        part = pixels[y0 : int(area.y1), x0 : int(area.x1)]
        canvas, placed = self._canvas_of(part, size)
        outputs = self._run(tensor(canvas, self._entry.input))
        scores, quads = self._finding.decode(self._entry, outputs, self._candidate_min)
        quads = placed.back(quads) + np.array([x0, y0], np.float32)
        whole = _uncut(quads, area, pixels.shape[1], pixels.shape[0])
        return scores[whole], quads[whole]

    def _canvas_of(self, part: NDArray[np.uint8], size: tuple[int, int]) -> tuple[NDArray[np.uint8], Letterbox]:
        """A part of the picture on the network's canvas, whole, and not enlarged beyond reason."""
        width, height = (min(full, MAGNIFIED_MAX * own) for full, own in zip(size, part.shape[1::-1], strict=True))
        inner, placed = letterbox(part, width, height, align=self._entry.input.align)
        if (width, height) == size:
            return inner, placed
        canvas = np.full((size[1], size[0], *part.shape[2:]), LETTERBOX_GREY, np.uint8)
        canvas[:height, :width] = inner
        return canvas, placed


def _whole(pixels: NDArray[np.uint8]) -> Box:
    return Box(x0=0, y0=0, x1=pixels.shape[1], y1=pixels.shape[0])


def _uncut(quads: NDArray[np.float32], area: Box, width: int, height: int) -> NDArray[np.bool_]:
    """Which finds do not reach a seam: there the neighbouring tile, or the whole picture, sees the plate whole."""
    boxes = hulls(quads)
    low, high = np.array([area.x0, area.y0]), np.array([area.x1, area.y1])
    inner_low, inner_high = low > 0, high < np.array([width, height])
    cut = (inner_low & (boxes[:, :2] < low + 2)).any(axis=1) | (inner_high & (boxes[:, 2:] > high - 2)).any(axis=1)
    return np.asarray(~cut)


def _plate(score: np.float32, quad: NDArray[np.float32]) -> Plate:
    a, b, c, d = ((float(x), float(y)) for x, y in quad)
    return Plate(corners=(a, b, c, d), score=float(score))
