"""The same desk on Debian's PostgreSQL: what SQLite's tests say holds here too, and several desks share one store."""

import threading

import msgspec
import pytest
from sqlalchemy import create_engine, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from edge.desk import audit, lookup, retention, sequence, verdicts
from edge.desk.adapters import courier
from edge.desk.intake import _columns, _dated
from edge.desk.search import SearchRequest, search
from edge.desk.store import StoreAway, counters, open_store, partitions
from edge.desk.store.tables import evidence, local_entry, metadata, state
from edge.desk.store.tables import sighting as table
from edge.settings.policy import AdapterSettings, RetentionSettings
from tests.desk import postgres
from tests.desk.adapters.web import Site
from tests.desk.builders import CHIEF, DAY_MS, HOUR_MS, NOW_MS, payload, sighting, topic
from tests.desk.mosquitto import Broker, user, written_policy
from tests.desk.test_daemon import RunningDesk, now_ms, until
from tests.desk.test_intake import Desk
from tests.desk.test_search import OFFICER, POLICY, REASON


@pytest.fixture(scope="module")
def running():
    with postgres.cluster() as one:
        yield one


@pytest.fixture
def url(running):
    return running.database()


@pytest.fixture
def desk(url, tmp_path):
    made = Desk(tmp_path, url)
    yield made
    made.store.close()


def test_sightings_are_stored_exactly_once_with_gaps_and_hits(desk):
    desk.install("123ABC")
    assert [desk.take(sighting()).result for _ in range(2)] == ["stored", "repeated"]
    assert desk.take(sighting("999ZZZ")).fault == "forged"
    desk.take(sighting(None, number=4))
    with desk.store.read() as connection:
        assert sequence.gaps(connection) == [("north", 2, 3)]
        assert audit.verify(audit.rows(connection), audit.head(connection)) == (3, [])
    assert [hit.grade for hit in desk.hits()] == ["full"]
    assert desk.totals("vehicles") == {"north": 2}


@pytest.mark.parametrize("statement", ["UPDATE audit SET who='nobody'", "DELETE FROM audit", "TRUNCATE audit"])
def test_the_log_refuses_to_be_changed(desk, statement):
    desk.take(b"garbage")
    with pytest.raises(DBAPIError, match="append-only"), desk.store.write() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "pattern", ["123ABC", "123A8C", "1*ABC", "*3ABC", "123*", "?23ABC", "*23AB*", "?2?A?C", "*2*A*C*", "*2?A?C*"]
)
def test_every_kind_of_search_answers(desk, pattern):
    for number, text in enumerate(["123ABC", "I23ABC", "999ZZZ"]):
        desk.take(sighting(text, number=number, at_ms=NOW_MS - number))
    asked = SearchRequest(person=OFFICER, purpose="stolen-vehicle", reason=REASON, plate=pattern)
    assert [found.plate for found in search(desk.store, POLICY, asked, NOW_MS).found] == ["123ABC", "I23ABC"]


def test_pages_over_many_days_are_whole_and_newest_first(desk):
    """The newest day is asked first, then two, then four: nothing is lost or told twice where they meet."""
    ages_ms = [n * 7 * HOUR_MS for n in range(20)]
    for number, age_ms in enumerate(ages_ms):
        desk.take(sighting(number=number, at_ms=NOW_MS - age_ms))
    for wanted in ({"plate": "?2?A?C"}, {"plate": "*23AB*"}, {"type": "pickup", "since_ms": NOW_MS - 6 * DAY_MS}):
        seen, after = [], None
        while after is not None or not seen:
            asked = SearchRequest(
                person=OFFICER, purpose="stolen-vehicle", reason=REASON, limit=3, after=after, until_ms=NOW_MS, **wanted
            )
            page = search(desk.store, POLICY, asked, NOW_MS)
            seen += [one.id for one in page.found]
            after = page.next
        assert seen == [sighting(number=number).id for number in range(1, 20)]


@pytest.mark.parametrize("pattern", ["123ABC", "*3ABC", "123*"])
def test_what_one_index_finds_needs_no_look_into_the_table(desk, pattern):
    desk.take(sighting())
    statement = lookup.statement("postgresql", SearchRequest(person=OFFICER, purpose="", reason="", plate=pattern), 0)
    with desk.store.read() as connection:
        written = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {written}")]
    assert any("Index Only Scan" in step for step in plan), plan


def test_an_earlier_programs_indexes_are_made_anew(desk, url, tmp_path):
    with desk.store.write() as connection:
        connection.exec_driver_sql("DROP INDEX sighting_fold")
        connection.exec_driver_sql("CREATE INDEX sighting_fold ON sighting (fold, captured_ms)")
    again = Desk(tmp_path, url)
    with again.store.read() as connection:
        made = "SELECT indexdef FROM pg_indexes WHERE indexname = 'sighting_fold'"
        assert "INCLUDE" in connection.exec_driver_sql(made).scalar_one()
    again.store.close()


def test_what_is_due_is_purged(desk):
    for number, at_ms in enumerate((NOW_MS - 31 * DAY_MS, NOW_MS)):
        desk.take(sighting(number=number, at_ms=at_ms), now_ms=at_ms)
    proof = retention.purge(desk.store, RetentionSettings(), NOW_MS)
    assert (proof.overdue, proof.log_cut) == (0, True)
    assert desk.count("sighting") == 1


def days(desk):
    with desk.store.read() as connection:
        return [(NOW_MS - first_ms) // DAY_MS for first_ms in partitions.days(connection)]


def test_days_that_are_due_go_whole_and_their_bytes_with_them(running, desk):
    ages_ms = {"BQX7LZV": 33 * DAY_MS, "CRY4KWU": 31 * DAY_MS, "DSW3JTN": 30 * DAY_MS + 60_000, "LIV1ING": HOUR_MS}
    for number, (text, age_ms) in enumerate(ages_ms.items()):
        desk.take(sighting(text, number=number, at_ms=NOW_MS - age_ms), now_ms=NOW_MS - age_ms)
    assert days(desk) == [33, 31, 30, 0]
    assert sorted(running.found(desk.store, ages_ms)) == sorted(ages_ms)
    proof = retention.purge(desk.store, RetentionSettings(), NOW_MS)
    assert (proof.purged, proof.overdue, desk.totals("purged")) == (3, 0, {"rows": 3})
    assert days(desk) == [30, 0]
    assert not {"BQX7LZV", "CRY4KWU"} & set(running.found(desk.store, ages_ms)), "what was dropped is in no file"
    retention.purge(desk.store, RetentionSettings(), NOW_MS + DAY_MS)
    assert running.found(desk.store, ages_ms) == ["LIV1ING"], "a day later nor is what was deleted row by row"


def test_who_reads_on_by_row_misses_nobody_that_is_stored_late(desk):
    """A row has its number before its transaction ends: the later one may be there first."""
    stored, read, rows = threading.Event(), threading.Event(), []

    def store_late():
        desk.store.ready_for(NOW_MS)
        with desk.store.write() as connection:
            one = sighting("LATE11", number=1)
            desk.store.hold(connection, one.id)
            connection.execute(insert(table).values(**_columns(_dated(one, NOW_MS))))
            stored.set()
            assert not read.wait(1.0), "nobody reads while somebody stores"

    def read_on():
        with desk.store.settled() as connection:
            rows.extend(connection.execute(select(table.c.plate).order_by(table.c.row)).scalars())
        read.set()

    threads = [threading.Thread(target=store_late), threading.Thread(target=read_on)]
    threads[0].start()
    assert stored.wait(10)
    desk.take(sighting("EARLY2", number=2))
    threads[1].start()
    for thread in threads:
        thread.join(20)
    assert rows == ["LATE11", "EARLY2"]


def test_sightings_are_handed_on_from_here_as_well(desk):
    with Site() as site:
        adapter = AdapterSettings(format="openalpr", url=f"http://127.0.0.1:{site.port}/")
        settings = msgspec.structs.replace(desk.policy, adapters=(adapter,))
        with desk.store.write() as connection:
            courier.begin(connection, settings, NOW_MS)
        one = courier.Courier(desk.store, settings, adapter, lambda: NOW_MS)
        for number, (text, age) in enumerate([("AAA111", 0), ("BBB222", 3), ("CCC333", 1)]):
            desk.take(sighting(text, number=number, at_ms=NOW_MS - age * DAY_MS))
        one.turn()
        assert site.plates == ["AAA111", "BBB222", "CCC333"], "as they came, whatever day's table they are in"
    assert desk.totals("handed_on") == {"openalpr to 127.0.0.1": 3}


def leave_traces(desk, text, at_ms):
    """A hit, its verdict, its crop, its message to the broker, a local entry: everything that tells of one plate."""
    desk.install(text, now_ms=at_ms, made_ms=at_ms)
    hit = desk.take(sighting(text, number=at_ms // 1000 % 1_000_000, at_ms=at_ms), now_ms=at_ms).hit
    verdicts.give(desk.store, desk.policy, hit.id, "correct", CHIEF, "Looked at it beside the road", at_ms)
    values = {"hit": hit.id, "sighting": hit.sighting, "captured_ms": at_ms, "message": f"the crop of {text}"}
    entry = {"plate": text, "case_number": "26-1", "added_by": "A", "agency": "B", "added_ms": at_ms}
    with desk.store.write() as connection:
        connection.execute(insert(evidence).values(**values))
        connection.execute(insert(local_entry).values(**entry, expires_ms=at_ms))


def test_hits_verdicts_crops_and_entries_go_down_to_their_bytes(running, desk):
    """VACUUM alone leaves them in their page until something is written over them."""
    hour_ms = NOW_MS - 30 * DAY_MS
    leave_traces(desk, "HTX7LZV", hour_ms - HOUR_MS)
    leave_traces(desk, "KWU4CRY", hour_ms + HOUR_MS)
    assert len(running.found(desk.store, ["HTX7LZV", "KWU4CRY"])) == 2
    assert retention.purge(desk.store, RetentionSettings(), NOW_MS).overdue == 0
    with desk.store.read() as connection:
        kept = "SELECT string_agg(t::text, ' ') FROM (SELECT message FROM hit UNION ALL SELECT payload FROM outgoing) t"
        assert "HTX7LZV" not in connection.exec_driver_sql(kept).scalar_one()
    retention.purge(desk.store, RetentionSettings(), NOW_MS + DAY_MS)
    assert running.found(desk.store, ["HTX7LZV", "KWU4CRY"]) == []
    assert [desk.count(table) for table in ("hit", "verdict", "evidence", "outgoing", "local_entry", "trio")] == [0] * 6


def test_a_table_that_somebody_reads_is_written_anew_the_next_time(desk, url, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.desk.store.partitions.LOCK_WAIT", "100ms")
    other = Desk(tmp_path, url)
    with other.store.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM hit").scalar_one()
        assert not desk.store.rewrite()
    assert desk.store.rewrite()
    other.store.close()


def test_a_store_of_schema_1_is_taken_over_with_everything_in_it(url, tmp_path):
    """Its sightings lay in one table."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    old = [sighting("123ABC", number=n, at_ms=NOW_MS - n * DAY_MS) for n in range(4)]
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(state).values(key="schema", value="1"))
        connection.execute(insert(table), [_columns(_dated(one, NOW_MS)) for one in old])
    engine.dispose()
    desk = Desk(tmp_path, url)
    assert days(desk) == [3, 2, 1, 0]
    assert [desk.take(one).result for one in old] == ["repeated"] * 4
    assert desk.take(sighting("123ABC", number=9)).result == "stored"
    asked = SearchRequest(person=OFFICER, purpose="stolen-vehicle", reason=REASON, plate="*23AB*")
    assert len(search(desk.store, POLICY, asked, NOW_MS).found) == 5
    desk.store.close()
    again = Desk(tmp_path, url)
    assert again.count("sighting") == 5
    again.store.close()


def test_a_day_that_another_desk_has_dropped_meanwhile_is_made_anew(desk):
    desk.take(sighting())
    with desk.store.write() as connection:
        connection.exec_driver_sql("DROP TABLE sighting_20261123")
    with pytest.raises(StoreAway):
        desk.take(sighting(number=2))
    assert desk.take(sighting(number=2)).result == "stored"


@pytest.mark.parametrize("synchronized", [True, False], ids=["dated", "dated_by_each_desk"])
def test_two_desks_that_get_the_same_messages_store_each_once_and_keep_one_chain(desk, url, tmp_path, synchronized):
    other = Desk(tmp_path, url)
    for one in (desk, other):
        one.install("123ABC")
    texts = ["123ABC" if n % 3 else "999ZZZ" for n in range(40)]
    messages = [payload(sighting(text, number=n, synchronized=synchronized)) for n, text in enumerate(texts)]
    faults = []

    def take_all(one, now_ms):
        try:
            for message in messages:
                one.intake.take(topic(), message, now_ms)
        except Exception as error:  # noqa: BLE001 — whatever it is, the test must see it
            faults.append(error)

    threads = [
        threading.Thread(target=take_all, args=arguments) for arguments in ((desk, NOW_MS), (other, NOW_MS + DAY_MS))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert desk.count("sighting") == 40
    with desk.store.read() as connection:
        assert counters.totals(connection, "vehicles", NOW_MS + DAY_MS) == {"north": 40}
    assert len(desk.hits()) == 26
    with desk.store.read() as connection:
        assert audit.verify(audit.rows(connection), audit.head(connection))[1] == []
    other.store.close()


def test_a_server_that_is_away_is_told_and_comes_back(running, url, tmp_path):
    desk = Desk(tmp_path, url)
    running.stop("immediate")
    try:
        with pytest.raises(StoreAway):
            desk.take(sighting())
        with pytest.raises(StoreAway):
            open_store(url)
    finally:
        running.start()
    assert desk.take(sighting()).result == "stored"
    desk.store.close()


def test_a_server_that_takes_no_writes_is_an_outage_and_told(url, tmp_path):
    """As a standby does, or an administrator at work."""
    desk = Desk(tmp_path, url)
    name = make_url(url).database
    with desk.store.write() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    desk.store.close()
    with pytest.raises(StoreAway, match="the server takes no writes"):
        desk.take(sighting())
    with pytest.raises(StoreAway, match="the server takes no writes"):
        open_store(url)
    desk.store.close()


@pytest.fixture
def broker(tmp_path):
    made = Broker(tmp_path)
    yield made
    made.stop()


def test_several_desks_share_the_sightings_and_one_may_die(url, broker, tmp_path):
    text = written_policy(tmp_path, broker.port, store={"url": url}).read_text()
    desks = []
    for name in ("desk", "desk2"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text.replace("broker:\n", f"broker:\n  share: desks\n  name: {name}\n"))
        desks.append(RunningDesk(broker, file).await_connected())
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def stored():
        with engine.connect() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM sighting").scalar_one()

    with user(broker, "north") as north:
        for number in range(60):
            north.publish(topic(), payload(sighting(number=number, at_ms=now_ms())))
            if number == 30:
                desks[0].kill()
                desks[0].start()
    until(lambda: stored() == 60, "each sighting is there once")
    for one in desks:
        one.stop()
    engine.dispose()
