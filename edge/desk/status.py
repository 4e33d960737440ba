"""The desk's own state, for `…/desk/status`: what it alerts on, how old its lists are, what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from edge import __version__
from edge.desk import sequence
from edge.desk.hotlists.shelf import HOUR_MS, condition
from edge.desk.store.counters import totals
from edge.desk.store.tables import hit, verdict
from edge.record.desk_status import DeskStatus, ListStatus
from edge.record.words import time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.hotlists.watch import Watch
    from edge.record.desk_status import AdapterStatus
    from edge.settings.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What only the store knows."""

    sightings: int = 0
    refused: int = 0
    gaps: int = 0
    hits_unverified: int = 0
    calibration_ms: int | None = None


def figures(connection: Connection, now_ms: int) -> Figures:
    """Counts of the last thirty days, and what is open."""
    calibration_ms = connection.execute(select(func.max(hit.c.made_ms)).where(hit.c.calibration)).scalar_one()
    return Figures(
        sightings=sum(totals(connection, "vehicles", now_ms).values()),
        refused=sum(totals(connection, "refused_messages", now_ms).values()),
        gaps=sequence.missing(connection),
        hits_unverified=unverified(connection),
        calibration_ms=calibration_ms,
    )


def unverified(connection: Connection) -> int:
    """Hits that nobody has looked at; the department's own calibration is none."""
    seen = select(verdict.c.row).where(verdict.c.hit == hit.c.id)
    open_ = select(func.count()).select_from(hit).where(~hit.c.calibration, ~seen.exists())
    return int(connection.execute(open_).scalar_one())


def status(
    policy: Policy,
    watch: Watch,
    known: Figures,
    *,
    now_ms: int,
    since_ms: int,
    waiting: int,
    held: bool,
    adapters: tuple[AdapterStatus, ...] = (),
) -> DeskStatus:
    """The message."""
    lists = tuple(
        ListStatus(
            name=one.name,
            version=one.version,
            made_at=time(one.made_ms * 1_000_000),
            entries=one.entries,
            condition=condition(one.made_ms, now_ms, policy.hotlists),
        )
        for one in watch.shelved()
    )
    return DeskStatus(
        site=policy.site,
        state="online",
        since=time(since_ms * 1_000_000),
        software=__version__,
        file_codes=watch.file_codes(),
        lists=lists,
        sightings=known.sightings,
        refused=known.refused,
        gaps=known.gaps,
        hits_unverified=known.hits_unverified,
        waiting=waiting,
        clock="held" if held else "trusted",
        calibration_last=None if known.calibration_ms is None else time(known.calibration_ms * 1_000_000),
        calibration_overdue=_overdue(policy, known.calibration_ms or since_ms, now_ms),
        adapters=adapters,
    )


def _overdue(policy: Policy, last_ms: int, now_ms: int) -> bool:
    planted = policy.hotlists.calibration
    return planted is not None and now_ms - last_ms > planted.every_hours * HOUR_MS


def offline(policy: Policy, since_ms: int) -> DeskStatus:
    """What the broker says when the line breaks, and the desk when it leaves."""
    return DeskStatus(
        site=policy.site,
        state="offline",
        since=time(since_ms * 1_000_000),
        software=__version__,
        file_codes=(),
        lists=(),
        sightings=0,
        refused=0,
        gaps=0,
        hits_unverified=0,
        waiting=0,
        clock="trusted",
        calibration_last=None,
        calibration_overdue=False,
        adapters=(),
    )
