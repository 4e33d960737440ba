"""Passes are filmed with true corners, and the bench counts what it says it counts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.camera.pixels import rectify
from edge.camera.scene import Pass
from models.bench.fusion import Shown, judge
from models.synth.sequences import BLURS, film
from tests.builders import look


def flat():
    """A pale plate with a few dark bars, no two alike."""
    plate = np.full((110, 220, 3), 220, np.uint8)
    for x, wide in ((20, 8), (48, 20), (90, 6), (120, 30), (180, 12)):
        cv2.rectangle(plate, (x, 25), (x + wide, 85), (30, 30, 30), -1)
    return plate


def filmed(width_px=120.0, blur="sharp", seed=4):
    return film(np.random.default_rng(seed), flat(), "123ABC", width_px, blur, 5)


def likeness(view):
    """Correlation of the plate inside the view's corners with the plate itself."""
    seen = rectify(view.picture, view.corners, width=110, height=55, margin=0)
    true = cv2.resize(flat(), (110, 55), interpolation=cv2.INTER_AREA)
    return np.corrcoef(seen.mean(axis=2).ravel(), true.mean(axis=2).ravel())[0, 1]


@pytest.mark.parametrize("blur", BLURS)
def test_the_plate_is_where_its_corners_say(blur):
    for view in filmed(blur=blur).views:
        assert likeness(view) > 0.8


def test_a_pass_comes_steadily_nearer_or_goes_away_around_its_width():
    for seed in range(6):
        widths = [float(np.linalg.norm(view.corners[1] - view.corners[0])) for view in filmed(48, seed=seed).views]
        steps = np.sign(np.diff(widths))
        assert abs(steps.sum()) == 4
        assert widths[2] == pytest.approx(48, rel=0.08)


def test_the_same_seed_is_the_same_film_and_no_two_frames_are_alike():
    first, again = filmed(), filmed()
    for one, other in zip(first.views, again.views, strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
    assert first.views[0].picture.shape != first.views[4].picture.shape


def shown(*texts):
    return Shown("123ABO", 48, "sharp", Pass(number=0, looks=tuple(look(66 * i, t) for i, t in enumerate(texts))))


def test_single_frames_and_their_vote_are_counted_apart_o_for_0():
    verdict = judge(shown("123AB0", "123ABO", "123A80", "123ABO", ""))
    assert verdict.singles == (True, True, False, True, False)
    assert verdict.fused
    assert 0.5 < verdict.confidence < 1


def test_a_pass_that_no_frame_reads_counts_as_a_miss():
    verdict = judge(shown("", ""))
    assert (verdict.fused, verdict.confidence) == (False, 0.0)
