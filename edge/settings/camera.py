"""What a technician can set at a camera: one Struct a section of `config/north.yaml`, limits included.

The names are the YAML's own keys, unit last. A default here is the value that a new site should start from; its reason
stands in `config/north.yaml`, beside the knob. Steps receive the one section that is theirs.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.words import Name

Fraction = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Side = Literal["left", "right", "top", "bottom"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every section is: immutable, and closed to keys that it does not name."""


def _between(low: float, high: float) -> msgspec.Meta:
    return msgspec.Meta(ge=low, le=high)


class Area(Section, frozen=True, kw_only=True):
    """A rectangle of the picture in shares of its width and height: x0, y0 top left; x1, y1 bottom right."""

    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class SourceSettings(Section, frozen=True, kw_only=True):
    """Where the pictures come from."""

    kind: Literal["folder", "video", "rtsp", "usb", "csi"]
    address: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    """A path, an rtsp:// or rtsps:// address without user and password, a device (`/dev/video0`) or a sensor number."""
    credentials_file: str | None = None
    """A file of one line, `user:password`; a bare name is looked for among systemd's credentials."""
    frames_per_second: Annotated[float, _between(1, 60)] = 15.0
    """The most that is looked at; for folders also the rate at which they were recorded."""
    loop: bool = False
    """Folders and videos: begin again at the end."""
    width: Annotated[int, _between(160, 7680)] | None = None
    height: Annotated[int, _between(120, 4320)] | None = None
    open_timeout_s: Annotated[float, _between(1, 60)] = 10.0
    read_timeout_s: Annotated[float, _between(1, 60)] = 5.0
    reconnect_s_min: Annotated[float, _between(0.05, 60)] = 1.0
    reconnect_s_max: Annotated[float, _between(0.1, 600)] = 30.0
    frozen_s_max: Annotated[float, _between(1, 600)] = 20.0
    """Identical pictures for this long are a frozen camera, not a quiet road: sensors have noise."""


class ViewSettings(Section, frozen=True, kw_only=True):
    """What the camera looks at, in the site's own words."""

    approaching: Name | None = None
    """The direction of vehicles that come towards the camera, e.g. `northbound`; their plates grow."""
    receding: Name | None = None
    sideways: dict[Side, Name] = msgspec.field(default_factory=dict)
    """The direction of vehicles that leave the picture on a side, where the road crosses it: `{left: westbound}`."""
    look: tuple[Area, ...] = ()
    """Look here alone; empty: everywhere."""
    ignore: tuple[Area, ...] = ()
    """Never here: a clock overlay, a parked row."""


class MotionSettings(Section, frozen=True, kw_only=True):
    """When a frame is worth looking at."""

    enabled: bool = True
    difference_min: Annotated[int, _between(2, 100)] = 12
    """Grey levels by which a spot must differ from the background."""
    share_min: Annotated[float, _between(0.00001, 0.5)] = 0.0006
    """Share of the picture that must have changed."""
    linger_ms: Annotated[int, _between(0, 10_000)] = 400
    """Go on looking for this long after the last motion: a car that stops is still there."""


class DetectorSettings(Section, frozen=True, kw_only=True):
    """Which plate detector, and how sure it must be."""

    model: str = "detector-wide"
    """A name from the manifest."""
    straightener: str | None = "straightener"
    """The network that puts a found plate's corners right; empty: they stay as they were found."""
    score_min: Fraction | None = None
    """Empty: the threshold that the model's own manifest entry recommends."""
    width_px_min: Annotated[int, _between(8, 1000)] = 24
    """Narrower plates are not worth a read."""
    tiles: Literal["never", "auto"] = "auto"
    """`auto`: on frames wider than the network sees, what moved is looked at again at native resolution."""


class ReaderSettings(Section, frozen=True, kw_only=True):
    """Which plate reader, and how much of its work a pass may ask for."""

    model: str = "reader"
    reads_max: Annotated[int, _between(1, 100)] = 24
    """Reads in one pass; after that only sharper or wider looks are read."""


class VehicleSettings(Section, frozen=True, kw_only=True):
    """Which network names vehicles, and how sure it must be."""

    model: str | None = "vehicle"
    """A name from the manifest; empty: no vehicle is named."""
    looks_max: Annotated[int, _between(1, 20)] = 3
    """Looks in one pass: the first, and later ones from much nearer."""
    type_confidence_min: Fraction = 0.8
    """Below this the type is `null`: unknown."""
    color_confidence_min: Fraction = 0.8
    """Below this the colour is `null`: unknown."""
    spotter: str | None = None
    """The network that finds moving vehicles which show no plate; empty: only vehicles with a plate are counted."""
    spotter_score_min: Fraction | None = None
    """Empty: the threshold that the spotter's own manifest entry recommends."""


class TrackingSettings(Section, frozen=True, kw_only=True):
    """When plates in successive frames are the same vehicle. Seconds, never frames."""

    gap_ms_max: Annotated[int, _between(100, 10_000)] = 800
    """A pass ends when its plate has not been seen for this long."""
    decide_ms_max: Annotated[int, _between(200, 2_000)] = 1500
    """A sighting is decided at the latest this long after the last good look."""
    pass_s_max: Annotated[float, _between(2, 600)] = 12.0
    """A vehicle that stands in view is concluded after this long; what stays is parked and reported once."""
    parked_forget_s: Annotated[float, _between(10, 86_400)] = 1800.0
    """A parked vehicle that has not been seen for this long may be reported anew."""


class FusionSettings(Section, frozen=True, kw_only=True):
    """When a pass's reads are good enough to publish."""

    confidence_min: Fraction = 0.5
    """Below this the sighting goes out without a plate's text (`plate: null`)."""
    reads_min: Annotated[int, _between(1, 20)] = 1
    """Reads that must take part."""
    characters_min: Annotated[int, _between(1, 12)] = 3
    characters_max: Annotated[int, _between(1, 12)] = 10
    region_confidence_min: Fraction = 0.5
    """Below this the region is `null`: unknown."""


class RuntimeSettings(Section, frozen=True, kw_only=True):
    """How the networks run."""

    manifest: str = "models/manifest.yaml"
    """Relative to the settings file's folder's parent unless absolute."""
    providers: tuple[Literal["tensorrt", "cuda", "openvino", "xnnpack", "cpu"], ...] = ("cpu",)
    """In order of preference; the one truly in use is reported in `health`."""
    threads: Annotated[int, _between(1, 16)] = 1


class BrokerSettings(Section, frozen=True, kw_only=True):
    """The one broker that sightings go to."""

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, _between(1, 65_535)] = 1883
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """`auto`: 5, and 3.1.1 where the broker does not know it."""
    tls: bool = False
    ca_file: str | None = None
    """The only authority that is trusted; empty with `tls: true`: the system's."""
    certificate_file: str | None = None
    key_file: str | None = None
    username: str | None = None
    password_file: str | None = None
    """A file of one line; a bare name is looked for among systemd's credentials. Never the password itself."""
    keepalive_s: Annotated[int, _between(5, 600)] = 30
    reconnect_s_min: Annotated[float, _between(0.05, 60)] = 1.0
    reconnect_s_max: Annotated[float, _between(0.1, 600)] = 60.0
    inflight_max: Annotated[int, _between(1, 100)] = 16


class OutboxSettings(Section, frozen=True, kw_only=True):
    """What is kept until the broker has it."""

    folder: str = "/var/lib/plate-reader"
    """systemd's StateDirectory, when it gives one, comes first."""
    retention_days_max: Annotated[float, _between(0.002, 30)] = 30.0
    """Older rows are deleted unsent, oldest first, and counted. From 3 minutes to the policy's 30 days."""
    bytes_max: Annotated[int, _between(1_000_000, 10_000_000_000)] = 200_000_000


class EvidenceSettings(Section, frozen=True, kw_only=True):
    """Whether plates' crops are remembered for hits."""

    enabled: bool = False
    """The department's policy must turn it on as well, and the broker's access list is made from that."""


class RecordingSettings(Section, frozen=True, kw_only=True):
    """What `record` may do here, when a technician asks for it."""

    minutes_max: Annotated[float, _between(0, 480)] = 60.0
    """The longest recording; 0: none can be made here."""
    keep_days_max: Annotated[float, _between(0.01, 30)] = 7.0
    """Each is deleted so long after it began, fetched or not."""


class HomeAssistantSettings(Section, frozen=True, kw_only=True):
    """Whether Home Assistant is told how to show this camera's health."""

    discovery: bool = False
    """Health alone."""
    plates: bool = False
    """Each sighting as an event, with its plate: a copy that Home Assistant keeps by its own rules."""


class HealthSettings(Section, frozen=True, kw_only=True):
    """How often the device tells how it is."""

    interval_s: Annotated[float, _between(1, 3600)] = 60.0


class CameraSettings(Section, frozen=True, kw_only=True):
    """One camera: the whole file."""

    site: Name
    camera: Name
    source: SourceSettings
    view: ViewSettings = ViewSettings()
    motion: MotionSettings = MotionSettings()
    detector: DetectorSettings = DetectorSettings()
    reader: ReaderSettings = ReaderSettings()
    vehicle: VehicleSettings = VehicleSettings()
    tracking: TrackingSettings = TrackingSettings()
    fusion: FusionSettings = FusionSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    broker: BrokerSettings = BrokerSettings()
    outbox: OutboxSettings = OutboxSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    recording: RecordingSettings = RecordingSettings()
    health: HealthSettings = HealthSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
