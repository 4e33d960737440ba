import msgspec
import pytest

from edge.desk import audit, hits
from edge.desk.hotlists.shelf import Person
from edge.desk.queue import Queue
from edge.desk.verdicts import VerdictRefused, give
from edge.record.boundary import unseal
from edge.record.hit import Hit
from edge.record.verdict import Verdict
from tests.desk.builders import MINUTE_MS, NOW_MS, sighting
from tests.desk.test_intake import Desk
from tests.desk.test_search import OFFICER

LOOKED = "Looked at the plate on Main Street"


class Clock:
    now = NOW_MS

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def desk(tmp_path, clock):
    made = Desk(tmp_path)
    made.install("123ABC")
    made.hit = made.take(sighting()).hit
    made.queue = Queue(made.store, made.policy, clock)
    yield made
    made.store.close()


def verdict(desk, finding, by=OFFICER, reason=LOOKED, hit=None):
    return give(desk.store, desk.policy, hit or desk.hit.id, finding, by, reason, NOW_MS)


def test_a_verdict_supersedes_and_never_erases(desk):
    first = verdict(desk, "misread")
    second = verdict(desk, "correct")
    assert (second.revision, second.supersedes) == (2, first.id)
    assert desk.count("verdict") == 2
    assert desk.totals("verdicts") == {"correct": 1}
    with desk.store.read() as connection:
        (_, reviewed), *_ = hits.recent(connection, 10)
    assert (reviewed.finding, reviewed.revision, reviewed.who) == ("correct", 2, "B. Officer")


def test_the_hit_itself_stays_unverified_for_ever(desk):
    verdict(desk, "correct")
    with desk.store.read() as connection:
        text = connection.exec_driver_sql("SELECT message FROM hit").scalar_one()
    assert msgspec.json.decode(text)["verification"] == "unverified"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text.replace("unverified", "verified"), type=Hit)


def test_a_verdict_goes_out_without_name_and_reason_and_points_at_the_audit(desk):
    verdict(desk, "misread")
    row = desk.queue.oldest(10)[-1]
    told = unseal(row.message.payload, Verdict)
    assert b"Officer" not in row.message.payload
    assert b"Main Street" not in row.message.payload
    with desk.store.read() as connection:
        named = next(audit.rows(connection, since=told.audit))
    assert (named.act, named.who, named.reason, named.outcome) == ("verdict", "B. Officer", LOOKED, "misread")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"by": Person(name="", agency="Hesston KS PD")}, "who asks"),
        ({"by": Person(name="B. Officer", agency="Elsewhere PD")}, "no such agency"),
        ({"reason": " ok "}, "what you looked at"),
        ({"reason": "\u200b" * 40}, "what you looked at"),
        ({"reason": "." * 40}, "what you looked at"),
        ({"hit": "abc"}, "hit is named by"),
        ({"hit": "%" * 32}, "hit is named by"),
        ({"hit": "0" * 32}, "no such hit"),
    ],
)
def test_nobody_verifies_without_name_agency_and_reason(desk, changes, why):
    with pytest.raises(VerdictRefused, match=why):
        verdict(desk, "correct", **changes)
    assert desk.count("verdict") == 0


@pytest.mark.parametrize("odd", ["\udcff", "\x00", "\n"], ids=["no UTF-8", "NUL", "line feed"])
def test_a_reason_with_odd_characters_is_kept_without_them(desk, odd):
    verdict(desk, "misread", reason=f"Looked at the plate{odd} on Main Street")
    with desk.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT reason FROM verdict").scalar_one()
    assert kept.isprintable()


def test_the_queue_gives_the_oldest_first_until_the_broker_has_them(desk):
    verdict(desk, "misread")
    rows = desk.queue.oldest(10)
    assert [row.message.kind for row in rows] == ["hit", "verdict"]
    desk.queue.acknowledge([rows[0].number])
    assert [row.message.kind for row in desk.queue.oldest(10)] == ["verdict"]
    assert desk.queue.oldest(10, after=rows[1].number) == []
    assert desk.queue.depth() == 1


@pytest.mark.parametrize(("minutes", "live"), [(0, True), (9, True), (11, False), (60 * 24, False)])
def test_a_hit_that_waited_too_long_for_the_broker_is_no_live_alert_any_more(desk, clock, minutes, live):
    clock.now = NOW_MS + minutes * MINUTE_MS
    (row,) = desk.queue.oldest(10)
    assert unseal(row.message.payload, Hit).live is live
    assert 0 < row.expires_s <= 30 * 86_400


def test_a_damaged_row_is_set_aside_and_the_others_go_on(desk):
    verdict(desk, "misread")
    with desk.store.write() as connection:
        connection.exec_driver_sql("UPDATE outgoing SET payload = '{\"schema\":\"hit/1\"}' WHERE kind='hit'")
    assert [row.message.kind for row in desk.queue.oldest(10)] == ["verdict"]
    assert (desk.queue.depth(), desk.count("outgoing")) == (1, 2)
