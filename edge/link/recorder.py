"""A broker that takes everything, hands out nothing and writes every byte down: what `verify-privacy` looks into.

It speaks as much MQTT 5 and 3.1.1 as our own client asks for, on the loopback alone, and needs no package.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 12, 14
CONNACK_5: Final = b"\x20\x03\x00\x00\x00"
CONNACK_311: Final = b"\x20\x02\x00\x00"
PINGRESP: Final = b"\xd0\x00"


@dataclass(frozen=True, slots=True)
class Published:
    """One PUBLISH as it came."""

    topic: str
    payload: bytes


class Recorder:
    """Listens from `with` on; `raw` is every byte that came, packets and all."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.heard: list[str] = []
        """Topics that were subscribed to."""
        self.connections = 0
        self._raw: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="recorder", daemon=True)

    @property
    def raw(self) -> bytes:
        """Of all connections, one after another."""
        return b"".join(self._raw)

    def __enter__(self) -> Recorder:  # noqa: PYI034 — Self is not in Python 3.10
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(1.0)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with line, suppress(OSError, EOFError):
                self._serve(line)

    def _serve(self, line: socket.socket) -> None:
        five = False
        while True:
            kind, flags, body = self._packet(line)
            if kind == CONNECT:
                five = body[6] == 5
                line.sendall(CONNACK_5 if five else CONNACK_311)
            elif kind == PUBLISH:
                self._take(line, flags, body, five=five)
            elif kind == SUBSCRIBE:
                self._subscribe(line, body, five=five)
            elif kind == PINGREQ:
                line.sendall(PINGRESP)
            elif kind == DISCONNECT:
                return

    def _subscribe(self, line: socket.socket, body: bytes, *, five: bool) -> None:
        """Granted, and written down; nothing will ever come."""
        rest = body[2:]
        if five:
            rest = rest[1 + rest[0] :]
        granted = 0
        while rest:
            length = int.from_bytes(rest[:2], "big")
            self.heard.append(rest[2 : 2 + length].decode())
            rest = rest[3 + length :]
            granted += 1
        answer = body[:2] + (b"\0" if five else b"") + b"\1" * granted
        line.sendall(b"\x90" + bytes([len(answer)]) + answer)

    def _take(self, line: socket.socket, flags: int, body: bytes, *, five: bool) -> None:
        length = int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
        if flags & 0b0110:  # QoS 1: a packet identifier, and an answer
            line.sendall(b"\x40\x02" + rest[:2])
            rest = rest[2:]
        if five:
            rest = rest[1 + rest[0] :]  # the properties; ours are far below the 128 bytes that one digit counts
        self.published.append(Published(topic, rest))

    def _packet(self, line: socket.socket) -> tuple[int, int, bytes]:
        head = self._exactly(line, 1)[0]
        length, shift = 0, 0
        while True:
            (digit,) = struct.unpack("B", self._exactly(line, 1))
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return head >> 4, head & 0x0F, self._exactly(line, length)

    def _exactly(self, line: socket.socket, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = line.recv(count - len(found))
            if not more:
                raise EOFError
            self._raw.append(more)
            found += more
        return found
