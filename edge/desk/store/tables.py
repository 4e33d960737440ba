"""What the desk keeps, table by table. SQLAlchemy Core, so that one text serves SQLite and PostgreSQL.

Times are UTC milliseconds. What holds a plate or a part of one (`sighting`, `trio`, `hit`, `evidence`, `outgoing`,
`hotlist.content`, `local_entry`) is purged by age; `counter` and `audit` outlive it, and of those only `audit.query`
can hold one: what somebody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
    literal_column,
)

from edge.record.plate_text import LENGTH_MAX

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.sql.functions import Function

SCHEMA_VERSION = 3
"""1: PostgreSQL's sightings in one table, none looked up by their middle. 2: hits in one table there, no trios.
Opening the store makes the newest of it."""

WITH_ROW: Final[dict[str, Any]] = {"postgresql_include": ["row"]}

metadata = MetaData()

Row = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in an INTEGER column."""


def _text(length: int) -> String:
    # Byte order on both engines: a range over a prefix must not depend on the server's language.
    return String(length).with_variant(String(length, collation="C"), "postgresql")


sighting = Table(
    "sighting",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("id", _text(32), nullable=False, unique=True),
    Column("camera", String(32), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # When it was captured, as far as that is known: a sighting with an unset clock counts from its arrival.
    Column("captured_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("dated", Boolean, nullable=False),
    Column("plate", _text(12)),
    Column("fold", _text(12)),
    Column("reverse", _text(12)),
    # First and last folded character: makes `7*2?K` a search in one index.
    Column("ends", _text(2)),
    Column("confidence", Float),
    Column("region", String(6)),
    Column("vehicle_type", String(16)),
    Column("color", String(16)),
    Column("direction", String(32)),
    Column("record", Text, nullable=False),
    # With the row's number, which SQLite's have by themselves: PostgreSQL then needs no look into the table either.
    Index("sighting_fold", "fold", "captured_ms", **WITH_ROW),
    Index("sighting_reverse", "reverse", "captured_ms", **WITH_ROW),
    Index("sighting_ends", "ends", "fold", "captured_ms", **WITH_ROW),
    # The plate beside the time, so that going back through time needs no look into the table.
    Index("sighting_time", "captured_ms", "fold", **WITH_ROW),
    sqlite_autoincrement=True,
)

PART_MIN = 2
"""More characters than these are in a part: a plate's last two are found by `reverse`."""
PARTS = range(2, LENGTH_MAX - PART_MIN + 1)
"""Where a part begins, counted from 1."""


def part(place: int) -> Function[str]:
    """A plate's folded text from one of its characters on: an index each, so that its middle can be looked up."""
    return func.substr(sighting.c.fold, literal_column(str(place)))


def long_enough(place: int) -> ColumnElement[bool]:
    """Which plates stand in the index of a part; a question must say so too, or it is not used."""
    return func.length(sighting.c.fold) >= literal_column(str(place + PART_MIN))


for _place in PARTS:
    _long = long_enough(_place)
    # The whole text beside the part, so that the rest of a pattern is compared without a look into the table.
    Index(
        f"sighting_part{_place}",
        part(_place),
        sighting.c.fold,
        sighting.c.captured_ms,
        sqlite_where=_long,
        postgresql_where=_long,
        **WITH_ROW,
    )

# Three characters each, as they stand on the plates of five minutes (`trios`); null when some plates are in no bit.
trio = Table(
    "trio",
    metadata,
    Column("begin_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("found", LargeBinary),
)

camera_state = Table(
    "camera_state",
    metadata,
    Column("camera", String(32), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

gap = Table(
    "gap",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("camera", String(32), nullable=False),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),
    Column("noticed_ms", BigInteger, nullable=False),
)

outage = Table(
    "outage",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("part", String(40), nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)

counter = Table(
    "counter",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

hit = Table(
    "hit",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("id", _text(32), nullable=False, unique=True),
    Column("sighting", _text(32), nullable=False, unique=True),
    Column("camera", String(32), nullable=False),
    Column("captured_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("list", String(32), nullable=False),
    Column("calibration", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Index("hit_captured", "captured_ms"),
    Index("hit_made", "made_ms"),
    sqlite_autoincrement=True,
)

verdict = Table(
    "verdict",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("id", _text(32), nullable=False, unique=True),
    Column("hit", _text(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("finding", String(16), nullable=False),
    Column("who", String(64), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("audit", BigInteger, nullable=False),
    UniqueConstraint("hit", "revision", name="verdict_revision"),
)

# What was asked for of a hit, and what came. The message is null until it comes; it goes with the hit.
evidence = Table(
    "evidence",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("hit", _text(32), nullable=False, unique=True),
    Column("sighting", _text(32), nullable=False, unique=True),
    Column("captured_ms", BigInteger, nullable=False),
    Column("message", Text),
    Index("evidence_captured", "captured_ms"),
    sqlite_autoincrement=True,
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    sqlite_autoincrement=True,
)

hotlist = Table(
    "hotlist",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("name", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("installed_ms", BigInteger, nullable=False),
    Column("installed_by", String(64), nullable=False),
    Column("entries", Integer, nullable=False),
    Column("codes", String(26), nullable=False),
    Column("left_out", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    # Gone as soon as another version takes over: an old list is nobody's business.
    Column("content", LargeBinary),
    UniqueConstraint("name", "version", name="hotlist_version"),
    sqlite_autoincrement=True,
)

local_entry = Table(
    "local_entry",
    metadata,
    Column("row", Row, primary_key=True, autoincrement=True),
    Column("plate", String(12), nullable=False),
    Column("region", String(6)),
    Column("case_number", String(64), nullable=False),
    Column("added_by", String(64), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("approved_by", String(64)),
    Column("approved_ms", BigInteger),
    Column("expires_ms", BigInteger, nullable=False),
    Column("removed_ms", BigInteger),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(24), nullable=False),
    Column("who", String(64), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("login", String(64), nullable=False),
    Column("act", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("case_number", String(64), nullable=False),
    Column("outcome", String(64), nullable=False),
    # What was asked for, the plate included (California, Civ. Code 1798.90.52); for the audit's readers alone.
    Column("query", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

state = Table(
    "state",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)


def _after_create(statement: str, dialect: str) -> None:
    event.listen(audit, "after_create", DDL(statement).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


# Whoever holds the database file can still drop a trigger; then the chain tells. This stops mistakes and our own bugs.
for _act in ("UPDATE", "DELETE"):
    _after_create(
        f"CREATE TRIGGER audit_keeps_{_act.lower()} BEFORE {_act} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "sqlite",
    )
_after_create(
    "CREATE OR REPLACE FUNCTION audit_keeps() RETURNS trigger AS $$ BEGIN "
    "RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql",
    "postgresql",
)
_after_create(
    "CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()",
    "postgresql",
)
