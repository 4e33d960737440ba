"""The watch around a live camera, with a camera and clocks of our own."""

from __future__ import annotations

import logging
import threading
from itertools import pairwise

import numpy as np
import pytest

from edge.camera.frames.live import LiveSource
from edge.camera.frames.source import Clock, SourceAway
from edge.settings.camera import SourceSettings
from tests.camera.frames.pictures import scene


class World:
    """A clock that goes on by what the camera does, and a camera that follows a script of connections."""

    def __init__(self, *connections, **settings) -> None:
        self.now_ns = 10**12
        self.connections = list(connections)
        self.open = 0
        self.noise = np.random.default_rng(3)
        self.source = LiveSource(
            SourceSettings(
                kind="rtsp", address="rtsp://c/x", **{"reconnect_s_min": 1, "reconnect_s_max": 30, **settings}
            ),
            "north",
            self.connect,
            clock=Clock(now_ns=lambda: self.now_ns + 5, monotonic_ns=lambda: self.now_ns),
            chance=lambda: 1.0,
        )
        self.tried_s: list[float] = []
        self.source._closed = self  # rests cost no time here
        self._is_closed = False

    def connect(self):
        self.tried_s.append(self.now_ns / 1e9)
        if not self.connections:
            self._is_closed = True
            raise SourceAway("the script is over")
        script = self.connections.pop(0)
        if isinstance(script, SourceAway):
            raise script
        self.open += 1
        return Scripted(self, list(script))

    # What a threading.Event has, for the source's rests.
    def is_set(self) -> bool:
        return self._is_closed

    def set(self) -> None:
        self._is_closed = True

    def wait(self, seconds: float) -> bool:
        assert seconds <= 1.0  # in slices, so that whoever waits for a sign of life sees one
        self.now_ns += round(seconds * 1e9)
        return self._is_closed

    @property
    def gaps_s(self) -> list[float]:
        """Between one try and the next."""
        return [after - before for before, after in pairwise(self.tried_s)]

    def picture(self, *, frozen: bool = False):
        pixels = scene(640, 360)
        if frozen:
            return pixels
        return np.clip(pixels + self.noise.integers(-2, 3, pixels.shape), 0, 255).astype(np.uint8)


class Scripted:
    """One connection: `live`, `frozen` or `broken` pictures, 100 ms apart, then an outage."""

    def __init__(self, world: World, script) -> None:
        self.world, self.script = world, script
        self.now = ""

    def grab(self) -> None:
        self.world.now_ns += 100_000_000
        if not self.script:
            raise SourceAway("the connection broke off")
        self.now = self.script.pop(0)
        if isinstance(self.now, SourceAway):
            raise self.now

    def pixels(self):
        return None if self.now == "broken" else self.world.picture(frozen=self.now == "frozen")

    def close(self) -> None:
        self.world.open -= 1


LIVE = ["live"]


def test_rests_grow_to_their_limit_and_shrink_after_a_good_connection():
    out = SourceAway("no answer")
    world = World(*[out] * 7, LIVE * 150, out, out)
    assert len(list(world.source.frames())) == 150
    assert world.gaps_s == pytest.approx([1, 2, 4, 8, 16, 30, 30, 150 * 0.1 + 0.1 + 1, 2, 4])


def test_rests_are_random_so_that_cameras_do_not_return_together():
    world = World(*[SourceAway("no answer")] * 4)
    world.source._chance = iter([0.0, 0.5, 1.0, 0.0, 0.0]).__next__
    list(world.source.frames())
    assert world.gaps_s == pytest.approx([1 * 0.5, 2 * 0.75, 4 * 1.0, 8 * 0.5])


def test_a_camera_that_sends_one_picture_and_dies_is_asked_ever_more_rarely_and_told_once(caplog):
    caplog.set_level(logging.INFO)
    world = World(*[LIVE] * 10)
    assert len(list(world.source.frames())) == 10
    assert world.gaps_s == pytest.approx([0.2 + rest for rest in (1, 2, 4, 8, 16, *[30] * 5)])
    lines = [record.getMessage() for record in caplog.records]
    assert sum("broke off" in line for line in lines) == 1
    assert sum("connected" in line for line in lines) == 1
    assert world.open == 0  # every connection was given back


def test_broken_pictures_are_skipped_and_counted():
    world = World(["live", "broken", "live"])
    assert [frame.sequence for frame in world.source.frames()] == [0, 1]
    assert world.source.status.broken == 1


def test_both_clocks_are_on_the_frame():
    world = World(["live", "live"])
    first, second = world.source.frames()
    assert second.monotonic_ns - first.monotonic_ns == 100_000_000
    assert second.taken_ns == second.monotonic_ns + 5


def test_a_frozen_camera_is_told_within_its_limit_and_asked_again():
    world = World(LIVE * 20, ["live", *["frozen"] * 300], ["frozen"] * 10, frozen_s_max=20)
    states = [world.source.status.state for _ in world.source.frames()]
    assert 200 < len(states) - 20 < 220  # of a tenth of a second
    assert world.source.status.opened == 3
    assert world.source.status.reconnects == 2


def test_a_camera_that_shows_the_same_slate_at_each_start_is_not_frozen():
    world = World(*[["frozen"] * 20 + LIVE * 5] * 20, frozen_s_max=20)
    assert {world.source.status.state for _ in world.source.frames()} == {"connected"}


def test_a_frozen_camera_that_was_thawed_is_connected_again():
    world = World(["live", *["frozen"] * 300], LIVE * 150, frozen_s_max=20)
    states = [world.source.status.state for _ in world.source.frames()]
    assert states[0] == "connected"
    assert "frozen" in states
    assert states[-1] == "connected"


def test_what_is_read_of_the_status_is_enough_for_health():
    world = World(SourceAway("no answer"), LIVE * 2, SourceAway("nothing came", "stalled"))
    list(world.source.frames())
    status = world.source.status
    assert (status.tries, status.opened, status.reconnects, status.frames) == (4, 1, 0, 2)
    assert status.frame_ns is not None
    assert status.alive_ns >= status.frame_ns
    assert status.state == "ended"


def test_closing_wakes_a_rest():
    settings = SourceSettings(kind="rtsp", address="rtsp://c/x", reconnect_s_min=60, reconnect_s_max=600)

    def connect():
        tried.set()
        raise SourceAway("no answer")

    tried = threading.Event()
    source = LiveSource(settings, "north", connect)
    thread = threading.Thread(target=lambda: list(source.frames()))
    thread.start()
    assert tried.wait(10)
    source.close()
    thread.join(10)
    assert not thread.is_alive()


def test_leaving_the_frames_gives_the_connection_back():
    world = World(LIVE * 100)
    frames = world.source.frames()
    next(frames)
    assert world.open == 1
    frames.close()
    assert world.open == 0
