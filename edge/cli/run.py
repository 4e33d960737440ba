"""Run the camera's daemon: frames in, sightings out over MQTT, until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present

if TYPE_CHECKING:
    import argparse

    from edge.camera.daemon import Daemon
    from edge.settings.camera import CameraSettings

DONE, FAILED, WRONG = 0, 1, 2

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader run`."""
    parser.add_argument("--config", type=Path, required=True, help="the camera's settings, e.g. config/north.yaml")
    parser.add_argument("--verbose", action="store_true", help="say more in the log")


def run(arguments: argparse.Namespace) -> int:
    """Until SIGTERM or the end of a recording. SIGHUP reads the settings again and keeps the old ones if wrong."""
    from edge.camera.frames.source import SourceUnusable
    from edge.link.trust import LinkMisconfigured
    from edge.settings.camera_rules import load_camera

    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s" if _under_systemd() else "%(asctime)s %(levelname)s %(message)s",
    )
    settings = load_camera(arguments.config)
    try:
        return _run_until_stopped(arguments.config, settings)
    except (SourceUnusable, LinkMisconfigured) as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return WRONG


def _run_until_stopped(config: Path, settings: CameraSettings) -> int:
    from edge.camera.daemon import Daemon
    from edge.camera.notify import notifier
    from edge.settings.loader import root_of

    while True:
        daemon = Daemon(settings, root_of(config), _folder(settings, root_of(config)), notifier())
        latest = _listen(daemon, config, settings)
        ending = daemon.run()
        settings = latest[-1]
        if ending != "reload":
            return FAILED if ending == "failed" else DONE


def _listen(daemon: Daemon, config: Path, settings: CameraSettings) -> list[CameraSettings]:
    """Signals → the daemon. The returned list ends with the settings that hold."""
    from edge.settings.camera_rules import load_camera
    from edge.settings.problems import SettingsWrong

    held = [settings]

    def stop(_signal: int, _frame: object) -> None:
        daemon.stop()

    def reload(_signal: int, _frame: object) -> None:
        try:
            held.append(load_camera(config))
        except SettingsWrong as wrong:
            log.error("%s has %d mistakes; going on with the settings of before", config, len(wrong.problems))  # noqa: TRY400
            present.problems(wrong.problems)
        else:
            daemon.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    return held


def _folder(settings: CameraSettings, root: Path) -> Path:
    """Where the outbox lies: systemd's StateDirectory, when it gives one; else the settings' folder."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    folder = Path(given) if given else root / settings.outbox.folder
    return folder if given else folder / settings.camera


def _under_systemd() -> bool:
    return "JOURNAL_STREAM" in os.environ
