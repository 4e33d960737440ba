"""The other process of a camera: whatever the reader has kept goes to the broker from here, and no pixel comes near.

    reader ─▶ [a local socket] ─▶ publisher ─▶ broker

It needs no camera, no neural network and no file to write; `systemd/plate-link@.service` lets it have none.
"""

from __future__ import annotations

import logging
import os
import socket
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal

from edge.camera.presence import presence
from edge.link.client import DRAIN_S_MAX, LIFELESS_S_MAX
from edge.link.hatch import answer
from edge.link.publisher import TURN_S_MAX, Publisher
from edge.settings.paths import anchored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.camera.notify import Notifier
    from edge.link.client import Client
    from edge.settings.camera import CameraSettings

log = logging.getLogger(__name__)

FIRST_HANDED: Final = 3
"""The first socket that systemd hands over, sd_listen_fds(3)."""

Ending = Literal["stopped", "reload", "failed"]


class Publishing:
    """From the settings to the goodbye. `run` blocks; `stop` and `reload` may come from a signal."""

    def __init__(self, settings: CameraSettings, root: Path, door: socket.socket, notifier: Notifier) -> None:
        """`root` is where the settings' paths begin, `door` listens for the reader.

        Raises LinkMisconfigured: it cannot start as it is set.
        """
        self._camera, self._door, self._notifier = settings.camera, door, notifier
        broker, evidence = anchored(settings, root).broker, settings.evidence.enabled
        self._publisher = Publisher(broker, partial(presence, settings), evidence=evidence)
        self._asked: Ending | None = None

    def stop(self) -> None:
        """Drain, say goodbye; `run` returns within 10 s."""
        self._asked = "stopped"

    def reload(self) -> None:
        """The same, and `run` returns `reload`."""
        self._asked = "reload"

    def run(self) -> Ending:
        """Until somebody says so."""
        self._notifier.ready(f"{self._camera}: publishes what the reader hands over")
        while self._asked is None:
            self._notifier.alive()
            if hatch := answer(self._door, TURN_S_MAX):
                self._publisher.serve(hatch, self._goes_on, DRAIN_S_MAX)
        if self._asked == "reload":
            self._notifier.reloading()
        else:
            self._notifier.stopping("saying goodbye")
        log.info("%s: %s", self._camera, self._asked)
        return self._asked

    def _goes_on(self, client: Client) -> bool:
        if not client.alive:
            self._asked = "failed"
        elif monotonic() - client.beat_s < LIFELESS_S_MAX:
            self._notifier.alive()
        return self._asked is None


@contextmanager
def door(path: Path | None) -> Iterator[socket.socket]:
    """The socket that systemd handed over; else one at `path`, for this user alone. OSError: it cannot be had."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        with socket.socket(fileno=FIRST_HANDED) as handed:
            yield handed
        return
    if path is None:
        raise OSError("systemd hands over no socket: say where the reader finds this one, --socket PATH")
    with suppress(FileNotFoundError):
        path.unlink()  # of a publisher that was killed
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as made:
        before = os.umask(0o177)
        try:
            made.bind(str(path))
        finally:
            os.umask(before)
        made.listen(1)
        try:
            yield made
        finally:
            path.unlink(missing_ok=True)
