"""What the camera writes to its disk: bytes a vehicle and a minute, step by step, and what a day comes to.

    python -m models.bench.written                  # seconds
    python -m models.bench.written --folder DIR     # on the disk that is to be measured (a tmpfs counts nothing)

Counted as the kernel does for this process, whole pages of 4 KB, as a card feels them: SQLite's log and database with
`synchronous=FULL`, and what the file system adds of its own for new blocks and names. What its journal writes besides
belongs to no process and is not in it. No picture and no network: seconds lie between real vehicles, so each is kept,
acknowledged and wiped by itself, and between two minutes the kernel has everything on the disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.camera.clock import SystemClock
from edge.camera.outbox import Outbox
from edge.camera.state_files import leave_health
from edge.cli import present
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.health import Health
from edge.record.sighting import Sighting
from edge.settings.camera import OutboxSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.record.boundary import Sealed

VEHICLES_A_DAY = 521
"""Hesston's: 31,272 in 30 days at two cameras."""
MINUTES_A_DAY = 1440
TIMES = 10
SIGHTING = next(one for one in EXAMPLES if isinstance(one, Sighting) and one.plate is not None)
HEALTH = next(one for one in EXAMPLES if isinstance(one, Health))


def main() -> None:
    """One row for each step, then the days."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        vehicle, minute = of_a_vehicle(folder), of_a_minute(folder)
    rows = [(step, f"{count / 1e3:.1f} KB", "a vehicle") for step, count in vehicle.items()]
    rows += [(step, f"{count / 1e3:.1f} KB", "a minute") for step, count in minute.items()]
    print(present.table(rows, ("step", "written", ""), right=(1,)))
    of_vehicles = sum(vehicle.values()) * VEHICLES_A_DAY / 1e6
    on_disk = sum(minute.values()) * MINUTES_A_DAY / 1e6
    print(f"a day of {VEHICLES_A_DAY} vehicles: {of_vehicles:.0f} MB")
    print(f"where health.json is not in memory: {on_disk:.0f} MB more")


def of_a_vehicle(folder: Path) -> dict[str, float]:
    """Bytes by step, from the sighting to its last trace."""
    outbox = Outbox.open(folder, OutboxSettings(), SystemClock())
    counts: dict[str, list[int]] = {"keep": [], "acknowledge and wipe": []}
    for _ in range(TIMES):
        counts["keep"].append(_written(lambda: outbox.keep(_numbered)))
        counts["acknowledge and wipe"].append(_written(lambda: _deliver(outbox)))
    outbox.close()
    return {step: statistics.mean(each) for step, each in counts.items()}


def of_a_minute(folder: Path) -> dict[str, float]:
    """Bytes by step, whatever goes by."""
    outbox = Outbox.open(folder, OutboxSettings(), SystemClock())
    tended = statistics.mean(_written(outbox.tend) for _ in range(TIMES))
    outbox.close()
    return {"outbox tended": tended, "health.json": statistics.mean(_left(folder) for _ in range(TIMES))}


def _left(folder: Path) -> int:
    """One report, when all that was written before is wholly on the disk, the file system's own blocks too."""
    os.sync()
    return _written(lambda: leave_health(folder, seal(HEALTH)))


def _numbered(sequence: int) -> Sealed:
    return seal(msgspec.structs.replace(SIGHTING, sequence=sequence))


def _deliver(outbox: Outbox) -> None:
    outbox.acknowledge([row.number for row in outbox.oldest(1)])
    outbox.tend()  # the log is wiped here, or was a moment ago


def _written(step: Callable[[], object]) -> int:
    """Bytes that this process sent to disks while it did `step`."""
    before = _counter()
    step()
    return _counter() - before


def _counter() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.bench.written", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured (default: a temporary one)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
