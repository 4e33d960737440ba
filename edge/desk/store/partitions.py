"""PostgreSQL's sightings lie in a table a day, so that a month-old day goes whole, and its files from the disk with it.

    sighting ─▶ sighting_20261123 · sighting_20261124 · …        by the UTC day of the capture

On the day that is just falling due rows are deleted one by one, as on SQLite, for retention is kept to the minute; the
pages that they leave behind are gone when the day is. An id cannot be unique across tables by days, since the same
message may be dated anew: who stores a sighting holds its id first.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint, text

from edge.desk.store.tables import sighting

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAY_MS: Final = 86_400_000
LOCK: Final = 7461
"""Of whoever makes, changes or drops tables: several desks may start on one database at once."""
STORING: Final = 7463
"""Held together by all who are storing a sighting, alone by who wants none of them in between."""
LOCK_WAIT: Final = "5s"
"""For a long search or a backup; the purge comes again, and nobody queues behind it meanwhile."""


def create(connection: Connection) -> None:
    """The table, if there is none; one that is not by days yet (schema 1) is copied into one that is."""
    # The table's kind: `r` is a plain one, `p` one with partitions.
    kind = connection.execute(text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass('sighting')")).scalar()
    if kind is None:
        _create(connection)
    elif kind == "r":
        _copy(connection)


def drop_narrow_indexes(connection: Connection) -> None:
    """Those of an earlier program, which had not the row's number: each find cost a look into the table."""
    narrow = connection.execute(
        text(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'sighting' AND indexname LIKE 'sighting%' "
            "AND indexdef NOT LIKE '%UNIQUE%' AND indexdef NOT LIKE '%INCLUDE%'"
        )
    )
    for name in narrow.scalars().all():
        connection.execute(text(f"DROP INDEX {name}"))


def add_day(connection: Connection, ms: int) -> None:
    """The table of one day, if there is none."""
    _lock(connection)
    first_ms = ms - ms % DAY_MS
    name = _name(first_ms)
    if connection.execute(text(f"SELECT to_regclass('{name}')")).scalar() is not None:
        return
    # Made beside and attached: a partition made in place would wait for every search, and everybody else for it.
    connection.execute(text(f"CREATE TABLE {name} (LIKE sighting INCLUDING ALL)"))
    bounds = f"FROM ({first_ms}) TO ({first_ms + DAY_MS})"
    connection.execute(text(f"ALTER TABLE sighting ATTACH PARTITION {name} FOR VALUES {bounds}"))


def drop_days(connection: Connection, limit_ms: int) -> int:
    """Drop the days that lie before that time, whole; returns how many rows they held."""
    _lock(connection)
    dropped = 0
    for first_ms in days(connection):
        if first_ms + DAY_MS <= limit_ms:
            dropped += int(connection.execute(text(f"SELECT count(*) FROM {_name(first_ms)}")).scalar_one())  # noqa: S608 — a name of ours
            connection.execute(text(f"DROP TABLE {_name(first_ms)}"))
    return dropped


def days(connection: Connection) -> list[int]:
    """When each day that has a table begins, UTC ms, oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = to_regclass('sighting') ORDER BY c.relname"
        )
    ).scalars()
    return [_first_ms(str(name)) for name in names]


def oldest(connection: Connection) -> str | None:
    """The table of the oldest day: where rows fall due."""
    found = days(connection)
    return _name(found[0]) if found else None


def hold(connection: Connection, identity: str) -> None:
    """Until the transaction ends nobody else stores this id."""
    both = f"SELECT pg_advisory_xact_lock_shared({STORING}), pg_advisory_xact_lock(hashtextextended(:identity, 0))"
    connection.execute(text(both), {"identity": identity})


def settle(connection: Connection) -> None:
    """Wait for everybody who is storing a sighting, and until this transaction ends let nobody begin to."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({STORING})"))


def _create(connection: Connection) -> None:
    connection.execute(text("CREATE SEQUENCE IF NOT EXISTS sighting_row_seq"))
    defaults = {"row": text("nextval('sighting_row_seq')")}
    columns = [
        Column(column.name, column.type, nullable=column.nullable, server_default=defaults.get(column.name))
        for column in sighting.columns
    ]
    Table(
        "sighting",
        MetaData(),
        *columns,
        PrimaryKeyConstraint("row", "captured_ms"),
        UniqueConstraint("id", "captured_ms"),
        postgresql_partition_by="RANGE (captured_ms)",
    ).create(connection)


def _copy(connection: Connection) -> None:
    connection.execute(text("ALTER SEQUENCE sighting_row_seq OWNED BY NONE"))
    connection.execute(text("ALTER TABLE sighting RENAME TO sighting_whole"))
    _create(connection)
    for first_ms in connection.execute(
        text(f"SELECT DISTINCT captured_ms - captured_ms % {DAY_MS} FROM sighting_whole")  # noqa: S608 — a number of ours
    ).scalars():
        add_day(connection, int(first_ms))
    names = ", ".join(f'"{column.name}"' for column in sighting.columns)
    connection.execute(text(f"INSERT INTO sighting ({names}) SELECT {names} FROM sighting_whole"))  # noqa: S608 — ours
    connection.execute(text("DROP TABLE sighting_whole"))


def _lock(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def _name(first_ms: int) -> str:
    return f"sighting_{datetime.fromtimestamp(first_ms / 1000, tz=timezone.utc):%Y%m%d}"


def _first_ms(name: str) -> int:
    day = datetime.strptime(name.removeprefix("sighting_"), "%Y%m%d").replace(tzinfo=timezone.utc)
    return int(day.timestamp()) * 1000
