"""How often one picture of a plate is read, by its width and its sharpness: the table behind `aim`'s forecast.

    python -m models.bench.aim                 # writes edge/camera/aim/forecast.json; about a minute

Rendered US plates (models/synth) are set into a grey picture at a width, turned by a few degrees, blurred by an
out-of-focus lens, made noisy and compressed as a camera does it, with corners that are wrong by about 2 %; then the
device's own reader reads them and its own measure says how sharp they are. Right: all characters, O for 0 and I for 1.
A cell with fewer than `CELL_MIN` plates is null. Rendered plates are the reader's own kind, so this is a curve to aim
by and no promise; `models/bench/read.py` says how well photographs are read.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.camera.aim.forecast import SHARPNESSES, TABLE, WIDTHS_PX
from edge.camera.pixels import rectify, sharpness
from edge.camera.plates import fold
from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.settings.camera import RuntimeSettings
from models.synth.plates import render_plate

SEED = 12
WIDTHS_LOW, WIDTHS_HIGH = 24.0, 240.0
"""Pixels across; drawn evenly on a log scale."""
BLUR_MAX = 0.03
"""Standard deviation of the widest blur, as a share of the plate's width."""
CELL_MIN = 30


@dataclass(frozen=True)
class Trial:
    """One plate in one picture."""

    width_px: float
    sharpness: float
    right: bool


def main() -> None:
    """Try, tell, write."""
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.aim", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--plates", type=int, default=8000)
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    manifest = load_manifest(SHIPPED_ROOT / RuntimeSettings().manifest)
    reader = Reader.of(load_network(manifest.pick("reader", "reader"), RuntimeSettings()))
    rng = np.random.default_rng(SEED)
    trials = [trial(rng, reader) for _ in range(arguments.plates)]
    table = tabled(trials)
    told = {
        "made_by": f"python -m models.bench.aim --plates {arguments.plates}",
        "widths_px": WIDTHS_PX,
        "sharpnesses": SHARPNESSES,
        "right": table,
    }
    arguments.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print("width px", *(f"{low:>6}" for low in SHARPNESSES), sep="\t")
    for low, row in zip(WIDTHS_PX, table, strict=True):
        print(low, *("–" if cell is None else f"{cell:.2f}" for cell in row), sep="\t")


def trial(rng: np.random.Generator, reader: Reader) -> Trial:
    """One plate, seen once."""
    width = float(np.exp(rng.uniform(np.log(WIDTHS_LOW), np.log(WIDTHS_HIGH))))
    plate = render_plate(rng, region="US-KS" if rng.random() < 0.3 else None, height=160, infrared=rng.random() < 0.3)
    while plate.lines == 2 or not plate.text or not 1.8 < plate.picture.shape[1] / plate.picture.shape[0] < 2.2:
        plate = render_plate(rng, height=160)
    picture, corners = seen(rng, plate.picture, width)
    found = corners + rng.normal(0, 0.012 * width, corners.shape).astype(np.float32)
    read = reader.read_at(picture, found.tolist())
    sharp = sharpness(rectify(picture, found.tolist()))
    return Trial(width_px=width, sharpness=sharp, right=fold(read.text) == fold(plate.text))


def seen(rng: np.random.Generator, plate: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """A camera's picture of the plate, and its true corners in it (4×2)."""
    high, wide = plate.shape[:2]
    shrink = min(1.0, 1.5 * width / wide)
    flat = cv2.resize(plate, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    size = int(width * 1.8) + 8
    middle = np.array([size / 2, size / 3], np.float32)
    half = np.array([width / 2, width * high / wide / 2], np.float32)
    corners = middle + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half * turned(rng)
    flat_corners = np.array([[0, 0], [flat.shape[1], 0], flat.shape[1::-1], [0, flat.shape[0]]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(flat_corners, corners.astype(np.float32))
    grey = int(rng.integers(40, 140))
    picture = np.full((int(size / 1.5), size, 3), grey, np.uint8)
    cv2.warpPerspective(flat, matrix, (size, picture.shape[0]), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    sigma = float(rng.uniform(0, BLUR_MAX)) * width
    if sigma > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    noisy = picture.astype(np.float32) * rng.uniform(0.6, 1.0) + rng.normal(0, rng.uniform(1, 6), picture.shape)
    coded = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR), corners.astype(np.float32)


def turned(rng: np.random.Generator) -> np.ndarray:
    """Shares (4×2) of the half sides: foreshortened as from a pole, the far side a little smaller."""
    across, down = np.cos(np.deg2rad(rng.uniform(0, 25, 2)))
    far = 1 - 0.04 * rng.random()
    return np.array([[across, down], [across, down * far], [across, down * far], [across, down]], np.float32)


def tabled(trials: list[Trial]) -> list[list[float | None]]:
    """Share right for each width band and sharpness band; each begins at its bound and ends at the next."""
    rows = np.searchsorted(WIDTHS_PX, [one.width_px for one in trials], side="right") - 1
    columns = np.searchsorted(SHARPNESSES, [one.sharpness for one in trials], side="right") - 1
    right = np.array([one.right for one in trials])

    def cell(row: int, column: int) -> float | None:
        mine = right[(rows == row) & (columns == column)]
        return round(float(mine.mean()), 3) if len(mine) >= CELL_MIN else None

    return [[cell(row, column) for column in range(len(SHARPNESSES))] for row in range(len(WIDTHS_PX))]


if __name__ == "__main__":
    main()
