"""The newest frame between the capture thread and the vision thread. There is never a queue of old ones."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.camera.scene import Frame


class Slot:
    """Holds one frame; a newer one takes its place, and the older is counted as dropped."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._closed = False
        self._put = 0
        self._dropped = 0

    @property
    def put_count(self) -> int:
        """Frames that were put in."""
        return self._put

    @property
    def dropped(self) -> int:
        """Frames that nobody took in time."""
        return self._dropped

    @property
    def ended(self) -> bool:
        """Closed and empty: no frame will come any more."""
        with self._changed:
            return self._closed and self._frame is None

    def put(self, frame: Frame) -> None:
        """Never waits. After `close` it does nothing."""
        with self._changed:
            if self._closed:
                return
            self._put += 1
            self._dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def take(self, timeout: float) -> Frame | None:
        """The newest frame, once; waits up to `timeout` seconds. None when none came, or the slot has `ended`."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout)
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """The source has ended, or the daemon stops. Wakes who waits; the last frame can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
