"""One written value × one type → the value, or the rule that it breaks, what was got, and what to write instead.

Pure. What YAML 1.1 would make of the text counts only where people and programs agree on it: `0123`, `12:30` and
`north: no` are told, not guessed. Limits come from the types themselves (`msgspec.Meta`).
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import msgspec.inspect as types
import yaml

from edge.record.words import Name, RegionCode
from edge.settings.secret import hidden, password_in_address

_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[-+]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_DIGITS_MAX = 40
"""Longer numbers are out of every range, and Python takes its time over very long ones."""

_LOOKALIKES: tuple[tuple[str, Callable[[re.Match[str]], tuple[str, str]]], ...] = (
    (
        r"[-+]?0+([0-7]+)",
        lambda m: (f", which YAML takes for the octal {int(m[1], 8)}", f"write {m[1].lstrip('0') or 0}"),
    ),
    (r"[-+]?0+(\d.*)", lambda m: ("", f"write {m[1]}")),
    (r"[-+]?\d+(:[0-5]?\d)+(\.\d*)?", lambda _: (", which YAML counts in sixties", "write one number, without colons")),
    (r"\d{1,3}([,_' ]\d{3})+", lambda m: ("", f"write {re.sub('[^0-9]', '', m[0])}")),
    (r"[-+]?\d+,\d+", lambda m: ("", f"write {m[0].replace(',', '.')}, with a point")),
    (r"[-+]?\d{1,12}\.\d*", lambda m: ("", f"write {round(float(m[0]))}")),
    (r"([-+]?\d{1,12}(\.\d+)?)\s*%", lambda m: ("", f"write {float(m[1]) / 100:g}: shares are 0 to 1")),
    (r"([-+]?\d{1,12}(\.\d+)?)\s*[a-zA-Zµ°].*", lambda m: ("", f"write {m[1]} alone: the key tells the unit")),
)
"""What people write for a number → what to add to "got", and what to write instead."""

_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "px": "pixels",
    "days": "days",
    "hours": "hours",
    "minutes": "minutes",
    "bytes": "bytes",
}
"""Last words of keys → what they count."""

_PATTERNS = {
    get_args(Name)[
        1
    ].pattern: "a name of lower-case letters, digits, - and _, beginning with a letter or digit, at most 32",
    get_args(RegionCode)[1].pattern: "an ISO 3166 code such as US-KS or MX",
}
"""Patterns in words; where a type has its own `description`, that comes first."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that breaks a rule."""

    rule: str
    got: str
    fix: str


def optional(kind: types.Type) -> tuple[types.Type, bool, str]:
    """A type without its `| None` and its annotations: (the type, whether nothing may stand there, its description)."""
    if isinstance(kind, types.Metadata):
        inner, empty, described = optional(kind.type)
        return inner, empty, (kind.extra_json_schema or {}).get("description", described)
    if isinstance(kind, types.UnionType):
        others = [member for member in kind.types if not isinstance(member, types.NoneType)]
        assert len(others) == 1, f"settings know one type or nothing, not {kind.types}"
        inner, _, described = optional(others[0])
        return inner, True, described
    return kind, False, ""


def scalar(node: yaml.ScalarNode, kind: types.Type, key: str, description: str = "") -> object | Wrong:
    """The value that the node stands for, as the type wants it."""
    if isinstance(kind, types.BoolType):
        return _switch(node)
    if isinstance(kind, (types.IntType, types.FloatType)):
        return _number(node, kind, key)
    if isinstance(kind, types.LiteralType):
        return choice(node.value, tuple(str(value) for value in kind.values))
    assert isinstance(kind, types.StrType), f"settings hold no {kind}"
    return _text(node, kind, description)


def choice(text: str, values: tuple[str, ...]) -> str | Wrong:
    """One of a closed set; what YAML would take the text for does not matter then (`protocol: 5`)."""
    if text in values:
        return text
    near = next((value for value in values if value.casefold() == text.casefold()), None) or next(
        iter(difflib.get_close_matches(text, values, n=1, cutoff=0.5)), None
    )
    fix = f"did you mean {near}?" if near else f"write {values[0]}" if len(values) == 1 else "write one of these"
    return Wrong("one of " + ", ".join(sorted(values)), shown(text), fix)


def shown(text: str) -> str:
    """A written value as a message may quote it: short, on one line, without secrets."""
    line = " ".join(hidden(text).split())
    return f"“{line[:57]}…”" if len(line) > 60 else f"“{line}”" if line else "nothing"


def rule_of(kind: types.Type, key: str, description: str = "") -> str:
    """What may stand there, in words."""
    if isinstance(kind, types.BoolType):
        return "true or false"
    if isinstance(kind, (types.IntType, types.FloatType)):
        what = "a whole number" if isinstance(kind, types.IntType) else "a number"
        return f"{what}{_range(kind)}{_unit(key)}"
    if isinstance(kind, types.LiteralType):
        return "one of " + ", ".join(sorted(str(value) for value in kind.values))
    if isinstance(kind, types.StrType):
        return description or _PATTERNS.get(kind.pattern or "", "") or _plain_rule(kind)
    if isinstance(kind, types.DictType):
        return "a section of keys and values"
    return "a section of settings" if isinstance(kind, types.StructType) else "a list"


def _switch(node: yaml.ScalarNode) -> bool | Wrong:
    if node.style is None and node.value in _TRUE | _FALSE:
        return node.value in _TRUE
    fix = "write true or false, without quotes" if node.value in _TRUE | _FALSE else "write true or false"
    return Wrong("true or false", shown(node.value), fix)


def _number(node: yaml.ScalarNode, kind: types.IntType | types.FloatType, key: str) -> float | Wrong:
    text, rule = node.value, rule_of(kind, key)
    if node.style is not None:
        plain = _DECIMAL.fullmatch(text) is not None
        return Wrong(rule, f"the text {shown(text)}", "leave the quotes out" if plain else "write a number")
    pattern = _WHOLE if isinstance(kind, types.IntType) else _DECIMAL
    if len(text) > _DIGITS_MAX or not pattern.fullmatch(text):
        return Wrong(rule, *_not_a_number(text))
    value = int(text) if isinstance(kind, types.IntType) else float(text)
    if not math.isfinite(value):
        return Wrong(rule, shown(text), "write a number")
    return _within(value, kind, rule)


def _within(value: float, kind: types.IntType | types.FloatType, rule: str) -> float | Wrong:
    """`value` when it keeps the type's limits."""
    got = _figure(value)
    if kind.ge is not None and value < kind.ge:
        return Wrong(rule, got, f"write at least {_figure(kind.ge)}")
    if kind.gt is not None and value <= kind.gt:
        return Wrong(rule, got, f"write more than {_figure(kind.gt)}")
    if kind.le is not None and value > kind.le:
        return Wrong(rule, got, f"write at most {_figure(kind.le)}")
    if kind.lt is not None and value >= kind.lt:
        return Wrong(rule, got, f"write less than {_figure(kind.lt)}")
    return value


def _not_a_number(text: str) -> tuple[str, str]:
    """(got, fix) for what only looks like a number, or does not."""
    if not text:
        return "nothing", "write a number, or take the line out for the default"
    for pattern, advise in _LOOKALIKES:
        if match := re.fullmatch(pattern, text):
            added, fix = advise(match)
            return shown(text) + added, fix
    return shown(text), "write a number"


def _text(node: yaml.ScalarNode, kind: types.StrType, description: str) -> str | Wrong:
    text: str = node.value
    rule = rule_of(kind, "", description)
    if node.style is None and node.tag != "tag:yaml.org,2002:str":
        return _guessed(node, rule)
    if leak := _leak(text):
        return leak
    if kind.pattern is not None and (re.search(kind.pattern, text) is None or text.endswith("\n")):
        return Wrong(rule, shown(text), _respelled(text, kind.pattern))
    if kind.min_length is not None and len(text) < kind.min_length:
        return Wrong(rule, shown(text), f"write at least {kind.min_length} characters" if text else "write a text")
    if kind.max_length is not None and len(text) > kind.max_length:
        return Wrong(rule, f"{len(text)} characters", "write less")
    return text


def _respelled(text: str, pattern: str) -> str:
    """The fix for a text of a wrong form."""
    for place, character in enumerate(text, start=1):
        if not character.isascii() and character.isalpha():  # it may look just like one of ours
            name = unicodedata.name(character, f"U+{ord(character):04X}")
            return f"write it in Latin letters: character {place} is {name}"
    slug = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:32]
    fits = slug and "A-Z" not in pattern and re.search(pattern, slug) is not None
    return f"write {slug}" if fits else "write such a text"


def _leak(text: str) -> Wrong | None:
    """A secret that stands in a value."""
    if "-----BEGIN" in text:
        return Wrong("keys and certificates never stand in settings", "a key or certificate", "name its file instead")
    if password_in_address(text):
        fix = "take out what stands before the @: a secret lies in a file, which a key that ends in _file names"
        return Wrong("no password stands in an address", shown(text), fix)
    return None


def _guessed(node: yaml.ScalarNode, rule: str) -> Wrong:
    """A text that YAML would not take for a text."""
    if node.tag.endswith(":null"):
        return Wrong(rule, shown(node.value), "write a text, or take the line out for the default")
    taken = {
        "bool": "true" if node.value in _TRUE else "false",
        "int": "a number",
        "float": "a number",
        "timestamp": "a date",
    }.get(node.tag.rsplit(":", 1)[1], "something else")
    return Wrong(rule, f"{node.value}, which YAML takes for {taken}", f'write it in quotes: "{node.value}"')


def _plain_rule(kind: types.StrType) -> str:
    if kind.pattern is not None:
        return f"a text of the form {kind.pattern}"
    low, high = kind.min_length, kind.max_length
    if low is None and high is None:
        return "a text"
    return f"a text of {low or 0} to {high} characters" if high is not None else f"a text of at least {low} characters"


def _range(kind: types.IntType | types.FloatType) -> str:
    low = kind.ge if kind.ge is not None else kind.gt
    high = kind.le if kind.le is not None else kind.lt
    if low is None or high is None:
        return (
            f" of at least {_figure(low)}"
            if low is not None
            else f" of at most {_figure(high)}"
            if high is not None
            else ""
        )
    above = "above " if kind.ge is None else ""
    below = "below " if kind.le is None else ""
    return f" from {above}{_figure(low)} to {below}{_figure(high)}"


def _figure(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value}"


def _unit(key: str) -> str:
    unit = next((_UNITS[word] for word in reversed(key.split("_")) if word in _UNITS), None)
    return f" ({unit})" if unit else ""
