"""Upright boxes in frame pixels: what they share, and what is left of one beside another."""

from __future__ import annotations

from edge.camera.scene import Box


def common(a: Box, b: Box) -> float:
    """Pixels that lie in both."""
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(wide, 0.0) * max(high, 0.0)


def share_in(box: Box, region: Box) -> float:
    """Share of a box that lies in a region, 0–1."""
    return common(box, region) / max(box.width * box.height, 1.0)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0–1."""
    both = common(a, b)
    return both / max(a.width * a.height + b.width * b.height - both, 1.0)


def grown(box: Box, times: float) -> Box:
    """A square around the same middle, so many times as large as its longer side."""
    half, (x, y) = times * max(box.width, box.height) / 2, box.center
    return Box(x0=x - half, y0=y - half, x1=x + half, y1=y + half)


def rest_of(region: Box, box: Box) -> Box:
    """The largest part of a region beside, above or below a box."""
    parts = [
        Box(x0=region.x0, y0=region.y0, x1=min(box.x0, region.x1), y1=region.y1),
        Box(x0=max(box.x1, region.x0), y0=region.y0, x1=region.x1, y1=region.y1),
        Box(x0=region.x0, y0=region.y0, x1=region.x1, y1=min(box.y0, region.y1)),
        Box(x0=region.x0, y0=max(box.y1, region.y0), x1=region.x1, y1=region.y1),
    ]
    return max(parts, key=lambda part: max(part.width, 0.0) * max(part.height, 0.0))
