"""Small files that the camera's programs leave for one another in the state folder, each written whole or not at all.

    health.json      the daemon's last word of itself, as it was sealed: `doctor` reads it without asking a broker. Each
                     minute, so on a device it lies in memory (`word_folder`)
    normal.json      what the picture normally is, in a few hundred numbers (`normal`): each hour

Nothing here has a plate or a picture; a technician's recordings have a folder of their own (`recordings.shelf`). They
are not synced to the disk: after a power cut an older one, or none, does.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from edge.record.boundary import NotSealable, unseal
from edge.record.health import Health

if TYPE_CHECKING:
    from edge.record.boundary import Sealed
    from edge.settings.camera import CameraSettings

HEALTH: Final = "health.json"
NORMAL: Final = "normal.json"
RUN: Final = Path("/run/plate-reader")
"""The service's RuntimeDirectory, a folder a camera."""
BYTES_MAX: Final = 65_536

T = TypeVar("T", bound=msgspec.Struct)


def state_folder(settings: CameraSettings, root: Path) -> Path:
    """Where the outbox and these files lie: systemd's StateDirectory, when it gives one; else the settings' folder."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else root / settings.outbox.folder / settings.camera


def word_folder(camera: str, folder: Path) -> Path:
    """Where health.json lies: systemd's RuntimeDirectory where there is one; else the state folder, `folder`.

    A new file each minute would cost a card 35 MB a day, most of it the file system's own book-keeping.
    """
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    of_service = RUN / camera  # for who is no service and asks: `doctor`
    return of_service if "STATE_DIRECTORY" not in os.environ and of_service.is_dir() else folder


def leave(folder: Path, name: str, content: bytes) -> bool:
    """Write one, for its owner alone. False when the disk does not take it: who needed it will miss it and say so."""
    new = folder / f".{name}.new"
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)
        new.replace(folder / name)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        return False
    return True


def leave_struct(folder: Path, name: str, value: msgspec.Struct) -> bool:
    """The same, of plain values; `read_struct` reads it back."""
    return leave(folder, name, json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode())


def leave_health(folder: Path, sealed: Sealed) -> bool:
    """The daemon's report, as it went out."""
    return leave(folder, HEALTH, sealed.payload)


def last_health(folder: Path) -> Health | None:
    """The daemon's last report; None when there is none of this version."""
    raw = _read(folder / HEALTH)
    try:
        return unseal(raw, Health) if raw else None
    except NotSealable:
        return None


def read_struct(path: Path, kind: type[T]) -> T | None:
    """A file that one of us wrote; None when it is not there, or not what it should be."""
    raw = _read(path)
    try:
        return msgspec.json.decode(raw, type=kind) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except OSError:
        return b""
    return raw if len(raw) <= BYTES_MAX else b""
