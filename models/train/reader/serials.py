"""Counts how the training set's serials look, by region: `edge/camera/serials.json`, which holds no text.

python -m models.train.reader serials --folder ../reader-training
# edge/camera/serials.json: 5,571 plates of 95 regions, 660 shapes
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.plates import shape

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

SEEN_MIN = 2
"""A shape that was seen less often in its region counts by its length alone (`*7`): it may be somebody's own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument("--out", type=Path, default=Path("edge/camera/serials.json"))


def run(arguments: argparse.Namespace) -> None:
    """Count, write, say."""
    labels = np.load(arguments.folder / "real.npz")["labels"].tolist()
    counts = counted(
        (region, text)
        for text, _, region, split, kind in labels
        if split != "val" and kind in {"crop", "insitu"} and text not in {"", "?"}
    )
    lines = (f"{json.dumps(region)}: {json.dumps(of, sort_keys=True)}" for region, of in sorted(counts.items()))
    arguments.out.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    plates, shapes = (sum(f(of) for of in counts.values()) for f in (lambda of: sum(of.values()), len))
    print(f"{arguments.out}: {plates:,} plates of {len(counts)} regions, {shapes} shapes")


def counted(plates: Iterable[tuple[str, str]]) -> Mapping[str, Mapping[str, int]]:
    """(region, text) of plates → region → shape → how many; an unknown region is the empty one."""
    by_region: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for region, text in plates:
        by_region[region][shape(text)] += 1
    out: dict[str, dict[str, int]] = {}
    for region, shapes in by_region.items():
        kept: Counter[str] = Counter()
        for form, count in shapes.items():
            kept[form if count >= SEEN_MIN else f"*{len(form)}"] += count
        out[region] = dict(kept)
    return out
