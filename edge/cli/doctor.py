"""Say what is wrong with this camera, where, and what to do, on one screen.

Asks the settings, the networks, the daemon's own last words, the camera (a short look), the computer, the broker. It
changes nothing and publishes nothing, but with --pass-through a test's news, which is no sighting.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    import argparse

    from edge.camera.doctor.examine import Examined
    from edge.camera.doctor.finding import Finding

COLORS = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}
QUESTIONS = 20
CREDENTIALS = Path("/etc/plate-reader")
"""Where the service's credentials lie, so that a technician's doctor may read what systemd hands the daemon."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader doctor`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument("--json", action="store_true", help="one object instead of a screen")
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="write a support file (.tar.gz): no plate, no picture"
    )
    parser.add_argument("--pass-through", action="store_true", help="drive a drawn vehicle through, to the desk")
    parser.add_argument(
        "--look-s", type=float, default=12.0, metavar="S", help="look so long; 0: not at all (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing fails, 1 otherwise."""
    from edge.camera.doctor.examine import examine
    from edge.settings.loader import root_of

    folder = CREDENTIALS / arguments.config.stem
    if "CREDENTIALS_DIRECTORY" not in os.environ and os.access(folder, os.R_OK):
        os.environ["CREDENTIALS_DIRECTORY"] = str(folder)
    with present.progress("questions", QUESTIONS) as tell:
        found = examine(
            arguments.config,
            root_of(arguments.config),
            look_s=arguments.look_s,
            pass_through=arguments.pass_through,
            tell=tell,
        )
    _print_json(found) if arguments.json else _print(found)
    if arguments.bundle is not None and not _bundle(found, arguments.bundle):
        return FAILED
    return FAILED if found.failed else DONE


def _print(found: Examined) -> None:
    from edge.camera.doctor.finding import worst_first

    for one in worst_first(found.findings):
        print(f"{present.paint(f'{one.state:<8}', COLORS[one.state])}{one.name:<13}{one.saw}")
        if one.remedy:
            print(f"{'':21}{present.paint('where', 'dim')} {one.where}")
            print(f"{'':21}{present.paint('do', 'bold')}    {one.remedy}")
    print(f"\n{_summary(found.findings)}")


def _summary(findings: list[Finding]) -> str:
    failing = [one for one in findings if one.state == "fail"]
    doubtful = sum(one.state == "warn" for one in findings)
    if failing:
        return f"{present.count(len(failing), 'fault')}; begin with {failing[0].name}: {failing[0].remedy}"
    return f"nothing fails{f', {doubtful} to look at' if doubtful else ''}"


def _print_json(found: Examined) -> None:
    findings = [{**asdict(one), "figures": dict(one.figures)} for one in found.findings]
    print(json.dumps({"ok": not found.failed, "findings": findings}, ensure_ascii=False))


def _bundle(found: Examined, file: Path) -> bool:
    from edge.camera.doctor.bundle import made, packed

    if found.settings is None:
        print("no bundle: the settings cannot be read, so there is nothing typed to put into it", file=sys.stderr)
        return False
    try:
        file.write_bytes(packed(made(found.findings, found.settings, found.health)))
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return False
    print(f"{file}: numbers and fixed words alone; open it, it is one text", file=sys.stderr)
    return True
