"""Run the desk: take what the cameras send, match it, keep it as long as the policy says and no longer."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.at_desk import DONE, FAILED, WRONG

if TYPE_CHECKING:
    import argparse

    from edge.desk.daemon import DeskDaemon
    from edge.settings.policy import Policy

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `plate-reader desk`."""
    parser.add_argument("--config", type=Path, default=Path("config/policy.yaml"), help="the department's policy")
    parser.add_argument("--verbose", action="store_true", help="say more in the log; never a plate")
    parser.add_argument(
        "--broker-files",
        type=Path,
        metavar="DIR",
        help="write Mosquitto's configuration, access list and certificate script for this policy, and stop",
    )


def run(arguments: argparse.Namespace) -> int:
    """Until SIGTERM. SIGHUP reads the policy again, and keeps the old one when the new one is wrong."""
    from edge.desk.store import StoreError
    from edge.link.trust import LinkMisconfigured
    from edge.settings.policy_rules import load_policy

    policy = load_policy(arguments.config)
    if arguments.broker_files is not None:
        return _write_broker_files(policy, arguments.broker_files)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s"
        if "JOURNAL_STREAM" in os.environ
        else "%(asctime)s %(levelname)s %(message)s",
    )
    try:
        return _run_until_stopped(arguments.config, policy)
    except LinkMisconfigured as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return WRONG
    except StoreError as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return FAILED


def _run_until_stopped(config: Path, policy: Policy) -> int:
    from edge.camera.notify import notifier
    from edge.desk.daemon import DeskDaemon
    from edge.settings.loader import digest, root_of
    from edge.settings.policy_paths import anchored_policy

    while True:
        daemon = DeskDaemon(anchored_policy(policy, root_of(config)), digest(policy), notifier())
        latest = _listen(daemon, config, policy)
        ending = daemon.run()
        policy = latest[-1]
        if ending != "reload":
            return FAILED if ending == "failed" else DONE


def _listen(daemon: DeskDaemon, config: Path, policy: Policy) -> list[Policy]:
    """Signals → the daemon. The returned list ends with the policy that holds."""
    from edge.settings.policy_rules import load_policy
    from edge.settings.problems import SettingsWrong

    held = [policy]

    def stop(_signal: int, _frame: object) -> None:
        daemon.stop()

    def reload(_signal: int, _frame: object) -> None:
        try:
            held.append(load_policy(config))
        except SettingsWrong as wrong:
            log.error("%s has %d mistakes; going on with the policy of before", config, len(wrong.problems))  # noqa: TRY400
            present.problems(wrong.problems)
        else:
            daemon.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    return held


def _write_broker_files(policy: Policy, folder: Path) -> int:
    from edge.desk.broker_acl import files

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(policy).items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)
        return FAILED
    print(f"{folder}: mosquitto.conf, acl and make-certificates.sh")
    print("Run `sh make-certificates.sh BROKER-HOST` there, then give each user its .crt and .key, and ca.crt.")
    return DONE
