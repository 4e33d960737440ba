"""The line to the broker, kept for as long as the daemon lives: it dials, tells that we are here, drains the outbox.

    dial ─▶ welcome ─▶ status online, what was said last ─▶ drain ─▶ (line breaks: wait, jittered) ─▶ dial

One thread owns all of it. Others leave something to `say`, `wake` it when they kept a row, and read `report`.
A broker that is away, refuses or is not trusted is a state with a reason, logged once; every row stays in the outbox.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, replace
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

from edge.link import trust
from edge.link.connection import Caller, Connection
from edge.link.mailbox import Mailbox
from edge.link.sending import SILENT_S_MAX, Patience, Sender
from edge.link.topics import DELIVERIES, topic
from edge.record.evidence import KEPT_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.link.connection import Protocol, Received
    from edge.link.sending import Outgoing, Row
    from edge.record.boundary import Sealed
    from edge.record.health import LinkState
    from edge.settings.camera import BrokerSettings

log = logging.getLogger(__name__)

TURN_S_MAX: Final = 1.0
"""The thread shows life at least this often, but for dialling: a name server and `connection.DIAL_S_MAX`, twice."""
GOODBYE_S_MAX: Final = 2.0
LIFELESS_S_MAX: Final = 120.0
"""So long may a thread that has a line, to a broker or a camera, show no life; the longest of its waits is shorter."""
DRAIN_S_MAX: Final = 6.0
"""For what waits, when a program ends; with the goodbye it stays within 10 s."""
"""For the broker to acknowledge that we leave."""
PRESENCE_AGAIN_S: Final = 5.0
"""After each welcome we say once more that we are here. A broker that still held our old line ends it when it hears the
new one, and some say the old one's Last Will, `offline`, after our first word."""
STEADY_WAITS: Final = 10
"""A line that held for this many shortest waits was good: the next wait is short again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the line is, as values for `health`."""

    state: LinkState = "connecting"
    why: str = ""
    """For a person at the device; never published."""
    protocol: Protocol | None = None
    connects: int = 0
    published: int = 0
    """Rows that the broker has acknowledged since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Who is speaking, and how it says that it is here. The three messages are of one kind, and retained."""

    site: str
    camera: str
    """A camera's name, or `topics.DESK`."""
    online: Sealed
    lost: Sealed
    """The Last Will: what the broker says when the line breaks."""
    leaving: Callable[[], Sealed]
    """Made when we go: it has the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What is listened to: the desk's side. The broker keeps it for us while we are away."""

    filters: tuple[str, ...]
    take: Callable[[Received], None]
    """Called in the link's thread; confirmed to the broker when it returns. An OSError: not stored, ask again later."""


class Client:
    """`start` with an outbox, `close` to drain and say goodbye. Raises LinkMisconfigured when a file does not serve."""

    def __init__(
        self,
        settings: BrokerSettings,
        presence: Presence,
        *,
        hearing: Hearing | None = None,
        rng: random.Random | None = None,
    ) -> None:
        trust.context(settings)
        trust.password(settings)
        self._settings, self._presence, self._hearing = settings, presence, hearing
        self._rng = rng or random.Random()
        self._patience = Patience(settings.reconnect_s_min, settings.reconnect_s_max, self._rng)
        self._mail = Mailbox(presence.online)
        self._said_mids: dict[int, float] = {}
        """Said on this line and not yet acknowledged: mid → when."""
        self._said_refused: str | None = None
        self._stop, self._closes_s = Event(), float("inf")
        self._thread: Thread | None = None
        self._line: Connection | None = None
        self._welcomed_s: float | None = None
        self._present = False
        """Whether we have said it twice on this line."""
        self._dial_s = 0.0
        self._try_older = False
        self.report = Report()
        self.beat_s = monotonic()
        """When the thread last showed life, monotonic seconds: the watchdog's question."""

    @property
    def alive(self) -> bool:
        """Whether the thread runs; False after `start` is a fault of ours, and the daemon's reason to end."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, outbox: Outgoing) -> None:
        """Begin, in a thread of its own."""
        assert self._thread is None, "a client is started once"
        sender = Sender(outbox, self._settings.inflight_max, self._rng)
        self._thread = Thread(target=self._run, args=(sender,), name="link", daemon=True)
        self._thread.start()

    def say(self, sealed: Sealed) -> None:
        """See `Mailbox.say`."""
        self._mail.say(sealed)

    def hand(self, sealed: Sealed) -> None:
        """See `Mailbox.hand`."""
        self._mail.hand(sealed)

    def wake(self) -> None:
        """A row was kept: look now, not at the end of the turn."""
        self._mail.ring()

    def close(self, drain_s: float = 0.0) -> None:
        """Send what waits for at most `drain_s`, say that we leave, hang up. What is not sent stays in the outbox."""
        self._closes_s = monotonic() + drain_s
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(drain_s + GOODBYE_S_MAX + TURN_S_MAX)
        self._mail.close()

    def _run(self, sender: Sender) -> None:
        with self._mail.wake:
            while not self._finished(sender):
                self.beat_s = monotonic()
                if self._line is None:
                    self._dial_or_rest()
                else:
                    self._turn(self._line, sender)
            self._leave()

    def _finished(self, sender: Sender) -> bool:
        if not self._stop.is_set():
            return False
        sent = self._line is not None and self._line.open and not self._mail.waits and sender.idle()
        return sent or monotonic() >= self._closes_s

    def _dial_or_rest(self) -> None:
        left_s = self._dial_s - monotonic()
        if left_s > 0:
            self._mail.rest(min(left_s, TURN_S_MAX))
            return
        line = Connection(self._settings, self._caller(), self._protocol())
        try:
            tls, password = trust.context(self._settings), trust.password(self._settings)
        except trust.LinkMisconfigured as error:  # it served at the start: somebody is just replacing it
            self._become("untrusted", str(error))
            self._dial_s = monotonic() + self._patience.wait_s()
            return
        self._line = line
        line.dial(tls, password)

    def _turn(self, line: Connection, sender: Sender) -> None:
        """What came is settled before anything new is sent."""
        if line.ended is None:
            line.turn(TURN_S_MAX, self._mail.wake)
            self._mail.hush()
        while line.acknowledged:
            told = line.acknowledged.popleft()
            self._said_mids.pop(told.mid, None)
            if not sender.settle(told) and told.refused:
                self._said_refused = told.name
        sender.flush()
        self._take(line)
        if line.ended is not None:
            self._lost(line)
        elif line.open:
            self._tell(line, sender)

    def _tell(self, line: Connection, sender: Sender) -> None:
        if self._welcomed_s is None:
            self._welcomed_s, self._present = monotonic(), False
            self._said_refused = None
            self._said_mids.clear()
            sender.begin()
            self._mail.say_again()
            self.report = replace(self.report, protocol=line.protocol, connects=self.report.connects + 1)
        if not self._present and monotonic() - self._welcomed_s > PRESENCE_AGAIN_S:
            self._present = True
            self._mail.say_again(self._presence.online.kind)
        self._speak(line)
        self._hand_on(line)
        if not (sender.careful and self._said_mids):
            sender.send(_Outlet(line, self._presence))
        if sender.silent() or self._unheard():
            line.drop("silent", "the broker acknowledges nothing")
            return
        objection = sender.refusal or self._said_refused
        if objection:
            self._become("refused", f"the broker does not take what it gets: {objection}")
        else:
            self._become("connected", f"MQTT {line.protocol}")
        self.report = replace(self.report, published=sender.published)

    def _unheard(self) -> bool:
        return monotonic() - min(self._said_mids.values(), default=monotonic()) > SILENT_S_MAX

    def _speak(self, line: Connection) -> None:
        unsaid = self._mail.unsaid()
        while line.open and line.room > 0:  # what is left waits for its turn, or is said again on the new line
            if (sealed := next(unsaid, None)) is None:
                return
            mid = line.send(sealed, self._topic(sealed), DELIVERIES[sealed.kind])
            if DELIVERIES[sealed.kind].qos:
                self._said_mids[mid] = monotonic()

    def _hand_on(self, line: Connection) -> None:
        handed = self._mail.handed()
        while line.open and line.room > 0 and (sealed := next(handed, None)) is not None:
            line.send(sealed, self._topic(sealed), DELIVERIES[sealed.kind], KEPT_S)

    def _take(self, line: Connection) -> None:
        while line.received:
            received = line.received.popleft()
            if self._hearing is None:
                continue
            try:
                self._hearing.take(received)
            except OSError:  # the taker says so itself; a new line brings everything unconfirmed again
                line.drop("away", "what came could not be stored")
                return
            line.confirm(received)

    def _lost(self, line: Connection) -> None:
        assert line.ended is not None
        held_s = 0.0 if self._welcomed_s is None else monotonic() - self._welcomed_s
        self._line = self._welcomed_s = None
        older = line.ended.try_older and self._settings.protocol == "auto"
        self._try_older = older
        if older:
            return  # the same moment, in the older protocol; whether the broker is away will show there
        if held_s > STEADY_WAITS * self._settings.reconnect_s_min:
            self._patience.reset()
        self._dial_s = monotonic() + self._patience.wait_s()
        self._become(line.ended.state, line.ended.why)

    def _leave(self) -> None:
        """Say that we go. When the broker has heard it, hang up properly; when not, the Last Will says it for us."""
        if self._line is not None and self._heard_goodbye(self._line):
            self._line.close()
        elif self._line is not None:
            self._line.drop("closed", "we leave")
        self._become("closed", "we leave")

    def _heard_goodbye(self, line: Connection) -> bool:
        goodbye, mid = self._presence.leaving(), None
        until_s = monotonic() + GOODBYE_S_MAX
        while line.open and monotonic() < until_s:
            if mid is None and line.room > 0:
                mid = line.send(goodbye, self._topic(goodbye), DELIVERIES[goodbye.kind])
            line.turn(0.1, self._mail.wake)
            self._mail.hush()
            if mid in {told.mid for told in line.acknowledged}:
                return True
        return False

    def _caller(self) -> Caller:
        lost = self._presence.lost
        return Caller(
            client_id=f"lpr-{self._presence.site}-{self._presence.camera}",  # so two devices of one name are noticed
            will=lost,
            will_topic=self._topic(lost),
            will_delivery=DELIVERIES[lost.kind],
            filters=self._hearing.filters if self._hearing else (),
        )

    def _protocol(self) -> Protocol:
        if self._settings.protocol == "auto":
            return "3.1.1" if self._try_older else "5"
        return self._settings.protocol

    def _topic(self, sealed: Sealed) -> str:
        return topic(self._presence.site, self._presence.camera, sealed.kind)

    def _become(self, state: LinkState, why: str) -> None:
        """A change is logged, a repetition is not."""
        if (state, why) == (self.report.state, self.report.why):
            return
        self.report = replace(self.report, state=state, why=why)
        level = logging.INFO if state in ("connected", "closed") else logging.WARNING
        log.log(level, "broker %s:%d: %s (%s)", self._settings.host, self._settings.port, state, why)


@dataclass(frozen=True, slots=True)
class _Outlet:
    """A row's way out: its kind gives the topic and the delivery."""

    line: Connection
    presence: Presence

    @property
    def open(self) -> bool:
        return self.line.open

    @property
    def room(self) -> int:
        return self.line.room

    @property
    def payload_bytes_max(self) -> int:
        return self.line.payload_bytes_max

    def publish(self, row: Row) -> int:
        kind = row.message.kind
        delivery = DELIVERIES[kind]
        expires_s = row.expires_s if delivery.expires else None
        camera = row.message.camera if delivery.to_camera else self.presence.camera
        assert camera is not None, "a message to a camera names it"
        return self.line.send(row.message, topic(self.presence.site, camera, kind), delivery, expires_s)
