"""A hotlist in memory: a million entries in 50 MB, found in microseconds.

Entries are one NumPy array, sorted by folded plate (`plate_text.fold`), so that everything a read may stand for lies
side by side and a binary search finds it; what is exact and what is only alike is told apart afterwards.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edge.desk.hotlists.codes import ALL_COLORS, VEHICLE_TYPES
from edge.record import plate_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.record.words import Color, VehicleType

WILDCARDS_MAX: Final = 1000
"""Each is tried on each read; NCIC has none, a department a handful."""
WILDCARD_LITERALS_MIN: Final = 3
"""`*7*` would match half the county."""

CALIBRATION: Final = 1
WILDCARD: Final = 2

_DTYPE: Final = np.dtype(
    [
        ("fold", "S12"),
        ("text", "S12"),
        ("region", "S6"),
        ("code", "S1"),
        ("types", "<u2"),
        ("colors", "<u2"),
        ("expires_s", "<i8"),
        ("flags", "u1"),
    ]
)
_MAGIC: Final = b"plate-list/1\n"
_FOLDED_ALPHABET: Final = tuple(dict.fromkeys(plate_text.fold("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")))

PackedRow = tuple[bytes, bytes, bytes, bytes, int, int, int, int]
"""One entry in the order of the array's columns: fold, text, region, code, types, colors, expires_s, flags."""


class DamagedList(ValueError):
    """The stored content is not a packed list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry. `text` has O as zero; `types` and `colors` are empty where the list says nothing."""

    text: str
    region: str | None
    code: str | None
    types: tuple[VehicleType, ...]
    colors: tuple[Color, ...]
    expires_s: int
    calibration: bool

    def __repr__(self) -> str:
        return "Listed(…)"  # a plate is personal data, and a repr ends up in logs


def packed_row(
    text: str,
    region: str | None,
    code: str = "",
    types: tuple[VehicleType, ...] = (),
    colors: tuple[Color, ...] = (),
    expires_s: int = 0,
    *,
    calibration: bool = False,
) -> PackedRow:
    """An entry as a row of the array; `text` is normalised already."""
    spelled = plate_text.zero(text)
    flags = CALIBRATION * calibration | (WILDCARD if "*" in text or "?" in text else 0)
    return (
        plate_text.fold(spelled).encode(),
        spelled.encode(),
        (region or "").encode(),
        code.encode(),
        mask(types, VEHICLE_TYPES),
        mask(colors, ALL_COLORS),
        expires_s,
        flags,
    )


def mask(words: tuple[str, ...], alphabet: tuple[str, ...]) -> int:
    """Words as bits."""
    return sum(1 << alphabet.index(word) for word in words)


def pack(rows: Iterable[PackedRow]) -> bytes:
    """Rows → what the store keeps: sorted, compressed."""
    array = np.array(list(rows), dtype=_DTYPE)
    array = array[np.argsort(array["fold"], kind="stable")]
    return _MAGIC + zlib.compress(array.tobytes(), level=1)


class ListIndex:
    """One list, ready for searching."""

    def __init__(self, content: bytes) -> None:
        array = _unpack(content)
        wild = (array["flags"] & WILDCARD) != 0
        self._rows = array[~wild]
        self._folds: NDArray[np.bytes_] = np.ascontiguousarray(self._rows["fold"])
        self._wild = [_pattern(row) for row in array[wild]]

    def __len__(self) -> int:
        return len(self._rows) + len(self._wild)

    def alike(self, text: str) -> list[Listed]:
        """Entries that are the text, or the text but for characters that look alike; exact or not is the caller's."""
        return self._at(plate_text.fold(text))

    def wildcards(self, text: str) -> list[Listed]:
        """Wildcard entries that cover the text."""
        spelled = plate_text.zero(text)
        return [listed for pattern, listed in self._wild if pattern.fullmatch(spelled)]

    def one_edit(self, text: str) -> list[Listed]:
        """Entries one character more, less or other than the text."""
        own = plate_text.fold(text)
        near = np.array(sorted(_neighbours(own)), dtype="S12")
        low = np.searchsorted(self._folds, near, side="left")
        high = np.searchsorted(self._folds, near, side="right")
        return [_listed(row) for a, b in zip(low, high, strict=True) if b > a for row in self._rows[a:b]]

    def _at(self, fold: str) -> list[Listed]:
        key = np.array(fold.encode(), dtype="S12")  # of the column's own type, or NumPy would copy the column
        low = int(np.searchsorted(self._folds, key, side="left"))
        found = []
        while low < len(self._folds) and self._folds[low] == key:
            found.append(_listed(self._rows[low]))
            low += 1
        return found


def _unpack(content: bytes) -> NDArray[np.void]:
    if not content.startswith(_MAGIC):
        raise DamagedList("the list's content does not begin as one")
    try:
        return np.frombuffer(zlib.decompress(content[len(_MAGIC) :]), dtype=_DTYPE)
    except (zlib.error, ValueError) as error:
        raise DamagedList(f"the list's content cannot be unpacked: {error}") from error


def _listed(row: np.void) -> Listed:
    types, colors = int(row["types"]), int(row["colors"])
    return Listed(
        text=row["text"].decode(),
        region=row["region"].decode() or None,
        code=row["code"].decode() or None,
        types=tuple(word for bit, word in enumerate(VEHICLE_TYPES) if types >> bit & 1),
        colors=tuple(word for bit, word in enumerate(ALL_COLORS) if colors >> bit & 1),
        expires_s=int(row["expires_s"]),
        calibration=bool(int(row["flags"]) & CALIBRATION),
    )


def _pattern(row: np.void) -> tuple[re.Pattern[str], Listed]:
    listed = _listed(row)
    return re.compile(plate_text.expression(listed.text)), listed


def _neighbours(fold: str) -> set[bytes]:
    heads = [(fold[:i], fold[i:]) for i in range(len(fold) + 1)]
    other = {a + c + b[1:] for a, b in heads if b for c in _FOLDED_ALPHABET}
    less = {a + b[1:] for a, b in heads if b and len(fold) > 1}
    more = {a + c + b for a, b in heads for c in _FOLDED_ALPHABET if len(fold) < plate_text.LENGTH_MAX}
    return {text.encode() for text in (other | less | more) - {fold}}
