"""`verdict/1`: what a named person found when looking at a hit. A later one supersedes it and never erases it.

Who it was and why stands in the audit's row `audit`, which only the audit's readers see; the message carries neither.
"""

from __future__ import annotations

from typing import Literal

from edge.record.words import Id, Name, Ordinal, Time, Wire

Finding = Literal["correct", "wrong_state", "misread", "dismissed"]


class Verdict(Wire, frozen=True, kw_only=True):
    """One person's finding on one hit."""

    schema: Literal["verdict/1"] = "verdict/1"
    id: Id
    site: Name
    hit: Id
    finding: Finding
    revision: Ordinal
    supersedes: Id | None
    made_at: Time
    audit: Ordinal
    """The audit row that says who, of which agency, and why."""
