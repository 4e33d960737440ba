"""Photograph in, text out: how often `plate-reader read` is right, where the rest was lost, and what it costs.

    python -m models.bench.read                        # every set, about a minute
    python -m models.bench.read --sets us,eu --csv build/read.csv

A photograph is right when its surest reading is the labelled text, after removing everything but A-Z and 0-9: strict,
and merged (O taken for 0 and I for 1 on both sides; the labels of `us` and `us_crops` write O as zero). Where a picture
has several labelled plates (`more`, `night`), each counts, and its own reading is asked. What is not right was lost by
one stage: *found* (no plate where the label is), *corners* (the reader reads the labelled box rightly, but not what was
found), *read* (not even that), or *chosen* (read rightly, but another text in the picture was surer).
Intervals are Wilson's, 95 %. Needs ../shared/data/eval.
"""

from __future__ import annotations

import argparse
import csv
import resource
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.frames.picture import read_picture
from edge.camera.plates import fold, normalise
from edge.camera.vision.look import Eye, Seen
from edge.camera.vision.manifest import load_manifest
from edge.cli import present
from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings
from models.bench.detector import interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Corners, Plate, Read

SETS = ("us", "eu", "more", "night", "us_lots", "us_crops")
EMPTY = ("negatives", "people")
"""Without a readable plate, but for some in the background of `people`: false texts there are an upper bound."""
SEVERAL = {"more", "night"}
"""Where a picture has more than one labelled plate."""
CHARACTERS_ONLY = {"us_lots"}
"""Whose boxes hold the characters, not the plate."""
TOLD_MIN = 0.5
"""A text this sure would be told: the default `fusion.confidence_min`."""
STAGES = ("found", "corners", "read", "chosen")
WIDTHS = ((0, 70), (70, 90), (90, 120), (120, 10_000))
"""Of plates in the photograph, pixels; as the peers' figures have them."""
PEERS = (
    # system; us strict, merged; eu strict, merged; crops strict, merged; ms for a 1280×720 frame on one thread; MB
    ("OpenALPR 2.3.0+", (50.9, 51.8), (72.2, 88.9), (75.9, 78.3), 242, 133),
    ("rapidocr (PP-OCRv4), whole photograph", (60.4, 63.1), (69.4, 88.0), None, 427, 1025),
    ("YOLOv8n (fastanpr) + PP-OCRv4", (62.6, 64.9), (69.4, 88.0), None, 143, 372),
    ("YOLOv8s-seg (platedet) + PP-OCRv4 rec", (66.2, 69.8), (66.7, 83.3), (83.5, 89.3), 414, 494),
    ("labelled box + PP-OCRv4 rec", (74.3, 79.7), (72.2, 89.8), (83.5, 89.3), None, None),
    ("SimpleLPR 3.6 (no US)", (38.3, 42.3), (77.8, 83.3), None, 74, 808),
)
"""Measured on the same files, another day, on two cores of an EPYC; ms and peak RSS are rough."""


@dataclass(frozen=True)
class Label:
    """One labelled plate of one picture."""

    text: str
    corners: NDArray[np.float32]
    """4×2; empty for a crop."""


@dataclass(frozen=True)
class Verdict:
    """What became of one labelled plate."""

    set: str
    file: str
    truth: str
    text: str
    confidence: float
    width_px: float
    strict: bool
    merged: bool
    anywhere: bool
    """Whether some reading of the picture is right, merged."""
    lost: str
    """The stage that lost it; empty when it is right, merged."""


def main() -> None:
    """Measure, and print one table."""
    arguments = _arguments()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data}: not there; give the folder with us/, eu/ … by --data")
    detector = DetectorSettings(model=f"detector-{arguments.detector}", tiles=arguments.tiles)
    runtime = RuntimeSettings(threads=arguments.threads)
    eye = Eye.load(load_manifest(arguments.manifest), runtime, detector, ReaderSettings())
    sets = arguments.sets.split(",")
    verdicts: list[Verdict] = []
    rows = []
    us_ms = ""
    for name in [one for one in SETS if one in sets]:
        found, spent_ms = measure(eye, arguments.data / name, arguments.limit)
        verdicts += found
        rows.append(_row(name, found, spent_ms))
        us_ms = rows[-1][-1] if name == "us" else us_ms
        print(f"{name}: {rows[-1][2]} merged", file=sys.stderr)
    headers = ("set", "strict", "merged", "any reading", *(f"lost: {stage}" for stage in STAGES), "CPU ms")
    print(present.table(rows, headers, right=range(4, 9)))
    _print_calibration(verdicts)
    _print_widths([verdict for verdict in verdicts if verdict.set == "us"])
    for name in [one for one in EMPTY if one in sets]:
        _print_false(eye, arguments.data / name, arguments.limit)
    _print_peers(verdicts, us_ms)
    if arguments.csv:
        _save(arguments.csv, verdicts)


def measure(eye: Eye, folder: Path, limit: int | None) -> tuple[list[Verdict], list[float]]:
    """Every labelled picture of a folder: the verdicts, and the CPU milliseconds of each look (without loading)."""
    verdicts: list[Verdict] = []
    spent_ms = []
    for file, labels in list(_labels(folder).items())[:limit]:
        pixels = read_picture(folder / file)
        began = time.process_time()
        seen = eye.look_flat(pixels) if folder.name == "us_crops" else eye.look(pixels)
        spent_ms.append(1000 * (time.process_time() - began))
        verdicts += [_judge(eye, folder.name, file, pixels, seen, label) for label in labels]
    return verdicts, spent_ms


def _judge(eye: Eye, name: str, file: str, pixels: NDArray[np.uint8], seen: Seen, label: Label) -> Verdict:
    """One labelled plate against what was seen."""
    there = _at(seen, label, loose=name in CHARACTERS_ONLY)
    best = seen.plates[0] if seen.plates else None
    asked = there if name in SEVERAL else best
    read = asked[1] if asked else None
    text = read.text if read else ""
    merged = fold(text) == fold(label.text)
    texts = {fold(one.text) for _, one in seen.plates}
    return Verdict(
        set=name,
        file=file,
        truth=label.text,
        text=text,
        confidence=read.confidence if read else 0.0,
        width_px=float(np.ptp(label.corners[:, 0])) if len(label.corners) else pixels.shape[1],
        strict=text == label.text,
        merged=merged,
        anywhere=fold(label.text) in texts,
        lost="" if merged else _lost(eye, name, pixels, there, label),
    )


def _lost(eye: Eye, name: str, pixels: NDArray[np.uint8], there: tuple[Plate, Read] | None, label: Label) -> str:
    if not len(label.corners):
        return "read"
    if there is None:
        return "found"
    if fold(there[1].text) == fold(label.text):
        return "chosen"
    corners = _plate_around(label.corners) if name in CHARACTERS_ONLY else label.corners
    return "corners" if fold(eye.reader.read_at(pixels, corners).text) == fold(label.text) else "read"


def _at(seen: Seen, label: Label, *, loose: bool) -> tuple[Plate, Read] | None:
    """The plate that was found where the label is: IoU of 0.5, or for `loose` labels most of the label inside."""
    if not len(label.corners):
        return seen.plates[0]
    fits = [(_overlap(plate.corners, label.corners, loose=loose), n) for n, (plate, _) in enumerate(seen.plates)]
    share, number = max(fits, default=(0.0, 0))
    return seen.plates[number] if share >= (0.7 if loose else 0.5) else None


def _overlap(found: Corners, label: NDArray[np.float32], *, loose: bool) -> float:
    """Of the upright rectangles: intersection over union; `loose`: over the label."""
    ax, ay = np.array(found).T
    bx, by = label.T
    width = max(0.0, min(ax.max(), bx.max()) - max(ax.min(), bx.min()))
    height = max(0.0, min(ay.max(), by.max()) - max(ay.min(), by.min()))
    common, truth = width * height, np.ptp(bx) * np.ptp(by)
    return float(common / max(1e-6, truth if loose else truth + np.ptp(ax) * np.ptp(ay) - common))


def _plate_around(characters: NDArray[np.float32]) -> NDArray[np.float32]:
    """A US plate's corners around the corners of its characters: they are 0.86 of its width and 0.5 of its height."""
    middle = characters.mean(axis=0)
    return ((characters - middle) / np.array([0.86, 0.5]) + middle).astype(np.float32)


def _labels(folder: Path) -> dict[str, list[Label]]:
    """File → its labelled plates with a known text."""
    found: dict[str, list[Label]] = {}
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            text = normalise(row["text"])
            if text and "?" not in row["text"]:
                found.setdefault(row["file"], []).append(Label(text, _corners(row)))
    return found


def _corners(row: dict[str, str]) -> NDArray[np.float32]:
    if row.get("cx1"):
        return np.array([[float(row[f"c{axis}{n}"]) for axis in "xy"] for n in (1, 2, 3, 4)], np.float32)
    if not row.get("x0"):
        return np.zeros((0, 2), np.float32)
    x0, y0, x1, y1 = (float(row[side]) for side in ("x0", "y0", "x1", "y1"))
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def _row(name: str, verdicts: list[Verdict], spent_ms: list[float]) -> tuple[str, ...]:
    lost = Counter(verdict.lost for verdict in verdicts)
    right = [sum(getattr(verdict, kind) for verdict in verdicts) for kind in ("strict", "merged", "anywhere")]
    shares = [interval(count, len(verdicts)) for count in right]
    return name, *shares, *(f"{lost[stage]}" for stage in STAGES), f"{statistics.median(spent_ms):.0f}"


def _print_calibration(verdicts: list[Verdict]) -> None:
    """Whether of those that say 0.9 nine in ten are right."""
    rows = []
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01)):
        chosen = [v for v in verdicts if v.text and low <= v.confidence < high]
        if chosen:
            mean = statistics.mean(v.confidence for v in chosen)
            rows.append(
                (f"{low:.2f}-{min(high, 1):.2f}", f"{mean:.3f}", interval(sum(v.merged for v in chosen), len(chosen)))
            )
    print("\n" + present.table(rows, ("confidence", "mean", "right, merged")))


def _print_widths(verdicts: list[Verdict]) -> None:
    """The `us` photographs by the width of their plates; the best peer's figures: 48, 73, 66, 86 %."""
    rows = []
    for low, high in WIDTHS if verdicts else ():
        chosen = [verdict for verdict in verdicts if low <= verdict.width_px < high]
        found = sum(verdict.lost != "found" for verdict in chosen)
        right = sum(verdict.merged for verdict in chosen)
        name = f"{low}-{high}" if high < 10_000 else f"{low} and more"
        rows.append((name, interval(found, len(chosen)), interval(right, len(chosen))))
    print("\n" + present.table(rows, ("us: px wide", "found", "right, merged")))


def _print_false(eye: Eye, folder: Path, limit: int | None) -> None:
    """Texts where there is nothing to read."""
    files = sorted({row["file"] for row in csv.DictReader((folder / "labels.csv").open(newline="", encoding="utf-8"))})[
        :limit
    ]
    seen = [eye.look(read_picture(folder / file)).plates for file in files]
    plates = sum(len(one) for one in seen)
    told = sum(read.confidence >= TOLD_MIN for one in seen for _, read in one)
    print(f"\n{folder.name}: {len(files)} pictures, {plates} plates found, {told} texts of {TOLD_MIN} or surer")


def _print_peers(verdicts: list[Verdict], us_ms: str) -> None:
    """Ours beside the others', as far as the sets were measured."""
    print()
    ours = [_share([v for v in verdicts if v.set == name]) for name in ("us", "eu", "us_crops")]
    megabytes = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"
    rows = [("ours", *ours, us_ms, megabytes)]
    for system, us, eu, crops, ms, megabytes in PEERS:
        shares = ["" if pair is None else f"{pair[0]} / {pair[1]}" for pair in (us, eu, crops)]
        rows.append((system, *shares, str(ms or ""), str(megabytes or "")))
    print(present.table(rows, ("strict / merged, %", "us", "eu", "us_crops", "ms", "MB"), right=(4, 5)))


def _share(verdicts: list[Verdict]) -> str:
    if not verdicts:
        return ""
    return " / ".join(
        f"{100 * statistics.mean(getattr(v, kind) for v in verdicts):.1f}" for kind in ("strict", "merged")
    )


def _save(path: Path, verdicts: list[Verdict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(asdict(verdicts[0])))
        table.writeheader()
        table.writerows(asdict(verdict) for verdict in verdicts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.read", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/eval"))
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--detector", default="wide", choices=("wide", "fast"))
    parser.add_argument("--tiles", default="auto", choices=("auto", "never"), help="nearer looks at large photographs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sets", default=",".join((*SETS, *EMPTY)), help="some of them, with commas")
    parser.add_argument("--limit", type=int, help="only the first so many pictures of a set")
    parser.add_argument("--csv", type=Path, help="every labelled plate's verdict")
    return parser.parse_args()


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
