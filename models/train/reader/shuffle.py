"""New serials on real plates: characters that stand on one plate change places.

    python -m models.train.reader align --model ../reader-training/run/last.pt

Six thousand real serials are few, and a network learns them by heart: after a quarter of an hour it read 91 % of the
photographs that it trained on and 69 % of the others. Sheeting, light, blur and dirt of those plates are worth keeping,
so once a network reads well enough to say where each character stands (`align` writes `centres.npz`), pairs of
characters of like width are exchanged, each cut out with its own background. Letters change places with letters and
digits with digits, mostly: where letters stand is what tells an O from a 0, and the network should learn it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.camera.ctc import decode_known
from edge.camera.pixels import CROP_MARGIN, READER_WIDTH, rectify
from models.synth.plate_degrade import PLATE_QUAD
from models.train.reader.network import COLUMNS
from models.train.reader.prepare import CHARACTERS_MAX, Label, read_real

if TYPE_CHECKING:
    import argparse

SURE = -2.5
"""Log-probability that the network must give to the true text before its places are believed."""
NARROW = "1I"
ANYWHERE = 0.15
"""Share of the plates on which letters and digits change places with each other too: show plates know no format."""
BAND = (0.14, 0.9)
"""Share of the plate's height that is exchanged: the serial, whatever its size."""
_LEFT, _RIGHT = float(PLATE_QUAD[0, 0]), float(PLATE_QUAD[1, 0])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who says where characters stand."""
    parser.add_argument("--model", type=Path, default=Path("../reader-training/run/last.pt"))


def run(arguments: argparse.Namespace) -> None:
    """Write `centres.npz`: for each real plate the characters' middles in stored pixels, none where unsure."""
    import torch

    from models.train.reader.export import load_weights
    from models.train.reader.network import Reader
    from models.train.reader.validate import run as logits

    network = Reader()
    network.load_state_dict(load_weights(arguments.model))
    pictures, labels = read_real(arguments.folder / "real.npz")
    crops = np.stack([rectify(picture, PLATE_QUAD.tolist()) for picture in pictures])
    text, _, _ = logits(network, crops, torch.device("cpu"))
    places = np.full((len(labels), CHARACTERS_MAX), np.nan, np.float32)
    for i, label in enumerate(labels):
        found = centres(text[i], label)
        if found is not None:
            places[i, : len(found)] = found
    np.savez_compressed(arguments.folder / "centres.npz", places=places)
    print(f"characters found on {int((~np.isnan(places[:, 0])).sum())} of {len(labels)} real plates")


def centres(logits: np.ndarray, label: Label) -> np.ndarray | None:
    """Middles of the true text's characters in stored pixels, or None when the network is not sure of that text."""
    if not label.text or not 3 <= len(label.text) <= CHARACTERS_MAX or not label.text.isalnum():
        return None
    log_probability, standing = decode_known(logits, label.text)
    if log_probability < SURE:
        return None
    columns = (np.arange(COLUMNS) + 0.5) * (READER_WIDTH / COLUMNS)
    middles = (standing * columns[:, None]).sum(axis=0) / standing.sum(axis=0)
    width = (_RIGHT - _LEFT) * (1 + 2 * CROP_MARGIN)
    return _LEFT - (_RIGHT - _LEFT) * CROP_MARGIN + middles / READER_WIDTH * width


def shuffled(rng: np.random.Generator, picture: np.ndarray, text: str, middles: np.ndarray) -> tuple[np.ndarray, str]:
    """The plate with some characters exchanged, and what it then says."""
    wide = [i for i, c in enumerate(text) if c not in NARROW]
    if len(wide) < 2:
        return picture, text
    cells = _cells(middles)
    out, letters = picture.copy(), list(text)
    top, bottom = (int(PLATE_QUAD[0, 1] + share * (PLATE_QUAD[2, 1] - PLATE_QUAD[0, 1])) for share in BAND)
    order = _order(rng, text, wide)
    for i, j in zip(wide, order, strict=True):
        half = min(cells[i], cells[j])
        to, at = round(float(middles[i]) - half), round(float(middles[j]) - half)
        width = round(2 * half)
        if min(to, at) < 0 or max(to, at) + width > picture.shape[1]:
            return picture, text
        out[top:bottom, to : to + width] = picture[top:bottom, at : at + width]
        letters[i] = text[j]
    return out, "".join(letters)


def _order(rng: np.random.Generator, text: str, places: list[int]) -> list[int]:
    """`places` in another order."""
    if rng.random() < ANYWHERE:
        return [int(i) for i in rng.permutation(places)]
    order = dict(zip(places, places, strict=True))
    for letters in (True, False):
        alike = [i for i in places if text[i].isalpha() is letters]
        order |= dict(zip(alike, (int(i) for i in rng.permutation(alike)), strict=True))
    return [order[i] for i in places]


def _cells(middles: np.ndarray) -> np.ndarray:
    """Half the width that belongs to each character: to the nearer neighbour's border, at most half the usual pitch."""
    steps = np.diff(middles)
    usual = float(np.median(steps)) / 2
    before = np.concatenate([[usual * 2], steps]) / 2
    after = np.concatenate([steps, [usual * 2]]) / 2
    return np.minimum(np.minimum(before, after), usual * 1.1)
