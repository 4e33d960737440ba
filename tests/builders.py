"""One call, sane defaults, keyword overrides: the nouns as tests want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.camera.scene import Character, Frame, Fused, Look, Pass, Plate, Read, Region, Vehicle

if TYPE_CHECKING:
    from collections.abc import Iterable

START_NS = 1_790_000_000_000_000_000
"""Some day in 2026, UTC."""
SIZE = (1280, 720)


def frame(at_ms: float = 0, *, size: tuple[int, int] = SIZE, sequence: int = 0, grey: int = 90) -> Frame:
    """An even grey picture."""
    return Frame(
        camera="north",
        sequence=sequence,
        taken_ns=START_NS + int(at_ms * 1e6),
        monotonic_ns=int(at_ms * 1e6),
        pixels=np.full((size[1], size[0], 3), grey, np.uint8),
    )


def plate(x: float = 600, y: float = 400, *, width: float = 90, score: float = 0.95) -> Plate:
    """An upright US plate around a centre."""
    w, h = width / 2, width / 4
    return Plate(corners=((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)), score=score)


def character(best: str, probability: float = 0.97, *others: tuple[str, float]) -> Character:
    """One position; what is left of its probability goes to nobody unless `others` says so."""
    return Character(((best, probability), *others))


def read(text: str, confidence: float = 0.9, *, probability: float | None = None, region: str | None = None) -> Read:
    """A read of `text`, each of its characters as sure as together makes it `confidence`, or of `probability`."""
    each = confidence ** (1 / max(len(text), 1)) if probability is None else probability
    return Read(
        characters=tuple(character(c, each) for c in text),
        confidence=confidence if text else 0.0,
        regions=(Region(code=region, confidence=0.9),) if region else (),
    )


def look(
    at_ms: float = 0,
    text: str | None = "123ABC",
    *,
    x: float = 600,
    y: float = 400,
    width: float = 90,
    confidence: float = 0.9,
    sharpness: float = 0.6,
    region: str | None = None,
    score: float = 0.95,
    vehicle: Vehicle | None = None,
) -> Look:
    """One plate in one frame; `text=None` was found and not read."""
    return Look(
        taken_ns=START_NS + int(at_ms * 1e6),
        monotonic_ns=int(at_ms * 1e6),
        plate=plate(x, y, width=width, score=score),
        read=None if text is None else read(text, confidence, region=region),
        sharpness=sharpness,
        frame_size=SIZE,
        vehicle=vehicle,
    )


def vehicle(kind: str | None = "pickup", sure: float = 0.9, color: str | None = "white") -> Vehicle:
    """What one look said of the vehicle."""
    return Vehicle(
        type=kind, type_confidence=sure if kind else 0.0, color=color, color_confidence=sure if color else 0.0
    )


def passed(looks: Iterable[Look], number: int = 0) -> Pass:
    """A closed track."""
    return Pass(number=number, looks=tuple(looks))


def fused(text: str = "123ABC", confidence: float = 0.97, *, region: str | None = "US-KS") -> Fused:
    """A vote that went well."""
    return Fused(
        text=text,
        confidence=confidence,
        characters=(0.99,) * len(text),
        alternatives=(),
        reads=5,
        agreement=1.0,
        width_px=90.0,
        region=Region(code=region, confidence=0.9) if region else None,
    )
