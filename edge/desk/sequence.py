"""Which sightings are missing: every camera numbers its own, so what never arrived leaves a hole that can be counted.

Messages may come late and, with several desks, out of order; a number that fills a hole makes it smaller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select

from edge.desk import limits
from edge.desk.store.tables import camera_state, gap

if TYPE_CHECKING:
    from sqlalchemy import Connection


HOLE_MAX: Final = 10_000_000
"""More numbers than a camera gives in its life were not lost; and what is added up must fit the store's numbers."""


def note(connection: Connection, camera: str, number: int, now_ms: int, gaps_max: int) -> None:
    """Take one new sighting's number into account. A number known already, under a new id, is a camera begun anew.

    Of one camera and day at most `gaps_max` holes are noted.
    """
    where = camera_state.c.camera == camera
    top = connection.execute(select(camera_state.c.sequence).where(where).with_for_update()).scalar_one_or_none()
    if top is None:
        connection.execute(insert(camera_state).values(camera=camera, sequence=number, received_ms=now_ms))
        return
    if top + 1 < number <= top + HOLE_MAX and limits.within(connection, camera, "gaps", gaps_max, now_ms):
        connection.execute(insert(gap).values(camera=camera, low=top + 1, high=number - 1, noticed_ms=now_ms))
    late = number <= top and _fill(connection, camera, number, now_ms, gaps_max)
    top = top if late else number
    connection.execute(camera_state.update().where(where).values(sequence=top, received_ms=now_ms))


def _fill(connection: Connection, camera: str, number: int, now_ms: int, gaps_max: int) -> bool:
    """Make the hole that a late number falls into smaller; False when there is none.

    A number in the midst of a hole makes two of it; when that would be too many, the hole stays as it is.
    """
    inside = (gap.c.camera == camera) & (gap.c.low <= number) & (gap.c.high >= number)
    hole = connection.execute(select(gap).where(inside)).first()
    if hole is None:
        return False
    splits = hole.low < number < hole.high
    if splits and not limits.within(connection, camera, "gaps", gaps_max, now_ms):
        return True
    connection.execute(gap.delete().where(gap.c.row == hole.row))
    for low, high in ((hole.low, number - 1), (number + 1, hole.high)):
        if low <= high:
            connection.execute(insert(gap).values(camera=camera, low=low, high=high, noticed_ms=hole.noticed_ms))
    return True


def missing(connection: Connection, camera: str | None = None) -> int:
    """How many sightings never arrived."""
    total = select(func.coalesce(func.sum(gap.c.high - gap.c.low + 1), 0))
    if camera is not None:
        total = total.where(gap.c.camera == camera)
    return int(connection.execute(total).scalar_one())


def gaps(connection: Connection) -> list[tuple[str, int, int]]:
    """Every hole: camera, first and last number."""
    found = connection.execute(select(gap.c.camera, gap.c.low, gap.c.high).order_by(gap.c.camera, gap.c.low))
    return [(str(row.camera), int(row.low), int(row.high)) for row in found]
