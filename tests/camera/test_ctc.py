"""Reading columns: the best text, its probability, and what else each character may be."""

import itertools

import numpy as np
import pytest

from edge.camera.ctc import columns_of, decode, log_probabilities, told, whole_text_confidence
from edge.camera.plates import ALPHABET
from edge.camera.scene import Character


def columns(*wanted, sure=8.0, width=37):
    """Logits that say these characters, `-` for blank, one column each."""
    out = np.zeros((len(wanted), width), np.float32)
    for t, c in enumerate(wanted):
        out[t, 0 if c == "-" else ALPHABET.index(c) + 1] = sure
    return out


def by_hand(logits, text):
    """Probability of a text by adding up every path, for three or four columns."""
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(4), repeat=len(p)):
        collapsed = [c for c, before in zip(path, (0, *path[:-1]), strict=True) if c and c != before]
        if "".join(ALPHABET[c - 1] for c in collapsed) == text:
            total += np.prod([p[t, c] for t, c in enumerate(path)])
    return total


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("---", ""),
        ("A-B-", "AB"),
        ("AAAB", "AB"),
        ("A-A-", "AA"),
        ("-77-7", "77"),
    ],
)
def test_the_best_text_is_read(shown, text):
    assert decode(columns(*shown)).text == text


def test_a_text_spread_over_several_paths_beats_the_single_best_path():
    logits = np.log(np.array([[0.6, 0.4, 1e-9, 1e-9], [0.6, 0.4, 1e-9, 1e-9]], np.float32))
    padded = np.pad(logits, ((0, 0), (0, 33)), constant_values=-40)
    assert decode(padded).text == "0"  # "0" has 0.64 in three paths, blank 0.36 in one


@pytest.mark.parametrize("seed", range(6))
def test_the_probability_is_the_sum_over_all_paths(seed):
    rng = np.random.default_rng(seed)
    logits = np.full((4, 37), -60.0, np.float32)
    logits[:, :4] = rng.normal(0, 3, (4, 4))
    decoded = decode(logits)
    if decoded.text:
        assert np.exp(decoded.log_probability) == pytest.approx(by_hand(logits[:, :4], decoded.text), abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_any_text_has_the_probability_of_all_its_paths(seed):
    logits = np.full((4, 37), -60.0, np.float32)
    logits[:, :4] = np.random.default_rng(seed).normal(0, 2, (4, 4))
    columns = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    texts = ["0", "00", "01", "210", "0120", "0000"]  # the last one wants seven columns
    given = np.exp(log_probabilities(columns, texts))
    assert given == pytest.approx([by_hand(logits[:, :4], text) for text in texts], abs=1e-6)


def test_the_texts_told_beside_the_best_are_the_next_in_order():
    logits = columns(*"-8-1-")
    logits[1, ALPHABET.index("B") + 1] = 7.0
    decoded = decode(logits)
    assert decoded.texts[:2] == ("81", "B1")
    given = log_probabilities(decoded.columns, decoded.texts)
    assert given[0] == pytest.approx(decoded.log_probability, abs=1e-4)
    assert list(given) == sorted(given, reverse=True)
    assert "".join(c.best for c in told(decoded.columns, "B1")) == "B1"


def test_characters_alone_make_columns_that_say_them():
    characters = [Character((("1", 0.9), ("7", 0.05))), Character((("1", 0.8),)), Character((("A", 0.6), ("4", 0.4)))]
    best, weak, short, long = log_probabilities(columns_of(characters), ["11A", "114", "1A", "11AX"])
    assert max(best, weak, short, long) == best
    assert weak == pytest.approx(best + np.log(0.4 / 0.6), abs=0.05)
    assert max(short, long) < best - 3, "a character too few or too many is unlikely, not impossible"


def test_each_character_lists_what_else_it_may_be():
    logits = columns(*"-8-B-")
    logits[1, ALPHABET.index("B") + 1] = 7.0
    first = decode(logits).characters[0]
    assert [c for c, _ in first.options][:2] == ["8", "B"]
    assert first.options[0][1] == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.05)
    assert sum(p for _, p in first.options) <= 1


def test_no_text_has_no_confidence():
    assert whole_text_confidence(decode(columns(*"----")), (1.0, 1.0, 5.0)) == 0.0


def test_surer_columns_give_a_higher_confidence():
    low, high = (whole_text_confidence(decode(columns(*"A-7-", sure=s)), (0.5, 0.5, 0.0)) for s in (3.0, 9.0))
    assert low < high
