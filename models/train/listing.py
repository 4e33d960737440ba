"""What every export says of its graph: an entry of `models/manifest.yaml`, in the file that it includes.

write(folder / "manifest.yaml", "vehicle", [entry(graph, "vehicle", "vehicle-words/1", UNIT, (112, 112))])
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UNIT: Final = {"color": "bgr", "scale": round(1 / 127.5, 9), "offset": -1.0}
"""The device hands over 1×3×H×W floats in −1…1."""
BYTES: Final = {"layout": "NHWC", "type": "uint8", "color": "bgr"}
"""The device hands over the picture as it is, 1×H×W×3 bytes."""


def entry(graph: Path, name: str, adapter: str, pixels: dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """Name, file, digest, adapter and input of one network; `size` is (width, height). The export adds the rest."""
    return {
        "name": name,
        "file": graph.name,
        "sha256": hashlib.sha256(graph.read_bytes()).hexdigest(),
        "adapter": adapter,
        "input": {"width": size[0], "height": size[1], **pixels},
    }


def write(path: Path, network: str, entries: Sequence[dict[str, Any]], *remarks: str) -> None:
    """The whole file; each remark becomes a line of its head."""
    head = [f"Written by `python -m models.train.{network} export`; models/manifest.yaml includes it.", *remarks]
    listed = yaml.safe_dump(
        {"networks": list(entries)}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    path.write_text("".join(f"# {line}\n" for line in head) + listed)
