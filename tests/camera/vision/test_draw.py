from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.camera.vision.draw import BLOCK_PX_MIN, annotate, mask
from tests.builders import plate, read, vehicle


def street(size=(640, 480)):
    """Fine detail everywhere."""
    rng = np.random.default_rng(7)
    return rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def detail(picture):
    """Mean difference of neighbouring pixels inside blocks."""
    return np.abs(np.diff(picture.astype(int), axis=1)).mean()


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (300, 300), (24, 24), (1, 1), (5000, 100)])
def test_a_masked_picture_is_a_few_blocks_of_the_same_size(size):
    masked = mask(street(size))
    assert masked.shape == (size[1], size[0], 3)
    assert len(np.unique(masked.astype(int) @ [1, 256, 65536])) <= 30 * 30
    assert detail(masked) < 12 if min(size) > BLOCK_PX_MIN else True


def test_two_maskings_of_one_picture_differ_so_that_blocks_do_not_add_up():
    picture = street()
    assert (mask(picture) != mask(picture)).mean() > 0.3


def test_only_the_plate_stays_as_it_was():
    picture = street()
    drawn = annotate(picture, [(plate(320, 240, width=100), read("123ABC"))])
    assert (drawn[222:258, 275:365] == picture[222:258, 275:365]).mean() > 0.95
    assert (drawn[300:, :] == picture[300:, :]).mean() < 0.1


def test_a_place_that_could_not_be_read_is_not_shown_for_it_may_be_anything():
    picture = street()
    drawn = annotate(picture, [(plate(320, 240, width=100), read(""))])
    assert (drawn[225:255, 275:365] == picture[225:255, 275:365]).mean() < 0.1


def test_the_original_is_not_touched_and_unmasked_shows_it_all():
    picture = street()
    before = picture.copy()
    drawn = annotate(picture, [(plate(320, 240), read("123ABC"))], unmasked=True)
    assert (picture == before).all()
    assert (drawn[300:, :] == picture[300:, :]).all()
    assert (drawn != picture).any(), "the outline and the text"


def test_a_face_cannot_be_told_from_another_after_masking():
    """Two faces of one colour, drawn differently, end as near to each other as one face to itself."""
    faces = [np.full((480, 640, 3), 180, np.uint8) for _ in range(2)]
    for face, (eyes, mouth) in zip(faces, [(12, 25), (18, 14)], strict=True):
        cv2.circle(face, (320, 240), 60, (150, 170, 220), -1)
        for x in (295, 345):
            cv2.circle(face, (x, 225), eyes // 3, (30, 30, 30), -1)
        cv2.ellipse(face, (320, 270), (mouth, 6), 0, 0, 180, (40, 40, 120), -1)
    same = np.mean([np.abs(mask(faces[0]).astype(int) - mask(faces[0])).mean() for _ in range(30)])
    other = np.mean([np.abs(mask(faces[0]).astype(int) - mask(faces[1])).mean() for _ in range(30)])
    assert other < same * 1.1


def test_beside_a_plates_text_its_vehicle_is_named():
    """Blocks are drawn anew each time, so the pictures are compared without them."""
    picture, plates = np.zeros((480, 640, 3), np.uint8), [(plate(320, 240, width=100), read("123ABC"))]
    unknown, none = vehicle(None, 0.0, None), annotate(picture, plates, unmasked=True)
    assert (annotate(picture, plates, [unknown], unmasked=True) == none).all()
    assert (annotate(picture, plates, [vehicle("pickup", 0.9)], unmasked=True) != none).any()
