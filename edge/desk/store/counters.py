"""Daily counts without a plate; they outlive what they count."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Literal

from sqlalchemy import Connection, func, select, text

from edge.desk.store.tables import counter

Counted = Literal[
    "vehicles",
    "reads",
    "hits",
    "evidence_views",
    "verdicts",
    "searches",
    "refused_searches",
    "refused_messages",
    "purged",
    "selftests",
    "taken",
    "handed_on",
]


def day(ms: int) -> str:
    """The UTC day of a time: `2026-11-23`."""
    return f"{datetime.fromtimestamp(ms / 1000, tz=timezone.utc):%Y-%m-%d}"


_ADD = text(
    "INSERT INTO counter (day, name, key, count) VALUES (:day, :name, :key, :by) "
    "ON CONFLICT (day, name, key) DO UPDATE SET count = counter.count + excluded.count RETURNING count"
)


def count(connection: Connection, name: Counted, key: str, ms: int, by: int = 1) -> int:
    """Add to the count of one day and tell its new value."""
    parameters = {"day": day(ms), "name": name, "key": key, "by": by}
    return int(connection.execute(_ADD, parameters).scalar_one())


def totals(connection: Connection, name: Counted, now_ms: int, days: int = 30) -> dict[str, int]:
    """Counts by key over the last `days` days, today included; keys that came to nothing are left out."""
    since = day(now_ms - int(timedelta(days=days - 1).total_seconds() * 1000))
    rows = connection.execute(
        select(counter.c.key, func.sum(counter.c.count))
        .where(counter.c.name == name, counter.c.day >= since, counter.c.day <= day(now_ms))
        .group_by(counter.c.key)
        .order_by(counter.c.key)
    )
    return {str(key): int(total) for key, total in rows if total}
