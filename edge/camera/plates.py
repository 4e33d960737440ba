"""Plates as text: the alphabet, what is easily confused, and the serials that the issuers hand out.

Nothing here alters a read. `FORMATS` says what the issuers hand out, from which `serials` makes a soft score for texts
that were read; `fold` merges characters that no camera can tell apart, for comparing only.

A format is written in a small language: `A` any letter, `9` any digit, a lower-case letter or `0`–`8` stand for
themselves, `-`, `.` and blank are separators, `*` an emblem between the groups, and `(…)` what is stacked or small
and belongs to `Read.stacked`. Only letters and digits count when a text is compared.
Sources: the states' own sample designs and the serials seen on some 4,600 plates of the training set.
"""

from __future__ import annotations

import re

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""What a read is made of, in the order of the network's outputs; output 0 is the blank before them."""

CONFUSABLE: tuple[str, ...] = ("0OQD", "1IL", "8B", "5S", "2Z", "6G", "VY", "MN", "UV", "4A", "7T", "CG", "PF", "EF")
"""Groups of characters that look alike in a small or blurred crop, the commonest first. A hint for searches."""

_FOLD = str.maketrans("OI", "01")


def normalise(text: str) -> str:
    """Upper case, and nothing but A–Z and 0–9: the form in which texts are compared and published."""
    return re.sub("[^A-Z0-9]", "", text.upper())


def fold(text: str) -> str:
    """The text with O→0 and I→1, which many issuers press with one die; for comparing, never for publishing."""
    return normalise(text).translate(_FOLD)


def confusable(a: str, b: str) -> bool:
    """Whether two characters share a group of `CONFUSABLE` (or are the same)."""
    return a == b or any(a in group and b in group for group in CONFUSABLE)


FORMATS: dict[str, tuple[str, ...]] = {
    # Kansas in full. The county's two letters were a sticker or stacked until 2018; trucks share the series.
    "US-KS": (
        "9999 AAA",  # 2024, To the Stars
        "999 AAA",  # 2007–2024
        "(AA)999 AAA",  # the same with the county's decal
        "AAA 999",  # 1989–2007
        "(AA)AAA 999",
        "AA A 9999",  # 1976–1980: county first
        "99999",  # specialty, permanent, government
        "999999",
        "A9999",
        "99AAA",
        "AA999",
        "d9999",  # dealer
        "d9999A",
        "A999999",  # temporary, sixty days
        "AAA9A9",
    ),
    "US-AL": ("99A99A9", "9A9999A", "9AA9999", "99AA999", "99999AA", "9A99A99"),
    "US-AK": ("AAA 999",),
    "US-AZ": ("AAA9999", "999*AAA", "AAA*999", "AAA9A9A", "A9A 9AA"),
    "US-AR": ("999 AAA", "AAA 999", "AAA 99A"),
    "US-CA": ("9AAA999", "99999A9", "9A99999", "99AAA99", "AAA 999", "999 AAA"),
    "US-CO": ("AAA-A99", "AAA*999", "999*AAA", "AAA 999", "AAA9999"),
    "US-CT": ("AA*99999", "999*AAA", "9AA*AA9", "AAA*999"),
    "US-DE": ("999999", "99999", "9999", "pc 99999", "c999999"),
    "US-DC": ("AA 9999", "AA-9999", "999-999", "AA*9999"),
    "US-FL": ("AAA*A99", "A99*9AA", "999*9AA", "99A*9AA", "AA9*9AA", "AAA*99A", "AAA 99A", "9999AA"),
    "US-GA": ("AAA9999", "AAA 9999", "999 AAA", "9999 AAA", "AAA*9999"),
    "US-HI": ("AAA 999",),
    "US-ID": ("9A A9999", "9A 99999", "A 999999", "9A 9999A", "9AA9999", "99 9999"),
    "US-IL": ("AA 99999", "A99 9999", "999 9999", "AA 99 999", "9999999", "99999 A"),
    "US-IN": ("999AAA", "999A", "9999AA", "99A9999", "AAA999", "999AA", "9A9999"),
    "US-IA": ("AAA 999", "999 AAA"),
    "US-KY": ("999 AAA", "AAA 999", "A9A 999", "A9A999"),
    "US-LA": ("999 AAA", "AAA 999", "A999999"),
    "US-ME": ("9999 AA", "999 AAA", "9999 A", "AAA 999"),
    "US-MD": ("9AA9999", "9AAA99", "AAA 999", "AAA999", "A999999"),
    "US-MA": ("9AA A99", "99A A99", "999 AA9", "9999 AA", "9AAA 99", "999 AAA", "A99999"),
    "US-MI": ("AAA 9999", "9AA A99", "AAA 999", "999 AAA"),
    "US-MN": ("AAA 999", "999 AAA", "AAA*999", "999*AAA"),
    "US-MS": ("AAA 999", "AAA 9999", "AA9 999", "AAA9999"),
    "US-MO": ("AA9*A9A", "999*AAA", "AAA 999", "9AA 999", "9A A999", "9AA 99A"),
    "US-MT": ("9-99999A", "99-9999A", "999999A", "AAA999", "9-9999A"),
    "US-NE": ("AAA 999", "9-A9999", "99-A999", "99 A999", "9-AA999"),
    "US-NV": ("999*A99", "99A*999", "999*AAA", "AAA*999", "999 AAA", "9999"),
    "US-NH": ("999 9999", "AAA 999", "999 999"),
    "US-NJ": ("A99 AAA", "AAA 99A", "AAA 999", "AA 999A", "AAA*99A", "A99*AAA"),
    "US-NM": ("999 AAA", "AAA 999", "AAA*A99", "999*AAA", "AAA*999"),
    "US-NY": ("AAA 9999", "AAA*9999", "999 AAA", "AAA 999", "99999 AA"),
    "US-NC": ("AAA-9999", "AAA 9999", "AAA 999", "AA 9999"),
    "US-ND": ("999 AAA", "AAA 999"),
    "US-OH": ("AAA 9999", "AAA*9999", "AA99 AA", "AAA 999", "999 AAA"),
    "US-OK": ("AAA 999", "AAA-999", "AAA*999", "999*AAA"),
    "US-OR": ("999 AAA", "AAA 999", "AAA*999", "999*AAA"),
    "US-PA": ("AAA 9999", "AAA-9999", "AAA*9999", "AAA 999"),
    "US-RI": ("999 999", "99 999", "AA 999", "9AA 999", "999999"),
    "US-SC": ("AAA 999", "999 AAA", "AAA*999", "9999 AA"),
    "US-SD": ("9A9 999", "99A 999", "9AA 999", "99 9A9", "99AA99", "9AAA99"),
    "US-TN": ("AAA 9999", "A99 99A", "999 AAA", "A9999A", "9A9 9A9", "AAA-999"),
    "US-TX": ("AAA*9999", "AA9*A999", "999 AAA", "A99 AAA", "AAA 999", "AAA 99A", "AA9 A999", "999*AAA"),
    "US-UT": ("A99 9AA", "999 AAA", "A99*9AA", "9A9 AA", "A99*9A"),
    "US-VT": ("AAA 999", "999A9", "AAA999"),
    "US-VA": ("AAA-9999", "AAA 9999", "AAA-999", "9999 AA"),
    "US-WA": ("AAA9999", "999-AAA", "999 AAA", "A99999A"),
    "US-WV": ("9AA 999", "99A 999", "A9A 999", "AAA 999", "9A 9999"),
    "US-WI": ("AAA-9999", "999-AAA", "AAA-999", "AA 9999"),
    "US-WY": ("9*99999", "99*9999", "99*99999", "9*9999A", "9 99999"),
    "PR": ("AAA-999", "AAA 999"),
    "GU": ("AA 9999", "AAA 999"),
    "VI": ("AAA 999", "AAA-999"),
    "AS": ("9999", "999A", "A999"),
    "MP": ("AAA 999",),
    "CA-ON": ("AAAA*999", "AAA*999", "999 AAA"),
    "CA-BC": ("AAA*999", "AA9*99A", "999*AAA", "AA9 99A", "AAA 999"),
    "CA-QC": ("A99 AAA", "999*AAA", "AAA*999"),
    "CA-AB": ("AAA-9999", "AAA-999", "AAA*9999"),
    "CA-MB": ("AAA 999",),
    "CA-SK": ("999 AAA", "999*AAA"),
    "CA-NS": ("AAA 999", "AAA*999"),
    "CA-NB": ("AAA 999", "AAA*999"),
    "CA-NL": ("AAA 999",),
    "CA-PE": ("999 9AA", "99 99AA"),
    "MX": ("AAA-99-99", "AAA-999-A", "A99-AAA", "999-AAA", "AAA-9999"),
    "DE": ("A AA 9999", "AA AA 999", "AAA A 99", "A A 9999", "AA A 9999", "AAA AA 99"),
    "GB": ("AA99 AAA", "A999 AAA", "AAA 999A", "A99 AAA", "AAA 9999", "9 AAA", "AAA 9"),
    "FR": ("AA-999-AA", "9999 AA 99", "999 AAA 99"),
    "ES": ("9999 AAA", "A 9999 AA"),
    "NL": ("99-AA-AA", "99-AAA-9", "AA-999-A", "A-999-AA", "9-AAA-99", "AA-AA-99"),
    "IT": ("AA 999AA",),
    "PL": ("AA 99999", "AAA 9A99", "AA 9999A", "AAA 99AA"),
    "BE": ("9-AAA-999", "AAA-999", "999-AAA"),
    "SE": ("AAA 999", "AAA 99A"),
    "DK": ("AA 99 999",),
    "NO": ("AA 99999",),
    "FI": ("AAA-999",),
    "AT": ("A 9999 A", "AA 999 AA", "A 99999 A"),
    "CH": ("AA*999999", "AA*99999", "AA 999 999"),
    "CZ": ("9A9 9999", "AAA 99-99"),
    "PT": ("99-AA-99", "AA-99-99", "99-99-AA", "AA 99 AA"),
    "RO": ("A 99 AAA", "AA 99 AAA", "A 999 AAA"),
    "IE": ("99-A-99999", "999-A-9999", "99-AA-9999"),
    "LV": ("AA-9999", "AA-999"),
    "TR": ("99 AAA 999", "99 AA 9999", "99 A 9999"),
    "BR": ("AAA-9999", "AAA9A99", "AAA*9999"),
    "IN": ("AA 99 AA 9999", "AA99A9999", "AA 9 AA 9999"),
    "IL": ("99-999-99", "999-99-999"),
    "AU": ("AAA-999", "AAA 99A", "AA 99 AA", "999 AAA", "AAA*999", "9AA 9AA"),
    "PK": ("AAA-999", "AA-9999", "AAA-9999", "AA 999"),
    "AE": ("9 99999", "A 99999"),
}
"""The serials of each issuer (ISO 3166-2, or ISO 3166-1 outside the US and Canada), commonest first."""


def shape(text: str) -> str:
    """Letters as `A`, digits as `9`: `ABC123` → `AAA999`."""
    return "".join("9" if c.isdigit() else "A" for c in normalise(text))


def shape_of_format(written: str) -> str:
    """The shape of the serials of a format: `(AA)999 AAA` → `999AAA`."""
    return shape(re.sub(r"\(.*?\)", "", written))
