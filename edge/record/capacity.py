"""The proof that a message cannot hold a picture: how many bytes each wire type can take at most, from its types alone.

Walks every field down to its strings and numbers. A string without a pattern that ends, a number or a list without
bounds, bytes, a free dictionary or `Any` has no such limit and is refused by name, so a careless field never ships.
"""

from __future__ import annotations

import sys
from math import floor
from typing import Any, Final

import msgspec
from msgspec import inspect

from edge.record.boundary import DECIMALS

if sys.version_info >= (3, 11):
    from re import _parser as patterns  # type: ignore[attr-defined]
else:  # pragma: no cover — the same module under its old name
    import sre_parse as patterns

PATTERN_CHARACTERS_MAX: Final = 64
"""A SHA-256 in hex; nothing that we publish as one text is longer."""


class Unlimited(ValueError):
    """A field that could hold anything: the message names it and what it lacks."""


def capacity(message: type[msgspec.Struct]) -> int:
    """The most bytes that one message of this type can take as JSON. Raises Unlimited, naming the field."""
    return _bytes(inspect.type_info(message), message.__name__)


def _bytes(kind: inspect.Type, where: str) -> int:  # noqa: PLR0911 — one line a kind
    """The branches stand here; the helpers below know one kind each."""
    if isinstance(kind, inspect.StructType):
        return _object_bytes(kind, where)
    if isinstance(kind, inspect.VarTupleType):
        return _list_bytes(kind, where)
    if isinstance(kind, inspect.UnionType):
        return max(_bytes(one, where) for one in kind.types)
    if isinstance(kind, inspect.StrType):
        return _text_bytes(kind, where)
    if isinstance(kind, (inspect.IntType, inspect.FloatType)):
        return _number_bytes(kind, where)
    if isinstance(kind, inspect.LiteralType):
        return max(len(msgspec.json.encode(value)) for value in kind.values)
    if isinstance(kind, (inspect.NoneType, inspect.BoolType)):
        return len("false")
    raise Unlimited(f"{where}: {type(kind).__name__} may hold anything; use a pattern, an enum or a bounded number")


def _object_bytes(kind: inspect.StructType, where: str) -> int:
    if not kind.forbid_unknown_fields:
        raise Unlimited(f"{where}: open to fields that nobody named; derive it from Wire")
    fields = (len(f'"{f.encode_name}":,') + _bytes(f.type, f"{where}.{f.name}") for f in kind.fields)
    return len("{}") + sum(fields)


def _list_bytes(kind: inspect.VarTupleType, where: str) -> int:
    if kind.max_length is None:
        raise Unlimited(f"{where}: a list without max_length")
    return len("[]") + kind.max_length * (1 + _bytes(kind.item_type, f"{where}[]"))


def _text_bytes(kind: inspect.StrType, where: str) -> int:
    if kind.pattern is None or not (kind.pattern.startswith("^") and kind.pattern.endswith(r"$(?!\n)")):
        raise Unlimited(f"{where}: a text without a pattern from ^ to $(?!\\n)")
    longest = int(patterns.parse(kind.pattern).getwidth()[1])
    if longest > PATTERN_CHARACTERS_MAX:
        raise Unlimited(f"{where}: a text of up to {longest} characters; at most {PATTERN_CHARACTERS_MAX}")
    return longest + len('""')


def _number_bytes(kind: inspect.IntType | inspect.FloatType, where: str) -> int:
    low, high = _either(kind.ge, kind.gt), _either(kind.le, kind.lt)
    if low is None or high is None:
        raise Unlimited(f"{where}: a number without bounds")
    decimals = DECIMALS + len(".") if isinstance(kind, inspect.FloatType) else 0
    return max(len(str(floor(low))), len(str(floor(high)))) + decimals


def _either(one: Any, other: Any) -> Any:  # noqa: ANN401 — numbers, or None
    return other if one is None else one
