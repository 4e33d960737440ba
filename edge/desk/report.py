"""A week of the audit log for the person who must read it: who asked how often, for what, and what looks wrong.

The chief of Sedgwick, Kansas, looked up his former girlfriend's plate 164 times in four months; nobody read the log.
The report says, without the plate, that one person searched for one plate again and again, and names the rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.desk.search import plate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.desk.audit import AuditRow

REPEATED_MIN: Final = 3
"""Searches by one person for one plate in a week that a supervisor should see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One person, one plate, many searches. The rows say which plate, to those who may read it."""

    who: str
    agency: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What happened."""

    rows: int
    acts: dict[str, int]
    searches_by_agency: dict[str, int]
    searches_by_person: dict[str, int]
    searches_by_purpose: dict[str, int]
    refused: dict[str, int]
    prohibited_rows: tuple[int, ...]
    repeated: tuple[Repeated, ...]


def weekly(log: Iterable[AuditRow], since: str, until: str) -> Report:
    """The rows whose time lies in a span (RFC 3339, UTC, end not included)."""
    week = [row for row in log if since <= row.at < until]
    searches = [row for row in week if row.act == "search"]
    refused = [row for row in week if row.act == "search refused"]
    return Report(
        rows=len(week),
        acts=_counted(row.act for row in week),
        searches_by_agency=_counted(row.agency for row in searches),
        searches_by_person=_counted(f"{row.who} ({row.agency})" for row in searches),
        searches_by_purpose=_counted(row.purpose for row in searches),
        refused=_counted(cause for row in refused for cause in _causes(row)),
        prohibited_rows=tuple(row.number for row in refused if "prohibited" in ", ".join(_causes(row))),
        repeated=tuple(_repeated(searches + refused)),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _repeated(searches: list[AuditRow]) -> list[Repeated]:
    asked: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in searches:
        plate = plate_of(row.query)
        if plate is not None:
            asked[row.who, row.agency, plate].append(row.number)
    return [
        Repeated(who=who, agency=agency, rows=tuple(sorted(rows)))
        for (who, agency, _), rows in sorted(asked.items())
        if len(rows) >= REPEATED_MIN
    ]


def _causes(row: AuditRow) -> list[str]:
    """Every cause of a refusal; an earlier program's rows have them in the outcome alone."""
    return (row.detail or row.outcome).split(", ")
