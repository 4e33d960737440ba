"""A plate whose corners are a little wrong → the same plate with better ones.

A detector tells all four corners from one cell of its map, and is off by a twentieth of the plate's width; a sheared
or cut-off crop costs the reader a character. Warped flat by those corners, with its surroundings, the plate shows where
its edges truly run. Also for detectors of others, which give upright boxes.

From so near it also shows whether it is a plate at all, which a cell of the map confuses with a lamp or a word on a
bus: what both say is weighed together, by weights that were fitted on held-out photographs and stand in the manifest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.odds import log_odds, probability
from edge.camera.pixels import STRAIGHTENER_MARGIN, rectify, unrectify
from edge.camera.vision.adapters.straightening import STRAIGHTENING
from edge.camera.vision.models import load_network
from edge.camera.vision.tensor import tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Plate
    from edge.camera.vision.manifest import Entry, Manifest
    from edge.camera.vision.models import Network, Run
    from edge.settings.camera import DetectorSettings, RuntimeSettings

ROUNDS = 3
"""Looks at most: each starts from the corners of the one before."""
STILL = 0.01
"""When no corner moves by more than this share of the plate's width, it is straight."""
AREA_RATIO_MAX = 2.5
"""Corners that make the plate so many times larger or smaller are not believed."""
LIMIT = 9.0
"""Log-odds: no network is taken to be surer than one in eight thousand."""


class Straightener:
    """Straightens plates with one network. Remembers nothing."""

    def __init__(self, entry: Entry, run: Run, rounds: int = ROUNDS) -> None:
        self._entry, self._run, self._rounds = entry, run, rounds
        self._straightening = STRAIGHTENING[entry.adapter]

    @classmethod
    def of(cls, network: Network) -> Straightener:
        """From a loaded network."""
        return cls(network.listed.entry, network.run)

    def score_min_of(self, detector: str) -> float | None:
        """The threshold on the scores of one detector's finds as `weigh` gives them; None when it leaves them."""
        if self._entry.calibration.plate is None:
            return None
        return self._entry.score_min_with.get(detector, self._entry.score_min)

    def straighten(self, pixels: NDArray[np.uint8], plate: Plate) -> Plate:
        """The plate with better corners, as they were when what the network says cannot be; and with a better score."""
        quad, sure = self.study(pixels, np.array(plate.corners, np.float32))
        a, b, c, d = ((float(x), float(y)) for x, y in quad)
        return replace(plate, corners=(a, b, c, d), score=self.weigh(plate.score, sure))

    def study(self, pixels: NDArray[np.uint8], quad: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """Where the corners (4×2, pixels) truly are, and how surely this is a plate, 0–1, by the last look."""
        width_px = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3])) / 2
        sure = 0.0
        for _ in range(self._rounds):
            found, sure = self._look(pixels, quad)
            if not _believable(quad, found):
                break
            moved = float(np.abs(found - quad).max())
            quad = found
            if moved < STILL * width_px:
                break
        return quad, sure

    def weigh(self, score: float, sure: float) -> float:
        """How surely this is a plate by both networks: the detector's score and this one's own word."""
        weights = self._entry.calibration.plate
        if weights is None:
            return score
        a, b, c = weights
        return probability(a * log_odds(score, LIMIT) + b * log_odds(sure, LIMIT) + c)

    def _look(self, pixels: NDArray[np.uint8], quad: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        wanted = self._entry.input
        margin = STRAIGHTENER_MARGIN if wanted.margin is None else wanted.margin
        crop = rectify(pixels, quad.tolist(), width=wanted.width, height=wanted.height, margin=margin)
        corners, sure = self._straightening.decode(self._run(tensor(crop, wanted)))
        return unrectify(corners, quad.tolist(), width=wanted.width, height=wanted.height, margin=margin), sure


def load_straightener(manifest: Manifest, settings: DetectorSettings, runtime: RuntimeSettings) -> Network | None:
    """The network that the settings name, or None when they name none. SettingsWrong when it may not be used."""
    if settings.straightener is None:
        return None
    return load_network(manifest.pick(settings.straightener, "straightener"), runtime)


def _believable(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether four corners are a convex quad, clockwise, of about the area that it had."""
    sides = np.roll(after, -1, axis=0) - after
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not np.isfinite(after).all() or (turns <= 0).any():
        return False
    ratio = _area(after) / max(_area(before), 1e-6)
    return 1 / AREA_RATIO_MAX < ratio < AREA_RATIO_MAX


def _area(quad: NDArray[np.float32]) -> float:
    x, y = quad[:, 0], quad[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
