"""JSON Schemas (2020-12) of every message, made from the types: `python -m edge.record.schema` writes them.

What a subscriber reads is what the boundary checks: the files in `schema/` are generated, and a test compares them.
The sentence under a field in its Python type is the field's description.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.record.boundary import SEALABLE, kind_of, schema_of
from edge.record.examples import EXAMPLES

FOLDER: Final = Path(__file__).parent / "schema"

JsonSchema = dict[str, Any]


def schema(message: type[msgspec.Struct]) -> JsonSchema:
    """The whole JSON Schema of one message type, with its examples."""
    (root,), components = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    for part, documented in _structs(message).items():
        _describe(components[part], documented)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:plate-reader:{schema_of(message).replace('/', ':')}",
        **components.pop(name),
        **({"$defs": dict(sorted(components.items()))} if components else {}),
        "examples": [msgspec.to_builtins(example) for example in EXAMPLES if type(example) is message],
    }


def text(message: type[msgspec.Struct]) -> str:
    """As it stands in the file."""
    return json.dumps(schema(message), indent=2, ensure_ascii=False) + "\n"


def path(message: type[msgspec.Struct]) -> Path:
    """`Sighting` → `…/schema/sighting.json`."""
    return FOLDER / f"{kind_of(message)}.json"


def write() -> None:
    """Bring every file up to date, and remove those of messages that are no more."""
    FOLDER.mkdir(exist_ok=True)
    wanted = {path(message): text(message) for message in SEALABLE}
    for file in set(FOLDER.glob("*.json")) - set(wanted):
        file.unlink()
    for file, content in wanted.items():
        file.write_text(content, encoding="utf-8")


def _structs(message: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """A message and every Struct within it, by name."""
    found: dict[str, type[msgspec.Struct]] = {}

    def walk(kind: object) -> None:
        if isinstance(kind, msgspec.inspect.StructType):
            found[kind.cls.__name__] = kind.cls
            for field in kind.fields:
                walk(field.type)
        elif isinstance(kind, msgspec.inspect.VarTupleType):
            walk(kind.item_type)
        elif isinstance(kind, msgspec.inspect.UnionType):
            for one in kind.types:
                walk(one)

    walk(msgspec.inspect.type_info(message))
    return found


def _describe(component: JsonSchema, documented: type[msgspec.Struct]) -> None:
    """Fields with one fixed value are required (we always write them); sentences become descriptions."""
    component["description"] = inspect.cleandoc(documented.__doc__ or "")
    properties = component["properties"]
    for name, sentence in _sentences(documented).items():
        properties[name] = {**properties[name], "description": sentence}
    for name, field in properties.items():
        if field.pop("default", None) is not None:
            component["required"] = [*component["required"], name]
    component["required"] = [name for name in properties if name in component["required"]]


def _sentences(documented: type[msgspec.Struct]) -> dict[str, str]:
    """The string below a field, where there is one."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(documented))).body
    assert isinstance(definition, ast.ClassDef)
    pairs = pairwise(definition.body)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


if __name__ == "__main__":
    write()
    sys.stdout.write(f"{len(SEALABLE)} schemas in {FOLDER}\n")
