"""A hit that is a case's exhibit leaves the desk as a file, for the case to keep; here it dies after its 30 days."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select

from edge.desk import audit, evidence, hits
from edge.desk.hotlists.local import is_case_number
from edge.desk.screening import reason_faults
from edge.desk.search import who_faults
from edge.desk.store.tables import sighting, verdict
from edge.record.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.settings.policy import Policy


class ExportRefused(Exception):
    """Nothing was exported; the message says why."""


def export_hit(store: Store, policy: Policy, hit_id: str, case: str, by: Person, reason: str, now_ms: int) -> bytes:
    """A hit with its sighting and every verdict as JSON, recorded. Raises ExportRefused, recorded likewise."""
    asked = audit.Entry(act="export", who=by.name, agency=by.agency, reason=reason, case_number=case)
    if faults := "; ".join(_faults(policy, hit_id, case, by, reason)):
        with store.write() as connection:
            audit.append(connection, replace(asked, outcome="refused", detail=faults), now_ms)
        raise ExportRefused(faults)
    with store.write() as connection:
        found = hits.find(connection, hit_id)
        if len(found) != 1:
            raise ExportRefused("several hits begin so: give more of the id" if found else "there is no such hit")
        hit = found[0].hit
        record = connection.execute(select(sighting.c.record).where(sighting.c.id == hit.sighting)).scalar_one_or_none()
        given = connection.execute(select(verdict).where(verdict.c.hit == hit.id).order_by(verdict.c.revision))
        exhibit = {
            "case": case,
            "hit": hit,
            "sighting": msgspec.json.decode(record, type=Sighting) if record else None,
            "evidence": evidence.of_hit(connection, hit.id),
            "verdicts": [
                {"revision": v.revision, "finding": v.finding, "by": v.who, "agency": v.agency, "reason": v.reason}
                for v in given
            ],
        }
        exhibit["audit"] = audit.append(connection, replace(asked, subject=f"hit {hit.id}"), now_ms)
    return msgspec.json.format(msgspec.json.encode(exhibit), indent=2) + b"\n"


def _faults(policy: Policy, hit_id: str, case: str, by: Person, reason: str) -> Iterator[str]:
    for _, sentence in (*who_faults(policy, by), *reason_faults(reason, policy.search)):
        yield sentence
    if not is_case_number(case):
        yield "an exhibit belongs to a case: give its number (--case)"
    if not hit_id.isalnum():
        yield "a hit is named by its id, or how it begins"
