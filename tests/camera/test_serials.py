"""How likely a serial's shape is, by issuer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.plates import ALPHABET, FORMATS
from edge.camera.scene import Region
from edge.camera.serials import WEIGHT, log_share


def issued(code: str, confidence: float = 0.95) -> list[Region]:
    return [Region(code=code, confidence=confidence)]


@given(st.text(ALPHABET, max_size=12), st.sampled_from(["", "XX", *sorted(FORMATS)]), st.floats(0, 1))
def test_every_text_has_a_share_however_strange(text: str, code: str, confidence: float) -> None:
    assert -40 < log_share(text, issued(code, confidence)) < 0


@pytest.mark.parametrize(
    ("text", "code", "better_than"),
    [
        ("123ABC", "US-KS", "12ABCD"),  # 2007–2024
        ("1234ABC", "US-KS", "1234A8C"),  # since 2024
        ("7ABC123", "US-CA", "7A8C123"),
        ("ABC1234", "US-TX", "ABCI234"),
        ("AB12CDE", "GB", "AB12CD3"),
    ],
)
def test_what_the_issuer_hands_out_is_likelier(text: str, code: str, better_than: str) -> None:
    assert log_share(text, issued(code)) > log_share(better_than, issued(code)) + 1


def test_the_issuer_matters_as_much_as_it_is_known() -> None:
    sure, unsure, unknown = (log_share("7ABC123", regions) for regions in (issued("US-CA"), issued("US-CA", 0.3), []))
    assert sure > unsure > unknown


def test_shapes_never_outweigh_columns_that_are_sure() -> None:
    worst = min(log_share(text, issued(code)) for code in FORMATS for text in ("JAYHAWK", "0KU", "A1B2C3D", "GO4IT"))
    best = max(log_share(text, issued(code)) for code in FORMATS for text in ("ABC123", "ABC1234", "123ABC"))
    assert math.exp(WEIGHT * (best - worst)) < 20, "a text twenty times likelier by its columns stays"
