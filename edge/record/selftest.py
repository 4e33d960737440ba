"""`selftest/1`: a technician drove a rendered vehicle through a camera's whole line, and this is what came of it.

A kind of its own and no sighting with a mark: whoever takes sightings knows nothing of a mark, would count the vehicle
and match its plate. This record has no plate to match and no place in the camera's sequence.
"""

from __future__ import annotations

from typing import Literal

from edge.record.sighting import Models
from edge.record.words import Count, Digest, Id, Name, Probability, Time, Version, Wire


class SelfTest(Wire, frozen=True, kw_only=True):
    """One test pass. Never a vehicle, never a hit."""

    schema: Literal["selftest/1"] = "selftest/1"
    id: Id
    site: Name
    camera: Name
    time: Time
    outcome: Literal["read", "misread", "unread", "not_seen"]
    """`unread`: a vehicle without a text. `not_seen`: nothing came out of the line."""
    confidence: Probability | None
    frames: Count
    plates: Count
    reads: Count
    models: Models
    settings: Digest
    software: Version
