"""Run the desk: take what the cameras send, match it, keep it as long as the policy says and no longer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.exit_codes import DONE, FAILED, WRONG
from edge.cli.service import serve, set_up_log

if TYPE_CHECKING:
    import argparse

    from edge.settings.policy import Policy


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
    from edge.camera.notify import notifier
    from edge.desk.daemon import DeskDaemon
    from edge.desk.store import StoreError
    from edge.link.trust import LinkMisconfigured
    from edge.settings.loader import digest, root_of
    from edge.settings.policy_paths import anchored_policy
    from edge.settings.policy_rules import load_policy

    policy = load_policy(arguments.config)
    if arguments.broker_files is not None:
        return _write_broker_files(policy, arguments.broker_files)

    def make(policy: Policy) -> DeskDaemon:
        return DeskDaemon(anchored_policy(policy, root_of(arguments.config)), digest(policy), notifier())

    set_up_log(verbose=arguments.verbose)
    try:
        return serve(arguments.config, policy, load_policy, make)
    except LinkMisconfigured as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return WRONG
    except StoreError as wrong:
        print(f"{arguments.config}: {wrong}", file=sys.stderr)
        return FAILED


def _write_broker_files(policy: Policy, folder: Path) -> int:
    from edge.desk.broker_acl import FOLDER, files

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files(policy).items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)
        return FAILED
    print(f"{folder}: mosquitto.conf, acl and make-certificates.sh")
    print("Run `sh make-certificates.sh BROKER-HOST` there, then give each user its .crt and .key, and ca.crt.")
    print(f"On the broker's machine acl, ca.crt, broker.crt and broker.key lie in {FOLDER}, readable for the user")
    print("mosquitto alone; mosquitto.conf takes the place of /etc/mosquitto/mosquitto.conf.")
    return DONE
