"""One photograph, looked at as a whole: every plate in it, read, and what each stage took.

For pictures that a technician chose. The daemon's frames go through `camera.pipeline`, which knows of motion and time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import TYPE_CHECKING

from edge.camera.scene import Plate, Read, Vehicle
from edge.camera.vision.detector import Detector
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.camera.vision.straightener import load_straightener
from edge.camera.vision.vehicle import Namer
from edge.settings.camera import VehicleSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.vision.manifest import Manifest
    from edge.settings.camera import DetectorSettings, ReaderSettings, RuntimeSettings

NOTHING = Read(characters=(), confidence=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one photograph shows."""

    plates: tuple[tuple[Plate, Read], ...]
    """The surest read first; plates that could not be read come last."""
    detect_ms: float
    read_ms: float
    vehicles: tuple[Vehicle | None, ...] | None = None
    """Around each plate, in the plates' order; None where nothing is known, and for all when no network names them."""
    vehicle_ms: float = 0.0


class Eye:
    """A detector, a reader, and what names vehicles, if anything does."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader,
        namer: Namer | None = None,
        vehicle: VehicleSettings | None = None,
    ) -> None:
        self.detector, self.reader, self.namer = detector, reader, namer
        self._vehicle = vehicle or VehicleSettings()

    @classmethod
    def load(
        cls,
        manifest: Manifest,
        runtime: RuntimeSettings,
        detector: DetectorSettings,
        reader: ReaderSettings,
        vehicle: VehicleSettings | None = None,
    ) -> Eye:
        """The networks from files. SettingsWrong when one may not be used."""
        finds = load_network(manifest.pick(detector.model, "detector"), runtime)
        straightener = load_straightener(manifest, detector, runtime)
        reads = load_network(manifest.pick(reader.model, "reader"), runtime)
        named = vehicle.model if vehicle is not None else None
        namer = Namer.of(load_network(manifest.pick(named, "vehicle"), runtime)) if named is not None else None
        return cls(Detector.of(finds, detector, straightener), Reader.of(reads), namer, vehicle)

    def look(self, pixels: NDArray[np.uint8]) -> Seen:
        """Find and read every plate of a photograph (H×W×3, BGR). A plate that the edge cuts off is not read."""
        height, width = pixels.shape[:2]
        began = perf_counter_ns()
        plates = self.detector.search(pixels)
        found = perf_counter_ns()
        looks = [
            (plate, NOTHING if plate.reaches_edge(width, height) else self._read(pixels, plate)) for plate in plates
        ]
        seen = _seen(looks, found - began, perf_counter_ns() - found)
        return seen if self.namer is None else self._named(pixels, seen, self.namer)

    def _named(self, pixels: NDArray[np.uint8], seen: Seen, namer: Namer) -> Seen:
        """The same with its vehicles; where the plate is doubtful, so is what surrounds it."""
        began = perf_counter_ns()
        vehicles = [
            _sure(namer.name_at(pixels, plate.corners), self._vehicle) if read.characters else None
            for plate, read in seen.plates
        ]
        return replace(seen, vehicles=tuple(vehicles), vehicle_ms=(perf_counter_ns() - began) / 1e6)

    def _read(self, pixels: NDArray[np.uint8], plate: Plate) -> Read:
        """The reader's confidence holds for plates; here it may be looking at a lamp post, so both must be right."""
        read = self.reader.study(pixels, plate.corners)
        return replace(read, confidence=read.confidence * plate.score)

    def look_flat(self, pixels: NDArray[np.uint8]) -> Seen:
        """The picture is one plate, cut out by its edges."""
        height, width = (float(side) for side in pixels.shape[:2])
        plate = Plate(corners=((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)), score=1.0)
        began = perf_counter_ns()
        read = self.reader.read_flat(pixels)
        return _seen([(plate, read)], 0, perf_counter_ns() - began)


def _sure(vehicle: Vehicle, settings: VehicleSettings) -> Vehicle | None:
    """What the thresholds leave; None when they leave nothing."""
    if vehicle.type_confidence < settings.type_confidence_min:
        vehicle = replace(vehicle, type=None, type_confidence=0.0)
    if vehicle.color_confidence < settings.color_confidence_min:
        vehicle = replace(vehicle, color=None, color_confidence=0.0)
    return vehicle if vehicle.type or vehicle.color else None


def _seen(looks: list[tuple[Plate, Read]], detect_ns: int, read_ns: int) -> Seen:
    ordered = sorted(looks, key=lambda look: (-look[1].confidence, -look[0].score))
    return Seen(plates=tuple(ordered), detect_ms=detect_ns / 1e6, read_ms=read_ns / 1e6)
