"""Plates as text: normalising, folding, and the soft score of a state's serials."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.plates import ALPHABET, CONFUSABLE, FORMATS, confusable, fit, fold, normalise, shape


@pytest.mark.parametrize(("written", "kept"), [("abc 123", "ABC123"), ("AB-12·C", "AB12C"), ("★1-É", "1"), ("", "")])
def test_a_text_is_compared_without_blanks_and_signs(written, kept):
    assert normalise(written) == kept


def test_o_and_i_fold_into_the_digits_and_nothing_else_does():
    assert fold("OI0Q1LB8") == "010Q1LB8"


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert set(normalise(text)) <= set(ALPHABET)


@given(st.sampled_from(sorted(FORMATS)), st.text(max_size=10))
def test_the_fit_is_a_share_for_any_text_and_region(region, text):
    assert 0.0 <= fit(text, region) <= 1.0


@pytest.mark.parametrize(
    ("text", "region", "better_than"),
    [
        ("123ABC", "US-KS", "1A2B3C"),  # 2007–2024
        ("1234ABC", "US-KS", "12345678"),  # since 2024
        ("7ABC123", "US-CA", "ABC1234"),
        ("ABC1234", "US-TX", "A"),
        ("AB12CDE", "GB", "12ABCDE"),
    ],
)
def test_a_serial_of_the_issuer_fits_better(text, region, better_than):
    assert fit(text, region) > fit(better_than, region)


def test_a_personalised_plate_is_never_ruled_out():
    assert fit("JAYHAWK", "US-KS") >= 0.5


def test_an_unknown_region_neither_helps_nor_hurts():
    assert fit("ABC123", "XX") == 0.5


def test_every_format_of_every_issuer_fits_its_issuer():
    for region, formats in FORMATS.items():
        for written in formats:
            outside = "".join(part.split(")")[-1] for part in written.split("("))
            example = outside.replace("A", "X").replace("9", "4").upper()
            assert fit(example, region) >= 0.8, (region, written)


def test_shapes_show_letters_and_digits():
    assert shape("ab-12") == "AA99"


@pytest.mark.parametrize("pair", ["O0", "I1", "B8", "S5", "Z2", "D0", "Q0", "G6"])
def test_the_well_known_confusions_are_known(pair):
    assert confusable(*pair)
    assert confusable(*reversed(pair))


def test_groups_hold_characters_of_the_alphabet():
    assert all(set(group) <= set(ALPHABET) for group in CONFUSABLE)


def test_text_rules_need_no_numpy():
    code = "import sys, edge.camera.plates; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
