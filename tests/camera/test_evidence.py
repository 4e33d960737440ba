from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.camera import evidence
from edge.camera.evidence import ASKED_MAX, Crops, cut
from edge.camera.scene import Plate
from edge.record.boundary import seal
from edge.record.evidence import KEPT_S, EvidenceRequest
from edge.settings.camera import EvidenceSettings
from tests.builders import frame, fused, look, passed

S = 1_000_000_000
ID = "5f0c1f7c9a0b4e6d8f21337764cafe01"


def told(*looks, vote=None, crops=None, sighting=ID):
    """Looks through the shelf, and their pass told."""
    crops = crops or Crops("hesston", "north")
    crops.look(frame(0), None, list(looks))
    crops.tell(passed(looks), vote, sighting)
    return crops


LOOKS = (look(0, width=60), look(100, width=90), look(200, "12BABC", width=120))


def test_the_crop_of_a_told_pass_is_given_once():
    crops = told(*LOOKS, vote=fused("123ABC"))
    given = crops.give(ID, 3 * S)
    assert (given.id, given.camera) == (ID, "north")
    assert (len(given.columns), len(given.columns[0])) == (90, 45), "the widest look that shows what was told"
    assert seal(given).kind == "evidence"
    assert crops.give(ID, 3 * S) is None


def test_of_another_sighting_there_is_nothing():
    assert told(*LOOKS, vote=fused("123ABC")).give("0" * 32, 3 * S) is None


def test_after_fifteen_minutes_it_is_gone():
    crops = told(*LOOKS, vote=fused("123ABC"))
    crops.forget(int((KEPT_S + 1) * S))
    assert crops.give(ID, 3 * S) is None


def asked(sighting=ID, **changes):
    fields = {"id": sighting, "site": "hesston", "camera": "north", "made_at": "2026-11-23T18:04:11.213Z"}
    return seal(EvidenceRequest(**{**fields, **changes})).payload


def test_a_desk_that_asks_gets_it_sealed():
    assert told(*LOOKS, vote=fused("123ABC")).answer(asked(), S).kind == "evidence"


@pytest.mark.parametrize(
    "request_",
    [asked(camera="south"), asked(site="newton"), b'{"schema":"evidence_request/1"}', b"\xff" * 5000, asked()[:-1]],
    ids=["of another camera", "of another site", "without its fields", "garbage", "cut off"],
)
def test_what_is_no_request_for_this_cameras_crops_is_not_answered(request_):
    assert told(*LOOKS, vote=fused("123ABC")).answer(request_, S) is None


def test_who_asks_for_everything_gets_nothing_more_until_fifteen_minutes_have_passed(caplog):
    crops = Crops("hesston", "north")
    for number in range(ASKED_MAX + 5):
        crops.answer(asked(f"{number:032x}"), S)
    later = replace(LOOKS[0], monotonic_ns=S * 60)
    told(later, vote=fused("123ABC"), crops=crops)
    assert crops.answer(asked(), 61 * S) is None
    assert caplog.text.count("no more are given") == 1
    assert crops.answer(asked(), int((KEPT_S + 2) * S)) is not None


@pytest.mark.parametrize("vote", [None, fused("999ZZZ")], ids=["no text", "another text"])
def test_where_no_look_shows_the_text_that_was_told_there_is_no_crop(vote):
    """Nothing shows then that what was cut out is that plate, or a plate at all."""
    assert told(*LOOKS, vote=vote).give(ID, S) is None


def test_what_is_higher_than_wide_is_no_plate():
    """A face is, upright; whatever was read on it does not make it one."""
    x, y = 600, 400
    tall = Plate(corners=((x - 20, y - 30), (x + 20, y - 30), (x + 20, y + 30), (x - 20, y + 30)), score=0.9)
    assert told(replace(look(0), plate=tall), vote=fused("123ABC")).give(ID, S) is None


def test_memory_has_an_end(monkeypatch):
    monkeypatch.setattr(evidence, "KEPT_MAX", 3)
    monkeypatch.setattr(evidence, "LOOKS_MAX", 3)
    crops = Crops("hesston", "north")
    for number in range(5):
        told(look(number), vote=fused("123ABC"), crops=crops, sighting=f"{number:032x}")
    assert [crops.give(f"{number:032x}", S) is not None for number in range(5)] == [False, False, True, True, True]
    for number in range(10):
        crops.look(frame(0), None, [look(number)])
    assert len(crops._looks) == 3


@pytest.mark.parametrize(("width", "height"), [(30, 15), (92, 46), (400, 200), (900, 90), (200, 170)])
def test_a_crop_is_the_plate_alone_never_enlarged_and_never_beyond_192_by_64(width, height):
    pixels = np.full((500, 1000, 3), 200, np.uint8)
    pixels[100 : 100 + height, 50 : 50 + width] = 20
    pixels[100 + height // 3 : 100 + height // 2, 60 : 40 + width] = 90
    corners = ((50, 100), (50 + width, 100), (50 + width, 100 + height), (50, 100 + height))
    greys = cut(pixels, Plate(corners=corners, score=0.9))
    assert greys.shape[0] <= min(64, height)
    assert greys.shape[1] <= min(192, width)
    assert greys.shape[1] / greys.shape[0] == pytest.approx(width / height, rel=0.15)
    assert (greys.min(), greys.max()) == (0, 15)
    inner = greys[1:-1, 1:-1]  # the outermost points may touch both sides of the edge
    ring = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    assert ring.max() <= 1, "what is beside the plate is not in it"


def test_it_is_off_unless_the_settings_say_so():
    assert not EvidenceSettings().enabled
