"""The computer: clock, heat, disk, card, memory. Every path is a parameter, so that a test shows it another machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from edge.camera import device
from edge.camera.doctor.finding import Finding, graded, ok, skipped

HEAT_C: Final = (75.0, 85.0)
"""A Raspberry Pi slows down from 80 °C, a Jetson from about 95."""
FREE_MB: Final = (1_000.0, 200.0)
MEMORY_MB: Final = (150.0, 50.0)
WEAR: Final = (0.8, 1.0)
"""Of a card's life, by its own count."""
PI_SINCE_BOOT: Final = {16: "under-voltage", 17: "capped", 18: "throttled", 19: "too hot"}
"""Bits of `get_throttled`: it has happened since the start."""
SLOWING: Final = re.compile(r"cpufreq|cpu|gpu|devfreq|throttl|tegra", re.IGNORECASE)
"""Names of the kernel's cooling devices that cool by slowing down; a fan is none."""


def clock(*, synchronized: bool) -> Finding:
    """Whether sightings have a time that can be trusted."""
    if synchronized:
        return ok("clock", "synchronised", "timedatectl")
    return Finding(
        name="clock",
        state="fail",
        saw="nobody has set it: sightings are marked, and counted for no day",
        where="timedatectl",
        remedy="name a time server that this network reaches in /etc/systemd/timesyncd.conf, or install chrony",
    )


def heat(
    zones: Path = device.THERMAL, firmware: Path = device.PI_THROTTLED, coolers: Path = Path("/sys/class/thermal")
) -> Finding:
    """Temperature, and whether the computer is held back: a Pi's firmware, or the kernel's cooling (Jetson)."""
    hottest = device.temperature_c(zones)
    bits = _bits(firmware)
    slowed = [name for name in _slowing(coolers) if name]
    figures = {"temperature_c": hottest or 0.0, "throttled": float(bits or 0), "slowed": float(len(slowed))}
    if hottest is None and bits is None:
        return skipped("heat", "this computer does not tell its temperature")
    words = [f"{hottest:.0f} °C"] if hottest is not None else []
    since = [word for bit, word in PI_SINCE_BOOT.items() if (bits or 0) >> bit & 1]
    now = (bits or 0) & device.THROTTLED_NOW
    words += (["held back now"] if now or slowed else []) + ([f"since the start: {', '.join(since)}"] if since else [])
    bad = bool(now or slowed) or (hottest or 0) >= HEAT_C[1]
    if not bad and not since and (hottest or 0) < HEAT_C[0]:
        return ok("heat", ", ".join(words), str(zones), **figures)
    volts = "under-voltage" in since or (bits or 0) & 1
    remedy = "a power supply of its own rating, a shorter cable" if volts else "shade, air, a heat sink; fewer frames"
    return Finding(
        name="heat",
        state="fail" if bad else "warn",
        saw=", ".join(words),
        where=str(zones),
        remedy=remedy,
        figures=figures,
    )


def disk(folder: Path) -> Finding:
    """Room where the outbox lies."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    free = device.disk_free_mb(there)
    if free is None:
        return skipped("disk", f"{there} does not tell")
    return graded(
        "disk",
        free,
        warn=FREE_MB[0],
        fail=FREE_MB[1],
        saw=f"{free:,} MB free",
        where=str(there),
        remedy="journalctl --vacuum-size=50M; look for what fills it: du -xh / | sort -h | tail",
        figure="free_mb",
    )


def card(folder: Path, devices: Path = Path("/sys/dev/block")) -> Finding:
    """How much of its life an eMMC or SD card has used, where it counts (JEDEC eMMC 5; SMART is another tool's)."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    number = there.stat().st_dev
    place = (devices / f"{os.major(number)}:{os.minor(number)}").resolve()
    for part in (place, place.parent):
        used = _life_used(part / "device/life_time")
        if used is not None:
            return graded(
                "card",
                used,
                warn=WEAR[0],
                fail=WEAR[1],
                saw=f"{used:.0%} of its life is used, by its own count",
                where=part.name,
                remedy="replace it before it fails; settings and outbox are in two folders (docs/camera.md)",
                figure="used",
            )
    return skipped("card", "this disk does not count its wear (SD cards rarely do)")


def memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    """What is left for everybody."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"))
    except OSError:
        found = None
    if found is None:
        return skipped("memory", "this kernel does not tell")
    free = int(found[1]) // 1000
    return graded(
        "memory",
        free,
        warn=MEMORY_MB[0],
        fail=MEMORY_MB[1],
        saw=f"{free:,} MB available",
        where="free -m",
        remedy="stop what else runs here: systemctl list-units --type=service --state=running",
        figure="available_mb",
    )


def _life_used(file: Path) -> float | None:
    """`0x02 0x01`: tenths of the estimated life that are begun, for two kinds of cells; 0x0b is beyond it."""
    try:
        tenths = [int(word, 16) for word in file.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return None
    return max(tenths) / 10 if any(tenths) else None


def _bits(firmware: Path) -> int | None:
    try:
        return int(firmware.read_text(encoding="ascii").strip(), 16)
    except (OSError, ValueError):
        return None


def _slowing(coolers: Path) -> list[str]:
    found = []
    for place in coolers.glob("cooling_device*"):
        try:
            kind, state = ((place / name).read_text(encoding="ascii").strip() for name in ("type", "cur_state"))
        except (OSError, ValueError):
            continue
        if SLOWING.search(kind) and "fan" not in kind.lower() and state.isdecimal() and int(state):
            found.append(kind)
    return found
