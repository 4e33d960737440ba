"""Read, verify, export and sum up the audit log."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli import present
from edge.cli.at_desk import (
    CannotDo,
    add_config,
    add_person,
    guarded,
    known,
    now_ms,
    opened,
    reasoned,
    write_private,
)
from edge.cli.exit_codes import DONE, FAILED
from edge.login import login

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edge.desk.audit import AuditRow, Head
    from edge.desk.store import Store
    from edge.settings.policy import Policy

WITHHELD = "(for the audit's readers)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One act each."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    tail = acts.add_parser("tail", help="the last rows; what was searched for is shown to the policy's readers alone")
    tail.add_argument("-n", type=int, default=20, help="how many (%(default)s)")
    tail.add_argument("--json", action="store_true", help="one object a line, for programs")
    export = acts.add_parser("export", help="the whole log, one JSON object a line")
    export.add_argument("-o", "--output", type=Path, required=True)
    export.add_argument("--reason", required=True)
    for act in (tail, export):
        add_person(act)
    verify = acts.add_parser("verify", help="check the chain, against every head that was kept outside the store")
    verify.add_argument("--head", action="append", default=[], metavar="ROW:HASH", help="as …/desk/audit published it")
    verify.add_argument("--anchors", type=Path, help="a file of heads (default: the policy's audit.anchors)")
    report = acts.add_parser("report", help="a week: who searched how often, what was refused, what looks wrong")
    report.add_argument("--week", nargs="?", const="", default="", metavar="2026-W47", help="default: the last 7 days")
    report.add_argument("--json", action="store_true", help="for programs")
    for act in (tail, export, verify, report):
        add_config(act)


def run(arguments: argparse.Namespace) -> int:
    """Do the one act."""
    act: Callable[[argparse.Namespace, Policy, Store], int] = {
        "tail": _tail,
        "export": _export,
        "verify": _verify,
        "report": _report,
    }[arguments.act]
    with guarded(), opened(arguments) as (policy, store):
        return act(arguments, policy, store)


def _tail(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk import audit

    _record(arguments, policy, store, "audit read", f"last {arguments.n}")
    with store.read() as connection:
        rows = [_shown(row, login(), policy) for row in audit.tail(connection, max(1, arguments.n))]
    if arguments.json:
        for row in rows:
            print(json.dumps(asdict(row)))
        return DONE
    table = [
        (
            row.number,
            row.at,
            row.who,
            row.agency,
            row.act,
            row.purpose,
            row.query,
            row.subject,
            row.reason or row.detail,
            row.outcome,
        )
        for row in rows
    ]
    headers = ("row", "at", "who", "agency", "act", "purpose", "asked for", "of what", "why", "outcome")
    print(present.table(table, headers, right=(0,)))
    return DONE


def _export(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk import audit

    _record(arguments, policy, store, "export", "the audit log")
    try:
        with store.read() as connection:
            lines = [json.dumps(asdict(_shown(row, login(), policy))) for row in audit.rows(connection)]
        write_private(arguments.output, "".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        raise CannotDo(f"{arguments.output}: {error.strerror}") from error
    print(arguments.output)
    return DONE


def _verify(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk import audit

    heads = _heads(arguments, policy)
    with store.read() as connection:
        count, findings = audit.verify(audit.rows(connection), audit.head(connection), heads)
        head = audit.head(connection)
    for finding in findings:
        print(f"{finding.fault}: {finding.sentence}", file=sys.stderr)
    if findings:
        print(f"{present.count(count, 'row')}: the chain is broken", file=sys.stderr)
        return FAILED
    against = f", and with {present.count(len(heads), 'head')} kept outside" if heads else ""
    print(f"{present.count(count, 'row')}: the chain is whole{against}")
    if head is not None:
        print(f"head {head.number}:{head.hash}")
    return DONE


def _heads(arguments: argparse.Namespace, policy: Policy) -> list[Head]:
    from edge.desk import audit

    configured = Path(policy.audit.anchors) if policy.audit.anchors else None
    file = arguments.anchors or (configured if configured and configured.exists() else None)
    try:
        anchored = audit.read_anchors(file) if file is not None else []
        return anchored + [audit.parse_head(text) for text in arguments.head]
    except (OSError, ValueError) as error:
        raise CannotDo(f"the heads cannot be read: {error}") from error


def _report(arguments: argparse.Namespace, _: Policy, store: Store) -> int:
    from edge.desk import audit
    from edge.desk.report import weekly

    since, until = _span(arguments.week)
    with store.read() as connection:
        report = weekly(audit.rows(connection), since, until)
    if arguments.json:
        print(json.dumps({"from": since, "to": until, **asdict(report)}))
        return DONE
    print(f"From {since[:10]} to {until[:10]}: {present.count(report.rows, 'row')}\n")
    for title, counts in (
        ("acts", report.acts),
        ("searches by agency", report.searches_by_agency),
        ("searches by person", report.searches_by_person),
        ("searches by purpose", report.searches_by_purpose),
        ("refused searches", report.refused),
    ):
        print(present.table(counts.items(), (title, "number"), right=(1,)) + "\n")
    for repeated in report.repeated:
        rows = ", ".join(map(str, repeated.rows))
        print(f"LOOK: {repeated.who} ({repeated.agency}) asked for one plate {len(repeated.rows)} times: rows {rows}")
    if report.prohibited_rows:
        print(f"LOOK: prohibited purposes were asked for: rows {', '.join(map(str, report.prohibited_rows))}")
    return DONE


def _span(week: str) -> tuple[str, str]:
    """A week as two UTC times: an ISO week, or the seven days up to now."""
    from edge.record.words import time

    if not week:
        until_ms = now_ms() + 1
        return time((until_ms - 7 * 86_400_000) * 1_000_000), time(until_ms * 1_000_000)
    try:
        year, _, number = week.partition("-W")
        monday = datetime.fromisocalendar(int(year), int(number), 1).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise CannotDo(f"--week {week}: write it as 2026-W47") from error
    next_monday = monday + timedelta(days=7)
    return f"{monday:%Y-%m-%dT%H:%M:%S}.000Z", f"{next_monday:%Y-%m-%dT%H:%M:%S}.000Z"


def _shown(row: AuditRow, login: str, policy: Policy) -> AuditRow:
    """The row as this login may see it: a name can be typed, a login cannot."""
    return row if not row.query or login in policy.audit.readers else replace(row, query=WITHHELD)


def _record(arguments: argparse.Namespace, policy: Policy, store: Store, act: str, detail: str) -> None:
    from edge.desk import audit

    by = known(arguments, policy)
    entry = audit.Entry(
        act="export" if act == "export" else "audit read",
        who=by.name,
        agency=by.agency,
        reason=reasoned(arguments) if act == "export" else "",
        detail=detail,
    )
    with store.write() as connection:
        audit.append(connection, entry, now_ms())
