"""Show what a network finds outside the boxes of the training photographs, for judging by eye.

    python -m models.train.detector review --model build/detector/last.pt --sheets build/detector/review
    # writes sheets of numbered cut-outs and finds.csv; copy the rows into judged.csv with a verdict each

`judged.csv` beside this file holds the verdicts so far: `plate` (a plate that nobody had boxed; its corners are the
network's), `none` (surely no plate: training insists on it), `unsure` (left alone). `prepare` puts them into the pack.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.train.detector.evaluate import load, measure
from models.train.detector.measure import SIZES, hulls, iou
from models.train.detector.scenes import Pack

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

CELL, COLUMNS, ROWS = (150, 112), 12, 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which network, and where the sheets go."""
    parser.add_argument("--model", type=Path, default=Path("build/detector/last.pt"))
    parser.add_argument("--sheets", type=Path, default=Path("build/detector/review"))
    parser.add_argument("--score-min", type=float, default=0.2)
    parser.add_argument("--split", default="train")


def run(arguments: argparse.Namespace) -> None:
    """Every find that touches no box and was not judged before, best first."""
    pack = Pack(arguments.pack, split=arguments.split)
    outcomes = measure(load(arguments.model), pack, SIZES["wide"], arguments.score_min)
    finds = []
    for row, scene, o in zip(pack.rows, pack.scenes, outcomes, strict=True):
        known = np.concatenate([hulls(o.truth), scene.ignored, scene.empty])
        touched = iou(hulls(o.quads), known).max(axis=1, initial=0) > 0.05
        finds += [
            (float(score), row["file"], quad, scene.levels[0])
            for score, quad, old in zip(o.scores, o.quads, touched, strict=True)
            if not old
        ]
    finds.sort(key=lambda find: -find[0])
    arguments.sheets.mkdir(parents=True, exist_ok=True)
    _write(arguments.sheets / "finds.csv", finds)
    page = COLUMNS * ROWS
    for first in range(0, len(finds), page):
        cells = [_cell(i + first, *find) for i, find in enumerate(finds[first : first + page])]
        cells += [np.zeros((CELL[1], CELL[0], 3), np.uint8)] * (page - len(cells))
        sheet = np.vstack([np.hstack(cells[i : i + COLUMNS]) for i in range(0, page, COLUMNS)])
        cv2.imwrite(str(arguments.sheets / f"sheet{first // page:02d}.png"), sheet)
    print(f"{len(finds)} finds outside the boxes of {len(pack.scenes)} photographs: {arguments.sheets}/finds.csv")


def _write(path: Path, finds: list[tuple[float, str, NDArray[np.float32], NDArray[np.uint8]]]) -> None:
    with path.open("w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["file", "cx1", "cy1", "cx2", "cy2", "cx3", "cy3", "cx4", "cy4", "score", "verdict"])
        for score, file, quad, _ in finds:
            rows.writerow([file, *np.round(quad.ravel(), 1).tolist(), round(score, 2), ""])


def _cell(
    number: int, score: float, _file: str, quad: NDArray[np.float32], picture: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """A numbered cut-out around a find, three times as wide."""
    x0, y0, x1, y1 = hulls(quad)[0]
    centre, half = ((x0 + x1) / 2, (y0 + y1) / 2), max((x1 - x0) * 1.4, (y1 - y0) * 1.8, 14.0)
    ratio = CELL[0] / (2 * half)
    matrix = np.array([[ratio, 0, CELL[0] / 2 - ratio * centre[0]], [0, ratio, CELL[1] / 2 - ratio * centre[1]]])
    cell = cv2.warpAffine(picture, matrix, CELL, flags=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)
    moved = quad @ matrix[:, :2].T + matrix[:, 2]
    cv2.polylines(cell, [np.round(moved).astype(np.int32)], isClosed=True, color=(0, 255, 0))
    cv2.putText(cell, f"{number} {score:.2f}", (2, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 255), 1, cv2.LINE_AA)
    return cell  # type: ignore[return-value]
