"""The one door out: typed value → bytes. Nothing leaves the device that was not sealed here (design.md §4, fixed).

Every outgoing message is one of the wire types in `SEALABLE`. None of their fields can hold pixels, free text,
coordinates or a path: strings are patterns of at most a few dozen characters, numbers are bounded, and a test walks
every field of every type to keep it so. Outbox and publisher take `Sealed` alone, and only `seal` can make one.
"""

from __future__ import annotations

from typing import Final, final

import msgspec

from edge.record.sighting import Sighting

SEALED_BYTES_MAX: Final = 8192
"""A sighting is about 900 bytes; a picture of 64×192 does not fit in what is left."""

SEALABLE: Final[tuple[type[msgspec.Struct], ...]] = (Sighting,)

_KEY: Final = object()


class NotSealable(ValueError):
    """Something tried to leave that is no message of ours, or that breaks its own schema."""


@final
class Sealed:
    """Bytes that have passed the boundary. Made by `seal` alone: the constructor wants a key that nobody else holds."""

    __slots__ = ("_id", "_kind", "_payload")

    def __init__(self, key: object, kind: str, id: str | None, payload: bytes) -> None:  # noqa: A002 — the record's word
        if key is not _KEY:
            raise NotSealable("only edge.record.boundary.seal can make a Sealed")
        self._kind, self._id, self._payload = kind, id, payload

    @property
    def kind(self) -> str:
        """The schema's name without its version: `sighting`, `health`, …; also the topic's last level."""
        return self._kind

    @property
    def id(self) -> str | None:
        """The message's own id, where it has one."""
        return self._id

    @property
    def payload(self) -> bytes:
        """UTF-8 JSON."""
        return self._payload

    def __repr__(self) -> str:
        return f"Sealed({self._kind}, {len(self._payload)} bytes)"


def seal(message: msgspec.Struct) -> Sealed:
    """Check a message against its own type and turn it into bytes.

    Raises NotSealable for a type that is not in `SEALABLE`, a value that breaks its schema, or more than
    `SEALED_BYTES_MAX` bytes. Constructing a Struct does not validate it, so the bytes are read back here.
    """
    if type(message) not in SEALABLE:
        raise NotSealable(
            f"{type(message).__name__} is not a message that may leave; see edge.record.boundary.SEALABLE"
        )
    payload = msgspec.json.encode(message)
    return _checked(type(message), payload)


def _checked(kind: type[msgspec.Struct], payload: bytes) -> Sealed:
    if len(payload) > SEALED_BYTES_MAX:
        raise NotSealable(f"{kind.__name__} of {len(payload)} bytes; at most {SEALED_BYTES_MAX} may leave")
    try:
        known = msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        raise NotSealable(f"{kind.__name__}: {error}") from error
    schema: str = known.schema  # type: ignore[attr-defined]
    return Sealed(_KEY, schema.partition("/")[0], getattr(known, "id", None), payload)


def reseal(kind: str, payload: bytes) -> Sealed:
    """Bytes from our own outbox, checked again before they leave: a damaged or forged row is NotSealable."""
    for candidate in SEALABLE:
        if msgspec.structs.fields(candidate)[0].default.partition("/")[0] == kind:
            return _checked(candidate, payload)
    raise NotSealable(f"{kind!r} is no message of ours")
