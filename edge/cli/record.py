"""Record the road for a while: whole pictures, encrypted to a technician's key, for a reason, until a time.

The desk's audit log hears who, why, and until when; `health` says so while it lasts; the file is deleted by its age.
Fetch it, then `plate-reader tune FILE --identity KEY`. A USB or CSI camera must be freed first: stop its service.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from edge.camera.device import PLAUSIBLE_NS
from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED, WRONG
from edge.login import name_of_login
from edge.record.access import AccessReason

if TYPE_CHECKING:
    from edge.camera.recordings.recorder import Made, Order, Recorder
    from edge.camera.recordings.sealed import Recipient
    from edge.settings.camera import CameraSettings

NOTE_MAX = 500
ENDINGS = {
    "time": "its time is over",
    "stopped": "stopped",
    "source": "the source has ended",
    "disk": "the disk has no more room for it",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader record`."""
    reasons = get_args(AccessReason)
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument("--reason", choices=reasons, required=True, help="why; the desk's audit log keeps it")
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--until", type=_moment, metavar="TIME", help="when it ends: 14:30, or 2026-11-25T14:30")
    end.add_argument("--minutes", type=float, metavar="N", help="or how long")
    parser.add_argument(
        "--to", action="append", required=True, metavar="KEY", help="age1…, an SSH public key, or a file of such lines"
    )
    parser.add_argument("--note", default="", help="your own words; they are encrypted with the pictures")


def run(arguments: argparse.Namespace) -> int:
    """0 when it ended as asked; 1 when it ended before, or could not begin; 2 when it may not be made."""
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import root_of
    from edge.settings.paths import anchored

    settings = load_camera(arguments.config)
    try:
        order = _order(arguments, settings)
    except _Refused as refused:
        print(f"plate-reader record: {refused}", file=sys.stderr)
        return WRONG
    root = root_of(arguments.config)
    return _record(anchored(settings, root), root, order)


class _Refused(Exception):
    """One sentence for stderr."""


def _order(arguments: argparse.Namespace, settings: CameraSettings) -> Order:
    from edge.camera.recordings.recorder import Order

    now_s = time.time()
    until_s = now_s + arguments.minutes * 60 if arguments.until is None else arguments.until.timestamp()
    minutes, most = (until_s - now_s) / 60, settings.recording.minutes_max
    if now_s * 1e9 < PLAUSIBLE_NS:
        raise _Refused("this computer's clock was never set, so no end can be promised: set it (date -s) first")
    if minutes <= 0:
        raise _Refused("its end is past")
    if minutes > most:
        raise _Refused(f"{minutes:,.0f} minutes are too long: recording.minutes_max is {most:g}")
    if len(arguments.note) > NOTE_MAX:
        raise _Refused(f"a note has at most {NOTE_MAX} characters")
    return Order(
        who=name_of_login(),
        reason=arguments.reason,
        until_ns=int(until_s * 1e9),
        recipients=_recipients(arguments.to),
        note=arguments.note,
    )


def _recipients(given: list[str]) -> list[Recipient]:
    try:
        from edge.camera.recordings.sealed import KeyWrong, recipient
    except ModuleNotFoundError as missing:
        raise _Refused(f"{missing.name} is not installed: pip install 'plate-reader[field]'") from None
    found = []
    for word in given:
        lines = [word] if word.startswith(("age1", "ssh-", "AGE-")) else _lines(Path(word))
        try:
            found += [recipient(line) for line in lines]
        except KeyWrong as wrong:
            raise _Refused(f"--to: {wrong}") from None
    return found


def _lines(file: Path) -> list[str]:
    """The keys of a recipients file, without its comments."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise _Refused(f"--to {file}: no key, and no file that can be read") from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise _Refused(f"--to {file}: no key in it")
    return keys


def _record(settings: CameraSettings, root: Path, order: Order) -> int:
    from edge.camera.frames.source import SourceUnusable
    from edge.camera.recordings.recorder import Recorder
    from edge.camera.recordings.shelf import ShelfTaken
    from edge.camera.state_files import state_folder
    from edge.cli.service import forbid_core_dumps, set_up_log

    set_up_log(verbose=False)
    forbid_core_dumps()
    try:
        recorder = Recorder(settings, state_folder(settings, root))
        _listen(recorder)
        began_s = time.monotonic()
        with present.progress("seconds", round(order.until_ns / 1e9 - time.time())) as tell:
            made = recorder.run(order, lambda _pictures: tell(int(time.monotonic() - began_s)))
    except (SourceUnusable, ShelfTaken, OSError) as wrong:
        print(f"plate-reader record: {wrong}", file=sys.stderr)
        return FAILED
    return _say(made, settings)


def _listen(recorder: Recorder) -> None:
    def stop(_signal: int, _frame: object) -> None:
        recorder.stop()

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, stop)


def _say(made: Made, settings: CameraSettings) -> int:
    keep = settings.recording.keep_days_max
    print(f"{made.file}: {present.count(made.pictures, 'picture')}; {ENDINGS[made.ending]}")
    print(f"deleted by itself {keep:g} days after it began; plate-reader tune {made.file.name} --identity KEY reads it")
    return DONE if made.pictures and made.ending != "disk" else FAILED


def _moment(text: str) -> datetime:
    """`14:30` is the next one by this computer's clock; a full time without a zone is this computer's, too."""
    now = datetime.now().astimezone()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", text):
            hour, minute = map(int, text.split(":"))
            found = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return found if found > now else found + timedelta(days=1)
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 14:30, or 2026-11-25T14:30") from None
