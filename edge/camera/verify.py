"""Proves on the device itself that no picture leaves it: scenes through the real daemon, every byte looked into.

What a run of the daemon (`rehearsal`) published, wrote and logged is searched (`privacy`), and what it asked of the
kernel is read (`syscalls`): one claim a line, each with what was found. Of two processes each is held to what is its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import cv2
import msgspec

from edge.camera import privacy, syscalls
from edge.camera.frames.picture import PICTURES
from edge.camera.rehearsal import HATCH
from edge.link.topics import topic
from edge.record.boundary import SEALABLE, NotSealable, kind_of, unseal
from edge.record.capacity import capacity
from edge.record.evidence import Evidence
from edge.record.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.rehearsal import Run
    from edge.settings.camera import CameraSettings

PIXEL_FRAMES: Final = 8
"""Of every so many pictures, rows of pixels are remembered, so that raw pixels would be recognised."""
PIXEL_ROWS: Final = 16
"""Every so many rows of them."""
KINDS: Final = ("sighting", "status", "health", "counters", "discovery", "discovery_sighting")
"""What a daemon says by itself."""
HARMLESS: Final = ("/dev/null", "/dev/tty")
"""What may be opened for writing besides the folder: nothing stays there."""

Verdict = Literal["yes", "no", "not checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the proof."""

    claim: str
    verdict: Verdict
    found: str


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
