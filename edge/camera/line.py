"""What `run` and `replay` share: settings → loaded networks → one fresh line."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from edge import __version__
from edge.camera.motion import Gate
from edge.camera.pipeline import Pipeline, Steps
from edge.camera.sightings import Origin
from edge.camera.vision.detector import Detector
from edge.camera.vision.manifest import load_manifest
from edge.camera.vision.models import load_network
from edge.camera.vision.reader import Reader
from edge.camera.vision.spotter import Spotter
from edge.camera.vision.straightener import load_straightener
from edge.camera.vision.vehicle import Namer
from edge.record.sighting import Models
from edge.settings.loader import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.camera.known import ParkedMemory
    from edge.camera.vision.models import Network
    from edge.record.health import Provider
    from edge.settings.camera import CameraSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Loaded, checked and warm; a line is made of them in no time."""

    detector: Network
    straightener: Network | None
    reader: Network
    vehicle: Network | None
    """None: the settings name no vehicles."""
    spotter: Network | None
    """None: vehicles without a plate are not counted."""

    @property
    def models(self) -> Models:
        """Which networks speak, for the record: a digest for all that finds plates, one for all that knows vehicles."""
        return Models(
            detector=_together(self.detector, self.straightener) or "",
            reader=self.reader.digest,
            vehicle=_together(self.vehicle, self.spotter),
        )

    @property
    def provider(self) -> Provider:
        """What truly runs the detector, which is nine tenths of the work."""
        return cast("Provider", self.detector.provider)


def _together(*networks: Network | None) -> str | None:
    """One digest for one network or several; None for none."""
    digests = [network.digest for network in networks if network is not None]
    if len(digests) < 2:
        return next(iter(digests), None)
    return sha256(" ".join(digests).encode()).hexdigest()[: len(digests[0])]


def load_networks(settings: CameraSettings, root: Path) -> Networks:
    """The settings' networks; SettingsWrong when one is altered, missing or not allowed."""
    manifest = load_manifest(root / settings.runtime.manifest)
    vehicle, spotter = settings.vehicle.model, settings.vehicle.spotter
    return Networks(
        detector=load_network(manifest.pick(settings.detector.model, "detector"), settings.runtime),
        straightener=load_straightener(manifest, settings.detector, settings.runtime),
        reader=load_network(manifest.pick(settings.reader.model, "reader"), settings.runtime),
        vehicle=load_network(manifest.pick(vehicle, "vehicle"), settings.runtime) if vehicle else None,
        spotter=load_network(manifest.pick(spotter, "spotter"), settings.runtime) if spotter else None,
    )


def origin(settings: CameraSettings, networks: Networks, run: str) -> Origin:
    """Who sees, and with what; `run` names this run."""
    return Origin(
        site=settings.site,
        camera=settings.camera,
        run=run,
        models=networks.models,
        settings=digest(settings),
        software=__version__,
    )


def fresh_line(
    settings: CameraSettings,
    networks: Networks,
    told_by: Origin,
    *,
    memory: ParkedMemory,
    synchronized: Callable[[], bool],
) -> Pipeline:
    """A line that has seen nothing yet."""
    steps = Steps(
        gate=Gate(settings.motion, settings.view, parts=networks.spotter is not None),
        detector=Detector.of(networks.detector, settings.detector, networks.straightener),
        reader=Reader.of(networks.reader),
        namer=Namer.of(networks.vehicle) if networks.vehicle else None,
        spotter=Spotter.of(networks.spotter, settings.vehicle.spotter_score_min) if networks.spotter else None,
        memory=memory,
        synchronized=synchronized,
    )
    return Pipeline(settings, told_by, steps)
