from __future__ import annotations

import pytest

from edge.link.recorder import Recorder
from tests.link.rows import Queue, client, sequences
from tests.link.stand_in import wait_until


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_it_takes_everything_and_writes_every_byte_down(protocol):
    queue = Queue(20)
    with Recorder() as recorder:
        with client(queue, recorder.port, protocol=protocol):
            wait_until(lambda: not queue.rows)
        wait_until(lambda: len(recorder.published) == 22)  # and the status, twice
    told = [one.payload for one in recorder.published if one.topic == "lpr/v1/hesston/north/sighting"]
    assert sequences(told) == list(range(1, 21))
    assert all(payload in recorder.raw for payload in told)
    assert b"lpr-hesston-north" in recorder.raw, "the greeting, too"
