"""Prove on this very device that no picture leaves it: recorded scenes with people go through the real daemon.

Every byte that it publishes, writes and logs is searched for pictures, and what it asks of the kernel is read (with
strace). It uses the camera's own settings, but neither its camera nor its broker nor its outbox.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    import argparse


COLORS = {"yes": "green", "no": "red", "not checked": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader verify-privacy`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument(
        "--scenes",
        type=Path,
        help="a folder of pictures, or of such folders, with people in them (default: sample_frames beside config/)",
    )
    parser.add_argument(
        "--services", action="store_true", help="as the two processes that systemd starts, each held to its own"
    )
    parser.add_argument("--json", action="store_true", help="one object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """0 when every claim that could be checked holds, 1 otherwise."""
    from edge.camera import rehearsal, verify
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import root_of

    settings, root = load_camera(arguments.config), root_of(arguments.config)
    scenes = arguments.scenes or root / "sample_frames"
    with present.progress("messages") as tell:
        done = rehearsal.run(settings, root, scenes, tell, services=arguments.services)
    found = verify.checks(done, settings, verify.pieces_of(scenes))
    holds = all(check.verdict != "no" for check in found)
    if arguments.json:
        print(json.dumps({"holds": holds, "checks": [asdict(check) for check in found]}, indent=2))
    else:
        rows = [(present.paint(f"{c.verdict:<11}", COLORS[c.verdict]), c.claim, c.found) for c in found]
        print(present.table(rows, ("holds", "claim", "found")))
        if done.exit_code:
            print(f"\nwhat the daemon said:\n{done.log.decode(errors='replace')[-2000:]}")
    return DONE if holds else FAILED
