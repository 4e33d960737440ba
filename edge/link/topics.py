"""Where each message goes and how: `lpr/v1/{site}/{camera}/…` and `lpr/v1/{site}/desk/…` (design.md §5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "lpr/v1"
DESK: Final = "desk"
"""Takes a camera's place in the topic; no camera may be called so."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one kind of message travels."""

    level: str
    """The topic's last level."""
    qos: int
    retained: bool
    expires: bool = False
    """Whether the broker is told to forget it at the end of its retention (MQTT 5)."""
    from_desk: bool = False
    """Published under the desk's own topics."""
    to_camera: bool = False
    """Published by the desk, under the topics of the camera that it is for."""
    home_assistant: str = ""
    """Published where Home Assistant looks for this kind of thing, and not under our own prefix."""
    frigate: bool = False
    """Published where Frigate's listeners look: no user may say or hear it unless the policy has such an adapter."""
    evidence: bool = False
    """Of plates' crops: no user of the broker may say or hear it unless the policy wants them."""


DELIVERIES: Final = {
    "sighting": Delivery(level="sighting", qos=1, retained=False, expires=True),
    "status": Delivery(level="status", qos=1, retained=True),
    "health": Delivery(level="health", qos=0, retained=True),
    "counters": Delivery(level="counters", qos=1, retained=True),
    "discovery": Delivery(level="config", qos=1, retained=True, home_assistant="device"),
    "discovery_sighting": Delivery(level="sighting/config", qos=1, retained=True, home_assistant="event"),
    "selftest": Delivery(level="selftest", qos=1, retained=False),
    "access": Delivery(level="access", qos=1, retained=False),
    "hit": Delivery(level="hit", qos=1, retained=False, expires=True, from_desk=True),
    "verdict": Delivery(level="verdict", qos=1, retained=False, expires=True, from_desk=True),
    "audit": Delivery(level="audit", qos=1, retained=False, from_desk=True),
    "desk_status": Delivery(level="status", qos=1, retained=True, from_desk=True),
    "evidence": Delivery(level="evidence", qos=1, retained=False, expires=True, evidence=True),
    "evidence_request": Delivery(
        level="evidence_request", qos=1, retained=False, expires=True, to_camera=True, evidence=True
    ),
    "frigate_update": Delivery(
        level="tracked_object_update", qos=1, retained=False, expires=True, from_desk=True, frigate=True
    ),
}
"""By the message's kind. Nothing with a plate is ever retained."""


def topic(site: str, camera: str, kind: str) -> str:
    """`("hesston", "north", "sighting")` → `lpr/v1/hesston/north/sighting`; a desk's messages name no camera.

    Asserts that site and camera are topic levels of ours: a slash or a wildcard would reach somebody else's topics.
    """
    delivery = DELIVERIES[kind]
    place = DESK if delivery.from_desk else camera
    assert _NAME.fullmatch(site), f"{site!r} is no site's name"
    assert _NAME.fullmatch(place), f"{place!r} is no camera's name"
    assert delivery.from_desk or place != DESK, "no camera may be called desk; the desk's own topics begin so"
    if delivery.frigate:
        return f"frigate/{delivery.level}"
    if delivery.home_assistant:
        return f"homeassistant/{delivery.home_assistant}/lpr-{site}-{place}/{delivery.level}"
    return f"{PREFIX}/{site}/{place}/{delivery.level}"


def every(kind: str, site: str = "+") -> str:
    """The filter that a subscriber uses for one kind from every camera of a site, or of every site."""
    delivery = DELIVERIES[kind]
    return f"{PREFIX}/{site}/{DESK if delivery.from_desk else '+'}/{delivery.level}"
