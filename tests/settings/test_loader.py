"""A file becomes settings; the same settings have the same digest, however they are written."""

from edge.settings.camera import CameraSettings
from edge.settings.camera_rules import RULES
from edge.settings.loader import digest, load, root_of


def test_a_file_becomes_typed_settings(write):
    path = write(
        """
        site: hesston
        camera: north
        source: {kind: rtsp, address: "rtsp://192.0.2.1/s", frames_per_second: 5}
        view: {sideways: {left: westbound}, look: [{x0: 0, y0: 0.5, x1: 1, y1: 1}]}
        runtime: {providers: [xnnpack, cpu]}
        """
    )
    settings = load(path, CameraSettings, RULES)
    assert settings.source.frames_per_second == 5.0
    assert settings.view.sideways == {"left": "westbound"}
    assert settings.view.look[0].y0 == 0.5
    assert settings.runtime.providers == ("xnnpack", "cpu")
    assert settings.broker.port == 1883


def test_the_digest_is_the_same_for_the_same_meaning(camera):
    one = camera("motion: {linger_ms: 400}\nhealth: {interval_s: 60}")
    two = camera("# a comment\nhealth:\n  interval_s: 60.0")
    assert digest(one) == digest(two)
    assert digest(one) != digest(camera("health: {interval_s: 61}"))
    assert len(digest(one)) == 12


def test_relative_paths_begin_beside_the_folder_of_the_settings(write):
    path = write("site: x")
    assert root_of(path) == path.parent.parent
