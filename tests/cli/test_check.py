"""`plate-reader check`: everything that is wrong, or what the settings come to."""

import hashlib
import json

import pytest

from edge.cli.main import main

MANIFEST = """
networks:
  - name: detector-wide
    file: detector.onnx
    sha256: {detector}
    adapter: corner-detector/1
    labels: [plate]
    input: {{width: 640, height: 384}}
  - name: reader
    file: reader.onnx
    sha256: {reader}
    adapter: ctc-reader/1
    regions: [US-KS, other]
    input: {{width: 128, height: 64}}
  - name: vehicle
    file: vehicle.onnx
    sha256: {vehicle}
    adapter: vehicle-words/1
    input: {{width: 112, height: 112}}
    words: {{types: [sedan, other], colors: [white, other], views: [front, rear]}}
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site's folder: three models, a recording, settings for one camera; the current folder."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "models").mkdir()
    digests = {}
    for name in ("detector", "reader", "vehicle"):
        content = name.encode() * 100
        (tmp_path / f"models/{name}.onnx").write_bytes(content)
        digests[name] = hashlib.sha256(content).hexdigest()
    (tmp_path / "models/manifest.yaml").write_text(MANIFEST.format(**digests))
    (tmp_path / "scenes").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/north.yaml").write_text(
        "site: hesston\ncamera: north\nsource: {kind: folder, address: scenes}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys, *words):
    code = main(["check", *words])
    return code, capsys.readouterr().out


def test_right_settings_are_told_with_the_values_that_matter(site, capsys):
    code, out = check(capsys)
    assert code == 0
    assert "config/north.yaml  OK  settings " in out
    assert "lpr/v1/hesston/north/…" in out
    assert "127.0.0.1:1883, MQTT auto, no TLS" in out
    assert "30 days, at most 200 MB, in /var/lib/plate-reader" in out
    assert "\x1b" not in out, "no colours in a pipe"


def test_all_mistakes_of_all_files_at_once_and_exit_code_2(site, capsys):
    (site / "config/north.yaml").write_text("site: no\ncamera: north\nsource: {kind: folder, address: gone}\n")
    (site / "config/south.yaml").write_text("site: hesston\n")
    code, out = check(capsys)
    assert code == 2
    assert "config/north.yaml  2 problems" in out
    assert "config/north.yaml:1:7  site" in out
    assert "config/north.yaml:3:33  source.address" in out
    assert "config/south.yaml  2 problems" in out


def test_a_model_altered_by_one_byte_is_told_with_both_digests(site, capsys):
    raw = bytearray((site / "models/reader.onnx").read_bytes())
    expected = hashlib.sha256(raw).hexdigest()
    raw[7] ^= 1
    (site / "models/reader.onnx").write_bytes(raw)
    code, out = check(capsys)
    words = out.replace("\n        ", " ")
    assert code == 2
    assert "reader.model" in words
    assert "the default, reader" in words
    assert expected in words
    assert hashlib.sha256(raw).hexdigest() in words


def test_a_model_that_is_gone_and_one_that_was_never_there(site, capsys):
    (site / "models/reader.onnx").unlink()
    with (site / "config/north.yaml").open("a") as settings:
        settings.write("detector: {model: detector-wild}\n")
    code, out = check(capsys)
    assert code == 2
    assert "no such file" in out
    assert "config/north.yaml:4:19  detector.model" in out
    assert "did you mean detector-wide?" in out


def test_a_manifest_that_cannot_be_read(site, capsys):
    (site / "models/manifest.yaml").write_text("networks: 5\n")
    code, out = check(capsys)
    assert code == 2
    assert "models/manifest.yaml:1:11  networks" in out


def test_a_copied_file_whose_camera_was_not_renamed_is_a_mistake(site, capsys):
    (site / "config/south.yaml").write_text((site / "config/north.yaml").read_text())
    code, out = check(capsys)
    assert code == 2
    assert "config/south.yaml  1 problem" in out
    assert "a name for one camera" in out


def test_a_file_named_unlike_its_camera_is_a_note(site, capsys):
    (site / "config/north.yaml").rename(site / "config/nord.yaml")
    code, out = check(capsys)
    assert code == 0
    assert "note" in out
    assert "the service looks for north.yaml" in out


def test_for_programs_one_object_a_line(site, capsys):
    (site / "config/south.yaml").write_text("site: hesston\n")
    code, out = check(capsys, "--json", "--config", "config/north.yaml", "config/south.yaml")
    north, south = (json.loads(line) for line in out.splitlines())
    assert code == 2
    assert (north["ok"], south["ok"]) == (True, False)
    assert north["settings"]["broker"]["port"] == 1883
    assert len(north["digest"]) == 12
    assert {problem["key"] for problem in south["problems"]} == {"camera", "source"}
    assert set(south["problems"][0]) == {"file", "line", "column", "key", "rule", "got", "fix"}


def test_a_policy_is_known_by_its_keys(site, capsys):
    (site / "config/policy.yaml").write_text("site: hesston\ndepartment: {name: 5}\n")
    code, out = check(capsys, "--config", "config/policy.yaml")
    assert code == 2
    assert "config/policy.yaml:2:20  department.name" in out


def test_where_there_is_nothing_to_check_it_says_how(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 2
    assert "--config FILE" in capsys.readouterr().err


def test_a_file_that_is_not_there(site, capsys):
    code, out = check(capsys, "--config", "config/nroth.yaml")
    assert code == 2
    assert "no such file" in out
