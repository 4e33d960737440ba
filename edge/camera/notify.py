"""Tells systemd how the service is: ready, alive, reloading, stopping. Without systemd every call does nothing.

The protocol is one datagram of `KEY=value` lines to the socket in `$NOTIFY_SOCKET` (sd_notify(3)); a library for that
would be one more thing on the pole.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

STATUS_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Notifier:
    """The service manager, as the daemon speaks to it."""

    address: str = ""
    """A path, or an abstract name that begins with @; empty: nobody listens."""
    watchdog_s: float | None = None
    """How long systemd waits for `alive` before it restarts the service; None: it does not."""

    def ready(self, status: str) -> None:
        """Capture, vision and link have started."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def alive(self) -> None:
        """The service watchdog is fed; call it at least twice in each `watchdog_s`."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows. No plate, ever: it goes to the journal's keepers."""
        self._send(f"STATUS={_line(text)}")

    def reloading(self) -> None:
        """New settings are being taken up; `ready` ends it. After `stopping` systemd would kill what stays."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nSTATUS=taking up new settings")

    def stopping(self, status: str = "finishing open passes") -> None:
        """From here on the end is wanted, and not a failure."""
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def _send(self, message: str) -> None:
        if not self.address:
            return
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            try:
                door.sendto(message.encode(), socket.MSG_DONTWAIT, address)
            except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
                return  # the manager is restarting, or busy: it asks again by its watchdog


def notifier() -> Notifier:
    """The one that this process was started with."""
    return Notifier(address=os.environ.get("NOTIFY_SOCKET", ""), watchdog_s=_watchdog_s())


def _watchdog_s() -> float | None:
    """From `$WATCHDOG_USEC`, when it is meant for this process and not for one that started it."""
    wait_us, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not wait_us.isdecimal() or (process and process != str(os.getpid())):
        return None
    return int(wait_us) / 1_000_000 or None


def _line(text: str) -> str:
    return " ".join(text.split())[:STATUS_CHARACTERS_MAX]
