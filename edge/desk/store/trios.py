"""Which three characters stand on the plates of each five minutes: in their order, with anything between.

    123ABC → 123 12A 12B … ABC, twenty trios, a bit each

What such a pattern as `*A*1*7*` leaves open no sorted index can look up. Either it fits many plates, and going back
through time soon meets a page of them; or it fits few, and then most five minutes do not hold its trio and are passed
over. The bits are written in the transaction that stores a sighting, and go when the first of their sightings falls
due: what is then left of those five minutes is looked at plate by plate.
"""

from __future__ import annotations

import struct
from itertools import combinations
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, text

from edge.desk.store.tables import trio
from edge.record.plate_text import FOLDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SPAN_MS: Final = 300_000
"""Five minutes: in ten million sightings a month a thousand plates; a quiet road's few plates cost a few bytes each."""
_PLACE: Final = {character: place for place, character in enumerate(FOLDED)}
_BITMAP_BYTES: Final = len(FOLDED) ** 3 // 8
_NEW: Final = text("INSERT INTO trio (begin_ms, found) VALUES (:begin_ms, :found) ON CONFLICT DO NOTHING")


def trios(characters: str) -> set[int]:
    """The numbers of a folded text's trios; of fewer than three characters there are none."""
    places = [_PLACE[character] for character in characters]
    kinds = len(FOLDED)
    return {(first * kinds + second) * kinds + third for first, second, third in combinations(places, 3)}


def note(connection: Connection, fold: str, captured_ms: int) -> None:
    """Take one plate into its five minutes."""
    begin_ms = captured_ms - captured_ms % SPAN_MS
    where = trio.c.begin_ms == begin_ms
    asked = select(trio.c.found).where(where).with_for_update()
    kept = connection.execute(asked).one_or_none()
    if kept is None:  # of two desks that come first at once, one makes it
        connection.execute(_NEW, {"begin_ms": begin_ms, "found": b""})
        kept = connection.execute(asked).one()
    if kept.found is None:  # some of its plates are in no bit any more
        return
    grown = merged(kept.found, trios(fold))
    if grown != kept.found:
        connection.execute(trio.update().where(where).values(found=grown))


def begin(connection: Connection) -> None:
    """Of the sightings of an older store there are no bits: their five minutes are looked at plate by plate."""
    connection.execute(
        text(
            f"INSERT INTO trio (begin_ms) SELECT DISTINCT captured_ms - captured_ms % {SPAN_MS} "  # noqa: S608 — a number of ours
            "FROM sighting WHERE fold IS NOT NULL ON CONFLICT DO NOTHING"
        )
    )


def begins(connection: Connection, literals: str, since_ms: int, until_ms: int) -> Iterator[int]:
    """When those five minutes begin in which a plate may have these characters in this order; newest first.

    Read as they are asked for: who has a page full needs no older ones.
    """
    wanted = sorted(trios(literals))
    inside = (trio.c.begin_ms > since_ms - SPAN_MS) & (trio.c.begin_ms < until_ms)
    asked = select(trio.c.begin_ms, trio.c.found).where(inside).order_by(trio.c.begin_ms.desc())
    for begin_ms, found in connection.execution_options(yield_per=200).execute(asked):
        if found is None or all(holds(found, one) for one in wanted):
            yield begin_ms


def forget(connection: Connection, limit_ms: int, most: int) -> int:
    """Before that time everything is due: drop what belongs to it, and the bits that speak of it among others.

    Returns how many five minutes went; when that is `most`, there may be more.
    """
    due = select(trio.c.begin_ms).where(trio.c.begin_ms <= limit_ms - SPAN_MS).order_by(trio.c.begin_ms).limit(most)
    gone = connection.execute(trio.delete().where(trio.c.begin_ms.in_(due))).rowcount
    connection.execute(trio.update().where(trio.c.begin_ms < limit_ms, trio.c.found.is_not(None)).values(found=None))
    return gone


def move(connection: Connection, ahead_ms: int, now_ms: int) -> None:
    """Sightings of a time after `ahead_ms` are dated anew, to now: the bits of now no longer speak for all."""
    gone = connection.execute(trio.delete().where(trio.c.begin_ms > ahead_ms)).rowcount
    cut = trio.update().where(trio.c.begin_ms <= ahead_ms, trio.c.begin_ms > ahead_ms - SPAN_MS).values(found=None)
    if connection.execute(cut).rowcount or gone:
        begin_ms = now_ms - now_ms % SPAN_MS
        connection.execute(_NEW, {"begin_ms": begin_ms, "found": b""})
        connection.execute(trio.update().where(trio.c.begin_ms == begin_ms).values(found=None))


def merged(kept: bytes, new: set[int]) -> bytes:
    """`kept` with more trios in it. Few are written as sorted numbers of two bytes, many as a bitmap."""
    if len(kept) < _BITMAP_BYTES:
        numbers = sorted(new.union(_numbers(kept)))
        if 2 * len(numbers) < _BITMAP_BYTES:
            return struct.pack(f"<{len(numbers)}H", *numbers)
        kept, new = bytes(_BITMAP_BYTES), set(numbers)
    bits = bytearray(kept)
    for number in new:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def holds(kept: bytes, number: int) -> bool:
    """Whether a trio is in there."""
    if len(kept) == _BITMAP_BYTES:
        return bool(kept[number >> 3] >> (number & 7) & 1)
    written = struct.pack("<H", number)
    place = kept.find(written)
    while place > 0 and place % 2:  # the end of one number and the beginning of the next
        place = kept.find(written, place + 1)
    return place >= 0


def _numbers(kept: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(kept) // 2}H", kept)
