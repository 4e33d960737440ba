"""A queue in memory in the outbox's place, and a client with sane defaults."""

from __future__ import annotations

import random
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from edge.link.client import Client, Presence
from edge.link.sending import Row
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.status import Status
from edge.settings.camera import BrokerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.record.boundary import Sealed


class Queue:
    """Fails with what `fault` holds, as a disk would."""

    def __init__(self, count: int = 0) -> None:
        self.rows: list[Row] = []
        self.aside: list[int] = []
        self.fault: OSError | None = None
        self._number = 0
        self._lock = Lock()
        self.put(count)

    def put(self, count: int = 1) -> None:
        for _ in range(count):
            self.put_message(seal(msgspec.structs.replace(EXAMPLES[0], sequence=self._number + 1)))

    def put_message(self, message: Sealed) -> None:
        with self._lock:
            self._number += 1
            self.rows.append(Row(number=self._number, message=message, expires_s=1000.4))

    def oldest(self, count: int, *, after: int = 0) -> list[Row]:
        self._fail()
        with self._lock:
            return [row for row in self.rows if row.number > after][:count]

    def acknowledge(self, numbers: Sequence[int]) -> None:
        self._fail()
        with self._lock:
            self.rows = [row for row in self.rows if row.number not in set(numbers)]

    def set_aside(self, number: int) -> None:
        self._fail()
        self.acknowledge([number])
        self.aside.append(number)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


def status(state: str) -> Sealed:
    return seal(Status(site="hesston", camera="north", state=state, software="1.2.0", since=None))


def presence() -> Presence:
    return Presence(
        site="hesston",
        camera="north",
        online=status("online"),
        lost=status("offline"),
        leaving=lambda: status("offline"),
    )


@contextmanager
def client(queue: Queue, port: int, **settings: object) -> Iterator[Client]:
    """Running, impatient, and closed at the end."""
    chosen = {"reconnect_s_min": 0.05, "reconnect_s_max": 0.2, "port": port, **settings}
    made = Client(BrokerSettings(**chosen), presence(), rng=random.Random(7))
    made.start(queue)
    try:
        yield made
    finally:
        made.close()


def sequences(payloads: list[bytes]) -> list[int]:
    """Of sightings, in their order."""
    return [msgspec.json.decode(payload)["sequence"] for payload in payloads]


def firsts(numbers: list[int]) -> list[int]:
    """Each number where it came first: what a consumer sees who drops repetitions."""
    return list(dict.fromkeys(numbers))
