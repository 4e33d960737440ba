"""Show how well a camera is aimed: a page with figures, their limits and the screw to turn; areas are drawn there.

The page is for this computer alone (reach it through an SSH tunnel) unless --listen names an address; then it speaks
TLS, asks for a one-time code and ends by itself. All but plates is unrecognisable in its picture.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED, WRONG
from edge.login import name_of_login

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from edge.camera.aim.serving import Place
    from edge.camera.aim.sight import Report, Sight
    from edge.settings.camera import SourceSettings

PORT = 8480
MINUTES, MINUTES_MAX = 60.0, 480.0
LOG_EVERY_S = 10.0
"""Where stdout is no terminal, the table is printed this often."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader aim`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument("--source", type=Path, metavar="PATH", help="a folder of pictures or a video, not the camera")
    parser.add_argument("--tui", action="store_true", help="the figures in this terminal, no page")
    parser.add_argument("--port", type=int, default=PORT, help=f"of the page (default: {PORT}; 0: any)")
    parser.add_argument("--listen", metavar="ADDRESS", help="this computer's address on the service network")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"after which it ends by itself (default: {MINUTES:g})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Until Ctrl-C, the end of its time, or a camera that can never give a picture."""
    from edge.camera.frames.source import SourceUnusable

    if not 0 < arguments.minutes <= MINUTES_MAX:
        print(f"plate-reader aim: --minutes is from 0 to {MINUTES_MAX:g}", file=sys.stderr)
        return WRONG
    place = None if arguments.tui else _place(arguments)
    if place is None and not arguments.tui:
        return WRONG
    try:
        with _told(arguments):
            if place is None:
                return _in_terminal(_sight(arguments), arguments.minutes * 60)
            return _on_page(arguments, place)
    except (SourceUnusable, OSError) as wrong:
        print(f"plate-reader aim: {wrong}", file=sys.stderr)
        return WRONG


def _told(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """The desk hears who looks through the camera; pictures that the technician brings are nobody else's."""
    from edge.camera.state_files import state_folder
    from edge.camera.visits import Visits, visit
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import root_of

    settings = load_camera(arguments.config)
    if arguments.source is not None or settings.source.kind in ("folder", "video"):
        return nullcontext()
    visits = Visits(state_folder(settings, root_of(arguments.config)), settings.site, settings.camera)
    return visits.begin(visit(name_of_login(), arguments.minutes * 60))


def _sight(arguments: argparse.Namespace) -> Sight:
    from edge.camera.aim.sight import Sight

    return Sight(arguments.config, _source(arguments.source))


def _source(path: Path | None) -> SourceSettings | None:
    from edge.settings.camera import SourceSettings

    if path is None:
        return None
    return SourceSettings(kind="video" if path.is_file() else "folder", address=str(path))


def _place(arguments: argparse.Namespace) -> Place | None:
    """Where the page will be; None when it cannot be there, which has been said."""
    try:
        from edge.camera.aim.serving import ListenRefused, Place
    except ModuleNotFoundError as missing:
        print(
            f"plate-reader aim: the page needs {missing.name}: pip install 'plate-reader[field]', or use --tui",
            file=sys.stderr,
        )
        return None
    try:
        return Place.of(arguments.listen, arguments.port, arguments.minutes * 60)
    except ListenRefused as refused:
        print(f"plate-reader aim: {refused}", file=sys.stderr)
        return None


def _on_page(arguments: argparse.Namespace, place: Place) -> int:
    from edge.camera.aim.serving import serve

    return DONE if serve(_sight(arguments), arguments.config.resolve(), place) else FAILED


def _in_terminal(sight: Sight, seconds: float) -> int:
    """The table, redrawn in a terminal, repeated in a log."""
    from threading import Timer

    screen = _Screen()
    timer = Timer(seconds, sight.stop)
    timer.daemon = True
    timer.start()
    try:
        sight.run(screen.show)
    finally:
        timer.cancel()
    screen.last()
    return DONE


_MARKS = {"good": ("ok", "green"), "fair": ("fair", "yellow"), "bad": ("BAD", "red"), "unknown": ("–", "dim")}


class _Screen:
    """Writes reports to stdout."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._shown_s: float | None = None
        self._latest: Report | None = None

    def show(self, report: Report) -> None:
        """Now in a terminal; in a log only now and then."""
        import time

        now_s = time.monotonic()
        self._latest = report
        if not self._terminal and self._shown_s is not None and now_s - self._shown_s < LOG_EVERY_S:
            return
        self._shown_s = now_s
        print(("\x1b[H\x1b[2J" if self._terminal else "") + self._text(report), flush=True)

    def last(self) -> None:
        """A log ends with the latest figures."""
        if not self._terminal and self._latest is not None:
            print(self._text(self._latest), flush=True)

    def _text(self, report: Report) -> str:
        size = f"{report.size[0]}×{report.size[1]}" if report.size else "no picture yet"
        head = f"{report.camera}: {report.state}, {size}, {present.count(report.dropped, 'frame')} dropped"
        rows = [
            (_MARKS[one.verdict][0], one.title, one.value or "not yet", one.limit, one.screw) for one in report.measures
        ]
        lines = present.table(rows, ("", "", "now", "limit", "to do")).splitlines()
        painted = [
            present.paint(line, _MARKS[one.verdict][1]) for line, one in zip(lines[2:], report.measures, strict=True)
        ]
        return "\n".join([head, *([report.notice] if report.notice else []), "", *lines[:2], *painted, ""])
