"""The lists in force: installed whole in one transaction, versioned, aged.

A list is checked before the store is touched. The swap is one transaction with its audit row: the new content goes in,
the old content is gone, and a desk that is matching meanwhile uses the one or the other, never a mixture.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, func, insert, select

from edge.desk import audit
from edge.desk.hotlists.index import ListIndex, pack
from edge.desk.hotlists.reading import Problem, Reading, read
from edge.desk.store.tables import hotlist
from edge.record.words import time

if TYPE_CHECKING:
    from edge.desk.store import Store
    from edge.settings.policy import HotlistSettings, ListSettings

HOUR_MS: Final = 3_600_000
AHEAD_MS_MAX: Final = 300_000
"""An extract from the future is a wrong clock somewhere; five minutes are forgiven."""

Condition = Literal["fresh", "stale", "dead"]


class ListRefused(Exception):
    """The list was not installed; nothing was changed but the audit log, which says so."""

    def __init__(self, sentence: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(sentence)
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A list in force, without its entries."""

    row: int
    name: str
    version: int
    made_ms: int
    installed_ms: int
    installed_by: str
    entries: int
    codes: str
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts, and for whom."""

    name: str
    agency: str


def condition(made_ms: int, now_ms: int, rules: HotlistSettings) -> Condition:
    """Fresh, stale (matches, one grade lower) or dead (matches no more), by the age of the extract."""
    age_h = (now_ms - made_ms) / HOUR_MS
    if age_h >= rules.dead_hours:
        return "dead"
    return "stale" if age_h >= rules.stale_hours else "fresh"


def check(content: bytes, wanted: ListSettings, rules: HotlistSettings, now_ms: int) -> Reading:
    """Read a file as the list it is to become; problems are in the result."""
    return read(content, wanted.format, frozenset(rules.file_codes), now_ms // 1000)


def install(
    store: Store, content: bytes, wanted: ListSettings, rules: HotlistSettings, by: Person, made_ms: int, now_ms: int
) -> tuple[Shelved, Reading]:
    """Put a list in force. `made_ms`: when the extract was made, unless its own header says so.

    Raises ListRefused with every problem's line; the refusal is recorded.
    """
    reading = check(content, wanted, rules, now_ms)
    made_ms = reading.made_s * 1000 if reading.made_s is not None else made_ms
    try:
        _accept(reading, made_ms, now_ms, rules)
        packed = pack(reading.rows)
        with store.write() as connection:
            shelved = _swap(connection, wanted.name, content, packed, reading, by, made_ms, now_ms)
    except ListRefused as refusal:
        with store.write() as connection:
            audit.append(connection, _refused(wanted.name, content, by, refusal), now_ms)
        raise
    return shelved, reading


def _accept(reading: Reading, made_ms: int, now_ms: int, rules: HotlistSettings) -> None:
    if reading.problems:
        count = len(reading.problems)
        raise ListRefused(f"{count} line(s) cannot be read, so nothing was installed", tuple(reading.problems))
    if made_ms > now_ms + AHEAD_MS_MAX:
        raise ListRefused(f"made at {time(made_ms * 1_000_000)}, which is still to come: check the clocks")
    if condition(made_ms, now_ms, rules) == "dead":
        raise ListRefused(f"made at {time(made_ms * 1_000_000)}, more than {rules.dead_hours:g} h ago: get a newer one")


def _swap(
    connection: Connection,
    name: str,
    content: bytes,
    packed: bytes,
    reading: Reading,
    by: Person,
    made_ms: int,
    now_ms: int,
) -> Shelved:
    before = in_force(connection).get(name)
    if before is not None and made_ms < before.made_ms:
        raise ListRefused(f"version {before.version} in force was made later, at {time(before.made_ms * 1_000_000)}")
    latest = connection.execute(select(func.max(hotlist.c.version)).where(hotlist.c.name == name)).scalar_one()
    _take_down(connection, name)
    values = {
        "name": name,
        "version": (latest or 0) + 1,
        "digest": hashlib.sha256(content).hexdigest(),
        "made_ms": made_ms,
        "installed_ms": now_ms,
        "installed_by": by.name,
        "entries": len(reading.rows),
        "codes": "".join(sorted({row[3].decode() for row in reading.rows})),
        "left_out": json.dumps(dict(sorted(reading.left_out.items()))),
    }
    connection.execute(insert(hotlist).values(**values, active=True, content=packed))
    shelved = in_force(connection)[name]
    audit.append(connection, _installed(shelved, str(values["digest"]), by), now_ms)
    return shelved


def remove(store: Store, name: str, by: Person, reason: str, now_ms: int) -> Shelved:
    """Take a list out of force. Raises ListRefused when there is none of that name."""
    with store.write() as connection:
        before = in_force(connection).get(name)
        if before is None:
            raise ListRefused(f"no list {name} is in force")
        _take_down(connection, name)
        subject = f"{name} version {before.version}"
        entry = audit.Entry(act="hotlist removed", who=by.name, agency=by.agency, subject=subject, reason=reason)
        audit.append(connection, entry, now_ms)
    return before


def in_force(connection: Connection) -> dict[str, Shelved]:
    """Every list that is installed, by name."""
    columns = [column for column in hotlist.c if column.name in Shelved.__dataclass_fields__]
    found = connection.execute(select(*columns).where(hotlist.c.active).order_by(hotlist.c.name)).mappings()
    return {row["name"]: Shelved(**{**row, "left_out": json.loads(row["left_out"])}) for row in found}


def load(connection: Connection, row: int) -> ListIndex | None:
    """A list's entries, ready for searching; None when it was swapped out meanwhile."""
    content = connection.execute(select(hotlist.c.content).where(hotlist.c.row == row)).scalar_one_or_none()
    return None if content is None else ListIndex(content)


def _take_down(connection: Connection, name: str) -> None:
    active = (hotlist.c.name == name) & hotlist.c.active
    connection.execute(hotlist.update().where(active).values(active=False, content=None))


def _installed(shelved: Shelved, digest: str, by: Person) -> audit.Entry:
    left_out = ", ".join(f"{count} {reason}" for reason, count in shelved.left_out.items()) or "nothing"
    codes = shelved.codes or "none"
    return audit.Entry(
        act="hotlist installed",
        who=by.name,
        agency=by.agency,
        subject=f"{shelved.name} version {shelved.version}",
        detail=f"{shelved.entries} entries, file codes {codes}, left out: {left_out}, sha256 {digest}",
    )


def _refused(name: str, content: bytes, by: Person, refusal: ListRefused) -> audit.Entry:
    return audit.Entry(
        act="hotlist refused",
        who=by.name,
        agency=by.agency,
        subject=name,
        outcome="refused",
        detail=f"{refusal}; sha256 {hashlib.sha256(content).hexdigest()}",
    )
