"""Secrets come from a file or from systemd; nothing that is said about them contains them."""

import pytest

from edge.settings.secret import SecretWrong, hidden, place, secret, too_open


@pytest.fixture(autouse=True)
def _without_systemd(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.mark.parametrize("written", ["hunter2", "hunter2\n", "hunter2\r\n"])
def test_a_file_of_one_line_is_the_secret(tmp_path, written):
    (tmp_path / "mqtt").write_text(written, newline="")
    assert secret(str(tmp_path / "mqtt"), tmp_path) == "hunter2"
    assert secret("./mqtt", tmp_path) == "hunter2"


def test_spaces_belong_to_a_password(tmp_path):
    (tmp_path / "mqtt").write_text(" two words \n")
    assert secret("./mqtt", tmp_path) == " two words "


def test_a_bare_name_is_systemds_credential(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "mqtt-password").write_text("hunter2\n")
    assert secret("mqtt-password", tmp_path / "elsewhere") == "hunter2"


def test_a_bare_name_without_systemd_says_so_and_is_not_repeated(tmp_path):
    assert place("hunter2", tmp_path) is None
    with pytest.raises(SecretWrong, match="systemd") as caught:
        secret("hunter2", tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_missing_credential_is_not_repeated_either(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SecretWrong, match="no such file") as caught:
        secret("hunter2", tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"hunter2\nmore\n", "one line"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 9000, "4,096"),
    ],
)
def test_a_file_that_is_no_secret(tmp_path, content, says):
    (tmp_path / "mqtt").write_bytes(content)
    with pytest.raises(SecretWrong, match=says) as caught:
        secret("./mqtt", tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_everybody_can_read_is_noticed(tmp_path):
    path = tmp_path / "mqtt"
    path.write_text("hunter2")
    path.chmod(0o640)
    assert not too_open(path)
    path.chmod(0o644)
    assert too_open(path)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:hunter2@camera/s", "rtsp://…@camera/s"),
        ("rtsp://admin:h@nter2@camera/s", "rtsp://…@camera/s"),
        ("postgresql://desk:hunter2@db/x", "postgresql://…@db/x"),
        ("rtsp://camera/user=admin&password=hunter2", "rtsp://camera/user=admin&password=…"),
        ("password: hunter2", "password: …"),
        ("rtsp://camera:554/stream1", "rtsp://camera:554/stream1"),
    ],
)
def test_what_is_shown_has_no_secret_in_it(text, shown):
    assert hidden(text) == shown
