from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.scene import Box
from edge.camera.vision.tiles import tiles

CANVAS = (640, 384)


def box(x0, y0, x1, y1):
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


@pytest.mark.parametrize("picture", [(320, 240), (640, 384), (800, 480), (640, 480)])
def test_a_picture_that_the_network_sees_nearly_at_full_size_needs_no_tiles(picture):
    assert tiles([box(0, 0, *picture)], picture, CANVAS, 12) == ()


def test_a_small_moved_region_is_one_tile_at_native_resolution():
    (tile,) = tiles([box(700, 300, 900, 450)], (1280, 720), CANVAS, 2)
    assert (tile.width, tile.height) == CANVAS
    assert tile.x0 <= 700
    assert tile.x1 >= 900


def test_what_is_too_large_for_native_resolution_is_seen_somewhat_smaller():
    found = tiles([box(300, 400, 1300, 900)], (1920, 1080), CANVAS, 2)
    assert 1 <= len(found) <= 2
    assert all(640 < tile.width < 1920 / 1.3 for tile in found)


def test_when_all_moves_the_whole_picture_is_as_good():
    assert tiles([box(0, 0, 1280, 720)], (1280, 720), CANVAS, 2) == ()


def test_two_far_regions_get_a_tile_each():
    found = tiles([box(100, 300, 200, 350), box(1700, 300, 1800, 350)], (1920, 1080), CANVAS, 2)
    assert len(found) == 2


@given(
    width=st.integers(200, 8000),
    height=st.integers(150, 5000),
    corners=st.tuples(*[st.floats(0, 1)] * 4),
    tiles_max=st.integers(1, 12),
)
def test_tiles_lie_inside_the_picture_and_cover_what_moved(width, height, corners, tiles_max):
    (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
    region = box(x0 * width, y0 * height, x1 * width, y1 * height)
    found = tiles([region], (width, height), CANVAS, tiles_max)
    assert len(found) <= tiles_max
    for tile in found:
        assert 0 <= tile.x0 < tile.x1 <= width
        assert 0 <= tile.y0 < tile.y1 <= height
    for x in (region.x0, (region.x0 + region.x1) / 2, region.x1):
        for y in (region.y0, (region.y0 + region.y1) / 2, region.y1):
            covered = any(t.x0 - 1 <= x <= t.x1 + 1 and t.y0 - 1 <= y <= t.y1 + 1 for t in found)
            assert covered or not found
