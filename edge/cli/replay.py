"""Send recordings through the very line of the daemon, and score it where the truth is known.

A recording is a folder of pictures, a video file or what `plate-reader record` made; a folder of such is replayed one
after the other, each with a fresh memory. At `--speed max` two replays give the same events.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from edge.cli import present, recorded
from edge.cli.exit_codes import DONE, FAILED, WRONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.camera.line import Networks
    from edge.camera.replay import Recording
    from edge.camera.scene import Frame
    from edge.camera.score import Expected, Outcome, Score
    from edge.record.sighting import Sighting
    from edge.settings.camera import CameraSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader replay`."""
    parser.add_argument("path", type=Path, help="a folder of pictures, a video, an .age file, or a folder of such")
    parser.add_argument("--config", type=Path, help="settings to replay with; its source is not used")
    parser.add_argument("--speed", type=_speed, default=None, metavar="N|max", help="1 is real time (default: max)")
    parser.add_argument(
        "--truth", type=Path, help="truth.yaml, a .csv (file,text,country,sharp), or a folder of scenes with their own"
    )
    recorded.add_identity(parser)
    parser.add_argument("--fps", type=float, help="look at no more frames a second than this")
    parser.add_argument("--json", action="store_true", help="the sightings, one a line")


def run(arguments: argparse.Namespace) -> int:
    """Replay; the sightings go to stdout, the score behind them (to stderr with --json)."""
    from edge.camera.frames.source import SourceUnusable
    from edge.camera.replay import recordings
    from edge.camera.score import TruthWrong, read_truths

    found = recordings(arguments.path)
    if not found:
        print(f"{arguments.path}: no video and no folder of pictures; give one of either", file=sys.stderr)
        return WRONG
    try:
        truth = read_truths(arguments.truth) if arguments.truth is not None else {}
        return _replay_all(arguments, found, truth)
    except (TruthWrong, SourceUnusable, recorded.CannotOpen) as wrong:
        print(wrong, file=sys.stderr)
        return WRONG


def _replay_all(arguments: argparse.Namespace, found: Sequence[Recording], truth: dict[str, list[Expected]]) -> int:
    from edge.camera.line import load_networks
    from edge.camera.score import Score, score

    frames = recorded.opener(found, arguments.identity)
    settings, root = _settings(arguments)
    networks = load_networks(settings, root)
    total, failed = Score(), False
    with present.progress("recordings", len(found)) as tell:
        for done, recording in enumerate(found):
            tell(done)
            opened = _paced(arguments, frames(recording, _thinned(arguments, settings)))
            outcome = _replay_one(arguments, settings, networks, recording, opened)
            failed |= not outcome.frames
            if recording.name in truth:
                total.add(score(outcome, truth[recording.name]))
    if arguments.truth is not None:
        _print_score(total, sys.stderr if arguments.json else sys.stdout)
    return FAILED if failed else DONE


def _replay_one(
    arguments: argparse.Namespace,
    settings: CameraSettings,
    networks: Networks,
    recording: Recording,
    frames: Iterator[Frame],
) -> Outcome:
    from edge.camera.known import NoMemory
    from edge.camera.line import fresh_line, origin
    from edge.camera.replay import replay

    told_by = origin(settings, networks, f"replay/{recording.name}")
    line = fresh_line(settings, networks, told_by, memory=NoMemory(), synchronized=lambda: True)
    show = _show_json if arguments.json else lambda sighting: _show(recording.name, sighting)
    outcome = replay(recording.name, frames, line, show)
    if not outcome.frames:
        print(f"{recording.path}: not one picture could be read", file=sys.stderr)
    return outcome


def _thinned(arguments: argparse.Namespace, settings: CameraSettings) -> CameraSettings:
    """With `--fps`, where it was given."""
    import msgspec

    rate = arguments.fps or settings.source.frames_per_second
    return msgspec.structs.replace(settings, source=msgspec.structs.replace(settings.source, frames_per_second=rate))


def _paced(arguments: argparse.Namespace, frames: Iterator[Frame]) -> Iterator[Frame]:
    import time

    from edge.camera.frames.rhythm import paced

    return frames if arguments.speed is None else paced(frames, arguments.speed, wait=time.sleep)


def _settings(arguments: argparse.Namespace) -> tuple[CameraSettings, Path]:
    """The file's settings, or a new site's; and where their paths begin."""
    from edge.camera.vision.manifest import SHIPPED_ROOT
    from edge.settings.camera import CameraSettings, SourceSettings, ViewSettings

    if arguments.config is not None:
        from edge.settings.camera_rules import load_camera
        from edge.settings.loader import root_of

        return load_camera(arguments.config), root_of(arguments.config)
    source = SourceSettings(kind="folder", address=str(arguments.path), frames_per_second=60)
    view = ViewSettings(approaching="northbound", receding="southbound")
    return CameraSettings(site="replay", camera="replay", source=source, view=view), SHIPPED_ROOT


def _show_json(sighting: Sighting) -> None:
    from edge.record.boundary import seal

    print(seal(sighting).payload.decode(), flush=True)


def _show(name: str, sighting: Sighting) -> None:
    """One line for a person."""
    plate, region = sighting.plate, sighting.region
    text = f"{plate.text:<9} {plate.confidence:5.1%}" if plate else f"{'–':<9} {'':5}"
    state = f"{region.code:<6} {region.confidence:5.1%}" if region else f"{'?':<6} {'':5}"
    way = sighting.direction or sighting.heading or ""
    print(f"{sighting.first_seen[11:23]}  {text}  {state}  {way:<11} {name}", flush=True)


def _print_score(total: Score, stream: TextIO) -> None:
    from edge.camera.score import lines

    print("\n" + present.table(list(lines(total))), file=stream)
    for name, stage in total.missed:
        print(f"missed   {name}: lost at {stage}", file=stream)
    for wrong in total.wrong:
        print(f"wrong    {wrong}", file=stream)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if speed <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; give a number above 0, or max")
    return speed
