"""A file for support, free of plates and pictures by construction: nothing in it can hold one.

It is made of `Bundle` alone, whose types `record.capacity` measures as it does every message's: numbers, fixed words,
short names of settings. The doctor's sentences, which may repeat what a person wrote, are not in it, nor are logs,
paths, addresses, or anything from the outbox but its counts.
"""

from __future__ import annotations

import io
import json
import platform
import tarfile
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from edge import __version__
from edge.camera.doctor.finding import Check, State  # noqa: TC001 — msgspec reads them when the program runs
from edge.record.capacity import capacity
from edge.record.health import Health  # noqa: TC001 — likewise
from edge.record.words import Name, Version, Wire, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.doctor.finding import Finding
    from edge.settings.camera import CameraSettings

FIGURE_MAX: Final = 1e15
Figures = Annotated[tuple["Figure", ...], msgspec.Meta(max_length=24)]
Machine = Literal["aarch64", "x86_64", "armv7l", "other"]
Key = Annotated[str, exactly(r"[a-z][a-z_]{0,23}(\.[a-z][a-z_]{0,23}){0,1}")]
"""The name of a figure or a setting: letters alone, of our own code."""
FREE_TEXT: Final = "given"
"""What stands for a text that somebody wrote."""


class Figure(Wire, frozen=True, kw_only=True):
    """One measured number."""

    name: Key
    value: Annotated[float, msgspec.Meta(ge=-FIGURE_MAX, le=FIGURE_MAX)]


class Answered(Wire, frozen=True, kw_only=True):
    """One question of the doctor's."""

    check: Check
    state: State
    figures: Figures


class Setting(Wire, frozen=True, kw_only=True):
    """One setting that is a number, a yes or no; of texts only that one is given."""

    key: Key
    value: Annotated[float, msgspec.Meta(ge=-FIGURE_MAX, le=FIGURE_MAX)] | bool | Literal["given"] | None


class Bundle(Wire, frozen=True, kw_only=True):
    """Everything that support gets."""

    schema: Literal["support/1"] = "support/1"
    software: Version
    python: Version
    machine: Machine
    site: Name
    camera: Name
    answers: Annotated[tuple[Answered, ...], msgspec.Meta(max_length=32)]
    settings: Annotated[tuple[Setting, ...], msgspec.Meta(max_length=128)]
    health: Health | None


def made(findings: Sequence[Finding], settings: CameraSettings, health: Health | None) -> Bundle:
    """From typed values; every word in it is one of ours."""
    here = platform.machine()
    return Bundle(
        software=__version__,
        python=platform.python_version().partition("+")[0].partition("rc")[0],
        machine=here if here in ("aarch64", "x86_64", "armv7l") else "other",  # type: ignore[arg-type]
        site=settings.site,
        camera=settings.camera,
        answers=tuple(_answer(one) for one in findings),
        settings=tuple(_settings(settings)),
        health=health,
    )


def packed(bundle: Bundle) -> bytes:
    """A tar.gz with one JSON file, checked against its types on the way out."""
    assert capacity(Bundle) > 0, "a type in the bundle may hold anything"
    plain = msgspec.to_builtins(bundle)
    msgspec.convert(plain, Bundle)
    text = json.dumps(plain, indent=1).encode()
    packed_in = io.BytesIO()
    with tarfile.open(fileobj=packed_in, mode="w:gz") as tar:
        entry = tarfile.TarInfo("support.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return packed_in.getvalue()


def _answer(finding: Finding) -> Answered:
    figures = tuple(Figure(name=name, value=float(value)) for name, value in finding.figures.items())
    return Answered(check=finding.name, state=finding.state, figures=figures[:24])


def _settings(settings: CameraSettings) -> Iterator[Setting]:
    for section in msgspec.structs.fields(type(settings)):
        value = getattr(settings, section.name)
        if isinstance(value, msgspec.Struct):
            for field in msgspec.structs.fields(type(value)):
                yield Setting(key=f"{section.name}.{field.name}", value=_shown(getattr(value, field.name)))


def _shown(value: object) -> float | bool | Literal["given"] | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return float(value)
    return FREE_TEXT if value else None
