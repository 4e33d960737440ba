"""The example settings say every knob, and what they say is so."""

import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import yaml

from edge.settings.camera import CameraSettings
from edge.settings.camera_rules import load_camera

CONFIG = Path(__file__).parents[2] / "config"
NORTH = (CONFIG / "north.yaml").read_text(encoding="utf-8")
DEFAULT_LINE = re.compile(r"(?m)^( *)#(?=[a-z])")
"""`#threads: 1` shows a default; prose has a space behind its #."""


def fields(kind, above=()):
    """Every setting: (path of keys, default)."""
    for field in msgspec.structs.fields(kind):
        path = (*above, field.encode_name)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from fields(field.type, path)
        else:
            default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
            yield path, default


SETTINGS = list(fields(CameraSettings))


@pytest.mark.parametrize("name", ["north", "south", "sample"])
def test_the_examples_load_and_are_named_after_their_camera(name):
    assert load_camera(CONFIG / f"{name}.yaml").camera == name


@pytest.mark.parametrize(("path", "default"), SETTINGS, ids=[".".join(path) for path, _ in SETTINGS])
def test_every_setting_stands_in_north_with_its_true_default_when_commented(path, default):
    everything, written = yaml.safe_load(DEFAULT_LINE.sub(r"\1", NORTH)), yaml.safe_load(NORTH)
    section, key = (everything[path[0]], path[1]) if len(path) == 2 else (everything, path[0])
    assert key in section, f"config/north.yaml does not tell {'.'.join(path)}"
    if len(path) == 2 and key not in (written[path[0]] or {}):
        said = msgspec.convert(section[key], type=type(default)) if default is not None else section[key]
        assert said == default


def test_every_setting_in_north_has_a_reason():
    """A comment behind the value, or in the line above it."""
    lines = NORTH.splitlines()
    bare = [
        line
        for above, line in pairwise(lines)
        if re.match(r" +#?[a-z_0-9]+:", line)
        and "# " not in line
        and not re.match(r" *# ", above)
        and not re.match(r" *#?(width|reconnect_s_min|certificate_file|address):", above)
    ]
    assert bare == []


def test_with_every_default_written_out_north_is_the_same(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/all.yaml").write_text(DEFAULT_LINE.sub(r"\1", NORTH), encoding="utf-8")
    assert load_camera(tmp_path / "config/all.yaml") == load_camera(CONFIG / "north.yaml")
