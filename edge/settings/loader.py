"""YAML → typed settings, or every problem with file, line and key.

settings = load(Path("config/north.yaml"), CameraSettings, rules=RULES)
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec
import msgspec.inspect as types

from edge.record.words import Digest
from edge.settings.matching import WRONG, Matching, Rules, Spot
from edge.settings.problems import SettingsWrong
from edge.settings.tree import read_tree

T = TypeVar("T", bound=msgspec.Struct)


def load(path: Path, kind: type[T], rules: Rules | None = None) -> T:
    """The file's settings as `kind`. SettingsWrong, with all that is wrong, when they cannot be used."""
    file = str(path)
    node = read_tree(path, file)
    root = types.type_info(kind)
    assert isinstance(root, types.StructType), f"{kind} is no Struct"
    matching = Matching(file, rules or {}, root)
    settings = matching.match(node, root, Spot(node))
    if matching.problems:
        raise SettingsWrong(matching.problems)
    assert settings is not WRONG
    assert isinstance(settings, kind)
    return settings


def digest(settings: msgspec.Struct) -> Digest:
    """The first twelve hex digits of the settings' SHA-256: the same whenever they mean the same, however written."""
    canonical = msgspec.json.encode(settings, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


def root_of(settings_file: Path) -> Path:
    """Where relative paths inside a settings file begin: the folder above the file's own."""
    return settings_file.resolve().parent.parent
