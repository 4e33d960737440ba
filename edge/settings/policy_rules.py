"""What must hold between a policy's settings, so that a desk never runs on one that cannot be kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from edge.settings import camera_rules
from edge.settings.camera import BrokerSettings
from edge.settings.loader import load
from edge.settings.matching import Rules
from edge.settings.policy import AdapterSettings, DeskBroker, HotlistSettings, Policy, SearchSettings


def load_policy(path: Path) -> Policy:
    """The department's policy from its file. SettingsWrong with all that is wrong."""
    return load(path, Policy, RULES)


NOT_CAMERAS = frozenset({"desk", "dispatch", "supervision", "frigate", "broker", "ca"})
"""The desk's own topic, and those who have a certificate of the same name: a camera would be let in as one of them."""


def _names(policy: Policy) -> Iterator[tuple[str, str]]:
    for name in sorted({*policy.cameras} & {*NOT_CAMERAS, policy.broker.name}):
        yield "cameras", f"no camera is called {name}, for somebody else is known to the broker by it: choose another"
    if policy.broker.name in NOT_CAMERAS - {"desk"}:
        yield (
            "broker",
            f"no desk is called {policy.broker.name}, for somebody else has that certificate: rename it",
        )
    yield from _twice("cameras", policy.cameras)
    yield from _twice("agencies", (policy.department.name, *policy.agencies))
    yield from _twice("adapters", tuple(f"{one.format} to {one.url or one.receiver}" for one in policy.adapters))
    for place, one in enumerate(policy.adapters):
        for name in sorted({*one.cameras} - {*policy.cameras}):
            yield f"adapters[{place}].cameras", f"cameras that this policy names, and {name} is none: take it out"


def _hotlists(hotlists: HotlistSettings) -> Iterator[tuple[str, str]]:
    if "N" in hotlists.file_codes:
        yield "file_codes", "no immigration enforcement, and N is NCIC's Immigration Violator file: take N out"
    if hotlists.dead_hours <= hotlists.stale_hours:
        yield "dead_hours", f"more than stale_hours ({hotlists.stale_hours:g}): a list is stale before it is dead"
    names = tuple(entry.name for entry in hotlists.lists)
    yield from _twice("lists", names)
    if {"local", "calibration"} & set(names):
        yield "lists", "local and calibration are the desk's own lists: choose another name"


def _adapter(adapter: AdapterSettings) -> Iterator[tuple[str, str]]:
    if adapter.format == "frigate":
        for key in ("url", "token_file", "ca_file"):
            if getattr(adapter, key) is not None:
                yield key, "what Frigate's listeners get goes to the desk's own broker: take it out"
    elif adapter.url is None:
        yield "url", f"{adapter.format} is sent to an address: add `url: https://HOST/PATH`"
    else:
        yield from _web_address(adapter.url, trusts=adapter.ca_file is not None)


def _web_address(url: str, *, trusts: bool) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        yield "url", "an address with a host, and a port that is a number: write https://HOST/PATH"
    elif "@" in parts.netloc:
        yield "url", "no user stands in an address: put what proves who we are into the file that token_file names"
    elif parts.scheme == "http" and not _near(host):
        yield "url", "http only to this machine or a private address in figures, for whoever listens reads along: https"
    elif parts.scheme == "http" and trusts:
        yield "ca_file", "certificates are used with https only: write https, or take the file out"


def _near(host: str) -> bool:
    """Whether it is this machine, or an address that no router carries out of the house."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_private


def _search(search: SearchSettings) -> Iterator[tuple[str, str]]:
    allowed = tuple(purpose.key for purpose in search.purposes)
    prohibited = tuple(purpose.key for purpose in search.prohibited)
    yield from _twice("purposes", allowed)
    yield from _twice("prohibited", prohibited)
    for key in sorted(set(allowed) & set(prohibited)):
        yield "purposes", f"a purpose is allowed or prohibited, and {key} is both: take it out of one list"
    for purpose in search.purposes:
        for forbidden in search.prohibited:
            if any(_says(f"{purpose.key} {purpose.title}", word) for word in forbidden.words):
                yield "purposes", f"{purpose.key} speaks of what {forbidden.key} prohibits: take it out, or reword it"


def _says(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word.casefold())}\b", re.sub(r"[\W_]+", " ", text.casefold())) is not None


def _twice(key: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    counts = Counter(name.casefold() for name in names)
    for name in sorted(name for name, count in counts.items() if count > 1):
        yield key, f"each is named once, and {name} stands here twice: keep one"


RULES: Rules = {
    Policy: _names,
    HotlistSettings: _hotlists,
    SearchSettings: _search,
    AdapterSettings: _adapter,
    DeskBroker: camera_rules.RULES[BrokerSettings],
}
"""For `load(path, Policy, RULES)`."""
