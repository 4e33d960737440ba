"""Vehicle networks' outputs → a `Vehicle`: its type, its colour and the side that is seen, each as sure as it is.

- `vehicle-words/1`, ours: `type`, `color` and `view`, 1×words logits each, over the manifest's words. Where `other` is
  the most probable word, none is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.camera.scene import Vehicle
from edge.camera.vision.adapters import Mismatch, Outputs, shape_of
from edge.camera.vision.manifest import NO_WORD, Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Naming:
    """One adapter."""

    outputs: tuple[str, ...]
    wrong: Callable[[Entry, Outputs], Mismatch | None]
    decode: Callable[[Entry, Outputs], Vehicle]


def _wrong(entry: Entry, outputs: Outputs) -> Mismatch | None:
    assert entry.words is not None, "the manifest's check lets no vehicle network without words through"
    heads = {"type": entry.words.types, "color": entry.words.colors, "view": entry.words.views}
    for (name, words), output in zip(heads.items(), outputs, strict=True):
        if output.shape != (1, len(words)):
            return Mismatch(f"{name} 1×{len(words)} (the manifest's words)", shape_of(output))
    return None


def _decode(entry: Entry, outputs: Outputs) -> Vehicle:
    assert entry.words is not None, "the manifest's check lets no vehicle network without words through"
    words = entry.words
    kind, kind_sure = _best(words.types, outputs[0][0], words.type_temperature)
    color, color_sure = _best(words.colors, outputs[1][0], words.color_temperature)
    view, view_sure = _best(words.views, outputs[2][0], words.view_temperature)
    return Vehicle(
        type=kind,
        type_confidence=kind_sure,
        color=color,
        color_confidence=color_sure,
        view=view,
        view_confidence=view_sure,
    )


def _best(words: tuple[str, ...], logits: NDArray[Any], temperature: float) -> tuple[str | None, float]:
    scaled = logits.astype(np.float64) / temperature
    odds = np.exp(scaled - scaled.max())
    best = int(odds.argmax())
    return (None, 0.0) if words[best] == NO_WORD else (words[best], float(odds[best] / odds.sum()))


NAMING: dict[str, Naming] = {"vehicle-words/1": Naming(("type", "color", "view"), _wrong, _decode)}
