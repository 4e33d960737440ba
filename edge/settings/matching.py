"""A tree of written settings × the type that they should have → plain values, and every problem on the way."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import msgspec.inspect as types
import yaml

from edge.settings.problems import Problem
from edge.settings.scalars import Wrong, choice, optional, rule_of, scalar, shown
from edge.settings.secret import is_secret

Rules = Mapping[type, Callable[[Any], Iterable[tuple[str, str]]]]
"""What the limits of single values cannot say: for a Struct's type, a function from such a Struct to the
(key, sentence) pairs of what contradicts itself; a sentence is "what must hold: what to do". A section's rules run as
soon as the section itself is right, whatever else is wrong."""

SECRET_FILES = ("password_file", "credentials_file", "token_file")
"""Keys that name a secret's file; people write the secret itself there."""

WRONG: Final = object()
"""Stands for a value that has a problem."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the file, and by which keys, the walk is."""

    node: yaml.Node
    """What a message points at: the value, or its key where there is no value."""
    key: str = ""
    required: bool = True
    default: str = ""
    """What holds when the line is taken out, in YAML; empty when it cannot be, or is a whole section."""

    @property
    def name(self) -> str:
        """The last key alone."""
        return self.key.rsplit(".", 1)[-1]

    def below(self, key: str) -> str:
        """The path of a key inside this one."""
        return f"{self.key}.{key}" if self.key else key


class Matching:
    """One walk over one file's tree. `problems` holds what was found when it is over."""

    def __init__(self, file: str, rules: Rules, root: types.StructType) -> None:
        self._file, self._rules, self._root = file, rules, root
        self.problems: list[Problem] = []

    def match(self, node: yaml.Node, kind: types.Type, spot: Spot) -> Any:  # noqa: ANN401 (whatever the type wants)
        """The node as plain values of the type, or WRONG, with its problems noted."""
        kind, empty, description = optional(kind)
        if _is_nothing(node) and empty:
            return None
        if _is_nothing(node) and not spot.required and not isinstance(kind, _SCALARS):
            return msgspec.UNSET  # a section whose every line is a comment
        if isinstance(kind, _SCALARS) and isinstance(node, yaml.ScalarNode):
            return self._note(scalar(node, kind, spot.name, description), spot)
        return self._collection(node, kind, spot)

    def _collection(self, node: yaml.Node, kind: types.Type, spot: Spot) -> Any:  # noqa: ANN401
        if isinstance(kind, types.StructType) and isinstance(node, yaml.MappingNode):
            return self._section(node, kind, spot)
        if isinstance(kind, types.DictType) and isinstance(node, yaml.MappingNode):
            return self._free_keys(node, kind, spot)
        if isinstance(kind, types.VarTupleType) and isinstance(node, yaml.SequenceNode):
            return self._list(node, kind, spot)
        return self._note(Wrong(rule_of(kind, spot.name), _described(node), _shape(kind)), spot)

    def _section(self, node: yaml.MappingNode, kind: types.StructType, spot: Spot) -> Any:  # noqa: ANN401
        before = len(self.problems)
        written = self._keys(node, spot)
        fields = {field.encode_name: field for field in kind.fields}
        meant = {self._unknown(key, name, spot, fields) for name, (key, _) in written.items() if name not in fields}
        values = {}
        for name, field in fields.items():
            node_of = written[name][1] if name in written else None
            inner = Spot(node_of or spot.node, spot.below(name), field.required, _default(field))
            if node_of is not None:
                values[name] = self.match(node_of, field.type, inner)
            elif field.required and name not in meant:
                self._missing(field, spot)
            if values.get(name, msgspec.UNSET) is msgspec.UNSET and isinstance(field.default, msgspec.Struct):
                self._contradictions(field.default, None, inner)
        if len(self.problems) > before:
            return WRONG
        values = {name: value for name, value in values.items() if value is not msgspec.UNSET}
        section = msgspec.convert(values, kind.cls)
        self._contradictions(section, node, spot)
        return section if len(self.problems) == before else WRONG

    def _free_keys(self, node: yaml.MappingNode, kind: types.DictType, spot: Spot) -> Any:  # noqa: ANN401
        found = {}
        for name, (key, value) in self._keys(node, spot).items():
            inner = Spot(key, spot.below(name))
            allowed, _, description = optional(kind.key_type)
            made = (
                choice(name, tuple(str(value) for value in allowed.values))
                if isinstance(allowed, types.LiteralType)
                else scalar(key, allowed, name, description)
            )
            made = self._note(made, inner)
            found[name] = (
                self.match(value, kind.value_type, Spot(value, spot.below(name))) if made is not WRONG else WRONG
            )
        return WRONG if WRONG in found.values() else found

    def _list(self, node: yaml.SequenceNode, kind: types.VarTupleType, spot: Spot) -> Any:  # noqa: ANN401
        items = [self.match(item, kind.item_type, Spot(item, f"{spot.key}[{n}]")) for n, item in enumerate(node.value)]
        low, high = kind.min_length or 0, kind.max_length
        if len(items) < low or (high is not None and len(items) > high):
            rule = f"a list of {low} to {high}" if high is not None else f"a list of at least {low}"
            return self._note(Wrong(rule, f"{len(items)}", "add some" if len(items) < low else "take some out"), spot)
        return WRONG if any(item is WRONG for item in items) else tuple(items)

    def _keys(self, node: yaml.MappingNode, spot: Spot) -> dict[str, tuple[yaml.ScalarNode, yaml.Node]]:
        """The section's keys as they are written, each once."""
        found: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(
                    Wrong("a key is one word", _described(key), "write one word before the colon"), Spot(key, spot.key)
                )
            elif key.value in found:
                line = found[key.value][0].start_mark.line + 1
                wrong = Wrong("each key stands once", f"a second one; the first is in line {line}", "keep one of them")
                self._note(wrong, Spot(key, spot.below(key.value)))
            else:
                found[key.value] = (key, value)
        return found

    def _unknown(self, key: yaml.ScalarNode, name: str, spot: Spot, fields: Mapping[str, types.Field]) -> str | None:
        """Note a key that the section does not have. Returns the one that was probably meant."""
        inner = Spot(key, spot.below(name[:60]))
        near = _near(name, tuple(fields))
        if is_secret(name):
            files = [field for field in fields if field.endswith(SECRET_FILES)]
            target = f"name the file in {files[0]}" if files else "name that file where the secret is used"
            fix = f"put it alone into a file that only the service can read, and {target}"
            self._note(Wrong("secrets never stand in settings", "a secret (not shown)", fix), inner)
            return None
        elsewhere = None if near else next(iter(_elsewhere(name, self._root)), None)
        known = ", ".join(fields)
        if near:
            fix = f"did you mean {near}?"
        elif elsewhere:
            fix = f"move it: there is {elsewhere}"
        else:
            fix = f"take it out; known here: {known}"
        self._note(Wrong(f"{spot.key or 'the file'} has no such key", shown(name), fix), inner)
        return near

    def _missing(self, field: types.Field, spot: Spot) -> None:
        kind, _, description = optional(field.type)
        rule = f"required: {rule_of(kind, field.encode_name, description)}"
        fix = (
            f"add `{field.encode_name}: …`" if isinstance(kind, _SCALARS) else f"add the section `{field.encode_name}:`"
        )
        self._note(Wrong(rule, "nothing", fix), Spot(spot.node, spot.below(field.encode_name)))

    def _contradictions(self, section: object, node: yaml.MappingNode | None, spot: Spot) -> None:
        """Run the section's rules; `node` is None where the section is not written, and its defaults hold."""
        for kind in type(section).__mro__:
            for key, sentence in self._rules[kind](section) if kind in self._rules else ():
                rule, _, fix = sentence.partition(": ")
                place = _find(node, key) if node is not None else None
                got = _described(place) if place is not None else _unwritten(section, key)
                if place is not None and key.endswith(SECRET_FILES) and "/" not in got:
                    got = "a name (not shown: it may be the secret itself)"
                inner = Spot(place or node or spot.node, spot.below(key))
                self._note(Wrong(rule, got, fix or "change this, or what it contradicts"), inner)

    def _note(self, made: object, spot: Spot) -> Any:  # noqa: ANN401
        """The value, or WRONG with its problem written down."""
        if not isinstance(made, Wrong):
            return made
        mark = spot.node.start_mark
        fix = made.fix
        self.problems.append(
            Problem(
                file=self._file,
                line=mark.line + 1,
                column=mark.column + 1,
                key=spot.key,
                rule=made.rule,
                got=made.got,
                fix=f"{fix}; the default is {spot.default}" if spot.default else fix,
            )
        )
        return WRONG


_SCALARS = (types.BoolType, types.IntType, types.FloatType, types.StrType, types.LiteralType)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and bool(node.tag.endswith(":null")) and node.style is None


def _described(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a section with the keys " + ", ".join(str(key.value)[:30] for key, _ in node.value[:3])
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}"
    return shown(node.value)


def _shape(kind: types.Type) -> str:
    """What to write where something of another shape stands."""
    if isinstance(kind, types.VarTupleType):
        return "write a list: [one, two], or a line `- one` for each"
    if isinstance(kind, (types.StructType, types.DictType)):
        return "write `key: value` lines below it, indented"
    return "write one value behind the colon"


def _default(field: types.Field) -> str:
    """A single value's default as YAML would have it."""
    if field.default is msgspec.NODEFAULT or isinstance(field.default, msgspec.Struct):
        return ""
    plain = msgspec.to_builtins(field.default)
    return "empty" if plain in (None, []) else msgspec.json.encode(plain).decode().strip('"')


def _unwritten(section: object, key: str) -> str:
    default = getattr(section, key, None)
    return f"the default, {default}" if isinstance(default, (str, int, float)) else "nothing"


def _near(name: str, known: tuple[str, ...]) -> str | None:
    plain = name.lower().replace("-", "_")
    return next(iter(difflib.get_close_matches(plain, known, n=1, cutoff=0.6)), None)


def _elsewhere(name: str, kind: types.StructType, above: str = "") -> Iterable[str]:
    """Where else in the settings a key of this name is known."""
    plain = name.lower().replace("-", "_")
    for field in kind.fields:
        path = f"{above}.{field.encode_name}" if above else field.encode_name
        if field.encode_name == plain:
            yield path
        inner, _, _ = optional(field.type)
        if isinstance(inner, types.StructType):
            yield from _elsewhere(name, inner, path)


def _find(node: yaml.Node, key: str) -> yaml.Node | None:
    """What stands at a path of keys such as `look[1].x0`; None when nothing does."""
    found: yaml.Node | None = node
    for word in key.replace("[", ".[").split("."):
        if isinstance(found, yaml.SequenceNode) and word.startswith("["):
            found = next(iter(found.value[int(word[1:-1]) :]), None)
        elif isinstance(found, yaml.MappingNode):
            found = next((value for name, value in found.value if name.value == word), None)
        else:
            return None
    return found
