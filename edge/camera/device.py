"""What the computer says of itself: clock, temperature, throttling, disk, memory. `None` where it does not tell."""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
TIMEX_BYTES = 256
"""More than `struct timex` has on any Linux; its first word, the modes, stays 0: only asking."""
PLAUSIBLE_NS = 1_700_000_000_000_000_000
"""November 2023. A clock before this was never set, whatever the kernel says."""
THROTTLED_NOW = 0x0000_000F
"""Raspberry Pi: under-voltage, capped, throttled or at the soft temperature limit, at this moment."""

THERMAL = Path("/sys/class/thermal")
PI_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """One reading of everything."""

    temperature_c: float | None
    throttled: bool | None
    disk_free_mb: int | None
    rss_mb: int
    written_mb: int | None


def vital(folder: Path) -> Vital:
    """Read now; `folder` names the disk that is asked for."""
    return Vital(
        temperature_c=temperature_c(),
        throttled=throttled(),
        disk_free_mb=disk_free_mb(folder),
        rss_mb=rss_mb(),
        written_mb=written_mb(),
    )


def synchronized() -> bool:
    """Whether the kernel's clock was set from outside (NTP, GPS, a host), and shows a plausible year."""
    if time.time_ns() < PLAUSIBLE_NS:
        return False
    try:
        asked = ctypes.create_string_buffer(TIMEX_BYTES)
        state: int = ctypes.CDLL(None).adjtimex(asked)
    except (OSError, AttributeError):  # a system without it: nobody can say
        return False
    return 0 <= state != TIME_ERROR


def temperature_c(zones: Path = THERMAL) -> float | None:
    """Of the hottest zone, degrees Celsius."""
    readings = [_number(path) for path in zones.glob("thermal_zone*/temp")]
    known = [reading / 1000 for reading in readings if reading is not None and -100_000 < reading < 200_000]
    return max(known, default=None)


def throttled(firmware: Path = PI_THROTTLED) -> bool | None:
    """Whether a Raspberry Pi is held back by heat or voltage now."""
    try:
        return bool(int(firmware.read_text().strip(), 16) & THROTTLED_NOW)
    except (OSError, ValueError):
        return None


def disk_free_mb(folder: Path) -> int | None:
    """Megabytes that are left where `folder` lies."""
    try:
        return shutil.disk_usage(folder).free // 1_000_000
    except OSError:
        return None


def rss_mb() -> int:
    """Resident memory of this process, megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def written_mb(io: Path = Path("/proc/self/io")) -> int | None:
    """What this process has had written to disks since its start, megabytes; page by page, as a card feels it."""
    try:
        known = dict(line.split(": ") for line in io.read_text(encoding="ascii").splitlines())
        return int(known["write_bytes"]) // 1_000_000
    except (OSError, ValueError, KeyError):  # a kernel without the accounting
        return None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):  # some zones exist and cannot be read
        return None
