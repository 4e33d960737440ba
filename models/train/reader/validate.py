"""How the network does on the held-out plates, while it trains: greedy reads, merged O/0 and I/1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from edge.camera.pixels import rectify
from edge.camera.plates import ALPHABET, fold
from models.synth.plate_degrade import PLATE_QUAD, Wear, degrade
from models.train.reader.batches import REGION_INDEX
from models.train.reader.network import REGIONS
from models.train.reader.prepare import Label, read_real

if TYPE_CHECKING:
    from pathlib import Path


def greedy(logits: np.ndarray) -> str:
    """Best class of each column, repeats and blanks taken out."""
    best = logits.argmax(-1)
    return "".join(ALPHABET[c - 1] for c, before in zip(best, [0, *best[:-1]], strict=True) if c and c != before)


class Validation:
    """The val split: real plates as `rectify` cuts them, and the flat ones once more seen from afar."""

    def __init__(self, folder: Path) -> None:
        pictures, labels = read_real(folder / "real.npz")
        rng = np.random.default_rng(99)
        chosen = [i for i, label in enumerate(labels) if label.split == "val"]
        self.labels = [labels[i] for i in chosen]
        self.pictures = pictures[chosen]
        self.crops = np.stack([rectify(pictures[i], PLATE_QUAD.tolist()) for i in chosen])
        self.far = np.stack([degrade(rng, pictures[i], Wear(0.7, 34))[0] for i in chosen])

    def for_calibration(self, times: int = 4) -> tuple[np.ndarray, list[str | None], list[int]]:
        """(crops, texts, regions): each plate as it is, flat ones `times` more from afar; −1: region unknown."""
        rng = np.random.default_rng(5)
        crops, texts, regions = (
            list(self.crops),
            [label.text for label in self.labels],
            [_region(label) for label in self.labels],
        )
        for picture, label in zip(self.pictures, self.labels, strict=True):
            if label.kind == "negative":
                continue
            for _ in range(times if label.kind == "crop" else 1):
                wear = Wear(0.6, 40) if label.kind == "crop" else Wear(0.3, 64, real=True)
                crops.append(degrade(rng, picture, wear)[0])
                texts.append(label.text)
                regions.append(_region(label))
        return np.stack(crops), texts, regions

    def calibration_pictures(self, count: int = 200) -> np.ndarray:
        """Crops from which the 8-bit ranges are taken."""
        crops, _, _ = self.for_calibration()
        return crops[np.random.default_rng(3).permutation(len(crops))[:count]]


def _region(label: Label) -> int:
    return (
        -1
        if label.region is None or label.kind == "negative"
        else REGION_INDEX.get(label.region, REGION_INDEX["other"])
    )


def run(model: torch.nn.Module, crops: np.ndarray, device: torch.device) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(text, stacked, region) logits of uint8 crops [N,64,128,3]."""
    model.eval()
    outs = []
    with torch.no_grad():
        for i in range(0, len(crops), 64):
            x = torch.from_numpy(crops[i : i + 64]).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1)
            outs.append([o.float().cpu().numpy() for o in model(x.contiguous(memory_format=torch.channels_last))])
    text, stacked, region = (np.concatenate(part) for part in zip(*outs, strict=True))
    return text, stacked, region


def validate(model: torch.nn.Module, validation: Validation, device: torch.device) -> str:
    """One line for the log: exact by kind, regions, stacked, and how often a patch without plate stays silent."""
    told = []
    for name, crops in (("near", validation.crops), ("far", validation.far)):
        text, stacked, region = run(model, crops, device)
        reads = [greedy(t) for t in text]
        for kind in ("crop", "insitu"):
            rows = [i for i, label in enumerate(validation.labels) if label.kind == kind and label.text]
            exact = np.mean([fold(reads[i]) == fold(validation.labels[i].text or "") for i in rows])
            told.append(f"{name} {kind} {exact:.3f}")
        if name == "near":
            states = [i for i, label in enumerate(validation.labels) if label.region and label.kind != "negative"]
            for kind in ("crop", "insitu"):
                rows = [i for i in states if validation.labels[i].kind == kind]
                right = np.mean(
                    [
                        int(region[i].argmax()) == REGION_INDEX.get(validation.labels[i].region or "", len(REGIONS) - 1)
                        for i in rows
                    ]
                )
                told.append(f"region {kind} {right:.3f}")
            small = [
                i for i, label in enumerate(validation.labels) if label.stacked is not None and label.kind == "crop"
            ]
            told.append(f"stacked {np.mean([greedy(stacked[i]) == validation.labels[i].stacked for i in small]):.3f}")
            none = [i for i, label in enumerate(validation.labels) if label.kind == "negative"]
            told.append(f"said nothing to nothing {np.mean([not reads[i] for i in none]):.3f}")
    return "  ".join(told)
