"""`counters/1`: vehicles a day, retained. Never a plate."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from edge.record.words import Count, Date, Name, Wire

DAYS_MAX: Final = 31


class Day(Wire, frozen=True, kw_only=True):
    """One day in UTC."""

    date: Date
    vehicles: Count
    """Sightings, with a plate or without."""
    plates: Count
    """Sightings whose plate was read."""


class Counters(Wire, frozen=True, kw_only=True):
    """What a camera has counted, newest day last."""

    schema: Literal["counters/1"] = "counters/1"
    site: Name
    camera: Name
    days: Annotated[tuple[Day, ...], msgspec.Meta(max_length=DAYS_MAX)]
