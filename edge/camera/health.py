"""What the daemon says of itself each minute: the stages' counters, the doors' states, the computer's own figures."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.record.health import Device, Health, Latency, Link, Outbox, Picture, Source, Stages
from edge.record.sighting import Clock
from edge.record.words import time as written

if TYPE_CHECKING:
    from edge.camera import outbox
    from edge.camera.device import Vital
    from edge.camera.frames.source import SourceStatus
    from edge.camera.pipeline import Tally
    from edge.camera.sightings import Origin
    from edge.link import client
    from edge.record.health import Provider

LATENCIES_MAX = 2_000
"""Frames that the latency is taken over: about two minutes."""
HOUR_S = 3600.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that one report is made of, besides what `Vitals` remembers."""

    source: SourceStatus
    dropped: int
    """Frames that the slot overwrote because vision was busy."""
    outbox: outbox.Report
    link: client.Report
    picture: Picture
    provider: Provider | None
    device: Vital
    synchronized: bool
    recording_until: str | None = None
    """See `recording`: RFC 3339."""


class Vitals:
    """Remembers what a report needs over time. Belongs to the vision thread."""

    def __init__(self, origin: Origin, tally: Tally) -> None:
        self._origin, self._tally = origin, tally
        self._began_s = time.monotonic()
        self._latency_ms: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._frames_s: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._told: deque[tuple[float, bool]] = deque(maxlen=10_000)
        self.unrecorded = 0
        """Sightings that the disk would not take."""

    def looked(self, spent_ms: float) -> None:
        """One frame went through the line."""
        self._latency_ms.append(spent_ms)
        self._frames_s.append(time.monotonic())

    def told(self, *, with_plate: bool) -> None:
        """One sighting was concluded."""
        self._told.append((time.monotonic(), with_plate))

    def report(self, facts: Facts) -> Health:
        """The minute's report."""
        now_s = time.monotonic()
        return Health(
            site=self._origin.site,
            camera=self._origin.camera,
            time=written(time.time_ns()),
            software=self._origin.software,
            source=self._source(facts.source, now_s),
            stages=self._stages(facts),
            latency=self._latency(),
            read_rate=self._read_rate(now_s),
            picture=facts.picture,
            recording_until=facts.recording_until,
            provider=facts.provider,
            clock=Clock(synchronized=facts.synchronized),
            outbox=_outbox(facts.outbox),
            link=Link(state=facts.link.state, protocol=facts.link.protocol, connects=facts.link.connects),
            device=Device(
                temperature_c=facts.device.temperature_c,
                throttled=facts.device.throttled,
                disk_free_mb=facts.device.disk_free_mb,
                rss_mb=facts.device.rss_mb,
                written_mb=facts.device.written_mb,
                uptime_s=round(now_s - self._began_s, 1),
            ),
        )

    def _source(self, source: SourceStatus, now_s: float) -> Source:
        recent = [s for s in self._frames_s if s > now_s - MINUTE_S]
        spent_s = min(MINUTE_S, now_s - self._began_s)
        rate = round(len(recent) / spent_s, 2) if recent and spent_s > 1 else None
        return Source(state=source.state, reconnects=source.reconnects, frames_per_second=rate)

    def _stages(self, facts: Facts) -> Stages:
        tally = self._tally
        return Stages(
            frames_read=tally.frames + facts.dropped,
            frames_dropped=facts.dropped,
            frames_broken=facts.source.broken,
            frames_moving=tally.moving,
            plates=tally.plates,
            reads=tally.reads,
            passes=tally.passes,
            sightings=tally.sightings,
            unrecorded=self.unrecorded,
            published=facts.link.published,
        )

    def _latency(self) -> Latency | None:
        if not self._latency_ms:
            return None
        ranked = sorted(self._latency_ms)
        return Latency(
            p50_ms=round(ranked[len(ranked) // 2], 1),
            p95_ms=round(ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)], 1),
        )

    def _read_rate(self, now_s: float) -> float | None:
        recent = [with_plate for s, with_plate in self._told if s > now_s - HOUR_S]
        return round(sum(recent) / len(recent), 3) if recent else None


def _outbox(report: outbox.Report) -> Outbox:
    return Outbox(
        state=report.state,
        depth=report.depth,
        bytes=report.size_bytes,
        oldest=None if report.oldest_ns is None else written(report.oldest_ns),
        oldest_age_s=report.oldest_age_s,
        dropped_by_age=report.dropped_by_age,
        dropped_by_bytes=report.dropped_by_bytes,
        refused=report.refused,
        damaged=report.damaged,
    )
