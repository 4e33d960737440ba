"""The reader's end of the hatch: in the daemon it takes the place of `client.Client`, and speaks to no network.

    outbox ◀─ oldest, acknowledge ─ publisher          health, counters ─ said ─▶ publisher

One thread owns it. A publisher that is not there is an outage like a broker that is away: rows wait in the outbox.
"""

from __future__ import annotations

import logging
import random
import socket
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

import msgspec

from edge.link.client import GOODBYE_S_MAX, TURN_S_MAX, Report
from edge.link.hatch import (
    Acknowledge,
    Done,
    Failed,
    HatchClosed,
    Kept,
    Leave,
    Oldest,
    Passed,
    Rows,
    Said,
    SetAside,
    Told,
    dial,
    left_s,
)
from edge.link.sending import Patience
from edge.link.topics import DELIVERIES

if TYPE_CHECKING:
    from edge.link.hatch import Hatch, Word
    from edge.link.sending import Outgoing, Row
    from edge.record.boundary import Sealed

log = logging.getLogger(__name__)

REACH_S_MIN: Final = 0.1
REACH_S_MAX: Final = 5.0
"""Between two tries to reach the publisher; systemd starts it when it is called."""


class Handing:
    """`start` with an outbox, `close` to let the publisher drain it. The same handles as `client.Client`."""

    def __init__(self, address: str, rng: random.Random | None = None) -> None:
        self._address = address
        self._patience = Patience(REACH_S_MIN, REACH_S_MAX, rng or random.Random())
        self._bell, self._wake = socket.socketpair()
        self._bell.settimeout(0)
        self._wake.settimeout(0)
        self._lock = Lock()
        self._said: dict[str, Sealed] = {}
        """The last of each kind; a new publisher hears all of it."""
        self._unsaid: set[str] = set()
        self._stop, self._drain_s, self._closes_s = Event(), 0.0, float("inf")
        self._thread: Thread | None = None
        self._connects_before = 0
        """Of publishers before this one."""
        self.report = Report()
        self.beat_s = monotonic()
        """When the thread last showed life, monotonic seconds: the watchdog's question."""

    @property
    def alive(self) -> bool:
        """Whether the thread runs; False after `start` is a fault of ours, and the daemon's reason to end."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, outbox: Outgoing) -> None:
        """Begin, in a thread of its own."""
        assert self._thread is None, "it is started once"
        self._thread = Thread(target=self._run, args=(outbox,), name="link", daemon=True)
        self._thread.start()

    def say(self, sealed: Sealed) -> None:
        """The latest of its kind (`health`, `counters`): now if there is a publisher, else when there is one."""
        assert DELIVERIES[sealed.kind].retained, "what must not be overtaken goes through the outbox"
        with self._lock:
            self._said[sealed.kind] = sealed
            self._unsaid.add(sealed.kind)
        self.wake()

    def wake(self) -> None:
        """A row was kept: tell the publisher now."""
        with suppress(BlockingIOError, OSError):  # it is being told already, or all is closed
            self._bell.send(b".")

    def close(self, drain_s: float = 0.0) -> None:
        """Have what waits sent for at most `drain_s`, and a goodbye said. What is not sent stays in the outbox."""
        self._drain_s = drain_s
        self._closes_s = monotonic() + drain_s + GOODBYE_S_MAX + TURN_S_MAX
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(left_s(self._closes_s) + TURN_S_MAX)
        self._bell.close()

    def _run(self, outbox: Outgoing) -> None:
        with self._wake:
            while not self._stop.is_set():
                self.beat_s = monotonic()
                try:
                    self._serve(dial(self._address), outbox)
                except HatchClosed as closed:
                    self._become(replace(self.report, state="closed", why=f"no publisher: {closed}"))
                    self._rest(self._patience.wait_s())

    def _serve(self, hatch: Hatch, outbox: Outgoing) -> None:
        """One publisher, until it is gone or has said our goodbye."""
        self._patience.reset()
        self._connects_before = self.report.connects
        with self._lock:
            self._unsaid = set(self._said)
        asked_to_leave = False
        try:
            self._tell(hatch)
            while monotonic() < self._closes_s:
                self.beat_s = monotonic()
                for word in hatch.receive(TURN_S_MAX, self._wake):
                    self._heed(hatch, word, outbox)
                if self._hush():
                    self._tell(hatch)
                if self._stop.is_set() and not asked_to_leave:
                    asked_to_leave = True
                    hatch.send(Leave(self._drain_s))
        except HatchClosed:
            if not asked_to_leave:
                raise
        finally:
            hatch.close()

    def _tell(self, hatch: Hatch) -> None:
        with self._lock:
            latest = [self._said[kind] for kind in self._unsaid]
            self._unsaid.clear()
        for sealed in latest:
            hatch.send(Said(kind=sealed.kind, payload=msgspec.Raw(sealed.payload)))
        hatch.send(Kept())

    def _heed(self, hatch: Hatch, word: Word, outbox: Outgoing) -> None:
        match word:
            case Told():
                connects = self._connects_before + word.connects
                report = replace(self.report, state=word.state, why=word.why, protocol=word.protocol)
                self._become(replace(report, connects=connects))
            case Oldest() | Acknowledge() | SetAside():
                hatch.send(self._answered(word, outbox))
            case _:
                raise HatchClosed("a publisher asks, and tells how the line is; it does nothing else")

    def _answered(self, asked: Oldest | Acknowledge | SetAside, outbox: Outgoing) -> Rows | Done | Failed:
        try:
            match asked:
                case Oldest():
                    return Rows(tuple(map(_passed, outbox.oldest(asked.count, after=asked.after))))
                case Acknowledge():
                    outbox.acknowledge(asked.numbers)
                    self.report = replace(self.report, published=self.report.published + len(asked.numbers))
                case SetAside():
                    outbox.set_aside(asked.number)
        except OSError:  # the outbox says so itself
            return Failed()
        return Done()

    def _become(self, report: Report) -> None:
        """A change is logged, a repetition is not; the publisher logs its own."""
        if report.state == "closed" and (report.state, report.why) != (self.report.state, self.report.why):
            log.warning("%s", report.why)
        self.report = report

    def _rest(self, seconds: float) -> None:
        if not self._stop.is_set():
            self._wake.settimeout(seconds)
            with suppress(TimeoutError):
                self._wake.recv(4096)
            self._wake.settimeout(0)

    def _hush(self) -> bool:
        """Whether we were woken."""
        with suppress(BlockingIOError):
            return bool(self._wake.recv(4096))
        return False


def _passed(row: Row) -> Passed:
    message = row.message
    return Passed(number=row.number, kind=message.kind, payload=msgspec.Raw(message.payload), expires_s=row.expires_s)
