"""Pictures → one file of age's format, as they come, and back: `age -d -i KEY FILE | tar x` is a folder of pictures.

    frames ─▶ JPEG ─▶ tar ─▶ age, 64 KB at a time ─▶ disk

Only ciphertext meets the disk, in blocks that are each whole: of a file that was cut off, everything before the cut can
be decrypted. The tar holds `truth.yaml` with the start, and pictures named by their milliseconds after it, which is how
folders of pictures tell their time (`frames.recorded_time`).
"""

from __future__ import annotations

import io
import logging
import os
import tarfile
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Final, Protocol

import cv2
import numpy as np
import pyrage
import yaml
from pyrage import ssh, x25519

from edge.camera.frames.recorded_time import TRUTH
from edge.camera.frames.rhythm import Thinner
from edge.camera.scene import Frame
from edge.record.words import time as written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

log = logging.getLogger(__name__)

JPEG_QUALITY: Final = 92
"""Strokes of a far plate live in the high frequencies; below 90 the reader notices."""
PICTURE_BYTES_MAX: Final = 50_000_000
"""A larger member is no picture of ours."""
KEYS_BYTES_MAX: Final = 65_536


class KeyWrong(Exception):
    """A recipient or an identity that does not serve: which, why, what to give instead. Never the key itself."""


class RecordingUnreadable(Exception):
    """A recording that cannot be decrypted at all."""


class Recipient(Protocol):
    """Whom a recording is for: one of pyrage's."""


class Identity(Protocol):
    """The other half of a recipient, which the technician keeps: one of pyrage's."""


def recipient(text: str) -> Recipient:
    """`age1…`, or a line of an `id_ed25519.pub`. Raises KeyWrong."""
    words = text.strip()
    kind = x25519.Recipient if words.startswith("age1") else ssh.Recipient if words.startswith("ssh-") else None
    try:
        if kind is not None:
            found: Recipient = kind.from_str(words)
            return found
    except pyrage.RecipientError as wrong:
        raise KeyWrong(f"this key is damaged: {wrong}") from None
    if words.startswith("AGE-SECRET-KEY"):
        raise KeyWrong("this is the secret half: it stays with you; give the public one, age1…")
    raise KeyWrong("no public key: give age1… (age-keygen makes one) or a line of id_ed25519.pub")


def identities(file: Path) -> list[Identity]:
    """The secret keys of an identity file, age's or SSH's. Raises KeyWrong."""
    try:
        with file.open("rb") as stream:
            content = stream.read(KEYS_BYTES_MAX)
    except OSError as error:
        raise KeyWrong(f"{file}: {(error.strerror or str(error)).lower()}") from None
    try:
        if b"PRIVATE KEY" in content:
            return [ssh.Identity.from_buffer(content)]
        lines = content.decode("ascii").split()
        found: list[Identity] = [x25519.Identity.from_str(one) for one in lines if one.startswith("AGE-SECRET-KEY")]
    except (pyrage.IdentityError, UnicodeDecodeError, ValueError):
        raise KeyWrong(f"{file}: an identity that is damaged, or locked with a passphrase") from None
    if not found:
        raise KeyWrong(f"{file}: no AGE-SECRET-KEY and no SSH key in it")
    return found


def write(descriptor: int, recipients: Sequence[Recipient], frames: Iterable[Frame], note: str = "") -> None:
    """Until the frames end; on the disk at return. OSError: the disk takes no more, what it took is readable."""
    reader, writer = _Reader(_archive(frames, note)), _Writer(descriptor)
    try:
        pyrage.encrypt_io(reader, writer, recipients)
    except pyrage.EncryptError:
        fault = writer.fault or reader.fault
        assert fault is not None, "age fails where its source and its sink do not"
        raise fault from None
    os.fsync(descriptor)


def frames(file: Path, keys: Sequence[Identity], camera: str, frames_per_second: float) -> Iterator[Frame]:
    """A recording's frames, thinned by their recorded time. RecordingUnreadable: it is not for these keys.

    One that was cut off ends early, and says so in the log.
    """
    thinner, start_ns, sequence = Thinner(frames_per_second), 0, 0
    for name, content in _members(file, keys):
        if name == TRUTH:
            start_ns = _start_ns(content)
        stem, _, suffix = name.partition(".")
        if suffix != "jpg" or not thinner.due(int(stem) * 1_000_000):
            continue
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            log.warning("%s: %s cannot be decoded; left out", file, name)
            continue
        at_ns = int(stem) * 1_000_000
        yield Frame(
            camera=camera,
            sequence=sequence,
            taken_ns=start_ns + at_ns,
            monotonic_ns=at_ns,
            pixels=pixels,  # type: ignore[arg-type]
        )
        sequence += 1


def _archive(frames: Iterable[Frame], note: str) -> Iterator[bytes]:
    """A tar, member by member."""
    if note:
        yield _member("note.txt", note.encode() + b"\n")
    first_ns: int | None = None
    for frame in frames:
        if first_ns is None:
            first_ns = frame.monotonic_ns
            yield _member(TRUTH, f"start: {written(frame.taken_ns)}\n".encode())
        yield _member(f"{(frame.monotonic_ns - first_ns) // 1_000_000:09d}.jpg", _jpeg(frame.pixels))
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, content: bytes) -> bytes:
    header = tarfile.TarInfo(name)
    header.size, header.mode = len(content), 0o600
    return header.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    done, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done, f"no JPEG of {pixels.shape}"
    return coded.tobytes()


def _members(file: Path, keys: Sequence[Identity]) -> Iterator[tuple[str, bytes]]:
    """Names and contents, decrypted by a thread into a pipe while they are read: nothing meets a disk."""
    out, into = os.pipe()
    faults: list[Exception] = []
    opener = Thread(target=_decrypt, args=(file, keys, into, faults), name="decrypt", daemon=True)
    opener.start()
    given = 0
    with os.fdopen(out, "rb") as pipe:
        try:
            with tarfile.open(fileobj=pipe, mode="r|") as archive:
                for member in archive:
                    content = archive.extractfile(member) if 0 < member.size <= PICTURE_BYTES_MAX else None
                    if content is not None:
                        yield member.name, content.read()
                        given += 1
        except tarfile.ReadError as end:
            if given:
                log.warning("%s: cut off after %d pictures (%s)", file, given, end)
    opener.join()
    if not given:
        raise RecordingUnreadable(f"{file}: {faults[0] if faults else 'nothing is in it'}")


def _decrypt(file: Path, keys: Sequence[Identity], into: int, faults: list[Exception]) -> None:
    with os.fdopen(into, "wb", buffering=0) as pipe:
        try:
            with file.open("rb") as stream:
                pyrage.decrypt_io(stream, pipe, keys)
        except (pyrage.DecryptError, OSError) as fault:  # whoever reads hung up, or the file is cut off or not for us
            faults.append(fault)


def _start_ns(content: bytes) -> int:
    start = yaml.safe_load(content)["start"]
    assert isinstance(start, datetime), "YAML makes a time of it"
    return int(start.timestamp() * 1000) * 1_000_000


class _Reader(io.RawIOBase):
    """What age pulls from: the next bytes, as they come. Blocks while the camera has none."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")
        self.fault: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        assert size > 0, "age asks for a piece at a time"
        try:
            while not self._left:
                self._left = memoryview(next(self._pieces, b""))
                if not self._left:
                    return b""
        except Exception as fault:  # age would swallow it; `write` raises it again
            self.fault = fault
            raise
        given, self._left = self._left[:size], self._left[size:]
        return bytes(given)


class _Writer(io.RawIOBase):
    """What age pushes into. Remembers the system's own error, which age's would hide."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.fault: OSError | None = None

    def write(self, piece: bytes) -> int:  # type: ignore[override]
        """All of it."""
        left = memoryview(piece)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as fault:
            self.fault = fault
            raise
        return len(piece)
