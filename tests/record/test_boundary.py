from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import pytest

from edge.record import boundary
from edge.record.boundary import NotSealable, Sealed, recheck, reseal, seal, unseal
from edge.record.capacity import Unlimited, capacity
from edge.record.discovery import Discovery, DiscoverySighting
from edge.record.evidence import Evidence
from edge.record.examples import EXAMPLES
from edge.record.frigate import FrigateUpdate
from edge.record.status import Status
from edge.record.words import Name, Wire

if TYPE_CHECKING:
    from edge.record.sighting import Sighting

SIGHTING = EXAMPLES[0]
EVIDENCE = EXAMPLES[-1]
STATUS = Status(site="hesston", camera="north", state="online", software="1.2.0", since=None)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)
def test_what_is_sealed_comes_back_as_it_was(message):
    sealed = seal(message)
    assert unseal(sealed.payload, type(message)) == message
    if not isinstance(message, (Discovery, DiscoverySighting, FrigateUpdate)):  # others' own formats
        assert sealed.payload.startswith(b'{"schema":"' + sealed.kind.encode())
    assert reseal(sealed.kind, sealed.payload).payload == sealed.payload


def _without(**fields: object) -> Sighting:
    return msgspec.structs.replace(SIGHTING, **fields)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(object(), id="an object"),
        pytest.param(b"\xff\xd8\xff", id="bytes"),
        pytest.param({"schema": "sighting/1"}, id="a dictionary"),
        pytest.param(SIGHTING.plate, id="a part of a message"),
        pytest.param(_without(direction="N 38.14 W 97.43"), id="coordinates as a direction"),
        pytest.param(_without(camera="../etc"), id="a path as a camera"),
        pytest.param(_without(camera="north\n"), id="a line feed behind a name"),
        pytest.param(_without(settings="b1946ac92492\n"), id="a line feed behind a digest"),
        pytest.param(_without(site="h" * 33), id="a long name"),
        pytest.param(_without(sequence=2**70), id="a picture as a whole number"),
        pytest.param(_without(sequence=-1), id="a negative sequence"),
        pytest.param(_without(first_seen="2026-13-23T18:04:11.213Z"), id="month thirteen"),
        pytest.param(_without(first_seen="٢٠٢٦-11-23T18:04:11.213Z"), id="digits that are not ASCII"),
        pytest.param(_without(first_seen="2026-11-23T18:04:11Z"), id="a time without milliseconds"),
        pytest.param(_without(software="1.2.0-" + "A" * 500), id="a version with a tail"),
        pytest.param(_without(heading="sideways"), id="a word that the schema does not know"),
        pytest.param(_without(plate=b"\x89PNG"), id="bytes in a field"),
        pytest.param(_without(id=None), id="no id"),
    ],
)
def test_what_breaks_its_schema_does_not_leave(message):
    with pytest.raises(NotSealable):
        seal(message)


def test_an_error_never_repeats_the_value():
    for message in (_without(heading="123ABC"), _without(direction="123ABC")):
        with pytest.raises(NotSealable) as raised:
            seal(message)
        assert "123ABC" not in str(raised.value)
    with pytest.raises(NotSealable) as raised:
        unseal(b'{"123ABC": 1}', Status)
    assert "123ABC" not in str(raised.value)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[" * 2000,
        b"\xff\xfe",
        b'{"schema":"status/2","site":"a","camera":"b","state":"online","software":"1.2.0","since":null}',
        b'{"schema":"status/1","site":"a","camera":"b","state":"online","software":"1.2.0","since":null,"note":"x"}',
        b'{"schema":"status/1","site":"a","camera":"b","state":"online","software":"1.2.0"}',
        b'{"schema":"status/1","site":"a\\n","camera":"b","state":"online","software":"1.2.0","since":null}',
        seal(STATUS).payload + b" " * boundary.SEALED_BYTES_MAX,
    ],
)
def test_hostile_bytes_are_refused_on_the_way_in(payload):
    with pytest.raises(NotSealable):
        unseal(payload, Status)


def test_blanks_and_repeated_keys_carry_nothing_through():
    """JSON lets a sender hide bytes between the words; what is resealed is written anew."""
    plain = seal(STATUS).payload
    padded = plain.replace(b",", b" \t \n ,").replace(b'"site":', b'"site":"hidden","site":')
    assert reseal("status", padded).payload == plain


def test_floats_leave_with_three_decimals():
    sealed = seal(_without(plate=msgspec.structs.replace(SIGHTING.plate, confidence=0.98765432101234)))
    assert b'"confidence":0.988,' in sealed.payload


def test_reseal_refuses_a_kind_that_is_none_of_ours():
    with pytest.raises(NotSealable):
        reseal("picture", seal(STATUS).payload)
    with pytest.raises(NotSealable):
        reseal("health", seal(STATUS).payload)


FORGERIES = {
    "the constructor": lambda _: Sealed(),
    "the constructor with what it may want": lambda _: Sealed("status", None, b"x"),
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
    "a pickle": pickle.dumps,
    "a subclass": lambda _: type("Open", (Sealed,), {}),
    "an empty instance": lambda _: object.__new__(Sealed).payload,
    "an attribute set": lambda sealed: setattr(sealed, "payload", b"x"),
    "an attribute set past the class": lambda sealed: object.__setattr__(sealed, "_payload", b"x"),
    "an empty instance, rechecked": lambda _: recheck(object.__new__(Sealed)),
    "bytes, rechecked": lambda _: recheck(b"x"),
    "something that looks alike, rechecked": lambda _: recheck(_LooksAlike()),
}


class _LooksAlike:
    kind, id, payload = "status", None, b"\xff\xd8\xff"


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_nobody_else_makes_a_sealed(forge):
    with pytest.raises((NotSealable, AttributeError)):
        forge(seal(STATUS))


def test_even_a_forgery_from_inside_the_module_does_not_pass_the_publisher():
    """Python has no walls: whoever reaches into the module can fill an empty Sealed. The publisher reads it again."""
    forged = object.__new__(Sealed)
    boundary._CONTENTS[forged] = boundary._Content(kind="status", id=None, payload=b"\xff\xd8\xff\xe0 a face")
    with pytest.raises(NotSealable):
        recheck(forged)


def test_sealed_things_are_forgotten_with_their_last_user():
    gc.collect()
    before = len(boundary._CONTENTS)
    many = [seal(STATUS) for _ in range(100)]
    assert len(boundary._CONTENTS) == before + 100
    del many
    gc.collect()
    assert len(boundary._CONTENTS) == before


RACE = """
import sys, threading
from edge.record.boundary import unseal
from edge.record.sighting import Sighting
sys.setswitchinterval(1e-6)
payload = sys.stdin.buffer.read()
barrier = threading.Barrier(4)
def first():
    barrier.wait()
    unseal(payload, Sighting)
threads = [threading.Thread(target=first) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_two_threads_may_be_the_first_to_read_a_message():
    """With decoders made on demand one process in eight died of it: a segmentation fault in msgspec 0.22."""
    for _ in range(12):
        subprocess.run([sys.executable, "-c", RACE], input=seal(SIGHTING).payload, check=True)


@pytest.mark.parametrize("message", boundary.SEALABLE, ids=lambda m: m.__name__)
def test_no_message_can_hold_a_picture(message):
    """By its types alone: every text ends, every number has bounds, every list has a length."""
    assert capacity(message) < boundary.bytes_max(message)


def test_one_message_alone_can_hold_a_plates_crop_and_that_no_larger_than_192_by_64():
    large = [message for message in boundary.SEALABLE if capacity(message) > boundary.SEALED_BYTES_MAX]
    assert large == [Evidence]
    for columns in ((192, 65), (193, 64), (3, 20)):
        with pytest.raises(NotSealable):
            seal(msgspec.structs.replace(EVIDENCE, columns=("0" * columns[1],) * columns[0]))
    assert seal(msgspec.structs.replace(EVIDENCE, columns=("7" * 64,) * 192)).kind == "evidence"
    with pytest.raises(NotSealable):
        seal(msgspec.structs.replace(EVIDENCE, columns=("iVBORw0KGgo=",) * 8))


def test_no_example_exceeds_what_its_type_allows():
    for message in EXAMPLES:
        assert len(seal(message).payload) <= capacity(type(message))


class _Free(msgspec.Struct, frozen=True):
    name: Name


def _with(kind: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct("Careless", [("inner", kind)], bases=(Wire,), frozen=True, forbid_unknown_fields=True)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(str, id="free text"),
        pytest.param(Annotated[str, msgspec.Meta(max_length=10)], id="a length without a pattern"),
        pytest.param(Annotated[str, msgspec.Meta(pattern=r"[a-z]{1,3}")], id="a pattern that is not anchored"),
        pytest.param(Annotated[str, msgspec.Meta(pattern=r"^[a-z]+$")], id="a pattern without an end"),
        pytest.param(Annotated[str, msgspec.Meta(pattern=r"^[a-z]{900}$")], id="a pattern that is too long"),
        pytest.param(bytes, id="bytes"),
        pytest.param(int, id="a whole number without bounds"),
        pytest.param(Annotated[int, msgspec.Meta(ge=0)], id="a whole number without an upper bound"),
        pytest.param(float, id="a float without bounds"),
        pytest.param(tuple[Name, ...], id="a list without a length"),
        pytest.param(list[Name], id="a mutable list"),
        pytest.param(dict[str, int], id="a dictionary"),
        pytest.param(Any, id="anything"),
        pytest.param(msgspec.Raw, id="raw JSON"),
        pytest.param(_Free, id="an object that takes unknown fields"),
        pytest.param(bytes | None, id="bytes or nothing"),
    ],
)
def test_a_careless_field_is_named(kind):
    with pytest.raises(Unlimited, match=r"inner"):
        capacity(_with(kind))


def test_the_capacity_of_fixed_words_is_their_longest():
    assert capacity(_with(Literal["a", "bcd"])) == len('{"inner":,}') + len('"bcd"')
