"""What every live camera needs around its connection: it is opened, watched, and opened again, for ever.

    connect ─▶ frames ─▶ lost: away, stalled, frozen ─▶ rest, longer each time, at random ─▶ connect …

RTSP, USB and CSI differ only in how they connect.
"""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING, Protocol

from edge.camera.frames.rhythm import Thinner
from edge.camera.frames.source import Clock, SourceAway, SourceStatus
from edge.camera.scene import Frame
from edge.camera.small import Stillness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from edge.camera.frames.source import State
    from edge.settings.camera import SourceSettings

log = logging.getLogger(__name__)

STEADY_S = 10.0
"""A connection that has lived so long is good: it is told of, and the next rest is short again. A camera that sends
one picture and dies is neither told of each time nor asked in a tight loop."""


class Capture(Protocol):
    """One connection to a camera."""

    def grab(self) -> None:
        """Waits for the next picture, at most `read_timeout_s`. SourceAway when none comes."""

    def pixels(self) -> NDArray[np.uint8] | None:
        """The picture that was grabbed last, H×W×3 BGR; None when it is broken."""

    def close(self) -> None:
        """Gives everything back."""


class LiveSource:
    """A camera that may be away at any moment, also the first."""

    recorded = False

    def __init__(
        self,
        settings: SourceSettings,
        camera: str,
        connect: Callable[[], Capture],
        *,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings, self._camera, self._connect = settings, camera, connect
        self._clock, self._chance = clock or Clock(), chance
        self._closed = threading.Event()
        self._thinner = Thinner(settings.frames_per_second)
        self._stillness = Stillness(settings.frozen_s_max)
        self._failures = 0
        self._told: tuple[State, str] | None = None
        self.status = SourceStatus(alive_ns=self._clock.monotonic_ns())

    def frames(self) -> Iterator[Frame]:
        """For ever, until it is closed. Blocks while the camera is away."""
        while not self._closed.is_set():
            yield from self._until_lost()
        self.status.state = "ended"

    def close(self) -> None:
        """See `Source`."""
        self._closed.set()

    def _until_lost(self) -> Iterator[Frame]:
        try:
            yield from self._connection()
        except SourceAway as away:
            self._lose(away)
            self._rest()

    def _connection(self) -> Iterator[Frame]:
        self.status.tries += 1
        self.status.alive_ns = self._clock.monotonic_ns()
        capture = self._connect()
        try:
            self.status.opened += 1
            yield from self._watched(capture)
        finally:
            capture.close()

    def _watched(self, capture: Capture) -> Iterator[Frame]:
        began_ns = self._clock.monotonic_ns()
        while not self._closed.is_set():
            capture.grab()
            now_ns = self.status.alive_ns = self._clock.monotonic_ns()
            if not self._thinner.due(now_ns):
                continue
            pixels = capture.pixels()
            if pixels is None:
                self.status.skip(f"picture {self.status.frames}", "it cannot be decoded")
                continue
            self._judge(self._stillness.update(pixels, now_ns), (now_ns - began_ns) / 1e9)
            yield self._frame(pixels, now_ns)

    def _judge(self, still_s: float, lived_s: float) -> None:
        """Whether the camera lives, by how long nothing was new and how long the connection has been good.

        Each connection has its full time to show something new: some begin with the same slate every time.
        """
        if min(still_s, lived_s) >= self._settings.frozen_s_max:
            why = f"nothing in the picture has changed for {self._settings.frozen_s_max:g} s, not even noise"
            raise SourceAway(f"{why}: restart the camera", "frozen")
        good = lived_s >= STEADY_S and still_s < STEADY_S / 2
        if self.status.state != "frozen" or good:  # a frozen camera needs more than one connection to have thawed
            self.status.state, self.status.why = "connected", ""
        if good:
            self._failures = 0
        if self.status.state == "connected" and (good or self._told is None):
            self._tell("connected", "")

    def _frame(self, pixels: NDArray[np.uint8], now_ns: int) -> Frame:
        status = self.status
        status.frame_ns = now_ns
        status.frames += 1
        return Frame(
            camera=self._camera,
            sequence=status.frames - 1,
            taken_ns=self._clock.now_ns(),
            monotonic_ns=now_ns,
            pixels=pixels,
        )

    def _lose(self, away: SourceAway) -> None:
        self.status.state, self.status.why = away.state, str(away)
        self._tell(away.state, str(away))

    def _tell(self, state: State, why: str) -> None:
        """Once for each change, not for each try."""
        if (state, why) == self._told:
            return
        self._told = (state, why)
        if state == "connected":
            log.info("camera %s: connected (try %d)", self._camera, self.status.tries)
        else:
            log.warning("camera %s: %s: %s; it is tried again until it is back", self._camera, state, why)

    def _rest(self) -> None:
        """Twice as long each time up to the limit, and at random, so that cameras do not all return at once."""
        longest_s = min(self._settings.reconnect_s_max, self._settings.reconnect_s_min * 2 ** min(self._failures, 30))
        self._failures += 1
        left_s = longest_s * (0.5 + self._chance() / 2)
        while left_s > 0 and not self._closed.wait(min(left_s, 1.0)):
            left_s -= 1.0
            self.status.alive_ns = self._clock.monotonic_ns()
