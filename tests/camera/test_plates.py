"""Plates as text: normalising, folding, shapes."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.plates import ALPHABET, CONFUSABLE, FORMATS, confusable, fold, normalise, shape, shape_of_format


@pytest.mark.parametrize(("written", "kept"), [("abc 123", "ABC123"), ("AB-12·C", "AB12C"), ("★1-É", "1"), ("", "")])
def test_a_text_is_compared_without_blanks_and_signs(written, kept):
    assert normalise(written) == kept


def test_o_and_i_fold_into_the_digits_and_nothing_else_does():
    assert fold("OI0Q1LB8") == "010Q1LB8"


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert set(normalise(text)) <= set(ALPHABET)


def test_shapes_show_letters_and_digits():
    assert shape("ab-12") == "AA99"
    assert shape_of_format("(AA)AAA 999") == "AAA999"
    assert shape_of_format("d9999A") == "A9999A"


def test_every_format_has_a_shape_that_can_be_read():
    for region, formats in FORMATS.items():
        assert all(1 <= len(shape_of_format(written)) <= 10 for written in formats), region


@pytest.mark.parametrize("pair", ["O0", "I1", "B8", "S5", "Z2", "D0", "Q0", "G6"])
def test_the_well_known_confusions_are_known(pair):
    assert confusable(*pair)
    assert confusable(*reversed(pair))


def test_groups_hold_characters_of_the_alphabet():
    assert all(set(group) <= set(ALPHABET) for group in CONFUSABLE)


def test_text_rules_need_no_numpy():
    code = "import sys, edge.camera.plates; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
