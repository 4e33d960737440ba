"""Who did what, when and why: an append-only log whose every row carries the hash of the one before it.

    row n: hash = SHA-256( canonical JSON of [n, at, who, …, detail, hash of row n-1] )

So a row cannot be altered, taken out or moved without the next one no longer fitting, and the head (last number and
hash), which goes out on MQTT and into the anchors file, shows what was cut off at the end. A row is written in the
same transaction as the act it tells of: neither is ever there without the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, insert, select, text

from edge.desk.store.tables import audit, audit_head
from edge.login import login
from edge.record.words import time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Act = Literal[
    "search",
    "search refused",
    "hits viewed",
    "hit",
    "evidence viewed",
    "verdict",
    "hotlist installed",
    "hotlist removed",
    "hotlist refused",
    "entry added",
    "entry approved",
    "entry removed",
    "settings changed",
    "desk started",
    "message refused",
    "purge",
    "export",
    "audit read",
    "audit refused",
    "transparency",
    "camera tested",
    "camera recording",
    "camera aimed",
    "adapter on",
    "adapter off",
]

GENESIS: Final = "0" * 64
FREE_TEXT_MAX: Final = 500
"""Characters of a reason that are kept; the rest of a novel is cut, and the cut is visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be written down of one act. `query` is the only field that may hold a plate."""

    act: Act
    who: str
    agency: str
    subject: str = ""
    purpose: str = ""
    reason: str = ""
    case_number: str = ""
    outcome: str = "done"
    query: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as it stands in the store."""

    number: int
    at: str
    who: str
    agency: str
    login: str
    act: str
    subject: str
    purpose: str
    reason: str
    case_number: str
    outcome: str
    query: str
    detail: str
    previous: str
    hash: str

    def expected_hash(self, number: int | None = None) -> str:
        """The hash that this row's contents call for, at its own place or at another."""
        return _hash(self.number if number is None else number, self.contents(), self.previous)

    def contents(self) -> dict[str, str]:
        """Everything but the number and the two hashes."""
        fields = asdict(self)
        for name in ("number", "previous", "hash"):
            del fields[name]
        return fields


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the chain: which rows, and what."""

    number: int
    fault: Literal["altered", "removed", "reordered", "truncated"]
    sentence: str


def append(connection: Connection, entry: Entry, now_ms: int) -> int:
    """Write one row into the transaction that is open, and tell its number."""
    lock(connection)
    before = head(connection) or Head(0, GENESIS)
    contents = {
        "at": time(now_ms * 1_000_000),
        "who": clean(entry.who, 64),
        "agency": clean(entry.agency, 64),
        "login": clean(login(), 64),
        "act": entry.act,
        "subject": clean(entry.subject, 128),
        "purpose": clean(entry.purpose, 64),
        "reason": clean(entry.reason, FREE_TEXT_MAX),
        "case_number": clean(entry.case_number, 64),
        "outcome": clean(entry.outcome, 64),
        "query": clean(entry.query, FREE_TEXT_MAX),
        "detail": clean(entry.detail, 2000),
    }
    number = before.number + 1
    digest = _hash(number, contents, before.hash)
    connection.execute(insert(audit).values(number=number, previous=before.hash, hash=digest, **contents))
    if number == 1:
        connection.execute(insert(audit_head).values(one=1, number=number, hash=digest))
    else:
        connection.execute(audit_head.update().values(number=number, hash=digest))
    return number


def lock(connection: Connection) -> None:
    """Let no other desk write to the log until this transaction ends; SQLite's writers are one at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7462)"))


def head(connection: Connection) -> Head | None:
    """The last row's number and hash; None before the first."""
    row = connection.execute(select(audit_head.c.number, audit_head.c.hash)).one_or_none()
    return None if row is None else Head(int(row.number), str(row.hash))


def rows(connection: Connection, since: int = 1) -> Iterator[AuditRow]:
    """The log from a number on, in order."""
    found = connection.execution_options(yield_per=1000).execute(
        select(audit).where(audit.c.number >= since).order_by(audit.c.number)
    )
    for row in found.mappings():
        yield AuditRow(**row)


def tail(connection: Connection, count: int) -> list[AuditRow]:
    """The last rows, oldest first."""
    found = connection.execute(select(audit).order_by(audit.c.number.desc()).limit(count)).mappings()
    return [AuditRow(**row) for row in found][::-1]


def write_anchor(file: Path, known: Head) -> None:
    """Add a head to a file outside the store. Raises OSError."""
    with file.open("a", encoding="ascii") as anchors:
        anchors.write(f"{known.number} {known.hash}\n")
        anchors.flush()
        os.fsync(anchors.fileno())


def read_anchors(file: Path) -> list[Head]:
    """Every head that was written there. Raises OSError, and ValueError with the line that is none."""
    return [parse_head(line) for line in file.read_text(encoding="ascii").splitlines() if line.strip()]


def parse_head(text: str) -> Head:
    """`4711 9f86…`, with a blank or a colon between. Raises ValueError."""
    found = re.fullmatch(r"\s*([1-9]\d{0,14})[ :]([0-9a-f]{64})\s*", text)
    if found is None:
        raise ValueError(f"no head of the chain (row number and 64 hex digits): {text[:40]!r}")
    return Head(int(found.group(1)), found.group(2))


def verify(log: Iterable[AuditRow], own: Head | None, published: Iterable[Head] = ()) -> tuple[int, list[Finding]]:
    """Check the whole chain, and against every head that was ever published.

    Returns how many rows there are and what is wrong, in order. `own` is the store's head. `published` come from the
    anchors file and from whoever kept a message of `…/desk/audit`: a forger who rewrites the store whole, head
    included, is found by those alone.
    """
    findings: list[Finding] = []
    wanted = {known.number: known.hash for known in published}
    suspects: list[AuditRow] = []
    number, previous, trusted, count = 0, GENESIS, True, 0
    for row in log:
        count += 1
        fits = row.hash == row.expected_hash()
        if row.number > number + 1:
            findings.append(_missing(number + 1, row.number - 1))
        elif fits and trusted and row.previous != previous:
            findings.append(Finding(number, "altered", f"row {number} was altered after row {row.number} was written"))
        if not fits:
            suspects.append(row)
        if wanted.pop(row.number, row.hash) != row.hash:
            findings.append(Finding(row.number, "altered", f"row {row.number} was rewritten: its hash was published"))
        number, previous, trusted = row.number, row.hash, fits
    findings.extend(_judged(suspects))
    findings.extend(_ends(number, previous, own, wanted))
    return count, sorted(findings, key=lambda finding: finding.number)


def _missing(low: int, high: int) -> Finding:
    which = f"row {low} was" if low == high else f"rows {low} to {high} were"
    return Finding(low, "removed", f"{which} removed")


def _judged(suspects: list[AuditRow]) -> Iterator[Finding]:
    """Rows whose hash does not fit their number: moved from another place, or altered where they stand."""
    origins = {row.number: _origin(row, suspects) for row in suspects}
    for number, origin in origins.items():
        if origin is None:
            yield Finding(number, "altered", f"row {number} was altered")
        elif number not in origins.values():
            yield Finding(number, "removed", f"row {number} was removed and later rows were renumbered")
        else:
            yield Finding(number, "reordered", f"row {number} is in truth row {origin}: reordered")


def _origin(row: AuditRow, suspects: list[AuditRow]) -> int | None:
    # Bounded: a log in which a thousand rows are wrong needs no finer answer.
    places = {other.number for other in suspects[:1000]} | {row.number + shift for shift in range(-10, 11)}
    return next((place for place in sorted(places) if place > 0 and row.hash == row.expected_hash(place)), None)


def _ends(last: int, last_hash: str, own: Head | None, unmet: dict[int, str]) -> Iterator[Finding]:
    beyond = [number for number in unmet if number > last]
    if own is not None and own.number > last:
        beyond.append(own.number)
    if beyond:
        sentence = f"the log ends with row {last}, but row {max(beyond)} was written: truncated"
        yield Finding(last + 1, "truncated", sentence)
    elif last and own != Head(last, last_hash):
        yield Finding(last, "altered", f"the store's head is not row {last}: the head was altered")


def _hash(number: int, contents: dict[str, str], previous: str) -> str:
    text_ = json.dumps([number, contents, previous], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text_.encode()).hexdigest()


def clean(value: str, length: int) -> str:
    """As it can be stored and printed anywhere: no control characters, surrogates or NUL, and of bounded length."""
    printable = "".join(c if c.isprintable() else "\ufffd" for c in value)
    return printable if len(printable) <= length else printable[: length - 1] + "…"
