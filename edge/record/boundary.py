"""The one door out: typed value → bytes. Nothing leaves the device that was not sealed here (design.md §4, fixed).

Every outgoing message is one of the wire types in `SEALABLE`. None of their fields can hold free text, coordinates or
a path, and none a pixel but a plate's own crop (`evidence`, off by default): strings are patterns of at most a few
dozen characters, whole numbers and lists have an end, and `capacity` proves it for every type. The bytes are always
written here, from the checked value, in one spelling: blanks, repeated keys and the far digits of a float could carry
something, and are gone.

Python has no walls, so `Sealed` is made hard to forge, and forging it gains nothing: whoever holds a socket or a file
calls `recheck`, which reads the bytes back through their type and writes them anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar, final
from weakref import WeakKeyDictionary

import msgspec

from edge.record.access import Access
from edge.record.audit_head import AuditHead
from edge.record.counters import Counters
from edge.record.desk_status import DeskStatus
from edge.record.discovery import Discovery, DiscoverySighting
from edge.record.evidence import Evidence, EvidenceRequest
from edge.record.frigate import FrigateUpdate
from edge.record.health import Health
from edge.record.hit import Hit
from edge.record.selftest import SelfTest
from edge.record.sighting import Sighting
from edge.record.status import Status
from edge.record.verdict import Verdict

SEALED_BYTES_MAX: Final = 4096
"""A sighting is about 900 bytes, and no message can be larger than 3,100 by its types (see `capacity`), but one:"""
EVIDENCE_BYTES_MAX: Final = 13_312
"""A plate's own crop, 192×64 points of four bits: the one exception, off unless the department's policy wants it."""

SEALABLE: Final[tuple[type[msgspec.Struct], ...]] = (
    Sighting,
    Status,
    Health,
    Counters,
    SelfTest,
    Access,
    Hit,
    Verdict,
    AuditHead,
    DeskStatus,
    Evidence,
    EvidenceRequest,
    Discovery,
    DiscoverySighting,
    FrigateUpdate,
)
_UNMARKED: Final[dict[type[msgspec.Struct], str]] = {
    Discovery: "discovery/1",
    DiscoverySighting: "discovery_sighting/1",
    FrigateUpdate: "frigate_update/1",
}
"""Whose format is another's: they bear no schema of ours."""

_VALUE: Final = re.compile(r"(enum value|unknown field) .*?(?= - at `|$)", re.DOTALL)
"""What msgspec repeats of a value in its errors."""

_DECODERS: Final[dict[type[msgspec.Struct], msgspec.json.Decoder[Any]]] = {
    message: msgspec.json.Decoder(message) for message in SEALABLE
}
"""Made while this module is imported, by one thread: msgspec 0.22 crashes the process when two threads are the first to
decode the same type at once, as the vision thread and the link's are. tests/record/test_boundary.py watches it."""

DECIMALS: Final = 3
"""Of every float on the wire."""

Message = TypeVar("Message", bound=msgspec.Struct)


class NotSealable(ValueError):
    """Something tried to leave, or to come in, that is no message of ours or breaks its own schema.

    The text names the rule and the field, never the value: it may be a plate.
    """


@dataclass(frozen=True, slots=True)
class _Content:
    kind: str
    id: str | None
    payload: bytes
    camera: str | None = None


@final
class Sealed:
    """Bytes that have passed the boundary. `seal` alone makes them: no constructor, no copy, no pickle, no subclass.

    What a Sealed holds does not hang on it but lies in this module, under its identity, so an object that came about
    in any other way is empty and says so.
    """

    __slots__ = ("__weakref__",)

    def __new__(cls, *_: object, **__: object) -> Sealed:
        """Refuses: there is no constructor."""
        raise NotSealable("only edge.record.boundary.seal can make a Sealed")

    def __init_subclass__(cls, **_: object) -> NoReturn:
        raise NotSealable("a Sealed has no subclasses")

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise NotSealable("a Sealed cannot be copied or pickled; seal the message again")

    @property
    def kind(self) -> str:
        """The schema's name without its version, such as `sighting`."""
        return _content(self).kind

    @property
    def id(self) -> str | None:
        """The message's own id, where it has one."""
        return _content(self).id

    @property
    def camera(self) -> str | None:
        """The camera that the message is of or for, where it names one."""
        return _content(self).camera

    @property
    def payload(self) -> bytes:
        """UTF-8 JSON."""
        return _content(self).payload

    def __repr__(self) -> str:
        return f"Sealed({self.kind}, {len(self.payload)} bytes)"


_CONTENTS: Final[WeakKeyDictionary[Sealed, _Content]] = WeakKeyDictionary()


def seal(message: msgspec.Struct) -> Sealed:
    """Check a message against its own type and write it down.

    Raises NotSealable for a type that is not in `SEALABLE`, a value that breaks its schema, or more than
    `bytes_max` allows. Constructing a Struct does not validate it, so the bytes are read back here.
    """
    if type(message) not in SEALABLE:
        raise NotSealable(f"{type(message).__name__} is no message that may leave; see edge.record.boundary.SEALABLE")
    payload = msgspec.json.encode(_spelled(msgspec.to_builtins(message)))
    known = _read(type(message), payload)
    sealed = object.__new__(Sealed)
    _CONTENTS[sealed] = _Content(
        kind=kind_of(type(message)),
        id=getattr(known, "id", None),
        payload=payload,
        camera=getattr(known, "camera", None),
    )
    return sealed


def unseal(payload: bytes, expected: type[Message]) -> Message:
    """The way back: bytes from a broker or a disk → the message, or NotSealable when they are not exactly one."""
    assert expected in SEALABLE, f"{expected.__name__} is no message of ours"
    message = _read(expected, payload)
    _spelled(msgspec.to_builtins(message))
    return message


def reseal(kind: str, payload: bytes) -> Sealed:
    """Bytes from our own outbox, checked again before they leave: a damaged or forged row is NotSealable."""
    return seal(unseal(payload, _type_of(kind)))


def recheck(sealed: object) -> Sealed:
    """What every door calls just before the bytes go: whatever it is handed, only a message of ours comes back."""
    if not isinstance(sealed, Sealed):
        raise NotSealable(f"{type(sealed).__name__} has not passed the boundary; seal it first")
    return reseal(sealed.kind, sealed.payload)


def kind_of(message: type[msgspec.Struct]) -> str:
    """`Sighting` → `sighting`: the schema's name without its version."""
    return schema_of(message).partition("/")[0]


def schema_of(message: type[msgspec.Struct]) -> str:
    """`Sighting` → `sighting/1`."""
    marked: str = msgspec.structs.fields(message)[0].default
    return _UNMARKED.get(message, marked)


def kind_within(payload: bytes) -> str:
    """Of bytes that were sealed: the schema stands first. Whatever else they are, `reseal` will say so."""
    return payload[:40].partition(b'"schema":"')[2].partition(b"/")[0].decode("ascii", "replace")


def bytes_max(message: type[msgspec.Struct]) -> int:
    """How large a message of this type may be."""
    return EVIDENCE_BYTES_MAX if message is Evidence else SEALED_BYTES_MAX


def _type_of(kind: str) -> type[msgspec.Struct]:
    for candidate in SEALABLE:
        if kind_of(candidate) == kind:
            return candidate
    raise NotSealable("no message of ours has this kind")


def _content(sealed: Sealed) -> _Content:
    try:
        return _CONTENTS[sealed]
    except KeyError:
        raise NotSealable("this Sealed was not made by edge.record.boundary.seal") from None


def _read(expected: type[Message], payload: bytes) -> Message:
    if len(payload) > bytes_max(expected):
        raise NotSealable(f"{expected.__name__} of {len(payload)} bytes; at most {bytes_max(expected)} may pass")
    try:
        message: Message = _DECODERS[expected].decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        rule = _VALUE.sub(r"\1", str(error))
        raise NotSealable(f"{expected.__name__}: {rule}") from None
    return message


def _spelled(value: Any) -> Any:  # noqa: ANN401 — JSON's own types, all the way down
    """Floats to three decimals; text must be printable ASCII, for Python's `$` lets a line feed through."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, str) and not (value.isascii() and value.isprintable()):
        raise NotSealable("a text that is not printable ASCII")
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(item) for item in value]
    return value
