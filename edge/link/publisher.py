"""The publisher's end of the hatch: a camera's line to the broker in a process of its own, without frames or files.

    reader ─ rows ─▶ Far (an outbox, seen through the hatch) ─▶ client.Client ─▶ broker
    reader ◀─ wanted, given ─▶ Requests ◀───────────────────── client.Client ◀─ the desk, where evidence is on

As long as a reader is connected there is one `Client`; a reader that goes, or is killed, is an `offline` to the broker.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final

import msgspec

from edge.link import trust
from edge.link.client import Client, Hearing
from edge.link.hatch import (
    ROWS_MAX,
    Acknowledge,
    Done,
    Failed,
    Given,
    HatchClosed,
    Kept,
    Leave,
    Oldest,
    Rows,
    Said,
    SetAside,
    Told,
    Wanted,
)
from edge.link.sending import Row
from edge.link.topics import DELIVERIES, topic
from edge.record.boundary import NotSealable, reseal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.link.client import Presence, Report
    from edge.link.connection import Received
    from edge.link.hatch import Hatch
    from edge.record.boundary import Sealed
    from edge.settings.camera import BrokerSettings

log = logging.getLogger(__name__)

TURN_S_MAX: Final = 1.0
"""Life is shown, and a request to stop is noticed, at least this often."""
ANSWER_S_MAX: Final = 30.0
"""For the reader's disk; a card under load may take seconds to sync."""
REQUESTS_MAX: Final = 64
"""Crops that the desk wants and the reader has not given; the oldest is forgotten first."""


class Far:
    """The reader's outbox, from this side. One thread asks, another hands in what comes; its faults are OSErrors."""

    def __init__(self, hatch: Hatch) -> None:
        self._hatch, self._turn = hatch, Lock()
        self._answers: SimpleQueue[Rows | Done | Failed] = SimpleQueue()

    def oldest(self, count: int, *, after: int = 0) -> list[Row]:
        """See `sending.Outgoing`. A row that is no sealed message ends the connection: the reader is not itself."""
        found = self._ask(Oldest(count=min(count, ROWS_MAX), after=after))
        if not isinstance(found, Rows):
            raise OSError("the reader's outbox gives no rows")
        try:
            return [
                Row(number=row.number, message=reseal(row.kind, bytes(row.payload)), expires_s=row.expires_s)
                for row in found.rows
            ]
        except NotSealable as wrong:
            self._hatch.close()
            raise HatchClosed(f"a row that may not leave: {wrong}") from None

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The broker has them."""
        self._must(Acknowledge(tuple(numbers)))

    def set_aside(self, number: int) -> None:
        """The broker takes others but not this one."""
        self._must(SetAside(number))

    def answer(self, word: Rows | Done | Failed) -> None:
        """What the reader said to the question that waits."""
        self._answers.put(word)

    def _must(self, asked: Acknowledge | SetAside) -> None:
        if not isinstance(self._ask(asked), Done):
            raise OSError("the reader's outbox did not do it")

    def _ask(self, asked: Oldest | Acknowledge | SetAside) -> Rows | Done | Failed:
        with self._turn:
            self._hatch.send(asked)
            try:
                return self._answers.get(timeout=ANSWER_S_MAX)
            except Empty:
                self._hatch.close()  # a late answer would be taken for the next question's
                raise HatchClosed(f"the reader did not answer within {ANSWER_S_MAX:g} s") from None


class Requests:
    """The desk's requests for crops, on their way to the reader; only what was wanted may come back, and once."""

    def __init__(self, hatch: Hatch) -> None:
        self._hatch = hatch
        self._wanted: deque[str | None] = deque(maxlen=REQUESTS_MAX)

    def take(self, received: Received) -> None:
        """In the link's thread. What is no request of ours goes no further; a reader that is gone has no crops."""
        with suppress(NotSealable, HatchClosed):
            request = reseal("evidence_request", received.payload)
            self._wanted.append(request.id)
            self._hatch.send(Wanted(msgspec.Raw(request.payload)))

    def answered(self, given: Given) -> Sealed:
        """The crop, to be handed on. Raises NotSealable for anything else, or one that nobody wants."""
        crop = reseal("evidence", bytes(given.payload))
        try:
            self._wanted.remove(crop.id)
        except ValueError:
            raise NotSealable("a crop that nobody wants") from None
        return crop


class Publisher:
    """Serves one reader after the other. Raises LinkMisconfigured when a file of the settings does not serve."""

    def __init__(self, settings: BrokerSettings, presence: Callable[[], Presence], *, evidence: bool = False) -> None:
        """`presence` is asked anew for each reader: it says since when the camera is there.

        `evidence`: whether the desk's requests for crops are heard at all.
        """
        trust.context(settings)
        trust.password(settings)
        self._settings, self._presence, self._evidence = settings, presence, evidence

    def serve(self, hatch: Hatch, goes_on: Callable[[Client], bool], drain_s: float) -> None:
        """Until the reader leaves or is gone, or `goes_on`, which is asked each second, says no."""
        far, requests = Far(hatch), Requests(hatch)
        client = self._client(requests)
        client.start(far)
        told: Report | None = None
        leaving: Thread | None = None
        try:
            while leaving is None or leaving.is_alive():
                asked_to_leave = self._turn(hatch, client, far, requests)
                if leaving is None and (asked_to_leave is not None or not goes_on(client)):
                    leaving = _leave(client, drain_s if asked_to_leave is None else asked_to_leave)
                if client.report != told:
                    told = client.report
                    hatch.send(_told(told))
        except HatchClosed as closed:
            log.warning("the reader is gone: %s", closed)
        except NotSealable as wrong:
            log.error("the reader hands over what may not leave; hung up: %s", wrong)  # noqa: TRY400 — nothing of ours failed
        finally:
            hatch.close()
            far.answer(Failed())  # whoever waits for an answer waits no longer
            client.close()

    def _client(self, requests: Requests) -> Client:
        presence = self._presence()
        wanted = topic(presence.site, presence.camera, "evidence_request")
        hearing = Hearing(filters=(wanted,), take=requests.take) if self._evidence else None
        return Client(self._settings, presence, hearing=hearing)

    def _turn(self, hatch: Hatch, client: Client, far: Far, requests: Requests) -> float | None:
        """What came; the seconds to drain when the reader leaves."""
        leave_s: float | None = None
        for word in hatch.receive(TURN_S_MAX):
            match word:
                case Kept():
                    client.wake()
                case Said():
                    client.say(_latest(word))
                case Rows() | Done() | Failed():
                    far.answer(word)
                case Given():
                    client.hand(requests.answered(word))
                case Leave():
                    leave_s = word.drain_s
                case _:
                    raise HatchClosed("a reader answers, and asks nothing")
        return leave_s


def _leave(client: Client, drain_s: float) -> Thread:
    """In a thread of its own, for what it drains comes through the hatch meanwhile."""
    thread = Thread(target=client.close, args=(drain_s,), name="leave", daemon=True)
    thread.start()
    return thread


def _latest(word: Said) -> Sealed:
    """Of a kind that is retained; anything else may not come by this way."""
    sealed = reseal(word.kind, bytes(word.payload))
    if not DELIVERIES[sealed.kind].retained:
        raise NotSealable(f"a {sealed.kind} is kept and sent as a row, never said")
    return sealed


def _told(report: Report) -> Told:
    return Told(state=report.state, why=report.why, protocol=report.protocol, connects=report.connects)
