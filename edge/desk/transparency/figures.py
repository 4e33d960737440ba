"""What the department publishes of itself: its policy, and what the desk's own store says it did in thirty days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import msgspec
from sqlalchemy import select

from edge import __version__
from edge.desk import audit, outages, retention, sequence
from edge.desk.hotlists import codes, shelf
from edge.desk.store.counters import day, totals
from edge.desk.store.tables import hotlist
from edge.desk.transparency.suppression import suppressed
from edge.record.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from edge.desk.audit import Head
    from edge.settings.policy import Policy

DAYS: Final = 30
DAY_MS: Final = 86_400_000
RATE_VERDICTS_MIN: Final = 20
"""Of fewer verdicts a percentage says more than is known."""


class Public(msgspec.Struct, frozen=True, kw_only=True):
    """What every part of the page is."""


class FileCode(Public, frozen=True, kw_only=True):
    """An NCIC file that may raise an alert now."""

    code: str
    name: str


class ActiveList(Public, frozen=True, kw_only=True):
    """A hotlist that is alerted on."""

    title: str
    in_force: bool
    condition: str | None
    left_out: dict[str, int]
    """Entries that were refused when it was installed, by reason."""


class Purge(Public, frozen=True, kw_only=True):
    """The proof that nothing is kept longer."""

    last_day: str | None
    records_deleted: int
    overdue: int | None
    oldest_days: float | None
    log_cut: bool | None


class Chain(Public, frozen=True, kw_only=True):
    """The proof that the record of who did what is whole."""

    rows: int
    head: str | None
    intact: bool


class Outages(Public, frozen=True, kw_only=True):
    """When something was not there."""

    count: int
    hours: float
    sightings_missing: int


class Receiver(Public, frozen=True, kw_only=True):
    """Another system that is handed sightings: its host alone."""

    host: str
    format: str


class Page(Public, frozen=True, kw_only=True):
    """Everything that is published. `None` in a table: fewer than `small_cell`, or what would tell such a number."""

    department: str
    overview: str
    last_updated: str
    detected: tuple[str, ...]
    not_detected: tuple[str, ...]
    acceptable_use: str
    prohibited_uses: str
    access_policy: str
    hotlist_policy: str
    retention_days: float
    cameras: int
    organisations: tuple[str, ...]
    hotlists: tuple[ActiveList, ...]
    file_codes: tuple[FileCode, ...]
    vehicles: int
    plates_read: int
    hits: int
    searches: int
    hits_by_verdict: dict[str, int | None]
    misread_percent: int | None
    searches_by_purpose: dict[str, int | None]
    searches_refused: int
    refused_by_cause: dict[str, int | None]
    messages_refused: int
    evidence: bool
    """Whether a plate's crop may be kept with its hit."""
    evidence_viewed: int
    receivers: tuple[Receiver, ...]
    """Systems that are handed each sighting with a plate."""
    handed_on: int
    small_cell: int
    purge: Purge
    audit: Chain
    outages: Outages
    contact: str | None
    software: str


def collect(connection: Connection, policy: Policy, now_ms: int, published: Sequence[Head] = ()) -> Page:
    """The page's figures. `published`: heads of the audit chain that are kept outside the store."""
    small = policy.transparency.small_cell
    own, hits = policy.department, totals(connection, "hits", now_ms)
    verdicts = _by_verdict(connection, sum(hits.values()), now_ms)
    told = suppressed(verdicts, small)
    searches, refused = totals(connection, "searches", now_ms), totals(connection, "refused_searches", now_ms)
    return Page(
        department=own.name,
        overview=own.overview,
        last_updated=day(now_ms),
        detected=own.detected,
        not_detected=own.not_detected,
        acceptable_use=own.acceptable_use,
        prohibited_uses=own.prohibited_uses,
        access_policy=own.access_policy,
        hotlist_policy=own.hotlist_policy,
        retention_days=policy.retention.days,
        cameras=len(policy.cameras),
        organisations=tuple(sorted(policy.agencies)),
        hotlists=_hotlists(connection, policy, now_ms),
        file_codes=_file_codes(connection),
        vehicles=sum(totals(connection, "vehicles", now_ms).values()),
        plates_read=sum(totals(connection, "reads", now_ms).values()),
        hits=sum(hits.values()),
        searches=sum(searches.values()),
        hits_by_verdict=told,
        misread_percent=_misread_percent(verdicts, told),
        searches_by_purpose=suppressed({_title(policy, key): number for key, number in searches.items()}, small),
        searches_refused=sum(refused.values()),
        refused_by_cause=suppressed(refused, small),
        messages_refused=sum(totals(connection, "refused_messages", now_ms).values()),
        evidence=policy.evidence.enabled,
        evidence_viewed=sum(totals(connection, "evidence_views", now_ms).values()),
        receivers=tuple(Receiver(host=one.receiver, format=one.format) for one in policy.adapters),
        handed_on=sum(totals(connection, "handed_on", now_ms).values()),
        small_cell=small,
        purge=_purge(connection, now_ms),
        audit=_chain(connection, published),
        outages=_outages(connection, now_ms),
        contact=own.contact,
        software=__version__,
    )


def _by_verdict(connection: Connection, hits: int, now_ms: int) -> dict[str, int]:
    found = totals(connection, "verdicts", now_ms)
    given = {finding: max(0, found.get(finding, 0)) for finding in get_args(Finding)}
    return {**given, "unverified": max(0, hits - sum(given.values()))}


def _misread_percent(verdicts: dict[str, int], told: dict[str, int | None]) -> int | None:
    """Of the hits that somebody looked at, those not what they seemed; None where it would tell a small cell."""
    given = sum(number for finding, number in verdicts.items() if finding != "unverified")
    if given < RATE_VERDICTS_MIN or told["misread"] is None or told["wrong_state"] is None:
        return None
    return round(100 * (verdicts["misread"] + verdicts["wrong_state"]) / given)


def _title(policy: Policy, key: str) -> str:
    return next((purpose.title for purpose in policy.search.purposes if purpose.key == key), key)


def _hotlists(connection: Connection, policy: Policy, now_ms: int) -> tuple[ActiveList, ...]:
    shelved = shelf.in_force(connection)
    every = []
    for entry in policy.hotlists.lists:
        one = shelved.get(entry.name)
        condition = shelf.condition(one.made_ms, now_ms, policy.hotlists) if one else None
        told = ("immigration", "suspended", "junk")
        left_out = {reason: one.left_out[reason] for reason in told if reason in one.left_out} if one else {}
        every.append(
            ActiveList(
                title=entry.title,
                in_force=condition in {"fresh", "stale"},
                condition=condition,
                left_out=left_out,
            )
        )
    if policy.hotlists.local.enabled:
        every.append(ActiveList(title=policy.hotlists.local.title, in_force=True, condition="fresh", left_out={}))
    return tuple(every)


def _file_codes(connection: Connection) -> tuple[FileCode, ...]:
    active = connection.execute(select(hotlist.c.codes).where(hotlist.c.active)).scalars()
    letters = sorted({letter for text in active for letter in text})
    return tuple(FileCode(code=letter, name=codes.FILES[letter]) for letter in letters)


def _purge(connection: Connection, now_ms: int) -> Purge:
    proof = retention.last_proof(connection)
    deleted = sum(totals(connection, "purged", now_ms).values())
    if proof is None:
        return Purge(last_day=None, records_deleted=deleted, overdue=None, oldest_days=None, log_cut=None)
    oldest = None if proof.oldest_ms is None else round((proof.at_ms - proof.oldest_ms) / DAY_MS, 1)
    return Purge(
        last_day=day(proof.at_ms),
        records_deleted=deleted,
        overdue=proof.overdue,
        oldest_days=oldest,
        log_cut=proof.log_cut,
    )


def _chain(connection: Connection, published: Sequence[Head]) -> Chain:
    head = audit.head(connection)
    count, findings = audit.verify(audit.rows(connection), head, published)
    return Chain(rows=count, head=head.hash if head else None, intact=not findings)


def _outages(connection: Connection, now_ms: int) -> Outages:
    # Of all parts together: a camera's name may say where it stands.
    spans = outages.spans(connection, now_ms - DAYS * DAY_MS, now_ms)
    hours = round(sum(length for _, length in spans) / 3_600_000, 1)
    return Outages(count=len(spans), hours=hours, sightings_missing=sequence.missing(connection))
