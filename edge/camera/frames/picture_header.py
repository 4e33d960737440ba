"""A picture file's first bytes: what it is, how large, and whether it is all there, before any decoder is let near it.

A few kilobytes can claim a hundred thousand pixels each way, and a decoder would first make room for them. A JPEG that
ends early decodes into a picture with a grey lower half, which looks like a road. Both are caught here.
"""

from __future__ import annotations

import struct
import zlib

Size = tuple[int, int]
"""Width and height, pixels."""


class HeaderWrong(ValueError):
    """It is no picture, or not a whole one; the text says why."""


def size(data: bytes) -> Size:
    """Width and height as the file claims them. HeaderWrong when it is not a whole JPEG, PNG, WebP, BMP or TIFF."""
    if not data:
        raise HeaderWrong("the file is empty")
    try:
        width, height = _measure(data)
    except (struct.error, IndexError):
        raise HeaderWrong("the file ends in the middle of its header") from None
    if not width or not height:
        raise HeaderWrong(f"it claims to be {width}×{height} pixels large")
    return width, height


def _measure(data: bytes) -> Size:
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(b"BM"):
        width, height = struct.unpack_from("<ii", data, 18)
        return abs(width), abs(height)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _tiff(data, "<" if data.startswith(b"II") else ">")
    raise HeaderWrong("it is no JPEG, PNG, WebP, BMP or TIFF, whatever its name says")


def _jpeg(data: bytes) -> Size:
    """Along the segments to the frame's; the end marker must stand behind it, for none can stand inside the scan."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if not 0xFF01 <= marker <= 0xFFFE:
            raise HeaderWrong("its JPEG header is damaged")
        if marker == 0xFFFF:  # padding
            at += 1
        elif 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            if data.rfind(b"\xff\xd9") < at:
                raise HeaderWrong("the JPEG ends before its last line")
            return width, height
        else:
            at += 2 + length


def _png(data: bytes) -> Size:
    """Every chunk's checksum, up to the last one."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            raise HeaderWrong("the PNG ends before its last line")
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(memoryview(data)[at + 4 : at + 8 + length]) != checksum:
            raise HeaderWrong("the PNG is damaged: a checksum is wrong")
        if kind == b"IEND":
            width, height = struct.unpack_from(">II", data, 16)
            return width, height
        at += 12 + length


def _webp(data: bytes) -> Size:
    if struct.unpack_from("<I", data, 4)[0] + 8 > len(data) + 1:  # some writers leave the last padding byte out
        raise HeaderWrong("the WebP ends before its last line")
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(data: bytes, order: str) -> Size:
    """Width and height stand as tags 256 and 257 in the first directory."""
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    found: dict[int, int] = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in (256, 257):
            found[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)[0]
    if len(found) < 2:
        raise HeaderWrong("its TIFF header names no size")
    return found[256], found[257]
