"""A match becomes a hit: one row, one message waiting for the broker, one audit row, one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import insert, select

from edge.desk import audit, matching
from edge.desk.store import count
from edge.desk.store.tables import hit, outgoing, verdict
from edge.record.hit import Hit, HitList, HitListed, HitMatch, HitRead
from edge.record.words import probability, time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.matching import Match
    from edge.record.sighting import Sighting
    from edge.record.verdict import Finding
    from edge.settings.policy import MatchingSettings

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A sighting as the desk has it: what the camera said, and what the desk knows of its time."""

    sighting: Sighting
    captured_ms: int
    received_ms: int
    dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A hit with the verdict that stands, if there is one."""

    hit: Hit
    finding: Finding | None
    revision: int
    who: str


def keep(
    connection: Connection, seen: Seen, match: Match, list_installed_ms: int, rules: MatchingSettings, now_ms: int
) -> Hit | None:
    """Write a hit down and put it in the queue for the broker. None when the pass has its hit already."""
    audit.lock(connection)  # two desks that look back at once would each make this hit
    known = select(hit.c.row).where(hit.c.sighting == seen.sighting.id)
    if connection.execute(known).first() is not None:
        return None
    made = conclude(seen, match, list_installed_ms, rules, now_ms)
    message = msgspec.json.encode(made).decode()
    connection.execute(
        insert(hit).values(
            id=made.id,
            sighting=made.sighting,
            camera=made.camera,
            captured_ms=seen.captured_ms,
            made_ms=now_ms,
            list=made.list.name,
            calibration=made.calibration,
            message=message,
        )
    )
    # What waits for the broker goes by the capture too, like the hit itself.
    connection.execute(insert(outgoing).values(kind="hit", made_ms=seen.captured_ms, payload=message))
    if not made.calibration:
        count(connection, "hits", made.list.name, now_ms)
    audit.append(connection, _written(made), now_ms)
    return made


def conclude(seen: Seen, match: Match, list_installed_ms: int, rules: MatchingSettings, now_ms: int) -> Hit:
    """The message: what was read, what is listed, and everything in which the two differ."""
    sighting, plate = seen.sighting, seen.sighting.plate
    assert plate is not None, "a hit without a plate"
    age_ms = max(0, now_ms - match.list.made_ms)
    return Hit(
        id=hashlib.sha256(f"hit {sighting.id}".encode()).hexdigest()[:32],
        site=sighting.site,
        camera=sighting.camera,
        sighting=sighting.id,
        made_at=time(now_ms * 1_000_000),
        first_seen=sighting.first_seen,
        last_seen=sighting.last_seen,
        direction=sighting.direction,
        origin=matching.origin(seen.received_ms - seen.captured_ms, list_installed_ms, seen.received_ms, rules),
        live=matching.is_live(match, now_ms - seen.captured_ms, rules, dated=seen.dated),
        grade=match.grade,
        calibration=match.listed.calibration,
        read=HitRead(
            text=plate.text,
            confidence=probability(plate.confidence),
            region=sighting.region.code if sighting.region else None,
            region_confidence=sighting.region.confidence if sighting.region else None,
            weakest=match.weakest,
        ),
        listed=HitListed(
            text=match.listed.text, region=match.listed.region, types=match.listed.types, colors=match.listed.colors
        ),
        match=HitMatch(
            characters=match.characters,
            differences=match.differences,
            state=match.state,
            vehicle_type=match.vehicle_type,
            vehicle_color=match.vehicle_color,
        ),
        list=HitList(
            name=match.list.name,
            file_code=match.listed.code,
            version=match.list.version,
            made_at=time(match.list.made_ms * 1_000_000),
            age_hours=min(round(age_ms / HOUR_MS, 1), 100_000.0),
            stale=match.list.condition == "stale",
        ),
    )


def recent(connection: Connection, limit: int, after_row: int = 0, since_ms: int = 0) -> list[tuple[int, Reviewed]]:
    """The newest hits with their standing verdicts, oldest first, each with its row for the next call's `after_row`."""
    newest = (
        select(hit.c.row, hit.c.id, hit.c.message)
        .where(hit.c.row > after_row, hit.c.captured_ms >= since_ms)
        .order_by(hit.c.row.desc())
        .limit(limit)
    )
    found = list(connection.execute(newest))[::-1]
    return [(int(row.row), _reviewed(connection, row.id, row.message)) for row in found]


def find(connection: Connection, prefix: str) -> list[Reviewed]:
    """The hits whose id begins so; more than one when the prefix is too short."""
    assert prefix.isalnum(), "an id is hex digits"
    found = connection.execute(select(hit.c.id, hit.c.message).where(hit.c.id.startswith(prefix)).limit(2))
    return [_reviewed(connection, row.id, row.message) for row in found]


def _reviewed(connection: Connection, id_: str, message: str) -> Reviewed:
    standing = connection.execute(
        select(verdict.c.finding, verdict.c.revision, verdict.c.who)
        .where(verdict.c.hit == id_)
        .order_by(verdict.c.revision.desc())
        .limit(1)
    ).one_or_none()
    made = msgspec.json.decode(message, type=Hit)
    if standing is None:
        return Reviewed(hit=made, finding=None, revision=0, who="")
    return Reviewed(hit=made, finding=standing.finding, revision=standing.revision, who=standing.who)


def _written(made: Hit) -> audit.Entry:
    # No plate: this row is kept for good, the hit for thirty days.
    return audit.Entry(
        act="hit",
        who="desk",
        agency="",
        subject=f"hit {made.id}",
        outcome=made.grade,
        detail=(
            f"list {made.list.name} version {made.list.version}, file {made.list.file_code or 'none'}, "
            f"{made.match.characters}, state {made.match.state}, {made.origin}"
            + (", calibration" if made.calibration else "")
        ),
    )
