"""Pack the training pictures, their plates and the flat US crops into one file of at most 40 MB.

    python -m models.train.detector prepare            # about 4 minutes on one core
    # expected:  2605 scenes (2336 train, 269 val), 2952 plates; 3,7xx crops; pack.zip  3x.x MB

The pack is a zip of WebP pictures and one `index.json`; it can be carried to any machine and read without the
original folders. Pictures keep their size (long side at most 576 px), only their quality is lowered a little.
"""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

if TYPE_CHECKING:
    import argparse

    import numpy as np

SCENE_QUALITY, CROP_QUALITY = 32, 36
CROP_SIZE = (144, 82)
"""Width and height of a packed crop: pasted plates are seldom wider."""
PACK_BYTES_MAX = 40_000_000
JUDGED = Path(__file__).with_name("judged.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the original pictures lie."""
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data/train"), help="folder with scenes/ and crops/"
    )
    parser.add_argument(
        "--judged", type=Path, default=JUDGED, help="finds outside the boxes, judged by eye (see review)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Read both tables, write the pack, say what is in it."""
    arguments.pack.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(arguments.pack, "w", zipfile.ZIP_STORED) as pack:
        scenes = [_add_scene(pack, arguments.data, name, rows) for name, rows in _scenes(arguments.data).items()]
        verdicts = _judge(scenes, arguments.judged)
        crops = [_add_crop(pack, arguments.data, row) for row in _crops(arguments.data)]
        pack.writestr("index.json", json.dumps({"scenes": scenes, "crops": crops}))
    size = arguments.pack.stat().st_size
    split = [scene["split"] for scene in scenes]
    plates = sum(len(scene["plates"]) for scene in scenes)
    print(
        f"{len(scenes)} scenes ({split.count('train')} train, {split.count('val')} val), {plates} plates; "
        f"{len(crops)} crops; {verdicts} finds judged; {arguments.pack}  {size / 1e6:.1f} MB"
    )
    if size > PACK_BYTES_MAX:
        raise SystemExit(f"{arguments.pack}: {size} bytes, limit {PACK_BYTES_MAX}: lower SCENE_QUALITY in {__file__}")


def _scenes(data: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of scenes/labels.csv by picture."""
    by_file: dict[str, list[dict[str, str]]] = {}
    with (data / "scenes/labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            by_file.setdefault(row["file"], []).append(row)
    return by_file


def _crops(data: Path) -> list[dict[str, str]]:
    """Flat plates of the training split; historic ones stay in, for they look like plates too."""
    with (data / "crops/labels.csv").open(newline="") as table:
        return [row for row in csv.DictReader(table) if row["split"] == "train"]


def _add_scene(pack: zipfile.ZipFile, data: Path, name: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    picture = cv2.imread(str(data / "scenes" / name))
    _write(pack, f"scenes/{name}", picture, SCENE_QUALITY)
    ratio = picture.shape[1] / float(rows[0]["width"] or picture.shape[1])
    assert 0.99 < ratio < 1.01, f"{name}: the table says {rows[0]['width']} px wide, the picture is {picture.shape[1]}"
    plates = [_plate(row) for row in rows if row["x0"]]
    first = rows[0]
    return {
        "file": f"scenes/{name}",
        "split": first["split"],
        "source": first["source"],
        "night": first["night"] in {"1", "true"},
        "region": first["region"],
        "plates": plates,
    }


def _judge(scenes: list[dict[str, Any]], judged: Path) -> int:
    """Add what was judged: unboxed plates as plates, surely empty places and doubtful ones as rectangles."""
    by_file = {scene["file"]: scene for scene in scenes}
    with judged.open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        quad = [[float(row[f"cx{i}"]), float(row[f"cy{i}"])] for i in (1, 2, 3, 4)]
        xs, ys = zip(*quad, strict=True)
        scene = by_file[row["file"]]
        if row["verdict"] == "plate":
            scene["plates"].append({"quad": quad, "by": "find"})
        else:
            kind = "empty" if row["verdict"] == "none" else "ignored"
            scene.setdefault(kind, []).append([min(xs), min(ys), max(xs), max(ys)])
    return len(rows)


def _plate(row: dict[str, str]) -> dict[str, Any]:
    """One plate's quad (4×2, clockwise from its top left) and how its corners are known: source, auto or box."""
    if row["cx1"]:
        quad = [[float(row[f"cx{i}"]), float(row[f"cy{i}"])] for i in (1, 2, 3, 4)]
        return {"quad": quad, "by": row["corners_by"]}
    x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
    return {"quad": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], "by": "box"}


def _add_crop(pack: zipfile.ZipFile, data: Path, row: dict[str, str]) -> dict[str, str]:
    name = f"crops/{row['file']}"
    crop = cv2.resize(cv2.imread(str(data / name)), CROP_SIZE, interpolation=cv2.INTER_AREA)
    _write(pack, name, crop, CROP_QUALITY)
    return {"file": name, "state": row["state"]}


def _write(pack: zipfile.ZipFile, name: str, picture: np.ndarray, quality: int) -> None:
    done, encoded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done, name
    pack.writestr(name, encoded.tobytes())
