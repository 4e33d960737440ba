"""The device's clocks, as the outbox asks for them: the wall's, the boot's own, and which boot this is.

A computer without a battery boots in 1970, or in the minute when it was last switched off. Times of one boot's own
clock can be compared whatever the wall's said, so what happened before the clock was set can be dated afterwards.
"""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Protocol

from edge.camera import device


class Clock(Protocol):
    """A test passes one that jumps."""

    @property
    def boot(self) -> str:
        """Names this boot: monotonic times of one boot can be compared, of two they cannot."""

    def now_ns(self) -> int:
        """UTC, nanoseconds, for what that is worth."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of this boot, as `time.monotonic_ns` counts them."""

    def synchronized(self) -> bool:
        """Whether the wall clock was set from outside."""


class SystemClock:
    """The kernel's."""

    def __init__(self) -> None:
        self.boot = _boot()

    def now_ns(self) -> int:
        """UTC, nanoseconds."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of this boot."""
        return time.monotonic_ns()

    def synchronized(self) -> bool:
        """The kernel's word; see `device.synchronized`."""
        return device.synchronized()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # a container that hides it: then each start is a boot of its own
        return secrets.token_hex(16)
