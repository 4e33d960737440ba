"""One SQLite file that survives kill -9, a cut cord, a full disk and a damaged card; the outbox keeps its tables in it.

    OutboxError (an OSError)
    ├── OutboxFull        the disk has no room
    ├── OutboxReadOnly    the file or its folder cannot be written
    ├── OutboxFailing     the disk answers with errors
    └── OutboxTaken       another daemon has it, or a newer version wrote it: a person must decide

Every call of `run` is one transaction, on the disk when it returns. A fault is raised, said once in the log, and tried
afresh by the next call, so room, or a card that is writable again, is all it takes to recover. A damaged file is set
aside under a name that tells when, what can still be read of it goes over into a new one, and the work is done there.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.record.health import OutboxState

log = logging.getLogger(__name__)

T = TypeVar("T")

VERSION: Final = 1
"""Of the tables; stands in the file's `user_version`."""
BUSY_S_MAX: Final = 5.0
"""For the daemon before this one to let go."""

FREE_PAGES_MAX: Final = 256
"""1 MB is left in the file for the next rows."""

PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",  # NORMAL may roll back a committed row when the power goes
    "secure_delete = ON",  # what was delivered is overwritten, not merely forgotten
    "wal_autocheckpoint = 256",  # pages: 1 MB
)


class OutboxError(OSError):
    """The disk did not take or give something; the next call tries again."""

    state: OutboxState = "failing"


class OutboxFull(OutboxError):
    """The disk has no room."""

    state: OutboxState = "full"


class OutboxReadOnly(OutboxError):
    """The file or its folder cannot be written."""

    state: OutboxState = "read_only"


class OutboxFailing(OutboxError):
    """The disk answers with errors."""


class OutboxTaken(OutboxError):
    """Another daemon has it, or a newer version wrote it: a person must decide."""


class _Damaged(Exception):
    """The file is no database any more."""


class Disk:
    """The file and its one connection. Threads take turns."""

    def __init__(
        self, file: Path, schema: str, rescue: Callable[[sqlite3.Connection | None, sqlite3.Connection], None]
    ) -> None:
        """`rescue(damaged, new)` brings over what it can; `damaged` is None when it cannot even be opened."""
        self.file = file
        self.state: OutboxState = "ok"
        self._schema, self._rescue = schema, rescue
        self._lock = RLock()
        self._db: sqlite3.Connection | None = None

    def run(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        """Do `work` in one transaction; it may be called a second time, when the file turns out to be damaged.

        `writes`: it surely writes, so success proves that the disk takes rows again; reading proves nothing.
        Raises an OutboxError when the disk does not take it, and whatever `work` raises; then nothing has changed.
        """
        with self._lock:
            try:
                result = self._once(work)
            except _Damaged as damage:
                self._set_aside(str(damage))
                result = self._once(work)
            if writes:
                self._become("ok", "takes rows")
            return result

    def wipe(self) -> None:
        """Empty the log into the database: what was deleted is gone from there, too. Much free room is given back."""
        with self._lock, self._faults():
            db = self._connected()
            (free,) = db.execute("PRAGMA freelist_count").fetchone()
            if free > FREE_PAGES_MAX:
                db.execute(f"PRAGMA incremental_vacuum({free - FREE_PAGES_MAX})").fetchall()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def aside(self) -> list[Path]:
        """The damaged files that were set aside, their logs included."""
        return sorted(self.file.parent.glob(f"{self.file.stem}-damaged-*"))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            db, self._db = self._db, None
            if db is not None:
                with suppress(sqlite3.Error):  # what was to be kept was kept; a failing disk fails here again
                    db.close()

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._faults():
            db = self._connected()
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    with suppress(sqlite3.Error):  # it failed already; the reason is on its way up
                        db.execute("ROLLBACK")
            return result

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            _create(self.file)
            db = sqlite3.connect(self.file, timeout=BUSY_S_MAX, isolation_level=None, check_same_thread=False)
            try:
                _prepare(db, self._schema)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """SQLite's and the system's errors become ours; after one the file is opened anew.

        Not after a full disk: to open it again may take room, and what is there must still be read and sent.
        """
        try:
            yield
        except OutboxError as fault:
            self._become(fault.state, str(fault))
            raise
        except sqlite3.Error as error:
            known = _fault(error, self.file)
            if known is None:
                raise
            if not isinstance(known, OutboxFull):
                self.close()
            if isinstance(known, OutboxError):
                self._become(known.state, str(known))
            raise known from error

    def _set_aside(self, why: str) -> None:
        self.close()
        stamp = datetime.now(tz=timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self.file.with_name(f"{self.file.stem}-damaged-{stamp}{self.file.suffix}")
        with self._faults():
            for suffix in ("-wal", "-journal", ""):
                file = self.file.with_name(self.file.name + suffix)
                if file.exists():
                    _renamed(file, aside.with_name(aside.name + suffix))
            log.error("the outbox is damaged (%s): set aside as %s, a new one begins", why, aside)
            new = self._connected()
            with closing(sqlite3.connect(aside)) as old:
                self._rescue(old if _readable(old) else None, new)

    def _become(self, state: OutboxState, why: str) -> None:
        if state != self.state:
            log.log(logging.INFO if state == "ok" else logging.ERROR, "outbox %s: %s (%s)", self.file, state, why)
        self.state = state


def _create(file: Path) -> None:
    """For nobody else to read. The system's own error says more than SQLite's `unable to open`."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise _of_system(error, file) from error


def _renamed(file: Path, target: Path) -> None:
    try:
        file.rename(target)
    except OSError as error:
        raise _of_system(error, file) from error


def _prepare(db: sqlite3.Connection, schema: str) -> None:
    """What writes is done for a new file alone: a full disk must not keep us from opening what is there."""
    db.execute("PRAGMA locking_mode = EXCLUSIVE")  # one daemon; and no shared-memory file beside the database
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # after a long outage the file shrinks again
    for pragma in PRAGMAS:
        db.execute(f"PRAGMA {pragma}").fetchall()
    if version > VERSION:
        raise OutboxTaken(
            f"a newer version wrote it (tables {version}, ours {VERSION}): install that, or move the file"
        )
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"malformed: {verdict}")
    if version == 0:
        db.executescript(f"BEGIN; {schema} PRAGMA user_version = {VERSION}; COMMIT;")


def _readable(db: sqlite3.Connection) -> bool:
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return True


def _fault(error: sqlite3.Error, file: Path) -> OutboxError | _Damaged | None:
    """By SQLite's own words, which Python 3.10 gives instead of a code; None: the fault is ours."""
    words = str(error).lower()
    if "is full" in words:
        return OutboxFull(f"{file}: the disk has no room; free some, recording goes on by itself")
    if "readonly" in words or "unable to open" in words:
        return OutboxReadOnly(f"{file} cannot be written; recording goes on by itself when it can")
    if "locked" in words:
        return OutboxTaken(
            f"{file} is in use: another daemon of this camera runs; stop it, or give this one a folder of its own"
        )
    if "i/o error" in words:
        return OutboxFailing(f"{file}: the disk answers with errors; see the kernel's log, the card may be dying")
    if "malformed" in words or "not a database" in words or "decode" in words:
        return _Damaged(str(error))
    return None


def _of_system(error: OSError, file: Path) -> OutboxError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutboxFull(f"{file}: {error.strerror}; free some room, recording goes on by itself")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return OutboxReadOnly(f"{file}: {error.strerror}; recording goes on by itself when it can be written")
    return OutboxFailing(f"{file}: {error.strerror}")
