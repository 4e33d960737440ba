"""The two processes and the pipe between them: the sight in this one, the server in a child that never sees a frame.

sight ─▶ [newest report, newest JPEG] ─▶ sender thread ─▶ pipe ─▶ server       back: one flag, "a picture is wanted"
clerk, at the settings' file  ◀─ areas as JSON, through a second pipe ─▶  server, as nobody if it was root
"""

from __future__ import annotations

import ipaddress
import multiprocessing
import os
import secrets
import signal
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from threading import Condition, Thread, Timer
from typing import TYPE_CHECKING

import uvicorn

from edge.camera.aim.access import LOOPBACK, Access
from edge.camera.aim.certificate import Certificate, self_signed
from edge.camera.aim.clerk import Clerk, Counter
from edge.camera.aim.patience import Impatient
from edge.camera.aim.server import PAGE, Desk, Latest, application, report_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Event
    from pathlib import Path

    from edge.camera.aim.sight import Report, Sight

CONNECTIONS_MAX = 40
GOODBYE_S_MAX = 3.0
NOBODY = 65_534
"""Debian's `nobody` and `nogroup`: no file, no service and no state folder is theirs."""


class ListenRefused(ValueError):
    """`--listen` with what cannot be listened on; the text says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the page is served, and for how long."""

    address: str
    port: int
    seconds: float
    certificate: Certificate | None
    """None on the loopback."""

    @classmethod
    def of(cls, listen: str | None, port: int, seconds: float) -> Place:
        """The loopback, or an address of the service network with a fresh certificate. ListenRefused."""
        if listen is None:
            return cls(address="127.0.0.1", port=port, seconds=seconds, certificate=None)
        try:
            address = ipaddress.ip_address(listen)
        except ValueError:
            raise ListenRefused(f"--listen takes an address of this computer, such as 10.0.0.5, not {listen}") from None
        if address.is_unspecified or address.is_multicast:
            raise ListenRefused(f"--listen {listen} would listen everywhere: name the service network's address")
        return cls(address=listen, port=port, seconds=seconds, certificate=self_signed(address, seconds))

    def bound(self) -> socket.socket:
        """A socket that listens there. OSError."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        return socket.create_server((self.address, self.port), family=family)


def serve(sight: Sight, settings: Path, place: Place) -> bool:
    """Both processes until Ctrl-C, the end of the time, or of the camera. False when the server died."""
    context = multiprocessing.get_context("spawn")
    listening = place.bound()
    ours, theirs = context.Pipe(duplex=False)
    clerks, counters = context.Pipe()
    wanted = context.Event()
    key = None if place.certificate else secrets.token_urlsafe(24)
    _say_where(place, listening, key)
    child = context.Process(target=_serve, args=(listening, ours, counters, wanted, place, key), daemon=True)
    child.start()
    for handle in (listening, ours, counters):
        handle.close()
    Thread(target=Clerk(settings, clerks).run, name="clerk", daemon=True).start()
    sender = _Sender(theirs)
    Thread(target=sender.run, args=(sight.stop,), name="sender", daemon=True).start()
    timer = Timer(place.seconds, sight.stop)
    timer.daemon = True
    timer.start()
    signal.signal(signal.SIGTERM, lambda *_: sight.stop())
    try:
        sight.run(sender.report, picture_wanted=wanted.is_set, on_picture=lambda jpeg: _given(wanted, sender, jpeg))
    except KeyboardInterrupt:
        pass
    finally:
        timer.cancel()
        died = not child.is_alive()
        theirs.close()
        child.terminate()
        child.join(GOODBYE_S_MAX)
    print("aim has ended.", flush=True)
    return not died


def _given(wanted: Event, sender: _Sender, jpeg: bytes) -> None:
    wanted.clear()
    sender.picture(jpeg)


def _say_where(place: Place, listening: socket.socket, key: str | None) -> None:
    port = listening.getsockname()[1]
    host = f"[{place.address}]" if ":" in place.address else place.address
    if place.certificate is None:
        print(f"Open  http://{host}:{port}/#{key}")
        print(f"From another computer first:  ssh -L {port}:127.0.0.1:{port} THIS-COMPUTER")
    else:
        print(f"Open  https://{host}:{port}/")
        print("The browser will warn of the certificate. Go on only when its SHA-256 fingerprint is")
        print(f"  {place.certificate.fingerprint}")
    print(f"Ends by itself after {place.seconds / 60:g} minutes; Ctrl-C ends it now.", flush=True)


class _Sender:
    """The newest report and the newest picture on their way; what the pipe had no room for is replaced, not queued."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._changed = pipe, Condition()
        self._waiting: dict[str, str | bytes] = {}

    def report(self, report: Report) -> None:
        """Never waits."""
        self._put("report", report_json(report))

    def picture(self, jpeg: bytes) -> None:
        """Never waits."""
        self._put("picture", jpeg)

    def _put(self, kind: str, content: str | bytes) -> None:
        with self._changed:
            self._waiting[kind] = content
            self._changed.notify()

    def run(self, on_death: Callable[[], None]) -> None:
        """The sender thread, until the other end is gone."""
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._waiting))
                    kind = next(iter(self._waiting))
                    content = self._waiting.pop(kind)
                self._pipe.send((kind, content))
        except OSError:
            on_death()


def _serve(
    listening: socket.socket, pipe: Connection, line: Connection, wanted: Event, place: Place, key: str | None
) -> None:
    """The child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    tls = None if place.certificate is None else _tls(place.certificate)
    _become_nobody()
    ends_s = time.monotonic() + place.seconds
    access = Access(key, lambda code: print(f"Code  {code}   (one entry, ten minutes)", flush=True))
    latest = Latest()
    desk = Desk(
        access=access,
        areas=Counter(line).ask,
        names=LOOPBACK if place.certificate is None else {place.address},
        scheme="http" if place.certificate is None else "https",
        cookie=f"aim-{secrets.token_hex(4)}",
        want_picture=wanted.set,
        minutes_left=lambda: max(0.0, (ends_s - time.monotonic()) / 60),
        latest=latest,
    )
    config = uvicorn.Config(
        application(desk),
        http=Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = tls
    server = uvicorn.Server(config)

    def receive() -> None:
        try:
            while True:
                kind, content = pipe.recv()
                if kind == "report":
                    latest.report, latest.report_number = content, latest.report_number + 1
                else:
                    latest.jpeg, latest.jpeg_number = content, latest.jpeg_number + 1
        except (EOFError, OSError):
            server.should_exit = True

    Thread(target=receive, name="receive", daemon=True).start()
    server.run(sockets=[listening])
    sys.stdout.flush()


def _become_nobody() -> None:
    """Root no more, before anyone is answered. Ends where the program's own files are not everyone's to read."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if not os.access(PAGE / "index.html", os.R_OK):
        sys.exit(f"plate-reader aim: the page is served by nobody, who cannot read {PAGE}: chmod -R go+rX its folders")


def _tls(certificate: Certificate) -> ssl.SSLContext:
    """Key and certificate go through memory; the key is never a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    handle = os.memfd_create("aim")
    try:
        os.write(handle, certificate.pem)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
    return context
