"""A pass's reads → one text, what else it may be, and how sure.

Method. What each read gives to a text is exact: the probability of all ways to spread its characters over the reader's
columns (`ctc.log_probabilities`). The reads are multiplied as experts (Hinton, 2002), each to the power of its weight:
wide, sharp and confident looks count for more. The candidates are the texts that the reads themselves thought of, and
how often issuers hand out a serial of that shape counts a little (`serials`): it decides where the reads are in doubt.

Frames of one pass share their light, their dirt and their blur, so n reads are not n independent witnesses: the weights
sum to n**INDEPENDENCE only, and how sure the vote is was learnt from votes (`HONEST`): a text that no single read was
sure of stays doubtful, however many frames agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.camera import ctc, serials
from edge.camera.odds import log_odds, probability
from edge.camera.scene import Fused, Region, Vehicle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.camera.scene import Look, Pass, Read
    from edge.settings.camera import FusionSettings, VehicleSettings

INDEPENDENCE = 0.3
"""0: a hundred reads say no more than one; 1: each read is a fresh witness."""
HONEST = (0.248, 0.470, 0.211, 0.419)
"""a, b, c, d of sigmoid(a·x + b·y + c·z + d), the probability that the text is exactly right. x: log-odds of the vote's
probability; y: of the surest read's confidence that says so; z: the share of the weights that says exactly so. Fitted
by `python -m models.bench.fusion --fit` on drawn passes and on filmed plates of the val split."""
CAUTION = 0.4
"""Log-odds taken off: by `HONEST` alone not quite 98 of 100 votes that say 0.9 or more are right, which is promised."""
LIMIT = 9.0
"""Log-odds: no vote and no read is taken to be surer than one in eight thousand."""
CANDIDATES_MAX = 24
ALTERNATIVES_MAX = 4
WIDE_PX = 110.0
"""A plate of this width is as good as wider ones."""
VEHICLE_LOOKS = 2
"""The vehicle is told from so many looks, those from nearest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The votes, counted."""

    text: str
    probability: float
    """By the product of the reads, which is too sure of itself; see `honest`."""
    surest: float
    """Confidence of the surest read that says exactly `text`; when none does, of the surest of all, which was wrong."""
    agreement: float
    """Share of the weights that says exactly `text`, 0–1."""
    others: tuple[tuple[str, float], ...]
    """(text, probability) of the next best."""


def fuse(passed: Pass, settings: FusionSettings) -> Fused | None:
    """The vote over a pass; None when no text is good enough to be published (`settings.confidence_min` and others)."""
    looks = [look for look in passed.looks if look.read is not None and look.read.characters]
    if len(looks) < settings.reads_min:
        return None
    reads = [look.read for look in looks if look.read is not None]
    weights = weigh(looks)
    ballot = count(reads, weights)
    text, confidence = ballot.text, honest(ballot)
    if confidence < settings.confidence_min or not settings.characters_min <= len(text) <= settings.characters_max:
        return None
    left = (1 - confidence) / max(1 - ballot.probability, 1e-9)
    return Fused(
        text=text,
        confidence=confidence,
        characters=_characters(reads, weights, text, confidence),
        alternatives=tuple((other, p * left) for other, p in ballot.others if p * left >= 0.001),
        reads=len(reads),
        agreement=ballot.agreement,
        width_px=max(look.plate.width_px for look in looks),
        region=_region(reads, weights, settings.region_confidence_min),
    )


def count(reads: Sequence[Read], weights: Sequence[float]) -> Ballot:
    """The reads' product, and who said its winner."""
    ranked = _posterior(reads, weights, _candidates(reads, weights), _regions(reads, weights))
    text, product = ranked[0]
    return Ballot(
        text=text,
        probability=product,
        surest=_surest(reads, text),
        agreement=sum(w for w, read in zip(weights, reads, strict=True) if read.text == text) / sum(weights),
        others=tuple(ranked[1 : 1 + ALTERNATIVES_MAX]),
    )


def honest(ballot: Ballot) -> float:
    """The calibrated probability that a ballot's text is exactly right."""
    a, b, c, d = HONEST
    x, y, z = features(ballot)
    return probability(a * x + b * y + c * z + d - CAUTION)


def features(ballot: Ballot) -> tuple[float, float, float]:
    """x, y, z of `HONEST`."""
    return log_odds(ballot.probability, LIMIT), log_odds(ballot.surest, LIMIT), ballot.agreement


def fuse_vehicle(passed: Pass, settings: VehicleSettings) -> Vehicle | None:
    """The vehicle that a pass's nearest looks agree on, as sure as they are on average; None when none was named.

    Looks that contradict each other halve their word's confidence, which the thresholds then make unknown.
    """
    nearest = sorted((look for look in passed.looks if look.vehicle is not None), key=lambda one: -one.plate.width_px)
    seen = [look.vehicle for look in nearest[:VEHICLE_LOOKS] if look.vehicle is not None]
    if not seen:
        return None
    kind, kind_sure = _agreed([(one.type, one.type_confidence) for one in seen], settings.type_confidence_min)
    color, color_sure = _agreed([(one.color, one.color_confidence) for one in seen], settings.color_confidence_min)
    view, view_sure = _agreed([(one.view, one.view_confidence) for one in seen], 0.0)
    if kind is None and color is None:
        return None
    return Vehicle(
        type=kind,
        type_confidence=kind_sure,
        color=color,
        color_confidence=color_sure,
        view=view,
        view_confidence=view_sure,
    )


def _agreed(said: Sequence[tuple[str | None, float]], confidence_min: float) -> tuple[str | None, float]:
    """The word with the highest mean confidence over all looks; none below `confidence_min`."""
    totals: dict[str, float] = {}
    for word, confidence in said:
        if word is not None:
            totals[word] = totals.get(word, 0.0) + confidence / len(said)
    best = min(totals, key=lambda word: (-totals[word], word), default=None)
    return (best, totals[best]) if best is not None and totals[best] >= confidence_min else (None, 0.0)


def _surest(reads: Sequence[Read], text: str) -> float:
    saying = [read.confidence for read in reads if read.text == text]
    return max(saying or [read.confidence for read in reads])


def weigh(looks: Sequence[Look]) -> list[float]:
    """One a look, their sum len(looks)**INDEPENDENCE."""
    raw = [_quality(look) for look in looks]
    scale = len(looks) ** INDEPENDENCE / sum(raw)
    return [weight * scale for weight in raw]


def _quality(look: Look) -> float:
    """How much a look can be trusted against its neighbours: size, sharpness, and what the reader says of itself."""
    assert look.read is not None, "weighed a look that was not read"
    size = min(1.0, look.plate.width_px / WIDE_PX)
    return 0.02 + size * (0.25 + look.sharpness) * (0.1 + look.read.confidence)


def _candidates(reads: Sequence[Read], weights: Sequence[float]) -> list[str]:
    """Every text that was read, heaviest first, and what the reads would have said next."""
    heard: dict[str, float] = {}
    for read, weight in zip(reads, weights, strict=True):
        for rank, text in enumerate(read.texts or (read.text, *_exchanged(read))):
            heard[text] = heard.get(text, 0.0) + weight / (1 + rank) ** 2
    return sorted(heard, key=lambda text: (-heard[text], text))[:CANDIDATES_MAX]


def _exchanged(read: Read) -> list[str]:
    """The read with its second choice at each of its three weakest positions, one at a time."""
    text = [character.best for character in read.characters]
    weakest = sorted(range(len(text)), key=lambda i: read.characters[i].probability)[:3]
    return [
        "".join([*text[:i], read.characters[i].options[1][0], *text[i + 1 :]])
        for i in weakest
        if len(read.characters[i].options) > 1
    ]


def _posterior(
    reads: Sequence[Read], weights: Sequence[float], texts: Sequence[str], regions: Sequence[Region]
) -> list[tuple[str, float]]:
    """(text, probability), most probable first; what is missing to 1 belongs to texts that nobody proposed."""
    totals = serials.weigh(texts, regions)
    unproposed = float(totals.mean())
    for read, weight in zip(reads, weights, strict=True):
        given = ctc.log_probabilities(_columns(read), texts)
        totals += weight * np.maximum(given, ctc.LEAST)
        unproposed += weight * max(math.log(max(1 - float(np.exp(given).sum()), 1e-9)), ctc.LEAST)
    powers = np.exp(totals - max(float(totals.max()), unproposed))
    whole = float(powers.sum()) + math.exp(unproposed - max(float(totals.max()), unproposed))
    return sorted(zip(texts, (powers / whole).tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))


def _columns(read: Read) -> NDArray[np.float32]:
    return ctc.columns_of(read.characters) if read.columns is None else read.columns


def _characters(reads: Sequence[Read], weights: Sequence[float], text: str, confidence: float) -> tuple[float, ...]:
    """How sure each character of the winner is. Their doubts add up to the text's own where the reads' do not."""
    doubts = [0.0] * len(text)
    for read, weight in zip(reads, weights, strict=True):
        for i, character in enumerate(ctc.told(_columns(read), text)):
            doubts[i] += weight * (1 - character.probability)
    whole = sum(doubts)
    if whole <= 0:
        return (confidence ** (1 / len(text)),) * len(text)
    return tuple(confidence ** (doubt / whole) for doubt in doubts)


def _region(reads: Sequence[Read], weights: Sequence[float], confidence_min: float) -> Region | None:
    """The region that the reads agree on, by weight; None when they do not, or do not know."""
    best = next(iter(_regions(reads, weights)), None)
    return best if best is not None and best.confidence >= confidence_min else None


def _regions(reads: Sequence[Read], weights: Sequence[float]) -> list[Region]:
    """What the reads think of where the plate was issued, on average, most probable first."""
    totals: dict[str, float] = {}
    for read, weight in zip(reads, weights, strict=True):
        for region in read.regions:
            totals[region.code] = totals.get(region.code, 0.0) + weight * region.confidence / sum(weights)
    return [
        Region(code=code, confidence=totals[code]) for code in sorted(totals, key=lambda code: (-totals[code], code))
    ]
