"""How fast the desk is: hotlists of a million entries, searches in ten million sightings, intake, purge.

    python -m models.bench.desk                   all of it, about five minutes and 3 GB in a temporary folder
    python -m models.bench.desk search --rows 1000000
    python -m models.bench.desk search --url postgresql://desk@/empty?host=/run/postgresql

Searches go through `edge.desk.search.search`, audit row included. The ten million sightings hold what is searched and
not the 900 bytes of their message, which no plate search reads before it has its page; `--records` puts them in.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from itertools import groupby, product
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, insert

from edge.desk import lookup, retention
from edge.desk.hotlists import shelf
from edge.desk.hotlists.shelf import Person
from edge.desk.hotlists.watch import Watch
from edge.desk.intake import Intake
from edge.desk.search import SearchRequest, search
from edge.desk.store import Store, open_store, trios
from edge.desk.store.tables import sighting, trio
from edge.record import plate_text
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.sighting import Sighting
from edge.settings.policy_rules import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

NOW_MS = 1_795_435_200_000
DAY_MS = 86_400_000
WHO = Person(name="Bench", agency="Hesston KS PD")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
ENDINGS = ["".join(three) for three in product(LETTERS, repeat=3)]
COLUMNS = (
    *("id", "camera", "sequence", "captured_ms", "received_ms", "plate", "fold", "reverse", "ends", "dated"),
    *("confidence", "region", "vehicle_type", "color", "direction", "record"),
)
POLICY = load_policy(Path(__file__).parents[2] / "config" / "policy.yaml")


PATTERNS = {
    "whole plate": lambda text: text,
    "one unknown": lambda text: f"{text[:3]}?{text[4:]}",
    "front": lambda text: f"{text[:4]}*",
    "back": lambda text: f"*{text[-4:]}",
    "as in 7*2?K": lambda text: f"{text[0]}*{text[-3]}?{text[-1]}",
    "four in the middle": lambda text: f"*{text[1:5]}*",
    "three in the middle": lambda text: f"*{text[2:5]}*",
    "three at their place": lambda text: f"?{text[1:4]}*",
    "two and one": lambda text: f"*{text[1:3]}?{text[4]}*",
    "two and one, apart": lambda text: f"*{text[1:3]}*{text[4]}*",
    "one and two at the ends": lambda text: f"{text[0]}*{text[3]}*{text[5]}*",
    "as in ?B?D?F": lambda text: f"?{text[1]}?{text[3]}?{text[5]}" + text[6:],
    "as in *B?D?F*": lambda text: f"*{text[0]}?{text[2]}?{text[4]}*",
    "as in *A*1*7*": lambda text: f"*{text[0]}*{text[2]}*{text[4]}*",
    "any order, *7*A*1*": lambda text: f"*{text[4]}*{text[2]}*{text[0]}*",
    "any order, on a Monday": lambda text: f"*{text[4]}*{text[2]}*{text[0]}*",
}
"""Sixteen kinds of pattern, each made of a plate that was seen."""


def main() -> int:
    """Measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["hotlists", "search", "intake", []], default=[])
    parser.add_argument("--rows", type=int, default=10_000_000, help="sightings to search in")
    parser.add_argument("--entries", type=int, default=1_000_000, help="hotlist entries")
    parser.add_argument("--records", action="store_true", help="with whole messages: 1.2 kB a row")
    parser.add_argument("--url", help="search in an empty PostgreSQL database instead of a file of SQLite's")
    parser.add_argument("--folder", type=Path, help="where to build it; a temporary folder by default")
    arguments = parser.parse_args()
    chosen = arguments.what or ["hotlists", "search", "intake"]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for name in chosen:
            result = {"hotlists": hotlists, "search": searches, "intake": intake}[name](Path(folder), arguments)
            print(json.dumps({name: result}, indent=2))
    return 0


def plate(rng: random.Random) -> str:
    """Kansas as it drives: three digits and three letters mostly, four and three, and strangers."""
    shape = rng.random()
    if shape < 0.5:
        return f"{int(rng.random() * 1000):03d}{ENDINGS[int(rng.random() * len(ENDINGS))]}"
    if shape < 0.8:
        return f"{int(rng.random() * 10_000):04d}{ENDINGS[int(rng.random() * len(ENDINGS))]}"
    return "".join(rng.choices(LETTERS + "0123456789", k=7))


def hotlists(folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Install, load, match."""
    rng = random.Random(1)
    lines = [f"V123456789KS000000020261120{plate(rng):<10}KS2027PC2009TOYACAM4DBLK" for _ in range(arguments.entries)]
    content = "\n".join(lines).encode()
    store = open_store(f"sqlite:///{folder}/lists.db")
    rules = POLICY.hotlists
    start = time.perf_counter()
    shelved, _ = shelf.install(store, content, rules.lists[0], rules, WHO, NOW_MS - 3_600_000, NOW_MS)
    installed = time.perf_counter()
    watch = Watch(rules)
    with store.read() as connection:
        watch.refresh(connection, NOW_MS)
    loaded = time.perf_counter()
    index = watch.lists(NOW_MS)[0].index
    store.close()
    return {
        "entries": shelved.entries,
        "install_s": round(installed - start, 2),
        "load_s": round(loaded - installed, 2),
        "match_us": _microseconds(index.alike, [plate(rng) for _ in range(20_000)]),
        "match_one_edit_us": _microseconds(index.one_edit, [plate(rng) for _ in range(500)]),
    }


def _microseconds(call, texts: list[str]) -> float:
    start = time.perf_counter()
    for text in texts:
        call(text)
    return round((time.perf_counter() - start) / len(texts) * 1e6, 1)


def searches(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Search by every kind of pattern: whole (with its audit rows) and the query alone."""
    url = arguments.url or f"sqlite:///{folder}/search.db"
    known = _fill(url, arguments.rows, whole=arguments.records)
    rng = random.Random(2)
    store = open_store(url)
    result: dict[str, object] = {"rows": arguments.rows, "mb": _size_mb(store)}
    for name, pattern in PATTERNS.items():
        day = {"since_ms": NOW_MS - 7 * DAY_MS, "until_ms": NOW_MS - 6 * DAY_MS} if "Monday" in name else {}
        timed = [_timed(store, pattern(rng.choice(known)), **day) for _ in range(60)]
        times = sorted(whole for whole, _ in timed)
        result[name] = {
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[int(len(times) * 0.95) - 1], 1),
            "query_median_ms": round(statistics.median(alone for _, alone in timed), 1),
            "query_worst_ms": round(max(alone for _, alone in timed), 1),
        }
    store.close()
    return result


def _size_mb(store: Store) -> int:
    if store.file is not None:
        return store.file.stat().st_size // 1_000_000
    with store.read() as connection:
        size = "SELECT pg_database_size(current_database()) / 1000000"
        return int(connection.exec_driver_sql(size).scalar_one())


def _timed(store, pattern: str, **window: int) -> tuple[float, float]:
    reason = "Bench of a search in ten million rows"
    request = SearchRequest(person=WHO, purpose="stolen-vehicle", reason=reason, plate=pattern, **window)
    start = time.perf_counter()
    with store.read() as connection:
        lookup.page(connection, request, NOW_MS - 30 * DAY_MS)
    middle = time.perf_counter()
    search(store, POLICY, request, NOW_MS)
    end = time.perf_counter()
    return (end - middle) * 1000, (middle - start) * 1000


def _fill(url: str, rows: int, *, whole: bool) -> list[str]:
    """Sightings over thirty days; returns some of their plates. Indexes are built at the end, as a restore would."""
    store = open_store(url)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    message = seal(EXAMPLES[0]).payload.decode() if whole else "{}"
    known: list[str] = []
    found: dict[int, bytes] = {}
    with engine.begin() as connection:
        for index in sighting.indexes:
            index.drop(connection)
    keep = _keep_by_copying if engine.dialect.name == "postgresql" else _keep_by_inserting
    for batch in _batches(rows, message):
        known += [row[5] for row in batch[:50]]
        for begin_ms, same in groupby(batch, key=lambda row: row[3] - row[3] % trios.SPAN_MS):
            new = set().union(*(trios.trios(row[6]) for row in same))
            found[begin_ms] = trios.merged(found.get(begin_ms, b""), new)
            store.ready_for(begin_ms)
        keep(engine, batch)
    with engine.begin() as connection:
        connection.execute(insert(trio), [{"begin_ms": ms, "found": bits} for ms, bits in found.items()])
    _finish(engine, store)
    engine.dispose()
    store.close()
    return known


def _batches(rows: int, message: str) -> Iterator[list[tuple]]:
    rng = random.Random(3)
    for first in range(0, rows, 100_000):
        batch = [_row(rng, number, rows, message) for number in range(first, min(first + 100_000, rows))]
        yield batch
        print(f"\r{first + len(batch):,} rows", end="", file=sys.stderr, flush=True)


def _keep_by_inserting(engine: Engine, batch: list[tuple]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.exec_driver_sql("PRAGMA cache_size=-1000000")
        connection.execute(insert(sighting), [dict(zip(COLUMNS, row, strict=True)) for row in batch])


def _keep_by_copying(engine: Engine, batch: list[tuple]) -> None:
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        with cursor.copy(f"COPY sighting ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)


def _finish(engine: Engine, store: Store) -> None:
    """Indexes, and on PostgreSQL what its own housekeeping does by itself: day by day, never the whole."""
    for index in sorted(sighting.indexes, key=lambda one: str(one.name)):
        with engine.begin() as connection:
            index.create(connection)
        print(index.name, end=" ", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    store.flush_log()
    if engine.dialect.name != "postgresql":
        return
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        days = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'sighting'::regclass"
        for table in ("trio", *connection.exec_driver_sql(days).scalars()):
            connection.exec_driver_sql(f"VACUUM ANALYZE {table}")
        connection.exec_driver_sql("CHECKPOINT")


def _row(rng: random.Random, number: int, rows: int, message: str) -> tuple[object, ...]:
    text = plate(rng)
    fold = plate_text.fold(text)
    captured = NOW_MS - 30 * DAY_MS + 60_000 + number * (30 * DAY_MS - 120_000) // rows
    ends = fold[0] + fold[-1]
    seen = ("US-KS", rng.choice(("suv", "pickup", "sedan")), rng.choice(("white", "black", "grey")), "northbound")
    plate_columns = (text, fold, fold[::-1], ends, True, 0.95)
    return (f"{number:032x}", "north", number, captured, captured, *plate_columns, *seen, message)


def intake(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """One transaction a sighting, then the purge of all."""
    store = open_store(f"sqlite:///{folder}/intake.db")
    taker = Intake(store, POLICY, Watch(POLICY.hotlists))
    example = EXAMPLES[0]
    assert isinstance(example, Sighting)
    count = 2000
    messages = [_message(example, number) for number in range(count)]
    start = time.perf_counter()
    for message in messages:
        taker.take("lpr/v1/hesston/north/sighting", message, NOW_MS)
    taken = time.perf_counter()
    proof = retention.purge(store, POLICY.retention, NOW_MS + 31 * DAY_MS)
    purged = time.perf_counter()
    store.close()
    return {
        "sightings": count,
        "sightings_per_s": round(count / (taken - start)),
        "purged": proof.purged,
        "purge_s": round(purged - taken, 2),
    }


def _message(example: Sighting, number: int) -> bytes:
    import msgspec

    from edge.record.words import time as written

    seen = written((NOW_MS - 1000 + number) * 1_000_000)
    return seal(
        msgspec.structs.replace(example, id=f"{number:032x}", sequence=number, first_seen=seen, last_seen=seen)
    ).payload


if __name__ == "__main__":
    sys.exit(main())
