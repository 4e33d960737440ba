"""The one door to the desk's database: SQLite in a file, or PostgreSQL by URL.

SQLite keeps a write-ahead log with `synchronous=FULL` (NORMAL may roll back a committed row after a power cut) and
`secure_delete`, so that what retention deletes is zeros in the file and not merely unreachable.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.schema import CreateIndex

from edge.desk.store import partitions, trios
from edge.desk.store.reserve import Reserve
from edge.desk.store.tables import SCHEMA_VERSION, metadata, sighting, state

if TYPE_CHECKING:
    from collections.abc import Iterator


BUSY_MS: Final = 5_000
"""Two writers wait for one another for this long; a desk's longest transaction is a purge."""

CUT_MS: Final = 300
"""Cutting the log can wait for the next purge; the cameras cannot wait for somebody's long search."""

NO_DAY: Final = "no partition of relation"
"""PostgreSQL's words for a day without a table."""

REMEDIES: Final = {
    "disk is full": "make room on its disk",
    "No space left": "make room on its disk",
    "disk I/O error": "its disk fails, or lets no file grow",
    "readonly": "its file or its disk is read-only",
    "read-only": "the server takes no writes",
    "is locked": "another program holds it",
    "malformed": "the file is damaged: put it aside and restore a copy",
    "not a database": "the file is damaged: put it aside and restore a copy",
}
"""The engines' words → what a person can do."""
WHOLE: Final = ("hit", "evidence", "outgoing", "verdict", "local_entry", "hotlist", "trio")
"""PostgreSQL's tables that purge deletes from and that are not by days: small ones."""
READ_ONLY: Final = "25006"
"""PostgreSQL's code, which no driver takes for an outage: a standby, or an administrator at work."""

PROBE_BYTES: Final = 200_000
"""More than a sighting with its indexes and a hit write, or a disk with a page left would seem well each time."""

_WRITE: Final = {"desk_write": True}


class StoreError(Exception):
    """The store cannot be used: it was made by a newer program, or its URL means nothing."""


class StoreAway(StoreError):
    """The store does not answer now (locked, full, gone, refusing): try again later; nothing was written."""


class DiskFull(StoreAway):
    """The store's disk has no room left."""


class _SQLite(SQLiteCompiler):
    """Walks as they are written: SQLAlchemy passes hints over on SQLite, and ours say along which index (INDEXED BY).

    Of an inner join the left side comes first: that is what CROSS JOIN says, and SQLite leaves the order as it is.
    """

    def visit_join(self, join: Any, *arguments: Any, **options: Any) -> str:  # noqa: ANN401 — SQLAlchemy's
        written = str(super().visit_join(join, *arguments, **options))  # type: ignore[no-untyped-call]
        return written if join.isouter or join.full else written.replace(" JOIN ", " CROSS JOIN ", 1)

    def get_from_hint_text(self, table: object, text: str | None) -> str | None:  # noqa: ARG002 — SQLAlchemy's name
        return text


class Store:
    """Transactions. Whatever happens inside one `write()` happens whole or not at all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._days: set[int] = set()
        """PostgreSQL's: for which there is a table, as far as this desk knows."""

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file of ours."""
        return self._engine.dialect.name == "sqlite"

    @property
    def reserve(self) -> Reserve | None:
        """The room that the purge has on a full disk; PostgreSQL's server has its own."""
        return None if self.file is None else Reserve(self.file)

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for PostgreSQL."""
        return Path(self._engine.url.database or "") if self.is_sqlite else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write. Raises StoreAway when the store does not answer."""
        try:
            with _telling(), self._engine.execution_options(**_WRITE).connect() as connection, connection.begin():
                yield connection
        except IntegrityError as error:
            if NO_DAY not in str(error.orig):
                raise
            self._days.clear()
            raise StoreAway("another desk has dropped that day's table meanwhile") from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One view of the store, the same from its first row to its last. Raises StoreAway likewise."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _telling(), self._engine.execution_options(**options).connect() as connection, connection.begin():
            yield connection

    def ready_for(self, captured_ms: int) -> None:
        """Have a place for a sighting of that time: on PostgreSQL its day's table. Raises StoreAway."""
        day = captured_ms // partitions.DAY_MS
        if self.is_sqlite or day in self._days:
            return
        with self.write() as connection:
            partitions.add_day(connection, captured_ms)
        self._days.add(day)

    def drop_days(self, connection: Connection, limit_ms: int) -> int:
        """Drop what lies in whole days before that time; returns how many rows. SQLite has no such days."""
        if self.is_sqlite:
            return 0
        dropped = partitions.drop_days(connection, limit_ms)
        if dropped:
            self._days.clear()
        return dropped

    def hold(self, connection: Connection, identity: str) -> None:
        """Until the transaction ends nobody else stores a sighting of this id. SQLite has one writer anyway."""
        if not self.is_sqlite:
            partitions.hold(connection, identity)

    @contextmanager
    def settled(self) -> Iterator[Connection]:
        """A view in which no sighting can still come below one that is there: whoever reads on by `row` misses none.

        SQLite's writers are one at a time, and rows come in their order. PostgreSQL gives a row its number before its
        transaction ends, so this waits for whoever is storing one. Raises StoreAway.
        """
        if self.is_sqlite:
            with self.read() as connection:
                yield connection
        else:
            with self.write() as connection:  # each statement sees what was committed before it, not before the first
                partitions.settle(connection)
                yield connection

    def probe(self) -> None:
        """Write something, to see whether the store takes it again: a full disk can be read. Raises StoreAway."""
        for size in (PROBE_BYTES, 0):
            with self.write() as connection:
                set_state(connection, "probe", "." * size)

    def flush_log(self) -> bool:
        """Fold SQLite's write-ahead log into the file and cut it to no bytes. False when a reader is in the way."""
        if not self.is_sqlite:
            return self._vacuum()
        with _telling():
            raw = self._engine.raw_connection()
            cursor = raw.cursor()
            try:
                cursor.execute(f"PRAGMA busy_timeout={CUT_MS}")
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
                raw.close()
        return not busy

    def rewrite(self) -> bool:
        """PostgreSQL: write anew every table that is not by days, so that no file holds a deleted row any more.

        VACUUM alone leaves the bytes in their page until something is written over them. False when somebody reads one
        of these tables for so long that it has to be tried again.
        """
        if self.is_sqlite:
            return True
        try:
            self._maintain(f"SET lock_timeout = '{partitions.LOCK_WAIT}'", *(f"VACUUM FULL {name}" for name in WHOLE))
        except StoreAway:
            return False
        return True

    def _vacuum(self) -> bool:
        with self.read() as connection:
            day = partitions.oldest(connection)
        self._maintain(*(f"VACUUM {name}" for name in (day, *WHOLE) if name is not None))
        return True

    def _maintain(self, *statements: str) -> None:
        with _telling(), self._engine.connect() as connection:
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                for statement in statements:
                    autocommit.execute(text(statement))
            finally:
                autocommit.execute(text("RESET lock_timeout"))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def open_store(url: str) -> Store:
    """The store at a URL, with its tables. Raises StoreError (with what to do), StoreAway when it does not answer."""
    address = _address(url)
    engine = create_engine(address, pool_pre_ping=address.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        engine.dialect.statement_compiler = _SQLite
        _prepare_file(address)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    store = Store(engine)
    try:
        _make_tables(store)
    except BaseException:
        store.close()
        raise
    return store


def _make_tables(store: Store) -> None:
    """Whatever this program needs and the store has not."""
    with store.write() as connection:
        if not store.is_sqlite:
            # Two desks that start at once on an empty database would both create the tables.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({partitions.LOCK})"))
            partitions.create(connection)
        metadata.create_all(connection)
        if not store.is_sqlite:
            partitions.drop_narrow_indexes(connection)
        connection.execute(text("DROP INDEX IF EXISTS sighting_captured"))  # schema 2's, without the plate
        for index in sighting.indexes:  # one that this program has and the one before had not
            connection.execute(CreateIndex(index, if_not_exists=True))
        _check_version(connection)


def _address(url: str) -> URL:
    address = make_url(url)
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    return address


def _prepare_file(address: URL) -> None:
    if not address.database:
        raise StoreError("store.url names no file: write sqlite:////var/lib/plate-desk/desk.db")
    path = Path(address.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Ours alone from its first byte; the log beside it takes over the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreAway(f"{path}: {error.strerror}; the desk's user must be able to write there") from error


def _set_pragmas(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and too late
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MS}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("desk_write", False)
    # A transaction that reads first and writes later could not get the lock any more; so it takes it at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except sqlite3.Error as error:  # while a connection is opened nobody wraps it
        raise _away(error) from error
    except DBAPIError as error:
        outage = error.connection_invalidated or isinstance(error, OperationalError)
        read_only = getattr(error.orig, "sqlstate", None) == READ_ONLY
        if outage or read_only or isinstance(error.orig, sqlite3.DatabaseError):
            raise _away(error.orig) from error
        raise


def _away(cause: BaseException | None) -> StoreAway:
    # The driver's text, for SQLAlchemy's own repeats the statement's parameters, and a parameter may be a plate.
    words = (str(cause).strip() or type(cause).__name__).splitlines()[0][:200]
    remedy = next((f"; {remedy}" for known, remedy in REMEDIES.items() if known in words), "")
    kind = DiskFull if remedy == f"; {REMEDIES['disk is full']}" else StoreAway
    return kind(f"the store does not answer: {words}{remedy}")


def _check_version(connection: Connection) -> None:
    found = get_state(connection, "schema")
    if found is None:
        connection.execute(insert(state).values(key="schema", value=str(SCHEMA_VERSION)))
    elif int(found) < SCHEMA_VERSION:
        trios.begin(connection)
        set_state(connection, "schema", str(SCHEMA_VERSION))
    elif int(found) > SCHEMA_VERSION:
        raise StoreError(f"the store has schema {found}, this program {SCHEMA_VERSION}: use the program that made it")


def get_state(connection: Connection, key: str) -> str | None:
    """A remembered value, or None."""
    value: Any = connection.execute(select(state.c.value).where(state.c.key == key)).scalar_one_or_none()
    return None if value is None else str(value)


def set_state(connection: Connection, key: str, value: str) -> None:
    """Remember a value."""
    updated = connection.execute(state.update().where(state.c.key == key).values(value=value))
    if not updated.rowcount:
        connection.execute(insert(state).values(key=key, value=value))
