"""Show the hits, each unverified until a person has looked at it; --watch goes on as they come."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from edge.cli import present
from edge.cli.at_desk import add_config, guarded, local, now_ms, opened, person, write_private
from edge.cli.exit_codes import DONE, FAILED, WRONG

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edge.desk.hits import Reviewed
    from edge.desk.store import Store
    from edge.settings.policy import Policy

WATCH_S = 1.0
ORIGINS = {
    "late_list": "  (the list came after the vehicle)",
    "late_sighting": "  (the camera told of it more than ten minutes late)",
}
FETCH_MAX = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which hits, and how."""
    parser.add_argument("--last", type=int, default=20, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--watch", action="store_true", help="go on, and show each new one as it comes")
    parser.add_argument("--json", action="store_true", help="one object a line, for programs")
    parser.add_argument("--export", metavar="HIT", help="one hit as a case's exhibit, into a file (-o)")
    parser.add_argument("--evidence", metavar="HIT", help="one hit's crop of the plate, as PNG into a file (-o)")
    parser.add_argument("-o", "--output", type=Path, help="where the exhibit or the crop goes")
    parser.add_argument("--case", default="", metavar="NUMBER")
    parser.add_argument("--reason", default="")
    parser.add_argument("--by", default="", metavar="NAME", help="who you are; the login stands in the log anyway")
    parser.add_argument("--agency", default="")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show, watch or export; each is recorded."""
    with guarded(), opened(arguments) as (policy, store):
        if arguments.export is not None:
            return _export(arguments, policy, store)
        if arguments.evidence is not None:
            return _evidence(arguments, policy, store)
        _record(arguments, policy, store)
        row = _show(arguments, store, 0, arguments.last)
        if arguments.watch:
            _watch(arguments, store, row)
    return DONE


def _watch(arguments: argparse.Namespace, store: Store, row: int) -> NoReturn:
    """Until Ctrl-C. A store that is away is said once, and waited for: a dispatcher's screen does not just end."""
    from edge.desk.store import StoreAway

    away = False
    while True:
        time.sleep(WATCH_S)
        try:
            row = _show(arguments, store, row, FETCH_MAX)
            away = False
        except StoreAway as error:
            if not away:
                print(f"plate-reader: {error}; waiting for it", file=sys.stderr)
            away = True


def _record(arguments: argparse.Namespace, policy: Policy, store: Store) -> None:
    from edge.desk import audit

    entry = audit.Entry(
        act="hits viewed",
        who=arguments.by or "dispatch",
        agency=arguments.agency or policy.department.name,
        purpose="hit verification",
        detail="watch" if arguments.watch else f"last {arguments.last}",
    )
    with store.write() as connection:
        audit.append(connection, entry, now_ms())


def _show(arguments: argparse.Namespace, store: Store, after: int, limit: int) -> int:
    from edge.desk import hits

    with store.read() as connection:
        found = hits.recent(connection, limit, after)
    for _, reviewed in found:
        bell = "\a" if arguments.watch and reviewed.hit.live and sys.stdout.isatty() else ""
        print(bell + (_json(reviewed) if arguments.json else _text(reviewed)), flush=True)
    if not found and not after and not arguments.watch:
        print("no hits", file=sys.stderr)
    return found[-1][0] if found else after


def _text(reviewed: Reviewed) -> str:
    """One hit in four lines: how far it is verified, what was read, what is listed, what differs."""
    hit = reviewed.hit
    if reviewed.finding is None:
        state = present.paint("UNVERIFIED", "red")
    else:
        state = f"verdict: {reviewed.finding.replace('_', ' ')} ({reviewed.who})"
    alert = "" if hit.live else "  for the record, no live alert"
    alert += ORIGINS.get(hit.origin, "")
    test = "  CALIBRATION" if hit.calibration else ""
    read = f"read    {present.paint(hit.read.text, 'bold')} {hit.read.region or 'state unknown'}"
    weakest = f"weakest {hit.read.weakest.read} at {hit.read.weakest.position}: {hit.read.weakest.probability:.0%}"
    listed = f"listed  {hit.listed.text} {hit.listed.region or 'no state'}"
    stale = ", STALE" if hit.list.stale else ""
    age = f"{hit.list.name} file {hit.list.file_code or '–'}, {hit.list.age_hours:.0f} h old{stale}"
    where = f"{local(hit.first_seen)}  {hit.camera} {hit.direction or ''}"
    return "\n".join(
        [
            f"{hit.id[:12]}  {where}  {hit.grade.replace('_', ' ').upper()}  {state}{alert}{test}",
            f"    {read}  ({hit.read.confidence:.0%}, {weakest})",
            f"    {listed}  ({age})",
            f"    {_differences(reviewed)}",
        ]
    )


def _differences(reviewed: Reviewed) -> str:
    match = reviewed.hit.match
    parts = [f"{d.read or 'nothing'} read for {d.listed or 'nothing'} at {d.position}" for d in match.differences]
    parts.append(f"characters {match.characters.replace('_', ' ')}")
    parts.append({"match": "state matches", "mismatch": "STATE DIFFERS", "unknown": _unknown(reviewed)}[match.state])
    for compared, listed in (
        (match.vehicle_type, reviewed.hit.listed.types),
        (match.vehicle_color, reviewed.hit.listed.colors),
    ):
        if compared == "contradicts":
            parts.append(f"VEHICLE CONTRADICTS THE LIST'S {' or '.join(listed)}")
    return "; ".join(parts)


def _unknown(reviewed: Reviewed) -> str:
    """Why two states that stand there are not compared."""
    read = reviewed.hit.read
    if read.region is None or read.region_confidence is None or reviewed.hit.listed.region is None:
        return "state not known"
    return f"state not known: it was read with {read.region_confidence:.0%}"


def _json(reviewed: Reviewed) -> str:
    import msgspec

    told = {"hit": reviewed.hit, "verdict": reviewed.finding, "revision": reviewed.revision}
    return msgspec.json.encode(told).decode()


def _export(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.export import ExportRefused, export_hit

    def make() -> bytes:
        hit, case = arguments.export, arguments.case
        return export_hit(store, policy, hit, case, person(arguments), arguments.reason, now_ms())

    return _written(arguments, "--export", make, ExportRefused)


def _evidence(arguments: argparse.Namespace, policy: Policy, store: Store) -> int:
    from edge.desk.evidence import EvidenceRefused, view

    def make() -> bytes:
        return view(store, policy, arguments.evidence, person(arguments), arguments.reason, now_ms())

    return _written(arguments, "--evidence", make, EvidenceRefused)


def _written(arguments: argparse.Namespace, word: str, make: Callable[[], bytes], refusal: type[Exception]) -> int:
    """Into the file that -o names; refused before anything is made when there is none."""
    if arguments.output is None:
        print(f"plate-reader: {word} needs -o FILE", file=sys.stderr)
        return WRONG
    try:
        write_private(arguments.output, make())
    except refusal as refused:
        print(f"plate-reader: refused: {refused}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"plate-reader: {arguments.output}: {error.strerror}", file=sys.stderr)
        return FAILED
    print(arguments.output)
    return DONE
