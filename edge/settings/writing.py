"""Changes into a settings file: comments, order and spelling stay; a cut cord leaves the old file or the new one.

    write_changes(path, {"detector.score_min": 0.2, "view.ignore": [...]}, seen_digest=seen(path), check=load_camera)

A value that stands there is replaced where it stands; a default that stands there as a comment (`#threads: 1`) is
uncommented, so that the file does not say two things; what is not there is added to its section. The text is edited by
the places that the YAML parser names, and read again before it counts. A library that writes YAML anew would put each
new key behind the section's last comment, where nobody looks for it.
"""

from __future__ import annotations

import copy
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from edge.settings.tree import read_tree


class SettingsChanged(Exception):
    """Somebody else has written the file since it was read; nothing was written. The text says what to do."""


LINE_BREAKS = frozenset("\x85\u2028\u2029")
"""What YAML takes for the end of a line besides the usual."""


def seen(path: Path) -> str:
    """What `write_changes` compares: the SHA-256 of the file as it is now. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_changes(
    path: Path, changes: Mapping[str, Any], *, seen_digest: str, check: Callable[[Path], object] = lambda _path: None
) -> None:
    """Write values (plain Python: numbers, texts, lists, dicts; None empties) under their dotted keys.

    `check` is called with the new file before it takes the old one's place; what it raises leaves the old one as it
    was. The old file stays beside the new one as `….yaml.old`. Raises SettingsWrong when the file is no settings tree,
    SettingsChanged when it is not the one that was seen, and OSError.
    """
    read_tree(path, str(path))
    before = path.read_bytes()
    _same(path, before, seen_digest)
    text = changed(before.decode("utf-8-sig"), changes)
    bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    new = path.with_name(f".{path.name}.new")
    try:
        _write(new, bom + text.encode(), like=path)
        check(new)
        old = path.with_name(path.name + ".old")
        _write(new.with_suffix(".old"), before, like=path)
        new.with_suffix(".old").replace(old)
        _same(path, path.read_bytes(), seen_digest)
        new.replace(path)
    finally:
        for left in (new, new.with_suffix(".old")):
            left.unlink(missing_ok=True)
    _sync(path.parent)


def changed(text: str, changes: Mapping[str, Any]) -> str:
    """The settings' text with other values; what the text means is proved by reading it again."""
    wanted: dict[str, Any] = yaml.safe_load(text)
    for key, value in changes.items():
        keys = key.split(".")
        wanted = _with(wanted, keys, value)
        text = _changed(text, keys, value)
    assert yaml.safe_load(text) == wanted, "the edited settings do not say what they should"
    return text


def _changed(text: str, keys: list[str], value: Any) -> str:  # noqa: ANN401 — any plain value
    """One value. The deepest section that is there is looked for; what lies below it is made."""
    section = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(section, yaml.MappingNode), "read_tree has found keys and values"
    for depth, name in enumerate(keys):
        key, node, end = _find(section, name, text)
        rest = keys[depth + 1 :]
        if key is None:
            return _added(text, section, name, _nested(rest, value))
        if rest and isinstance(node, yaml.MappingNode) and not node.flow_style:
            section = node
        elif rest and isinstance(node, yaml.MappingNode):
            return _replaced(text, key, node, _with(_value(text, node), rest, value))
        elif rest and node.start_mark.index == node.end_mark.index:  # a section whose keys are all comments
            return _into_empty(text, key, end, rest[0], _nested(rest[1:], value))
        else:
            return _replaced(text, key, node, _nested(rest, value))
    raise AssertionError("the last key returns")


def _find(section: yaml.MappingNode, name: str, text: str) -> tuple[Any, Any, int]:
    """A key's node, its value's, and where the next key (or the section) begins."""
    for number, (key, node) in enumerate(section.value):
        if key.value == name:
            following = section.value[number + 1 :]
            return key, node, following[0][0].start_mark.index if following else _end(section, text)
    return None, None, 0


def _end(section: yaml.MappingNode, text: str) -> int:
    """Where a section is over for good: its comments are its own, so this is the next section's first line."""
    return len(text) if section.start_mark.column == 0 else section.end_mark.index


def _replaced(text: str, key: yaml.Node, node: yaml.Node, value: Any) -> str:  # noqa: ANN401
    begin, end = node.start_mark.index, _last(node)
    if node.start_mark.line != key.end_mark.line:  # a block below its key: its lines go, comments above them stay
        first, after = _line(text, begin), _line_end(text, end)
        colon = text.index(":", key.end_mark.index) + 1
        return text[:colon] + f" {_flow(value)}" + text[colon:first] + text[after:].removeprefix(_newline(text))
    blank = "" if text[begin - 1] == " " else " "
    return text[:begin] + blank + _padded(_flow(value), text[begin:end], text[end:])


def _last(node: yaml.Node) -> int:
    """Where a value's own text ends; the parser counts the blank lines and comments behind a block as its part."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        child = node.value[-1]
        return _last(child[1] if isinstance(child, tuple) else child)
    return int(node.end_mark.index)


def _padded(new: str, old: str, behind: str) -> str:
    """The new value, and the comment behind it in the column where it was, when there is room."""
    blanks = len(behind) - len(behind.lstrip(" "))
    if not behind[blanks:].startswith("#"):
        return new + behind
    return new.ljust(len(old) + blanks - 1) + " " + behind[blanks:]


def _added(text: str, section: yaml.MappingNode, name: str, value: Any) -> str:  # noqa: ANN401
    """A key that its section does not have: where it stands as a comment, else as the section's first."""
    top = section.start_mark.column == 0
    begin, end = (0 if top else section.start_mark.index), _end(section, text)
    again = _uncommented(text, begin, end, " " * section.start_mark.column, name, value)
    if again is not None:
        return again
    if top:
        blank = "" if text.endswith("\n") else _newline(text)
        return text + blank + f"{name}: {_flow(value)}{_newline(text)}"
    at = _line(text, section.start_mark.index)
    return text[:at] + " " * section.start_mark.column + f"{name}: {_flow(value)}{_newline(text)}" + text[at:]


def _into_empty(text: str, key: yaml.Node, end: int, name: str, value: Any) -> str:  # noqa: ANN401
    """The first key of a section that has none but in comments."""
    at = _line_end(text, key.end_mark.index)
    comments = re.findall(r"(?m)^( +)#\S+: ", text[at:end])
    indent = next((one for one in comments if len(one) > key.start_mark.column), " " * (key.start_mark.column + 2))
    again = _uncommented(text, at, end, indent, name, value)
    return again or text[:at] + f"{_newline(text)}{indent}{name}: {_flow(value)}" + text[at:]


def _uncommented(text: str, begin: int, end: int, indent: str, name: str, value: Any) -> str | None:  # noqa: ANN401
    """`#threads: 1   # why` → `threads: 2   # why`; None when no such comment stands between `begin` and `end`."""
    found = re.compile(rf"(?m)^{indent}# ?{re.escape(name)}:(?P<old>[^#\r\n]*)(?=#|\r?$)").search(text, begin, end)
    if found is None:
        return None
    old = found["old"]
    line = f"{indent}{name}: "
    width = found.end() - found.start() - len(line)  # the # that goes gives its column to the blanks
    comment = text[found.end() : found.end() + 1] == "#"
    new = _flow(value).ljust(width - 1) + " " if comment and old.strip() != old else _flow(value)
    return text[: found.start()] + (line + new).rstrip(" " if not comment else "") + text[found.end() :]


def _flow(value: Any) -> str:  # noqa: ANN401
    """One line of YAML; nothing for None."""
    if value is None:
        return ""
    plain = LINE_BREAKS.isdisjoint(str(value))  # as they are, they would come back as blanks
    written = yaml.safe_dump(value, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=plain)
    return written.removesuffix("...\n").rstrip("\n")


def _value(text: str, node: yaml.Node) -> Any:  # noqa: ANN401
    return yaml.safe_load(text[node.start_mark.index : node.end_mark.index])


def _nested(keys: list[str], value: Any) -> Any:  # noqa: ANN401
    return value if not keys else {keys[0]: _nested(keys[1:], value)}


def _with(tree: Any, keys: list[str], value: Any) -> Any:  # noqa: ANN401
    """A copy of the tree in which the value stands under these keys; what is no section becomes one."""
    if not keys:
        return copy.deepcopy(value)
    inside = dict(tree) if isinstance(tree, dict) else {}
    return {**inside, keys[0]: _with(inside.get(keys[0]), keys[1:], value)}


def _line(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Before the line's end, whichever kind it is."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _same(path: Path, content: bytes, seen_digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != seen_digest:
        raise SettingsChanged(f"{path} was written by somebody else meanwhile: look at it, and begin again")


def _write(path: Path, content: bytes, *, like: Path) -> None:
    """On the disk when it returns, with the mode and, where we may, the owner of another file."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    shutil.copymode(like, path)
    with suppress(PermissionError):
        os.chown(path, like.stat().st_uid, like.stat().st_gid)


def _sync(folder: Path) -> None:
    """The renames, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
