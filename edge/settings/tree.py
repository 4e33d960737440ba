"""A YAML file → its tree of nodes, each of which knows its line; or what keeps it from being a tree.

The tree and not the values, because YAML 1.1 guesses: `no` becomes false and `0123` becomes 83. With the node in hand
a mistake can be told as it was written, and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from edge.settings.problems import Problem, SettingsWrong
from edge.settings.secret import hidden

BYTES_MAX = 1_000_000
"""A settings file of a hundred times the size of the largest real one is something else."""
DEPTH_MAX = 20
"""Settings are four levels deep; a parser that recurses must not be handed a thousand."""

_SYNTAX = (
    (
        "mapping values are not allowed here",
        "a line holds one key and one value",
        "a space after each key's colon; quotes around a value that holds a colon and a space",
    ),
    ("cannot start any token", "a text may not begin with this character", "put the text in quotes"),
    ("while scanning a quoted scalar", "a text in quotes ends with the same quote", "add the closing quote"),
    ("unknown escape character", "in double quotes a backslash is special", "use single quotes"),
    ("flow sequence", "a list in brackets ends with ]", "add the ], and a comma between two values"),
    ("flow mapping", "a section in braces ends with }", "add the }, and a comma between two keys"),
    ("undefined alias", "a text may not begin with *", "put the text in quotes"),
    ("single document", "a settings file is one document", "take out the line ---"),
    ("expected <block end>", "keys of one section begin in the same column", "indent this line as the one above it"),
    ("<document start>", "keys of one section begin in the same column", "indent this line as the one above it"),
    ("could not find expected ':'", "a line is a key, a colon, a space and a value", "add the colon and the space"),
)
"""What the parser says, in part → the rule, what to do."""


def read_tree(path: Path, file: str) -> yaml.MappingNode:
    """The file's tree. SettingsWrong, with `file` as its name, when there is none."""
    text = _text(path, file)
    try:
        problems = list(_refused(text, file))
        node = None if problems else yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        problems = _syntax(text, file, error)
    except yaml.reader.ReaderError as error:
        got = f"the character U+{ord(text[error.position]):04X}"
        problems = [_at(file, *_place(text[: error.position]), "settings are printable text", got, "take it out")]
    if problems:
        raise SettingsWrong(problems)
    if not isinstance(node, yaml.MappingNode):
        got = "an empty file" if node is None else "a list" if isinstance(node, yaml.SequenceNode) else "one value"
        raise SettingsWrong([_whole(file, "a settings file is keys and values", got, "begin with `site: …`")])
    return node


def _text(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except OSError as error:
        got = (error.strerror or type(error).__name__).lower()
        fix = (
            "name an existing file"
            if isinstance(error, FileNotFoundError)
            else "name another, or let this user read it"
        )
        raise SettingsWrong([_whole(file, "a settings file can be read", got, fix)]) from None
    if len(raw) > BYTES_MAX:
        fix = "is this the settings file that you meant?"
        raise SettingsWrong([_whole(file, f"a settings file has at most {BYTES_MAX:,} bytes", "more", fix)])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place(raw[: error.start].decode("latin-1"))
        got = f"the byte 0x{raw[error.start]:02x}"
        raise SettingsWrong([_at(file, *place, "settings are UTF-8 text", got, "save the file as UTF-8")]) from None


def _refused(text: str, file: str) -> Iterator[Problem]:
    """What YAML allows and settings do not: references, tags, and depth without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        assert event.start_mark is not None, "SafeLoader marks every event"
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if depth > DEPTH_MAX:
            yield _at(file, *place, "settings are a few levels deep", f"level {depth}", "take out what is nested")
            return
        if isinstance(event, yaml.AliasEvent):
            yield _at(file, *place, "each value stands where it applies", f"*{event.anchor}", "write the value itself")
        elif tag := getattr(event, "tag", None):
            yield _at(file, *place, "a value needs no tag", str(tag), "take the tag out")


def _syntax(text: str, file: str, error: yaml.MarkedYAMLError) -> list[Problem]:
    """What the parser stumbled over, in words. It stops at the first, but tabs come in crowds and are told at once."""
    said = f"{error.context or ''}; {error.problem or ''}"
    endless = (
        "end of stream" in said and error.context_mark is not None
    )  # a quote that never ends is wrong where it begins
    mark = error.context_mark if endless else error.problem_mark or error.context_mark
    lines = text.splitlines()
    number, column = (min(mark.line, len(lines) - 1), mark.column) if mark is not None else (0, 0)
    if "'\\t'" in said:
        places = {n: line.find("\t") for n, line in enumerate(lines) if "\t" in line[: len(line) - len(line.lstrip())]}
        places.setdefault(number, lines[number].find("\t"))
        return [
            _at(file, n + 1, found + 1, "YAML knows no tabs", "a tab", "write spaces, two for each level")
            for n, found in places.items()
        ]
    rule, fix = next(((rule, fix) for part, rule, fix in _SYNTAX if part in said), (said.strip("; "), "correct it"))
    return [_at(file, number + 1, column + 1, rule, hidden(lines[number].strip())[:60], fix)]


def _place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows this text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _at(file: str, line: int, column: int, rule: str, got: str, fix: str) -> Problem:
    return Problem(file=file, line=line, column=column, key="", rule=rule, got=got, fix=fix)


def _whole(file: str, rule: str, got: str, fix: str) -> Problem:
    return _at(file, 0, 0, rule, got, fix)
