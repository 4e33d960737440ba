"""Reader and publisher, a hatch between them: what the outbox promises holds through it, whichever end dies."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.link import handing, publisher
from edge.link.connection import Received
from edge.link.handing import Handing
from edge.link.hatch import Given, Hatch, HatchClosed, Kept, Oldest, Passed, Rows, Said, Wanted, answer
from edge.link.publisher import Publisher, Requests
from edge.link.topics import topic
from edge.record.boundary import NotSealable, seal
from edge.record.evidence import Evidence, EvidenceRequest
from edge.record.examples import EXAMPLES
from edge.settings.camera import BrokerSettings
from tests.link.rows import Queue, presence, sequences
from tests.link.stand_in import Answer, StandIn, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.link.client import Client


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(handing, "REACH_S_MAX", 0.1)
    monkeypatch.setattr(handing, "TURN_S_MAX", 0.05)
    monkeypatch.setattr(publisher, "TURN_S_MAX", 0.05)


class Other:
    """A publisher in a thread: what `plate-reader publish` is in a process."""

    def __init__(self, path: str, port: int) -> None:
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._door.bind(path)
        self._door.listen(1)
        settings = BrokerSettings(port=port, reconnect_s_min=0.05, reconnect_s_max=0.1)
        self._publisher, self._stopped = Publisher(settings, presence), False
        self.client: Client | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped:
            if hatch := answer(self._door, 0.05):
                self._publisher.serve(hatch, self._goes_on, 1.0)

    def _goes_on(self, client: Client) -> bool:
        self.client = client
        return not self._stopped

    def stop(self) -> None:
        self._stopped = True
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._door.close()


@contextmanager
def publishing(path: str, port: int) -> Iterator[Other]:
    other = Other(path, port)
    try:
        yield other
    finally:
        other.stop()
        Path(path).unlink()


@contextmanager
def reading(path: str, queue: Queue) -> Iterator[Handing]:
    made = Handing(path)
    made.start(queue)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def path():
    with TemporaryDirectory() as folder:  # tmp_path may be longer than the 108 bytes of a socket's address
        yield str(Path(folder) / "s")


def test_rows_arrive_in_order_and_are_deleted_once_the_broker_has_them(path):
    queue = Queue(200)
    with StandIn() as broker, publishing(path, broker.port), reading(path, queue) as made:
        wait_until(lambda: not queue.rows)
        wait_until(lambda: made.report.published == 200)
        assert (made.report.state, made.report.protocol, made.report.connects) == ("connected", "5", 1)
    assert sequences(broker.sightings()) == list(range(1, 201))


def test_a_technicians_act_goes_out_at_its_own_topic(path):
    queue = Queue(1)
    queue.put_message(seal(next(e for e in EXAMPLES if type(e).__name__ == "Access")))
    with StandIn() as broker, publishing(path, broker.port), reading(path, queue):
        wait_until(lambda: not queue.rows)
    assert [p.topic for p in _of(broker, "access")] == [topic("hesston", "north", "access")]


def test_a_new_row_goes_out_at_once(path):
    queue = Queue()
    with StandIn() as broker, publishing(path, broker.port), reading(path, queue) as made:
        wait_until(lambda: made.report.state == "connected")
        took = []
        for _ in range(5):
            began = time.monotonic()
            queue.put()
            made.wake()
            wait_until(lambda: not queue.rows)
            took.append(time.monotonic() - began)
    assert min(took) < 0.1


def test_a_row_stays_until_the_broker_acknowledges_it(path):
    queue = Queue(3)
    with StandIn() as broker, publishing(path, broker.port), reading(path, queue):
        broker.on_publish = lambda publish: (
            Answer.SILENCE if msgspec.json.decode(publish.payload).get("sequence") == 2 else 0
        )
        wait_until(lambda: [row.number for row in queue.rows] == [2])


def test_health_and_counts_pass_and_a_new_publisher_hears_the_latest(path):
    health = seal(next(e for e in EXAMPLES if type(e).__name__ == "Health"))
    with StandIn() as broker, reading(path, Queue()) as made:
        made.say(health)
        for _ in range(2):
            heard = len(_of(broker, "health"))
            with publishing(path, broker.port):
                wait_until(lambda heard=heard: len(_of(broker, "health")) > heard)


def test_a_reader_that_leaves_has_the_rest_sent_and_its_goodbye_said(path):
    queue = Queue()
    with StandIn() as broker, publishing(path, broker.port):
        with reading(path, queue) as made:
            wait_until(lambda: made.report.state == "connected")
            queue.put(20)
            made.close(5.0)
        assert not queue.rows
        assert [msgspec.json.decode(p.payload)["state"] for p in _of(broker, "status")][-1] == "offline"


def test_a_reader_that_is_gone_without_a_word_is_offline_all_the_same(path):
    with StandIn() as broker, publishing(path, broker.port):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.connect(path)
        wait_until(lambda: _of(broker, "status"))
        line.close()
        wait_until(lambda: msgspec.json.decode(_of(broker, "status")[-1].payload)["state"] == "offline")


def test_a_disk_that_fails_pauses_the_sending_and_loses_nothing(path):
    queue = Queue(5)
    queue.fault = OSError("the card is dying")
    with StandIn() as broker, publishing(path, broker.port), reading(path, queue) as made:
        wait_until(lambda: made.report.state == "connected")
        assert broker.sightings() == []
        queue.fault = None
        wait_until(lambda: not queue.rows)


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b'{"word":"nonsense"}\n',
        b'{"word":"oldest","count":1,"after":0}\n',  # a reader does not ask
        b'{"word":"said","kind":"health","payload":{"schema":"health/1"}}\n',
        msgspec.json.encode(Said(kind="sighting", payload=msgspec.Raw(seal(EXAMPLES[0]).payload))) + b"\n",
    ],
    ids=["no JSON", "no word", "the wrong way round", "no health", "a sighting to be retained"],
)
def test_a_reader_that_talks_nonsense_is_hung_up_on_and_nothing_leaves(path, line):
    with StandIn() as broker, publishing(path, broker.port):
        bad = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bad.settimeout(10)
        bad.connect(path)
        bad.sendall(line)
        with bad:
            while bad.recv(65536):
                pass
        assert {p.topic.rpartition("/")[2] for p in broker.taken} <= {"status"}


def test_what_a_taken_over_reader_hands_in_as_a_row_is_sealed_again_or_goes_nowhere(path):
    forged = Passed(number=1, kind="sighting", payload=msgspec.Raw(b'{"picture": "/9j/4AAQ"}'), expires_s=None)
    with StandIn() as broker, publishing(path, broker.port):
        bad = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        bad.settimeout(10)
        bad.connect(path)
        with bad:
            while b'"oldest"' not in bad.recv(65536):
                pass
            Hatch(bad).send(Rows((forged,)))
            bad.settimeout(10)
            while bad.recv(65536):
                pass
        assert broker.sightings() == []


CROP = next(seal(example) for example in EXAMPLES if isinstance(example, Evidence))
REQUEST = next(seal(example) for example in EXAMPLES if isinstance(example, EvidenceRequest))
REQUESTS = topic("hesston", "north", "evidence_request")


class Sent(list):
    """The hatch, as far as requests go through it."""

    send = list.append


def heard(payload: bytes) -> Received:
    return Received(mid=1, qos=1, topic=REQUESTS, payload=payload, retained=False)


def test_a_crop_passes_when_the_desk_wanted_it_and_once():
    sent = Sent()
    requests = Requests(sent)
    requests.take(heard(REQUEST.payload))
    assert [bytes(word.payload) for word in sent] == [REQUEST.payload]
    assert requests.answered(Given(msgspec.Raw(CROP.payload))).payload == CROP.payload
    with pytest.raises(NotSealable):
        requests.answered(Given(msgspec.Raw(CROP.payload)))


@pytest.mark.parametrize("payload", [CROP.payload, b"\xff\xd8", b"{}", b" " * 70_000, REQUEST.payload[:-1]])
def test_what_is_no_request_never_reaches_the_process_that_sees(payload):
    sent = Sent()
    Requests(sent).take(heard(payload))
    assert sent == []


def test_a_crop_that_nobody_wants_is_not_passed_on(path):
    with StandIn() as broker, publishing(path, broker.port), reading(path, Queue()) as made:
        wait_until(lambda: made.report.state == "connected")
        made.hand(CROP)
        wait_until(lambda: made.report.connects == 2)  # it was hung up on
        assert _of(broker, "evidence") == []


def test_a_reader_without_evidence_hears_a_request_and_gives_nothing(path):
    queue = Queue()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(path)
        door.listen(1)
        with reading(path, queue):
            line, _ = door.accept()
            with line:
                hatch = Hatch(line)
                hatch.send(Wanted(msgspec.Raw(REQUEST.payload)))
                hatch.send(Oldest(count=1, after=0))
                words = []
                while not any(isinstance(word, Rows) for word in words):
                    words += hatch.receive(10)
            assert not any(isinstance(word, Given) for word in words)


def test_a_publisher_may_ask_and_acknowledge_and_nothing_else(path):
    queue = Queue(2)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(path)
    door.listen(1)
    with door, reading(path, queue):
        line, _ = door.accept()
        with line:
            hatch = Hatch(line)
            hatch.send(Kept())
            with pytest.raises(HatchClosed):
                _listen(hatch)
    assert len(queue.rows) == 2


def test_without_a_publisher_rows_wait_and_closing_takes_no_time(path):
    queue = Queue(2)
    began = time.monotonic()
    with reading(path, queue) as made:
        wait_until(lambda: made.report.state == "closed")
        assert "no publisher" in made.report.why
        assert made.alive
        made.close(5.0)
    assert time.monotonic() - began < 3
    assert len(queue.rows) == 2


def test_nothing_is_left_open(path):
    before = _open_files()
    for _ in range(3):
        with StandIn() as broker, publishing(path, broker.port), reading(path, Queue(1)) as made:
            wait_until(lambda made=made: made.report.published == 1)
    assert _open_files() <= before


def _listen(hatch: Hatch) -> None:
    while True:
        list(hatch.receive(10))


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _of(broker: StandIn, level: str) -> list:
    return [publish for publish in list(broker.taken) if publish.topic.endswith("/" + level)]
