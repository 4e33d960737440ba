"""Whether a sighting is a hit, and how good a one. Pure: a sighting and lists in, a judgement out.

A match of characters alone stopped a family in Aurora, Colorado, at gunpoint: the list's plate was a Montana
motorcycle's, theirs a Colorado SUV's. So the state, the vehicle, the list's age and the least sure character are all
part of the judgement, and each stands in the hit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, get_args

from edge.record import plate_text
from edge.record.hit import Agreement, Characters, Difference, Grade, Origin, State, WeakestCharacter
from edge.record.words import probability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.desk.hotlists.index import Listed, ListIndex
    from edge.desk.hotlists.shelf import Condition
    from edge.record.sighting import PlateText, RegionCandidate, Sighting, VehicleSeen
    from edge.settings.policy import MatchingSettings

GRADES: Final[tuple[Grade, ...]] = get_args(Grade)
_KINDS: Final[tuple[Characters, ...]] = get_args(Characters)
_STATES: Final[tuple[State, ...]] = ("match", "unknown", "mismatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInForce:
    """A list that matches now."""

    name: str
    version: int
    made_ms: int
    condition: Condition
    index: ListIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The best of what the lists have for one sighting."""

    list: ListInForce
    listed: Listed
    characters: Characters
    state: State
    vehicle_type: Agreement
    vehicle_color: Agreement
    weakest: WeakestCharacter
    differences: tuple[Difference, ...]
    grade: Grade

    @property
    def contradicted(self) -> bool:
        """Another state and another vehicle: the plate of somebody else."""
        return self.state == "mismatch" and "contradicts" in (self.vehicle_type, self.vehicle_color)


def best_match(sighting: Sighting, lists: Sequence[ListInForce], rules: MatchingSettings, now_s: int) -> Match | None:
    """At most one hit for one pass: the best grade, and of equals the better state, the closer text, the first list."""
    plate = sighting.plate
    if plate is None:
        return None
    found = [
        judge(sighting, plate, in_force, listed, rules)
        for in_force in lists
        if in_force.condition != "dead"
        for listed in _candidates(plate.text, in_force.index, rules)
        if not listed.expires_s or listed.expires_s > now_s
    ]
    return min(found, key=_rank, default=None)


def judge(
    sighting: Sighting, plate: PlateText, in_force: ListInForce, listed: Listed, rules: MatchingSettings
) -> Match:
    """Compare one entry with one sighting, in every respect that both know."""
    characters = compare_characters(plate.text, listed.text)
    differences = tuple(find_differences(plate.text, listed.text))
    state = compare_state(sighting.region, listed.region, rules.region_confidence_min)
    kind, color = compare_vehicle(sighting.vehicle, listed, rules.vehicle_confidence_min)
    weakest = find_weakest(plate, listed.text)
    weak = characters != "exact" or weakest.probability < rules.character_probability_min
    contradicts = "contradicts" in (kind, color)
    grade = decide_grade(state, weak=weak, contradicts=contradicts, stale=in_force.condition == "stale")
    return Match(
        list=in_force,
        listed=listed,
        characters=characters,
        state=state,
        vehicle_type=kind,
        vehicle_color=color,
        weakest=weakest,
        differences=differences,
        grade=grade,
    )


def decide_grade(state: State, *, weak: bool, contradicts: bool, stale: bool) -> Grade:
    """How good a hit is. Without the state it is characters only; each further doubt takes it down."""
    first = {"match": 0, "unknown": 2, "mismatch": 2}[state]
    doubt = (state == "match" and (weak or contradicts)) or (state == "mismatch" and contradicts)
    return GRADES[min(first + doubt + stale, len(GRADES) - 1)]


def is_live(match: Match, age_ms: int, rules: MatchingSettings, *, dated: bool) -> bool:
    """Whether a hit may be shown as an alert: the vehicle went by minutes ago, and something of it fits.

    `dated` says that the capture's time is known; of a sighting with an unset clock nobody can say when it was.
    """
    return dated and age_ms <= rules.live_minutes * 60_000 and not match.contradicted


def origin(received_age_ms: int, list_installed_ms: int, received_ms: int, rules: MatchingSettings) -> Origin:
    """Why a hit came when it came."""
    if list_installed_ms > received_ms:
        return "late_list"
    return "late_sighting" if received_age_ms > rules.live_minutes * 60_000 else "on_time"


def compare_characters(read: str, listed: str) -> Characters:
    """How alike the texts are. A letter O that the list writes as zero is the same character."""
    if "*" in listed or "?" in listed:
        return "wildcard"
    if plate_text.zero(read) == listed:
        return "exact"
    return "confusable" if plate_text.fold(read) == plate_text.fold(listed) else "one_edit"


def compare_state(seen: RegionCandidate | None, listed: str | None, confidence_min: float) -> State:
    """Whether the issuing states agree, as far as both are known."""
    if seen is None or listed is None or seen.confidence < confidence_min:
        return "unknown"
    return "match" if seen.code == listed else "mismatch"


def compare_vehicle(seen: VehicleSeen | None, listed: Listed, confidence_min: float) -> tuple[Agreement, Agreement]:
    """Whether type and colour agree; what is unknown or unsure contradicts nothing."""
    if seen is None:
        return "unknown", "unknown"
    return (
        _agreement(seen.type, seen.type_confidence, listed.types, confidence_min),
        _agreement(seen.color, seen.color_confidence, listed.colors, confidence_min),
    )


def _agreement(seen: str | None, confidence: float | None, listed: tuple[str, ...], confidence_min: float) -> Agreement:
    if seen is None or not listed:
        return "unknown"
    if seen in listed:
        return "agrees"
    return "contradicts" if (confidence or 0.0) >= confidence_min else "unknown"


def find_weakest(plate: PlateText, listed: str) -> WeakestCharacter:
    """The least sure of the characters that the match rests on; what a wildcard covers does not count."""
    pairs = [(read, want) for read, want in _aligned(plate.text, listed) if read is not None and want != "*"]
    pairs = pairs or [(position, None) for position in range(len(plate.text))]
    position, want = min(pairs, key=lambda pair: plate.characters[pair[0]])
    return WeakestCharacter(
        position=position + 1,
        read=plate.text[position],
        listed=want,
        probability=probability(plate.characters[position]),
    )


def find_differences(read: str, listed: str) -> Iterator[Difference]:
    """Where read and list are not the same character, O and zero being one; positions count in the read, from 1."""
    place = 0
    for position, want in _aligned(read, listed):
        if position is None:
            yield Difference(position=place + 1, read=None, listed=want)
            continue
        place = position + 1
        if want is None or (want != "*" and plate_text.zero(read[position]) != want):
            yield Difference(position=place, read=read[position], listed=want)


def _aligned(read: str, listed: str) -> Iterator[tuple[int | None, str | None]]:
    """Pairs of a position in the read and the list's character for it; `*` where a wildcard covers it."""
    if "*" in listed or "?" in listed:
        pinned = _pinned(plate_text.zero(read), listed)
        yield from ((position, pinned.get(position, "*")) for position in range(len(read)))
        return
    # By folded text, so that a look-alike is a difference in its place and not one more and one less.
    blocks = SequenceMatcher(None, plate_text.fold(read), plate_text.fold(listed), autojunk=False).get_opcodes()
    for _, a, b, c, d in blocks:
        length = max(b - a, d - c)
        for step in range(length):
            yield (a + step if a + step < b else None, listed[c + step] if c + step < d else None)


def _pinned(read: str, pattern: str) -> dict[int, str]:
    found = re.fullmatch(plate_text.expression(pattern), read)
    assert found is not None, "a wildcard entry that does not cover the read"
    return {found.start(group): found.group(group) for group in range(1, (found.re.groups or 0) + 1)}


def _candidates(text: str, index: ListIndex, rules: MatchingSettings) -> Iterator[Listed]:
    spelled = plate_text.zero(text)
    for listed in index.alike(text):
        if rules.confusable or listed.text == spelled:
            yield listed
    yield from index.wildcards(text)
    if rules.one_edit:
        yield from index.one_edit(text)


def _rank(match: Match) -> tuple[bool, int, int, int]:
    # A calibration entry never hides a real one; between equals the first list in the policy's order stays.
    return (
        match.listed.calibration,
        GRADES.index(match.grade),
        _STATES.index(match.state),
        _KINDS.index(match.characters),
    )
