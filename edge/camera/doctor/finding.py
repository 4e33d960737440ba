"""One answer of the doctor's, and how a set of them is summed up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal["ok", "warn", "fail", "skipped"]
RANK: dict[State, int] = {"fail": 0, "warn": 1, "skipped": 2, "ok": 3}

Check = Literal[
    "settings",
    "recommended",
    "networks",
    "provider",
    "daemon",
    "stages",
    "camera",
    "frames",
    "picture",
    "clock",
    "heat",
    "disk",
    "card",
    "writes",
    "memory",
    "broker",
    "certificates",
    "outbox",
    "recording",
    "pass",
]
"""The questions, in the order of the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`figures` are what support gets to see; the sentences are for the person at the device, and never leave it."""

    name: Check
    state: State
    saw: str
    where: str = ""
    """A file, an address, a setting: where to look."""
    remedy: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What is wrong comes with what to do."""
        assert self.state in ("ok", "skipped") or self.remedy, f"{self.name} is {self.state} without a remedy"


def ok(name: Check, saw: str, where: str = "", **figures: float) -> Finding:
    """All is well."""
    return Finding(name=name, state="ok", saw=saw, where=where, figures=figures)


def skipped(name: Check, saw: str) -> Finding:
    """It could not be asked, and why."""
    return Finding(name=name, state="skipped", saw=saw)


def graded(
    name: Check, value: float, *, warn: float, fail: float, saw: str, where: str, remedy: str, figure: str
) -> Finding:
    """A figure against its two limits; it is the larger the worse when `fail` lies above `warn`."""
    sign = 1 if fail > warn else -1
    state: State = "fail" if sign * value >= sign * fail else "warn" if sign * value >= sign * warn else "ok"
    return Finding(
        name=name,
        state=state,
        saw=saw,
        where=where,
        remedy="" if state == "ok" else remedy,
        figures={figure: value},
    )


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """As the screen has them: what fails stands on top."""
    return sorted(findings, key=lambda finding: RANK[finding.state])
