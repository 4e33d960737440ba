"""A hotlist's file → entries, or every line that is wrong. Whole or not at all: a list with a broken line is refused.

Three formats, one result:

    ncic    the NCIC licence-plate-reader extract, fixed width or comma-separated, line by line (Kansas mixes them)
    csv     plate,state[,code][,type][,color][,expires][,calibration]      a header line names the columns
    amber   alert,plate,state,expires[,type][,color]                       likewise

A list is plain ASCII. Other forms of the same characters (fullwidth digits, no-break blanks, dashes) are read as those;
what only looks alike, or is not to be seen at all, is a problem: it would match nothing, and nobody would know.

What a line may not be (Immigration Violator, suspended registration, junk plates, repetitions, files that the policy
does not alert on) is left out and counted by reason; what it cannot be is a problem with its line number.
"""

from __future__ import annotations

import csv
import functools
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final, Literal

from edge.desk.hotlists import codes
from edge.desk.hotlists.index import WILDCARD_LITERALS_MIN, WILDCARDS_MAX, PackedRow, mask, packed_row
from edge.record import plate_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.record.words import Color, VehicleType

Format = Literal["ncic", "csv", "amber"]
LeftOut = Literal["immigration", "suspended", "junk", "not alerted on", "repeated", "expired"]

BYTES_MAX: Final = 400_000_000
LINE_MAX: Final = 400
PROBLEMS_MAX: Final = 100
"""Enough to see what kind of file it is."""

_BLANKS: Final = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2212"
_PLAIN: Final = str.maketrans(
    {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}  # fullwidth forms
    | dict.fromkeys(_BLANKS, " ")
    | dict.fromkeys(_DASHES + "·•", "-")
)
"""What is the same character by Unicode, or a separator that a plate is written with and compared without."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be read, and why; never the line itself, for it may name somebody."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


@dataclass(slots=True)
class Reading:
    """What a file came to."""

    rows: list[PackedRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    unknown_states: int = 0
    respelled: int = 0
    """Lines with other forms of plain characters."""
    made_s: int | None = None
    """When the extract was made, where its header says so."""


class WrongLine(ValueError):
    """One line's problem, on its way to `Reading.problems`."""


class Skip(Exception):
    """One line's reason for being left out: not an error, the line is understood."""

    def __init__(self, reason: LeftOut) -> None:
        super().__init__(reason)
        self.reason: LeftOut = reason


def read(content: bytes, form: Format, active_codes: frozenset[str], now_s: int) -> Reading:
    """Read a whole file. Its problems are in the result; nothing is raised for what the file contains."""
    reading = Reading()
    lines = _lines(content, reading)
    if reading.problems:
        return reading
    parse = _ncic(reading) if form == "ncic" else _table(lines, form, reading)
    seen: set[tuple[bytes, bytes, bytes]] = set()
    for number, line in enumerate(lines, start=1):
        if len(reading.problems) >= PROBLEMS_MAX:
            break
        if not line.strip() or (number == 1 and form != "ncic"):
            continue
        try:
            if number == 1 and _is_header(line, reading):
                continue
            _check_line(line)
            row = parse(line)
            _admit(row, active_codes, now_s, seen)
            reading.rows.append(row)
        except Skip as skip:
            reading.left_out[skip.reason] += 1
        except (WrongLine, plate_text.NotPlateText) as error:
            reading.problems.append(Problem(number, str(error)))
    _check_whole(reading, form)
    return reading


def _lines(content: bytes, reading: Reading) -> list[str]:
    if len(content) > BYTES_MAX:
        reading.problems.append(Problem(1, f"{len(content)} bytes; a list has at most {BYTES_MAX}"))
        return []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content.count(b"\n", 0, error.start) + 1
        reading.problems.append(Problem(broken, f"byte {error.start} is no text in UTF-8: this is no list"))
        return []
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        if not line.isascii():
            lines[number] = line.translate(_PLAIN)
            reading.respelled += 1
    return lines


def _check_line(line: str) -> None:
    """Raises WrongLine for what no line of any list can be."""
    if len(line) > LINE_MAX:
        raise WrongLine(f"{len(line)} characters; a line has at most {LINE_MAX}")
    if not line.isprintable() and any(ord(c) < 32 and c != "\t" for c in line):
        raise WrongLine("a control character: this is no list")
    if not line.isascii():
        place, strange = next((n, c) for n, c in enumerate(line, start=1) if not c.isascii())
        name = plate_text.name(strange)
        raise WrongLine(f"character {place} is {name}, which matches nothing: write plain letters and digits")


def _admit(row: PackedRow, active: frozenset[str], now_s: int, seen: set[tuple[bytes, bytes, bytes]]) -> None:
    fold, text, region, code, _, _, expires_s, _ = row
    if codes.is_junk(text.decode()):
        raise Skip("junk")
    if code and code.decode() not in active:
        raise Skip("not alerted on")
    if expires_s and expires_s <= now_s:
        raise Skip("expired")
    # By plate, state and file: the same characters in a second state are another vehicle, and stay.
    key = (text, region, code)
    if key in seen:
        raise Skip("repeated")
    seen.add(key)
    assert fold, "an entry without a plate"


def _check_whole(reading: Reading, form: Format) -> None:
    wildcards = sum(1 for row in reading.rows if row[7] & 2)
    if wildcards > WILDCARDS_MAX:
        reading.problems.append(Problem(1, f"{wildcards} wildcard entries; a list has at most {WILDCARDS_MAX}"))
    if not reading.rows and not reading.problems and not reading.left_out and form == "ncic":
        reading.problems.append(Problem(1, "no entry at all: the transfer was cut, or this is no NCIC extract"))


# ── NCIC ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_NIC: Final = re.compile(r"[A-Z]\d{9}")
_ALMOST: Final = re.compile(r".{10}[A-Z0-9]{9}\d{8}.{12}|.{0,2},[^,]*,\d{8},|[^,]*,[A-Z]{2}[A-Z0-9]{7},\d{8},")
"""A first line that is a broken record and no header: ORI or code, and the date, stand where a record has them."""
_HEADER_DATE: Final = re.compile(r"(20\d\d)-?([01]\d)-?([0-3]\d)(?:[T ]?([0-2]\d):?([0-5]\d))?")


def _ncic(reading: Reading) -> Callable[[str], PackedRow]:
    def parse(line: str) -> PackedRow:
        code, plate, state, plate_type, style, color = _by_comma(line) if "," in line else _by_column(line)
        _allowed(code)
        if not plate or plate.isspace():
            raise Skip("junk")
        region = _region(state)
        if region is None:
            reading.unknown_states += 1
        text = plate_text.zero(plate_text.normalise(plate))
        types, colors = _look(style, plate_type, color)
        spelled = text.encode(), (region or "").encode(), code.encode()
        return plate_text.fold(text).encode(), *spelled, types, colors, 0, 0

    return parse


def _by_column(line: str) -> tuple[str, str, str, str, str, str]:
    if not _NIC.match(line):
        raise WrongLine("columns 1–10 are no NIC number (a letter and nine digits)")
    if len(line) < 39:
        raise WrongLine(f"{len(line)} characters; plate and state end in column 39")
    if not line[19:27].strip().isdigit():
        raise WrongLine("columns 20–27 are no date (yyyymmdd)")
    return line[0], line[27:37], line[37:39], line[43:45], line[56:58], line[58:65]


def _by_comma(line: str) -> tuple[str, str, str, str, str, str]:
    parts = [part.strip() for part in line.split(",")]
    if not 5 <= len(parts) <= 12:
        raise WrongLine(f"{len(parts)} fields; the comma-separated extract has 5 to 12")
    parts += [""] * (12 - len(parts))
    return parts[0].upper(), parts[3], parts[4], parts[6], parts[10], parts[11]


def _is_header(line: str, reading: Reading) -> bool:
    """The first line is a header unless it is a record, right or wrong: the extract has one that nobody documents."""
    if _NIC.match(line) or _ALMOST.match(line):
        return False
    _check_line(line)
    reading.made_s = _header_time(line)
    return True


def _header_time(line: str) -> int | None:
    found = _HEADER_DATE.search(line)
    if found is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        return int(datetime(year, month, day, hour, minute, tzinfo=timezone.utc).timestamp())
    except ValueError:
        return None


# ── tables with a header ──────────────────────────────────────────────────────────────────────────────────────────

_COLUMNS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "csv": (frozenset({"plate", "state"}), frozenset({"code", "type", "color", "expires", "calibration"})),
    "amber": (frozenset({"alert", "plate", "state", "expires"}), frozenset({"type", "color"})),
}
_EXPIRY: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:00)?Z")
_ALERT: Final = re.compile(r"[A-Za-z0-9_./-]{1,40}")


def _table(lines: list[str], form: Format, reading: Reading) -> Callable[[str], PackedRow]:
    header = lines[0] if lines else ""
    names = [name.strip().lower() for name in header.split(",")]
    try:
        _check_line(header)
        reading.problems += [Problem(1, problem) for problem in _header_problems(names, *_COLUMNS[form])]
    except WrongLine as wrong:
        reading.problems.append(Problem(1, str(wrong)))
    if reading.problems:
        lines.clear()

    def parse(line: str) -> PackedRow:
        try:
            values = next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise WrongLine(f"no CSV: {error}") from error
        if len(values) != len(names):
            raise WrongLine(f"{len(values)} fields; the header names {len(names)}")
        return _row({name: value.strip() for name, value in zip(names, values, strict=True)}, form)

    return parse


def _header_problems(names: list[str], needed: frozenset[str], optional: frozenset[str]) -> Iterator[str]:
    if missing := sorted(needed - set(names)):
        yield f"the header lacks {', '.join(missing)}: it must name {', '.join(sorted(needed))}"
    elif unknown := sorted(set(names) - needed - optional):
        # A name, a reason, an address: nothing of a person comes into the desk by a list.
        yield f"{len(unknown)} column(s) that no list may have; allowed besides: {', '.join(sorted(optional))}"
    elif len(set(names)) != len(names):
        yield "a column is named twice"


def _row(value: dict[str, str], form: Format) -> PackedRow:
    code = "A" if form == "amber" else value.get("code", "").upper()
    if code:
        _allowed(code)
    if form == "amber" and not _ALERT.fullmatch(value["alert"]):
        raise WrongLine("alert is no id: up to 40 letters, digits and _ . / -")
    if not value["plate"]:
        raise Skip("junk")
    text = plate_text.normalise(value["plate"], wildcards=form == "csv")
    if ("*" in text or "?" in text) and plate_text.literals(text) < WILDCARD_LITERALS_MIN:
        raise WrongLine(f"a wildcard entry pins down at least {WILDCARD_LITERALS_MIN} characters")
    region = _region(value["state"])
    if region is None and value["state"]:
        raise WrongLine("state is none that we know: two letters such as KS, or leave it empty")
    expires_s = _expiry(value.get("expires", ""), needed=form == "amber")
    calibration = _yes(value.get("calibration", ""))
    types, colors = _words(value.get("type", ""), value.get("color", ""))
    return packed_row(text, region, code, types, colors, expires_s, calibration=calibration)


def _words(kind: str, color: str) -> tuple[tuple[VehicleType, ...], tuple[Color, ...]]:
    types = tuple(t for t in codes.VEHICLE_TYPES if t == kind.lower()) or codes.types(kind, "")
    colors = tuple(c for c in codes.ALL_COLORS if c == color.lower()) or codes.colors(color)
    if kind and not types:
        raise WrongLine(f"type is none that we know: {', '.join(codes.VEHICLE_TYPES)}, or an NCIC style")
    if color and not colors:
        raise WrongLine(f"color is none that we know: {', '.join(codes.ALL_COLORS)}, or an NCIC colour")
    return types, colors


def _yes(value: str) -> bool:
    if value.lower() not in {"yes", "true", "1", "no", "false", "0", ""}:
        raise WrongLine("calibration is neither yes nor no")
    return value.lower() in {"yes", "true", "1"}


def _expiry(value: str, *, needed: bool) -> int:
    if not value:
        if needed:
            raise WrongLine("expires is empty: an alert ends")
        return 0
    moment = value if "T" in value else f"{value}T00:00Z"
    if not _EXPIRY.fullmatch(moment):
        raise WrongLine("expires is no UTC time: 2026-11-25T18:00Z or 2026-11-25")
    try:
        return int(datetime.strptime(moment[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=timezone.utc).timestamp())
    except ValueError as error:
        raise WrongLine("expires is a day or an hour that does not exist") from error


# ── what the formats share ────────────────────────────────────────────────────────────────────────────────────────


def _allowed(code: str) -> None:
    if code == codes.IMMIGRATION:
        raise Skip("immigration")
    if code in codes.SUSPENDED:
        raise Skip("suspended")
    if code not in codes.FILES:
        raise WrongLine(f"no NCIC file has the code that stands here; known: {', '.join(codes.FILES)}")


@functools.lru_cache(maxsize=1024)
def _region(state: str) -> str | None:
    return codes.region(state)


@functools.lru_cache(maxsize=65536)
def _look(style: str, plate_type: str, color: str) -> tuple[int, int]:
    types, colors = codes.types(style, plate_type), codes.colors(color)
    return mask(types, codes.VEHICLE_TYPES), mask(colors, codes.ALL_COLORS)
