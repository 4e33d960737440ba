"""Renders sample_frames/: short roadside recordings with their truth, every picture and corner from a seed.

    python -m models.synth.scenes --out sample_frames            # all fifteen, about five minutes on one core
    python -m models.synth.scenes --out sample_frames --scene dusk

A scene's folder holds its frames, named by milliseconds; `truth.yaml`, who drove by; and `corners.csv`, for each frame
and plate the four exact corners. Fonts and Pillow are needed for the plates (see `plate_fonts.PACKAGES`).
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import yaml

from edge.camera.plates import normalise
from models.synth.filming import DrawPlate, Film, SeenPlate, flat_plate
from models.synth.scripts import SCENES
from models.synth.vehicles import TOLD

if TYPE_CHECKING:
    from models.synth.scripts import Passing, Scene

READABLE_PX = 36
"""From this width on a pass counts as begun: narrower plates cannot be read."""
HEADER = ["file", "pass", "x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "visible"]


def write_scene(scene: Scene, folder: Path, draw_plate: DrawPlate = flat_plate) -> int:
    """Render one scene into its own folder under `folder`, replacing what was there; returns bytes written."""
    target = folder / scene.name
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.jpg"):
        old.unlink()
    rows: list[list[Any]] = []
    seen: list[tuple[int, SeenPlate]] = []
    size = 0
    for shot in Film(scene, draw_plate).shots():
        name = f"{shot.ms:06d}.jpg"
        _, coded = cv2.imencode(
            ".jpg", shot.picture, [cv2.IMWRITE_JPEG_QUALITY, scene.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        )
        (target / name).write_bytes(coded.tobytes())
        size += len(coded)
        for plate in shot.plates:
            rows.append([name, plate.passing, *(f"{v:.2f}" for v in plate.corners.ravel()), f"{plate.visible:.2f}"])
            seen.append((shot.ms, plate))
    with (target / "corners.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    text = yaml.safe_dump(truth(scene, seen), sort_keys=False, allow_unicode=True, width=120)
    (target / "truth.yaml").write_text(text, encoding="utf-8")
    return size


def truth(scene: Scene, seen: list[tuple[int, SeenPlate]]) -> dict[str, Any]:
    """What `truth.yaml` says of a scene, given its plates by (milliseconds, plate)."""
    return {
        "frames_per_second": scene.frames_per_second,
        "start": scene.start,
        "origin": {
            "command": f"python -m models.synth.scenes --out sample_frames --scene {scene.name}",
            "seed": scene.seed,
        },
        "condition": scene.sky,
        "passes": [_pass(number, one, seen) for number, one in enumerate(scene.passings)],
    }


def _pass(number: int, one: Passing, seen: list[tuple[int, SeenPlate]]) -> dict[str, Any]:
    whole = [
        (ms, p.width_px) for ms, p in seen if p.passing == number and p.visible > 0.99 and p.width_px >= READABLE_PX
    ]
    if not whole:
        raise SystemExit(f"pass {number} ({one.kind}) never shows a whole plate of {READABLE_PX} px: mend its script")
    standing = one.speed == 0
    direction = None if standing else "southbound" if one.receding else "northbound"
    return {
        "plate": normalise(one.plate),
        "region": one.region,
        "direction": direction,
        "heading": None if standing else "receding" if one.receding else "approaching",
        "vehicle": {"type": one.kind, "color": TOLD.get(one.color, one.color)},
        "from_ms": whole[0][0],
        "to_ms": whole[-1][0],
        "width_px": [round(min(w for _, w in whole)), round(max(w for _, w in whole))],
        "readable": one.readable,
        **({"parked": True} if standing else {}),
        "corners": "corners.csv",
    }


def main() -> int:
    """Render what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("sample_frames"))
    parser.add_argument("--scene", choices=sorted(SCENES), action="append", help="only this one; may be repeated")
    asked = parser.parse_args()
    total = 0
    for name in asked.scene or SCENES:
        size = write_scene(SCENES[name], asked.out)
        total += size
        print(f"{name:16} {size / 1e6:5.2f} MB", flush=True)
    print(f"{'together':16} {total / 1e6:5.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
