"""What the vehicle network learns from, and what it is told by."""

from __future__ import annotations

import csv
from typing import get_args

import numpy as np
import pytest

from edge.camera.pixels import LETTERBOX_GREY, VEHICLE_SIDE
from edge.record.words import Color, VehicleType
from models.train.vehicle.batches import untold
from models.train.vehicle.prepare import JUDGED, eye_label
from models.train.vehicle.words import COLORS, OTHER, TOLD_COLORS, TOLD_TYPES, TYPES, groups, word

ROW = {"plate_x0": "1", "plate_y0": "2", "plate_x1": "3", "plate_y1": "4", "view": "rear", "split": "val"}


def test_whatever_is_learnt_is_told_by_a_word_of_the_record_or_not_at_all():
    assert set(TYPES.values()) == {*get_args(VehicleType), OTHER}
    assert set(COLORS.values()) == {*get_args(Color), OTHER}
    assert [TOLD_TYPES[n] for n in groups(TYPES, TOLD_TYPES)] == list(TYPES.values())
    assert [TOLD_COLORS[n] for n in groups(COLORS, TOLD_COLORS)] == list(COLORS.values())


def test_the_labels_spellings_are_ours():
    written = ["hatchback_wagon", "grey_silver", "trailer", "purple", "coupe"]
    assert [word(one) for one in written] == ["hatchback", "grey", OTHER, OTHER, "coupe"]


def test_what_nobody_could_tell_is_learnt_as_none_of_the_types_and_as_no_colour():
    label = eye_label({**ROW, "type": "", "color": "", "flags": "uc"})
    assert (label.type, label.color, label.type_unsure, label.color_unsure) == (OTHER, "", True, True)
    assert label.plate == (1.0, 2.0, 3.0, 4.0)


def test_every_picture_that_was_judged_again_has_a_type_of_ours_or_teaches_nothing():
    with JUDGED.open(newline="") as file:
        judged = {row["file"]: row["type"] for row in csv.DictReader(file)}
    assert len(judged) == 313
    assert set(judged.values()) <= {*TYPES, ""}


def test_held_blocks_change_when_something_is_computed_and_not_what():
    torch = pytest.importorskip("torch", reason="networks are trained with PyTorch: install the extra `train`")
    from models.train.vehicle.network import VehicleNet

    torch.manual_seed(3)
    net = VehicleNet().eval()
    torch.nn.init.normal_(net.types.weight)
    images = torch.rand(2, 3, VEHICLE_SIDE, VEHICLE_SIDE)
    with torch.no_grad():
        whole, *parts = ((net(images)), *(net.after(net.until(images, held), held) for held in ("early", "middle")))
    for part in parts:
        assert torch.allclose(part[0], whole[0], atol=1e-4)
    net.hold("middle")
    assert not any(p.requires_grad for p in net.middle.parameters())
    assert all(p.requires_grad for p in net.deep.parameters())


def test_what_nobody_could_name_is_dark_or_mostly_beyond_the_picture():
    picture = np.full((VEHICLE_SIDE, VEHICLE_SIDE, 3), 200, np.uint8)
    for seed in range(20):
        shown = untold(np.random.default_rng(seed), picture)
        beyond = (shown == LETTERBOX_GREY).all(axis=2).mean()
        assert shown.mean() < 90 or beyond > 0.55, seed
