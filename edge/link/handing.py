"""The reader's end of the hatch: in the daemon it takes the place of `client.Client`, and speaks to no network.

    outbox ◀─ oldest, acknowledge ─ publisher          health, counters ─ said ─▶ publisher
    crops  ◀─ wanted ─────────────── publisher          evidence ──────── given ─▶ publisher

One thread owns it. A publisher that is not there is an outage like a broker that is away: rows wait in the outbox.
"""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

import msgspec

from edge.link.client import GOODBYE_S_MAX, TURN_S_MAX, Report
from edge.link.hatch import (
    Acknowledge,
    Done,
    Failed,
    Given,
    HatchClosed,
    Kept,
    Leave,
    Oldest,
    Passed,
    Rows,
    Said,
    SetAside,
    Told,
    Wanted,
    dial,
    left_s,
)
from edge.link.mailbox import Mailbox
from edge.link.sending import Patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.link.hatch import Hatch, Word
    from edge.link.sending import Outgoing, Row
    from edge.record.boundary import Sealed

log = logging.getLogger(__name__)

REACH_S_MIN: Final = 0.1
REACH_S_MAX: Final = 5.0
"""Between two tries to reach the publisher; systemd starts it when it is called."""


class Handing:
    """`start` with an outbox, `close` to let the publisher drain it. The same handles as `client.Client`."""

    def __init__(
        self, address: str, *, take: Callable[[bytes], None] | None = None, rng: random.Random | None = None
    ) -> None:
        """`take` gets what the desk wants of the crops, unchecked, in the link's thread; None: evidence is off."""
        self._address, self._take_wanted = address, take
        self._patience = Patience(REACH_S_MIN, REACH_S_MAX, rng or random.Random())
        self._mail = Mailbox()
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
        """See `Mailbox.say`."""
        self._mail.say(sealed)

    def hand(self, sealed: Sealed) -> None:
        """See `Mailbox.hand`."""
        self._mail.hand(sealed)

    def wake(self) -> None:
        """A row was kept: tell the publisher now."""
        self._mail.ring()

    def close(self, drain_s: float = 0.0) -> None:
        """Have what waits sent for at most `drain_s`, and a goodbye said. What is not sent stays in the outbox."""
        self._drain_s = drain_s
        self._closes_s = monotonic() + drain_s + GOODBYE_S_MAX + TURN_S_MAX
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(left_s(self._closes_s) + TURN_S_MAX)
        self._mail.close()

    def _run(self, outbox: Outgoing) -> None:
        with self._mail.wake:
            while not self._stop.is_set():
                self.beat_s = monotonic()
                try:
                    self._serve(dial(self._address), outbox)
                except HatchClosed as closed:
                    self._become(replace(self.report, state="closed", why=f"no publisher: {closed}"))
                    if not self._stop.is_set():
                        self._mail.rest(self._patience.wait_s())

    def _serve(self, hatch: Hatch, outbox: Outgoing) -> None:
        """One publisher, until it is gone or has said our goodbye."""
        self._patience.reset()
        self._connects_before = self.report.connects
        self._mail.say_again()
        asked_to_leave = False
        try:
            self._tell(hatch)
            while monotonic() < self._closes_s:
                self.beat_s = monotonic()
                for word in hatch.receive(TURN_S_MAX, self._mail.wake):
                    self._heed(hatch, word, outbox)
                if self._mail.hush():
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
        for sealed in self._mail.unsaid():
            hatch.send(Said(kind=sealed.kind, payload=msgspec.Raw(sealed.payload)))
        for sealed in self._mail.handed():
            hatch.send(Given(msgspec.Raw(sealed.payload)))
        hatch.send(Kept())

    def _heed(self, hatch: Hatch, word: Word, outbox: Outgoing) -> None:
        match word:
            case Told():
                connects = self._connects_before + word.connects
                report = replace(self.report, state=word.state, why=word.why, protocol=word.protocol)
                self._become(replace(report, connects=connects))
            case Oldest() | Acknowledge() | SetAside():
                hatch.send(self._answered(word, outbox))
            case Wanted():
                if self._take_wanted is not None:
                    self._take_wanted(bytes(word.payload))
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


def _passed(row: Row) -> Passed:
    message = row.message
    return Passed(number=row.number, kind=message.kind, payload=msgspec.Raw(message.payload), expires_s=row.expires_s)
