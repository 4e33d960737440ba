"""Hit evidence, where the settings allow it: the crop of a plate, in memory for fifteen minutes, given once.

    look ─▶ crop ─▶ (its pass was told) ─▶ kept by the sighting's id ─▶ (the desk asks) ─▶ given, and gone

A crop is what lies inside the four corners of a plate on which the very text of the sighting was read, in that look:
no margin, at most 192×64 points, sixteen greys. Nothing here touches a disk, and nobody is given what they did not
ask for by the sighting's id, nor more than a department that compares hits would ask for.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import cv2
import numpy as np

from edge.camera.alignment import distance
from edge.camera.pixels import rectify
from edge.record.boundary import NotSealable, seal, unseal
from edge.record.evidence import COLUMNS_MAX, KEPT_S, ROWS_MAX, Evidence, EvidenceRequest
from edge.record.words import time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.camera.scene import Frame, Fused, Look, Motion, Pass, Plate
    from edge.record.boundary import Sealed

log = logging.getLogger(__name__)

K = TypeVar("K")

LOOKS_MAX: Final = 512
"""Crops of passes that are still open; about 5 KB each."""
KEPT_MAX: Final = 1024
"""Crops of passes that were told: more than one a second for fifteen minutes. The oldest goes first."""
ASKED_MAX: Final = 32
"""Requests that are heard in fifteen minutes. A camera has about six hits a day; who took over the broker, or the
process that talks to it, shall not have the crop of everybody who passes."""
ASPECT_MIN: Final = 1.15
"""A motorcycle's plate is 1.4 times as wide as high; what is higher than wide is no plate, whatever was read on it."""
EDITS_MAX: Final = 1
"""A look that was read otherwise than the pass was told, by more than this, is no evidence of it."""
HEX: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crop:
    taken_ns: int
    kept_ns: int
    """Monotonic: fifteen minutes count from here."""
    greys: NDArray[np.uint8]
    """H×W, 0–15."""


class Crops:
    """`look` and `tell` come from the vision thread, `answer` from the link's."""

    def __init__(self, site: str, camera: str) -> None:
        self._site, self._camera = site, camera
        self._looks: dict[tuple[int, tuple[float, float]], _Crop] = {}
        self._told: dict[str, _Crop] = {}
        self._lock = Lock()
        self._asked: deque[int] = deque(maxlen=ASKED_MAX)
        """When, monotonic nanoseconds: the latest that were heard."""
        self._too_many = False

    def look(self, frame: Frame, _motion: Motion | None, looks: list[Look]) -> None:
        """Remember the crops of the looks that were read, until their pass is told or forgotten."""
        for look in looks:
            self._look(frame, look)

    def _look(self, frame: Frame, look: Look) -> None:
        if look.read is None or not look.read.characters or _aspect(look.plate) < ASPECT_MIN:
            return
        _trim(self._looks, LOOKS_MAX - 1)
        self._looks[_key(look)] = _Crop(
            taken_ns=look.taken_ns, kept_ns=look.monotonic_ns, greys=cut(frame.pixels, look.plate)
        )

    def tell(self, passed: Pass, fused: Fused | None, sighting: str) -> None:
        """A pass was told: of its crops keep the one that shows best what was told, if one does."""
        crops = {look: crop for look in passed.looks if (crop := self._looks.pop(_key(look), None)) is not None}
        if fused is None:
            return
        edits = {look: distance(look.read.text, fused.text) for look in crops if look.read is not None}
        shown = [look for look, edit in edits.items() if edit == min(edits.values()) <= EDITS_MAX]
        if shown:
            best = max(shown, key=lambda look: look.plate.width_px * look.sharpness)
            with self._lock:
                _trim(self._told, KEPT_MAX - 1)
                self._told[sighting] = crops[best]

    def answer(self, asked: bytes, now_ns: int) -> Sealed | None:
        """What the desk gets that asks; None for no request of ours, for no such crop, and for too many requests.

        `now_ns` is monotonic.
        """
        if not self._heard(now_ns):
            return None
        try:
            request = unseal(asked, EvidenceRequest)
        except NotSealable:
            return None
        if (request.site, request.camera) != (self._site, self._camera):
            return None
        given = self.give(request.id, now_ns)
        return None if given is None else seal(given)

    def _heard(self, now_ns: int) -> bool:
        """Whether this request is heard; a flood is logged once."""
        too_many = len(self._asked) == ASKED_MAX and now_ns - self._asked[0] < KEPT_S * 1e9
        if too_many and not self._too_many:
            log.warning("more than %d crops were asked for in %g minutes: no more are given", ASKED_MAX, KEPT_S / 60)
        self._too_many = too_many
        if not too_many:
            self._asked.append(now_ns)
        return not too_many

    def give(self, sighting: str, now_ns: int) -> Evidence | None:
        """The crop of a sighting, once; None when there is none, or none any more. `now_ns` is monotonic."""
        self.forget(now_ns)
        with self._lock:
            crop = self._told.pop(sighting, None)
        if crop is None:
            return None
        return Evidence(
            id=sighting,
            site=self._site,
            camera=self._camera,
            taken_at=time(crop.taken_ns),
            columns=tuple(HEX[column].tobytes().decode("ascii") for column in crop.greys.T),
        )

    def forget(self, now_ns: int) -> None:
        """Whatever is older than its fifteen minutes. `now_ns` is monotonic."""
        oldest_ns = now_ns - int(KEPT_S * 1e9)
        with self._lock:
            for sighting in [one for one, crop in self._told.items() if crop.kept_ns < oldest_ns]:
                del self._told[sighting]


def cut(picture: NDArray[np.uint8], plate: Plate) -> NDArray[np.uint8]:
    """The plate inside its corners as H×W greys 0–15, never enlarged, at most 64×192, its contrast stretched."""
    width, height = plate.width_px, plate.width_px / _aspect(plate)
    shrink = min(1.0, COLUMNS_MAX / width, ROWS_MAX / height)
    wide = min(COLUMNS_MAX, max(4, math.floor(width * shrink)))
    high = min(ROWS_MAX, max(4, math.floor(height * shrink)))
    grey = cv2.cvtColor(rectify(picture, plate.corners, width=wide, height=high, margin=0.0), cv2.COLOR_BGR2GRAY)
    dark, light = float(grey.min()), float(grey.max())
    return np.round((grey - dark) * (15.0 / max(light - dark, 1.0))).astype(np.uint8)


def _aspect(plate: Plate) -> float:
    """Width against height."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = plate.corners
    height = (math.hypot(dx - ax, dy - ay) + math.hypot(cx - bx, cy - by)) / 2
    return plate.width_px / max(height, 1.0)


def _key(look: Look) -> tuple[int, tuple[float, float]]:
    return look.monotonic_ns, look.plate.center


def _trim(crops: dict[K, _Crop], left: int) -> None:
    """The oldest go first: a dictionary keeps its order."""
    while len(crops) > left:
        del crops[next(iter(crops))]
