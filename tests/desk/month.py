"""A month like the department's own, in a store: what the public page's tests, and its picture, are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.desk import outages, retention
from edge.desk.hotlists import shelf
from edge.desk.search import SearchRequest, search
from edge.desk.store import count
from edge.desk.verdicts import give
from tests.desk.builders import CHIEF, DAY_MS, HOUR_MS, NOW_MS, ncic, ncic_line, sighting
from tests.desk.test_intake import Desk
from tests.desk.test_search import OFFICER, REASON

if TYPE_CHECKING:
    from pathlib import Path

MONTH = {"vehicles": 31_272, "hits": 311, "searches": 6}
"""The department's own figures of a real month."""


def month(folder: Path) -> Desk:
    """Counters and all; a few sightings, hits, verdicts and searches in full. The caller closes its store."""
    made = Desk(folder)
    rules = made.policy.hotlists
    content = ncic(
        *(ncic_line(f"{n:03d}ABC", "KS") for n in range(100, 130)), ncic_line(code="N"), ncic_line("UNKNOWN")
    )
    shelf.install(made.store, content, rules.lists[0], rules, CHIEF, 0, NOW_MS)
    with made.store.read() as connection:
        made.watch.refresh(connection, NOW_MS)
    for number in range(30):
        made.take(sighting(f"{100 + number}ABC", number=number, at_ms=NOW_MS - number * HOUR_MS))
    with made.store.read() as connection:
        ids = connection.exec_driver_sql("SELECT id FROM hit ORDER BY row").scalars().all()
    for number, hit in enumerate(ids[:26]):
        finding = "correct" if number < 20 else "misread" if number < 25 else "dismissed"
        give(made.store, made.policy, hit, finding, OFFICER, "Looked at the plate", NOW_MS)
    for _ in range(MONTH["searches"]):
        request = SearchRequest(person=OFFICER, purpose="stolen-vehicle", reason=REASON, plate="123ABC")
        search(made.store, made.policy, request, NOW_MS)
    with made.store.write() as connection:
        for days, number in ((3, MONTH["vehicles"] - 30), (40, 5000)):
            count(connection, "vehicles", "south", NOW_MS - days * DAY_MS, number)
            count(connection, "reads", "south", NOW_MS - days * DAY_MS, number * 95 // 100)
        count(connection, "hits", "amber", NOW_MS - 3 * DAY_MS, MONTH["hits"] - 30)
        outages.begin(connection, "south", NOW_MS - 5 * HOUR_MS)
        outages.end(connection, "south", NOW_MS - 2 * HOUR_MS)
    retention.purge(made.store, made.policy.retention, NOW_MS)
    return made
