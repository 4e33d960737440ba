"""What the settings refer to is there, or is told with the line that names it."""

import pytest

from edge.settings.camera import CameraSettings
from edge.settings.camera_rules import load_camera
from edge.settings.loader import load, root_of
from edge.settings.on_disk import notes, rules
from edge.settings.problems import SettingsWrong


@pytest.fixture(autouse=True)
def _without_systemd(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def missing(write):
    def missing(source, broker="{}"):
        path = write(f"site: hesston\ncamera: north\nsource: {source}\nbroker: {broker}\n")
        try:
            load(path, CameraSettings, rules(root_of(path)))
        except SettingsWrong as wrong:
            return [(problem.line, problem.key, str(problem)) for problem in wrong.problems]
        return []

    return missing


def test_a_recording_that_is_not_there(missing, tmp_path):
    assert [row[:2] for row in missing("{kind: folder, address: scenes}")] == [(3, "source.address")]
    assert [row[:2] for row in missing("{kind: video, address: a.mp4}")] == [(3, "source.address")]
    (tmp_path / "scenes").mkdir()
    assert missing("{kind: folder, address: scenes}") == []


def test_certificates_that_are_not_there(missing, tmp_path):
    (tmp_path / "scenes").mkdir()
    broker = "{tls: true, ca_file: ./ca.pem, certificate_file: /no/cert.pem, key_file: /no/key.pem}"
    found = missing("{kind: folder, address: scenes}", broker)
    assert [key for _, key, _ in found] == ["broker.ca_file", "broker.certificate_file", "broker.key_file"]
    assert "/no/cert.pem no such file" in found[1][2]


def test_a_password_written_where_its_files_name_belongs_is_not_repeated(missing, tmp_path, monkeypatch):
    (tmp_path / "scenes").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    ((_, key, told),) = missing("{kind: folder, address: scenes}", "{username: u, password_file: hunter2}")
    assert key == "broker.password_file"
    assert "hunter2" not in told


def test_notes_name_what_systemd_hands_over_and_what_is_open_to_all(write, tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "secret").chmod(0o644)
    path = write(
        """
        site: hesston
        camera: north
        source: {kind: rtsp, address: "rtsp://192.0.2.1/s", credentials_file: login}
        broker: {host: 192.0.2.2, username: u, password_file: ./secret}
        """
    )
    said = list(notes(load_camera(path), root_of(path)))
    assert any("source.credentials_file: systemd hands these over" in note for note in said)
    assert any("broker.password_file: every user" in note for note in said)
    assert any("unencrypted" in note for note in said)
    assert "hunter2" not in "".join(said)
