"""What leaves the process that sees: plates, lines, and blocks in which nothing can be recognised."""

import cv2
import numpy as np

from edge.camera.aim.veil import WIDTH_MAX, coded, veiled
from edge.camera.scene import Box
from tests.builders import look

PLATE = look(x=900, y=560, width=120)


def scene():
    """A face and a word, sharp and large, and a plate elsewhere."""
    pixels = np.full((720, 1280, 3), 110, np.uint8)
    cv2.circle(pixels, (260, 260), 90, (190, 200, 230), -1)
    for x in (225, 295):
        cv2.circle(pixels, (x, 235), 12, (30, 30, 30), -1)
    cv2.ellipse(pixels, (260, 300), (40, 18), 0, 0, 180, (40, 40, 120), 6)
    cv2.putText(pixels, "SCHOOL", (480, 220), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (250, 250, 250), 5)
    cv2.rectangle(pixels, (840, 530), (960, 590), (240, 240, 240), -1)
    cv2.putText(pixels, "123ABC", (846, 572), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2)
    return pixels


def sent(looks=(PLATE,), moving=(), pixels=None):
    """As the browser gets it."""
    jpeg = coded(veiled(scene() if pixels is None else pixels, looks, moving))
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def detail(pixels, x0, y0, x1, y1):
    """What is left of a place when its coarse colours are taken away: what one recognises by."""
    part = cv2.cvtColor(pixels[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY).astype(np.float32)
    return part - cv2.GaussianBlur(part, (0, 0), 15)


def alike(a, b):
    return abs(float(np.corrcoef(a.ravel(), b.ravel())[0, 1]))


FACE, WORD, NUMBER = (200, 200, 330, 330), (480, 160, 760, 240), (845, 535, 955, 585)


def test_a_face_and_a_word_are_gone_and_the_plate_is_there():
    pixels, got = scene(), sent()
    assert alike(detail(pixels, *FACE), detail(got, *FACE)) < 0.35
    assert alike(detail(pixels, *WORD), detail(got, *WORD)) < 0.35
    assert alike(detail(pixels, *NUMBER), detail(got, *NUMBER)) > 0.9


def test_averaging_many_pictures_brings_nothing_back():
    pixels = scene()
    mean = np.mean([sent(pixels=pixels).astype(np.float32) for _ in range(15)], axis=0).astype(np.uint8)
    assert alike(detail(pixels, *FACE), detail(mean, *FACE)) < 0.35
    assert alike(detail(pixels, *WORD), detail(mean, *WORD)) < 0.35


def test_a_place_that_was_not_read_is_outlined_and_not_shown():
    got = sent(looks=(look(x=900, y=560, width=120, text=None),))
    assert alike(detail(scene(), *NUMBER), detail(got, *NUMBER)) < 0.5


def test_what_moves_without_a_plate_gets_no_outline():
    walker = Box(x0=160, y0=150, x1=360, y1=500)
    vehicle = Box(x0=700, y0=400, x1=1100, y1=650)
    drawn = veiled(scene(), (PLATE,), (walker, vehicle))
    colour = np.array([235, 206, 135])
    assert (drawn[400, 750:1050] == colour).all()
    assert not (drawn[150, 180:340] == colour).all(axis=1).any()


def test_a_large_frame_is_shrunk_and_its_plate_still_shown():
    large = cv2.resize(scene(), (2560, 1440), interpolation=cv2.INTER_CUBIC)
    got = sent(looks=(look(x=1800, y=1120, width=240),), pixels=large)
    assert got.shape[1] == WIDTH_MAX
    assert alike(detail(scene(), *NUMBER), detail(got, *NUMBER)) > 0.8
