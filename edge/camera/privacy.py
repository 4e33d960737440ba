"""Looks for pictures in bytes: what was published, written or logged. Finds nothing, or says what and where.

A picture could leave as itself (its file begins with a signature), packed (zlib, gzip), as text (base64), as raw pixels
(bytes without the order that words have), or as a piece of the picture that went in. Each of these is looked for.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIGNATURES: Final = {
    "JPEG": re.compile(rb"\xff\xd8\xff[\xc0-\xfe]"),
    "PNG": re.compile(rb"\x89PNG\r\n"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "BMP": re.compile(rb"BM....\0\0\0\0.\0\0\0[\x0c\x28\x40\x6c\x7c]\0\0\0", re.DOTALL),
    "WebP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "TIFF": re.compile(rb"II\*\0[\x08-\xff]\0|MM\0\*\0\0"),
    "JPEG 2000": re.compile(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  "),
    "JPEG XL": re.compile(rb"\0\0\0\x0cJXL "),
    "HEIF or AVIF": re.compile(rb"ftyp(heic|heix|mif1|avif|avis)"),
    "MP4": re.compile(rb"ftyp(isom|mp4[12]|avc1|qt  )"),
    "Matroska": re.compile(rb"\x1a\x45\xdf\xa3"),
    "NumPy": re.compile(rb"\x93NUMPY"),
    "portable pixmap": re.compile(rb"P[456]\s+\d{2,5}\s+\d{2,5}\s+255\s"),
}
"""How files of pictures and films begin; each is long enough not to come about by chance."""

PACKED: Final = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
"""zlib and gzip: two bytes do come about by chance, so what follows is unpacked."""
PACKED_BYTES_MIN: Final = 256
BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{80,}={0,2}")
"""The longest text of ours is a SHA-256 in 64 hex digits."""
HEX_DIGITS: Final = re.compile(rb"[0-9a-fA-F]{80,}")
WINDOW_BYTES: Final = 512
ENTROPY_BITS_MAX: Final = 6.6
"""Of a byte, over a window. JSON has about 5, SQLite pages less; packed pictures and random bytes 7.0 and more."""
PIECE_BYTES: Final = 32
"""A piece of an input file of twice this length cannot hide: one whole block of it is found."""
DIFFERENT_BYTES_MIN: Final = 12
"""In a block that counts as a piece: runs of zeros are everywhere."""


@dataclass(frozen=True, slots=True)
class Find:
    """Something that should not be there."""

    what: str
    where: str
    """Of which bytes, and from which on."""


def search(raw: bytes, name: str) -> list[Find]:
    """Everything that looks like a picture in `raw`, which is called `name` in what is found."""
    finds = [*_signatures(raw), *_packed(raw), *_texts(raw), *_disorder(raw)]
    if not finds and _decodes(raw):
        finds = [("a picture that OpenCV can read", 0)]
    return [Find(what, f"{name}, byte {at:,}") for what, at in finds]


def pieces(raw: bytes, name: str, known: frozenset[bytes]) -> list[Find]:
    """Blocks of input files (see `blocks`) that stand in `raw`."""
    places = (at for at in range(len(raw) - PIECE_BYTES + 1) if raw[at : at + PIECE_BYTES] in known)
    first = next(places, None)
    return [] if first is None else [Find("a piece of a picture that went in", f"{name}, byte {first:,}")]


def blocks(files: Iterable[bytes]) -> frozenset[bytes]:
    """The files cut into blocks, without those that say nothing."""
    return frozenset(
        block
        for raw in files
        for at in range(0, len(raw) - PIECE_BYTES + 1, PIECE_BYTES)
        if len(set(block := raw[at : at + PIECE_BYTES])) >= DIFFERENT_BYTES_MIN
    )


def _signatures(raw: bytes) -> Iterator[tuple[str, int]]:
    for what, pattern in SIGNATURES.items():
        for match in pattern.finditer(raw):
            yield f"the beginning of a {what} file", match.start()


def _packed(raw: bytes) -> Iterator[tuple[str, int]]:
    for match in PACKED.finditer(raw):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: zlib or gzip
        try:
            inside = unpacker.decompress(raw[match.start() :], 1 << 20)
        except zlib.error:
            continue
        if len(inside) >= PACKED_BYTES_MIN:
            yield "packed bytes", match.start()


def _texts(raw: bytes) -> Iterator[tuple[str, int]]:
    """Long runs without a blank. What they hold is looked into, to say more."""
    for match in HEX_DIGITS.finditer(raw):
        yield "a long run of hex digits", match.start()
    for match in BASE64.finditer(raw):
        inside = _unbase64(match.group())
        kind = next((what for what, _ in _signatures(inside)), "")
        yield f"a long run of base64{f' with {kind}' if kind else ''}", match.start()


def _unbase64(text: bytes) -> bytes:
    plain = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(plain[: len(plain) // 4 * 4])
    except binascii.Error:
        return b""


def _disorder(raw: bytes) -> Iterator[tuple[str, int]]:
    for at in range(0, max(1, len(raw) - WINDOW_BYTES // 2), WINDOW_BYTES // 2):
        window = raw[at : at + WINDOW_BYTES]
        if len(window) >= WINDOW_BYTES // 2 and entropy(window) > ENTROPY_BITS_MAX:
            yield "bytes without order, as of raw or packed pixels", at
            return  # one tells enough


def entropy(raw: bytes) -> float:
    """Shannon's, bits a byte."""
    counts = Counter(raw).values()
    return -sum(n / len(raw) * math.log2(n / len(raw)) for n in counts)


def _decodes(raw: bytes) -> bool:
    if len(raw) < WINDOW_BYTES // 8:
        return False
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED) is not None
