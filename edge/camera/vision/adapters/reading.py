"""Readers' outputs → a `Read`: characters with their probabilities, how sure of the whole, and the issuing region.

- `ctc-reader/1`, ours: `text` and `stacked` 1×T×37 logits (blank first), `region` 1×R logits.
- `slot-reader/1`, fast-plate-ocr and its like: 1×slots×alphabet probabilities (or the same in one row), empty slots
  by a pad character; where the manifest names regions, the file's second output is their probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.camera import ctc
from edge.camera.ctc import Decoded
from edge.camera.scene import Character, Read, Region
from edge.camera.vision.adapters import Mismatch, Outputs, shape_of
from edge.camera.vision.manifest import NO_REGION, Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

OPTIONS_MAX = 5
"""Alternatives kept for a character."""
REGIONS_MAX, REGION_MIN = 5, 0.02
"""Regions kept, and the least probability that is worth keeping."""
STACKED_MIN = 0.5
"""Stacked letters less probable than this are not told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One adapter."""

    outputs: tuple[str, ...]
    """Names of the outputs that it wants; empty: the file's own, in their order."""
    wrong: Callable[[Entry, Outputs], Mismatch | None]
    decode: Callable[[Entry, Outputs], Read]


def _ctc_wrong(entry: Entry, outputs: Outputs) -> Mismatch | None:
    classes = 1 + len(entry.alphabet)
    for name, columns in zip(("text", "stacked"), outputs[:2], strict=True):
        if columns.ndim != 3 or columns.shape[0] != 1 or columns.shape[2] != classes:
            return Mismatch(f"{name} 1×T×{classes}", shape_of(columns))
    if outputs[2].shape != (1, len(entry.regions)):
        return Mismatch(f"region 1×{len(entry.regions)} (the manifest's regions)", shape_of(outputs[2]))
    return None


def _ctc_decode(entry: Entry, outputs: Outputs) -> Read:
    text, stacked, region = (output[0] for output in outputs)
    decoded = ctc.decode(text, entry.calibration.temperature)
    probabilities = _softmax(region / entry.calibration.region_temperature)
    return _read(entry, decoded, probabilities, _stacked(stacked) if decoded.characters else "")


def _stacked(logits: NDArray[Any]) -> str:
    if not logits.argmax(axis=1).any():  # nearly always: decoding nothing costs more than seeing that it is nothing
        return ""
    decoded = ctc.decode(logits)
    return decoded.text if math.exp(decoded.log_probability) >= STACKED_MIN else ""


def _slot_wrong(entry: Entry, outputs: Outputs) -> Mismatch | None:
    classes = len(entry.alphabet)
    first = outputs[0]
    if first.shape[0] != 1 or first.size % classes or (first.ndim == 3 and first.shape[2] != classes):
        return Mismatch(f"1×slots×{classes} (the manifest's alphabet)", shape_of(first))
    sums = first.reshape(-1, classes).sum(axis=1)
    if np.abs(sums - 1).max() > 0.05:
        return Mismatch("probabilities that sum to 1 in each slot", f"a sum of {sums[0]:.3f}")
    if entry.regions and (len(outputs) < 2 or outputs[1].size != len(entry.regions)):
        found = shape_of(outputs[1]) if len(outputs) > 1 else "no second output"
        return Mismatch(f"a second output of {len(entry.regions)} regions", found)
    return None


def _slot_decode(entry: Entry, outputs: Outputs) -> Read:
    slots = outputs[0].reshape(-1, len(entry.alphabet)).astype(np.float64)
    pad = entry.alphabet.index(entry.pad)
    best = slots.argmax(axis=1)
    characters = tuple(_character(entry.alphabet, slot, pad) for slot in slots[best != pad])
    log_probability = float(np.log(np.clip(slots.max(axis=1), 1e-9, 1.0)).sum())
    regions = outputs[1].reshape(-1).astype(np.float64) if entry.regions else np.zeros(0)
    return _read(entry, Decoded(characters=characters, log_probability=log_probability), regions, "")


def _character(alphabet: str, slot: NDArray[np.float64], pad: int) -> Character:
    order = [int(i) for i in np.argsort(-slot, kind="stable") if i != pad and slot[i] > 0.001][:OPTIONS_MAX]
    return Character(tuple((alphabet[i], min(1.0, float(slot[i]))) for i in order))


def _read(entry: Entry, decoded: Decoded, regions: NDArray[np.float64], stacked: str) -> Read:
    if not decoded.characters:
        return Read(characters=(), confidence=0.0)
    whole = entry.calibration.whole_text
    if whole is None:
        confidence = math.exp(decoded.log_probability)
    else:
        confidence = ctc.whole_text_confidence(decoded, (whole[0], whole[1], whole[2]))
    return Read(
        characters=decoded.characters,
        confidence=min(1.0, confidence),
        regions=_regions(entry.regions, regions),
        stacked=stacked,
        texts=decoded.texts,
        columns=decoded.columns,
    )


def _regions(codes: tuple[str, ...], probabilities: NDArray[np.float64]) -> tuple[Region, ...]:
    """The best ones, `other` aside; none when `other` is the best."""
    if not codes or codes[int(probabilities.argmax())] == NO_REGION:
        return ()
    best = np.argsort(-probabilities, kind="stable")[:REGIONS_MAX]
    return tuple(
        Region(code=codes[i], confidence=float(probabilities[i]))
        for i in best
        if codes[i] != NO_REGION and probabilities[i] >= REGION_MIN
    )


def _softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(shifted / shifted.sum())


READING: dict[str, Reading] = {
    "ctc-reader/1": Reading(("text", "stacked", "region"), _ctc_wrong, _ctc_decode),
    "slot-reader/1": Reading((), _slot_wrong, _slot_decode),
}
