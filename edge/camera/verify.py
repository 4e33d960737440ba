"""Proves on the device itself that no picture leaves it: scenes through the real daemon, every byte looked into.

The daemon is started as systemd would start it, with the camera's own settings but for three things: its pictures come
from recorded scenes, its broker is a recorder on the loopback, and its folder is an empty one that is thrown away.
With `services` it is the two processes of a device, each held to what is its own. What was published, written and
logged is then searched (`privacy`), and what was asked of the kernel is read (`syscalls`).
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
from typing import TYPE_CHECKING, Final, Literal

import cv2
import msgspec
import yaml

from edge.camera import privacy, syscalls
from edge.camera.frames.picture import PICTURES
from edge.link.recorder import Recorder
from edge.link.topics import topic
from edge.record.boundary import SEALABLE, NotSealable, kind_of, unseal
from edge.record.capacity import capacity
from edge.record.evidence import Evidence
from edge.record.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from edge.link.recorder import Published
    from edge.settings.camera import CameraSettings

RUN_S_MAX: Final = 900.0
START_S_MAX: Final = 60.0
PIXEL_FRAMES: Final = 8
"""Of every so many pictures, rows of pixels are remembered, so that raw pixels would be recognised."""
PIXEL_ROWS: Final = 16
"""Every so many rows of them."""
KINDS: Final = ("sighting", "status", "health", "counters", "discovery", "discovery_sighting")
"""What a daemon says by itself."""
HATCH: Final = "hatch"
"""The local socket between the two processes, in the folder."""
TRACES: Final = ("trace", "publisher.trace")
LOGS: Final = ("log", "publisher.log")
SYSTEMDS: Final = ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "NOTIFY_SOCKET")
"""What a service would hand down to it; it is given a folder of its own."""
HARMLESS: Final = ("/dev/null", "/dev/tty")
"""What may be opened for writing besides the folder: nothing stays there."""

Verdict = Literal["yes", "no", "not checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the proof."""

    claim: str
    verdict: Verdict
    found: str


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


def pieces_of(scenes: Path) -> frozenset[bytes]:
    """What would be recognised of the pictures that went in."""
    return privacy.blocks(_inputs(scenes))


def checks(done: Run, settings: CameraSettings, known: frozenset[bytes]) -> list[Check]:
    """The proof, line by line. `known` is `pieces_of` the scenes."""
    return [
        _worked(done),
        _messages(done, settings),
        _capacity(settings),
        _heard(done, settings),
        _searched("no picture was published, written or logged", _pictures_in(done)),
        _searched("no piece of the pictures that went in came out", _pieces_in(done, known)),
        _log(done),
        _core(done),
        *(_kernel_of_two(done) if done.services else _kernel(done)),
    ]


def _worked(done: Run) -> Check:
    sightings = [one for one in done.published if one.topic.endswith("/sighting")]
    claim = "the daemon worked: vehicles were seen and told"
    found = f"{len(sightings)} sightings, {len(done.published)} messages, exit code {done.exit_code}"
    return Check(claim, "yes" if sightings and done.exit_code == 0 else "no", found)


def _messages(done: Run, settings: CameraSettings) -> Check:
    """Every message is read through its own type, at its own topic."""
    known = {topic(settings.site, settings.camera, kind): kind for kind in KINDS}
    types = {kind_of(message): message for message in SEALABLE}
    wrong = [one.topic for one in done.published if not _ours(one.payload, types.get(known.get(one.topic, "")))]
    sizes = [len(one.payload) for one in done.published]
    found = f"wrong at {', '.join(sorted(set(wrong)))}" if wrong else f"the largest has {max(sizes, default=0):,} bytes"
    return Check("every message is one of ours, at its own topic", "no" if wrong else "yes", found)


def _ours(payload: bytes, kind: type[msgspec.Struct] | None) -> bool:
    try:
        return kind is not None and unseal(payload, kind) is not None
    except NotSealable:
        return False


def _capacity(settings: CameraSettings) -> Check:
    """Of the types themselves, whatever was published today."""
    most = max(capacity(message) for message in SEALABLE if message is not Evidence)
    switch = "on" if settings.evidence.enabled else "off"
    return Check(
        "no message could hold a picture, by its types, but a plate's crop as evidence",
        "yes",
        f"none can exceed {most:,} bytes of fixed words, patterns and numbers; evidence is {switch}",
    )


def _heard(done: Run, settings: CameraSettings) -> Check:
    """What it asked the broker for. Nobody asked it for a crop here, so none may have been among the messages."""
    allowed = {topic(settings.site, settings.camera, "evidence_request")} if settings.evidence.enabled else set()
    strange = sorted(set(done.heard) - allowed)
    claim = "it hears nothing from the broker but, with evidence on, its own requests"
    return Check(claim, "no" if strange else "yes", ", ".join(strange or done.heard) or "nothing")


def _pictures_in(done: Run) -> list[privacy.Find]:
    return [find for name, raw in done.sources() for find in privacy.search(raw, name)]


def _pieces_in(done: Run, known: frozenset[bytes]) -> list[privacy.Find]:
    return [find for name, raw in done.sources() for find in privacy.pieces(raw, name, known)]


def _inputs(scenes: Path) -> Iterator[bytes]:
    """The files as they are, and rows of their pixels, in colour and in grey."""
    files = sorted(file for file in scenes.rglob("*") if file.suffix.lower() in PICTURES)
    for number, file in enumerate(files):
        yield file.read_bytes()
        picture = cv2.imread(str(file)) if number % PIXEL_FRAMES == 0 else None
        if picture is not None:
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            yield from (rows[y].tobytes() for rows in (picture, grey) for y in range(0, len(rows), PIXEL_ROWS))


def _searched(claim: str, finds: Sequence[privacy.Find]) -> Check:
    if not finds:
        return Check(claim, "yes", "nothing found")
    first = "; ".join(f"{find.what} in {find.where}" for find in finds[:3])
    return Check(claim, "no", first + (f"; and {len(finds) - 3} more" if len(finds) > 3 else ""))


def _log(done: Run) -> Check:
    plates = {
        text.encode()
        for one in done.published
        if one.topic.endswith("/sighting")
        for text in _texts(msgspec.json.decode(one.payload, type=Sighting))
    }
    told = [text for text in plates if text in done.log]
    found = f"{len(told)} of them are in it" if told else f"none of {len(plates)} texts, {len(done.log):,} bytes of log"
    return Check("the log tells no plate", "no" if told else "yes", found)


def _core(done: Run) -> Check:
    claim = "a crash leaves no core dump of its memory"
    if not done.core_limits:
        return Check(claim, "not checked", "it ended before it could be looked at")
    harmful = sorted(done.core_limits - {"0"})
    return Check(claim, "no" if harmful else "yes", f"limit {', '.join(harmful) or '0'} bytes")


def _texts(sighting: Sighting) -> list[str]:
    return [sighting.plate.text, *(one.text for one in sighting.plate.alternatives)] if sighting.plate else []


def _kernel(done: Run) -> list[Check]:
    found: dict[str, tuple[list[str], str]] = dict.fromkeys(_KERNEL, ([], ""))
    if done.calls is not None:
        calls, broker = done.calls, f"127.0.0.1:{done.port}"
        strange = (
            _written_outside(calls, done.folder),
            [whom for whom in calls.called if whom != broker],
            list(calls.listened),
            list(calls.started[1:]),
        )
        fine = (f"{len(calls.written)} in its folder", broker, "none", "none")
        found = dict(zip(_KERNEL, zip(strange, fine, strict=True), strict=True))
    return _judged(found, traced=done.calls is not None)


_KERNEL: Final = (
    "no file outside its own folder was opened for writing",
    "nobody but the broker was called",
    "it listened on no port",
    "it started no other program",
)


def _kernel_of_two(done: Run) -> list[Check]:
    """Each of the two held to what is its own: no way out for the pictures, no file for whoever has one."""
    reader, publisher = done.calls, done.publisher_calls
    found: dict[str, tuple[list[str], str]] = dict.fromkeys(_KERNEL_OF_TWO, ([], ""))
    if reader is not None and publisher is not None:
        broker, hatch = f"127.0.0.1:{done.port}", str(done.folder / HATCH)
        strange = (
            _written_outside(reader, done.folder),
            [whom for whom in reader.called if whom != hatch],
            _written_outside(publisher, None),
            [whom for whom in publisher.called if whom != broker],
            [call for call in (*reader.listened, *publisher.listened) if "<UNIX" not in call],
            [*reader.started[1:], *publisher.started[1:]],
        )
        fine = (f"{len(reader.written)} in its folder", "its publisher alone", "none", broker, "none", "none")
        found = dict(zip(_KERNEL_OF_TWO, zip(strange, fine, strict=True), strict=True))
    return _judged(found, traced=reader is not None and publisher is not None)


_KERNEL_OF_TWO: Final = (
    "what sees the pictures opened no file outside its own folder for writing",
    "what sees the pictures called nobody on any network",
    "what reaches the broker opened no file for writing",
    "what reaches the broker called nobody else",
    "neither listened on a port",
    "neither started another program",
)


def _written_outside(calls: syscalls.Calls, folder: Path | None) -> list[str]:
    own = [] if folder is None else [folder]
    return syscalls.outside(calls.written, [*own, *map(Path, HARMLESS), Path("/proc/self/task")])


def _judged(found: dict[str, tuple[list[str], str]], *, traced: bool) -> list[Check]:
    """Claim → (what speaks against it, what to say when nothing does)."""
    if not traced:
        why = "strace is not installed, or may not trace here"
        return [Check(claim, "not checked", why) for claim in found]
    return [
        Check(claim, "no" if strange else "yes", ", ".join(strange[:5]) or fine)
        for claim, (strange, fine) in found.items()
    ]


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
