"""One of each message, as a subscriber may see it: in the schemas, in the AsyncAPI document and in the tests."""

from __future__ import annotations

from typing import Final

import msgspec

from edge.record.access import Access
from edge.record.audit_head import AuditHead
from edge.record.counters import Counters, Day
from edge.record.desk_status import AdapterStatus, DeskStatus, ListStatus
from edge.record.discovery import discover, discover_sightings
from edge.record.evidence import Evidence, EvidenceRequest
from edge.record.frigate import FrigateUpdate
from edge.record.health import Device, Health, Latency, Link, Outbox, Picture, Source, Stages
from edge.record.hit import Difference, Hit, HitList, HitListed, HitMatch, HitRead, WeakestCharacter
from edge.record.selftest import SelfTest
from edge.record.sighting import Alternative, Clock, Models, PlateText, RegionCandidate, Sighting, VehicleSeen
from edge.record.status import Status
from edge.record.verdict import Verdict

_SIGHTING = Sighting(
    id="5f0c1f7c9a0b4e6d8f21337764cafe01",
    site="hesston",
    camera="north",
    sequence=4711,
    first_seen="2026-11-23T18:04:11.213Z",
    last_seen="2026-11-23T18:04:12.880Z",
    direction="northbound",
    heading="approaching",
    plate=PlateText(
        text="123ABC",
        confidence=0.98,
        characters=(0.99, 0.99, 0.998, 0.97, 0.981, 0.99),
        alternatives=(Alternative(text="I23ABC", confidence=0.01),),
        width_px=92,
        reads=7,
        agreement=0.86,
    ),
    region=RegionCandidate(code="US-KS", confidence=0.93),
    vehicle=VehicleSeen(type="pickup", type_confidence=0.9, color="white", color_confidence=0.8),
    clock=Clock(synchronized=True),
    models=Models(detector="3f9c2a61b07d", reader="9d41ce02f6aa", vehicle="07be55c1d9e3"),
    settings="b1946ac92492",
    software="1.2.0",
)

_UNREADABLE = msgspec.structs.replace(
    _SIGHTING,
    id="0d9a7be2c1534f0f9a1ec0ffee5eed02",
    sequence=4712,
    direction=None,
    heading=None,
    plate=None,
    region=None,
    vehicle=None,
    clock=Clock(synchronized=False),
    models=Models(detector="3f9c2a61b07d", reader="9d41ce02f6aa", vehicle=None),
)

_HEALTH = Health(
    site="hesston",
    camera="north",
    time="2026-11-23T18:05:00.000Z",
    software="1.2.0",
    source=Source(state="connected", reconnects=1, frames_per_second=14.9),
    stages=Stages(
        frames_read=107_413,
        frames_dropped=36,
        frames_broken=2,
        frames_moving=9_120,
        plates=4_877,
        reads=3_902,
        passes=560,
        sightings=521,
        unrecorded=0,
        published=520,
    ),
    latency=Latency(p50_ms=38.1, p95_ms=71.4),
    read_rate=0.967,
    picture=Picture(
        dark=False, burnt=False, blurred=False, frozen=False, moved=None, infrared=True, dirty=None, lamp_failed=False
    ),
    recording_until=None,
    provider="cpu",
    clock=Clock(synchronized=True),
    outbox=Outbox(
        state="ok",
        depth=1,
        bytes=40_960,
        oldest="2026-11-23T18:04:12.880Z",
        oldest_age_s=47.1,
        dropped_by_age=0,
        dropped_by_bytes=0,
        refused=0,
        damaged=0,
    ),
    link=Link(state="connected", protocol="5", connects=1),
    device=Device(temperature_c=61.2, throttled=False, disk_free_mb=18_211, rss_mb=214, written_mb=3, uptime_s=7_213.0),
)

_HIT = Hit(
    id="7a15bd20c0de4be1950ddba11caf3003",
    site="hesston",
    camera="north",
    sighting=_SIGHTING.id,
    made_at="2026-11-23T18:04:13.301Z",
    first_seen=_SIGHTING.first_seen,
    last_seen=_SIGHTING.last_seen,
    direction="northbound",
    origin="on_time",
    live=True,
    grade="possible",
    calibration=False,
    read=HitRead(
        text="123ABC",
        confidence=0.98,
        region="US-KS",
        region_confidence=0.93,
        weakest=WeakestCharacter(position=4, read="A", listed="A", probability=0.97),
    ),
    listed=HitListed(text="I23ABC", region="US-KS", types=("pickup",), colors=("white", "grey")),
    match=HitMatch(
        characters="confusable",
        differences=(Difference(position=1, read="1", listed="I"),),
        state="match",
        vehicle_type="agrees",
        vehicle_color="agrees",
    ),
    list=HitList(
        name="ncic", file_code="V", version=212, made_at="2026-11-23T12:00:00.000Z", age_hours=6.07, stale=False
    ),
)

EXAMPLES: Final[tuple[msgspec.Struct, ...]] = (
    _SIGHTING,
    _UNREADABLE,
    Status(site="hesston", camera="north", state="online", software="1.2.0", since="2026-11-23T16:04:47.000Z"),
    Status(site="hesston", camera="north", state="offline", software="1.2.0", since=None),
    _HEALTH,
    Counters(
        site="hesston",
        camera="north",
        days=(
            Day(date="2026-11-22", vehicles=498, plates=481),
            Day(date="2026-11-23", vehicles=521, plates=504),
        ),
    ),
    SelfTest(
        id="c0ffee1f7c9a0b4e6d8f213377640001",
        site="hesston",
        camera="north",
        time="2026-11-23T17:00:02.310Z",
        outcome="read",
        confidence=0.981,
        frames=31,
        plates=24,
        reads=24,
        models=_SIGHTING.models,
        settings=_SIGHTING.settings,
        software="1.2.0",
    ),
    Access(
        id="acce551f7c9a0b4e6d8f213377640002",
        site="hesston",
        camera="north",
        time="2026-11-23T17:05:00.000Z",
        act="recording_started",
        who="technician",
        reason="tuning",
        until="2026-11-23T17:35:00.000Z",
    ),
    discover(
        "hesston",
        "north",
        health="lpr/v1/hesston/north/health",
        status="lpr/v1/hesston/north/status",
        software="1.2.0",
    ),
    discover_sightings("hesston", "north", sighting="lpr/v1/hesston/north/sighting", software="1.2.0"),
    _HIT,
    Verdict(
        id="11d3c4be5a6f4d0c8a4e2b90aa77d004",
        site="hesston",
        hit=_HIT.id,
        finding="misread",
        revision=1,
        supersedes=None,
        made_at="2026-11-23T18:05:02.118Z",
        audit=90_211,
    ),
    AuditHead(
        site="hesston",
        rows=90_211,
        hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        made_at="2026-11-23T18:05:02.118Z",
    ),
    DeskStatus(
        site="hesston",
        state="online",
        since="2026-11-20T06:00:00.000Z",
        software="1.2.0",
        file_codes=("V", "P"),
        lists=(
            ListStatus(name="ncic", version=212, made_at="2026-11-23T12:00:00.000Z", entries=18_204, condition="fresh"),
        ),
        sightings=31_272,
        refused=0,
        gaps=0,
        hits_unverified=1,
        waiting=0,
        clock="trusted",
        calibration_last="2026-11-23T07:31:00.402Z",
        calibration_overdue=False,
        adapters=(AdapterStatus(format="openalpr", state="well", waiting=0, refused=0),),
    ),
    FrigateUpdate(
        type="lpr",
        id=_SIGHTING.id,
        name=None,
        plate="123ABC",
        score=0.98,
        timestamp=1_795_457_051.213,
        camera="north",
    ),
    EvidenceRequest(id=_SIGHTING.id, site="hesston", camera="north", made_at=_HIT.made_at),
    Evidence(
        id=_SIGHTING.id,
        site="hesston",
        camera="north",
        taken_at="2026-11-23T18:04:12.213Z",
        columns=("ffffff", "f0000f", "ff00ff", "f0000f", "ffffff"),
    ),
)
"""Every type in `SEALABLE` at least once."""
