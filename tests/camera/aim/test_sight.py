"""The half that sees, over real pictures: settings edited meanwhile, a camera that changes its resolution."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.camera.aim.areas import read_areas, write_areas
from edge.camera.aim.sight import Sight
from edge.settings.camera import Area
from edge.settings.writing import SettingsChanged

ROOT = Path(__file__).parents[3]

SETTINGS = """site: hesston
camera: north
source: {{kind: folder, address: {pictures}}}
view:
  approaching: northbound   # towards town
  #ignore: []   # a clock
runtime: {{manifest: {manifest}}}
"""


@pytest.fixture
def settings(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n, size in enumerate([(320, 240)] * 3 + [(640, 360)] * 3):
        noise = np.random.default_rng(n).integers(90, 120, (size[1], size[0], 3), np.uint8)
        cv2.imwrite(str(pictures / f"{n:06d}.png"), noise)
    path = tmp_path / "config/north.yaml"
    path.parent.mkdir()
    path.write_text(SETTINGS.format(pictures=pictures, manifest=ROOT / "models/manifest.yaml"), encoding="utf-8")
    return path


def watched(sight, enough):
    """The reports until `enough` says so of one, at most fifty."""
    reports = []

    def on_report(report):
        reports.append(report)
        if enough(report) or len(reports) >= 50:
            sight.stop()

    sight.run(on_report)
    return reports


def test_another_resolution_is_told(settings):
    told = watched(Sight(settings), lambda report: "was 320×240" in report.notice)[-1]
    assert "640×360" in told.notice


def test_settings_that_are_edited_meanwhile_are_taken_and_wrong_ones_told(settings):
    sight = Sight(settings)
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("northbound", "North Bound"), encoding="utf-8")
    told = watched(sight, lambda report: "cannot be used" in report.notice)[-1]
    assert "north.yaml" in told.notice


def test_the_second_of_two_technicians_overwrites_nothing(settings):
    first, second = read_areas(settings), read_areas(settings)
    area = Area(x0=0.0, y0=0.0, x1=0.3, y1=0.1)

    def drawn(before, **changes):
        import msgspec

        return msgspec.structs.replace(before, **changes)

    version = write_areas(settings, drawn(first, ignore=(area,)))
    with pytest.raises(SettingsChanged):
        write_areas(settings, drawn(second, receding="southbound"))
    now = read_areas(settings)
    assert (now.version, now.ignore, now.receding) == (version, (area,), None)
    assert "# towards town" in settings.read_text(encoding="utf-8")
    assert "# a clock" in settings.read_text(encoding="utf-8")
