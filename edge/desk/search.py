"""Looking back: a purpose from the list, a reason, a name, an agency; then what was seen, page by page.

    request ─▶ screen ─▶ (refused, recorded) | lookup ─▶ audit row ─▶ page

The page is handed out only when the audit row is written. A plate is looked for by its folded spelling (`lookup`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edge.desk import audit, lookup, screening
from edge.desk.hotlists.local import is_case_number
from edge.desk.store import count
from edge.record import plate_text
from edge.record.words import time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import RowMapping

    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.settings.policy import Policy

PAGE_MAX: Final = 500
LITERALS_MIN: Final = 3
"""`*` would list everybody."""
DAY_MS: Final = 86_400_000
WINDOW_MS_MAX: Final = 7 * DAY_MS
"""Of a search without a plate."""
_PERSON: Final = re.compile(r"[A-Za-z][A-Za-z0-9 .,'#-]{1,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What somebody asks. Times are UTC ms; what is None or empty is not asked."""

    person: Person
    purpose: str
    reason: str
    case_number: str = ""
    plate: str | None = None
    exact: bool = False
    """Without characters that look alike."""
    since_ms: int | None = None
    until_ms: int | None = None
    cameras: tuple[str, ...] = ()
    type: str | None = None
    color: str | None = None
    direction: str | None = None
    limit: int = 100
    after: str | None = None
    """The `next` of the page before."""

    def __repr__(self) -> str:
        return "SearchRequest(…)"  # holds a plate


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One sighting that answers."""

    id: str
    seen: str
    camera: str
    direction: str | None
    plate: str | None
    characters: Literal["exact", "confusable", "vehicle"]
    confidence: float | None
    region: str | None
    vehicle_type: str | None
    color: str | None

    def __repr__(self) -> str:
        return "Found(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer: newest first, and where to go on."""

    found: tuple[Found, ...]
    next: str | None
    audit: int


class SearchRefused(Exception):
    """The search was not made. Every reason why, and the audit row that says so."""

    def __init__(self, faults: tuple[tuple[str, str], ...], row: int) -> None:
        super().__init__("; ".join(sentence for _, sentence in faults))
        self.faults = faults
        self.row = row


def search(store: Store, policy: Policy, request: SearchRequest, now_ms: int) -> Page:
    """Answer one request, or raise SearchRefused. Either way it is in the audit log before anybody sees a result."""
    faults = tuple(screen(policy, request))
    if faults:
        with store.write() as connection:
            count(connection, "refused_searches", _gravest(faults), now_ms)
            # The outcome holds 64 characters, and so not always every cause.
            causes = _codes(faults)
            row = audit.append(connection, _entry(request, "search refused", causes, causes), now_ms)
        raise SearchRefused(faults, row)
    with store.read() as connection:
        rows = lookup.page(connection, request, now_ms - int(policy.retention.days * DAY_MS))
    found = tuple(_found(row, request) for row in rows[: request.limit])
    more = len(rows) > request.limit
    with store.write() as connection:
        if request.after is None:
            count(connection, "searches", request.purpose, now_ms)
        row_number = audit.append(connection, _entry(request, "search", "answered", f"{len(found)} results"), now_ms)
    last = rows[request.limit - 1] if more else None
    return Page(found=found, next=f"{last['captured_ms']}.{last['row']}" if last else None, audit=row_number)


def screen(policy: Policy, request: SearchRequest) -> Iterator[tuple[str, str]]:
    """Everything that forbids a search: (code, sentence)."""
    yield from who_faults(policy, request.person)
    purpose = next((one for one in policy.search.purposes if one.key == request.purpose), None)
    forbidden = next((one for one in policy.search.prohibited if one.key == request.purpose), None)
    if forbidden is not None:
        yield f"prohibited: {forbidden.key}", f"the department prohibits this purpose: {forbidden.title}"
    elif purpose is None:
        allowed = ", ".join(one.key for one in policy.search.purposes)
        yield "purpose unknown", f"the purpose is not one of the policy's: {allowed}"
    elif purpose.case_required and not is_case_number(request.case_number):
        yield "case missing", f"the purpose {purpose.key} needs a case number (--case)"
    yield from screening.reason_faults(request.reason, policy.search)
    yield from _what_faults(policy, request)


def who_faults(policy: Policy, person: Person) -> Iterator[tuple[str, str]]:
    """Whether the policy names the agency, and the person a name. Look-alike letters are no letters here."""
    if not _PERSON.fullmatch(person.name):
        yield "name missing", "say who asks (--by): a name in Latin letters"
    if person.agency not in (policy.department.name, *policy.agencies):
        yield "agency unknown", "the policy names no such agency (--agency): spell it as in policy.yaml"


def _what_faults(policy: Policy, request: SearchRequest) -> Iterator[tuple[str, str]]:
    if request.plate is not None:
        yield from _plate_faults(request.plate)
    elif request.type is None and request.color is None:
        yield "nothing asked", "give a plate, or a vehicle's type or colour"
    elif request.since_ms is None or (request.until_ms or 2**62) - request.since_ms > WINDOW_MS_MAX:
        yield "window too wide", "a search without a plate needs --from and --to, at most seven days apart"
    if request.since_ms is not None and request.until_ms is not None and request.since_ms >= request.until_ms:
        yield "window empty", "--from is not before --to"
    if set(request.cameras) - set(policy.cameras):
        yield "camera unknown", f"the policy names these cameras: {', '.join(policy.cameras)}"
    if not 1 <= request.limit <= PAGE_MAX:
        yield "limit wrong", f"a page has 1 to {PAGE_MAX} results"
    if request.after is not None and not re.fullmatch(r"\d{1,15}\.\d{1,15}", request.after, re.ASCII):
        yield "page unknown", "--after takes what the page before said"


def _plate_faults(plate: str) -> Iterator[tuple[str, str]]:
    try:
        text = plate_text.normalise(plate, wildcards=True)
    except plate_text.NotPlateText as error:
        yield "plate malformed", f"this is no plate: {error}"
        return
    if plate_text.literals(text) < LITERALS_MIN:
        yield "plate too wide", f"a plate pattern pins down at least {LITERALS_MIN} characters"


def _found(row: RowMapping, request: SearchRequest) -> Found:
    characters: Literal["exact", "confusable", "vehicle"] = "vehicle"
    if request.plate is not None:
        pattern = plate_text.zero(plate_text.normalise(request.plate, wildcards=True))
        characters = "exact" if plate_text.matches(pattern, plate_text.zero(row["plate"])) else "confusable"
    return Found(
        id=row["id"],
        seen=time(row["captured_ms"] * 1_000_000),
        camera=row["camera"],
        direction=row["direction"],
        plate=row["plate"],
        characters=characters,
        confidence=row["confidence"],
        region=row["region"],
        vehicle_type=row["vehicle_type"],
        color=row["color"],
    )


def _gravest(faults: tuple[tuple[str, str], ...]) -> str:
    """The cause that the public page counts a refusal by: a prohibited use before a slip of the pen."""
    return min((code for code, _ in faults), key=_slip)


def _codes(faults: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(sorted(dict.fromkeys(code for code, _ in faults), key=_slip))


def _slip(code: str) -> bool:
    return not code.startswith("prohibited")


def _entry(request: SearchRequest, act: Literal["search", "search refused"], outcome: str, detail: str) -> audit.Entry:
    return audit.Entry(
        act=act,
        who=request.person.name,
        agency=request.person.agency,
        purpose=request.purpose,
        reason=request.reason,
        case_number=request.case_number,
        outcome=outcome,
        query=_asked(request),
        detail=detail,
    )


def _asked(request: SearchRequest) -> str:
    """Everything that was asked for, in words: the plate, the window, the rest."""
    parts = {
        "plate": request.plate,
        "exact": "yes" if request.exact else None,
        "from": None if request.since_ms is None else time(request.since_ms * 1_000_000),
        "to": None if request.until_ms is None else time(request.until_ms * 1_000_000),
        "camera": " ".join(request.cameras) or None,
        "type": request.type,
        "color": request.color,
        "direction": request.direction,
        "after": request.after,
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)


def plate_of(asked: str) -> str | None:
    """The folded plate that an audit row's query asks for (two spellings of one plate are one), or None."""
    found = re.match(r"plate ([^,]+)", asked)
    if found is None:
        return None
    try:
        return plate_text.fold(plate_text.normalise(found.group(1), wildcards=True))
    except plate_text.NotPlateText:
        return None
