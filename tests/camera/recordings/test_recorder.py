"""When a recording ends, and what is left of the disk."""

from __future__ import annotations

import shutil
import time
from collections import namedtuple

import pytest

from tests.sites import build_site

pyrage = pytest.importorskip("pyrage", reason="the extra `field` brings it")

from edge.camera.recordings.recorder import FREE_BYTES_MIN, Order, Recorder  # noqa: E402

KEY = pyrage.x25519.Identity.generate().to_public()


def order(seconds: float) -> Order:
    return Order(who="ana", reason="fault", until_ns=time.time_ns() + int(seconds * 1e9), recipients=[KEY])


@pytest.fixture
def recorder(tmp_path):
    (tmp_path / "state").mkdir()
    return Recorder(build_site(tmp_path, loop=True), tmp_path / "state")


def test_it_ends_by_itself_at_its_time(recorder):
    began_s = time.monotonic()
    made = recorder.run(order(0.6))
    assert made.ending == "time"
    assert made.pictures >= 3
    assert time.monotonic() - began_s < 5


def test_it_ends_at_its_time_although_the_camera_gives_nothing(recorder, monkeypatch):
    def nothing():
        while not recorder._stopped.wait(0.02):
            pass
        yield from ()

    monkeypatch.setattr(recorder._source, "frames", nothing)
    made = recorder.run(order(0.3))
    assert (made.ending, made.pictures) == ("time", 0)


def test_who_stops_it_gets_what_was_recorded(recorder):
    made = recorder.run(order(60), tell=lambda pictures: recorder.stop() if pictures == 4 else None)
    assert (made.ending, made.pictures) == ("stopped", 4)


def test_it_leaves_room_for_sightings(recorder, monkeypatch):
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 — shutil's own
    frees = iter([FREE_BYTES_MIN * 2, FREE_BYTES_MIN - 1])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, next(frees)))
    made = recorder.run(order(60))
    assert (made.ending, made.pictures) == ("disk", 16)


def test_a_disk_that_is_full_at_once_ends_it_and_what_is_there_stays(recorder, monkeypatch):
    monkeypatch.setattr("edge.camera.recordings.sealed.JPEG_QUALITY", 100)
    full = OSError(28, "No space left on device")
    from edge.camera.recordings import sealed

    write = sealed._Writer.write

    def fills_up(self, piece):
        if self.fault is None and getattr(fills_up, "written", 0) > 200_000:
            self.fault = full
            raise full
        fills_up.written = getattr(fills_up, "written", 0) + len(piece)
        return write(self, piece)

    monkeypatch.setattr(sealed._Writer, "write", fills_up)
    made = recorder.run(order(60))
    assert made.ending == "disk"
    assert made.file.stat().st_size >= 200_000
