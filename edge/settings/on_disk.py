"""What a camera's settings refer to on this machine: whether it is there, and what a technician should know.

`rules(root)` go into `load` beside the pure ones, so that a missing file is told with the line that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.settings.camera import BrokerSettings, CameraSettings, OutboxSettings, SourceSettings
from edge.settings.matching import Rules
from edge.settings.secret import SecretWrong, place, secret, too_open

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def rules(root: Path) -> Rules:
    """What must be there. Relative paths begin at `root`."""

    def source(settings: SourceSettings) -> Iterator[tuple[str, str]]:
        if settings.kind == "folder" and not (root / settings.address).is_dir():
            yield "address", "an existing folder: create it, or name another"
        if settings.kind == "video" and not (root / settings.address).exists():
            yield "address", "an existing video file: name another"
        yield from _secret("credentials_file", settings.credentials_file, root)

    def broker(settings: BrokerSettings) -> Iterator[tuple[str, str]]:
        for key in ("ca_file", "certificate_file", "key_file"):
            name: str | None = getattr(settings, key)
            path = place(name, root) if name is not None else None
            if path is not None and (why := _unreadable(path)):
                yield key, f"a file that can be read, but {path} {why}: put it there, or name another"
        yield from _secret("password_file", settings.password_file, root)

    def outbox(settings: OutboxSettings) -> Iterator[tuple[str, str]]:
        folder = root / settings.folder
        if folder.exists() and not folder.is_dir():
            yield "folder", f"a folder, but {folder} is a file: name another"

    return {SourceSettings: source, BrokerSettings: broker, OutboxSettings: outbox}


def notes(settings: CameraSettings, root: Path) -> Iterator[str]:
    """What is allowed, and may still surprise."""
    named = {
        "source.credentials_file": settings.source.credentials_file,
        "broker.ca_file": settings.broker.ca_file,
        "broker.certificate_file": settings.broker.certificate_file,
        "broker.key_file": settings.broker.key_file,
        "broker.password_file": settings.broker.password_file,
    }
    waiting = [key for key, name in named.items() if name is not None and place(name, root) is None]
    if waiting:
        yield f"{', '.join(waiting)}: systemd hands these over when the service starts; not checked here"
    for key in ("source.credentials_file", "broker.key_file", "broker.password_file"):
        path = place(named[key] or "", root) if named[key] else None
        if path is not None and path.exists() and too_open(path):
            yield f"{key}: every user of this machine can read {path}; chmod 600 it"
    if settings.source.kind == "usb" and not Path(settings.source.address).exists():
        yield f"source.address: {settings.source.address} is not there now; the daemon waits for it"
    if not settings.broker.tls and settings.broker.host not in LOOPBACK:
        yield f"broker.tls: sightings go to {settings.broker.host} unencrypted; write tls: true"


def _secret(key: str, name: str | None, root: Path) -> Iterator[tuple[str, str]]:
    if name is None or place(name, root) is None:
        return
    try:
        secret(name, root)
    except SecretWrong as wrong:
        yield key, str(wrong)


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb"):
            return ""
    except OSError as error:
        return (error.strerror or "cannot be opened").lower()
