"""Which passes without a readable text are vehicles: the two UNREADABLE thresholds of `edge/camera/pipeline.py`.

    python -m models.bench.unread --pack build/detector/pack.zip      # a minute of one idle core

Every second photograph of the val split is filmed: nine frames, the camera moving in or out and sideways, at full or
about half size, with noise. Detector, straightener, reader, tracker and vote see them as they would see a road. Printed
is, for either threshold, how many passes of real plates whose text was not good enough would be told as vehicles, and
how many passes of things that are no plate. What may be a plate is left out (`models/train/straightener/judged.csv`).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.fusion import fuse
from edge.camera.known import moved
from edge.camera.pixels import rectify, sharpness
from edge.camera.scene import Frame, Look
from edge.camera.tracking import Tracker
from edge.camera.vision.detector import Detector
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.camera.vision.straightener import load_straightener
from edge.cli import present
from edge.settings.camera import DetectorSettings, FusionSettings, ReaderSettings, RuntimeSettings, TrackingSettings
from models.train.detector.measure import hulls, touching
from models.train.detector.scenes import Pack
from models.train.straightener.weigh import JUDGED, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edge.camera.scene import Pass
    from edge.camera.vision.models import Network
    from models.train.detector.scenes import Scene

FRAMES, FRAME_NS = 9, 66_000_000
LOOKS_MIN, SCORES_MIN = (3, 4, 5, 6, 8), (0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Networks:
    """What ships."""

    detector: Network
    straightener: Network | None
    reader: Reader


@dataclass(frozen=True)
class Unread:
    """One pass that moved and had no text worth telling."""

    plate: bool
    looks: int
    score: float
    """The median."""


def main() -> None:
    """Film, follow, count."""
    arguments = _arguments()
    networks, pack = _load(arguments.manifest), Pack(arguments.pack, split="val")
    judged = verdicts(JUDGED)
    passes: list[Unread] = []
    for number in range(0, len(pack.scenes), 2):
        scene = pack.scenes[number]
        plates, unsure = judged.get(pack.rows[number]["file"], (np.zeros((0, 4)), np.zeros((0, 4))))
        places = (np.concatenate([hulls(scene.quads), plates]), np.concatenate([scene.ignored, unsure]))
        passes += _unread(np.random.default_rng([7, number]), networks, scene, places)
        if number % 50 == 0:
            print(f"{number} of {len(pack.scenes)} photographs", file=sys.stderr, flush=True)
    tell(passes)


def tell(passes: list[Unread]) -> None:
    """One row for each pair of thresholds."""
    rows = []
    for looks_min in LOOKS_MIN:
        for score_min in SCORES_MIN:
            told = Counter(one.plate for one in passes if one.looks >= looks_min and one.score >= score_min)
            rows.append((str(looks_min), f"{score_min:.2f}", str(told[True]), str(told[False])))
    of = Counter(one.plate for one in passes)
    print(present.table(rows, ("looks", "score", f"plates of {of[True]}", f"others of {of[False]}"), right=range(4)))


def _load(path: Path) -> Networks:
    manifest, runtime, settings = load_manifest(path), RuntimeSettings(), DetectorSettings()
    return Networks(
        load_network(manifest.pick(settings.model, "detector"), runtime),
        load_straightener(manifest, settings, runtime),
        Reader.of(load_network(manifest.pick(ReaderSettings().model, "reader"), runtime)),
    )


def _unread(
    rng: np.random.Generator, networks: Networks, scene: Scene, places: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> Iterator[Unread]:
    """The passes of one film that moved and were not read; `places`: boxes (N×4) of plates, and of what may be one."""
    film = list(_film(rng, scene.levels[0]))
    for passed in _followed(networks, [picture for picture, _ in film]):
        if fuse(passed, FusionSettings()) is not None or not moved(passed):
            continue
        kind = _kind(passed, [matrix for _, matrix in film], places)
        if kind is not None:
            score = statistics.median(look.plate.score for look in passed.looks)
            yield Unread(kind == "plate", len(passed.looks), score)


def _film(
    rng: np.random.Generator, picture: NDArray[np.uint8]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Frames of a photograph, each with the matrix (2×3) from it to the frame."""
    height, width = picture.shape[:2]
    nearer = rng.uniform(1.03, 1.06) ** rng.choice([-1, 1])
    aside, size = rng.normal(0, 0.012, 2) * [width, height], rng.choice([1.0, 0.55])
    for number in range(FRAMES):
        away = number - FRAMES // 2
        scale = size * nearer**away
        shift = np.array([width, height]) / 2 * (1 - scale) + aside * away
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
        seen = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_AREA, borderValue=(90, 90, 90))
        yield np.clip(seen + rng.normal(0, 5, seen.shape), 0, 255).astype(np.uint8), matrix


def _followed(networks: Networks, pictures: list[NDArray[np.uint8]]) -> list[Pass]:
    settings = DetectorSettings(tiles="never")
    detector, tracker = Detector.of(networks.detector, settings, networks.straightener), Tracker(TrackingSettings())
    closed: list[Pass] = []
    for number, pixels in enumerate(pictures):
        ns = number * FRAME_NS
        frame = Frame(camera="film", sequence=number, taken_ns=ns, monotonic_ns=ns, pixels=pixels)
        height, width = pixels.shape[:2]
        looks = [
            Look(
                taken_ns=ns,
                monotonic_ns=ns,
                plate=plate,
                read=None if plate.reaches_edge(width, height, 2) else networks.reader.read(frame, plate),
                sharpness=sharpness(rectify(pixels, plate.corners)),
                frame_size=(width, height),
            )
            for plate in detector.find(frame, None)
        ]
        closed += tracker.update(looks, ns)
    return closed + tracker.finish()


def _kind(
    passed: Pass, matrices: list[NDArray[np.float32]], places: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> str | None:
    """`plate` or `none`, by most of its looks; None when that is unsure."""
    seen: Counter[str | None] = Counter()
    for look in passed.looks:
        matrix = matrices[look.monotonic_ns // FRAME_NS]
        quad = (np.array(look.plate.corners) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        on = [bool(touching(quad[None].astype(np.float32), boxes)[0]) for boxes in places]
        seen["plate" if on[0] else None if on[1] else "none"] += 1
    return seen.most_common(1)[0][0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.unread", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", type=Path, default=Path("models/manifest.yaml"))
    parser.add_argument("--pack", type=Path, default=Path("build/detector/pack.zip"), help="what training prepared")
    return parser.parse_args()


if __name__ == "__main__":
    main()
