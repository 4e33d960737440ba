"""Read the plates in photographs and in folders of photographs.

One line a plate for people; with --json one object a picture, in pixels of the original picture.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, TextIO

from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.scene import Plate, Read, Region, Vehicle
    from edge.camera.vision.look import Eye, Seen

NAME_MAX = 40
"""Longer file names lose their beginning in the table; --json has them whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader read`."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of pictures")
    parser.add_argument("--json", action="store_true", help="one object a picture, one a line")
    parser.add_argument("--crop", action="store_true", help="each picture is one plate, already cut out")
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="write annotated pictures; all but the plates is masked"
    )
    parser.add_argument("--unmasked", action="store_true", help="with --draw: show the whole picture, people included")
    parser.add_argument("--config", type=Path, help="a camera's settings: networks, thresholds, threads")
    parser.add_argument("--manifest", type=Path, help="the networks, e.g. models/manifest.yaml")
    parser.add_argument("--detector", metavar="wide|fast", help="the plate detector: wide (default), fast, or its name")


def run(arguments: argparse.Namespace) -> int:
    """Read all pictures; what cannot be read is named on stderr, the rest goes on."""
    if arguments.unmasked and arguments.draw is None:
        print("plate-reader read: --unmasked says how --draw DIR draws; give both or neither", file=sys.stderr)
        return WRONG
    pictures, failed = list(_pictures(arguments.paths)), 0
    for picture, reason in pictures:
        if reason:
            _complain(picture, reason)
            failed += 1
    files = [picture for picture, reason in pictures if not reason]
    if not files:
        return FAILED
    session = _Session(arguments, _load(arguments), files)
    failed += session.read_all(files)
    return FAILED if failed else DONE


class _Session:
    """One call of the verb: what was asked, the networks, and where the results go."""

    def __init__(self, arguments: argparse.Namespace, eye: Eye, files: Sequence[Path]) -> None:
        self._arguments, self._eye = arguments, eye
        self._tell = _tell_json if arguments.json else _Table(files, sys.stdout)
        self._drawn: set[Path] = set()

    def read_all(self, files: Sequence[Path]) -> int:
        """Read, show, draw. Returns how many failed."""
        failed = 0
        quiet = sys.stdout.isatty()  # there the results themselves show how far the work has come
        with present.progress("pictures", len(files)) as tell:
            for done, file in enumerate(files):
                if not quiet:
                    tell(done)
                failed += not self._read_one(file)
        return failed

    def _read_one(self, file: Path) -> bool:
        from edge.camera.frames.picture import read_picture
        from edge.camera.frames.source import PictureUnreadable

        began = perf_counter_ns()
        try:
            pixels = read_picture(file)
        except PictureUnreadable as error:
            _complain(file, error.why)
            return False
        loaded_ms = (perf_counter_ns() - began) / 1e6
        seen = self._eye.look_flat(pixels) if self._arguments.crop else self._eye.look(pixels)
        self._tell(file, seen, self._eye.reader.named, loaded_ms)
        return self._arguments.draw is None or self._draw(file, pixels, seen)

    def _draw(self, file: Path, pixels: NDArray[np.uint8], seen: Seen) -> bool:
        """Write `DIR/<name>.plates.jpg`; a second picture of the same name gets a number."""
        import cv2

        from edge.camera.vision.draw import annotate

        drawn = annotate(pixels, seen.plates, seen.vehicles, unmasked=self._arguments.unmasked)
        target, number = self._arguments.draw / f"{file.stem}.plates.jpg", 1
        while target in self._drawn:
            number += 1
            target = target.with_name(f"{file.stem}-{number}.plates.jpg")
        self._drawn.add(target)
        made, coded = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 92])
        assert made, f"OpenCV cannot encode {drawn.shape}"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(coded.tobytes())
        except OSError as error:
            _complain(target, f"cannot be written: {(error.strerror or str(error)).lower()}")
            return False
        return True


def _load(arguments: argparse.Namespace) -> Eye:
    """The networks that the arguments and the settings name. SettingsWrong when they cannot be used."""
    import msgspec

    from edge.camera.vision.look import Eye
    from edge.camera.vision.manifest import SHIPPED_ROOT, load_manifest
    from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings, VehicleSettings

    detector, reader, runtime, root = DetectorSettings(), ReaderSettings(), RuntimeSettings(), SHIPPED_ROOT
    vehicle = VehicleSettings()
    if arguments.config is not None:
        from edge.settings.camera_rules import load_camera
        from edge.settings.loader import root_of

        settings, root = load_camera(arguments.config), root_of(arguments.config)
        detector, reader, runtime, vehicle = settings.detector, settings.reader, settings.runtime, settings.vehicle
    manifest = load_manifest(arguments.manifest or root / runtime.manifest)
    if arguments.detector is not None:
        name = arguments.detector
        short = f"detector-{name}"
        detector = msgspec.structs.replace(detector, model=short if short in manifest.networks else name)
    if detector.straightener not in manifest.networks:  # someone else's manifest need have neither
        detector = msgspec.structs.replace(detector, straightener=None)
    if vehicle.model not in manifest.networks:
        vehicle = msgspec.structs.replace(vehicle, model=None)
    return Eye.load(manifest, runtime, detector, reader, vehicle)


def _pictures(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Every picture, folders with all that is below them by name; or (path, why there is none)."""
    from edge.camera.frames.picture import PICTURES

    for path in paths:
        if not path.is_dir():
            yield path, "" if path.exists() else "no such file or folder"
            continue
        inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in PICTURES and one.is_file())
        yield from ((one, "") for one in inside)
        if not inside:
            yield path, "no picture in this folder"


def _complain(path: Path, reason: str) -> None:
    print(f"{path}: {reason}", file=sys.stderr)


def _tell_json(file: Path, seen: Seen, named: Callable[[Read], Region | None], loaded_ms: float) -> None:
    import msgspec

    spent = {"load": loaded_ms, "detect": seen.detect_ms, "read": seen.read_ms}
    plates = [_plain(plate, read, named(read)) for plate, read in seen.plates]
    if seen.vehicles is not None:
        spent["vehicle"] = seen.vehicle_ms
        for plain, vehicle in zip(plates, seen.vehicles, strict=True):
            plain["vehicle"] = _vehicle(vehicle) if vehicle else None
    line = {
        "file": str(file),
        "plates": plates,
        "ms": {stage: round(ms, 1) for stage, ms in spent.items()},
    }
    print(msgspec.json.encode(line).decode(), flush=True)


def _plain(plate: Plate, read: Read, region: Region | None) -> dict[str, object]:
    """One plate as design has it: probabilities to three decimals, pixels to one."""
    from edge.record.words import probability

    box = plate.box
    return {
        "text": read.text,
        "confidence": probability(read.confidence),
        "characters": [probability(character.probability) for character in read.characters],
        "region": {"code": region.code, "confidence": probability(region.confidence)} if region else None,
        "box": [round(side, 1) for side in (box.x0, box.y0, box.x1, box.y1)],
        "corners": [[round(x, 1), round(y, 1)] for x, y in plate.corners],
        "width_px": round(plate.width_px),
    }


def _vehicle(vehicle: Vehicle) -> dict[str, object]:
    """As a sighting has it, and the side that is seen."""
    from edge.record.words import probability

    return {
        "type": vehicle.type,
        "type_confidence": probability(vehicle.type_confidence) if vehicle.type else None,
        "color": vehicle.color,
        "color_confidence": probability(vehicle.color_confidence) if vehicle.color else None,
        "view": vehicle.view,
    }


class _Table:
    """Rows for people, written as they come: a long run is watched, not waited for."""

    def __init__(self, files: Sequence[Path], out: TextIO) -> None:
        self._width = min(NAME_MAX, max(len(str(file)) for file in files))
        self._out = out
        self._headed = False

    def __call__(self, file: Path, seen: Seen, named: Callable[[Read], Region | None], _loaded_ms: float) -> None:
        if not self._headed:
            self._row("picture", "text", "sure", "region", "width", "")
            self._headed = True
        name = str(file)
        name = name if len(name) <= self._width else "…" + name[1 - self._width :]
        for plate, read in seen.plates:
            region = named(read)
            sure = f"{100 * read.confidence:.0f} %" if read.characters else ""
            where = f"{region.code} {100 * region.confidence:.0f} %" if region else ""
            self._row(name, read.text or "unreadable", sure, where, f"{plate.width_px:.0f} px", read.stacked)
            name = ""
        if not seen.plates:
            self._row(name, "–", "", "", "", "")

    def _row(self, name: str, text: str, sure: str, region: str, width: str, stacked: str) -> None:
        line = f"{name:<{self._width}}  {text:<10}  {sure:>5}  {region:<12}  {width:>7}  {stacked}"
        print(line.rstrip(), file=self._out, flush=True)
