"""When each picture of a folder was taken: its name says so, or the scene's truth does, or the settings' frame rate.

    000067.jpg                              67 ms after the start
    truth.yaml: {frames_per_second: 15}     the n-th picture, n/15 s after the start
    truth.yaml: {start: 2026-11-23T18:04:11.213Z}

Without a start it is the time at which the first file was last written: the same at every replay.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import yaml

from edge.camera.frames.source import SourceUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRUTH = "truth.yaml"
MILLISECONDS_MIN = 1000 / 60
"""Numbers that lie closer together count pictures, not milliseconds: no camera of ours is faster."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a scene's truth says of its pictures' time."""

    start_ns: int | None = None
    frames_per_second: float | None = None


def recorded(folder: Path) -> Recorded:
    """From the folder's truth, where there is one. SourceUnusable when it cannot be read."""
    path = folder / TRUTH
    if not path.is_file():
        return Recorded()
    try:
        truth: Any = yaml.safe_load(path.read_text("utf-8"))
        start, rate = truth.get("start"), truth.get("frames_per_second")
        return Recorded(None if start is None else _utc_ns(start), None if rate is None else _rate(rate))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise SourceUnusable(
            f"{path}: the recording's time cannot be read ({why}); "
            "write `frames_per_second: 15` and `start: 2026-11-23T18:04:11.213Z`"
        ) from error


def in_order(files: Sequence[Path]) -> list[Path]:
    """By name, and numbers by their value: 2 before 10."""
    if all(_is_number(path) for path in files):
        return sorted(files, key=lambda path: (int(path.stem), path.name))
    return sorted(files)


def offsets_ns(files: Sequence[Path], truth: Recorded, frames_per_second: float) -> list[int]:
    """Nanoseconds from the start to each picture, in the files' own order, never falling."""
    numbers = [int(path.stem) for path in files if _is_number(path)]
    if len(numbers) == len(files) and _milliseconds(numbers, truth.frames_per_second):
        return [(number - numbers[0]) * 1_000_000 for number in numbers]
    rate = truth.frames_per_second or frames_per_second
    return [round(n * 1e9 / rate) for n in range(len(files))]


def _is_number(path: Path) -> bool:
    return path.stem.isascii() and path.stem.isdecimal() and len(path.stem) <= 15


def _milliseconds(numbers: Sequence[int], frames_per_second: float | None) -> bool:
    """Whether numbers are times: far enough apart, and near the rate that the truth names."""
    gaps = [after - before for before, after in pairwise(numbers)]
    usual = statistics.median(gaps) if gaps else 0
    if usual < MILLISECONDS_MIN:
        return False
    return frames_per_second is None or 0.5 < usual * frames_per_second / 1000 < 2


def _utc_ns(start: Any) -> int:  # noqa: ANN401 - whatever the YAML holds
    """YAML makes a time of what looks like one; without a zone it is UTC."""
    text = str(start).replace("Z", "+00:00")  # Python 3.10 knows no Z
    moment = start if isinstance(start, datetime) else datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000 + moment.microsecond * 1000


def _rate(rate: Any) -> float:  # noqa: ANN401 - whatever the YAML holds
    if not 0.01 <= float(rate) <= 1000:
        raise ValueError(f"{rate} frames a second")
    return float(rate)
