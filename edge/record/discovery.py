"""What Home Assistant is told of a camera, so that it shows its health by itself: off unless the settings ask for it.

The format is Home Assistant's own (MQTT discovery of a device, its short keys), so it bears no schema of ours; that it
can hold nothing else is kept as for every other message: fixed words, and names that are topic levels.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from edge.record.words import Version, Wire, exactly

NAME_CHARACTERS_MAX = 20
"""Of site and camera, here: a topic must fit into what one text of ours may hold."""

_NAME = r"[a-z0-9][a-z0-9_-]{0,19}"

ShortName = Annotated[str, exactly(_NAME)]
DeviceId = Annotated[str, exactly(rf"lpr-{_NAME}-{_NAME}")]
EntityId = Annotated[str, exactly(rf"lpr-{_NAME}-{_NAME}-[a-z]{{1,12}}")]
HealthTopic = Annotated[str, exactly(rf"lpr/v1/{_NAME}/{_NAME}/health")]
SightingTopic = Annotated[str, exactly(rf"lpr/v1/{_NAME}/{_NAME}/sighting")]
StatusTopic = Annotated[str, exactly(rf"lpr/v1/{_NAME}/{_NAME}/status")]


class Device(Wire, frozen=True, kw_only=True):
    """One device a camera."""

    ids: DeviceId
    name: ShortName
    mf: Literal["plate-reader"] = "plate-reader"
    sw: Version


class Origin(Wire, frozen=True, kw_only=True):
    """Who says so."""

    name: Literal["plate-reader"] = "plate-reader"
    sw: Version


class Problem(Wire, frozen=True, kw_only=True):
    """On when something is wrong; unknown while it has not been looked at."""

    p: Literal["binary_sensor"] = "binary_sensor"
    uniq_id: EntityId
    name: Literal["moved", "blurred", "dirty", "dark", "frozen", "lamp failed"]
    val_tpl: Literal[
        "{{value_json.picture.moved}}",
        "{{value_json.picture.blurred}}",
        "{{value_json.picture.dirty}}",
        "{{value_json.picture.dark}}",
        "{{value_json.picture.frozen}}",
        "{{value_json.picture.lamp_failed}}",
    ]
    dev_cla: Literal["problem"] = "problem"
    pl_on: Literal["True"] = "True"
    pl_off: Literal["False"] = "False"


class Recorded(Wire, frozen=True, kw_only=True):
    """On while a technician records."""

    p: Literal["binary_sensor"] = "binary_sensor"
    uniq_id: EntityId
    name: Literal["recording"] = "recording"
    val_tpl: Literal["{{value_json.recording_until is not none}}"] = "{{value_json.recording_until is not none}}"
    pl_on: Literal["True"] = "True"
    pl_off: Literal["False"] = "False"


class Word(Wire, frozen=True, kw_only=True):
    """A state by its name."""

    p: Literal["sensor"] = "sensor"
    uniq_id: EntityId
    name: Literal["camera", "broker"]
    val_tpl: Literal["{{value_json.source.state}}", "{{value_json.link.state}}"]


class Figure(Wire, frozen=True, kw_only=True):
    """A number and its unit."""

    p: Literal["sensor"] = "sensor"
    uniq_id: EntityId
    name: Literal["read rate", "frame rate", "waiting", "temperature"]
    val_tpl: Literal[
        "{{value_json.read_rate}}",
        "{{value_json.source.frames_per_second}}",
        "{{value_json.outbox.depth}}",
        "{{value_json.device.temperature_c}}",
    ]
    unit_of_meas: Literal["sightings", "fps", "degC"] | None


class Entities(Wire, frozen=True, kw_only=True):
    """What is shown of a camera."""

    moved: Problem
    blurred: Problem
    dirty: Problem
    dark: Problem
    frozen: Problem
    lamp: Problem
    recording: Recorded
    camera: Word
    broker: Word
    readrate: Figure
    framerate: Figure
    waiting: Figure
    temperature: Figure


class Discovery(Wire, frozen=True, kw_only=True):
    """`homeassistant/device/lpr-SITE-CAMERA/config`, retained."""

    dev: Device
    o: Origin
    stat_t: HealthTopic
    avty_t: StatusTopic
    avty_tpl: Literal["{{value_json.state}}"] = "{{value_json.state}}"
    cmps: Entities


class DiscoverySighting(Wire, frozen=True, kw_only=True):
    """`homeassistant/event/lpr-SITE-CAMERA/sighting/config`, retained: each sighting is an event, its plate with it.

    Only where the settings ask for plates; the broker's access list must let Home Assistant hear them.
    """

    dev: Device
    o: Origin
    uniq_id: EntityId
    name: Literal["sighting"] = "sighting"
    stat_t: SightingTopic
    evt_typ: Annotated[tuple[Literal["sighting"], ...], msgspec.Meta(min_length=1, max_length=1)] = ("sighting",)
    val_tpl: Literal[
        "{{{'event_type':'sighting','plate':value_json.plate.text if value_json.plate else none,"
        "'direction':value_json.direction,'first_seen':value_json.first_seen}|tojson}}"
    ] = (
        "{{{'event_type':'sighting','plate':value_json.plate.text if value_json.plate else none,"
        "'direction':value_json.direction,'first_seen':value_json.first_seen}|tojson}}"
    )


def discover_sightings(site: str, camera: str, *, sighting: str, software: str) -> DiscoverySighting:
    """The whole message; `sighting` is the camera's topic."""
    me = f"lpr-{site}-{camera}"
    return DiscoverySighting(
        dev=Device(ids=me, name=camera, sw=software),
        o=Origin(sw=software),
        uniq_id=f"{me}-sighting",
        stat_t=sighting,
    )


def discover(site: str, camera: str, *, health: str, status: str, software: str) -> Discovery:
    """The whole message; `health` and `status` are the camera's topics."""
    me = f"lpr-{site}-{camera}"

    def problem(key: str, name: str = "") -> Problem:
        said = name or key
        return Problem(
            uniq_id=f"{me}-{key}",
            name=said,  # type: ignore[arg-type]  # the boundary holds it to the fixed words
            val_tpl=f"{{{{value_json.picture.{said.replace(' ', '_')}}}}}",  # type: ignore[arg-type]
        )

    def figure(name: str, where: str, unit: str | None = None) -> Figure:
        return Figure(
            uniq_id=f"{me}-{name.replace(' ', '')}",
            name=name,  # type: ignore[arg-type]
            val_tpl=f"{{{{value_json.{where}}}}}",  # type: ignore[arg-type]
            unit_of_meas=unit,  # type: ignore[arg-type]
        )

    return Discovery(
        dev=Device(ids=me, name=camera, sw=software),
        o=Origin(sw=software),
        stat_t=health,
        avty_t=status,
        cmps=Entities(
            moved=problem("moved"),
            blurred=problem("blurred"),
            dirty=problem("dirty"),
            dark=problem("dark"),
            frozen=problem("frozen"),
            lamp=problem("lamp", "lamp failed"),
            recording=Recorded(uniq_id=f"{me}-recording"),
            camera=Word(uniq_id=f"{me}-camera", name="camera", val_tpl="{{value_json.source.state}}"),
            broker=Word(uniq_id=f"{me}-broker", name="broker", val_tpl="{{value_json.link.state}}"),
            readrate=figure("read rate", "read_rate"),
            framerate=figure("frame rate", "source.frames_per_second", "fps"),
            waiting=figure("waiting", "outbox.depth", "sightings"),
            temperature=figure("temperature", "device.temperature_c", "degC"),
        ),
    )
