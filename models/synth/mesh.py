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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from models.synth.camera import Camera

_SIDE, _ARC = 3, 5
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
    """What a rasterised mesh shows: n pixels of the picture."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    position: NDArray[np.float32]
    """n×3, in the mesh's own frame."""
    normal: NDArray[np.float32]
    """n×3, unit length."""
    part: NDArray[np.uint8]
    cover: NDArray[np.float32]
    """0–1: how much of the pixel the mesh covers."""

    def pieces(self, size: int = 8192) -> Iterator[Surface]:
        """A few pixels at a time: what is worked out for them stays in the processor's cache, three times faster."""
        whole = (self.rows, self.columns, self.position, self.normal, self.part, self.cover)
        for start in range(0, len(self.rows), size):
            yield Surface(*(values[start : start + size] for values in whole))


def stack(levels: Sequence[Level], part: int, *, between: int = 2, smooth: bool = True) -> Mesh:
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


def limb(points: Sequence[tuple[float, float, float]], radii: Sequence[float], part: int, *, sides: int = 10) -> Mesh:
    """A tube along a few points: an arm, a fork, an exhaust."""
    spine = np.array(points, np.float64)
    ahead = np.gradient(spine, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    rings = []
    for centre, way, radius in zip(spine, ahead, radii, strict=True):
        u = np.cross(way, [0.0, 0.3, 1.0] if abs(way[0]) > 0.7 else [1.0, 0.1, 0.2])
        u /= np.linalg.norm(u)
        ring = radius * (np.cos(angle) * u + np.sin(angle) * np.cross(u, way))
        rings.append(centre + ring)
    ends = [spine[0] + (rings[0] - spine[0]) * 0.02, spine[-1] + (rings[-1] - spine[-1]) * 0.02]
    return _skin(np.stack([ends[0], *rings, ends[1]]), part)


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
    mesh: Mesh,
    place: NDArray[np.float64],
    turn: NDArray[np.float64],
    camera: Camera,
    *,
    nearer: Mapping[int, float],
) -> Surface | None:
    """Look at a mesh that stands at `place` (3) turned by `turn` (3×3, own frame → world); None when out of view.

    Triangles hide one another by their distance; `nearer` says by how many metres a part counts as nearer than it is,
    for those that sit on top of their neighbours, or (negative) inside them.
    """
    pixels, depth = camera.project(mesh.vertices @ turn.T + place)
    triangles, number = _facing(mesh, pixels, depth)
    window = _window(pixels, triangles, camera)
    if window is None:
        return None
    x0, y0, x1, y1 = window
    local = pixels - [x0, y0]
    bias = np.array([nearer.get(part, 0.0) for part in range(int(mesh.part.max()) + 1)])
    order = np.argsort(bias[mesh.part[number]] - depth[triangles].mean(axis=1), kind="stable")
    triangles, number = triangles[order], number[order]
    ids, cover = _paint(local, triangles, x1 - x0, y1 - y0)
    ys, xs = np.nonzero(ids)
    seen = _interpolate(mesh, local, depth, triangles, (ys, xs, ids[ys, xs] - 1))
    normal = seen[:, 3:]
    normal /= np.maximum(np.sqrt((normal * normal).sum(axis=1, keepdims=True)), 1e-6)
    part = mesh.part[number][ids[ys, xs] - 1]
    return Surface(ys + y0, xs + x0, seen[:, :3], normal, part, cover[ys, xs])


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
    """Triangle numbers from 1 (h×w), the nearest on top, and the share of each pixel that is covered.

    Painted at twice the size: two by two fine pixels are one.
    """
    fine = np.zeros((height * 2, width * 2), np.int32)
    points = np.clip(np.round((pixels * 2 + 0.5) * 16), -(2**20), 2**20).astype(np.int32)[triangles]
    for number, triangle in enumerate(points, start=1):
        cv2.fillConvexPoly(fine, triangle, number, cv2.LINE_8, 4)
    ids = np.maximum(np.maximum(fine[::2, ::2], fine[1::2, ::2]), np.maximum(fine[::2, 1::2], fine[1::2, 1::2]))
    covered = cv2.resize((fine > 0).astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA)
    return ids, covered.astype(np.float32) / 255


def _interpolate(
    mesh: Mesh,
    pixels: NDArray[np.float64],
    depth: NDArray[np.float64],
    triangles: NDArray[np.int32],
    seen: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]],
) -> NDArray[np.float32]:
    """n×6: position and normal at each seen pixel (row, column, number of its triangle), right in perspective."""
    rows, columns, number = seen
    corners = np.concatenate([pixels[triangles], np.ones((*triangles.shape, 1))], axis=2)
    values = np.concatenate([mesh.vertices, mesh.normals, np.ones((len(mesh.vertices), 1))], axis=1)[triangles]
    planes = (np.linalg.inv(corners) @ (values / depth[triangles][..., None])).astype(np.float32)
    along, down, fixed = (np.ascontiguousarray(planes[:, i]) for i in range(3))
    x, y = columns.astype(np.float32)[:, None], rows.astype(np.float32)[:, None]
    sums = np.take(along, number, axis=0) * x + np.take(down, number, axis=0) * y + np.take(fixed, number, axis=0)
    return np.asarray(sums[:, :6] / np.maximum(sums[:, 6:], 1e-6), np.float32)
