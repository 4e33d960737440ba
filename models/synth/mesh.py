"""Solid shapes without a 3-D engine: rounded bodies from outlines stacked by height, and a small rasteriser.

A body is a stack of rounded rectangles (`Level`), seen from above, each at its height: bumper, belt line, roof. The
rasteriser paints triangle numbers from back to front with OpenCV and then works out, for all pixels at once, which
point of the body each one sees: position and normal, so that light and paint can be worked out pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.synth.camera import Camera

_SIDE, _ARC = 6, 6
"""Points along each straight side and each rounded corner of an outline."""


@dataclass(frozen=True, slots=True)
class Level:
    """One outline of a body: a rounded rectangle seen from above. Metres, in the vehicle's own frame (z forward)."""

    y: float
    front: float
    rear: float
    half: float
    """Half the width."""
    radius: float
    bow: float = 0.05
    """By how much the middle of front and rear stand out beyond their corners."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles with smooth normals."""

    vertices: NDArray[np.float32]
    """N×3, metres."""
    normals: NDArray[np.float32]
    """N×3, outward."""
    triangles: NDArray[np.int32]
    """M×3."""
    part: NDArray[np.uint8]
    """M: the material."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What a rasterised mesh shows in its window of the picture."""

    x0: int
    y0: int
    inside: NDArray[np.bool_]
    """h×w."""
    position: NDArray[np.float32]
    """h×w×3, in the mesh's own frame."""
    normal: NDArray[np.float32]
    """h×w×3."""
    part: NDArray[np.uint8]
    """h×w."""
    cover: NDArray[np.float32]
    """h×w, 0–1: how much of the pixel the mesh covers."""


def stack(levels: Sequence[Level], part: int, *, between: int = 3, smooth: bool = True) -> Mesh:
    """A body from its outlines, lowest first, closed at the top."""
    keys = np.array([[lv.y, lv.front, lv.rear, lv.half, lv.radius, lv.bow] for lv in levels])
    at = np.linspace(0, len(keys) - 1, (len(keys) - 1) * between + 1)
    rows = np.stack([np.interp(at, np.arange(len(keys)), column) for column in keys.T], 1)
    if smooth and len(rows) > 4:
        padded = np.vstack([rows[:1], rows, rows[-1:]])
        rows = np.vstack([rows[:1], (padded[:-2] + 2 * padded[1:-1] + padded[2:])[1:-1] / 4, rows[-1:]])
    rings = [_outline(*row) for row in rows]
    return _skin(np.stack([*rings, *_lid(rings[-1])]), part)


def cylinder(centre: tuple[float, float, float], radius: float, width: float, part: int, *, sides: int = 20) -> Mesh:
    """A wheel: its axis lies across the vehicle."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rim = np.stack([np.zeros(sides), radius * np.sin(angle), radius * np.cos(angle)], 1)
    offsets = [(-0.5, 0.0), (-0.5, 0.93), (-0.42, 1.0), (0.42, 1.0), (0.5, 0.93), (0.5, 0.0)]
    rings = [rim * [0, share, share] + [across * width, 0, 0] for across, share in offsets]
    return _skin(np.stack(rings) + np.array(centre), part)


def ball(centre: tuple[float, float, float], radii: tuple[float, float, float], part: int, *, n: int = 12) -> Mesh:
    """An ellipsoid: a mirror, a helmet, a shoulder."""
    rings = []
    for latitude in np.linspace(-np.pi / 2, np.pi / 2, n):
        angle = np.linspace(0, 2 * np.pi, 2 * n, endpoint=False)
        rings.append(
            np.stack(
                [np.cos(latitude) * np.sin(angle), np.full(2 * n, np.sin(latitude)), np.cos(latitude) * np.cos(angle)],
                1,
            )
        )
    return _skin(np.stack(rings) * np.array(radii) + np.array(centre), part)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several as one."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.triangles + start for m, start in zip(meshes, starts, strict=False)]).astype(np.int32),
        np.concatenate([m.part for m in meshes]),
    )


def rasterise(
    mesh: Mesh, place: NDArray[np.float64], turn: NDArray[np.float64], camera: Camera, *, last: int
) -> Surface | None:
    """Look at a mesh that stands at `place` (3) turned by `turn` (3×3, own frame → world); None when out of view.

    Triangles hide one another by their distance; part `last` sits on top of its neighbours and wins by a metre.
    """
    pixels, depth = camera.project(mesh.vertices @ turn.T + place)
    triangles, number = _facing(mesh, pixels, depth)
    window = _window(pixels, triangles, camera)
    if window is None:
        return None
    x0, y0, x1, y1 = window
    local = pixels - [x0, y0]
    order = np.argsort((mesh.part[number] == last) - depth[triangles].mean(axis=1), kind="stable")
    triangles, number = triangles[order], number[order]
    ids, cover = _paint(local, triangles, x1 - x0, y1 - y0)
    inside = ids > 0
    seen = _interpolate(mesh, local, depth, triangles, ids)
    normal = seen[..., 3:]
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    part = np.concatenate([[0], mesh.part[number]]).astype(np.uint8)[ids]
    return Surface(x0, y0, inside, seen[..., :3], normal, part, cover)


def _outline(y: float, front: float, rear: float, half: float, radius: float, bow: float) -> NDArray[np.float64]:
    """Points of one rounded rectangle, all outlines with the same number, starting at the rear's middle."""
    length = max(front - rear, 1e-3)
    radius = float(np.clip(radius, 1e-3, min(half, length / 2) * 0.98))
    centre = (front + rear) / 2
    ax, az = half - radius, length / 2 - radius
    points = []
    for corner in range(4):
        sx, sz = (1, 1, -1, -1)[corner], (-1, 1, 1, -1)[corner]
        start = (-np.pi / 2, 0.0, np.pi / 2, np.pi)[corner]
        angle = start + np.linspace(0, np.pi / 2, _ARC)
        arc = np.stack([sx * ax + radius * np.cos(angle), sz * az + radius * np.sin(angle)], 1)
        points.append(arc)
        nx, nz = ((ax + radius, az), (-ax, az + radius), (-ax - radius, -az), (ax, -az - radius))[corner]
        share = np.linspace(0, 1, _SIDE + 2)[1:-1, None]
        points.append(arc[-1] * (1 - share) + np.array([nx, nz]) * share)
    flat = np.concatenate(points)
    bulge = bow * np.clip(1 - (flat[:, 0] / half) ** 2, 0, 1) * np.clip((np.abs(flat[:, 1]) - az) / radius, 0, 1)
    flat[:, 1] += np.sign(flat[:, 1]) * bulge
    return np.stack([flat[:, 0], np.full(len(flat), y), flat[:, 1] + centre], 1)


def _lid(top: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Rings that close a body at the top, slightly domed."""
    middle = top.mean(axis=0)
    span = float(np.ptp(top[:, 0]))
    return [
        middle + (top - middle) * share + [0, rise * span, 0]
        for share, rise in ((0.9, 0.008), (0.6, 0.018), (0.02, 0.022))
    ]


def _skin(rings: NDArray[np.float64], part: int) -> Mesh:
    """Rings (k×n×3), lowest first, counter-clockwise from above → triangles with normals."""
    count, n = rings.shape[:2]
    along = np.roll(rings, -1, axis=1) - np.roll(rings, 1, axis=1)
    up = np.gradient(rings, axis=0)
    normals = np.cross(up, along)
    length = np.linalg.norm(normals, axis=2, keepdims=True)
    normals = np.where(length > 1e-9, normals / np.maximum(length, 1e-9), [0.0, 1.0, 0.0])
    k, i = np.meshgrid(np.arange(count - 1), np.arange(n), indexing="ij")
    a, b = (k * n + i).ravel(), (k * n + (i + 1) % n).ravel()
    triangles = np.concatenate([np.stack([a, b, a + n], 1), np.stack([b, b + n, a + n], 1)])
    return Mesh(
        rings.reshape(-1, 3).astype(np.float32),
        normals.reshape(-1, 3).astype(np.float32),
        triangles.astype(np.int32),
        np.full(len(triangles), part, np.uint8),
    )


def _facing(
    mesh: Mesh, pixels: NDArray[np.float64], depth: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """The triangles that face the camera and lie in front of it, and their numbers."""
    a, b, c = (pixels[mesh.triangles[:, i]] for i in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    number = np.nonzero((turn < -1e-4) & (depth[mesh.triangles].min(axis=1) > 0.4))[0]
    return mesh.triangles[number], number


def _window(
    pixels: NDArray[np.float64], triangles: NDArray[np.int32], camera: Camera
) -> tuple[int, int, int, int] | None:
    if len(triangles) == 0:
        return None
    used = pixels[np.unique(triangles)]
    low, high = used.min(axis=0), used.max(axis=0)
    x0, y0 = max(0, int(low[0]) - 2), max(0, int(low[1]) - 2)
    x1, y1 = min(camera.width, int(high[0]) + 3), min(camera.height, int(high[1]) + 3)
    return (x0, y0, x1, y1) if x1 - x0 >= 3 and y1 - y0 >= 3 else None


def _paint(
    pixels: NDArray[np.float64], triangles: NDArray[np.int32], width: int, height: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Triangle numbers from 1 (h×w), the nearest on top, and the share of each pixel that is covered."""
    ids = np.zeros((height, width), np.int32)
    fine = np.zeros((height * 2, width * 2), np.uint8)
    points = np.clip(np.round(pixels * 16), -(2**20), 2**20).astype(np.int32)[triangles]
    twice = points * 2 + 8  # the middle of the first of two fine pixels lies a quarter pixel before the coarse one's
    for number, (coarse, doubled) in enumerate(zip(points, twice, strict=True), start=1):
        cv2.fillConvexPoly(ids, coarse, number, cv2.LINE_8, 4)
        cv2.fillConvexPoly(fine, doubled, 255, cv2.LINE_8, 4)
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return ids, np.where(ids > 0, cover, 0).astype(np.float32)


def _interpolate(
    mesh: Mesh,
    pixels: NDArray[np.float64],
    depth: NDArray[np.float64],
    triangles: NDArray[np.int32],
    ids: NDArray[np.int32],
) -> NDArray[np.float32]:
    """h×w×6: position and normal at each pixel, right in perspective."""
    corners = np.concatenate([pixels[triangles], np.ones((*triangles.shape, 1))], axis=2)
    values = np.concatenate([mesh.vertices, mesh.normals, np.ones((len(mesh.vertices), 1))], axis=1)[triangles]
    values = values / depth[triangles][..., None]
    planes = np.linalg.inv(corners) @ values
    planes = np.concatenate([np.zeros((1, 3, 7)), planes]).astype(np.float32)
    ys, xs = np.nonzero(ids)
    found = planes[ids[ys, xs]]
    sums = found[:, 0] * xs[:, None].astype(np.float32) + found[:, 1] * ys[:, None].astype(np.float32) + found[:, 2]
    out = np.zeros((*ids.shape, 6), np.float32)
    out[ys, xs] = sums[:, :6] / np.maximum(sums[:, 6:], 1e-6)
    return out
