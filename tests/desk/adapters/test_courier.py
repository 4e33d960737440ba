"""Sightings are handed on in their order, at least once, to whom the policy names, and to nobody by default."""

from __future__ import annotations

import logging

import msgspec
import pytest

from edge.desk import audit, retention
from edge.desk.adapters import courier, receivers
from edge.desk.adapters.courier import Courier
from edge.settings.policy import AdapterSettings
from tests.desk.adapters.web import Site
from tests.desk.builders import DAY_MS, MINUTE_MS, NOW_MS, policy, sighting
from tests.desk.test_intake import Desk
from tests.link.test_tls import Authority

WORDS = ("AAA111", "BBB222", "CCC333", "DDD444")


class Handing:
    """A desk with one adapter, as its daemon wires them, but turned by hand."""

    def __init__(self, folder, url, *, desk=None, now_ms=NOW_MS, **settings):
        adapter = AdapterSettings(format="openalpr", url=url, **settings)
        self.now_ms = now_ms
        self.desk = desk or Desk(folder)
        self.desk.policy = msgspec.structs.replace(self.desk.policy, adapters=(adapter,))
        self.start()

    def start(self):
        """Also what a desk does that was killed."""
        (adapter,) = self.desk.policy.adapters
        self.courier = Courier(self.desk.store, self.desk.policy, adapter, lambda: self.now_ms, again_s_min=0.001)
        with self.desk.store.write() as connection:
            courier.begin(connection, self.desk.policy, self.now_ms)

    def see(self, *plates, first=1, **changes):
        for number, plate in enumerate(plates, start=first):
            one = sighting(plate, number=number, at_ms=NOW_MS - MINUTE_MS, **changes)
            assert self.desk.take(one, camera=one.camera).result == "stored"

    def turn(self, times=1):
        return [self.courier.turn() for _ in range(times)][-1]

    @property
    def status(self):
        with self.desk.store.read() as connection:
            return self.courier.status(connection)


@pytest.fixture
def site():
    with Site() as made:
        yield made


@pytest.fixture
def handing(tmp_path, site):
    made = Handing(tmp_path, f"http://127.0.0.1:{site.port}/hook?site=1")
    yield made
    made.desk.store.close()


def test_sightings_are_handed_on_in_their_order_and_counted(handing, site):
    handing.see(*WORDS)
    assert handing.status.waiting == 4
    handing.turn(2)
    assert site.plates == list(WORDS)
    assert {one.path for one in site.posted} == {"/hook?site=1"}
    assert [one.headers["Idempotency-Key"] for one in site.posted] == [one.message["best_uuid"] for one in site.posted]
    assert handing.desk.totals("handed_on") == {"openalpr to 127.0.0.1": 4}
    assert (handing.status.state, handing.status.waiting) == ("well", 0)


def test_the_first_start_begins_with_what_comes_and_not_with_what_is_there(tmp_path, site):
    desk = Desk(tmp_path)
    desk.take(sighting("OLD111", number=1))
    handing = Handing(tmp_path, f"http://127.0.0.1:{site.port}/", desk=desk)
    handing.see("NEW222", first=2)
    handing.turn()
    assert site.plates == ["NEW222"]
    desk.store.close()


def test_a_desk_that_starts_again_goes_on_where_it_was(handing, site):
    handing.see(*WORDS[:2])
    handing.turn()
    handing.see(*WORDS[2:], first=3)
    handing.start()
    handing.turn()
    assert site.plates == list(WORDS)


def test_a_desk_that_dies_before_it_writes_down_the_answer_hands_it_on_again(handing, site, monkeypatch):
    handing.see(*WORDS[:2])
    monkeypatch.setattr(handing.courier, "_advance", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        handing.turn()
    handing.start()
    handing.turn()
    assert site.plates == ["AAA111", "AAA111", "BBB222"]


@pytest.mark.parametrize("answer", [500, 503, 429, 408, 401, 403, 100.0, b"HTTP", b"no HTTP for 123ABC\r\n\r\n", b""])
def test_whoever_cannot_take_it_now_gets_it_again_before_the_next(handing, site, caplog, monkeypatch, answer):
    caplog.set_level(logging.INFO)
    site.answers.extend([answer] * 3)
    handing.see(*WORDS[:2])
    with monkeypatch.context() as impatient:
        if isinstance(answer, float):
            impatient.setattr(receivers, "ANSWER_S_MAX", 0.5)
        handing.turn(3)
    assert handing.status.state == "away"
    handing.turn()
    assert site.plates == ["AAA111"] * 4 + ["BBB222"]
    assert (handing.status.state, handing.status.refused) == ("well", 0)
    assert len(caplog.records) == 2, "the change is told, the repetition is not"
    assert "123ABC" not in caplog.text
    assert "AAA111" not in caplog.text


def test_what_it_will_not_have_is_counted_and_passed_over(handing, site, caplog):
    site.answers.extend([400, 200, 422])
    handing.see(*WORDS)
    handing.turn()
    assert site.plates == list(WORDS)
    assert (handing.status.state, handing.status.refused) == ("well", 2)
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["it answers 400", "it answers 422"]
    assert not any(plate in caplog.text for plate in WORDS)
    assert handing.desk.totals("handed_on") == {"openalpr to 127.0.0.1": 2}


def test_no_redirect_is_followed(handing, site, caplog):
    with Site() as elsewhere:
        site.always = f"http://127.0.0.1:{elsewhere.port}/"
        handing.see(*WORDS)
        handing.turn(2)
        assert elsewhere.posted == []
    assert handing.status.waiting == 4
    assert "no redirect is followed" in caplog.text


def test_a_receiver_that_was_away_for_long_catches_up(tmp_path):
    with Site() as site:
        port = site.port
    handing = Handing(tmp_path, f"http://127.0.0.1:{port}/")
    handing.see(*(f"CAR{number:03d}" for number in range(130)))
    assert handing.turn() <= 60.0
    assert handing.status.state == "away"
    with Site(port=port) as back:
        assert [handing.turn(), handing.turn(), handing.turn()] == [0.0, 0.0, courier.TURN_S]
        assert back.plates == [f"CAR{number:03d}" for number in range(130)]
    handing.desk.store.close()


def test_nothing_older_than_the_retention_is_sent_purged_or_not(handing, site):
    handing.see(*WORDS[:2])
    handing.now_ms = NOW_MS + 30 * DAY_MS
    handing.turn()
    assert (site.plates, handing.status.waiting) == ([], 0)
    handing.see("EEE555", first=3)
    retention.purge(handing.desk.store, handing.desk.policy.retention, handing.now_ms)
    handing.turn()
    assert site.plates == []


def test_only_the_cameras_that_are_named_and_only_plates(tmp_path, site):
    handing = Handing(tmp_path, f"http://127.0.0.1:{site.port}/", cameras=("south",))
    handing.see("AAA111", camera="north")
    handing.see("BBB222", None, first=2, camera="south")
    handing.turn()
    assert (site.plates, handing.status.waiting) == (["BBB222"], 0)
    handing.desk.store.close()


def test_the_token_goes_along_and_is_renewed_without_a_restart(tmp_path, site):
    token = tmp_path / "token"
    token.write_text("Bearer one\n")
    handing = Handing(tmp_path, f"http://127.0.0.1:{site.port}/", token_file=str(token))
    handing.see("AAA111")
    handing.turn()
    token.write_text("Bearer two\n")
    handing.see("BBB222", first=2)
    handing.turn()
    token.unlink()
    handing.see("CCC333", first=3)
    handing.turn()
    assert [one.headers["Authorization"] for one in site.posted] == ["Bearer one", "Bearer two"]
    assert handing.status.state == "away"
    handing.desk.store.close()


def test_a_token_that_is_not_there_is_told_and_the_desk_goes_on(tmp_path, caplog):
    handing = Handing(tmp_path, "http://127.0.0.1:9/", token_file=str(tmp_path / "none"))
    handing.see("AAA111")
    handing.turn(2)
    (record,) = caplog.records
    assert "token_file" in record.message
    assert record.message.endswith("create it")
    handing.desk.store.close()


def test_only_whom_the_named_authority_signed_is_trusted(tmp_path, caplog):
    ours, others = Authority(tmp_path / "ours"), Authority(tmp_path / "others")
    with Site().with_tls(others.server()) as false, Site().with_tls(ours.server()) as true:
        for site, taken in ((false, []), (true, ["AAA111"])):
            (tmp_path / f"{site.port}").mkdir()
            url = f"https://127.0.0.1:{site.port}/"
            handing = Handing(tmp_path / f"{site.port}", url, ca_file=ours.file)
            handing.see("AAA111")
            handing.turn()
            assert site.plates == taken
            handing.desk.store.close()
    assert "its certificate is not trusted" in caplog.text


def rows(desk):
    with desk.store.read() as connection:
        return [(row.act, row.subject, row.detail) for row in audit.rows(connection)]


def test_who_receives_is_in_the_audit_log_from_the_start_to_the_end(tmp_path):
    token = tmp_path / "token"
    token.write_text("Bearer 0x53c4e7\n")
    handing = Handing(tmp_path, "https://alpr.example/secret/path", token_file=str(token), cameras=("north",))
    handing.start()
    (adapter,), desk = handing.desk.policy.adapters, handing.desk
    with desk.store.write() as connection:
        courier.begin(connection, policy(), NOW_MS)
    assert adapter.receiver == "alpr.example"
    assert rows(desk) == [
        ("adapter on", "openalpr to alpr.example", "sightings of north; from now on"),
        ("adapter on", "openalpr to alpr.example", "sightings of north; goes on where it was"),
        ("adapter off", "openalpr to alpr.example", ""),
    ]
    assert desk.count("state WHERE key LIKE 'adapter%'") == 0
    desk.store.close()


def test_by_default_nobody_is_handed_anything_and_nothing_is_written_of_it(tmp_path):
    desk = Desk(tmp_path)
    before = desk.count("state")
    with desk.store.write() as connection:
        courier.begin(connection, desk.policy, NOW_MS)
    assert (desk.policy.adapters, rows(desk), desk.count("state")) == ((), [], before)
    desk.store.close()


def test_its_thread_hands_on_what_comes_and_ends_when_it_is_told_to(handing, site):
    handing.courier.start()
    handing.see(*WORDS)
    handing.courier.join(0.0)
    for _ in range(500):
        if len(site.posted) == 4:
            break
        handing.courier.join(0.02)
    assert handing.status.state == "well"
    handing.courier.stop()
    handing.courier.join(10.0)
    assert handing.status.state == "stopped"
    assert site.plates == list(WORDS)
