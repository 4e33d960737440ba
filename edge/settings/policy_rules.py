"""What must hold between a policy's settings, so that a desk never runs on one that cannot be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edge.settings import camera_rules
from edge.settings.camera import BrokerSettings
from edge.settings.loader import load
from edge.settings.matching import Rules
from edge.settings.policy import DeskBroker, HotlistSettings, Policy, SearchSettings


def load_policy(path: Path) -> Policy:
    """The department's policy from its file. SettingsWrong with all that is wrong."""
    return load(path, Policy, RULES)


def _names(policy: Policy) -> Iterator[tuple[str, str]]:
    if "desk" in policy.cameras:
        yield "cameras", "no camera is called desk, for that topic is the desk's own: choose another name"
    yield from _twice("cameras", policy.cameras)
    yield from _twice("agencies", (policy.department.name, *policy.agencies))


def _hotlists(hotlists: HotlistSettings) -> Iterator[tuple[str, str]]:
    if "N" in hotlists.file_codes:
        yield "file_codes", "no immigration enforcement, and N is NCIC's Immigration Violator file: take N out"
    if hotlists.dead_hours <= hotlists.stale_hours:
        yield "dead_hours", f"more than stale_hours ({hotlists.stale_hours:g}): a list is stale before it is dead"
    names = tuple(entry.name for entry in hotlists.lists)
    yield from _twice("lists", names)
    if {"local", "calibration"} & set(names):
        yield "lists", "local and calibration are the desk's own lists: choose another name"


def _search(search: SearchSettings) -> Iterator[tuple[str, str]]:
    allowed = tuple(purpose.key for purpose in search.purposes)
    prohibited = tuple(purpose.key for purpose in search.prohibited)
    yield from _twice("purposes", allowed)
    yield from _twice("prohibited", prohibited)
    for key in sorted(set(allowed) & set(prohibited)):
        yield "purposes", f"a purpose is allowed or prohibited, and {key} is both: take it out of one list"


def _twice(key: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    counts = Counter(name.casefold() for name in names)
    for name in sorted(name for name, count in counts.items() if count > 1):
        yield key, f"each is named once, and {name} stands here twice: keep one"


RULES: Rules = {
    Policy: _names,
    HotlistSettings: _hotlists,
    SearchSettings: _search,
    DeskBroker: camera_rules.RULES[BrokerSettings],
}
"""For `load(path, Policy, RULES)`."""
