"""Relative paths in a camera's settings → absolute ones, so that it does not matter where a program is started.

They begin in the folder above the settings file's own: `config/north.yaml` says `models/manifest.yaml` and means the
one beside `config/`. A bare name in a key that ends in `_file` is no path but a systemd credential, and stays.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.settings.camera import CameraSettings


def anchored(settings: CameraSettings, root: Path) -> CameraSettings:
    """The same settings with every path absolute. Take their `digest` before: it must not hinge on a folder's name."""
    source, broker = settings.source, settings.broker
    return msgspec.structs.replace(
        settings,
        source=msgspec.structs.replace(
            source,
            address=str(root / source.address) if source.kind in ("folder", "video") else source.address,
            credentials_file=_file(source.credentials_file, root),
        ),
        runtime=msgspec.structs.replace(settings.runtime, manifest=str(root / settings.runtime.manifest)),
        broker=msgspec.structs.replace(
            broker,
            ca_file=_file(broker.ca_file, root),
            certificate_file=_file(broker.certificate_file, root),
            key_file=_file(broker.key_file, root),
            password_file=_file(broker.password_file, root),
        ),
        outbox=msgspec.structs.replace(settings.outbox, folder=str(root / settings.outbox.folder)),
    )


def _file(name: str | None, root: Path) -> str | None:
    return str(root / name) if name is not None and "/" in name else name
