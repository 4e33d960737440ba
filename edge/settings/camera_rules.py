"""What must hold between a camera's settings, beyond the limits of each: a section's contradictions, in words.

Pure: whether files exist and brokers answer is `plate-reader check`'s question, not this file's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from edge.record.discovery import NAME_CHARACTERS_MAX
from edge.settings.camera import (
    Area,
    BrokerSettings,
    CameraSettings,
    FusionSettings,
    SourceSettings,
    TrackingSettings,
    ViewSettings,
)
from edge.settings.loader import load
from edge.settings.matching import Rules

AREA_MIN = 0.01
"""A hundredth of the picture: a narrower area holds no plate, and is a slip of the pen."""


def load_camera(path: Path) -> CameraSettings:
    """One camera's settings from its file. SettingsWrong with all that is wrong."""
    return load(path, CameraSettings, RULES)


def _area(area: Area) -> Iterator[tuple[str, str]]:
    if area.x1 - area.x0 < AREA_MIN:
        yield "x1", f"right of x0 ({area.x0:g}): x0 is the left edge, x1 the right one"
    if area.y1 - area.y0 < AREA_MIN:
        yield "y1", f"below y0 ({area.y0:g}): y0 is the upper edge, y1 the lower one; 0 is the top"


def _source(source: SourceSettings) -> Iterator[tuple[str, str]]:
    address = urlsplit(source.address) if "://" in source.address else None
    if source.kind == "rtsp":
        yield from _rtsp(source.address)
    elif address is not None:
        kind = "rtsp" if address.scheme in ("rtsp", "rtsps") else "folder, video or usb"
        yield "kind", f"an address with {address.scheme}:// is of another kind: write kind: {kind}, or another address"
    if source.kind == "usb" and not (source.address.startswith("/dev/") or source.address.isdecimal()):
        yield "address", "a USB camera is a device: write /dev/video0, or its number in quotes"
    if source.kind == "csi" and not source.address.isdecimal():
        yield "address", 'a CSI camera is a sensor number: write "0" for the first'
    if source.credentials_file is not None and source.kind != "rtsp":
        yield "credentials_file", f"only rtsp cameras ask for a password, not {source.kind}: take it out"
    if source.loop and source.kind not in ("folder", "video"):
        yield "loop", f"only folders and videos can begin again, not {source.kind}: write false"
    if (source.width is None) != (source.height is None):
        yield ("height" if source.height is None else "width"), "width and height belong together: give both, or none"
    if source.width is not None and source.kind not in ("usb", "csi"):
        yield "width", f"only USB and CSI cameras can be asked for a size, not {source.kind}: take width and height out"
    yield from _waits(source)


def _rtsp(address: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield "address", "an address with a host and a port that is a number: write rtsp://camera.local:554/stream"
        return
    if parts.scheme not in ("rtsp", "rtsps") or not host:
        yield "address", "an rtsp camera has an address: write rtsp://HOST/PATH"
    elif "@" in parts.netloc:
        yield "address", "no user stands in an address: put user:password into the file that credentials_file names"


def _waits(section: SourceSettings | BrokerSettings) -> Iterator[tuple[str, str]]:
    if section.reconnect_s_min > section.reconnect_s_max:
        yield (
            "reconnect_s_min",
            f"at most reconnect_s_max ({section.reconnect_s_max:g}): the wait grows from the one to the other",
        )


def _view(view: ViewSettings) -> Iterator[tuple[str, str]]:
    if view.approaching is not None and view.approaching == view.receding:
        yield "receding", f"another direction than approaching ({view.approaching}): they drive opposite ways"


def _tracking(tracking: TrackingSettings) -> Iterator[tuple[str, str]]:
    if tracking.decide_ms_max < tracking.gap_ms_max:
        yield (
            "decide_ms_max",
            f"at least gap_ms_max ({tracking.gap_ms_max}): a pass cannot be decided before it has ended",
        )
    if tracking.pass_s_max * 1000 <= tracking.gap_ms_max:
        yield "pass_s_max", f"longer than gap_ms_max ({tracking.gap_ms_max} ms): otherwise each pass is cut in two"


def _fusion(fusion: FusionSettings) -> Iterator[tuple[str, str]]:
    if fusion.characters_min > fusion.characters_max:
        yield "characters_min", f"at most characters_max ({fusion.characters_max}): no plate could be told"


def _broker(broker: BrokerSettings) -> Iterator[tuple[str, str]]:
    yield from _waits(broker)
    if (broker.certificate_file is None) != (broker.key_file is None):
        missing = "key_file" if broker.key_file is None else "certificate_file"
        yield missing, "a client certificate and its key belong together: give both, or none"
    files = (broker.ca_file, broker.certificate_file, broker.key_file)
    if not broker.tls and any(file is not None for file in files):
        yield "tls", "certificates are used with TLS only: write tls: true, or take the files out"
    if broker.password_file is not None and broker.username is None:
        yield "username", "a password goes with a user: add username, or take password_file out"
    if "://" in broker.host or "/" in broker.host:
        yield "host", "a host is a name or an address alone: leave out mqtt:// and what follows the name"
    elif ":" in broker.host.strip("[]") and broker.host.count(":") == 1:
        yield "host", "the port has a key of its own: write it behind port"


def _camera(camera: CameraSettings) -> Iterator[tuple[str, str]]:
    """Home Assistant's message has less room for names than the others."""
    if not camera.home_assistant.discovery:
        if camera.home_assistant.plates:
            yield (
                "home_assistant.plates",
                "plates are shown only where discovery is on: write discovery: true, or take it out",
            )
        return
    for key, name in (("site", camera.site), ("camera", camera.camera)):
        if len(name) > NAME_CHARACTERS_MAX:
            yield (
                key,
                f"at most {NAME_CHARACTERS_MAX} characters with home_assistant.discovery: shorten it, or turn it off",
            )


RULES: Rules = {
    CameraSettings: _camera,
    Area: _area,
    SourceSettings: _source,
    ViewSettings: _view,
    TrackingSettings: _tracking,
    FusionSettings: _fusion,
    BrokerSettings: _broker,
}
"""For `load(path, CameraSettings, RULES)`."""
