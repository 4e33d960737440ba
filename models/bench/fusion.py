"""What a vote over the frames of a pass is worth: exact texts of single frames against fused ones.

    python -m models.bench.fusion          # 1,500 drawn passes of five frames; about five minutes of one core
    python -m models.bench.fusion --fit    # HONEST and CAUTION of edge/camera/fusion.py, anew; eight minutes

Plates drawn with serials by chance go by at 40 to 120 px, sharp, out of focus or smeared (`models.synth.sequences`).
Corners stray as the detector's do and are put right by the straightener that ships; each frame is read by the reader
that ships, and `edge.camera.fusion` votes. *Single* is the mean over all frames. What passes share (dirt, light, blur,
a strange typeface) no vote can mend. O and 0, I and 1 are taken for one another. Intervals are Wilson's, 95 %.

Constants are chosen on seed 1 and on real flat plates of the val split, filmed in the same way (`--flats`); seed 2, the
default, is for measuring. Whoever replaces the reader or the straightener fits anew.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera import fusion
from edge.camera.pixels import rectify, sharpness
from edge.camera.plates import fold
from edge.camera.scene import Look, Pass, Plate
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.camera.vision.straightener import Straightener, load_straightener
from edge.cli import present
from edge.settings.camera import DetectorSettings, FusionSettings, ReaderSettings, RuntimeSettings
from models.bench.detector import interval
from models.synth import sequences
from models.train.reader.calibrate import logistic, sigmoid
from models.train.straightener.samples import strayed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from models.synth.sequences import Sequence, View

WIDTHS_PX = (40, 48, 64, 80, 120)
FRAMES = 5
FRAME_MS = 66
SCORE = 0.95
"""What the detector is taken to say of each plate."""
EVERY = FusionSettings(confidence_min=0.0, characters_min=1, characters_max=12)
"""Every vote is told, however doubtful, so that all of them can be counted."""
FITTING_SEED = 1
CROPS = Path("../shared/data/train/crops")
SURE, SURE_RIGHT = 0.9, 0.985
"""Of the votes that say the first or more, the second share shall be right; half a point more than is promised."""
LEVELS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


@dataclass(frozen=True)
class Shown:
    """One pass and its truth."""

    text: str
    width_px: int
    blur: str
    passed: Pass


@dataclass(frozen=True)
class Verdict:
    """What came of one pass."""

    width_px: int
    blur: str
    singles: tuple[bool, ...]
    """Whether each frame was read rightly."""
    fused: bool
    confidence: float


def main() -> None:
    """Film, read, vote, count."""
    arguments = _arguments()
    if arguments.fit:
        fit(list(read_all(arguments, FITTING_SEED)) + list(read_all(arguments, FITTING_SEED, arguments.flats or CROPS)))
    else:
        tell([judge(one) for one in read_all(arguments, arguments.seed, arguments.flats)])


def read_all(arguments: argparse.Namespace, seed: int, folder: Path | None = None) -> Iterator[Shown]:
    """Every pass, read frame by frame; of drawn plates, or of the flat ones in a folder."""
    manifest, runtime, detector = load_manifest(arguments.manifest), RuntimeSettings(), DetectorSettings()
    straightens = load_straightener(manifest, detector, runtime)
    assert straightens is not None, "the settings name a straightener"
    straightener = Straightener.of(straightens)
    reader = Reader.of(load_network(manifest.pick(ReaderSettings().model, "reader"), runtime))
    flats = _flats(folder) if folder else []
    for number in range(arguments.passes):
        rng = np.random.default_rng([seed, number])
        width_px = WIDTHS_PX[number % len(WIDTHS_PX)]
        blur = sequences.BLURS[number // len(WIDTHS_PX) % len(sequences.BLURS)]
        if flats:
            flat, text = flats[int(rng.integers(len(flats)))]
            sequence = sequences.film(rng, flat, text, width_px, blur, FRAMES)
        else:
            sequence = sequences.rendered(rng, width_px, blur, FRAMES)
        yield Shown(sequence.text, width_px, blur, _passed(rng, number, sequence, straightener, reader))
        if number % 100 == 99:
            print(f"{number + 1} of {arguments.passes} passes", file=sys.stderr, flush=True)


def _passed(
    rng: np.random.Generator, number: int, sequence: Sequence, straightener: Straightener, reader: Reader
) -> Pass:
    looks = [_look(rng, i, view, straightener, reader) for i, view in enumerate(sequence.views)]
    return Pass(number=number, looks=tuple(looks))


def _look(rng: np.random.Generator, number: int, view: View, straightener: Straightener, reader: Reader) -> Look:
    """What the device makes of one frame, corners first."""
    a, b, c, d = ((float(x), float(y)) for x, y in strayed(rng, view.corners))
    plate = straightener.straighten(view.picture, Plate(corners=(a, b, c, d), score=SCORE))
    height, width = view.picture.shape[:2]
    ns = number * FRAME_MS * 1_000_000
    return Look(
        taken_ns=ns,
        monotonic_ns=ns,
        plate=plate,
        read=reader.read_at(view.picture, plate.corners),
        sharpness=sharpness(rectify(view.picture, plate.corners)),
        frame_size=(width, height),
    )


def _flats(folder: Path) -> list[tuple[NDArray[np.uint8], str]]:
    """The val split's flat US plates whose text is sure, at a plate's own shape, with their texts."""
    found = []
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if row["split"] == "val" and row["text"] and not set(row["flags"]) & set("ous"):
                picture = cv2.imread(str(folder / row["file"]))
                found.append((cv2.resize(picture, (220, 110)), row["text"]))
    return found


def judge(shown: Shown) -> Verdict:
    """The frames one by one, and their vote."""
    truth = fold(shown.text)
    fused = fusion.fuse(shown.passed, EVERY)
    return Verdict(
        width_px=shown.width_px,
        blur=shown.blur,
        singles=tuple(fold(look.read.text if look.read else "") == truth for look in shown.passed.looks),
        fused=fused is not None and fold(fused.text) == truth,
        confidence=fused.confidence if fused is not None else 0.0,
    )


def fit(shown: list[Shown]) -> None:
    """Print the constants of `fusion.honest`: by log-loss over votes of one, two, three and five frames."""
    ballots = [(one, _ballot(one, count)) for one in shown for count in (1, 2, 3, FRAMES)]
    cast = [(one, ballot) for one, ballot in ballots if ballot is not None]
    x = np.array([fusion.features(ballot) for _, ballot in cast])
    right = np.array([fold(ballot.text) == fold(one.text) for one, ballot in cast])
    weights, loss = logistic(x, right.astype(float))
    odds = np.concatenate([x, np.ones((len(x), 1))], axis=1) @ weights
    caution = next(c for c in np.arange(0, 3, 0.1) if right[sigmoid(odds - c) >= SURE].mean() >= SURE_RIGHT)
    print(f"HONEST = ({', '.join(f'{w:.3f}' for w in weights)})  log-loss {loss:.4f} of {len(x)} votes")
    print(f"CAUTION = {caution:.1f}")


def _ballot(shown: Shown, count: int) -> fusion.Ballot | None:
    """The vote of the middle `count` frames; None when nothing was read there."""
    first = (len(shown.passed.looks) - count) // 2
    looks = [look for look in shown.passed.looks[first : first + count] if look.read and look.read.characters]
    reads = [look.read for look in looks if look.read]
    return fusion.count(reads, fusion.weigh(looks)) if reads else None


def tell(verdicts: list[Verdict]) -> None:
    """By width and blur, then how honest the votes are."""
    rows = []
    for width_px in WIDTHS_PX:
        for blur in (*sequences.BLURS, "all"):
            chosen = [v for v in verdicts if v.width_px == width_px and blur in (v.blur, "all")]
            rows.append(_row(width_px, blur, chosen))
    print(present.table(rows, ("px", "blur", "single", "fused", "error left"), right=(0, 4)))
    print()
    print(present.table(_reliability(verdicts), ("fused says", "passes", "mean", "right"), right=(1, 2)))
    for level in (0.5, 0.9, 0.95):
        sure = [v.fused for v in verdicts if v.confidence >= level]
        print(f"at {level} and above: {interval(sum(sure), len(sure))}, {100 * len(sure) / len(verdicts):.1f} % of all")


def _row(width_px: int, blur: str, verdicts: list[Verdict]) -> tuple[str, ...]:
    if not verdicts:
        return str(width_px), blur, "", "", ""
    single = statistics.mean(right for v in verdicts for right in v.singles)
    fused = statistics.mean(v.fused for v in verdicts)
    left = (1 - fused) / (1 - single) if single < 1 else float("nan")
    votes = interval(sum(v.fused for v in verdicts), len(verdicts))
    return str(width_px), blur, f"{100 * single:.1f} %", votes, f"{left:.2f}"


def _reliability(verdicts: list[Verdict]) -> list[tuple[str, ...]]:
    rows = []
    for low, high in itertools.pairwise(LEVELS):
        chosen = [v for v in verdicts if low <= v.confidence < high]
        if chosen:
            mean = statistics.mean(v.confidence for v in chosen)
            rows.append(
                (
                    f"{low:.2f}-{min(high, 1):.2f}",
                    str(len(chosen)),
                    f"{mean:.3f}",
                    interval(sum(v.fused for v in chosen), len(chosen)),
                )
            )
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.fusion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--passes", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--flats", type=Path, help="film the val split's real flat plates: ../shared/data/train/crops")
    parser.add_argument("--fit", action="store_true", help="print the constants for the networks that ship now")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
