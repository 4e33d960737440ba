"""The soak, a short one: nothing is lost and no handle stays open while camera and broker come and go."""

from __future__ import annotations

import random

import pytest

from tests import soak


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_lost_and_nothing_grows_while_camera_and_broker_flap(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "FLAP_S", (5.0, 10.0))
    done = soak.soak(tmp_path, 8.0, random.Random(7))
    assert (done.lost, done.twice) == ([], 0), soak.told(done)
    assert len(done.sightings) > 5
    assert sum(done.faults.values()) > 5
    assert max(one.reader_files for one in done.samples) < 20
    assert max(one.publisher_files for one in done.samples) < 20
