"""What the plate detector finds, misses and costs, on photographs that it was never trained or chosen on.

    python -m models.bench.detector                       # both input sizes, as the device finds
    python -m models.bench.detector --alone               # the detector's network alone, without the straightener
    python -m models.bench.detector --finds build/finds   # also saves what it finds and nobody has judged yet
    python -m models.bench.detector --reference yolov9t.onnx   # times that network beside ours, turn by turn

Recall at IoU 0.5 of upright boxes, with Wilson's 95 % interval. A false box overlaps no labelled plate by 0.3 of the
smaller one. Only some plates are labelled: finds elsewhere were looked at by eye, and those that detector_judged.csv
calls a plate are no false boxes; both figures are printed, and how many finds nobody has judged. Whole pictures, no
nearer looks. Needs ../shared/data/eval.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from edge.camera.pixels import letterbox
from edge.camera.vision.detector import Detector
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.straightener import load_straightener
from edge.settings.camera import DetectorSettings, RuntimeSettings
from models.train.detector.measure import Outcome, corner_error, distinct, false, hulls, matched, onnx_find, touching

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = ("detector-wide", "detector-fast")
LABELLED, EMPTY = ("us", "eu", "more", "night", "quads"), ("negatives", "people")
WIDTHS = ((0, 32), (32, 48), (48, 64), (64, 96), (96, 160), (160, 10_000))
"""Plate widths in the photograph, pixels."""
JUDGED = Path(__file__).with_name("detector_judged.csv")
Row = dict[str, str]


def main() -> None:
    """Measure every entry of the manifest."""
    parser = argparse.ArgumentParser(prog="python -m models.bench.detector", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/eval"))
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--alone", action="store_true", help="without the straightener")
    parser.add_argument("--finds", type=Path, help="folder for cut-outs of the finds that nobody has judged")
    parser.add_argument("--reference", type=Path, help="an .onnx with one float image input, timed side by side")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        raise SystemExit(f"{arguments.data}: not there; give the folder with us/, eu/ … by --data")
    for name in SIZES:
        listed = load_manifest(arguments.manifest).pick(name, "detector")
        size = (listed.entry.input.width, listed.entry.input.height)
        print(f"\n{name}  {listed.file.name}  {size[0]}x{size[1]}{'  alone' if arguments.alone else ''}")
        measure(arguments, name, size)
        cost(arguments, listed.file, size)


def load_detector(
    manifest: Path, name: str, *, alone: bool = False, tiles: Literal["never", "auto"] = "never"
) -> Detector:
    """The device's detector, for plates of any width."""
    straightener = None if alone else "straightener"
    settings = DetectorSettings(model=name, tiles=tiles, width_px_min=8, straightener=straightener)
    listed, runtime = load_manifest(manifest), RuntimeSettings()
    network = load_network(listed.pick(name, "detector"), runtime)
    return Detector.of(network, settings, load_straightener(listed, settings, runtime))


def seen(
    detector: Detector, picture: NDArray[np.uint8], truth: NDArray[np.float32], by: list[str], size: tuple[int, int]
) -> Outcome:
    """What the device finds in one picture, against its truth."""
    plates = detector.search(picture)
    scores = np.array([plate.score for plate in plates], np.float32)
    quads = np.array([plate.corners for plate in plates], np.float32).reshape(-1, 4, 2)
    scale = min(size[0] / picture.shape[1], size[1] / picture.shape[0])
    return matched(scores, quads, truth, by, scale)


def measure(arguments: argparse.Namespace, name: str, size: tuple[int, int]) -> None:
    """Print recall, false boxes and corner error at one input size."""
    detector = load_detector(arguments.manifest, name, alone=arguments.alone)
    by_width: dict[tuple[int, int], list[bool]] = {band: [] for band in WIDTHS}
    for folder in (*LABELLED, *EMPTY):
        pictures = _pictures(arguments.data / folder, labelled=folder in LABELLED)
        outcomes = [
            (file, seen(detector, _read(arguments.data / folder / file), quads, by, size))
            for file, (quads, by) in pictures.items()
        ]
        line = f"  {folder:<10}"
        if folder in LABELLED:
            hits = [t in o.match for _, o in outcomes for t in range(len(o.truth))]
            line += f"recall {interval(sum(hits), len(hits))}  "
        wrong = [(file, o.quads[i], float(o.scores[i])) for file, o in outcomes for i in np.flatnonzero(false(o))]
        told, open_ = _false_boxes(folder, wrong, len(outcomes))
        print(line + told + _corners(outcomes))
        if folder in {"us", "eu", "more", "night"}:
            for _, o in outcomes:
                _sort(o, by_width)
        if arguments.finds:
            _save(arguments, folder, name, open_)
    for (low, high), hits in by_width.items():
        print(f"  {low:>4}-{high if high < 10_000 else '':<4} px wide  recall {interval(sum(hits), len(hits))}")


Wrong = tuple[str, "NDArray[np.float32]", float]
"""A find on no labelled plate: its picture, its corners, its score."""


def _false_boxes(folder: str, wrong: list[Wrong], pictures: int) -> tuple[str, list[Wrong]]:
    """What to print, and the finds that nobody has judged; until someone does, they count as false."""
    plates, nothing = (_judged(plate=plate) for plate in (True, False))
    surely = [w for w in wrong if not _on(w, folder, plates)]
    open_ = [w for w in surely if not _on(w, folder, nothing)]
    told = f"false boxes {len(wrong) / pictures:.3f} an image, {len(surely) / pictures:.3f} after judging"
    return told + (f" ({len(open_)} not judged)" if open_ else ""), open_


def _on(wrong: Wrong, folder: str, boxes: dict[tuple[str, str], NDArray[np.float32]]) -> bool:
    return bool(touching(wrong[1][None], boxes.get((folder, wrong[0]), np.zeros((0, 4), np.float32)))[0])


def _corners(outcomes: list[tuple[str, Outcome]]) -> str:
    errors = [
        corner_error(o.quads[i], o.truth[t])
        for _, o in outcomes
        for i, t in enumerate(o.match)
        if t >= 0 and o.by[t] == "source"
    ]
    if not errors:
        return ""
    return f", corner error {np.mean(errors):.3f} of the width (median {np.median(errors):.3f})"


def cost(arguments: argparse.Namespace, path: Path, size: tuple[int, int]) -> None:
    """Milliseconds from a 1280×720 frame to boxes on one thread, beside the reference; memory of a bare process."""
    find = onnx_find(path)
    files = sorted((arguments.data / "us").glob("*.jpg"))[:12]
    frames = [cv2.resize(_read(file), (1280, 720)) for file in files]
    other = _reference(arguments.reference) if arguments.reference else None
    ours, theirs = [], []
    for frame in frames * 4:
        ours.append(_milliseconds(lambda frame=frame: _frame(find, frame, size)))
        if other:
            theirs.append(_milliseconds(other))
    text = f"  {statistics.median(ours):.2f} ms of one thread from a 1280x720 frame to boxes"
    if theirs:
        reference = statistics.median(theirs)
        text += f"; reference {reference:.2f} ms, ratio {statistics.median(ours) / reference:.2f}"
    print(text + f"; {path.stat().st_size / 1e6:.2f} MB on disk; {_memory(path, size):.0f} MB RSS")


def interval(hits: int, of: int) -> str:
    """`hits` of `of` with Wilson's 95 % interval, in per cent."""
    if of == 0:
        return "none to find"
    p, z = hits / of, 1.96
    middle, spread = p + z * z / (2 * of), z * (p * (1 - p) / of + z * z / (4 * of * of)) ** 0.5
    scale = 1 + z * z / of
    return (
        f"{hits}/{of} = {100 * p:.1f} % ({100 * (middle - spread) / scale:.1f}-{100 * (middle + spread) / scale:.1f})"
    )


def _pictures(folder: Path, *, labelled: bool) -> dict[str, tuple[NDArray[np.float32], list[str]]]:
    """File → its plates' corners (T×4×2) and how each is known. Files without a plate have none."""
    found: dict[str, tuple[list[Any], list[str]]] = {}
    with (folder / "labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            quads, by = found.setdefault(row["file"], ([], []))
            if labelled and row["x0"]:
                quad, how = _quad(row)
                quads.append(quad)
                by.append(how)
    return {file: (np.array(quads, np.float32).reshape(-1, 4, 2), by) for file, (quads, by) in found.items()}


def _quad(row: Row) -> tuple[list[list[float]], str]:
    if row.get("cx1"):
        return [[float(row[f"cx{i}"]), float(row[f"cy{i}"])] for i in (1, 2, 3, 4)], row["corners_by"]
    x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], "box"


def _judged(*, plate: bool) -> dict[tuple[str, str], NDArray[np.float32]]:
    """What was looked at: boxes of real plates without a label, or of none. (folder, file) → B×4 (x0, y0, x1, y1)."""
    boxes: dict[tuple[str, str], list[list[float]]] = {}
    with JUDGED.open(newline="") as table:
        for row in csv.DictReader(table):
            if (row["plate"] == "yes") is plate:
                box = [float(row[name]) for name in ("x0", "y0", "x1", "y1")]
                boxes.setdefault((row["folder"], row["file"]), []).append(box)
    return {place: np.array(rows, np.float32) for place, rows in boxes.items()}


def _sort(o: Outcome, by_width: dict[tuple[int, int], list[bool]]) -> None:
    """Each true plate into its band of widths, and whether it was found."""
    for t, box in enumerate(hulls(o.truth)):
        band = next(band for band in WIDTHS if band[0] <= box[2] - box[0] < band[1])
        by_width[band].append(t in o.match)


def _save(arguments: argparse.Namespace, folder: str, name: str, wrong: list[Wrong]) -> None:
    """One cut-out for each find, three times as wide as the find, its box in the file name, for judging by eye."""
    arguments.finds.mkdir(parents=True, exist_ok=True)
    for file, quad, score in wrong:
        x0, y0, x1, y1 = (float(v) for v in hulls(quad)[0])
        picture = _read(arguments.data / folder / file)
        cv2.polylines(picture, [np.round(quad).astype(np.int32)], isClosed=True, color=(0, 0, 255))
        more = (x1 - x0) * 1.5
        cut = picture[max(0, int(y0 - more)) : int(y1 + more), max(0, int(x0 - more)) : int(x1 + more)]
        stem = f"{folder}_{Path(file).stem}_{x0:.0f}_{y0:.0f}_{x1:.0f}_{y1:.0f}_{score:.2f}_{name}"
        cv2.imwrite(str(arguments.finds / f"{stem}.png"), cv2.resize(cut, (240, 180)))


def _frame(find: Any, frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """What the device does with a frame."""
    canvas, placed = letterbox(frame, *size)
    scores, quads = (part[0] for part in find(canvas[None]))
    scores, quads = scores[scores > 0.3], quads[scores > 0.3]
    return placed.back(quads[distinct(scores, quads)])


def _reference(path: Path) -> Any:
    """A call of another network on random pixels, one thread."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    put = session.get_inputs()[0]
    pixels = np.random.default_rng(0).random(put.shape, np.float32)
    return lambda: session.run(None, {put.name: pixels})


def _milliseconds(call: Any) -> float:
    """Processor time of this thread for the quicker of two calls: other programs do not count."""
    taken = []
    for _ in range(2):
        before = time.thread_time()
        call()
        taken.append((time.thread_time() - before) * 1e3)
    return min(taken)


def _memory(path: Path, size: tuple[int, int]) -> float:
    """Peak resident megabytes of a process that does nothing but find plates in one frame."""
    code = (
        "import resource, numpy as np\nfrom models.train.detector.measure import onnx_find\n"
        f"find = onnx_find({str(path)!r})\nfor _ in range(3): find(np.zeros((1, {size[1]}, {size[0]}, 3), np.uint8))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return int(done.stdout) / 1024


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    assert picture is not None, f"{path}: not a picture"
    return picture  # type: ignore[return-value]


if __name__ == "__main__":
    main()
