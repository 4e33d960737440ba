"""The site's areas and directions: out of the settings' file, and back into it with its comments kept.

Two technicians may draw at once: each sends the digest of the file that he saw, and the second is told that it changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from edge.record.words import Name  # noqa: TC001 — msgspec reads the annotations of Drawn
from edge.settings.camera import Area, Section, Side
from edge.settings.camera_rules import load_camera
from edge.settings.writing import seen, write_changes

if TYPE_CHECKING:
    from pathlib import Path

AREAS_MAX = 20
"""Of each kind; more are a slip of the finger."""


class Drawn(Section, frozen=True, kw_only=True):
    """What a technician may change: the section `view`, whole, and which file he saw."""

    version: str
    """The settings file's SHA-256."""
    look: tuple[Area, ...] = ()
    ignore: tuple[Area, ...] = ()
    approaching: Name | None = None
    receding: Name | None = None
    sideways: dict[Side, Name] = msgspec.field(default_factory=dict)


def read_areas(path: Path) -> Drawn:
    """As the file has them now. SettingsWrong when it cannot be used, OSError when it cannot be read."""
    version = seen(path)
    view = load_camera(path).view
    return Drawn(
        version=version,
        look=view.look,
        ignore=view.ignore,
        approaching=view.approaching,
        receding=view.receding,
        sideways=view.sideways,
    )


def write_areas(path: Path, drawn: Drawn) -> str:
    """Write what differs; returns the new file's digest.

    SettingsChanged when the file is not the one that was seen, SettingsWrong when the new one could not be used; either
    way nothing was written. OSError when the disk will not.
    """
    before = read_areas(path)
    changes = {
        f"view.{name}": _plain(getattr(drawn, name))
        for name in ("look", "ignore", "approaching", "receding", "sideways")
        if getattr(drawn, name) != getattr(before, name)
    }
    write_changes(path, changes, seen_digest=drawn.version, check=load_camera)
    return seen(path)


def _plain(value: object) -> object:
    """Lists and dicts, as YAML has them; `to_builtins` would leave the tuples."""
    plain = msgspec.to_builtins(value)
    return list(plain) if isinstance(plain, tuple) else plain
