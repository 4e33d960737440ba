"""Install, list, check and remove hotlists; propose and approve the department's own entries."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.at_desk import add_config, add_person, guarded, known, local, moment_ms, now_ms, opened, reasoned
from edge.cli.exit_codes import DONE, FAILED, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edge.desk.hotlists.reading import Problem, Reading
    from edge.desk.store import Store
    from edge.settings.policy import ListSettings, Policy

PROBLEMS_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One act each."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    _file_act(acts.add_parser("install", help="put a list in force, whole, or refuse it with line numbers"), acts=True)
    _file_act(acts.add_parser("check", help="say what a file would come to; changes nothing"), acts=False)
    listing = acts.add_parser("list", help="the lists in force, their age, and what was left out")
    listing.add_argument("--json", action="store_true", help="for programs")
    add_config(listing)
    remove = acts.add_parser("remove", help="take a list out of force")
    remove.add_argument("name")
    remove.add_argument("--reason", required=True)
    add = acts.add_parser("add", help="propose a local entry; it matches nothing until somebody else approves it")
    add.add_argument("--plate", required=True)
    add.add_argument("--state", help="two letters, e.g. KS")
    add.add_argument("--case", required=True, help="the case number")
    add.add_argument("--days", type=float, default=7.0, help="until it ends (%(default)g)")
    approve = acts.add_parser("approve", help="the second person's yes to a local entry")
    withdraw = acts.add_parser("withdraw", help="take a local entry out of force")
    for act in (approve, withdraw):
        act.add_argument("number", type=int)
    for act in (remove, add, approve, withdraw):
        add_person(act)
        add_config(act)


def _file_act(parser: argparse.ArgumentParser, *, acts: bool) -> None:
    parser.add_argument("file", type=Path, help="the list; - reads standard input")
    parser.add_argument("--list", required=True, metavar="NAME", help="which list of the policy it is, e.g. ncic")
    parser.add_argument("--made-at", metavar="TIME", help="when the extract was made (default: header, or file's time)")
    if acts:
        add_person(parser)
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do the one act."""
    act: Callable[[argparse.Namespace, Policy, Store], int] = {
        "install": _install,
        "check": _check,
        "list": _list,
        "remove": _remove,
        "add": _add,
        "approve": _approve,
        "withdraw": _withdraw,
    }[arguments.act]
    with guarded(), opened(arguments) as (policy, store):
        return act(arguments, policy, store)


def _install(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import shelf

    by = known(arguments, policy)
    wanted = _wanted(arguments, policy)
    content, made_ms = _read(arguments)
    if wanted is None or content is None or made_ms is None:
        return WRONG if wanted is None else FAILED
    try:
        shelved, reading = shelf.install(store, content, wanted, policy.hotlists, by, made_ms, now_ms())
    except shelf.ListRefused as refused:
        return _say_refused(arguments, str(refused), refused.problems)
    print(f"{shelved.name} version {shelved.version} is in force: {present.count(shelved.entries, 'entry', 'entries')}")
    _say_reading(reading)
    return DONE


def _check(arguments: argparse.Namespace, policy: Policy, _: Store) -> int:
    from edge.desk.hotlists import shelf

    wanted = _wanted(arguments, policy)
    content, _made = _read(arguments)
    if wanted is None or content is None:
        return WRONG if wanted is None else FAILED
    reading = shelf.check(content, wanted, policy.hotlists, now_ms())
    if reading.problems:
        print(f"plate-reader: {arguments.file} would be refused:", file=sys.stderr)
        return _say_problems(arguments, tuple(reading.problems))
    print(f"{arguments.file}: {present.count(len(reading.rows), 'entry', 'entries')}, nothing wrong")
    _say_reading(reading)
    return DONE


def _list(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import shelf
    from edge.record.words import time

    with store.read() as connection:
        shelved = shelf.in_force(connection)
    now = now_ms()
    if arguments.json:
        for one in shelved.values():
            state = shelf.condition(one.made_ms, now, policy.hotlists)
            told = {
                "name": one.name,
                "version": one.version,
                "made_at": time(one.made_ms * 1_000_000),
                "entries": one.entries,
                "file_codes": list(one.codes),
                "condition": state,
                "left_out": one.left_out,
            }
            print(json.dumps(told))
        return DONE
    rows = [
        (
            one.name,
            one.version,
            f"{one.entries:,}",
            one.codes or "–",
            local(time(one.made_ms * 1_000_000)),
            shelf.condition(one.made_ms, now, policy.hotlists),
            ", ".join(f"{count} {reason}" for reason, count in one.left_out.items()) or "–",
        )
        for one in shelved.values()
    ]
    print(present.table(rows, ("list", "version", "entries", "files", "made", "condition", "left out"), right=(1, 2)))
    return DONE


def _remove(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import shelf

    try:
        gone = shelf.remove(store, arguments.name, known(arguments, policy), reasoned(arguments), now_ms())
    except shelf.ListRefused as refused:
        return _say_refused(arguments, str(refused), ())
    print(f"{gone.name} version {gone.version} is out of force")
    return DONE


def _add(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import codes, local
    from edge.record import plate_text

    by = known(arguments, policy)
    region = codes.region(arguments.state) if arguments.state else None
    if arguments.state and region is None:
        return _say_refused(arguments, "--state is none that we know: two letters such as KS", ())
    try:
        text = plate_text.normalise(arguments.plate, wildcards=True)
        proposal = local.Proposal(plate=text, region=region, case_number=arguments.case, days=arguments.days)
        number = local.add(store, proposal, by, policy.hotlists.local, now_ms())
    except (plate_text.NotPlateText, local.EntryRefused) as refused:
        return _say_refused(arguments, str(refused), ())
    print(f"entry {number} waits for a second person: plate-reader hotlist approve {number} --by … --agency …")
    return DONE


def _approve(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import local

    try:
        local.approve(store, arguments.number, known(arguments, policy), now_ms())
    except local.EntryRefused as refused:
        return _say_refused(arguments, str(refused), ())
    print(f"entry {arguments.number} is in force")
    return DONE


def _withdraw(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.hotlists import local

    try:
        local.withdraw(store, arguments.number, known(arguments, policy), now_ms())
    except local.EntryRefused as refused:
        return _say_refused(arguments, str(refused), ())
    print(f"entry {arguments.number} is out of force")
    return DONE


def _wanted(arguments: argparse.Namespace, policy: Policy) -> ListSettings | None:
    for entry in policy.hotlists.lists:
        if entry.name == arguments.list:
            return entry
    names = ", ".join(entry.name for entry in policy.hotlists.lists) or "none"
    print(f"plate-reader: the policy has no list {arguments.list}; it has: {names}", file=sys.stderr)
    return None


def _read(arguments: argparse.Namespace) -> tuple[bytes | None, int | None]:
    try:
        made_ms = moment_ms(arguments.made_at) if arguments.made_at else None
        if str(arguments.file) == "-":
            return sys.stdin.buffer.read(), made_ms if made_ms is not None else now_ms()
        content = arguments.file.read_bytes()
        return content, made_ms if made_ms is not None else int(arguments.file.stat().st_mtime * 1000)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"--made-at: {error}"
        print(f"plate-reader: {arguments.file}: {reason}", file=sys.stderr)
        return None, None


def _say_refused(arguments: argparse.Namespace, sentence: str, problems: tuple[Problem, ...]) -> int:
    print(f"plate-reader: refused: {sentence}", file=sys.stderr)
    return _say_problems(arguments, problems)


def _say_problems(arguments: argparse.Namespace, problems: tuple[Problem, ...]) -> int:
    for problem in problems[:PROBLEMS_SHOWN]:
        print(f"{arguments.file}:{problem.line}: {problem.sentence}", file=sys.stderr)
    if len(problems) > PROBLEMS_SHOWN:
        print(f"… and {len(problems) - PROBLEMS_SHOWN} more", file=sys.stderr)
    return FAILED


def _say_reading(reading: Reading) -> None:
    for reason, count in sorted(reading.left_out.items()):
        print(f"left out: {count:,} {reason}")
    if reading.respelled:
        lines = present.count(reading.respelled, "line")
        print(f"read as plain ones: fullwidth characters, no-break blanks or dashes in {lines}")
    if reading.unknown_states:
        entries = present.count(reading.unknown_states, "entry", "entries")
        print(f"{entries} of a state that we do not know: the hits will be characters only")
