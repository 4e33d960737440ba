"""Say what you found when you looked at a hit: correct, wrong state, misread, or dismissed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edge.cli.at_desk import add_config, add_person, guarded, now_ms, opened, person
from edge.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A hit, a finding, a person, a reason."""
    parser.add_argument("hit", help="the hit's id, or how it begins (see plate-reader hits)")
    finding = parser.add_mutually_exclusive_group(required=True)
    for flag, meaning in (
        ("correct", "this is the vehicle that is looked for"),
        ("wrong-state", "the same characters on another state's plate"),
        ("misread", "the camera read the plate wrongly"),
        ("dismissed", "another reason to do nothing"),
    ):
        finding.add_argument(
            f"--{flag}", dest="finding", action="store_const", const=flag.replace("-", "_"), help=meaning
        )
    parser.add_argument("--reason", required=True, help="what you looked at")
    add_person(parser)
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Give it; a later one supersedes it."""
    from edge.desk.verdicts import VerdictRefused, give

    with guarded(), opened(arguments) as (policy, store):
        try:
            given = give(store, policy, arguments.hit, arguments.finding, person(arguments), arguments.reason, now_ms())
        except VerdictRefused as refused:
            print(f"plate-reader: refused: {refused}", file=sys.stderr)
            return FAILED
    again = f", supersedes revision {given.revision - 1}" if given.supersedes else ""
    print(f"hit {given.hit[:12]}: {given.finding.replace('_', ' ')} (revision {given.revision}{again})")
    return DONE
