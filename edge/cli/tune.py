"""Try the settings that matter on a recording of this road, within the computer's time; recommend, write on request.

A recording is a video, a folder of pictures, what `plate-reader record` made, or a folder of such, with or without its
truth. Interrupted, it goes on where it was.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli import present, recorded
from edge.cli.exit_codes import DONE, FAILED, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from edge.camera.tune import Trial


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader tune`."""
    parser.add_argument("recording", type=Path, help="a video, a folder of pictures, an .age file, or a folder of such")
    parser.add_argument("--config", type=Path, required=True, help="the settings to begin from, e.g. config/north.yaml")
    parser.add_argument("--truth", type=Path, help="truth.yaml, a .csv, or a folder of scenes with their own")
    parser.add_argument("--budget-ms", type=float, help="what a frame may cost (default: seven tenths of its time)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where trials are kept, to go on later (.jsonl)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write cost against gain as an SVG")
    recorded.add_identity(parser)
    parser.add_argument("--write", action="store_true", help="write the change into --config; comments stay")


def run(arguments: argparse.Namespace) -> int:
    """0 when it could be tried; the table and the recommendation go to stdout."""
    from edge.camera import tune
    from edge.camera.replay import recordings
    from edge.camera.score import TruthWrong, read_truths
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import digest, root_of
    from edge.settings.writing import SettingsChanged, seen, write_changes

    found = recordings(arguments.recording)
    if not found:
        print(f"{arguments.recording}: no video and no folder of pictures; give one of either", file=sys.stderr)
        return WRONG
    known, settings = seen(arguments.config), load_camera(arguments.config)
    budget_ms = arguments.budget_ms or 700 / settings.source.frames_per_second
    try:
        truth = read_truths(arguments.truth) if arguments.truth else {}
        opener = recorded.opener(found, arguments.identity)
    except (TruthWrong, recorded.CannotOpen) as wrong:
        print(wrong, file=sys.stderr)
        return WRONG
    what = tune.Sweep(recordings=found, truth=truth, open=opener, root=root_of(arguments.config), budget_ms=budget_ms)
    kept = tune.Kept(arguments.keep, f"{arguments.recording.resolve()} {digest(settings.runtime)}")
    try:
        with present.progress("trials", 1 + sum(map(len, tune.KNOBS.values()))) as tell:
            trials, changes = tune.sweep(settings, what, kept, tell)
    except recorded.CannotOpen as wrong:
        print(wrong, file=sys.stderr)
        return FAILED
    _print(trials, changes, budget_ms)
    if arguments.plot:
        arguments.plot.write_text(tune.plot(trials, budget_ms), encoding="utf-8")
    if not arguments.write or not changes:
        return DONE
    try:
        write_changes(arguments.config, changes, seen_digest=known, check=load_camera)
    except (SettingsChanged, OSError) as wrong:
        print(wrong, file=sys.stderr)
        return FAILED
    print(f"{arguments.config}: written; {arguments.config.name}.old is what it was")
    return DONE


def _print(trials: Sequence[Trial], changes: dict[str, Any], budget_ms: float) -> None:
    first = trials[0]
    rows = [
        (
            one.knob,
            "" if one.value is None else one.value,
            one.right if one.expected else "–",
            one.wrong if one.expected else "–",
            one.told,
            f"{one.worth - first.worth:+g}",
            f"{one.frame_ms:.1f}",
        )
        for one in trials
    ]
    print(present.table(rows, ("setting", "value", "right", "wrong", "told", "gain", "ms"), right=(2, 3, 4, 5, 6)))
    print(f"\nbudget {budget_ms:.0f} ms a frame, {first.expected or 'no'} vehicles in the truth")
    cheapest = min(trials, key=lambda one: one.frame_ms)
    if cheapest.frame_ms > budget_ms:
        print(f"nothing that was tried fits the budget; the cheapest was {cheapest.knob} {cheapest.value or ''}")
    for knob, value in changes.items():
        print(f"recommended: {knob}: {'' if value is None else value}")
    if not changes:
        print("recommended: leave it as it is")
