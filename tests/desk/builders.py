"""One call, sane defaults, keyword overrides: what the desk's tests are made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.desk.hotlists.shelf import Person
from edge.record.boundary import seal
from edge.record.sighting import Clock, Models, PlateText, RegionCandidate, Sighting, VehicleSeen
from edge.record.words import time
from edge.settings.policy_rules import load_policy

if TYPE_CHECKING:
    from edge.settings.policy import Policy

ROOT = Path(__file__).parents[2]
NOW_MS = 1_795_435_200_000
"""Noon of 23 November 2026, UTC; six hours after the extract of `ncic`."""
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
CHIEF = Person(name="A. Chief", agency="Hesston KS PD")


def policy(**sections) -> Policy:
    """The department's own policy, with some sections or values replaced: `policy(matching={"one_edit": True})`."""
    shipped = load_policy(ROOT / "config" / "policy.yaml")
    changes = {
        name: msgspec.structs.replace(getattr(shipped, name), **value) if isinstance(value, dict) else value
        for name, value in sections.items()
    }
    return msgspec.structs.replace(shipped, **changes)


def sighting(
    text: str | None = "123ABC",
    number: int = 1,
    *,
    at_ms: int = NOW_MS,
    camera: str = "north",
    region: str | None = "US-KS",
    region_confidence: float = 0.95,
    vehicle: tuple[str | None, str | None] | None = ("pickup", "white"),
    sure: float = 0.97,
    weak: dict[int, float] | None = None,
    synchronized: bool = True,
    **changes,
) -> Sighting:
    """A pass that ended at `at_ms`; `weak={2: 0.4}` makes the third character doubtful."""
    characters = tuple((weak or {}).get(n, sure) for n in range(len(text or "")))
    plate = PlateText(
        text=text or "X",
        confidence=0.95,
        characters=characters or (0.9,),
        alternatives=(),
        width_px=92,
        reads=7,
        agreement=0.9,
    )
    fields = {
        "id": f"{camera.encode().hex():0>12}{number:020x}",
        "site": "hesston",
        "camera": camera,
        "sequence": number,
        "first_seen": time(at_ms * 1_000_000),
        "last_seen": time((at_ms + 900) * 1_000_000),
        "direction": "northbound",
        "heading": "approaching",
        "plate": plate if text else None,
        "region": RegionCandidate(code=region, confidence=region_confidence) if region else None,
        "vehicle": None
        if vehicle is None
        else VehicleSeen(
            type=vehicle[0],
            type_confidence=0.9 if vehicle[0] else None,
            color=vehicle[1],
            color_confidence=0.9 if vehicle[1] else None,
        ),
        "clock": Clock(synchronized=synchronized),
        "models": Models(detector="0" * 12, reader="1" * 12, vehicle=None),
        "settings": "2" * 12,
        "software": "0.1.0",
    }
    return Sighting(**{**fields, **changes})


def payload(one: Sighting) -> bytes:
    """As the camera sends it."""
    return seal(one).payload


def topic(camera: str = "north") -> str:
    """Where it sends it."""
    return f"lpr/v1/hesston/{camera}/sighting"


def ncic_line(
    plate: str = "AB123456", state: str = "CA", *, code: str = "V", style: str = "4D", color: str = "BLK"
) -> str:
    """One record of the fixed-width extract (domain.md C.3)."""
    return f"{code}123456789LA057020020261120{plate:<10}{state:<2}2027PC2009TOYACAM{style:<2}{color}"


def ncic(*lines: str) -> bytes:
    """A whole extract with its header."""
    return "\n".join(["LPR EXTRACT 202611230600", *lines]).encode()
