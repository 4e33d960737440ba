from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from edge.link.topics import DELIVERIES, topic
from edge.record import schema
from edge.record.boundary import SEALABLE, kind_of, seal
from edge.record.examples import EXAMPLES

if TYPE_CHECKING:
    import msgspec

ASYNCAPI = Path(schema.__file__).with_name("asyncapi.yaml")


def _committed(message: type[msgspec.Struct]) -> dict:
    return json.loads(schema.path(message).read_text(encoding="utf-8"))


@pytest.mark.parametrize("message", SEALABLE, ids=kind_of)
def test_the_committed_schema_is_what_the_type_says(message):
    assert schema.path(message).read_text(encoding="utf-8") == schema.text(message), "run: python -m edge.record.schema"


def test_no_schema_is_left_of_a_message_that_is_no_more():
    assert {file.stem for file in schema.FOLDER.glob("*.json")} == {kind_of(message) for message in SEALABLE}


@pytest.mark.parametrize("message", SEALABLE, ids=kind_of)
def test_the_schema_is_valid_and_closed_at_every_depth(message):
    document = _committed(message)
    Draft202012Validator.check_schema(document)
    for part in (document, *document.get("$defs", {}).values()):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"]), "every field is always written; unknown is null"


@pytest.mark.parametrize("message", SEALABLE, ids=kind_of)
def test_every_message_has_an_example_that_is_valid(message):
    validator = Draft202012Validator(_committed(message))
    examples = [example for example in EXAMPLES if type(example) is message]
    assert examples
    for example in examples:
        validator.validate(json.loads(seal(example).payload))


HOSTILE = {
    "one more field": lambda d: {**d, "image": "data:image/jpeg;base64,/9j/4AAQ"},
    "one field less": lambda d: dict([*d.items()][:-1]),
    "without its version": lambda d: dict([*d.items()][1:]),
    "another version": lambda d: {**d, "schema": "sighting/2"},
    "a picture for a name": lambda d: {**d, "site": "iVBORw0KGgoAAAANSUhEUgAA"},
    "an object for a name": lambda d: {**d, "site": {"x": 1}},
    "a long name": lambda d: {**d, "site": "a" * 4000},
    "a list": lambda d: [d],
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused(example, spoil):
    validator = Draft202012Validator(_committed(type(example)))
    assert not validator.is_valid(spoil(json.loads(seal(example).payload)))


def test_every_string_of_a_hostile_sighting_is_refused_at_any_depth():
    document = json.loads(seal(EXAMPLES[0]).payload)
    validator = Draft202012Validator(_committed(type(EXAMPLES[0])))

    def spoiled(value):
        if isinstance(value, str):
            yield "A sentence about somebody."
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from ({**value, key: other} for other in spoiled(item))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from ([*value[:index], other, *value[index + 1 :]] for other in spoiled(item))

    hostile = list(spoiled(document))
    assert len(hostile) > 15
    assert not any(validator.is_valid(one) for one in hostile)


class TestAsyncApi:
    document = yaml.safe_load(ASYNCAPI.read_text(encoding="utf-8"))

    def test_there_is_a_channel_an_operation_and_a_message_for_every_kind(self):
        kinds = {kind_of(message) for message in SEALABLE}
        assert kinds == set(DELIVERIES)
        for part in (self.document["channels"], self.document["operations"], self.document["components"]["messages"]):
            assert set(part) == kinds

    @pytest.mark.parametrize("kind", DELIVERIES)
    def test_a_channel_is_the_topic_that_is_published_to(self, kind):
        channel = self.document["channels"][kind]
        published = topic("hesston", "north", kind)
        assert channel["address"].format(site="hesston", camera="north") == published
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])

    @pytest.mark.parametrize("kind", DELIVERIES)
    def test_the_bindings_are_how_it_is_published(self, kind):
        mqtt = self.document["operations"][kind]["bindings"]["mqtt"]
        assert (mqtt["qos"], mqtt["retain"]) == (DELIVERIES[kind].qos, DELIVERIES[kind].retained)

    @pytest.mark.parametrize("kind", DELIVERIES)
    def test_references_lead_somewhere(self, kind):
        (told,) = self.document["channels"][kind]["messages"].values()
        message = self._follow(told["$ref"])
        assert (ASYNCAPI.parent / message["payload"]["$ref"]).is_file()
        assert Path(message["payload"]["$ref"]).stem == kind
        assert message["name"].partition("/")[0] == kind
        assert self._follow(self.document["operations"][kind]["channel"]["$ref"]) is self.document["channels"][kind]

    def _follow(self, reference: str) -> dict:
        found = self.document
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]
        return found


def test_nothing_with_a_plate_is_ever_retained():
    for example in EXAMPLES:
        sealed = seal(example)
        if b"123ABC" in sealed.payload:
            assert not DELIVERIES[sealed.kind].retained
