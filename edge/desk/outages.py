"""When a camera or the desk itself was not there: what the public page owes beside what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from edge.desk import limits
from edge.desk.store.tables import outage

if TYPE_CHECKING:
    from sqlalchemy import Connection

DESK = "desk"


def begin(connection: Connection, part: str, ms: int, most: int | None = None) -> None:
    """A camera (by name) or the desk went away. Nothing new when it is away already.

    More than `most` in a day are one: the last goes on, for who comes and goes like that is not there.
    """
    open_ = select(outage.c.row).where(outage.c.part == part, outage.c.ended_ms.is_(None))
    if connection.execute(open_).first() is not None:
        return
    if most is None or limits.within(connection, part, "outages", most, ms):
        connection.execute(insert(outage).values(part=part, began_ms=ms))
        return
    last = select(func.max(outage.c.row)).where(outage.c.part == part).scalar_subquery()
    connection.execute(outage.update().where(outage.c.row == last).values(ended_ms=None))


def end(connection: Connection, part: str, ms: int) -> None:
    """It is back."""
    open_ = (outage.c.part == part) & outage.c.ended_ms.is_(None)
    connection.execute(outage.update().where(open_).values(ended_ms=ms))


def spans(connection: Connection, since_ms: int, now_ms: int) -> list[tuple[str, int]]:
    """Outages since a time: part and length in ms, as far as it lies after that time."""
    found = connection.execute(
        select(outage).where((outage.c.ended_ms.is_(None)) | (outage.c.ended_ms > since_ms)).order_by(outage.c.row)
    )
    return [(str(row.part), (row.ended_ms or now_ms) - max(row.began_ms, since_ms)) for row in found]
