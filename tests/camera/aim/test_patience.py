"""Who opens a connection and says nothing, or says it slowly, is hung up on; who asks is answered."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the field extra is not installed")

from edge.camera.aim import patience  # noqa: E402
from tests.brokers import wait_until  # noqa: E402

ASKED = b"GET / HTTP/1.1\r\nHost: aim\r\n"


async def site(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(patience, "HEADERS_S_MAX", 0.5)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(site, http=patience.Impatient, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started, 30)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listening.close()


@contextmanager
def called(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        yield line


def answered(line) -> bytes:
    answer = b""
    while not answer.endswith(b"ok"):
        more = line.recv(1000)
        assert more, f"hung up after {answer!r}"
        answer += more
    return answer


@pytest.mark.parametrize("said", [b"", ASKED], ids=["nothing", "headers that never end"])
def test_who_does_not_finish_is_hung_up_on(port, said):
    with called(port) as line:
        line.sendall(said)
        assert line.recv(100) == b"", "hung up, without an answer"


def test_a_byte_now_and_then_buys_no_time(port):
    with called(port) as line:
        until_s = time.monotonic() + 15
        with suppress(ConnectionError):
            while time.monotonic() < until_s:
                line.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() < until_s, "it was let go on"


def test_who_asks_is_answered_and_may_ask_again(port):
    with called(port) as line:
        for _ in range(2):
            line.sendall(ASKED + b"\r\n")
            assert answered(line).startswith(b"HTTP/1.1 200")


def test_a_second_request_has_no_more_time_than_the_first(port):
    with called(port) as line:
        line.sendall(ASKED + b"\r\n")
        answered(line)
        line.sendall(ASKED)
        assert line.recv(100) == b""
