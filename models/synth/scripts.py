"""The scenes of sample_frames/: which road, which light, who drives by when. Every serial is invented.

Kansas plates hang at the rear only, so what approaches comes from a neighbour that has two. A scene's `seed` decides
everything that its script leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.synth.camera import Camera
from models.synth.road import Road


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """One vehicle going by, or standing."""

    plate: str
    """As `render_plate` writes it: blanks, dashes, `*` for an emblem; empty: the vehicle has none."""
    region: str
    plate_seed: int
    kind: str
    color: str
    receding: bool
    x: float
    """World metres: the middle of its lane."""
    speed: float
    """Metres a second; 0 stands."""
    near_z: float
    """Where its plate is nearest to the camera, metres."""
    near_s: float
    """When that is, seconds into the scene. A receding vehicle starts there, an approaching one ends there."""
    far_z: float = 23.0
    words: str = ""
    readable: bool = True
    steer: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A short recording."""

    name: str
    seed: int
    passings: tuple[Passing, ...]
    sky: str = "day"
    seconds: float = 2.0
    frames_per_second: int = 10
    camera: Camera
    road: Road
    shutter_ms: float = 1.0
    start: str = "2026-03-14T15:09:26Z"
    clock: bool = False
    person: bool = False
    props: str = "trees"
    """What stands beside the road: `trees`, `town`, `signs`."""
    idle_frames: int = 2
    """Frames kept before the first and after the last vehicle."""
    quality: int = 58


RIGHT_VERGE = Road()
"""The camera stands on the right: the near lane goes away."""
LEFT_VERGE = Road(left=1.2, right=8.6, lines=(4.9,))
"""On the left: the near lane comes towards it."""
AWAY = Camera(focal_px=3000, x_m=-0.6, above_m=2.4, pitch=0.075, yaw=-0.125)
TOWARD = Camera(focal_px=3000, x_m=0.6, above_m=2.4, pitch=0.078, yaw=0.125)
NEAR_AWAY, NEAR_TOWARD = -3.0, 3.0
"""Middle of the near lane."""


def _away(plate: str, region: str, seed: int, kind: str, color: str, **more: object) -> Passing:
    base = Passing(
        plate=plate,
        region=region,
        plate_seed=seed,
        kind=kind,
        color=color,
        receding=True,
        x=NEAR_AWAY,
        speed=11,
        near_z=8.2,
        near_s=0.2,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _toward(plate: str, region: str, seed: int, kind: str, color: str, **more: object) -> Passing:
    base = Passing(
        plate=plate,
        region=region,
        plate_seed=seed,
        kind=kind,
        color=color,
        receding=False,
        x=NEAR_TOWARD,
        speed=11,
        near_z=8.4,
        near_s=1.9,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def _scenes() -> tuple[Scene, ...]:
    away = {"camera": AWAY, "road": RIGHT_VERGE}
    toward = {"camera": TOWARD, "road": LEFT_VERGE}
    town = Road(left=-8.6, right=-1.2, kerb=True, asphalt=0.17)
    both = Camera(focal_px=2300, x_m=-1.0, above_m=3.0, pitch=0.115, yaw=-0.2)
    return (
        Scene(
            name="day_approaching",
            seed=11,
            passings=(_toward("AB3*K7T", "US-MO", 2, "sedan", "silver"),),
            seconds=2.2,
            frames_per_second=12,
            **toward,
        ),
        Scene(
            name="day_receding",
            seed=12,
            passings=(_away("482 MKT", "US-KS", 5, "pickup", "white"),),
            seconds=2.2,
            frames_per_second=12,
            **away,
        ),
        Scene(
            name="dusk",
            seed=13,
            sky="dusk",
            passings=(_toward("XTR 517", "US-NE", 3, "suv", "blue"),),
            seconds=2.2,
            shutter_ms=2.0,
            start="2026-03-14T00:41:10Z",
            **toward,
        ),
        Scene(
            name="infrared_night",
            seed=14,
            sky="infrared",
            passings=(_away("619 RDH", "US-KS", 10, "sedan", "black", speed=10),),
            seconds=2.2,
            start="2026-03-14T04:12:05Z",
            **away,
        ),
        Scene(
            name="rain",
            seed=15,
            sky="rain",
            passings=(_away("LKW 482", "US-OK", 4, "van", "gray", speed=10),),
            seconds=2.0,
            shutter_ms=2.0,
            **away,
        ),
        Scene(
            name="glare",
            seed=16,
            sky="glare",
            passings=(_away("905 PFN", "US-KS", 4, "suv", "red"),),
            seconds=2.0,
            start="2026-03-14T00:05:44Z",
            **away,
        ),
        Scene(
            name="motion_blur",
            seed=17,
            sky="overcast",
            passings=(_away("233 TVC", "US-KS", 5, "sedan", "blue", speed=13),),
            seconds=1.7,
            shutter_ms=9.0,
            **away,
        ),
        Scene(
            name="parked",
            seed=18,
            passings=(
                _away("357 HWB", "US-KS", 4, "sedan", "green", x=-1.75, speed=0, near_z=12.0, near_s=0.0),
                _away("641 GTX", "US-KS", 5, "suv", "white", x=-5.2, speed=10, near_z=10.5, near_s=0.3),
            ),
            seconds=3.0,
            frames_per_second=7,
            camera=replace(AWAY, yaw=-0.19, focal_px=2700, pitch=0.085),
            road=replace(town, left=-10.4, right=-0.6, lines=(-6.9,)),
            props="town",
        ),
        Scene(
            name="two_cars",
            seed=19,
            passings=(
                _away("7316 ABR", "US-KS", 4, "suv", "gray", speed=8, near_z=8.0, near_s=0.2, far_z=21),
                _toward("BKT-D84", "US-CO", 10, "pickup", "red", x=-6.6, speed=8, near_z=11.0, near_s=1.7, far_z=21),
            ),
            camera=both,
            road=RIGHT_VERGE,
        ),
        Scene(
            name="truck_lettering",
            seed=20,
            passings=(
                _away(
                    "574 LVB",
                    "US-KS",
                    4,
                    "truck",
                    "blue",
                    words="PRAIRIE/FREIGHT LINES/620 555 0142",
                    speed=8,
                    near_z=9.5,
                    near_s=0.1,
                    far_z=28,
                ),
            ),
            camera=replace(AWAY, above_m=2.8, pitch=0.06, yaw=-0.16),
            road=RIGHT_VERGE,
            seconds=2.3,
            frames_per_second=8,
        ),
        Scene(
            name="pedestrian",
            seed=21,
            passings=(_away("828 NQS", "US-KS", 5, "sedan", "white", speed=10),),
            camera=replace(AWAY, yaw=-0.1),
            road=town,
            person=True,
            props="town",
        ),
        Scene(
            name="clock_overlay",
            seed=22,
            sky="overcast",
            passings=(_toward("WZE 306", "US-NE", 3, "bus", "blue", words="PRAIRIE EXPRESS", speed=9),),
            seconds=2.2,
            clock=True,
            **toward,
        ),
        Scene(name="empty_road", seed=23, passings=(), seconds=1.6, frames_per_second=5, props="signs", **away),
        Scene(
            name="returning",
            seed=24,
            sky="overcast",
            passings=(
                _away("716 DZK", "US-KS", 5, "pickup", "blue", speed=12, far_z=21),
                _away("716 DZK", "US-KS", 5, "pickup", "blue", speed=10, near_s=14.2, x=-3.1, far_z=21),
            ),
            seconds=17.0,
            idle_frames=1,
            frames_per_second=8,
            **away,
        ),
        Scene(
            name="small_plates",
            seed=25,
            passings=(
                _away(
                    "140 VFH",
                    "US-KS",
                    3,
                    "van",
                    "white",
                    speed=6,
                    near_z=11.2,
                    near_s=0.2,
                    far_z=17.5,
                    words="HOME REPAIR",
                ),
                _away("392 CMW", "US-KS", 4, "sedan", "red", speed=6, near_z=11.2, near_s=1.9, far_z=17.5),
            ),
            camera=replace(AWAY, focal_px=2200, pitch=0.09, yaw=-0.16),
            road=RIGHT_VERGE,
            seconds=3.0,
            frames_per_second=8,
        ),
    )


SCENES: dict[str, Scene] = {scene.name: scene for scene in _scenes()}
