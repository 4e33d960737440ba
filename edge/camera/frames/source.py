"""What every source of frames is, what it tells of itself, and what may be wrong with it.

SourceError
├── SourceUnusable      ours: the path, the device or the programs are not there; the program refuses to start
├── SourceAway          the world's: the camera cannot be reached now; caught here, told, tried again
└── PictureUnreadable   one picture is broken; skipped and counted
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.camera.scene import Frame

Away = Literal["away", "stalled", "frozen"]
State = Literal["connecting", "connected", "away", "stalled", "frozen", "ended"]
"""As `health` publishes it. `stalled`: it answers, but sends no picture. `frozen`: it sends the same one for ever."""

BROKEN_MAX = 100
"""So many broken pictures are kept by name; all are counted."""


class SourceError(Exception):
    """Anything that is wrong with a source; its text never holds a password."""


class SourceUnusable(SourceError):
    """It can never give a frame as it is set: what, where, why and what to do."""


class SourceAway(SourceError):
    """It gives no frame now. The text says why."""

    def __init__(self, why: str, state: Away = "away") -> None:
        super().__init__(why)
        self.state: Away = state


class PictureUnreadable(SourceError):
    """One picture cannot be decoded."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


@dataclass(frozen=True, slots=True)
class Broken:
    """A picture that was skipped."""

    name: str
    why: str


@dataclass(slots=True)
class SourceStatus:
    """What a source tells of itself. One thread writes, others read single fields; counts only ever grow."""

    state: State = "connecting"
    why: str = ""
    """Why it is away, stalled or frozen; empty while all is well."""
    opened: int = 0
    """Connections that were made, or times that a recording was begun."""
    tries: int = 0
    """Connections that were tried."""
    frames: int = 0
    """That were given on."""
    broken: int = 0
    """Pictures that could not be decoded."""
    broken_latest: list[Broken] = field(default_factory=list)
    """The last of them by name."""
    frame_ns: int | None = None
    """Monotonic: when the last frame was given."""
    alive_ns: int = 0
    """Monotonic: when the source last did anything, trying and waiting included. A camera that is away counts as
    life; a thread that hangs does not."""

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.opened - 1)

    def skip(self, name: str, why: str, pictures: int = 1) -> None:
        """A picture was broken, or several together."""
        self.broken += pictures
        self.broken_latest = [*self.broken_latest[1 - BROKEN_MAX :], Broken(name, why)]


@dataclass(frozen=True, slots=True)
class Clock:
    """Both of the world's clocks; a test brings its own."""

    now_ns: Callable[[], int] = time.time_ns
    """UTC."""
    monotonic_ns: Callable[[], int] = time.monotonic_ns


class Source(Protocol):
    """Where frames come from."""

    status: SourceStatus
    recorded: bool
    """Whether its frames carry a recording's own time, and wait for nobody; `paced` gives them a rhythm."""

    def frames(self) -> Iterator[Frame]:
        """Blocks until there is a next one. Ends when a recording ends or the source is closed. Called once."""

    def close(self) -> None:
        """From any thread, as often as you like. `frames` ends soon after: at the latest when a read times out."""
