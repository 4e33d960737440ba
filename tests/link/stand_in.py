"""A broker that can be told to misbehave, and that remembers what it took: a small, strict one, in threads.

    with StandIn(speaks=("3.1.1",)) as broker:      # hangs up on MQTT 5; answer_unsupported=True: says so first
        broker.on_publish = lambda publish: Answer.HANG_UP
        broker.taken                                # what it has acknowledged with success, in order

It checks what a broker may check: the first packet is CONNECT, user and password, identifiers, flags. It hands nothing
to subscribers; the tests with subscribers use real brokers.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
CONNACK_RECEIVE_MAXIMUM, CONNACK_MAXIMUM_PACKET_SIZE = 0x21, 0x27
MESSAGE_EXPIRY = 0x02
PROPERTY_SIZES = {0x01: 1, 0x02: 4, 0x11: 4, 0x21: 2, 0x27: 4}
"""Those that our side sends, but for texts."""


class Answer:
    """To a PUBLISH: a reason code is a PUBACK; these are something else."""

    SILENCE = -1
    HANG_UP = -2


@dataclass(frozen=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    retained: bool
    duplicate: bool
    expiry_s: int | None
    line: int
    """Counts the connections, from 1."""


@dataclass(frozen=True)
class Hello:
    protocol: str
    client_id: str
    clean: bool
    will_topic: str | None
    will: bytes | None
    will_retained: bool
    user: str | None
    password: str | None
    tls_version: str | None


@dataclass
class StandIn:
    speaks: tuple[str, ...] = ("5", "3.1.1")
    answer_unsupported: bool = False
    connack: int = 0
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    receive_maximum: int | None = None
    maximum_packet_size: int | None = None
    mute: bool = False
    """Accepts the connection and says nothing at all."""
    on_publish: Callable[[Publish], int] = lambda _: 0
    hellos: list[Hello] = field(default_factory=list)
    seen: list[Publish] = field(default_factory=list)
    taken: list[Publish] = field(default_factory=list)
    goodbyes: int = 0
    most_under_way: int = 0
    port: int = 0

    def __enter__(self) -> StandIn:  # noqa: PYI034 — Self is not in Python 3.10
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        self._open = True
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join(5)

    def hang_up(self) -> None:
        """On everybody."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def dismiss(self, reason: int) -> None:
        """Everybody, with the reason that MQTT 5 gives."""
        for line in self._lines:
            with suppress(OSError):
                line.sendall(bytes([DISCONNECT << 4, 2, reason, 0]))

    def sightings(self) -> list[bytes]:
        """Payloads that were taken on the topic of sightings."""
        return [publish.payload for publish in self.taken if publish.topic.endswith("/sighting")]

    def _accept(self) -> None:
        while self._open:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._serve, args=(line, len(self._lines)), daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        with suppress(OSError, EOFError, ssl.SSLError), self._secured(line) as secured:
            self._lines[number - 1] = secured
            protocol = self._welcome(secured)
            while protocol is not None and self._packet(secured, protocol, number):
                pass

    def _secured(self, line: socket.socket) -> socket.socket:
        if self.tls is None:
            return line
        secured = self.tls.wrap_socket(line, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    def _welcome(self, line: socket.socket) -> str | None:
        kind, _, body = _read(line)
        if kind != CONNECT or body[2:6] != b"MQTT":  # such as the beginning of a TLS handshake
            return None
        if self.mute:
            sleep(60)
        hello = _hello(body, line.version() if isinstance(line, ssl.SSLSocket) else None)
        self.hellos.append(hello)
        five = hello.protocol == "5"
        if hello.protocol not in self.speaks:
            if self.answer_unsupported:
                line.sendall(bytes([CONNACK << 4, 2, 0, 1]))  # as a broker of 3.1.1 says it
            return None
        code = self.connack
        if self.user is not None and (hello.user, hello.password) != (self.user, self.password):
            code = 0x86 if five else 4
        properties = b""
        if self.receive_maximum is not None:
            properties += struct.pack("!BH", CONNACK_RECEIVE_MAXIMUM, self.receive_maximum)
        if self.maximum_packet_size is not None:
            properties += struct.pack("!BI", CONNACK_MAXIMUM_PACKET_SIZE, self.maximum_packet_size)
        body = bytes([0, code]) + (bytes([len(properties)]) + properties if five else b"")
        line.sendall(bytes([CONNACK << 4, len(body)]) + body)
        return hello.protocol if code == 0 else None

    def _packet(self, line: socket.socket, protocol: str, number: int) -> bool:
        kind, flags, body = _read(line)
        if kind == PUBLISH:
            return self._take(line, protocol, number, flags, body)
        if kind == PINGREQ:
            line.sendall(bytes([PINGRESP << 4, 0]))
        elif kind == DISCONNECT:
            self.goodbyes += 1
            return False
        return True

    def _take(self, line: socket.socket, protocol: str, number: int, flags: int, body: bytes) -> bool:
        publish, mid = _publish(flags, body, protocol, number)
        self.seen.append(publish)
        answer = self.on_publish(publish)
        if answer == Answer.HANG_UP:
            return False
        if answer == Answer.SILENCE:
            self.most_under_way += 1
            return True
        if answer < 0x80:
            self.taken.append(publish)
        if publish.qos == 1:
            reason = bytes([answer]) if protocol == "5" else b""
            line.sendall(bytes([PUBACK << 4, 2 + len(reason)]) + struct.pack("!H", mid) + reason)
        return True


def wait_until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """The condition is waited for, not the time; fails by saying which it was."""
    until = monotonic() + seconds
    while not true():
        assert monotonic() < until, f"not within {seconds} s"
        sleep(0.002)


def _read(line: socket.socket) -> tuple[int, int, bytes]:
    head = _exactly(line, 1)[0]
    length, shift = 0, 0
    while True:
        byte = _exactly(line, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return head >> 4, head & 15, _exactly(line, length)


def _exactly(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = line.recv(count - len(found))
        if not more:
            raise EOFError
        found += more
    return found


class _Body:
    """Reads the fields of a packet one after another."""

    def __init__(self, body: bytes) -> None:
        self.rest = body

    def take(self, count: int) -> bytes:
        found, self.rest = self.rest[:count], self.rest[count:]
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> bytes:
        return self.take(self.number(2))

    def properties(self) -> dict[int, int]:
        block, found = _Body(self.take(self.number(1))), {}
        while block.rest:
            key = block.number(1)
            if key in PROPERTY_SIZES:
                found[key] = block.number(PROPERTY_SIZES[key])
            else:
                block.text()
        return found


def _hello(raw: bytes, tls_version: str | None) -> Hello:
    body = _Body(raw)
    assert body.text() == b"MQTT"
    protocol = {4: "3.1.1", 5: "5"}[body.number(1)]
    flags = body.number(1)
    body.number(2)
    if protocol == "5":
        body.properties()
    client_id = body.text().decode()
    will_topic = will = None
    if flags & 0x04:
        if protocol == "5":
            body.properties()
        will_topic, will = body.text().decode(), body.text()
    user = body.text().decode() if flags & 0x80 else None
    password = body.text().decode() if flags & 0x40 else None
    return Hello(
        protocol=protocol,
        client_id=client_id,
        clean=bool(flags & 0x02),
        will_topic=will_topic,
        will=will,
        will_retained=bool(flags & 0x20),
        user=user,
        password=password,
        tls_version=tls_version,
    )


def _publish(flags: int, raw: bytes, protocol: str, line: int) -> tuple[Publish, int]:
    body = _Body(raw)
    qos = flags >> 1 & 3
    topic = body.text().decode()
    mid = body.number(2) if qos else 0
    properties = body.properties() if protocol == "5" else {}
    publish = Publish(
        topic=topic,
        payload=body.rest,
        qos=qos,
        retained=bool(flags & 1),
        duplicate=bool(flags & 8),
        expiry_s=properties.get(MESSAGE_EXPIRY),
        line=line,
    )
    return publish, mid
