"""A site in a folder of its own: settings, networks that truly run (generated), a road with a white plate going by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from edge.settings.camera import (
    CameraSettings,
    DetectorSettings,
    HealthSettings,
    SourceSettings,
    VehicleSettings,
    ViewSettings,
)
from tests import onnx_models

if TYPE_CHECKING:
    from pathlib import Path

FRAMES_PER_SECOND = 10


def build_site(folder: Path, *, cars: int = 1, loop: bool = False) -> CameraSettings:
    """Writes everything below `folder`; the settings lie in config/north.yaml."""
    models = folder / "models"
    models.mkdir()
    onnx_models.manifest(
        models,
        detector_wide=onnx_models.corner_detector(models / "detector.onnx"),
        reader=onnx_models.ctc_reader(models / "reader.onnx", text="123ABC"),
    )
    scene = folder / "scenes/a"
    scene.mkdir(parents=True)
    for number, picture in enumerate(_road(cars)):
        assert cv2.imwrite(str(scene / f"{number:04d}.png"), picture)
    settings = CameraSettings(
        site="hesston",
        camera="north",
        source=SourceSettings(kind="folder", address=str(scene), frames_per_second=float(FRAMES_PER_SECOND), loop=loop),
        view=ViewSettings(approaching="northbound", receding="southbound"),
        detector=DetectorSettings(straightener=None),  # these plates are upright, and found to the pixel
        vehicle=VehicleSettings(model=None),
        health=HealthSettings(interval_s=1.0),
    )
    write_settings(folder, settings)
    return settings


def write_settings(folder: Path, settings: CameraSettings) -> Path:
    """`config/north.yaml`."""
    path = folder / "config/north.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.yaml.encode(settings))
    return path


def _road(cars: int) -> list[np.ndarray]:
    """640×384: half a second of empty road, then each car crossing in a second and a half, growing as it comes near."""
    random = np.random.default_rng(3)
    ground = random.integers(60, 90, (384, 640, 3), np.uint8)
    pictures = []
    for _ in range(cars):
        pictures += [_noisy(ground, random) for _ in range(FRAMES_PER_SECOND // 2)]
        for step in range(FRAMES_PER_SECOND * 3 // 2):
            picture = ground.copy()
            x, y, width = 60 + 25 * step, 60 + 15 * step, 60 + 6 * step
            picture[y - 20 : y + width // 2 + 20, x - 20 : x + width + 20] = 40
            picture[y : y + width // 2, x : x + width] = 255
            pictures.append(_noisy(picture, random))
    return pictures + [_noisy(ground, random) for _ in range(FRAMES_PER_SECOND * 2)]


def _noisy(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """No sensor gives the same picture twice; pure white stays white, the detector looks for it."""
    noise = random.integers(-2, 3, picture.shape, np.int16)
    return np.where(picture == 255, 255, np.clip(picture + noise, 0, 245)).astype(np.uint8)
