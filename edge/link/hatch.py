"""The opening between a camera's two processes: one local socket, a line of JSON a message, nothing else.

    reader (frames, outbox; no broker) ── said · kept · rows · done · failed · given · leave ─▶ publisher (no device)
                                       ◀── oldest · acknowledge · set aside · told · wanted ──

The publisher asks and the reader answers: the outbox keeps its one writer, and whoever takes over the process that
listens to the broker finds no frame, no file and no database there. Neither end believes the other: every message is
read through its type, and what the publisher is handed is sealed again before it can leave (`boundary.reseal`). Of what
the broker says only the desk's request for a plate's crop comes through, where evidence is on: `wanted`, then `given`.
"""

from __future__ import annotations

import select
import socket
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from edge.record.health import LinkState  # noqa: TC001 — msgspec reads annotations when the program runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LINE_BYTES_MAX: Final = 8_000_000
"""A longer line is none of ours."""
ROWS_MAX: Final = 1000
"""In one answer; each is at most `boundary.SEALED_BYTES_MAX`, so an answer fits into a line."""
SEND_S_MAX: Final = 5.0
"""The other end is a process of this machine that does little else: it reads at once, or hangs."""

Number = Annotated[int, msgspec.Meta(ge=0)]


class _Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="word", tag=str.lower):
    """What both ends say is one of these."""


class Said(_Word, frozen=True, kw_only=True):
    """The latest of its kind, for the broker to retain."""

    kind: str
    payload: msgspec.Raw


class Kept(_Word, frozen=True):
    """There is a new row."""


class Passed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A row on its way; see `sending.Row`."""

    number: Number
    kind: str
    payload: msgspec.Raw
    expires_s: float | None


class Rows(_Word, frozen=True):
    """The answer to `Oldest`."""

    rows: tuple[Passed, ...]


class Done(_Word, frozen=True):
    """It is on the disk."""


class Failed(_Word, frozen=True):
    """The disk did not do it; ask again later."""


class Given(_Word, frozen=True):
    """The crop that was wanted, an `evidence` message; where there is none, nothing is said."""

    payload: msgspec.Raw


class Leave(_Word, frozen=True):
    """The reader ends: send what waits for at most so long, say goodbye, hang up."""

    drain_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)]


class Oldest(_Word, frozen=True, kw_only=True):
    """The oldest rows, please."""

    count: Annotated[int, msgspec.Meta(ge=1, le=ROWS_MAX)]
    after: Number


class Acknowledge(_Word, frozen=True):
    """The broker has these."""

    numbers: tuple[Number, ...]


class SetAside(_Word, frozen=True):
    """The broker takes others, but not this one."""

    number: Number


class Wanted(_Word, frozen=True):
    """The desk asks for the crop of a hit's plate, with an `evidence_request` message."""

    payload: msgspec.Raw


class Told(_Word, frozen=True, kw_only=True):
    """How the line to the broker is."""

    state: LinkState
    why: str
    protocol: Literal["5", "3.1.1"] | None
    connects: Number


Word = Said | Kept | Rows | Done | Failed | Given | Leave | Oldest | Acknowledge | SetAside | Told | Wanted
_DECODER: Final = msgspec.json.Decoder(Word)
"""Made once, by the thread that imports; see `boundary`."""


class HatchClosed(ConnectionError):
    """The other end is gone, hangs, or says what is no word of ours. An outage, for either end."""


class Hatch:
    """One end of the connection. Any thread may send, one receives."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._received, self._turn = line, b"", Lock()
        line.settimeout(SEND_S_MAX)

    def send(self, word: Word) -> None:
        """Raises HatchClosed when the other end does not take it."""
        try:
            with self._turn:
                self._line.sendall(msgspec.json.encode(word) + b"\n")
        except OSError as error:
            raise HatchClosed(error.strerror or "the other end takes nothing") from error

    def receive(self, wait_s: float, *others: socket.socket) -> Iterator[Word]:
        """What has come, waiting at most `wait_s` for it, or until one of `others` has something to read."""
        lines = self._lines(wait_s, others)
        try:
            yield from (_DECODER.decode(line) for line in lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise HatchClosed("the other end speaks another language: is it of another version?") from None

    def close(self) -> None:
        """The other end notices."""
        self._line.close()

    def _lines(self, wait_s: float, others: Sequence[socket.socket]) -> list[bytes]:
        try:
            if self._line not in select.select([self._line, *others], [], [], wait_s)[0]:
                return []
            more = self._line.recv(65_536)
        except (OSError, ValueError) as error:  # ValueError: closed meanwhile by our own side
            raise HatchClosed(str(error)) from error
        if not more:
            raise HatchClosed("the other end hung up")
        *lines, self._received = (self._received + more).split(b"\n")
        if len(self._received) > LINE_BYTES_MAX:
            raise HatchClosed("the other end never ends its line")
        return lines


def dial(address: str) -> Hatch:
    """To the socket at this path. Raises HatchClosed when nobody listens there."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        line.settimeout(SEND_S_MAX)
        line.connect(address)
    except OSError as error:
        line.close()
        raise HatchClosed(f"{address}: {(error.strerror or str(error)).lower()}") from error
    return Hatch(line)


def answer(door: socket.socket, wait_s: float) -> Hatch | None:
    """Whoever calls within `wait_s` at a socket that listens."""
    if not select.select([door], [], [], wait_s)[0]:
        return None
    line, _ = door.accept()
    return Hatch(line)


def left_s(until_s: float) -> float:
    """Seconds until that monotonic moment, never below none."""
    return max(0.0, until_s - monotonic())
