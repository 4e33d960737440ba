"""Publish what the reader's process hands over: the camera's line to the broker, in a process without camera or files.

`plate-reader run --publisher SOCKET` is the other half; without it `run` publishes by itself.
"""

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
    """What may follow `plate-reader publish`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument("--socket", type=Path, help="where the reader finds us; without it systemd hands a socket over")
    parser.add_argument("--verbose", action="store_true", help="say more in the log")


def run(arguments: argparse.Namespace) -> int:
    """Until SIGTERM. SIGHUP reads the settings again and keeps the old ones if wrong."""
    from edge.camera.notify import notifier
    from edge.camera.publishing import Publishing, door
    from edge.link.trust import LinkMisconfigured
    from edge.settings.camera_rules import load_camera
    from edge.settings.loader import root_of

    set_up_log(verbose=arguments.verbose)
    try:
        with door(arguments.socket) as opened:

            def make(settings: CameraSettings) -> Publishing:
                return Publishing(settings, root_of(arguments.config), opened, notifier())

            return serve(arguments.config, load_camera(arguments.config), load_camera, make)
    except (LinkMisconfigured, OSError) as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return WRONG
