"""A plate's text as both wings compare it: one spelling, the class of characters that look alike, a pattern's meaning.

Nothing here alters a read. `fold` is for finding candidates alone; whoever shows one says which characters differ.
The classes are disjoint, unlike the reader's list of look-alikes, because an index needs one class a character.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LENGTH_MAX: Final = 12
"""Characters on a plate; the longest real ones have ten."""

CLASSES: Final = ("0ODQ", "1IL", "2Z", "5S", "6G", "8B", "UV")
"""What a camera may take for one another; the first stands for all in a folded text."""

_SEPARATORS: Final = str.maketrans("", "", " -.\t·•")
_FOLD: Final = str.maketrans({c: group[0] for group in CLASSES for c in group})
FOLDED: Final = "".join(sorted({c.translate(_FOLD) for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}))
"""The characters of a folded text: the first of each class, and those that look like no other."""
_ZERO: Final = str.maketrans("O", "0")
_TEXT: Final = re.compile(rf"[0-9A-Z]{{1,{LENGTH_MAX}}}")
_PATTERN: Final = re.compile(rf"[0-9A-Z*?]{{1,{LENGTH_MAX}}}")


class NotPlateText(ValueError):
    """The text cannot stand on a plate; the message says which character, and never repeats the text."""


def normalise(raw: str, *, wildcards: bool = False) -> str:
    """Upper case without blanks, hyphens and dots: the form in which plates are published and compared.

    `wildcards` allows `*` (any characters) and `?` (one). Raises NotPlateText, naming the first character that no
    plate bears: a Cyrillic А is refused, not guessed, for it would match nothing and look as if it had.
    """
    text = raw.translate(_SEPARATORS)
    if not text.isascii():  # before upper(), which turns ß and ſ into letters of ours
        return _refuse(raw)
    text = text.upper()
    if (_PATTERN if wildcards else _TEXT).fullmatch(text):
        return text
    if not text:
        raise NotPlateText("empty: a plate has at least one letter or digit")
    if len(text) > LENGTH_MAX:
        raise NotPlateText(f"{len(text)} characters; a plate has at most {LENGTH_MAX}")
    return _refuse(text, wildcards=wildcards)


def _refuse(text: str, *, wildcards: bool = False) -> str:
    allowed = "A–Z, 0–9" + (", * and ?" if wildcards else "")
    for position, character in enumerate(text, start=1):
        known = character in " -.\t·•" or (character.isascii() and character.isalnum())
        if not known and not (wildcards and character in "*?"):
            raise NotPlateText(f"character {position} is {name(character)}; a plate has {allowed}")
    raise NotPlateText(f"a plate has {allowed}")


def name(character: str) -> str:
    """What Unicode calls a character, or its number: what one sees may be another's look."""
    return unicodedata.name(character, f"U+{ord(character):04X}")


def zero(text: str) -> str:
    """O→0, the way NCIC writes every letter O: texts that are equal after this are the same plate."""
    return text.translate(_ZERO)


def fold(text: str) -> str:
    """Each character by the first of its class; `*` and `?` stand for themselves."""
    return text.translate(_FOLD)


def confusable(one: str, other: str) -> bool:
    """Whether two characters are the same or of one class."""
    return fold(one) == fold(other)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of letters, digits, `*` and `?` covers the whole text, character for character."""
    return re.fullmatch(expression(pattern), text) is not None


def expression(pattern: str) -> str:
    """A pattern as a regular expression in which every literal character is a group of its own.

    Runs of `*` become one, so that no pattern can make the matching take exponential time.
    """
    parts = {"*": ".*", "?": "."}
    return "".join(parts.get(c) or f"({c})" for c in re.sub(r"\*+", "*", pattern))


def literals(pattern: str) -> int:
    """How many characters a pattern pins down."""
    return sum(c not in "*?" for c in pattern)
