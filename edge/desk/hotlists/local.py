"""Entries that the department makes itself. None is in force before a second person has said yes.

In Kechi and in Sedgwick, Kansas, officers followed women they had known by the plate; nobody else had to agree. Here an
entry has a case number and an end, one person proposes it, another approves it, and both stand in the audit log.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, insert, select

from edge.desk import audit
from edge.desk.hotlists.index import WILDCARD_LITERALS_MIN, ListIndex, pack, packed_row
from edge.desk.screening import plain
from edge.desk.store.tables import local_entry
from edge.record import plate_text

if TYPE_CHECKING:
    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.settings.policy import LocalListSettings

DAY_MS: Final = 86_400_000
_CASE: Final = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 ./-]{3,39}")


class EntryRefused(Exception):
    """The entry was not made, approved or removed; the message says what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the first person asks for. The plate is normalised, wildcards allowed."""

    plate: str
    region: str | None
    case_number: str
    days: float


def is_case_number(text: str) -> bool:
    """Whether a text can be a case number: four characters or more, one of them a digit."""
    return _CASE.fullmatch(text.strip()) is not None


def add(store: Store, proposal: Proposal, by: Person, rules: LocalListSettings, now_ms: int) -> int:
    """Propose an entry and tell its number. It matches nothing until `approve`. Raises EntryRefused."""
    if not rules.enabled:
        raise EntryRefused("the policy has no local entries (hotlists.local.enabled: false)")
    if not is_case_number(proposal.case_number):
        raise EntryRefused("a local entry needs a case number: four characters or more, one of them a digit")
    if not 0 < proposal.days <= rules.days_max:
        raise EntryRefused(f"an entry ends after at most {rules.days_max:g} days (hotlists.local.days_max)")
    if plate_text.literals(proposal.plate) < WILDCARD_LITERALS_MIN:
        raise EntryRefused(f"an entry pins down at least {WILDCARD_LITERALS_MIN} characters")
    with store.write() as connection:
        values = {
            "plate": proposal.plate,
            "region": proposal.region,
            "case_number": proposal.case_number.strip(),
            "added_by": by.name,
            "agency": by.agency,
            "added_ms": now_ms,
            "expires_ms": now_ms + int(proposal.days * DAY_MS),
        }
        number = int(connection.execute(insert(local_entry).values(**values).returning(local_entry.c.row)).scalar_one())
        _record(connection, "entry added", number, by, proposal.case_number, proposal.plate, now_ms)
    return number


def approve(store: Store, number: int, by: Person, now_ms: int) -> None:
    """The second person's yes. Raises EntryRefused when it is the first person again, or nothing to approve."""
    with store.write() as connection:
        entry = connection.execute(select(local_entry).where(local_entry.c.row == number)).one_or_none()
        if entry is None or entry.removed_ms is not None or entry.expires_ms <= now_ms:
            raise EntryRefused(f"there is no entry {number} that waits for approval")
        if entry.approved_by is not None:
            raise EntryRefused(f"entry {number} is approved already")
        if same_person(entry.added_by, by.name):
            raise EntryRefused("the second person must be another than the first")
        where = local_entry.c.row == number
        connection.execute(local_entry.update().where(where).values(approved_by=by.name, approved_ms=now_ms))
        _record(connection, "entry approved", number, by, entry.case_number, entry.plate, now_ms)


def withdraw(store: Store, number: int, by: Person, now_ms: int) -> None:
    """Take an entry out of force. Raises EntryRefused when there is none."""
    with store.write() as connection:
        where = (local_entry.c.row == number) & local_entry.c.removed_ms.is_(None)
        entry = connection.execute(select(local_entry).where(where)).one_or_none()
        if entry is None:
            raise EntryRefused(f"there is no entry {number} in force")
        connection.execute(local_entry.update().where(where).values(removed_ms=now_ms))
        _record(connection, "entry removed", number, by, entry.case_number, entry.plate, now_ms)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: `J. Doe`, `j doe` and letters that look alike are no second person."""
    return plain(one).replace(" ", "") == plain(other).replace(" ", "")


def index(connection: Connection, now_ms: int) -> tuple[ListIndex, int]:
    """The entries in force as a list, and when the latest of them was approved (0: never)."""
    found = connection.execute(
        select(local_entry).where(
            local_entry.c.approved_ms.is_not(None),
            local_entry.c.removed_ms.is_(None),
            local_entry.c.expires_ms > now_ms,
        )
    ).all()
    rows = [packed_row(e.plate, e.region, expires_s=e.expires_ms // 1000) for e in found]
    return ListIndex(pack(rows)), max((int(e.approved_ms) for e in found), default=0)


def _record(
    connection: Connection, act: audit.Act, number: int, by: Person, case: str, plate: str, now_ms: int
) -> None:
    entry = audit.Entry(
        act=act, who=by.name, agency=by.agency, subject=f"local entry {number}", case_number=case, query=plate
    )
    audit.append(connection, entry, now_ms)
