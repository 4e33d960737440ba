"""Write the public page: what the cameras may do, what they did in thirty days, and the proofs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.at_desk import add_config, guarded, now_ms, opened
from edge.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    import argparse

    from edge.desk.audit import Head


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for index.html and the JSON")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Collect, write both files, record it."""
    from edge.desk import audit
    from edge.desk.transparency import page
    from edge.desk.transparency.figures import collect

    with guarded(), opened(arguments) as (policy, store):
        heads = _anchors(policy.audit.anchors)
        now = now_ms()
        with store.read() as connection:
            figures = collect(connection, policy, now, heads)
        try:
            files = page.write(figures, arguments.output)
        except OSError as error:
            print(f"plate-reader: {arguments.output}: {error.strerror}", file=sys.stderr)
            return FAILED
        with store.write() as connection:
            entry = audit.Entry(act="transparency", who="desk", agency=policy.department.name, detail="page written")
            audit.append(connection, entry, now)
    for file in files:
        print(file)
    if not figures.audit.intact:
        print("plate-reader: the audit chain is broken: plate-reader audit verify names the rows", file=sys.stderr)
        return FAILED
    return DONE


def _anchors(file: str | None) -> list[Head]:
    from edge.desk import audit

    if file is None or not Path(file).exists():
        return []
    return audit.read_anchors(Path(file))
