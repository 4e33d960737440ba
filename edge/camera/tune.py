"""Which settings read this road best, within what the computer can spend: one recording, one knob after another.

    for each knob: replay with each value, the best one stays, the next knob   → trials → a recommendation

What a trial gave is kept in a file by the digest of its settings, so a sweep that was interrupted goes on where it was.
The same recording and settings give the same reads; only the milliseconds are this machine's, at that moment.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from edge.camera.known import NoMemory
from edge.camera.line import fresh_line, load_networks, origin
from edge.camera.replay import replay
from edge.camera.score import Score, score
from edge.camera.vision.manifest import load_manifest
from edge.settings.loader import digest
from edge.settings.problems import SettingsWrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from edge.camera.replay import Recording
    from edge.camera.scene import Frame
    from edge.camera.score import Expected
    from edge.settings.camera import CameraSettings

KNOBS: Final[dict[str, tuple[Any, ...]]] = {
    "detector.model": ("detector-wide", "detector-fast"),
    "detector.score_min": (None, 0.2, 0.4, 0.6),
    "motion.difference_min": (8, 12, 18),
    "motion.linger_ms": (200, 400, 800),
    "tracking.gap_ms_max": (500, 800, 1200),
    "fusion.confidence_min": (0.4, 0.5, 0.7),
    "fusion.reads_min": (1, 2),
    "source.frames_per_second": (5.0, 10.0, 15.0),
    "runtime.threads": (1, 2),
}
"""What is tried, in this order: finding, then following, then deciding, then what it all may cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One replay of everything with one set of settings."""

    settings: str
    """Their digest."""
    knob: str
    value: Any
    expected: int
    right: int
    wrong: int
    told: int
    sure: float
    """Sum of the told texts' confidences: the value where there is no truth."""
    frame_ms: float

    @property
    def worth(self) -> float:
        """A right plate counts one, a wrong one takes one away; without a truth, what the line is sure of."""
        return float(self.right - self.wrong) if self.expected else round(self.sure, 3)


class Kept:
    """Trials in a file of JSON lines; `mark` names recording and networks, so that another's are not taken for ours."""

    def __init__(self, file: Path | None, mark: str) -> None:
        self._file, self._mark = file, mark
        self.trials: dict[str, Trial] = {}
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def add(self, trial: Trial) -> None:
        """On the disk before the next one begins."""
        self.trials[trial.settings] = trial
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"mark": self._mark, **asdict(trial)}) + "\n")

    def _take(self, line: str) -> None:
        try:
            known = json.loads(line)
            if known.pop("mark") == self._mark:
                self.trials[known["settings"]] = Trial(**known)
        except (ValueError, KeyError, TypeError):  # the line that a cut cord left unfinished
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is swept over what."""

    recordings: Sequence[Recording]
    truth: dict[str, list[Expected]]
    open: Callable[[Recording, CameraSettings], Iterator[Frame]]
    root: Path
    budget_ms: float
    """Of one frame, on this machine."""


def sweep(
    start: CameraSettings, what: Sweep, kept: Kept, tell: Callable[[int], None] = lambda _done: None
) -> tuple[list[Trial], dict[str, Any]]:
    """Every trial, the first of them with the settings as they are; and what to change (dotted key → value)."""
    best_settings = start
    changes: dict[str, Any] = {}
    best = _trial(start, "as it is", None, what, kept)
    trials = [best]
    for knob, values in KNOBS.items():
        for value in values:
            candidate = changed(best_settings, knob, value)
            if digest(candidate) == best.settings or not _listed(candidate, what.root):
                continue
            trial = _trial(candidate, knob, value, what, kept)
            trials.append(trial)
            tell(len(trials))
            if _better(trial, best, what.budget_ms):
                best, changes = trial, {**changes, knob: value}
        if knob in changes:
            best_settings = changed(best_settings, knob, changes[knob])
    return trials, changes


def _listed(settings: CameraSettings, root: Path) -> bool:
    """Whether this site's manifest has the detector; another site may have others."""
    try:
        load_manifest(root / settings.runtime.manifest).pick(settings.detector.model, "detector")
    except SettingsWrong:
        return False
    return True


def changed(settings: CameraSettings, knob: str, value: Any) -> CameraSettings:  # noqa: ANN401 — the knob's own type
    """The same settings with one value."""
    section, name = knob.split(".")
    return msgspec.structs.replace(
        settings, **{section: msgspec.structs.replace(getattr(settings, section), **{name: value})}
    )


def _better(one: Trial, than: Trial, budget_ms: float) -> bool:
    """More worth within the budget. As good is not better: what stands stays, unless it costs too much."""
    if (one.frame_ms <= budget_ms) != (than.frame_ms <= budget_ms):
        return one.frame_ms <= budget_ms
    return one.worth > than.worth


def _trial(settings: CameraSettings, knob: str, value: Any, what: Sweep, kept: Kept) -> Trial:  # noqa: ANN401
    known = kept.trials.get(digest(settings))
    if known is not None:
        return known
    networks = load_networks(settings, what.root)
    total, sure, told, frames, spent_ns = Score(), 0.0, 0, 0, 0
    for recording in what.recordings:
        me = origin(settings, networks, f"tune/{recording.name}")
        line = fresh_line(settings, networks, me, memory=NoMemory(), synchronized=lambda: True)
        outcome = replay(recording.name, what.open(recording, settings), line)
        texts = [one.plate for one in outcome.sightings if one.plate is not None]
        told, sure = told + len(texts), sure + sum(plate.confidence for plate in texts)
        frames, spent_ns = frames + line.tally.frames, spent_ns + sum(line.tally.spent_ns.values())
        if recording.name in what.truth:
            total.add(score(outcome, what.truth[recording.name]))
    trial = Trial(
        settings=digest(settings),
        knob=knob,
        value=value,
        expected=total.expected,
        right=total.right,
        wrong=len(total.wrong),
        told=told,
        sure=round(sure, 3),
        frame_ms=round(spent_ns / 1e6 / max(1, frames), 2),
    )
    kept.add(trial)
    return trial


def plot(trials: Sequence[Trial], budget_ms: float) -> str:
    """An SVG: what each trial costs (right) against what it gives (up); the first, as it is, is filled."""
    dear = max([budget_ms, *(one.frame_ms for one in trials)]) * 1.1 or 1.0
    low, high = min(one.worth for one in trials), max(one.worth for one in trials)
    span = (high - low) or 1.0
    dots = []
    for number, one in enumerate(trials):
        x, y = 60 + 520 * one.frame_ms / dear, 280 - 240 * (one.worth - low) / span
        fill = "black" if number == 0 else "none"
        name = f"{one.knob} {'' if one.value is None else one.value}: {one.worth:g}, {one.frame_ms:g} ms"
        dots.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="black"><title>{name}</title></circle>'
        )
    limit = 60 + 520 * budget_ms / dear
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 330" font-family="sans-serif" font-size="12">'
        '<rect width="600" height="330" fill="white"/><path d="M60 20V290H590" fill="none" stroke="black"/>'
        f'<path d="M{limit:.1f} 20V290" stroke="red" stroke-dasharray="4"/>'
        f'<text x="60" y="315">ms a frame, to {dear:.0f}; red: the budget</text>'
        f'<text x="8" y="44">{high:g}</text><text x="8" y="284">{low:g}</text>{"".join(dots)}</svg>\n'
    )
