"""After the policy's days nothing is left: not in the tables, not in the file's free pages, not in its log.

Counted from the capture. `secure_delete` writes zeros over what is deleted, and folding the write-ahead log into the
file and cutting it removes the copies that it held; a test searches the raw bytes for what was purged. What is kept for
good is the audit log and the days' counters, and neither holds what a camera read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, or_, select

from edge.desk import audit
from edge.desk.store import DiskFull, count, get_state, set_state, trios
from edge.desk.store.tables import evidence, gap, hit, hotlist, local_entry, outage, outgoing, sighting, verdict

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    from edge.desk.store import Store
    from edge.settings.policy import RetentionSettings

DAY_MS: Final = 86_400_000
BATCH: Final = 5_000
"""Rows deleted in one transaction: a purge of millions must not keep the cameras waiting."""
BATCH_ON_A_FULL_DISK: Final = 50
"""What deleting so many writes into the log, a page for each index and row, is less than half of the reserve."""
REWRITE_MS: Final = DAY_MS
"""How often PostgreSQL's small tables are written anew, as often as a day's table of sightings goes."""
AHEAD_MS_MAX: Final = 300_000
_PROOF: Final = "purge proof"
_REWRITTEN: Final = "tables rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the last purge found when it looked again. `overdue` is 0, or it has failed."""

    at_ms: int
    purged: int
    overdue: int
    oldest_ms: int | None
    log_cut: bool
    """Whether the write-ahead log was folded in and cut: no copy of what was deleted is left in it."""


def purge(store: Store, rules: RetentionSettings, now_ms: int) -> Proof:
    """Delete what is due, wipe it from the file and the log, look again, and write down what was found.

    On a full disk it uses its reserve, by small steps. Raises DiskFull when that is not there either.
    """
    try:
        return _purge(store, rules, now_ms, BATCH)
    except DiskFull:
        if store.reserve is None:
            raise
        with store.reserve.spend():
            store.flush_log()  # what the log holds is room too
            try:
                return _purge(store, rules, now_ms, BATCH_ON_A_FULL_DISK)
            finally:
                store.flush_log()


def _purge(store: Store, rules: RetentionSettings, now_ms: int, most: int) -> Proof:
    limit_ms = due_before(rules, now_ms)
    _redate(store, now_ms)
    purged = _drop_days(store, limit_ms, now_ms)
    for act in (_forget_trios, _batch, _wipe_lists):
        while gone := act(store, limit_ms, now_ms, most):
            purged += gone
            if most < BATCH:
                store.flush_log()
    # A purge that a reader kept from cutting the log is not over: the next one cuts it, though nothing is due then.
    log_cut = store.flush_log() if purged or not _was_cut(store) else True
    with store.write() as connection:
        proof = _look_again(connection, limit_ms, now_ms, purged, log_cut=log_cut)
        set_state(connection, _PROOF, json.dumps(asdict(proof)))
        rewritten_ms = int(get_state(connection, _REWRITTEN) or 0)
        if purged:
            audit.append(connection, _written(proof), now_ms)
    if now_ms - rewritten_ms >= REWRITE_MS and store.rewrite():
        with store.write() as connection:
            set_state(connection, _REWRITTEN, str(now_ms))
    return proof


def due_before(rules: RetentionSettings, now_ms: int) -> int:
    """Whatever was captured before this is due."""
    return now_ms - int(rules.days * DAY_MS)


def last_proof(connection: Connection) -> Proof | None:
    """What the last purge found; None before the first."""
    kept = get_state(connection, _PROOF)
    return None if kept is None else Proof(**json.loads(kept))


def _was_cut(store: Store) -> bool:
    with store.read() as connection:
        proof = last_proof(connection)
    return proof is not None and proof.log_cut


def _redate(store: Store, now_ms: int) -> None:
    """Rows from the future were dated by a clock that has been set back since: they count from now, and do not stay."""
    store.ready_for(now_ms)
    with store.write() as connection:
        for dated in (sighting.c.captured_ms, hit.c.captured_ms, evidence.c.captured_ms, outgoing.c.made_ms):
            wrong = dated > now_ms + AHEAD_MS_MAX
            connection.execute(dated.table.update().where(wrong).values({dated.name: now_ms}))
        trios.move(connection, now_ms + AHEAD_MS_MAX, now_ms)


def _drop_days(store: Store, limit_ms: int, now_ms: int) -> int:
    """PostgreSQL: whole days of sightings at once."""
    with store.write() as connection:
        dropped = store.drop_days(connection, limit_ms)
        if dropped:
            count(connection, "purged", "rows", now_ms, dropped)
    return dropped


def _forget_trios(store: Store, limit_ms: int, _: int, most: int) -> int:
    """What is told of five minutes is no row that anybody counts."""
    gone = most
    while gone == most:
        with store.write() as connection:
            gone = trios.forget(connection, limit_ms, most)
    return 0


def _batch(store: Store, limit_ms: int, now_ms: int, most: int) -> int:
    with store.write() as connection:
        living = select(hit.c.id).where(hit.c.captured_ms >= limit_ms)
        deleted = _delete(connection, verdict, verdict.c.hit.not_in(living), most)
        deleted += _delete(connection, hit, hit.c.captured_ms < limit_ms, most)
        deleted += _delete(connection, evidence, evidence.c.captured_ms < limit_ms, most)
        deleted += _delete(connection, sighting, sighting.c.captured_ms < limit_ms, most)
        deleted += _delete(connection, outgoing, outgoing.c.made_ms < limit_ms, most)
        ended = or_(local_entry.c.expires_ms < limit_ms, local_entry.c.removed_ms < limit_ms)
        deleted += _delete(connection, local_entry, ended, most)
        deleted += _delete(connection, gap, gap.c.noticed_ms < limit_ms, most)
        deleted += _delete(connection, outage, outage.c.ended_ms < limit_ms, most)
        if deleted:
            count(connection, "purged", "rows", now_ms, deleted)
    return deleted


def _wipe_lists(store: Store, limit_ms: int, now_ms: int, _: int) -> int:
    """A list that nobody replaced: dead for weeks, it matches nothing and is still a list of plates."""
    with store.write() as connection:
        due = hotlist.c.content.is_not(None) & (hotlist.c.made_ms < limit_ms)
        wiped = connection.execute(hotlist.update().where(due).values(content=None, active=False)).rowcount
        if wiped:
            count(connection, "purged", "rows", now_ms, wiped)
    return wiped


def _delete(connection: Connection, table: Table, due: ColumnElement[bool], most: int) -> int:
    key = table.c.row
    few = select(key).where(due).order_by(key).limit(most)
    # Said twice, so that PostgreSQL looks into the tables of the days that are due and into no others.
    return connection.execute(table.delete().where(due, key.in_(few))).rowcount


def _look_again(connection: Connection, limit_ms: int, now_ms: int, purged: int, *, log_cut: bool) -> Proof:
    overdue = 0
    oldest: list[int] = []
    for table in (sighting, hit, evidence):
        first = connection.execute(select(func.min(table.c.captured_ms))).scalar_one()
        # Two questions, for each is one look into the index; together they would be a walk through the table.
        due = select(func.count()).select_from(table).where(table.c.captured_ms < limit_ms)
        overdue += int(connection.execute(due).scalar_one())
        oldest += [] if first is None else [int(first)]
    return Proof(at_ms=now_ms, purged=purged, overdue=overdue, oldest_ms=min(oldest, default=None), log_cut=log_cut)


def _written(proof: Proof) -> audit.Entry:
    return audit.Entry(
        act="purge",
        who="desk",
        agency="",
        outcome="done" if not proof.overdue and proof.log_cut else "incomplete",
        detail=f"{proof.purged} rows deleted, {proof.overdue} overdue, log cut: {'yes' if proof.log_cut else 'no'}",
    )
