"""The daemon on recorded scenes, from its start to its end, and everything that it left behind: for `verify`.

It is started as systemd would start it, with the camera's own settings but for three things: its pictures come from
recorded scenes, its broker is a recorder on the loopback, and its folder is an empty one that is thrown away. With
`services` it is the two processes of a device. What it asks of the kernel is listened to where strace may.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import yaml

from edge.camera import syscalls
from edge.link.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.link.recorder import Published
    from edge.settings.camera import CameraSettings

RUN_S_MAX: Final = 900.0
START_S_MAX: Final = 60.0
HATCH: Final = "hatch"
"""The local socket between the two processes, in the folder."""
TRACES: Final = ("trace", "publisher.trace")
LOGS: Final = ("log", "publisher.log")
SYSTEMDS: Final = ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "NOTIFY_SOCKET")
"""What a service would hand down to it; it is given a folder of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that one run of the daemon left behind."""

    exit_code: int
    raw: bytes
    """Every byte that it sent."""
    published: tuple[Published, ...]
    heard: tuple[str, ...]
    """What it asked the broker to tell it: topics."""
    files: dict[str, bytes]
    """What it wrote, by name."""
    log: bytes
    calls: syscalls.Calls | None
    """None without strace."""
    publisher_calls: syscalls.Calls | None = None
    """Of the other process, where there are two."""
    services: bool = False
    """Whether there were two."""
    core_limits: frozenset[str]
    """How large a core dump each of its processes could have left, as the kernel says it: `0` is none."""
    folder: Path
    port: int

    def sources(self) -> Iterator[tuple[str, bytes]]:
        """Everything that is searched, by name."""
        yield "the line to the broker", self.raw
        yield "the log", self.log
        yield from self.files.items()


def run(
    settings: CameraSettings,
    root: Path,
    scenes: Path,
    tell: Callable[[int], None] = lambda _: None,
    *,
    services: bool = False,
) -> Run:
    """The daemon on the scenes, to their end; as two processes with `services`. `tell` hears how many messages came."""
    with tempfile.TemporaryDirectory(prefix="plate-reader-verify-") as made, Recorder() as recorder:
        folder = Path(made)
        config = folder / "config" / "verify.yaml"
        config.parent.mkdir()
        config.write_text(_yaml(settings, root, scenes, folder, recorder.port), encoding="utf-8")
        words = [sys.executable, "-m", "edge.cli.main", "run", "--config", str(config)]
        limits: dict[int, str] = {}

        def turn(pid: int) -> None:
            limits.update(syscalls.core_limits(pid))
            tell(len(recorder.published))

        if services:
            with _publisher(folder, config, turn):
                words += ["--publisher", str(folder / HATCH)]
                exit_code = _wait([*_traceable(folder / "trace"), *words], folder, turn)
        else:
            exit_code = _wait([*_traceable(folder / "trace"), *words], folder, turn)
        written = {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        log = b"".join(written.pop(name, b"") for name in LOGS)
        calls, publisher_calls = (_calls(written.pop(name, b""), folder) for name in TRACES)
        written.pop("config/verify.yaml")
        return Run(
            exit_code=exit_code,
            raw=recorder.raw,
            published=tuple(recorder.published),
            heard=tuple(recorder.heard),
            files=written,
            log=log,
            calls=calls,
            publisher_calls=publisher_calls,
            services=services,
            core_limits=frozenset(limits.values()),
            folder=folder,
            port=recorder.port,
        )


def _yaml(settings: CameraSettings, root: Path, scenes: Path, folder: Path, port: int) -> str:
    """The camera's settings with another source, another broker, another folder."""
    replaced = msgspec.structs.replace(
        settings,
        source=type(settings.source)(
            kind="folder", address=str(scenes.resolve()), frames_per_second=settings.source.frames_per_second
        ),
        runtime=msgspec.structs.replace(settings.runtime, manifest=str(root / settings.runtime.manifest)),
        broker=type(settings.broker)(port=port),
        outbox=msgspec.structs.replace(settings.outbox, folder=str(folder / "state")),
        health=type(settings.health)(interval_s=1.0),
    )
    return yaml.safe_dump(msgspec.to_builtins(replaced))


def _traceable(trace: Path) -> list[str]:
    """The words of strace, where it may trace: containers and hardened kernels forbid it."""
    words = syscalls.tracer(trace)
    if not words or subprocess.run([*words, "true"], check=False, capture_output=True).returncode:  # noqa: S603
        return []
    return words


def _calls(trace: bytes, folder: Path) -> syscalls.Calls | None:
    lines = trace.decode("utf-8", "replace").splitlines()
    return syscalls.read(lines, folder) if lines else None


def _wait(command: list[str], folder: Path, turn: Callable[[int], None]) -> int:
    """To its end: the exit code. `turn` is called with its number now and then while it runs."""
    process = _started(command, folder, LOGS[0])
    waited_s = 0.0
    while process.poll() is None and waited_s < RUN_S_MAX:
        turn(process.pid)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        waited_s += 0.5
    if process.poll() is None:
        process.kill()
    return process.wait()


@contextmanager
def _publisher(folder: Path, config: Path, turn: Callable[[int], None]) -> Iterator[None]:
    """The other process, from its socket to its goodbye."""
    words = [sys.executable, "-m", "edge.cli.main", "publish", "--config", str(config)]
    command = [*_traceable(folder / TRACES[1]), *words, "--socket", str(folder / HATCH)]
    process = _started(command, folder, LOGS[1])
    try:
        until_s = time.monotonic() + START_S_MAX
        while not (folder / HATCH).exists() and process.poll() is None and time.monotonic() < until_s:
            time.sleep(0.05)
        turn(process.pid)
        yield
        turn(process.pid)
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself: the log says why
            os.killpg(process.pid, signal.SIGTERM)  # strace keeps the signal to itself, its child does not
        with suppress(subprocess.TimeoutExpired):
            process.wait(START_S_MAX)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _started(command: list[str], folder: Path, log: str) -> subprocess.Popen[bytes]:
    """In a group of its own, as a service would be, its words in a file."""
    environment = {key: value for key, value in os.environ.items() if key not in SYSTEMDS}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # under systemd it could not write there anyway
    with (folder / log).open("wb") as said:
        return subprocess.Popen(  # noqa: S603 — ourselves
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
