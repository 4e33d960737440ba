"""The camera's daemon: three threads around the pure line.

    capture thread ─▶ [slot: 1 newest frame] ─▶ vision thread ─▶ outbox ◀─ link thread ─▶ broker

Where the line to the broker is another process's (`publishing`), the link thread only hands over to it.
The vision thread is the main one. It alone feeds systemd's watchdog, and only while the other two show life; a camera
or a broker that is merely away counts as life.
"""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Literal

import msgspec

from edge.camera.clock import SystemClock
from edge.camera.device import vital
from edge.camera.disk import OutboxError
from edge.camera.evidence import Crops
from edge.camera.frames.open import open_source
from edge.camera.frames.rhythm import paced, stamped
from edge.camera.frames.slot import Slot
from edge.camera.frames.source import Clock
from edge.camera.health import Facts, Vitals
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.normal import Remembered
from edge.camera.outbox import Outbox
from edge.camera.presence import discoveries, presence
from edge.camera.quality import Quality
from edge.camera.recordings.shelf import Shelf
from edge.camera.state_files import NORMAL, leave_health, leave_struct, read_struct, word_folder
from edge.camera.visits import Visits
from edge.link.client import DRAIN_S_MAX, LIFELESS_S_MAX, Client, Hearing
from edge.link.handing import Handing
from edge.link.topics import topic
from edge.record.boundary import seal
from edge.record.counters import Counters
from edge.record.health import Picture
from edge.settings.paths import anchored

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edge.camera.frames.source import Source
    from edge.camera.notify import Notifier
    from edge.camera.scene import Frame
    from edge.record.access import Access
    from edge.record.boundary import Sealed
    from edge.record.sighting import Sighting
    from edge.settings.camera import CameraSettings

log = logging.getLogger(__name__)

TURN_S_MAX = 0.25
"""The vision thread turns at least this often, frame or no frame: passes end, the watchdog is fed."""
QUALITY_EVERY_S = 1.0
TEND_EVERY_S = 60.0
RECORDING_EVERY_S = 5.0
"""A recording that begins or ends is told within this, and not only with the minute's report."""
REMEMBER_EVERY_S = 3600.0

Ending = Literal["ended", "stopped", "reload", "failed"]
"""The recording is over; somebody asked; somebody asked for new settings; a thread died."""


@dataclass(slots=True)
class _Due:
    """When the vision thread's smaller duties are next, monotonic seconds."""

    quality_s: float = 0.0
    tend_s: float = 0.0
    health_s: float = 0.0
    recording_s: float = 0.0
    remember_s: float = field(default_factory=lambda: time.monotonic() + REMEMBER_EVERY_S)


class Daemon:
    """One camera from its settings to its goodbye. `run` blocks; `stop` and `reload` may come from a signal."""

    def __init__(
        self, settings: CameraSettings, root: Path, folder: Path, notifier: Notifier, publisher: str | None = None
    ) -> None:
        """`root` is where the settings' paths begin, `folder` holds the outbox.

        `publisher`: the socket of the process that has the line to the broker; without one, that is a thread here.
        SettingsWrong, SourceUnusable, LinkMisconfigured: it cannot start as it is set.
        """
        self._settings, self._notifier, self._folder = settings, notifier, folder
        placed = anchored(settings, root)
        self._networks = load_networks(settings, root)
        self._source: Source = open_source(placed.source, settings.camera)
        self._slot, self._stop = Slot(), Event()
        self._asked: Ending | None = None
        self._crops = Crops(settings.site, settings.camera) if settings.evidence.enabled else None
        self._client = (
            Handing(publisher, take=self._give)
            if publisher
            else Client(placed.broker, presence(settings), hearing=self._hearing())
        )
        self._clock = SystemClock()
        self._outbox = Outbox.open(folder, settings.outbox, self._clock)
        told_by = origin(settings, self._networks, secrets.token_hex(8))
        self._line = fresh_line(
            settings, self._networks, told_by, memory=self._outbox, synchronized=self._clock.synchronized
        )
        if self._crops is not None:
            self._line.on_looks, self._line.on_told = self._crops.look, self._crops.tell
        self._vitals = Vitals(told_by, self._line.tally)
        frozen_s_max = None if self._source.recorded else settings.source.frozen_s_max
        remembered = None if self._source.recorded else read_struct(folder / NORMAL, Remembered)
        self._quality, self._picture = Quality(frozen_s_max, remembered), _UNSEEN
        self._due, self._days_said = _Due(), b""
        self._visits = Visits(folder, settings.site, settings.camera)
        self._shelf = Shelf(folder, settings.site, settings.camera, settings.recording.keep_days_max)
        self._recording_until: str | None = None

    def _hearing(self) -> Hearing | None:
        """A camera hears nothing, but where evidence is on: of which sighting the desk wants the plate's crop."""
        if self._crops is None:
            return None
        asked = topic(self._settings.site, self._settings.camera, "evidence_request")
        return Hearing(filters=(asked,), take=lambda received: self._give(received.payload))

    def _give(self, asked: bytes) -> None:
        """In the link's thread. What is no request of ours is left unanswered."""
        crop = None if self._crops is None else self._crops.answer(asked, time.monotonic_ns())
        if crop is not None:
            self._client.hand(crop)

    def stop(self) -> None:
        """Finish open passes, drain, say goodbye; `run` returns within 10 s.

        Only leaves word: a signal may arrive while this very thread holds a lock.
        """
        self._asked = "stopped"

    def reload(self) -> None:
        """The same, and `run` returns `reload`."""
        self._asked = "reload"

    def run(self) -> Ending:
        """Until the recording ends or somebody says so."""
        capture = Thread(target=self._capture, name="capture", daemon=True)
        for told in discoveries(self._settings):
            self._client.say(told)
        self._client.start(self._outbox)
        capture.start()
        self._notifier.ready(f"{self._settings.camera}: looking; {self._networks.provider} runs the networks")
        try:
            while not self._slot.ended and self._asked is None:
                self._turn()
        finally:
            self._finish(capture)
        return self._asked or "ended"

    def _capture(self) -> None:
        """The capture thread: every frame into the slot, until the source ends."""
        try:
            for frame in self._live(self._source.frames()):
                self._slot.put(frame)
        except Exception:  # the one place: a dead thread must end the daemon, not leave it blind
            log.exception("capture died")
            self._asked = "failed"
        finally:
            self._slot.close()

    def _live(self, frames: Iterable[Frame]) -> Iterable[Frame]:
        return stamped(paced(frames, 1.0, wait=self._stop.wait), Clock()) if self._source.recorded else frames

    def _turn(self) -> None:
        """One frame through the line, or none; then what is due."""
        frame = self._slot.take(TURN_S_MAX)
        began = time.monotonic()
        if frame is None:
            self._keep(self._line.idle(time.monotonic_ns()))
        else:
            self._keep(self._line.update(frame))
            self._vitals.looked((time.monotonic() - began) * 1000)
        self._duties(frame)

    def _duties(self, frame: Frame | None) -> None:
        now_s, due = time.monotonic(), self._due
        if frame is not None and now_s >= due.quality_s:
            due.quality_s = now_s + QUALITY_EVERY_S
            self._picture = self._look_at_quality(frame)
        if now_s >= due.tend_s:
            due.tend_s = now_s + TEND_EVERY_S
            self._outbox.tend()
            if self._crops is not None:
                self._crops.forget(time.monotonic_ns())
        if now_s >= due.recording_s:
            due.recording_s = now_s + RECORDING_EVERY_S
            self._watch_technicians()
        if now_s >= due.remember_s:
            due.remember_s = now_s + REMEMBER_EVERY_S
            self._remember()
        if now_s >= due.health_s:
            due.health_s = now_s + self._settings.health.interval_s
            self._say_health()
        if self._others_live(now_s):
            self._notifier.alive()

    def _keep(self, sightings: Iterable[Sighting]) -> None:
        """Each on the disk before anyone is told of it."""
        for sighting in sightings:
            self._vitals.told(with_plate=sighting.plate is not None)
            try:
                self._outbox.keep(partial(_numbered, sighting))
            except OutboxError:  # the disk said why; the road goes on
                self._vitals.unrecorded += 1
            else:
                self._client.wake()

    def _look_at_quality(self, frame: Frame) -> Picture:
        seen = self._quality.update(frame, self._line.tally.plates)
        return Picture(
            dark=seen.dark,
            burnt=seen.burnt,
            blurred=seen.blurred,
            frozen=seen.frozen,
            moved=seen.moved,
            infrared=seen.infrared,
            dirty=seen.dirty,
            lamp_failed=seen.lamp_failed,
        )

    def _watch_technicians(self) -> None:
        """What they record or look at: told at once when it begins or ends, each act kept for the desk."""
        with suppress(OSError):  # of the outbox, which has said so, or of the folder: in a moment again
            self._shelf.tend(time.time_ns(), self._keep_access)
            self._visits.tend(time.time_ns(), self._keep_access)
        begun = self._shelf.running()
        until = None if begun is None else begun.until
        if until != self._recording_until:
            self._recording_until, self._due.health_s = until, 0.0

    def _keep_access(self, access: Access) -> None:
        self._outbox.keep_access(access)
        self._client.wake()

    def _remember(self) -> None:
        """The picture's normal, for the next start; a recording's is nobody's."""
        if not self._source.recorded:
            leave_struct(self._folder, NORMAL, self._quality.remembered)

    def _say_health(self) -> None:
        facts = Facts(
            source=self._source.status,
            dropped=self._slot.dropped,
            outbox=self._outbox.report(),
            link=self._client.report,
            picture=self._picture,
            provider=self._networks.provider,
            device=vital(self._folder),
            synchronized=self._clock.synchronized(),
            recording_until=self._recording_until,
        )
        sealed = seal(self._vitals.report(facts))
        self._client.say(sealed)
        leave_health(word_folder(self._settings.camera, self._folder), sealed)
        self._say_days()

    def _say_days(self) -> None:
        """The day's counts, when they changed."""
        try:
            days = self._outbox.days()
        except OutboxError:
            return
        sealed = seal(Counters(site=self._settings.site, camera=self._settings.camera, days=days))
        if sealed.payload != self._days_said:
            self._days_said = sealed.payload
            self._client.say(sealed)

    def _others_live(self, now_s: float) -> bool:
        capture_s = self._source.status.alive_ns / 1e9
        return self._client.alive and max(now_s - self._client.beat_s, now_s - capture_s) < LIFELESS_S_MAX

    def _finish(self, capture: Thread) -> None:
        if self._asked == "reload":
            self._notifier.reloading()
        else:
            self._notifier.stopping()
        self._stop.set()
        self._source.close()
        self._keep(self._line.finish())
        self._remember()
        self._say_health()
        self._client.close(DRAIN_S_MAX)
        capture.join(1.0)
        self._outbox.close()
        log.info("%s: %s", self._settings.camera, self._asked or "ended")


_UNSEEN = Picture(
    dark=None, burnt=None, blurred=None, frozen=None, moved=None, infrared=None, dirty=None, lamp_failed=None
)


def _numbered(sighting: Sighting, sequence: int) -> Sealed:
    return seal(msgspec.structs.replace(sighting, sequence=sequence))
