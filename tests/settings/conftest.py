"""A settings file of a few lines, and what is wrong with it."""

import textwrap

import pytest

from edge.settings.camera_rules import load_camera
from edge.settings.problems import SettingsWrong


@pytest.fixture
def write(tmp_path):
    """Writes `config/camera.yaml` below a folder of its own."""

    def write(text, name="camera.yaml"):
        path = tmp_path / "config" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def camera(write):
    """The settings of a whole camera, to which lines can be added."""

    def load(more="", *, site="site: hesston", name="camera: north", source="{kind: folder, address: scenes}"):
        return load_camera(write("\n".join((site, name, f"source: {source}", textwrap.dedent(more)))))

    return load


@pytest.fixture
def wrong(write, camera):
    """All problems of a text, or of a whole camera to which it is added."""

    def wrong(text="", *, alone=False, **parts):
        with pytest.raises(SettingsWrong) as caught:
            load_camera(write(text)) if alone else camera(text, **parts)
        return caught.value.problems

    return wrong
