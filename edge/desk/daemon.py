"""The desk at work: one link thread that takes what cameras send, one loop that keeps everything else in time.

    broker ─▶ link thread ─▶ intake ─▶ store ◀─ loop: lists, purge, audit head, status
                                         ├─▶ queue ─▶ link thread ─▶ broker
                                         └─▶ a thread an adapter ─▶ another system (none, as it comes)

The two share the store and one lock: while lists are swapped and the last half hour is looked through again, no
sighting is matched, so none falls between the old list and the new.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, Protocol

from edge.desk import audit, field_acts, outages, retention
from edge.desk.adapters import courier
from edge.desk.clock import TrustedClock
from edge.desk.hotlists.index import DamagedList
from edge.desk.hotlists.watch import Watch
from edge.desk.intake import Intake
from edge.desk.queue import Queue, StoreSilent, put
from edge.desk.status import Figures, figures, offline, status
from edge.desk.store import DiskFull, StoreAway, get_state, open_store, set_state
from edge.link.client import Client, Hearing, Presence
from edge.link.topics import DESK, every
from edge.record.audit_head import AuditHead
from edge.record.boundary import NotSealable, seal, unseal
from edge.record.status import Status
from edge.record.words import time

if TYPE_CHECKING:
    from edge.link.connection import Received
    from edge.record.desk_status import DeskStatus
    from edge.settings.policy import Policy

log = logging.getLogger(__name__)

TURN_S: Final = 1.0
STATUS_S: Final = 60.0
HEAD_S: Final = 60.0
ANCHOR_S: Final = 3600.0
LINK_SILENT_S_MAX: Final = 30.0
"""A link thread that shows no life for this long has hung; a broker that is away is life."""
OFF_MS_MIN: Final = 120_000
"""A desk that was off for longer writes it down as an outage."""
DRAIN_S: Final = 3.0
HANDING_S_MAX: Final = 1.0
"""For an adapter to end what it is just handing on; else it is handed on again."""

Ending = Literal["stopped", "reload", "failed"]


class Watchdog(Protocol):
    """The service manager, as far as the desk speaks to it."""

    def ready(self, status: str) -> None: ...  # noqa: D102
    def alive(self) -> None: ...  # noqa: D102
    def stopping(self, status: str = ...) -> None: ...  # noqa: D102


@dataclass(slots=True)
class _Due:
    """When something is to be done again, monotonic seconds. The first time is now."""

    every_s: float
    next_s: float = field(default_factory=monotonic)

    def __bool__(self) -> bool:
        if monotonic() < self.next_s:
            return False
        self.next_s = monotonic() + self.every_s
        return True


class DeskDaemon:
    """`run` until somebody calls `stop` or `reload`."""

    def __init__(
        self, policy: Policy, policy_digest: str, watchdog: Watchdog, *, clock: TrustedClock | None = None
    ) -> None:
        self._policy, self._policy_digest, self._watchdog = policy, policy_digest, watchdog
        self._clock = clock or TrustedClock()
        self._ending: Ending | None = None
        self._wake = Event()
        self._lock = Lock()
        self._store_away = False
        self._known = Figures()
        self._worries: set[str] = set()

    def stop(self) -> None:
        """End in order; safe in a signal handler."""
        self._finish("stopped")

    def reload(self) -> None:
        """End, to begin with other settings; safe in a signal handler."""
        self._finish("reload")

    def _finish(self, ending: Ending) -> None:
        self._ending = ending
        self._wake.set()

    def run(self) -> Ending:
        """Open, work, close. Raises StoreError when the store cannot be used at all."""
        self._store = open_store(self._policy.store.url)
        try:
            self._begin()
            return self._work()
        finally:
            self._store.close()

    def _begin(self) -> None:
        self._watch = Watch(self._policy.hotlists)
        self._intake = Intake(self._store, self._policy, self._watch)
        self._queue = Queue(self._store, self._policy, self._clock.now_ms)
        wanted, now_ms = self._policy.adapters, self._clock.now_ms
        self._couriers = [courier.Courier(self._store, self._policy, one, now_ms) for one in wanted]
        if self._store.reserve is not None and not self._store.reserve.hold():
            log.warning("the disk has no room for the purge's reserve of 8 MB: make room, or what is due may stay")
        with self._store.write() as connection:
            left_ms = self._clock.recall(connection)
            self._since_ms = self._clock.now_ms()
            if left_ms is not None and self._since_ms - left_ms > OFF_MS_MIN:
                outages.begin(connection, outages.DESK, left_ms)
                outages.end(connection, outages.DESK, self._since_ms)
            before, now = get_state(connection, "policy"), self._policy_digest
            if before != now:
                detail = f"policy {before or 'none'} became {now}"
                audit.append(connection, _entry("settings changed", detail), self._since_ms)
                set_state(connection, "policy", now)
            audit.append(connection, _entry("desk started", f"policy {now}"), self._since_ms)
            courier.begin(connection, self._policy, self._since_ms)
        self._link = self._open_link()
        self._due = {
            "purge": _Due(self._policy.retention.purge_every_s),
            "status": _Due(STATUS_S),
            "head": _Due(HEAD_S),
            "anchor": _Due(ANCHOR_S),
        }

    def _open_link(self) -> Client:
        gone = seal(offline(self._policy, self._since_ms))
        presence = Presence(
            site=self._policy.site,
            camera=self._policy.broker.name,
            online=seal(self._status()),
            lost=gone,
            leaving=lambda: seal(offline(self._policy, self._clock.now_ms())),
        )
        share = f"$share/{self._policy.broker.share}/" if self._policy.broker.share else ""
        site = self._policy.site
        evidence = ("evidence",) if self._policy.evidence.enabled else ()
        shared = tuple(share + every(kind, site) for kind in ("sighting", *field_acts.KINDS, *evidence))
        filters = (*shared, every("status", site))
        return Client(self._policy.broker, presence, hearing=Hearing(filters=filters, take=self._take))

    def _work(self) -> Ending:
        self._turn()  # the lists are in force before the first sighting comes
        self._link.start(self._queue)
        for one in self._couriers:
            one.start()
        self._watchdog.ready(self._told())
        while self._ending is None:
            self._wake.wait(TURN_S)
            self._turn()
            if not self._link.alive:
                log.critical("the link's thread has ended; the desk ends too, to be started anew")
                self._ending = "failed"
            elif monotonic() - self._link.beat_s < LINK_SILENT_S_MAX:
                self._watchdog.alive()
        self._watchdog.stopping("sending what waits")
        for one in self._couriers:
            one.stop()
        self._link.close(DRAIN_S)
        for one in self._couriers:
            one.join(HANDING_S_MAX)
        return self._ending

    def _told(self) -> str:
        """What systemd shows of the desk; the log has it too, where sightings are handed on."""
        handed = ", ".join(courier.label(one) for one in self._policy.adapters)
        if handed:
            log.info("sightings are handed on: %s", handed)
        told = f"{len(self._policy.cameras)} cameras, retention {self._policy.retention.days:g} days"
        return f"{told}, handed on: {handed}" if handed else told

    def _take(self, received: Received) -> None:
        """In the link's thread. Raises OSError when the message must come again."""
        now_ms = self._clock.now_ms()
        try:
            if received.topic.endswith("/status"):
                self._note_status(received, now_ms)
                return
            if received.topic.endswith(field_acts.ENDINGS):
                field_acts.note(self._store, self._policy, received.topic, received.payload, now_ms)
                return
            with self._lock:
                outcome = self._intake.take(received.topic, received.payload, now_ms)
        except StoreAway as error:
            self._say_away(error)
            raise StoreSilent(str(error)) from error
        if outcome.result == "refused":
            log.warning("a message was refused: %s", outcome.fault)
        if outcome.hit is not None:
            log.info("hit %s, %s", outcome.hit.id, outcome.hit.grade)
            self._link.wake()

    def _note_status(self, received: Received, now_ms: int) -> None:
        camera = received.topic.split("/")[3]
        if camera == DESK or camera not in self._policy.cameras:
            return
        try:
            told = unseal(received.payload, Status)
        except NotSealable:
            return
        with self._store.write() as connection:
            if told.state == "online":
                outages.end(connection, camera, now_ms)
            else:
                outages.begin(connection, camera, now_ms, self._policy.limits.outages)

    def _turn(self) -> None:
        away = self._store_away
        try:
            if away:
                self._probe()
            self._refresh()
            if self._due["purge"]:
                self._purge()
            if self._due["head"]:
                self._publish_head()
            if self._due["anchor"]:
                self._anchor()
            if self._due["status"]:
                self._tell_status()
        except StoreAway as error:
            self._say_away(error)
        else:
            if away:
                self._say_back()

    def _probe(self) -> None:
        try:
            self._store.probe()
        except DiskFull:
            if self._due["purge"]:  # what is due goes all the same, and leaves room
                self._purge()
            raise

    def _refresh(self) -> None:
        now_ms = self._clock.now_ms()
        with self._lock:
            try:
                with self._store.read() as connection:
                    new = self._watch.refresh(connection, now_ms)
            except DamagedList as error:
                log.error("a hotlist in the store is damaged, install it anew: %s", error)  # noqa: TRY400
                return
            made = self._intake.look_back(new, now_ms) if new else []
        if new:
            log.info("lists in force anew: %s; %d late hits", ", ".join(sorted(new)), len(made))
            self._due["status"].next_s = 0.0
        if made:
            self._link.wake()

    def _purge(self) -> None:
        now_ms = self._clock.now_ms()
        proof = retention.purge(self._store, self._policy.retention, now_ms)
        if proof.purged:
            log.info("%d rows were due and are gone", proof.purged)
        with self._store.write() as connection:
            self._clock.remember(connection)

    def _publish_head(self) -> None:
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            head = audit.head(connection)
            if head is None or get_state(connection, "head published") == str(head.number):
                return
            at = time(now_ms * 1_000_000)
            put(
                connection,
                seal(AuditHead(site=self._policy.site, rows=head.number, hash=head.hash, made_at=at)),
                now_ms,
            )
            set_state(connection, "head published", str(head.number))
        self._link.wake()

    def _anchor(self) -> None:
        if self._policy.audit.anchors is None:
            return
        with self._store.read() as connection:
            head = audit.head(connection)
        assert head is not None, "the log begins with the desk's own start"
        try:
            audit.write_anchor(Path(self._policy.audit.anchors), head)
        except OSError as error:
            log.warning("the audit's head cannot be anchored: %s", error)

    def _status(self) -> DeskStatus:
        now_ms = self._clock.now_ms()
        with self._store.read() as connection:
            self._known = figures(connection, now_ms)
            adapters = tuple(one.status(connection) for one in self._couriers)
        return status(
            self._policy,
            self._watch,
            self._known,
            now_ms=now_ms,
            since_ms=self._since_ms,
            waiting=self._queue.depth(),
            held=self._clock.held,
            adapters=adapters,
        )

    def _tell_status(self) -> None:
        told = self._status()
        worries = {f"hotlist {one.name} is {one.condition}" for one in told.lists if one.condition != "fresh"}
        if told.calibration_overdue:
            worries.add("the calibration vehicle has raised no hit in time: check cameras, broker and lists")
        for worry in sorted(worries - self._worries):
            log.warning("%s", worry)
        self._worries = worries
        self._link.say(seal(told))

    def _say_away(self, error: StoreAway) -> None:
        """The change is logged, the repetition is not."""
        if not self._store_away:
            log.warning("%s; the broker keeps what comes", error)
        self._store_away = True

    def _say_back(self) -> None:
        log.info("the store is back")
        self._store_away = False


def _entry(act: Literal["settings changed", "desk started"], detail: str) -> audit.Entry:
    return audit.Entry(act=act, who="desk", agency="", detail=detail)
