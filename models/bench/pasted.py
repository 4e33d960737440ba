"""What the device finds on scenes whose plates' corners are known exactly: pasted ones, by day and as by infra-red.

    python -m models.bench.pasted --pack build/detector/pack.zip      # 120 scenes, four minutes of one core

Scenes of 1280×768 are composed of the val split's photographs as in training (`models/train/detector/scenes.py`), with
drawn plates pasted in, always the same; then each is turned into an infra-red night (`paste_light.night`). Simulated:
there is no real roadside infra-red. *Whole* is one look at the frame, *near* with nearer looks, as at a photograph.
Recall at IoU 0.5 of all plates, the pasted ones' mean corner error as a share of their width.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.cli import present
from models.bench.detector import interval, load_detector
from models.synth import paste_light
from models.train.detector.measure import Outcome, corner_error, matched
from models.train.detector.scenes import Pack, compose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edge.camera.scene import Plate
    from models.train.detector.scenes import Canvas

SIZE = (1280, 768)
SEED = 2027
WIDTHS = ((8, 32), (32, 48), (48, 64), (64, 128), (128, 1000))
"""Plate widths in the frame, pixels."""


def main() -> None:
    """Compose, find, count."""
    arguments = _arguments()
    pack = Pack(arguments.pack, split="val", rendered=200, seed=1)
    whole = load_detector(arguments.manifest, arguments.detector)
    near = load_detector(arguments.manifest, arguments.detector, tiles="auto")
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for number in range(arguments.scenes):
        canvas = compose(np.random.default_rng([SEED, number]), pack, SIZE)
        dark = paste_light.night(np.random.default_rng([SEED, number, 1]), canvas.picture, canvas.quads)
        for light, picture in (("day", canvas.picture), ("infra-red", dark)):
            for look, detector in (("whole", whole), ("near", near)):
                outcomes.setdefault((light, look), []).append(_outcome(detector.search, picture, canvas))
        if number % 20 == 0:
            print(f"{number} of {arguments.scenes} scenes", file=sys.stderr, flush=True)
    rows = [_row(light, look, found) for (light, look), found in outcomes.items()]
    print(present.table(rows, ("light", "look", "all", *(f"{low}-{high} px" for low, high in WIDTHS), "corners off")))


def _outcome(search: Callable[[NDArray[np.uint8]], list[Plate]], picture: NDArray[np.uint8], canvas: Canvas) -> Outcome:
    plates = search(picture)
    scores = np.array([plate.score for plate in plates], np.float32)
    quads = np.array([plate.corners for plate in plates], np.float32).reshape(-1, 4, 2)
    return matched(scores, quads, np.array(canvas.quads, np.float32).reshape(-1, 4, 2), canvas.by, 1.0)


def _row(light: str, look: str, outcomes: list[Outcome]) -> tuple[str, ...]:
    hits = [(float(o.canvas_widths[t]), t in o.match) for o in outcomes for t in range(len(o.truth))]
    bands = [[hit for width, hit in hits if low <= width < high] for low, high in WIDTHS]
    errors = [
        corner_error(o.quads[i], o.truth[t])
        for o in outcomes
        for i, t in enumerate(o.match)
        if t >= 0 and o.by[t] == "pasted"
    ]
    off = f"{100 * np.mean(errors):.1f} % (median {100 * np.median(errors):.1f})" if errors else ""
    return light, look, interval(sum(hit for _, hit in hits), len(hits)), *(_share(band) for band in bands), off


def _share(hits: list[bool]) -> str:
    return f"{sum(hits)}/{len(hits)}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.pasted", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--detector", default="detector-wide", choices=("detector-wide", "detector-fast"))
    parser.add_argument("--pack", type=Path, default=Path("build/detector/pack.zip"), help="what training prepared")
    parser.add_argument("--scenes", type=int, default=120)
    return parser.parse_args()


if __name__ == "__main__":
    main()
