"""Rendered plates say what they claim, and what a camera does to them keeps the truth in step."""

import numpy as np
import pytest

pytest.importorskip("PIL", reason="plates are rendered with Pillow: install the extra `train`")

from edge.camera.pixels import READER_HEIGHT, READER_WIDTH
from edge.camera.plates import ALPHABET
from models.synth.plate_degrade import STORED_HEIGHT, STORED_WIDTH, Wear, degrade
from models.synth.plate_designs import DESIGNS
from models.synth.plate_fonts import FontsMissingError, available
from models.synth.plates import render_plate

try:
    available(("DejaVuSans-Bold.ttf", "RG2014C.ttf", "LiberationSans-Bold.ttf", "RobotoCondensed-Bold.ttf"))
except FontsMissingError as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.mark.parametrize("region", sorted(DESIGNS))
def test_every_issuer_can_be_drawn(region):
    plate = render_plate(np.random.default_rng(5), region=region)
    assert plate.region == region
    assert len(plate.boxes) == len(plate.text)
    assert len(plate.stack_boxes) == len(plate.stacked)
    assert set(plate.text) <= set(ALPHABET)


def test_a_given_serial_is_drawn_with_its_stack_apart():
    plate = render_plate(np.random.default_rng(1), region="US-KS", text="(JO)123 ABC")
    assert (plate.text, plate.stacked) == ("123ABC", "JO")


def test_characters_stand_from_left_to_right_inside_the_picture():
    rng = np.random.default_rng(2)
    for _ in range(60):
        plate = render_plate(rng, height=96)
        h, w = plate.picture.shape[:2]
        assert all(b[0] > -3 and b[2] < w + 3 and b[1] > -3 and b[3] < h + 3 for b in plate.boxes)
        if plate.lines == 1:
            lefts = [b[0] for b in plate.boxes]
            assert lefts == sorted(lefts)


def test_an_american_plate_is_twice_as_wide_as_high_and_a_european_one_wider():
    rng = np.random.default_rng(3)
    american = render_plate(rng, region="US-CO").picture.shape
    german = next(p.picture.shape for p in (render_plate(rng, region="DE") for _ in range(20)) if p.lines == 1)
    assert american[1] / american[0] <= 2.0
    assert german[1] / german[0] > 4


def test_infra_red_has_no_colour_in_the_serial_or_the_sheeting():
    plate = render_plate(np.random.default_rng(4), region="US-CA", text="7ABC123", infrared=True)
    x0, y0, x1, y1 = (int(v) for v in plate.boxes[3])
    part = plate.picture[y0:y1, x0:x1].astype(int)
    assert np.median(part.max(axis=2) - part.min(axis=2)) < 12


def test_the_same_seed_draws_the_same_plate():
    first, second = (render_plate(np.random.default_rng(77)) for _ in range(2))
    assert first.text == second.text
    assert np.array_equal(first.picture, second.picture)


def test_a_degraded_crop_has_the_readers_size_and_keeps_its_characters_in_view():
    rng = np.random.default_rng(6)
    picture = np.full((STORED_HEIGHT, STORED_WIDTH, 3), 200, np.uint8)
    spans = np.array([[24.0, 40.0], [150.0, 168.0]])
    for _ in range(200):
        crop, mapped = degrade(rng, picture, Wear(1.0), spans=spans)
        assert crop.shape == (READER_HEIGHT, READER_WIDTH, 3)
        assert mapped[0, 0] > -6
        assert mapped[1, 1] < READER_WIDTH + 6


def test_without_wear_a_span_stays_where_the_picture_shows_it():
    picture = np.full((STORED_HEIGHT, STORED_WIDTH, 3), 255, np.uint8)
    picture[:, 90:100] = 0
    crop, mapped = degrade(np.random.default_rng(0), picture, Wear(0.0), spans=np.array([[90.0, 100.0]]))
    dark = np.flatnonzero(crop[READER_HEIGHT // 2, :, 0] < 128)
    assert abs(dark.mean() + 0.5 - mapped[0].mean()) < 1.5
