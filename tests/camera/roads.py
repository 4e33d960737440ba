"""A rendered road: textured, noisy, with cars, rain, clouds and a camera that does what cameras do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.scene import Frame
from tests.builders import START_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Road:
    """`frame(at_ms, …)` renders one moment. Seeded: the same calls give the same pictures."""

    def __init__(self, size: tuple[int, int] = (1280, 720), *, seed: int = 5, noise: float = 2.0) -> None:
        self.size, self.noise = size, noise
        self._random = np.random.default_rng(seed)
        width, height = size
        fine = self._random.integers(-14, 15, (height // 4, width // 4, 1), dtype=np.int16)
        texture = cv2.resize(fine.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)[..., None]
        base = np.empty((height, width, 3), np.float32)
        base[: height // 3] = (190, 170, 150)  # sky
        base[height // 3 : height // 2] = (60, 95, 70)  # hedge
        base[height // 2 :] = (105, 102, 100)  # asphalt
        for x in range(0, width, 160):  # kerb stones and lamp posts: hard edges, at no regular distance
            wide = int(self._random.integers(30, 130))
            base[height // 2 - 12 : height // 2, x : x + wide] = 210
            base[height // 5 : height // 2, x + wide // 2 : x + wide // 2 + 6] = 40
        self.still = np.clip(base + texture, 0, 255).astype(np.float32)

    def frame(self, at_ms: float, picture: NDArray[np.float32] | None = None, *, sequence: int = 0) -> Frame:
        """With the sensor's noise, as bytes."""
        picture = np.asarray(self.still if picture is None else picture, np.float32)
        pixels = cv2.add(picture, self._noise(picture.shape), dtype=cv2.CV_8U)
        return Frame(
            camera="north",
            sequence=sequence,
            taken_ns=START_NS + int(at_ms * 1e6),
            monotonic_ns=int(at_ms * 1e6),
            pixels=pixels,
        )

    def with_car(self, x: float, y: float, *, width: int = 260, grey: int = 45, on=None) -> NDArray[np.float32]:
        """A car whose lower left corner lies at (x, y), darker or lighter than the road, with a plate."""
        picture = (self.still if on is None else on).copy()
        height = width * 3 // 4
        left, top = round(x), round(y) - height
        cut = picture[max(0, top) : max(0, round(y)), max(0, left) : max(0, left + width)]
        cut[:] = grey
        plate = picture[max(0, top + height * 3 // 4) :, max(0, left + width // 3) :][: height // 8, : width // 3]
        if cut.size:
            plate[:] = 220
        return picture

    def with_rain(self, streaks: int = 250) -> NDArray[np.float32]:
        """Streaks of a moment, brighter than what is behind them."""
        picture = self.still.copy()
        height, width = picture.shape[:2]
        for x, y, long in zip(
            self._random.integers(0, width, streaks),
            self._random.integers(-40, height, streaks),
            self._random.integers(15, 70, streaks),
            strict=True,
        ):
            picture[max(0, y) : max(0, y + long), x : x + 2] += 45
        return picture

    def shaken(self, dx: float, dy: float, *, on=None) -> NDArray[np.float32]:
        """The mast moves by so many pixels."""
        picture = self.still if on is None else on
        move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        return cv2.warpAffine(picture, move, self.size, borderMode=cv2.BORDER_REFLECT)

    def _noise(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A fresh cut out of one large field: drawing a million numbers a frame would take longer than the test."""
        if not hasattr(self, "_field"):
            field = self._random.standard_normal((shape[0] + 64, shape[1] + 64, 3), dtype=np.float32)
            self._field = field * self.noise
        y, x = self._random.integers(0, 64, 2)
        return self._field[y : y + shape[0], x : x + shape[1]]


def exposed(picture: NDArray[np.float32], stops: float) -> NDArray[np.float32]:
    """By so many stops brighter, through the curve that cameras have."""
    linear = (np.arange(256, dtype=np.float32) / 255) ** 2.2 * 2**stops
    curve = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    return cv2.LUT(np.clip(picture, 0, 255).astype(np.uint8), curve.astype(np.float32))


def infrared(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """At night under its own lamp: no colours, hedges bright, sky black, dark edges."""
    grey = picture @ np.float32([0.2, 0.3, 0.5])
    height, width = grey.shape
    y, x = np.ogrid[:height, :width]
    lamp = np.exp(-(((x - width / 2) / width) ** 2 + ((y - height * 0.7) / height) ** 2) * 6)
    grey = np.clip(grey * lamp * 0.8, 0, 255)
    grey[: height // 3] *= 0.1
    return np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
