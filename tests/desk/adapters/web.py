"""A real HTTP server on the loopback that answers as it is told to and writes everything down."""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    message: dict

    @property
    def plate(self) -> str:
        return self.message["best_plate_number"]


class Site:
    """`answers` are given in their order, then `always`. A number is a status; a text is a status 302 to it; bytes come
    as they are; a float is a silence of so many seconds."""

    def __init__(self, *answers: float | str | bytes, always: float | str | bytes = 200, port: int = 0) -> None:
        self.posted: list[Posted] = []
        self.answers, self.always = deque(answers), always
        self._closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                site.posted.append(Posted(self.path, dict(self.headers), message))
                site._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> Site:  # noqa: PYI034 — Self is not in Python 3.10
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def with_tls(self, context: ssl.SSLContext) -> Site:
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        return self

    @property
    def plates(self) -> list[str]:
        return [one.plate for one in self.posted]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        answer = self.answers.popleft() if self.answers else self.always
        if isinstance(answer, bytes):
            handler.wfile.write(answer)
        elif isinstance(answer, float):
            self._closing.wait(answer)
        else:
            handler.send_response(302 if isinstance(answer, str) else answer)
            if isinstance(answer, str):
                handler.send_header("Location", answer)
            handler.end_headers()
            with suppress(OSError):  # nobody waits for the rest
                handler.wfile.write(b"thank you for 123ABC")
