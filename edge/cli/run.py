"""Run the camera's daemon: frames in, sightings out over MQTT, until it is told to stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.exit_codes import WRONG
from edge.cli.service import serve, set_up_log

if TYPE_CHECKING:
    import argparse

    from edge.settings.camera import CameraSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader run`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument(
        "--publisher", metavar="SOCKET", help="where `plate-reader publish` listens; without it this process publishes"
    )
    parser.add_argument("--verbose", action="store_true", help="say more in the log")


def run(arguments: argparse.Namespace) -> int:
    """Until SIGTERM or the end of a recording. SIGHUP reads the settings again and keeps the old ones if wrong."""
    from edge.camera.daemon import Daemon
    from edge.camera.frames.source import SourceUnusable
    from edge.camera.notify import notifier
    from edge.camera.state_files import state_folder
    from edge.link.trust import LinkMisconfigured
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import root_of

    def make(settings: CameraSettings) -> Daemon:
        root = root_of(arguments.config)
        return Daemon(settings, root, state_folder(settings, root), notifier(), arguments.publisher)

    set_up_log(verbose=arguments.verbose)
    try:
        return serve(arguments.config, load_camera(arguments.config), load_camera, make)
    except (SourceUnusable, LinkMisconfigured) as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return WRONG
