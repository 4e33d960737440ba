"""A plate whose corners are a little wrong → the same plate with better ones.

A detector tells all four corners from one cell of its map, and is off by a twentieth of the plate's width; a sheared
or cut-off crop costs the reader a character. Warped flat by those corners, with its surroundings, the plate shows where
its edges truly run. Also for detectors of others, which give upright boxes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

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


class Straightener:
    """Straightens plates with one network. Remembers nothing."""

    def __init__(self, entry: Entry, run: Run, rounds: int = ROUNDS) -> None:
        self._entry, self._run, self._rounds = entry, run, rounds
        self._straightening = STRAIGHTENING[entry.adapter]

    @classmethod
    def of(cls, network: Network) -> Straightener:
        """From a loaded network."""
        return cls(network.listed.entry, network.run)

    def straighten(self, pixels: NDArray[np.uint8], plate: Plate) -> Plate:
        """The plate with better corners; as it was when what the network says cannot be."""
        quad = np.array(plate.corners, np.float32)
        for _ in range(self._rounds):
            found = self._look(pixels, quad)
            if not _believable(quad, found):
                break
            moved = float(np.abs(found - quad).max())
            quad = found
            if moved < STILL * plate.width_px:
                break
        a, b, c, d = ((float(x), float(y)) for x, y in quad)
        return replace(plate, corners=(a, b, c, d))

    def _look(self, pixels: NDArray[np.uint8], quad: NDArray[np.float32]) -> NDArray[np.float32]:
        wanted = self._entry.input
        margin = STRAIGHTENER_MARGIN if wanted.margin is None else wanted.margin
        crop = rectify(pixels, quad.tolist(), width=wanted.width, height=wanted.height, margin=margin)
        corners, _ = self._straightening.decode(self._run(tensor(crop, wanted)))
        return unrectify(corners, quad.tolist(), width=wanted.width, height=wanted.height, margin=margin)


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
