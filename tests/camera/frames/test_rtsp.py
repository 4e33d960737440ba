"""Against a real RTSP server, which is told to misbehave."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.camera.frames.open import open_source
from edge.camera.frames.slot import Slot
from edge.camera.frames.source import SourceUnusable
from edge.settings.camera import SourceSettings
from tests.rtsp_server import rtsp_server

WAIT_S = 30.0
PASSWORD = "s3:c@r%t/!"  # noqa: S105 - every character that an address would trip over


def settings(url: str, **others) -> SourceSettings:
    quick = {"open_timeout_s": 3.0, "read_timeout_s": 1.0, "reconnect_s_min": 0.05, "reconnect_s_max": 0.2}
    return SourceSettings(kind="rtsp", address=url, **{**quick, "frames_per_second": 30, **others})


class Watched:
    """A source that a thread of its own empties into a slot, as the daemon does."""

    def __init__(self, source) -> None:
        self.source, self.status, self.slot = source, source.status, Slot()
        self.seen = threading.Condition()
        self.frames = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        for frame in self.source.frames():
            self.slot.put(frame)
            self.frames = [*self.frames[-3:], frame]
        self.slot.close()

    def until(self, true, within_s: float = WAIT_S) -> None:
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline, f"waited in vain; the source says {self.status}"
            time.sleep(0.01)

    def until_frames(self, more: int = 3) -> None:
        enough = self.status.frames + more
        self.until(lambda: self.status.frames >= enough)


@contextmanager
def watched(url: str, **others):
    watch = Watched(open_source(settings(url, **others), "north"))
    try:
        yield watch
    finally:
        watch.source.close()
        watch.thread.join(WAIT_S)
        assert not watch.thread.is_alive(), "closing did not end it"
        assert watch.status.state == "ended"


def credentials(folder: Path, line: str) -> str:
    path = folder / "camera-password"
    path.write_text(line + "\n")
    return str(path)


@contextmanager
def listening(answer: bytes | None):
    """A port that takes connections and says one thing, or nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)

        taken = []

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                taken.append(line)
                if answer is not None:
                    line.recv(4096)
                    line.sendall(answer)
                    line.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"rtsp://127.0.0.1:{listener.getsockname()[1]}/live"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for line in taken:
            line.close()


def test_frames_of_a_real_camera_come_with_both_clocks():
    with rtsp_server() as server, watched(server.url) as camera:
        camera.until_frames(10)
        first, second = camera.frames[-2:]
        assert second.pixels.shape == (180, 320, 3)
        assert second.sequence == first.sequence + 1
        assert second.monotonic_ns > first.monotonic_ns
        assert abs(second.taken_ns - time.time_ns()) < 60e9
        assert camera.status.state == "connected"
        assert camera.status.reconnects == 0
        assert camera.status.why == ""


def test_no_more_frames_a_second_than_asked_for():
    with rtsp_server(rate=30) as server, watched(server.url, frames_per_second=5) as camera:
        camera.until_frames(2)
        began, frames = time.monotonic(), camera.status.frames
        camera.until_frames(10)
        rate = (camera.status.frames - frames) / (time.monotonic() - began)
        assert rate < 7


def test_a_camera_whose_power_fails_is_found_again(caplog):
    caplog.set_level(logging.INFO)
    with rtsp_server() as server, watched(server.url) as camera:
        camera.until_frames()
        server.kill()
        camera.until(lambda: camera.status.state == "away")
        camera.until(lambda: camera.status.tries > 6)  # the change is told once, not every try
        assert "refuses connections: is RTSP switched on" in camera.status.why
        server.start()
        camera.until_frames()
        assert camera.status.state == "connected"
        assert camera.status.reconnects == 1
    told = [record.getMessage() for record in caplog.records if record.name == "edge.camera.frames.live"]
    assert sum("refuses connections" in line for line in told) == 1
    assert len(told) <= 3  # connected, broke off, refuses


def test_a_camera_that_is_away_at_first_is_waited_for():
    with rtsp_server() as server:
        server.kill()
        with watched(server.url) as camera:
            camera.until(lambda: camera.status.tries > 2)
            alive_ns = camera.status.alive_ns
            camera.until(lambda: camera.status.alive_ns > alive_ns)  # away, and yet alive
            assert camera.slot.take(0.0) is None
            server.start()
            camera.until_frames()


def test_a_camera_that_answers_and_then_stalls_is_told_and_left():
    with rtsp_server() as server, watched(server.url) as camera:
        camera.until_frames()
        server.say("stall")
        camera.until(lambda: camera.status.state == "stalled")
        assert "has sent no picture for" in camera.status.why
        server.say("flow")
        camera.until_frames()
        camera.until(lambda: camera.status.state == "connected")


def test_a_client_that_is_thrown_out_comes_back():
    with rtsp_server() as server, watched(server.url) as camera:
        for _ in range(3):
            camera.until_frames()
            reconnects = camera.status.reconnects
            server.say("drop")
            camera.until(lambda before=reconnects: camera.status.reconnects > before)
        camera.until_frames()


def test_a_frozen_camera_is_told_and_thaws(monkeypatch):
    monkeypatch.setattr("edge.camera.frames.live.STEADY_S", 4.0)  # instead of ten: a test has no time
    with rtsp_server() as server, watched(server.url, frozen_s_max=2.0) as camera:
        camera.until_frames()
        server.say("still")
        camera.until(lambda: camera.status.state == "frozen")
        assert "nothing in the picture has changed for 2 s" in camera.status.why
        camera.until(lambda: camera.status.tries > 2)
        assert camera.status.state == "frozen"
        server.say("moving")
        camera.until(lambda: camera.status.state == "connected")


def test_a_black_picture_is_not_frozen():
    with rtsp_server(rate=30) as server, watched(server.url, frozen_s_max=1.0) as camera:
        server.say("black")
        camera.until_frames(45)
        assert camera.status.state == "connected"


def test_user_and_password_come_from_a_file(tmp_path):
    with rtsp_server("cam", PASSWORD) as server:
        file = credentials(tmp_path, f"cam:{PASSWORD}")
        with watched(server.url, credentials_file=file) as camera:
            camera.until_frames()


def test_user_and_password_come_from_systemd(tmp_path, monkeypatch):
    credentials(tmp_path, f"cam:{PASSWORD}")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with rtsp_server("cam", PASSWORD) as server, watched(server.url, credentials_file="camera-password") as camera:
        camera.until_frames()


def test_a_wrong_password_is_told_and_never_shown(tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with rtsp_server("cam", PASSWORD) as server:
        file = credentials(tmp_path, "cam:hunter2hunter2")
        with watched(server.url, credentials_file=file) as camera:
            camera.until(lambda: camera.status.tries > 2)
            assert "refuses the user or the password" in camera.status.why
            assert camera.status.state == "away"
            shown = caplog.text + camera.status.why + str(capfd.readouterr()) + repr(camera.source.__dict__)
            assert "hunter2" not in shown
        with watched(server.url) as camera:
            camera.until(lambda: "wants a user and a password" in camera.status.why)


@pytest.mark.parametrize("line", ["password-alone", ":password", ""])
def test_credentials_that_are_none_stop_the_start(tmp_path, line):
    with pytest.raises(SourceUnusable, match=r"source\.credentials_file") as caught:
        open_source(settings("rtsp://127.0.0.1/x", credentials_file=credentials(tmp_path, line)), "north")
    assert "password-alone" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rtsp://camera.invalid/live", "nobody knows the host camera.invalid"),
        ("rtsp://127.0.0.1:1/live", "127.0.0.1:1 refuses connections"),
        ("rtsps://127.0.0.1:1/live", "127.0.0.1:1 refuses connections"),
    ],
)
def test_what_cannot_be_reached_says_why(url, why):
    with watched(url) as camera:
        camera.until(lambda: camera.status.why)
        assert why in camera.status.why
        assert camera.status.state == "away"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no RTSP camera"),
        (b"RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: 1\r\n\r\n", "says no (453)"),
        (b"", "no RTSP camera"),
        (None, "takes the connection and then says nothing"),
    ],
    ids=["http", "full", "hangs-up", "silent"],
)
def test_what_answers_strangely_says_why(answer, why):
    with listening(answer) as url, watched(url, open_timeout_s=1.0) as camera:
        camera.until(lambda: camera.status.why)
        assert why in camera.status.why


def test_a_wrong_path_and_a_missing_tls_say_why():
    with rtsp_server() as server:
        with watched(server.url.replace("/live", "/dead")) as camera:
            camera.until(lambda: "it has no stream /dead" in camera.status.why)
        with watched(server.url.replace("rtsp:", "rtsps:")) as camera:
            camera.until(lambda: "does not speak TLS" in camera.status.why)


def test_a_camera_that_never_sends_a_picture_is_stalled():
    with rtsp_server() as server:
        server.say("stall")
        with watched(server.url, open_timeout_s=1.5) as camera:
            camera.until(lambda: camera.status.why)
            assert camera.status.state == "stalled"
            assert "says nothing" in camera.status.why
            server.say("flow")
            camera.until_frames()


def test_memory_stays_flat_over_reconnects():
    _reconnect(warm_up=5, times=30, growth_mb_max=12)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_memory_stays_flat_over_a_thousand_reconnects():
    _reconnect(warm_up=50, times=1000, growth_mb_max=12)


def _reconnect(*, warm_up: int, times: int, growth_mb_max: float) -> None:
    with rtsp_server(rate=60) as server, watched(server.url, reconnect_s_max=0.1, frames_per_second=60) as camera:
        before = 0.0
        for n in range(warm_up + times):
            camera.until_frames(1)
            if n == warm_up:
                before = _resident_mb()
            reconnects = camera.status.reconnects
            server.say("drop")
            camera.until(lambda before=reconnects: camera.status.reconnects > before)
        grown = _resident_mb() - before
        assert camera.status.reconnects >= times
        assert grown < growth_mb_max, f"{grown:.1f} MB more after {times} reconnects"


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
