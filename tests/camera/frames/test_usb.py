from __future__ import annotations

import os
import stat

import numpy as np
import pytest

from edge.camera.frames import usb
from edge.camera.frames.open import open_source
from edge.camera.frames.quiet import cv2
from edge.camera.frames.source import SourceAway
from edge.settings.camera import SourceSettings
from tests.camera.frames.pictures import scene


def settings(address: str, **others) -> SourceSettings:
    return SourceSettings(kind="usb", address=address, **others)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/dev/video99", "/dev/video99: no such file or directory; is the camera plugged in?"),
        ("99", "/dev/video99: no such file"),
        ("/dev/null", "/dev/null is no video device"),
        (__file__, "is no video device"),
    ],
)
def test_a_camera_that_is_not_there_says_where_it_was_looked_for(address, why):
    with pytest.raises(SourceAway) as caught:
        usb.UsbCapture(settings(address))
    assert why in str(caught.value)


def test_an_unplugged_camera_is_waited_for():
    source = open_source(settings("/dev/video99", reconnect_s_min=0.05, reconnect_s_max=0.05), "north")
    source._rest = lambda: source.close() if source.status.tries == 3 else None
    assert list(source.frames()) == []
    assert source.status.tries == 3
    assert "plugged in" in source.status.why


class FakeCamera:
    """OpenCV's side of a USB camera; no test machine has a real one."""

    def __init__(self) -> None:
        self.opened, self.asked, self.left = True, {}, 2

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opened

    def set(self, key, value) -> bool:
        self.asked[key] = value
        return True

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self):
        return True, scene(640, 360)

    def release(self) -> None:
        self.opened = False


@pytest.fixture
def plugged_in(monkeypatch, tmp_path):
    """A video device that everybody may read, as far as the file system goes."""
    camera = FakeCamera()
    found = os.stat_result((stat.S_IFCHR | 0o666, *[0] * 9), {"st_rdev": os.makedev(usb.VIDEO_MAJOR, 0)})
    monkeypatch.setattr(usb.Path, "stat", lambda _path: found)
    monkeypatch.setattr(usb.os, "access", lambda *_: True)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: camera)
    return camera


def test_size_and_rate_are_asked_for_and_jpeg_first(plugged_in):
    capture = usb.UsbCapture(settings("/dev/video0", width=1280, height=720, frames_per_second=15))
    assert list(plugged_in.asked) == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
    ]
    assert plugged_in.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    capture.grab()
    assert capture.pixels().shape == (360, 640, 3)
    assert capture.pixels().dtype == np.uint8


def test_a_camera_that_stops_sending_is_stalled(plugged_in):
    capture = usb.UsbCapture(settings("0"))
    capture.grab()
    capture.grab()
    with pytest.raises(SourceAway, match="unplugged") as caught:
        capture.grab()
    assert caught.value.state == "stalled"
    capture.close()
    assert not plugged_in.opened


def test_a_camera_that_another_program_has_says_so(plugged_in):
    plugged_in.opened = False
    with pytest.raises(SourceAway, match="another program has it"):
        usb.UsbCapture(settings("0"))


def test_a_camera_that_we_may_not_open_says_so(plugged_in, monkeypatch):
    monkeypatch.setattr(usb.os, "access", lambda *_: False)
    with pytest.raises(SourceAway, match="group `video`"):
        usb.UsbCapture(settings("0"))
