"""What a named person found when looking at a hit. The only way from "unverified" to anything else.

A verdict is never changed. Who was wrong gives another one, which supersedes it; both stay.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import insert, select

from edge.desk import audit, hits
from edge.desk.screening import CHARACTERS_MIN, says_too_little
from edge.desk.search import who_faults
from edge.desk.store import count
from edge.desk.store.tables import outgoing, verdict
from edge.record.verdict import Finding, Verdict
from edge.record.words import time

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.record.hit import Hit
    from edge.settings.policy import Policy

ID_CHARACTERS_MIN = 6


class VerdictRefused(Exception):
    """No verdict was given; the message says what is missing."""


def give(store: Store, policy: Policy, hit_id: str, finding: Finding, by: Person, reason: str, now_ms: int) -> Verdict:
    """Give a verdict on the hit whose id begins with `hit_id`. Raises VerdictRefused."""
    for _, sentence in who_faults(policy, by):
        raise VerdictRefused(sentence)
    if says_too_little(reason):
        raise VerdictRefused(f"say what you looked at (--reason), in {CHARACTERS_MIN} characters or more")
    with store.write() as connection:
        hit = _only(connection, hit_id)
        row = audit.append(connection, _entry(hit, finding, by, reason), now_ms)  # first: it takes the store's lock
        before = _standing(connection, hit.id)
        revision, supersedes = (before[0] + 1, before[1]) if before else (1, None)
        given = Verdict(
            id=hashlib.sha256(f"verdict {hit.id} {revision}".encode()).hexdigest()[:32],
            site=policy.site,
            hit=hit.id,
            finding=finding,
            revision=revision,
            supersedes=supersedes,
            made_at=time(now_ms * 1_000_000),
            audit=row,
        )
        _keep(connection, given, by, reason, now_ms)
        _count(connection, hit, finding, before[2] if before else None, now_ms)
    return given


def _only(connection: Connection, prefix: str) -> Hit:
    if len(prefix) < ID_CHARACTERS_MIN or not all(c in "0123456789abcdef" for c in prefix):
        raise VerdictRefused(f"a hit is named by its id, or its first {ID_CHARACTERS_MIN} characters or more")
    found = hits.find(connection, prefix)
    if len(found) != 1:
        raise VerdictRefused("several hits begin so: give more of the id" if found else "there is no such hit")
    return found[0].hit


def _standing(connection: Connection, hit_id: str) -> tuple[int, str, Finding] | None:
    newest = select(verdict).where(verdict.c.hit == hit_id).order_by(verdict.c.revision.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else (int(row.revision), str(row.id), row.finding)


def _keep(connection: Connection, given: Verdict, by: Person, reason: str, now_ms: int) -> None:
    connection.execute(
        insert(verdict).values(
            id=given.id,
            hit=given.hit,
            revision=given.revision,
            finding=given.finding,
            who=by.name,
            agency=by.agency,
            reason=audit.clean(reason.strip(), audit.FREE_TEXT_MAX),
            made_ms=now_ms,
            audit=given.audit,
        )
    )
    message = msgspec.json.encode(given).decode()
    connection.execute(insert(outgoing).values(kind="verdict", made_ms=now_ms, payload=message))


def _count(connection: Connection, hit: Hit, finding: Finding, before: Finding | None, now_ms: int) -> None:
    """Hits by the verdict that stands: the superseded one is taken out of the count again."""
    if hit.calibration:
        return
    if before is not None:
        count(connection, "verdicts", before, now_ms, -1)
    count(connection, "verdicts", finding, now_ms)


def _entry(hit: Hit, finding: Finding, by: Person, reason: str) -> audit.Entry:
    return audit.Entry(
        act="verdict", who=by.name, agency=by.agency, subject=f"hit {hit.id}", reason=reason, outcome=finding
    )
