"""A photograph's read, settled by how serials look."""

from __future__ import annotations

import numpy as np
import pytest

from edge.camera import ctc
from edge.camera.plates import ALPHABET
from edge.camera.scene import Read, Region
from edge.camera.vision.settle import settled
from tests import builders

WEIGHTS = (1.0, 1.0, -0.9, 0.5)


def seen(text: str, at: int, other: str, lead: float, region: str = "US-TX") -> Read:
    """What the columns say when the character `at` is likelier than `other` by `lead` (log-odds)."""
    logits = np.zeros((2 * len(text) + 1, 37), np.float32)
    logits[::2, 0] = 9.0
    for column, c in zip(logits[1::2], text, strict=True):
        column[ALPHABET.index(c) + 1] = 9.0
    logits[2 * at + 1, ALPHABET.index(other) + 1] = 9.0 - lead
    decoded = ctc.decode(logits)
    return Read(
        characters=decoded.characters,
        confidence=0.5,
        regions=(Region(code=region, confidence=0.95),),
        texts=decoded.texts,
        columns=decoded.columns,
    )


def test_in_doubt_the_serial_that_the_issuer_hands_out_is_told() -> None:
    read = seen("ABC1D3", 4, "0", lead=0.3)
    assert read.text == "ABC1D3"
    assert settled([read], WEIGHTS).text == "ABC103"


def test_without_doubt_the_read_stays() -> None:
    assert settled([seen("ABC1D3", 4, "0", lead=4.0)], WEIGHTS).text == "ABC1D3"


def test_a_near_thing_is_told_with_less_confidence() -> None:
    near, far = (settled([seen("ABC1234", 6, "1", lead)], WEIGHTS) for lead in (0.2, 5.0))
    assert near.confidence < far.confidence


def test_what_most_glances_see_outweighs_one_that_went_astray() -> None:
    clear, astray = seen("ABC1234", 6, "1", lead=2.0), seen("ABC1284", 4, "3", lead=1.0)
    assert settled([astray, clear, clear], WEIGHTS).text == "ABC1234"
    assert settled([clear, clear], WEIGHTS).confidence > settled([clear, astray], WEIGHTS).confidence


def test_the_read_that_came_in_is_left_as_it_was() -> None:
    read = seen("ABC1D3", 4, "0", lead=0.3)
    settled([read], WEIGHTS)
    assert (read.text, read.confidence) == ("ABC1D3", 0.5)


@pytest.mark.parametrize("read", [builders.read("ABC123"), builders.read("")])
def test_a_reader_that_tells_characters_alone_is_taken_at_its_word(read: Read) -> None:
    assert settled([read, read], WEIGHTS) == read
