"""Look back at what the cameras saw: with a purpose, a reason, a name and an agency, all of it recorded for good."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, get_args

from edge.cli import present
from edge.cli.at_desk import add_config, add_person, guarded, local, moment_ms, now_ms, opened, person
from edge.cli.exit_codes import DONE, FAILED
from edge.record.words import Color, VehicleType

if TYPE_CHECKING:
    from edge.desk.search import Found, Page, SearchRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is looked for, and why."""
    parser.add_argument("--plate", help="letters, digits, * (any) and ? (one); look-alikes are found too")
    parser.add_argument("--exact", action="store_true", help="without look-alikes (8 for B, 0 for O …)")
    parser.add_argument("--from", dest="since", type=_moment, metavar="TIME", help="2026-11-23, 2026-11-23T18:00Z …")
    parser.add_argument("--to", dest="until", type=_moment, metavar="TIME")
    parser.add_argument("--camera", action="append", default=[], help="may be given several times")
    parser.add_argument("--type", choices=get_args(VehicleType))
    parser.add_argument("--color", choices=get_args(Color))
    parser.add_argument("--direction", help="in the site's own words, e.g. northbound")
    # A search without them is refused by the desk and not here: the refusal stands in the audit log, too.
    parser.add_argument("--purpose", default="", help="needed: one of the policy's purposes")
    parser.add_argument("--reason", default="", help="needed: what happened, and why this search helps")
    parser.add_argument("--case", default="", metavar="NUMBER", help="the case number; some purposes need one")
    parser.add_argument("--limit", type=int, default=100, help="results on a page (%(default)s)")
    parser.add_argument("--after", help="the next page: what the page before said")
    parser.add_argument("--json", action="store_true", help="one object a line, for programs")
    add_person(parser)
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answer, or say everything that forbids it."""
    from edge.desk.search import SearchRefused, search

    with guarded(), opened(arguments) as (policy, store):
        try:
            page = search(store, policy, _request(arguments), now_ms())
        except SearchRefused as refused:
            print(f"plate-reader: refused, and recorded as row {refused.row} of the audit log:", file=sys.stderr)
            for _, sentence in refused.faults:
                print(f"  {sentence}", file=sys.stderr)
            return FAILED
    _show(page, as_json=arguments.json)
    return DONE


def _request(arguments: argparse.Namespace) -> SearchRequest:
    from edge.desk.search import SearchRequest

    return SearchRequest(
        person=person(arguments),
        purpose=arguments.purpose,
        reason=arguments.reason,
        case_number=arguments.case,
        plate=arguments.plate,
        exact=arguments.exact,
        since_ms=arguments.since,
        until_ms=arguments.until,
        cameras=tuple(arguments.camera),
        type=arguments.type,
        color=arguments.color,
        direction=arguments.direction,
        limit=arguments.limit,
        after=arguments.after,
    )


def _show(page: Page, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        for one in page.found:
            print(msgspec.json.encode(one).decode())
    elif page.found:
        headers = ("seen", "camera", "direction", "plate", "match", "sure", "state", "vehicle")
        print(present.table([_row(one) for one in page.found], headers, right=(5,)))
    more = f"; the next page: --after {page.next}" if page.next else ""
    note = f"{present.count(len(page.found), 'sighting')}, recorded as row {page.audit} of the audit log{more}"
    print(note, file=sys.stderr)


def _row(one: Found) -> tuple[str, ...]:
    return (
        local(one.seen),
        one.camera,
        one.direction or "–",
        one.plate or "–",
        one.characters,
        "–" if one.confidence is None else f"{one.confidence:.0%}",
        one.region or "–",
        " ".join(word for word in (one.color, one.vehicle_type) if word) or "–",
    )


def _moment(text: str) -> int:
    try:
        return moment_ms(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-11-23 or 2026-11-23T18:00Z") from error
