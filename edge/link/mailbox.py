"""What other threads leave for a link's thread, and the bell that wakes it; `client` and `handing` have one each.

    vision, loop ─ say (the latest of its kind) · hand (once) · ring ─▶ [mailbox] ─▶ link thread

Rows are not in it: they wait in the outbox, on the disk.
"""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Final

from edge.link.topics import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.record.boundary import Sealed

HANDED_MAX: Final = 8
"""What was handed over and waits for a line; more than a link hands on in a turn is not worth memory."""


class Mailbox:
    """Any thread puts something in and rings; the link's thread takes it out, waits, and closes its end."""

    def __init__(self, *first: Sealed) -> None:
        """`first`: what is said on every line from the beginning."""
        self._bell, self.wake = socket.socketpair()
        """`wake` has something to read when somebody rang: it goes into the thread's `select`."""
        self._bell.settimeout(0)
        self.wake.settimeout(0)
        self._lock = Lock()
        self._said = {sealed.kind: sealed for sealed in first}
        """The last of each kind; all of it is said again on every new line."""
        self._unsaid: set[str] = set()
        self._handed: deque[Sealed] = deque(maxlen=HANDED_MAX)

    def say(self, sealed: Sealed) -> None:
        """The latest of its kind (`health`, `counters`, …): now if there is a line, else when there is one."""
        assert DELIVERIES[sealed.kind].retained, "what must not be overtaken goes through the outbox"
        with self._lock:
            self._said[sealed.kind] = sealed
            self._unsaid.add(sealed.kind)
        self.ring()

    def hand(self, sealed: Sealed) -> None:
        """Once, from memory alone: never on a disk, lost with a line that breaks. For evidence alone."""
        assert DELIVERIES[sealed.kind].evidence, "whatever may not be lost goes through the outbox"
        self._handed.append(sealed)
        self.ring()

    def ring(self) -> None:
        """There is something: look now, not at the end of the turn."""
        with suppress(BlockingIOError, OSError):  # it rings already, or all is closed
            self._bell.send(b".")

    def say_again(self, *kinds: str) -> None:
        """Of these kinds, or of all that was ever said: a new line, where nobody has heard it."""
        with self._lock:
            self._unsaid |= set(kinds or self._said)

    @property
    def waits(self) -> bool:
        """Whether something is still unsaid."""
        return bool(self._unsaid)

    def unsaid(self) -> Iterator[Sealed]:
        """Each of the latest that nobody has heard; what is not taken stays."""
        while (sealed := self._next()) is not None:
            yield sealed

    def handed(self) -> Iterator[Sealed]:
        """Each that was handed over."""
        while self._handed:
            yield self._handed.popleft()

    def rest(self, seconds: float) -> None:
        """Wait so long, or until somebody rings."""
        self.wake.settimeout(seconds)
        with suppress(TimeoutError):
            self.wake.recv(4096)
        self.wake.settimeout(0)

    def hush(self) -> bool:
        """Silence the bell; whether it rang."""
        with suppress(BlockingIOError):
            return bool(self.wake.recv(4096))
        return False

    def close(self) -> None:
        """Nobody will ring any more; the thread closes `wake` when it ends."""
        self._bell.close()

    def _next(self) -> Sealed | None:
        with self._lock:
            return self._said[self._unsaid.pop()] if self._unsaid else None
