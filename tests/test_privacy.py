"""No picture leaves: scenes with people through the real daemon, and the search that looks for them."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from edge.camera import privacy, rehearsal, syscalls, verify
from edge.camera.outbox import Outbox
from edge.cli.main import main
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.settings.camera import HomeAssistantSettings
from edge.settings.camera_rules import load_camera
from edge.settings.loader import root_of
from tests.camera.test_outbox import FakeClock
from tests.sites import build_site, write_settings

ROOT = Path(__file__).parents[1]


def _picture() -> np.ndarray:
    """Something with edges and noise, as a camera gives it."""
    random = np.random.default_rng(5)
    picture = random.integers(0, 90, (120, 160, 3), np.uint8)
    cv2.circle(picture, (80, 60), 30, (90, 120, 200), -1)
    return picture


def _encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, _picture())[1].tobytes()


MESSAGES = b"\n".join(seal(example).payload for example in EXAMPLES)

HIDDEN = {
    "a JPEG": _encoded(".jpg"),
    "a PNG": _encoded(".png"),
    "a WebP": _encoded(".webp"),
    "a BMP": _encoded(".bmp"),
    "a TIFF": _encoded(".tiff"),
    "a pixmap": _encoded(".ppm"),
    "a JPEG in base64": base64.b64encode(_encoded(".jpg")),
    "a small JPEG in base64 in a field": b'{"note":"' + base64.urlsafe_b64encode(_encoded(".jpg")[:120]) + b'"}',
    "a PNG in hex": _encoded(".png").hex().encode(),
    "raw pixels, noisy": np.random.default_rng(1).integers(0, 256, 4000, np.uint8).tobytes(),
    "raw pixels, packed": zlib.compress(_picture().tobytes()),
    "raw pixels, gzipped": gzip.compress(_picture().tobytes()),
    "a NumPy array": b"\x93NUMPY\x01\x00v\x00{'descr': '|u1'}" + b"\0" * 100,
}


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN.keys())
@pytest.mark.parametrize("around", [b"", MESSAGES], ids=["alone", "between messages"])
def test_a_hidden_picture_is_found(hidden, around):
    half = len(around) // 2
    assert privacy.search(around[:half] + hidden + around[half:], "bytes")


def test_a_picture_cut_out_of_its_file_is_found_by_its_pieces():
    """Without its beginning, and too short to be told from a key, it is still a piece of what went in."""
    jpeg = _encoded(".jpg")
    known = privacy.blocks([jpeg])
    for length in (64, 100, 1000):
        stolen = jpeg[777 : 777 + length]
        assert privacy.pieces(MESSAGES + stolen + MESSAGES, "bytes", known)
    assert not privacy.pieces(MESSAGES, "bytes", known)


def test_a_row_of_raw_pixels_is_found_by_its_pieces():
    rows = [row.tobytes() for row in _picture()]
    assert privacy.pieces(MESSAGES + rows[40][50:150], "bytes", privacy.blocks(rows))


def test_nothing_is_found_in_messages_of_ours(tmp_path):
    assert not privacy.search(MESSAGES, "messages")
    clock = FakeClock()
    outbox = Outbox.open(tmp_path, verify_settings(), clock)
    for _ in range(50):
        outbox.keep(lambda n: seal(_numbered(n)))
    outbox.remember_parked("123ABC", seen_ns=clock.now_ns())
    for file in tmp_path.iterdir():
        assert not privacy.search(file.read_bytes(), file.name)
    outbox.close()


def verify_settings():
    from edge.settings.camera import OutboxSettings

    return OutboxSettings()


def _numbered(sequence: int):
    return msgspec.structs.replace(EXAMPLES[0], sequence=sequence)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A road with a white plate going by, and a person's picture beside it."""
    folder = tmp_path_factory.mktemp("site")
    settings = build_site(folder)
    return folder, write_settings(folder, settings)


@pytest.fixture(scope="module")
def done(site):
    folder, config = site
    settings = load_camera(config)
    run = rehearsal.run(settings, root_of(config), folder / "scenes")
    return run, settings, verify.pieces_of(folder / "scenes")


def test_the_real_daemon_keeps_the_promise(done):
    run, settings, known = done
    found = {check.claim: (check.verdict, check.found) for check in verify.checks(run, settings, known)}
    refuted = {claim: what for claim, (verdict, what) in found.items() if verdict == "no"}
    assert not refuted, run.log.decode()
    assert len(found) == 12
    if shutil.which("strace"):
        assert {verdict for verdict, _ in found.values()} <= {"yes", "not checked"}


def test_the_two_services_keep_it_too_each_its_own_part(site):
    folder, config = site
    settings = msgspec.structs.replace(load_camera(config), home_assistant=HomeAssistantSettings(discovery=True))
    run = rehearsal.run(settings, root_of(config), folder / "scenes", services=True)
    found = verify.checks(run, settings, verify.pieces_of(folder / "scenes"))
    assert not [check for check in found if check.verdict == "no"], run.log.decode()
    assert len(found) == 14
    arrived = {one.topic.rsplit("/", 1)[-1] for one in run.published}
    assert {"sighting", "health", "config"} <= arrived, "all of it came through the publisher"
    if run.calls is not None:
        leaky = _replace(run, calls=dataclasses.replace(run.calls, called=("192.0.2.1:443",)))
        refuted = [check.claim for check in verify.checks(leaky, settings, frozenset()) if check.verdict == "no"]
        assert refuted == ["what sees the pictures called nobody on any network"]


def test_the_outbox_was_truly_looked_into(done):
    run, _, _ = done
    assert any(name.endswith("outbox.sqlite3") for name in run.files)
    assert len(run.raw) > 2000


def test_a_daemon_that_leaked_would_be_caught(done, site):
    """The same run, with what each leak would have left behind."""
    run, settings, known = done
    first = min((site[0] / "scenes").rglob("*.png"))
    picture, pixels = first.read_bytes(), cv2.imread(str(first))
    leaks = {
        "no picture was published": {"raw": run.raw + picture},
        "no piece of the pictures": {"raw": run.raw + picture[1000:1100]},
        "no picture was published, written": {"files": {**run.files, "state/debug.png": picture}},
        "no piece of the pictures that": {"files": {**run.files, "state/debug.raw": pixels[0].tobytes()}},
        "the log tells no plate": {"log": run.log + b"alerting for 123ABC"},
        "every message is one of ours": {"published": (*run.published, _published("lpr/v1/hesston/north/image"))},
        "the daemon worked": {"published": ()},
        "it hears nothing from the broker": {"heard": ("lpr/v1/hesston/north/evidence_request",)},
        "a crash leaves no core dump": {"core_limits": frozenset({"0", "unlimited"})},
    }
    for claim, fields in leaks.items():
        leaked = _replace(run, **fields)
        refuted = [check.claim for check in verify.checks(leaked, settings, known) if check.verdict == "no"]
        assert any(one.startswith(claim) for one in refuted), claim


def _replace(run: rehearsal.Run, **fields: object) -> rehearsal.Run:
    from dataclasses import replace

    return replace(run, **fields)


def _published(topic: str):
    from edge.link.recorder import Published

    return Published(topic, b"{}")


def test_the_verb_shows_what_was_found_and_its_exit_code_says_it(site, done, capsys, monkeypatch):
    folder, config = site
    monkeypatch.setattr(rehearsal, "run", lambda *_, **__: done[0])
    words = ["verify-privacy", "--config", str(config), "--scenes", str(folder / "scenes")]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"]
    assert {check["verdict"] for check in told["checks"]} <= {"yes", "not checked"}
    assert main(words) == 0
    assert "no picture was published, written or logged" in capsys.readouterr().out
    monkeypatch.setattr(rehearsal, "run", lambda *_, **__: _replace(done[0], log=done[0].log + b" 123ABC"))
    assert main(words) == 1


def test_photographs_of_real_people_go_in_and_nothing_comes_out(site, shared_data):
    people = shared_data / "eval/people"
    if not people.is_dir():
        pytest.skip(f"no photographs of people: {people} is not there")
    settings = load_camera(site[1])
    run = rehearsal.run(settings, root_of(site[1]), people)
    assert run.exit_code == 0, run.log.decode()
    refuted = [c for c in verify.checks(run, settings, verify.pieces_of(people)) if c.verdict == "no"]
    assert [check.claim for check in refuted] in ([], ["the daemon worked: vehicles were seen and told"])


def test_scenes_without_a_vehicle_prove_nothing_and_say_so(site, tmp_path, capsys):
    _, config = site
    empty = tmp_path / "scenes"
    empty.mkdir()
    for number in range(3):
        cv2.imwrite(str(empty / f"{number}.png"), np.full((96, 160, 3), 70 + number, np.uint8))
    assert main(["verify-privacy", "--config", str(config), "--scenes", str(empty)]) == 1
    out = capsys.readouterr().out
    assert "0 sightings" in out


class TestSyscalls:
    LINES = """\
101 execve("/usr/bin/python3", ["python3", "-m", "edge.cli.main"], 0x7ffe /* 20 vars */) = 0
101 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
101 openat(AT_FDCWD, "/state/outbox.sqlite3", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 4
[pid 102] openat(AT_FDCWD, "/var/cache/onnxruntime.db", O_RDWR|O_CREAT|O_NOFOLLOW, 0644 <unfinished ...>
102 <... openat resumed>) = 5
101 openat(AT_FDCWD, "crop.jpg", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 6
101 rename("/state/a", "/srv/b") = 0
103 connect(9, {sa_family=AF_INET, sin_port=htons(1883), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
103 connect(9, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 0
103 connect(9, {sa_family=AF_UNIX, sun_path="/run/systemd/notify"}, 110) = 0
104 bind(6<TCP:[4711]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
104 bind(6<UDP:[4712]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
104 bind(7<TCP:[4713]>, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
104 listen(7<TCP:[4713]>, 128) = 0
105 execve("/usr/bin/curl", ["curl"], 0x7ffe) = 0
105 openat(AT_FDCWD, "/caf\\303\\251", O_WRONLY) = 3
101 +++ exited with 0 +++
"""

    def test_what_was_done_is_read(self):
        calls = syscalls.read(self.LINES.splitlines(), Path("/srv/run"))
        assert calls.written == (
            "/state/outbox.sqlite3",
            "/var/cache/onnxruntime.db",
            "/srv/run/crop.jpg",
            "/state/a",
            "/srv/b",
            "/café",
        )
        assert calls.called == ("127.0.0.1:1883", "2001:db8::1:443", "/run/systemd/notify")
        assert len(calls.listened) == 3
        assert calls.started == ("/usr/bin/python3", "/usr/bin/curl")

    def test_what_lies_outside_is_told(self, tmp_path):
        inside, link = tmp_path / "state", tmp_path / "state" / "link"
        inside.mkdir()
        link.symlink_to(tmp_path)
        paths = [str(inside / "a"), str(inside / "../b"), str(link / "c"), "/dev/null"]
        assert syscalls.outside(paths, [inside, Path("/dev/null")]) == paths[1:3]

    def test_a_real_trace_of_a_program_that_writes_and_calls(self, tmp_path):
        trace = tmp_path / "trace"
        words = syscalls.tracer(trace)
        script = (
            "import socket; open('here.txt', 'w').close(); s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen();"
            "c = socket.create_connection(s.getsockname())"
        )
        command = [*words, sys.executable, "-c", script]
        if not words or subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode:
            pytest.skip("strace is not installed, or may not trace here")
        calls = syscalls.read(trace.read_text().splitlines(), tmp_path)
        assert str(tmp_path / "here.txt") in calls.written
        assert calls.listened
        assert any(whom.startswith("127.0.0.1:") for whom in calls.called)


def test_the_networks_runtime_does_not_call_home(tmp_path):
    """ONNX Runtime 1.32 for Linux writes a device id and sends events over HTTPS unless it is told not to."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment["ORT_DISABLE_TELEMETRY"] = "0"  # even then
    script = "import edge, onnxruntime, time; time.sleep(1)"
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, check=True)
    assert not list(tmp_path.rglob("*"))
