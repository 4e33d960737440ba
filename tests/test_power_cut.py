"""kill -9 at seeded moments while sightings are kept and published: nothing lost, nothing doubled by id, in order.

A child process keeps sightings in a real outbox and drains it to a real broker, as the daemon does: by itself, or
through a publisher's process that is killed, too. Each time `keep` has returned it says so. The parent kills it, starts
another on the same folder, and at the end holds what a subscriber received against what the children said they kept.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.camera.clock import SystemClock
from edge.camera.outbox import FILE, Outbox
from edge.camera.publishing import door
from edge.link.client import Client
from edge.link.handing import Handing
from edge.link.hatch import answer
from edge.link.publisher import Publisher
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.words import sighting_id
from edge.settings.camera import BrokerSettings, OutboxSettings
from tests.brokers import Subscriber, iotcore, mosquitto, wait_until
from tests.link.rows import firsts, presence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess

SEED = 20_261_123
CHILD_S_MAX = 100.0
"""For a child's sightings. A disk that others keep busy may take seconds to sync; what hangs tells where."""
SIGHTINGS_MAX = 40
"""In one life of the child."""


def _live(folder: str, port: int, run: str, pace_s: float, said: str, publisher: str | None) -> None:
    """The child: keep, say so, publish or hand over; until it is killed."""
    faulthandler.dump_traceback_later(CHILD_S_MAX / 2)
    outbox = Outbox.open(Path(folder), OutboxSettings(), SystemClock())
    client = Handing(publisher) if publisher else Client(_impatient(port), presence())
    client.start(outbox)
    with Path(said).open("a", buffering=1, encoding="ascii") as diary:
        for number in range(SIGHTINGS_MAX):
            made = sighting_id("hesston", "north", run, number)
            kept = outbox.keep(lambda n, one=made: seal(msgspec.structs.replace(EXAMPLES[0], id=one, sequence=n)))
            client.wake()
            diary.write(f"{msgspec.json.decode(kept.payload)['sequence']} {made}\n")
            time.sleep(pace_s)
    time.sleep(60)


def _publish(port: int, path: str) -> None:
    """The other child: whoever calls is served, until it is killed."""
    publisher = Publisher(_impatient(port), presence)
    with door(Path(path)) as opened:
        while True:
            if hatch := answer(opened, 1.0):
                publisher.serve(hatch, lambda client: client.alive, 0.0)


def _impatient(port: int) -> BrokerSettings:
    return BrokerSettings(port=port, reconnect_s_min=0.05, reconnect_s_max=0.1)


class Camera:
    """Children one after another, all on one folder."""

    def __init__(self, folder: Path, port: int, rng: random.Random, publisher: str | None = None) -> None:
        self._publisher = publisher
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._folder, self._port, self._rng = folder, port, rng
        self._diary = folder.parent / "diary.txt"
        self._diary.touch()
        self._lives = 0

    def live_and_die(self) -> None:
        """One life, ended by SIGKILL at a random moment: while it opens, keeps, sends, is acknowledged, or deletes."""
        pace_s = self._rng.choice((0.0, 0.0, 0.005))
        arguments = (
            str(self._folder / "state"),
            self._port,
            f"run-{self._lives}",
            pace_s,
            str(self._diary),
            self._publisher,
        )
        child = self._context.Process(target=_live, args=arguments, daemon=True)
        child.start()
        self._lives += 1
        said, until = len(self.kept()), self._rng.choice((0, 1, 3, 10, 25))
        wait_until(lambda: len(self.kept()) >= said + until, CHILD_S_MAX, what="the child's sightings")
        time.sleep(self._rng.random() * 0.05)
        child.kill()
        child.join()
        child.close()

    def publisher(self) -> BaseProcess:
        """A publisher's process, running."""
        child = self._context.Process(target=_publish, args=(self._port, self._publisher), daemon=True)
        child.start()
        return child

    def kept(self) -> dict[int, str]:
        """Sequence → id of everything that a child said it had kept. A line cut off by the kill was not said."""
        lines = self._diary.read_text(encoding="ascii").split("\n")[:-1]
        return {int(sequence): made for sequence, made in (line.split() for line in lines)}

    def drain(self) -> None:
        """A last life, which ends when all is sent."""
        outbox = Outbox.open(self._folder / "state", OutboxSettings(), SystemClock())
        client = Client(BrokerSettings(port=self._port), presence())
        client.start(outbox)
        wait_until(lambda: outbox.report().depth == 0, seconds=60, what="the drain")
        client.close()
        assert outbox.report().damaged == 0
        outbox.close()


def _check(camera: Camera, subscriber: Subscriber) -> str:
    kept = camera.kept()
    wait_until(lambda: set(kept.values()) <= {made for _, made in _received(subscriber)}, 20, what="the last delivery")
    received = list(_received(subscriber))
    by_id: dict[str, set[int]] = {}
    for sequence, made in received:
        by_id.setdefault(made, set()).add(sequence)
    assert all(len(sequences) == 1 for sequences in by_id.values()), "one id, two sightings"
    order = firsts([sequence for sequence, _ in received])
    assert order == list(range(1, order[-1] + 1)), "a gap, or out of order"
    assert all(kept[sequence] == made for sequence, made in received if sequence in kept)
    return f"{len(kept)} kept, {len(by_id)} arrived, {len(received) - len(by_id)} of them repeated deliveries"


def _received(subscriber: Subscriber) -> Iterator[tuple[int, str]]:
    for payload in subscriber.payloads("sighting"):
        sighting = msgspec.json.decode(payload)
        yield sighting["sequence"], sighting["id"]


@pytest.fixture
def broker(request, tmp_path):
    with iotcore() if request.param == "iotcore" else mosquitto(tmp_path / "broker") as running:
        yield running


def _kill_many_times(broker, tmp_path, kills: int, seed: int) -> None:
    with Subscriber(broker.port) as subscriber:
        camera = Camera(tmp_path / "camera", broker.port, random.Random(seed))
        for _ in range(kills):
            camera.live_and_die()
        camera.drain()
        print(f"\n{kills} kill -9, seed {seed}: {_check(camera, subscriber)}")  # noqa: T201 — a figure to report


@pytest.mark.parametrize("broker", ["iotcore", "mosquitto"], indirect=True)
def test_killed_at_random_moments_nothing_is_lost_or_doubled(broker, tmp_path):
    (tmp_path / "camera").mkdir()
    _kill_many_times(broker, tmp_path, 13, SEED)


def test_whichever_of_the_two_processes_is_killed_nothing_is_lost_or_doubled(tmp_path):
    (tmp_path / "camera").mkdir()
    with TemporaryDirectory() as short, iotcore() as broker, Subscriber(broker.port) as subscriber:
        camera = Camera(tmp_path / "camera", broker.port, random.Random(SEED + 2), f"{short}/s")
        publisher = camera.publisher()
        for kills in range(12):
            camera.live_and_die()
            if kills % 2:
                publisher.kill()
                publisher.join()
                publisher = camera.publisher()
        publisher.kill()
        publisher.join()
        camera.drain()
        print(f"\n12 readers and 7 publishers killed: {_check(camera, subscriber)}")  # noqa: T201 — a figure to report


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("broker", ["iotcore", "mosquitto"], indirect=True)
def test_a_thousand_kills(broker, tmp_path):
    (tmp_path / "camera").mkdir()
    _kill_many_times(broker, tmp_path, 1000, SEED + 1)


def test_a_camera_that_dies_is_said_to_be_offline(tmp_path):
    (tmp_path / "camera").mkdir()
    with iotcore() as broker, Subscriber(broker.port) as subscriber:
        Camera(tmp_path / "camera", broker.port, random.Random(3)).live_and_die()
        wait_until(lambda: subscriber.payloads("status"))
        wait_until(lambda: msgspec.json.decode(subscriber.payloads("status")[-1])["state"] == "offline")


@pytest.mark.parametrize("seed", range(12))
def test_a_log_that_ends_anywhere_opens_and_holds_the_beginning(tmp_path, seed):
    """A power cut may leave any prefix of what was never synced. Whatever is left is a beginning, without a gap."""
    rng = random.Random(SEED + seed)
    state, copy = tmp_path / "state", tmp_path / "copy"
    outbox = Outbox.open(state, OutboxSettings(), SystemClock())
    for _ in range(25):
        outbox.keep(lambda n: seal(msgspec.structs.replace(EXAMPLES[0], sequence=n)))
    copy.mkdir()
    for file in state.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    outbox.close()
    log = copy / f"{FILE}-wal"
    log.write_bytes(log.read_bytes()[: rng.randrange(log.stat().st_size + 1)])
    found = Outbox.open(copy, OutboxSettings(), SystemClock())
    rows = [msgspec.json.decode(row.message.payload)["sequence"] for row in found.oldest(100)]
    assert rows == list(range(1, len(rows) + 1))
    kept = found.keep(lambda n: seal(msgspec.structs.replace(EXAMPLES[0], sequence=n)))
    assert msgspec.json.decode(kept.payload)["sequence"] == len(rows) + 1
    found.close()
