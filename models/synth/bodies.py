"""What all vehicles are made of: their nouns, and the parts that several of them share.

A vehicle's own frame: x to its right, y up from the road, z forward, metres, z = 0 in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.synth.bodywork import BLACK, CHROME, GLASS, RUBBER, Bgr, Drawing
from models.synth.mesh import Level, Mesh, cylinder, join, stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

BODY, TYRE, PLASTIC, CLOTH, LEATHER, PAINT, CABIN = range(7)
"""Parts of a mesh: `BODY` and `CABIN` wear the drawings, the others one colour each."""
RED_LENS, CLEAR_LENS, AMBER_LENS, LENS = (
    (24.0, 18.0, 128.0),
    (200.0, 196.0, 200.0),
    (30.0, 110.0, 220.0),
    (205.0, 205.0, 200.0),
)
TAIL_GLOW = 0.26
"""How much a tail lamp shines, where a headlamp is 1."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a plate is screwed on, and how large it is: metres."""

    y: float
    z: float
    x: float = 0.0
    lean: float = 0.0
    """Radians by which the plate's upper edge leans towards the vehicle's middle."""
    width: float = 0.305
    height: float = 0.1525

    def corners(self) -> NDArray[np.float64]:
        """4×3 in the vehicle's frame: top left, top right, bottom right, bottom left, as the plate is read."""
        end = 1.0 if self.z > 0 else -1.0
        half_w, half_h = self.width / 2, self.height / 2
        back = np.sin(self.lean) * half_h * -end
        up = np.cos(self.lean) * half_h
        right = -end  # whoever reads the front plate faces the vehicle: its right is the vehicle's left
        rows = [(-1, 1), (1, 1), (1, -1), (-1, -1)]
        return np.array([[self.x + right * sx * half_w, self.y + sy * up, self.z + sy * back] for sx, sy in rows])


@dataclass(frozen=True)
class Vehicle:
    """One vehicle, ready to be looked at."""

    type: str
    color: str
    mesh: Mesh
    sides: dict[str, Drawing]
    """`front`, `rear`, `left`, `right`, each seen straight on."""
    parts: NDArray[np.float32]
    """Colour of each part, BGR 0–255; `BODY`'s entry is the paint of what faces up."""
    front: Mount
    rear: Mount
    length: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What chance decides about one vehicle."""

    lamps: int
    grille: int
    badge: int
    spokes: int
    rim: Bgr
    trim: Bgr
    plate_low: bool
    """Whether a sedan wears its rear plate in the bumper."""
    name: str
    """The maker's; no real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The outline of a vehicle with a cabin; metres."""

    kind: str
    length: float
    half: float
    """Half the width."""
    roof: float
    belt: float
    """Where the windows begin."""
    cabin: tuple[float, float]
    """z of the cabin's front and rear at the belt line."""
    top: tuple[float, float]
    """The same at the roof."""
    hood: float
    """z where the hood meets the windscreen."""
    axles: tuple[float, float]
    """Front axle behind the front end, rear axle before the rear end."""
    radius: float
    """Of the wheels."""
    panelled: bool = False
    """A van: no windows behind the doors."""

    @property
    def front(self) -> float:
        """Z."""
        return self.length / 2

    @property
    def rear(self) -> float:
        """Z."""
        return -self.length / 2

    @property
    def axle_z(self) -> tuple[float, float]:
        """Z of both axles."""
        return self.front - self.axles[0], self.rear + self.axles[1]


_NAMES = ("ALTURA", "VENTO", "PRAIRIE", "CRESTLINE", "MERIDEN", "SOLANO", "TALLIS", "KONZA", "ORBIS", "LANDER")


def draw_style(rng: np.random.Generator) -> Style:
    """Draw one."""
    return Style(
        lamps=int(rng.integers(3)),
        grille=int(rng.integers(3)),
        badge=int(rng.integers(3)),
        spokes=int(rng.integers(5, 11)),
        rim=((150, 150, 148), (90, 90, 90), (60, 60, 60))[int(rng.integers(3))],
        trim=(CHROME, (110, 110, 110), (40, 40, 40))[int(rng.integers(3))],
        plate_low=bool(rng.random() < 0.4),
        name=_NAMES[int(rng.integers(len(_NAMES)))],
    )


def parts(paint: Bgr) -> NDArray[np.float32]:
    """The colour of each part, BGR."""
    return np.array([paint, RUBBER, (34, 34, 34), (52, 42, 38), (20, 20, 20), paint, paint], np.float32)


def mount_on(body: Mesh, y: float, end: int) -> Mount:
    """A plate just clear of the body's middle line at a height, at the front (1) or the rear (-1)."""
    v = body.vertices
    near = (np.abs(v[:, 0]) < 0.25) & (np.abs(v[:, 1] - y) < 0.09) & (v[:, 2] * end > 0)
    reach = float((v[near, 2] * end).max()) if near.any() else float((v[:, 2] * end).max())
    return Mount(y=y, z=end * (reach + 0.012))


def wheels(half: float, axles: tuple[float, float], radius: float, wide: float) -> list[Mesh]:
    """Four of them."""
    return [cylinder((side * half, radius, z), radius, wide, TYRE) for side in (-1, 1) for z in axles]


def mirror(x: float, y: float, z: float, wide: float, high: float, part: int) -> Mesh:
    """A wing mirror with the arm that holds it: its lower edge at y."""
    shell = stack(
        [
            Level(y + high * a, z + 0.07 * b, z - 0.05, wide / 2 * b, 0.05, 0.02)
            for a, b in ((0, 0.7), (0.2, 1), (0.8, 1), (1, 0.75))
        ],
        part,
    )
    inward = -0.1 if x > 0 else 0.1
    arm = stack(
        [Level(y - 0.02, z + 0.04, z - 0.01, 0.12, 0.01, 0.0), Level(y + 0.04, z + 0.04, z - 0.01, 0.12, 0.01, 0.0)],
        PLASTIC,
        between=1,
        smooth=False,
    )
    moved = [
        Mesh(m.vertices + np.array([dx, 0, 0], np.float32), m.normals, m.triangles, m.part)
        for m, dx in ((arm, x + inward), (shell, x))
    ]
    return join(moved)


def windscreen(d: Drawing, half: float, belt: float, roof: float, *, front: bool) -> None:
    """Front or rear window with its black border; nobody sits behind it."""
    long = front or roof < 1.6
    y0, y1 = belt + (0.03 if long else 0.08), roof - (0.1 if long else 0.16)
    w0, w1 = half - 0.14, half - 0.3 if roof < 2 else half - 0.16
    d.poly([(-w0, y0), (w0, y0), (w1, y1), (-w1, y1)], (12, 12, 12), 0.6)
    e = 0.035
    d.poly([(-w0 + e, y0 + e), (w0 - e, y0 + e), (w1 - e, y1 - e), (-w1 + e, y1 - e)], GLASS, 0.95)
    if front:
        d.poly(
            [(-w0 + e, y0 + e), (w0 - e, y0 + e), (w0 - 0.06, y0 + 0.12), (-w0 + 0.06, y0 + 0.12)], (44, 42, 40), 0.7
        )
        d.disc(0.36, y0 + 0.13, 0.17, 0.1, (16, 16, 16), 0.7)
        for x in (-0.38, 0.38):
            d.rect(x - 0.13, y1 - 0.3, x + 0.13, y1 - 0.1, (40, 38, 36), 0.85, radius=0.05)
        d.line([(-w0 + 0.1, y0), (0.1, y0 + 0.06)], BLACK, 0.018)
        d.line([(-0.05, y0), (w0 - 0.15, y0 + 0.08)], BLACK, 0.018)
        d.rect(-0.11, y1 - 0.11, 0.11, y1 - 0.05, BLACK, 0.4)
    else:
        for y in np.arange(y0 + 0.08, y1 - 0.05, 0.035):
            d.line([(-w1 + 0.02, y), (w1 - 0.02, y)], (38, 38, 42), 0.004)
        d.rect(-0.16, y1 - 0.03, 0.16, y1, (24, 18, 110), 0.5, 0.2)
        for x in (-0.35, 0.35):
            d.rect(x - 0.12, y0 + 0.03, x + 0.12, y0 + 0.15, (38, 36, 34), 0.9, radius=0.04)


def lettered(
    d: Drawing, words: str, centre: tuple[float, float], high: float, color: Bgr = (110, 40, 20)
) -> dict[str, Drawing]:
    """Left and right side of one drawing; `words` (lines parted by `/`) read forward on both."""
    right, left = d, mirrored(d)
    for number, line in enumerate(words.split("/") if words else ()):
        y = centre[1] - number * high * 1.5
        size = high if number == 0 else high * 0.6
        right.text(line, centre[0], y, size, color)
        left.text(line, -centre[0], y, size, color)
    return {"left": left, "right": right}


def mirrored(d: Drawing) -> Drawing:
    """A copy of a drawing with left and right exchanged."""
    other = Drawing(-(d.left + d.width), d.width, d.height, d.paint, d.per_metre)
    other.color, other.gloss, other.glow = (np.ascontiguousarray(p[:, ::-1]) for p in (d.color, d.gloss, d.glow))
    return other
