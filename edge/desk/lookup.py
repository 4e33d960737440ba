"""The sightings that answer a request, newest first, a page of them: along the indexes, or back through time.

request ─▶ pattern ─▶ walks (`patterns`) ─▶ one statement            ─▶ rows
└─▶ none: five minutes after five minutes (`trios`) ─▶ rows

PostgreSQL, which has a table a day and plans for each, is asked for the newest day, then two, then four.
"""

from __future__ import annotations

from functools import reduce
from itertools import islice
from operator import add
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Select,
    String,
    and_,
    column,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    union,
    values,
)

from edge.desk.patterns import UNKNOWN_MAX, Walk, begins, like, literals, walks
from edge.desk.store import partitions, trios
from edge.desk.store.tables import sighting
from edge.record import plate_text
from edge.record.plate_text import FOLDED

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, CompoundSelect, Connection, FromClause, RowMapping, Subquery

    from edge.desk.search import SearchRequest

    Rows = Select[tuple[int, int]] | CompoundSelect[tuple[int, int]]

FOREVER_MS: Final = 2**62
_AS_ASKED: Final = select(
    func.set_config("plan_cache_mode", "force_custom_plan", true()), func.set_config("jit", "off", true())
)
"""PostgreSQL, until the transaction ends: no one plan for all plates, which is a bad one, and none is compiled."""
SPANS_FIRST: Final = 12
"""Five minutes that are looked through at once; then twice as many, until the page is full."""
_ALPHABET: Final = (
    values(column("character", String), name="alphabet").data([(character,) for character in FOLDED]).cte("alphabet")
)


def page(connection: Connection, request: SearchRequest, kept_since_ms: int) -> list[RowMapping]:
    """Newest first, one row more than the page holds."""
    # What is due but not yet purged is not shown: retention is kept to the minute, the purge runs when it runs.
    since_ms = max(request.since_ms or 0, kept_since_ms)
    places = _places(connection, request, since_ms)
    if not places:
        return []
    times = [captured_ms for _, captured_ms in places]
    found = (
        select(sighting)
        # The times for PostgreSQL, which then looks into these days' tables alone.
        .where(sighting.c.row.in_([row for row, _ in places]), sighting.c.captured_ms.between(min(times), max(times)))
        .order_by(sighting.c.captured_ms.desc(), sighting.c.row.desc())
    )
    return list(connection.execute(found).mappings())


def statement(dialect: str, request: SearchRequest, since_ms: int) -> Rows | None:
    """The rows and times of all that answers, in one question, where there is something to look up."""
    where = _where(request, since_ms)
    if request.plate is None:
        return select(sighting.c.row, sighting.c.captured_ms).where(*where)
    # PostgreSQL would not look up each character that an unknown one may be: it reads the whole table instead.
    found = walks(_folded(request), 0 if dialect == "postgresql" else UNKNOWN_MAX)
    if not found:
        return None
    where += _spelled(request)
    return _in_one_look(found, where) if dialect == "postgresql" else _walk_by_walk(found, where)


def _places(connection: Connection, request: SearchRequest, since_ms: int) -> list[tuple[int, int]]:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(_AS_ASKED)
    asked = statement(dialect, request, since_ms)
    if asked is None:
        return _back_through_time(connection, request, since_ms)
    if dialect == "postgresql":
        assert isinstance(asked, Select), "a union is SQLite's"
        return _newest_days_first(connection, asked, request, since_ms)
    return _read(connection, _page(asked, request.limit + 1))


def _newest_days_first(
    connection: Connection, asked: Select[tuple[int, int]], request: SearchRequest, since_ms: int
) -> list[tuple[int, int]]:
    """One day, then the two before it, then four: PostgreSQL plans for each day's table, and a page is soon full."""
    until_ms, captured_ms = _until_ms(request), sighting.c.captured_ms
    days = [ms for ms in reversed(partitions.days(connection)) if since_ms - partitions.DAY_MS < ms < until_ms]
    found: list[tuple[int, int]] = []
    count = 1
    while len(found) <= request.limit and days:
        now, days = days[:count], days[count:]
        count *= 2
        during_them = asked.where(captured_ms >= now[-1], captured_ms < now[0] + partitions.DAY_MS)
        found += _read(connection, _page(during_them, request.limit + 1 - len(found)))
    return found


def _read(connection: Connection, asked: Rows) -> list[tuple[int, int]]:
    return [(int(one.row), int(one.captured_ms)) for one in connection.execute(asked)]


def _back_through_time(connection: Connection, request: SearchRequest, since_ms: int) -> list[tuple[int, int]]:
    pattern = _folded(request)
    where = [
        sighting.c.fold.like(like(pattern)),
        *_spelled(request),
        *_where(request, since_ms, sighting.c.captured_ms + 0),
    ]
    spans = trios.begins(connection, literals(pattern), since_ms, _until_ms(request))
    found: list[tuple[int, int]] = []
    count = SPANS_FIRST
    while len(found) <= request.limit and (now := list(islice(spans, count))):
        count *= 2
        found += _read(connection, _page(during(now, where, connection.dialect.name), request.limit + 1 - len(found)))
    return found


def during(begins_ms: list[int], where: list[ColumnElement[bool]], dialect: str) -> Select[tuple[int, int]]:
    """Whatever fits within some five minutes.

    `where` names no plain time, or SQLite would take that for the index's range, each five minutes anew.
    """
    span = values(column("begin_ms", BigInteger), name="span").data([(ms,) for ms in begins_ms]).cte("span")
    captured_ms = sighting.c.captured_ms
    inside = and_(captured_ms >= span.c.begin_ms, captured_ms < span.c.begin_ms + trios.SPAN_MS)
    rows = (
        select(sighting.c.row, captured_ms)
        .select_from(span.join(sighting, inside))
        .with_hint(sighting, "INDEXED BY sighting_time", "sqlite")
        .where(*where)
    )
    if dialect != "postgresql":
        return rows
    # Their bounds once more in numbers: PostgreSQL then plans for these days alone.
    return rows.where(captured_ms >= min(begins_ms), captured_ms < max(begins_ms) + trios.SPAN_MS)


def _in_one_look(found: tuple[Walk, ...], where: list[ColumnElement[bool]]) -> Select[tuple[int, int]]:
    """PostgreSQL: each day's table knows its own statistics; a union would be planned for each day and walk."""
    met = or_(*(and_(begins(walk.key, walk.start), *walk.where) for walk in found))
    return select(sighting.c.row, sighting.c.captured_ms).where(met, *where)


def _walk_by_walk(found: tuple[Walk, ...], where: list[ColumnElement[bool]]) -> CompoundSelect[tuple[int, int]]:
    """SQLite: without statistics it would rather go back through time, hoping to meet the plate soon."""
    return union(*(_walked(walk, where) for walk in found))


def _walked(walk: Walk, where: list[ColumnElement[bool]]) -> Select[tuple[int, int]]:
    rows = select(sighting.c.row, sighting.c.captured_ms).where(*walk.where, *where)
    rows = rows.with_hint(sighting, f"INDEXED BY {walk.index}", "sqlite")
    if "?" not in walk.start:
        return rows.where(begins(walk.key, walk.start))
    start = _starts(walk)
    return rows.select_from(start.join(sighting, begins(walk.key, start.c.text)))


def _starts(walk: Walk) -> Subquery:
    """Every text that a beginning with unknown characters may stand for."""
    unknown = [_ALPHABET.alias() for _ in range(walk.start.count("?"))]
    letters = iter(unknown)
    parts = [next(letters).c.character if character == "?" else literal(character) for character in walk.start]
    every: FromClause = unknown[0]
    for one in unknown[1:]:
        every = every.join(one, true())
    return select(reduce(add, parts).label("text")).select_from(every).subquery("start")


def _where(
    request: SearchRequest, since_ms: int, captured_ms: ColumnElement[int] = sighting.c.captured_ms
) -> list[ColumnElement[bool]]:
    """What is asked of a sighting beside its plate."""
    where = [captured_ms >= since_ms]
    if request.until_ms is not None:
        where.append(captured_ms < request.until_ms)
    for asked, wanted in (
        (sighting.c.vehicle_type, request.type),
        (sighting.c.color, request.color),
        (sighting.c.direction, request.direction),
    ):
        if wanted is not None:
            where.append(asked == wanted)
    if request.cameras:
        where.append(sighting.c.camera.in_(request.cameras))
    if request.after is not None:
        where.append(tuple_(captured_ms, sighting.c.row) < _after(request))
    return where


def _spelled(request: SearchRequest) -> list[ColumnElement[bool]]:
    if not request.exact:
        return []
    return [func.replace(sighting.c.plate, "O", "0").like(like(plate_text.zero(_pattern(request))))]


def _pattern(request: SearchRequest) -> str:
    assert request.plate is not None, "only a plate has a pattern"
    return plate_text.normalise(request.plate, wildcards=True)


def _folded(request: SearchRequest) -> str:
    return plate_text.fold(_pattern(request))


def _until_ms(request: SearchRequest) -> int:
    """Before which an answer was seen."""
    return min(request.until_ms or FOREVER_MS, FOREVER_MS if request.after is None else _after(request)[0] + 1)


def _after(request: SearchRequest) -> tuple[int, int]:
    """The time and row with which the page before ended."""
    assert request.after is not None, "only asked of a page that follows another"
    captured_ms, row = request.after.split(".")
    return int(captured_ms), int(row)


def _page(rows: Rows, count: int) -> Rows:
    return rows.order_by(text("captured_ms DESC"), text("row DESC")).limit(count)
