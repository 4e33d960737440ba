"""What stands beside a road: trees, poles, signs, shop fronts, a fence, a person walking. Flat pictures with masks.

Signs and shop fronts carry words: things with letters that are no plates. The figure is an outline of clothes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.synth import bodywork as bw
from models.synth.camera import to_linear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.synth.camera import Camera, Light
    from models.synth.weather import Sky

Panel = tuple["NDArray[np.uint8]", "NDArray[np.uint8]"]
"""Picture (h×w×3) and mask (h×w, 0–255)."""

SHOPS = (
    "PRAIRIE DINER",
    "FEED & SEED",
    "AUTO PARTS",
    "HARDWARE",
    "COFFEE",
    "LAUNDRY",
    "FARM SUPPLY",
    "PIZZA",
    "TIRES",
    "BANK",
)
SIGNS = (
    "SPEED/LIMIT/35",
    "NO/PARKING",
    "STOP",
    "ONE WAY",
    "EXIT 60",
    "SCHOOL/ZONE",
    "SPEED/LIMIT/45",
    "DEAD/END",
    "MAIN ST",
    "K 15",
)


def upright(x: float, z: float, width: float, height: float, y: float = 0.0) -> NDArray[np.float64]:
    """Corners (4×3) of a panel across the road's direction, its lower edge `y` above the ground."""
    a, b = x - width / 2, x + width / 2
    return np.array([[a, y + height, z], [b, y + height, z], [b, y, z], [a, y, z]])


def along(x: float, z0: float, z1: float, height: float, y: float = 0.0) -> NDArray[np.float64]:
    """Corners of a panel along the road (a shop front, a fence), read from the road's side; z0 is its left end."""
    return np.array([[x, y + height, z0], [x, y + height, z1], [x, y, z1], [x, y, z0]])


def tree(rng: np.random.Generator) -> Panel:
    """A crown of clustered leaves on a trunk, 300×380; the sun stands to its upper right."""
    picture, mask = np.zeros((380, 300, 3), np.uint8), np.zeros((380, 300), np.uint8)
    picture[:] = (40, 50, 60)
    cv2.fillPoly(mask, [np.array([[139, 378], [163, 378], [156, 180], [146, 180]])], 255, cv2.LINE_AA)
    hue = np.array((30, 76, 58)) * rng.uniform(0.8, 1.2, 3)
    clumps = [(150 + 95 * rng.normal() * 0.55, 140 + 100 * rng.normal() * 0.5, rng.uniform(28, 58)) for _ in range(22)]
    for x, y, size in sorted(clumps, key=lambda c: c[1]):
        for _ in range(int(size * 2.6)):
            angle, far = rng.uniform(0, 2 * np.pi), size * np.sqrt(rng.random())
            dx, dy = far * np.cos(angle), 0.8 * far * np.sin(angle)
            lit = 0.62 + 0.5 * (dx - dy) / (1.6 * size) + 0.25 * (140 - y) / 140 + rng.normal() * 0.14
            color = tuple(float(c) for c in np.clip(hue * max(lit, 0.18), 0, 255))
            spot = (int(np.clip(x + dx, 6, 293)), int(np.clip(y + dy, 6, 300)))
            cv2.circle(picture, spot, int(rng.integers(2, 6)), color, -1, cv2.LINE_AA)
            cv2.circle(mask, spot, int(rng.integers(3, 7)), 255, -1, cv2.LINE_AA)
    return picture, cv2.GaussianBlur(mask, (0, 0), 0.8)


def sign(words: str, rng: np.random.Generator) -> Panel:
    """A road sign on its post, 160×560: the panel on top."""
    picture, mask = np.full((560, 160, 3), 110, np.uint8), np.zeros((560, 160), np.uint8)
    lines = words.split("/")
    white = rng.random() < 0.65
    back, front = (
        ((232, 234, 234), (22, 22, 22))
        if white
        else [((60, 110, 30), (235, 235, 235)), ((30, 180, 235), (20, 20, 20))][int(rng.integers(2))]
    )
    if words == "STOP":
        back, front = (36, 28, 168), (238, 238, 238)
    tall = 190 if len(lines) > 1 else 110
    cv2.rectangle(mask, (76, 0), (84, 559), 255, -1)
    if words == "STOP":
        angle = np.pi / 8 + np.arange(8) * np.pi / 4
        outline = np.stack([80 + 76 * np.cos(angle), 80 + 76 * np.sin(angle)], 1).astype(np.int32)
        cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA)
        cv2.fillPoly(picture, [outline], back, cv2.LINE_AA)
        tall = 160
    else:
        cv2.rectangle(mask, (6, 0), (154, tall), 255, -1)
        cv2.rectangle(picture, (6, 0), (154, tall), back, -1)
        cv2.rectangle(picture, (11, 5), (149, tall - 5), front, 3, cv2.LINE_AA)
    pitch = (tall - 20) / len(lines)
    for number, line in enumerate(lines):
        letters = bw.lettering(line, max(8, int(pitch * (0.5 if len(lines) == 1 else 0.68))))
        if letters.shape[1] > 126:
            letters = cv2.resize(letters, (126, letters.shape[0]), interpolation=cv2.INTER_AREA)
        bw.ink(
            picture,
            letters,
            (80 - letters.shape[1] // 2, int(10 + number * pitch + (pitch - letters.shape[0]) / 2)),
            front,
        )
    return picture, mask


def shop(words: str, rng: np.random.Generator) -> Panel:
    """A shop front, 640×280: wall, window, door, and its name above."""
    wall = [(92, 110, 150), (150, 160, 170), (120, 130, 128), (86, 98, 120), (176, 184, 190)][int(rng.integers(5))]
    picture, mask = np.empty((280, 640, 3), np.uint8), np.full((280, 640), 255, np.uint8)
    picture[:] = wall
    for y in range(0, 280, 9):
        cv2.line(picture, (0, y), (640, y), tuple(c * 0.9 for c in wall), 1)
    band = [(30, 30, 120), (90, 50, 20), (30, 80, 30), (40, 40, 40), (220, 224, 226)][int(rng.integers(5))]
    cv2.rectangle(picture, (30, 30), (610, 95), band, -1)
    letters = bw.lettering(words, 40, int(rng.integers(3)))
    bw.ink(picture, letters, (320 - letters.shape[1] // 2, 42), (240, 240, 240) if sum(band) < 400 else (30, 30, 30))
    for x0, x1 in ((50, 270), (370, 590)):
        cv2.rectangle(picture, (x0, 115), (x1, 235), (48, 46, 42), -1)
        cv2.rectangle(picture, (x0, 115), (x1, 175), (72, 70, 64), -1)
        cv2.rectangle(picture, (x0, 115), (x1, 235), (170, 170, 170), 5)
    cv2.rectangle(picture, (285, 120), (355, 279), (44, 52, 70), -1)
    bw.ink(picture, bw.lettering("OPEN", 18), (80, 190), (60, 60, 220))
    return picture, mask


def house(rng: np.random.Generator) -> Panel:
    """A house seen from the road, 420×240: wall, roof, windows."""
    picture, mask = np.zeros((240, 420, 3), np.uint8), np.zeros((240, 420), np.uint8)
    wall = [(196, 202, 206), (150, 165, 178), (130, 140, 140), (120, 134, 170)][int(rng.integers(4))]
    cv2.rectangle(picture, (30, 100), (390, 240), wall, -1)
    for y in range(100, 240, 8):
        cv2.line(picture, (30, y), (390, y), tuple(c * 0.92 for c in wall), 1)
    roof = np.array([[5, 104], [70, 20], [350, 20], [415, 104]])
    cv2.fillPoly(picture, [roof], (58, 60, 72), cv2.LINE_AA)
    cv2.fillPoly(mask, [roof], 255, cv2.LINE_AA)
    cv2.rectangle(mask, (30, 100), (390, 240), 255, -1)
    for x in (70, 160, 300):
        cv2.rectangle(picture, (x, 130), (x + 50, 185), (60, 56, 50), -1)
        cv2.rectangle(picture, (x, 130), (x + 50, 185), (225, 225, 225), 4)
    cv2.rectangle(picture, (235, 140), (275, 240), (50, 60, 90), -1)
    return picture, mask


def pole() -> Panel:
    """A wooden utility pole, 60×600, with one cross-arm."""
    picture, mask = np.full((600, 60, 3), (58, 72, 86), np.uint8), np.zeros((600, 60), np.uint8)
    cv2.rectangle(mask, (26, 0), (34, 600), 255, -1)
    cv2.rectangle(mask, (0, 30), (60, 38), 255, -1)
    picture[:, 31:] = (44, 54, 64)
    return picture, mask


def rail() -> Panel:
    """A stretch of guard rail, 800×80."""
    picture, mask = np.full((80, 800, 3), 150, np.uint8), np.zeros((80, 800), np.uint8)
    for x in range(20, 800, 80):
        cv2.rectangle(mask, (x, 10), (x + 8, 80), 255, -1)
        cv2.rectangle(picture, (x, 10), (x + 8, 80), (80, 90, 96), -1)
    cv2.rectangle(mask, (0, 4), (800, 36), 255, -1)
    tones = np.interp(np.arange(4, 37), [4, 10, 16, 20, 24, 30, 36], [205, 190, 120, 95, 190, 175, 100])
    picture[4:37] = tones[:, None, None]
    return picture, mask


def person(step: float, coat: tuple[float, float, float], trousers: tuple[float, float, float]) -> Panel:
    """A figure walking sideways, 200×480: coat, trousers, shoes, a hood; `step` is the gait's phase, 0–1."""
    picture, mask = np.zeros((480, 200, 3), np.uint8), np.zeros((480, 200), np.uint8)
    swing = np.sin(2 * np.pi * step)

    def limb(points: list[tuple[float, float]], thick: int, color: tuple[float, float, float]) -> None:
        p = np.round(np.array(points) * 16).astype(np.int32)
        for target, value in ((picture, color), (mask, 255)):
            cv2.polylines(target, [p], isClosed=False, color=value, thickness=thick, lineType=cv2.LINE_AA, shift=4)

    for sign_, tone in ((-1, 0.7), (1, 1.0)):
        reach = sign_ * swing
        dark = tuple(c * tone for c in trousers)
        lift = 14 * max(0.0, float(np.cos(2 * np.pi * step)) * sign_)
        knee, foot = (100 + 22 * reach + 6, 352.0 - lift * 0.4), (100 + 46 * reach, 452.0 - lift)
        limb([(100, 250), knee, foot], 34, dark)
        limb([foot, (foot[0] + 20, foot[1] + 8)], 17, (30, 30, 34))
    limb([(94, 118), (78 - 30 * swing, 190), (88 - 44 * swing, 246)], 22, tuple(c * 0.75 for c in coat))
    limb([(100, 128), (101, 180), (100, 250)], 62, coat)
    limb([(102, 122), (106 + 30 * swing, 192), (120 + 44 * swing, 244)], 23, tuple(c * 1.12 for c in coat))
    cv2.ellipse(picture, (103, 62), (29, 38), 0, 0, 360, (52, 60, 70), -1, cv2.LINE_AA)
    cv2.ellipse(mask, (103, 62), (29, 38), 0, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.ellipse(picture, (98, 56), (31, 36), 0, 90, 300, tuple(c * 0.9 for c in coat), -1, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.2), cv2.GaussianBlur(mask, (0, 0), 1.0)


def cyclist(step: float, coat: tuple[float, float, float], trousers: tuple[float, float, float]) -> Panel:
    """The same figure leaning over the bars of a bicycle seen from the side, 400×480; `step` turns the pedals, 0–1."""
    picture, mask = np.zeros((480, 400, 3), np.uint8), np.zeros((480, 400), np.uint8)
    frame = (50.0, 42.0, 38.0)

    def line(points: list[tuple[float, float]], thick: int, color: tuple[float, float, float]) -> None:
        p = np.round(np.array(points) * 16).astype(np.int32)
        for target, value in ((picture, color), (mask, 255)):
            cv2.polylines(target, [p], isClosed=False, color=value, thickness=thick, lineType=cv2.LINE_AA, shift=4)

    for hub in ((88, 372), (312, 372)):
        for target, value in ((picture, (22, 22, 22)), (mask, 255)):
            cv2.circle(target, hub, 86, value, 9, cv2.LINE_AA)  # type: ignore[arg-type]
    line([(88, 372), (150, 270), (280, 262), (312, 372)], 9, frame)
    line([(150, 270), (190, 376), (280, 262)], 9, frame)
    line([(272, 226), (280, 262)], 8, frame)
    for sign_, tone in ((-1, 0.7), (1, 1.0)):
        turn = 2 * np.pi * step + (np.pi if sign_ < 0 else 0)
        foot = (190 + 32 * float(np.cos(turn)), 376 + 32 * float(np.sin(turn)))
        line([(150, 238), (214, 300), foot], 30, tuple(c * tone for c in trousers))  # type: ignore[arg-type]
        line([foot, (foot[0] + 22, foot[1] + 4)], 15, (30, 30, 34))
    line([(150, 236), (206, 120)], 56, coat)
    line([(206, 124), (250, 186), (276, 222)], 22, tuple(c * 0.8 for c in coat))  # type: ignore[arg-type]
    for target, value in ((picture, (52, 60, 70)), (mask, 255)):
        cv2.ellipse(target, (232, 66), (28, 36), 0, 0, 360, value, -1, cv2.LINE_AA)  # type: ignore[arg-type]
    return cv2.GaussianBlur(picture, (0, 0), 1.2), cv2.GaussianBlur(mask, (0, 0), 1.0)


def animal(step: float, coat: tuple[float, float, float], build: float = 0.5) -> Panel:
    """A beast on four legs seen from the side, 400×300; `build` 0 is a deer's or a thin dog's, 1 a cow's."""
    picture, mask = np.zeros((300, 400, 3), np.uint8), np.zeros((300, 400), np.uint8)
    swing = 26 * float(np.sin(2 * np.pi * step))
    deep = 34 + 34 * build
    dark: tuple[float, ...] = tuple(c * 0.75 for c in coat)

    def shape(points: list[tuple[float, float]], thick: float, color: tuple[float, ...]) -> None:
        p = np.round(np.array(points) * 16).astype(np.int32)
        for target, value in ((picture, color), (mask, (255.0,))):
            cv2.polylines(
                target, [p], isClosed=False, color=value, thickness=round(thick), lineType=cv2.LINE_AA, shift=4
            )

    for x, way in ((120, 1), (144, -1), (272, -1), (296, 1)):
        knee, foot = (x + 0.4 * way * swing, 218), (x + way * swing, 288)
        shape([(x, 150), knee, foot], 16 + 8 * build, dark if way < 0 else coat)
    for target, value in ((picture, coat), (mask, (255.0,))):
        cv2.ellipse(target, (208, 138), (112, round(deep)), 0, 0, 360, value, -1, cv2.LINE_AA)
    shape([(300, 124), (336, 66 + 40 * build)], 34 + 14 * build, coat)
    shape([(334, 62 + 40 * build), (376, 76 + 44 * build)], 30 + 8 * build, dark)
    shape([(100, 126), (78, 190)], 8, dark)
    return cv2.GaussianBlur(picture, (0, 0), 1.2), cv2.GaussianBlur(mask, (0, 0), 1.0)


def place(
    light: Light,
    camera: Camera,
    sky: Sky,
    panel: Panel,
    corners: NDArray[np.float64],
    *,
    shade: float = 1.0,
    shine: float = 0.0,
) -> None:
    """Put a panel into the world with its corners (4×3: tl, tr, br, bl), in place.

    `shine` is how much more than white paint it throws the camera's lamp back, as road signs do.
    """
    quad, depth = camera.project(corners)
    if depth.min() < 1.0 or np.abs(quad).max() > 20000:
        return
    height, width = light.shape[:2]
    low, high = np.floor(quad.min(axis=0)).astype(int) - 1, np.ceil(quad.max(axis=0)).astype(int) + 2
    x0, y0, x1, y1 = max(0, low[0]), max(0, low[1]), min(width, high[0]), min(height, high[1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    picture, mask = panel
    ratio = min(1.0, 1.3 * max((high[0] - low[0]) / picture.shape[1], (high[1] - low[1]) / picture.shape[0]))
    size = (max(2, round(picture.shape[1] * ratio)), max(2, round(picture.shape[0] * ratio)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    source = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (quad - [x0, y0]).astype(np.float32))
    window = (int(x1 - x0), int(y1 - y0))
    replicate = cv2.BORDER_REPLICATE
    color = cv2.warpPerspective(to_linear(small), matrix, window, flags=cv2.INTER_LINEAR, borderMode=replicate)
    alpha = cv2.warpPerspective(share, matrix, window, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    far = float(depth.mean())
    above = (np.array(sky.zenith, np.float32) + np.array(sky.horizon, np.float32)) / 2
    around = (above * sky.ambient + np.array(sky.sun, np.float32) * 0.55) * np.float32(shade)
    lit = color * (around + np.float32(sky.lamp * 100 / far**2 * (1 + shine)))
    clear = np.float32(np.exp(-max(sky.haze, 0.06) * far / 100))
    lit = lit * clear + np.array(sky.horizon, np.float32) * (1 - clear)
    part = light[y0:y1, x0:x1]
    part += (lit - part) * alpha
