"""Batches for the reader: pictures degraded anew each time, with what each column should say.

A process of its own makes them (`Feeder`), because a batch costs about a fifth of what a training step costs.
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass
from queue import Full
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.camera.pixels import READER_HEIGHT, READER_WIDTH
from edge.camera.plates import ALPHABET
from models.synth.plate_degrade import PLATE_QUAD, Wear, degrade
from models.train.reader.network import COLUMNS, REGIONS
from models.train.reader.prepare import CHARACTERS_MAX, STACK_MAX, Label, read_real
from models.train.reader.shuffle import shuffled

if TYPE_CHECKING:
    from pathlib import Path

INDEX = {character: i + 1 for i, character in enumerate(ALPHABET)}
REGION_INDEX = {region: i for i, region in enumerate(REGIONS)}
KINDS = ("crop", "insitu", "negative", "design")
IGNORE = -100
PX = READER_WIDTH / COLUMNS


@dataclass(frozen=True)
class Mix:
    """How a batch is put together: shares of each source; the rest is rendered."""

    size: int = 64
    crops: float = 0.36
    insitu: float = 0.22
    negatives: float = 0.04
    designs: float = 0.04
    american: float = 3.0
    """How much oftener a plate of the US or Canada is drawn among the photographs."""
    regions_rendered: float = 0.4
    """Share of the rendered plates whose region counts: their colours are only plausible."""


def encode(text: str) -> list[int]:
    """Class numbers of a serial; what the alphabet doesn't hold is left out."""
    return [INDEX[c] for c in text if c in INDEX]


def column_targets(text: str, spans: np.ndarray, *, share: float = 0.6) -> np.ndarray:
    """What each of the 64 columns should say: the character over the middle `share` of its span, blank between.

    Columns in doubt say nothing. The one halfway between two characters is always blank, so that doubled characters
    stay two.
    """
    out = np.zeros(COLUMNS, np.int64)
    middles = (np.arange(COLUMNS) + 0.5) * PX
    for x0, x1 in spans[: len(text)]:
        out[(middles > x0 - 0.5) & (middles < x1 + 0.5)] = IGNORE
    for character, (x0, x1) in zip(text, spans, strict=False):
        centre, half = (x0 + x1) / 2, (x1 - x0) / 2 * share
        inside = np.abs(middles - centre) <= half
        inside[min(COLUMNS - 1, max(0, int(centre / PX)))] = True
        out[inside] = INDEX[character]
    for i in range(len(text) - 1):
        between = int((spans[i, 1] + spans[i + 1, 0]) / 2 / PX)
        if 0 <= between < COLUMNS and out[between] == IGNORE:
            out[between] = 0
    return out


def stack_targets(stacked: str, spans: np.ndarray) -> np.ndarray:
    """Stacked characters share their columns: the first says the top one, the last the bottom one."""
    if not stacked:
        return np.zeros(COLUMNS, np.int64)
    x0, x1 = float(spans[: len(stacked), 0].min()), float(spans[: len(stacked), 1].max())
    centre, half = (x0 + x1) / 2, max((x1 - x0) / 2, len(stacked) * PX * 0.9)
    edges = np.linspace(centre - half, centre + half, len(stacked) + 1)
    parts = np.stack([edges[:-1], edges[1:]], 1)
    return column_targets(stacked, parts, share=0.5)


@dataclass
class Batch:
    """Arrays for one step; `IGNORE` and `valid` mark what nobody knows."""

    images: np.ndarray
    columns: np.ndarray
    stack_columns: np.ndarray
    texts: np.ndarray
    """[B,13] classes, first entry the length; −1 where the text is unknown."""
    stacks: np.ndarray
    regions: np.ndarray


class Source:
    """All pictures of one training run, and batches drawn from them."""

    def __init__(self, folder: Path, mix: Mix, seed: int) -> None:
        pictures, labels = read_real(folder / "real.npz")
        keep = [i for i, label in enumerate(labels) if label.split != "val"]
        self.real = pictures
        self.labels = labels
        self.by_kind = {kind: [i for i in keep if labels[i].kind == kind] for kind in KINDS}
        american = [(labels[i].region or "").startswith(("US", "CA-")) for i in self.by_kind["insitu"]]
        weights = np.where(american, mix.american, 1.0)
        self.insitu_share = weights / weights.sum()
        places = folder / "centres.npz"
        self.places = np.load(places)["places"] if places.exists() else None
        self.rendered = np.load(folder / "rendered.npy", mmap_mode="r")
        self.rendered_labels = np.load(folder / "rendered_labels.npy")
        self.mix = mix
        self.rng = np.random.default_rng(seed)

    def batch(self, hardness: float) -> Batch:
        """One batch; `hardness` 0–1 is the hardest that a picture in it is treated."""
        size, rng = self.mix.size, self.rng
        out = Batch(
            images=np.zeros((size, READER_HEIGHT, READER_WIDTH, 3), np.uint8),
            columns=np.full((size, COLUMNS), IGNORE, np.int64),
            stack_columns=np.full((size, COLUMNS), IGNORE, np.int64),
            texts=np.full((size, CHARACTERS_MAX + 1), -1, np.int64),
            stacks=np.full((size, STACK_MAX + 1), -1, np.int64),
            regions=np.full(size, IGNORE, np.int64),
        )
        draws = rng.random(size)
        limits = np.cumsum([self.mix.crops, self.mix.insitu, self.mix.negatives, self.mix.designs])
        for k in range(size):
            hard = hardness * float(rng.uniform(0.15, 1.0))
            kind = int(np.searchsorted(limits, draws[k], side="right"))
            if kind == len(KINDS):
                self._rendered(out, k, hard)
            else:
                self._real(out, k, KINDS[kind], hard)
        return out

    def _rendered(self, out: Batch, k: int, hard: float) -> None:
        rng = self.rng
        i = int(rng.integers(len(self.rendered_labels)))
        label = self.rendered_labels[i]
        text, stacked = str(label["text"]), str(label["stacked"])
        spans = np.concatenate([label["spans"][: len(text)], label["stack_spans"][: len(stacked)]])
        out.images[k], mapped = degrade(
            rng, self.rendered[i], Wear(hard, 30), aspect=float(label["aspect"]), spans=spans
        )
        out.columns[k] = column_targets(text, mapped) if text else 0
        out.stack_columns[k] = stack_targets(stacked, mapped[len(text) :])
        _put(out.texts[k], text)
        _put(out.stacks[k], stacked)
        if rng.random() < self.mix.regions_rendered:
            out.regions[k] = REGION_INDEX[str(label["region"])]

    def _real(self, out: Batch, k: int, kind: str, hard: float) -> None:
        pool = self.by_kind[kind]
        i = pool[
            int(self.rng.choice(len(pool), p=self.insitu_share) if kind == "insitu" else self.rng.integers(len(pool)))
        ]
        label: Label = self.labels[i]
        flat = kind in ("crop", "design")
        wear = Wear(hard, 34) if flat else Wear(hard * 0.6, 88, real=True)
        picture, text = self._exchanged(i, label)
        if flat and self.rng.random() < 0.25:
            picture = cut_out(picture)
        american = flat or (label.region or "US").startswith(("US", "CA-", "MX"))
        out.images[k], _ = degrade(self.rng, picture, wear, aspect=2.0 if american else 4.3)
        if text is not None and len(text) <= CHARACTERS_MAX:
            _put(out.texts[k], text)
            if not text:
                out.columns[k] = 0
        if label.stacked is not None and len(label.stacked) <= STACK_MAX:
            _put(out.stacks[k], label.stacked)
            if not label.stacked:
                out.stack_columns[k] = 0
        if label.region is not None and (text == label.text or not flat):  # an exchange cuts into a state's name
            out.regions[k] = REGION_INDEX.get(label.region, REGION_INDEX["other"])

    def _exchanged(self, i: int, label: Label) -> tuple[np.ndarray, str | None]:
        """A real plate, its characters often in another order (see `shuffle`)."""
        as_it_is = self.rng.random() < (0.55 if label.kind == "crop" else 0.4)
        if as_it_is or self.places is None or label.text is None or np.isnan(self.places[i, 0]):
            return self.real[i], label.text
        return shuffled(self.rng, self.real[i], label.text, self.places[i, : len(label.text)])


def cut_out(picture: np.ndarray) -> np.ndarray:
    """The same plate with nothing around it but its own edge repeated, as `pixels.flat` gives a cut-out plate."""
    (x0, y0), (x1, y1) = PLATE_QUAD[0].astype(int), PLATE_QUAD[2].astype(int)
    h, w = picture.shape[:2]
    return cv2.copyMakeBorder(picture[y0:y1, x0:x1], y0, h - y1, x0, w - x1, cv2.BORDER_REPLICATE)


def _put(row: np.ndarray, text: str) -> None:
    classes = encode(text)
    row[0] = len(classes)
    row[1 : 1 + len(classes)] = classes


def _feed(folder: Path, mix: Mix, seed: int, queue: multiprocessing.Queue, hardness: multiprocessing.Value) -> None:
    os.nice(5)
    queue.cancel_join_thread()  # what is still in the pipe when training ends is nobody's loss
    parent = os.getppid()
    source = Source(folder, mix, seed)
    while os.getppid() == parent:  # a killed training must not leave its feeder behind
        batch = source.batch(hardness.value)
        try:
            queue.put(batch, timeout=60)
        except Full:
            continue


class Feeder:
    """Batches from a second process, a few ahead."""

    def __init__(self, folder: Path, mix: Mix, seed: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.queue = context.Queue(6)
        self.hardness = context.Value("d", 0.3)
        self.worker = context.Process(target=_feed, args=(folder, mix, seed, self.queue, self.hardness), daemon=True)
        self.worker.start()

    def next(self, hardness: float) -> Batch:
        """The next batch; `hardness` applies to those still to be made."""
        self.hardness.value = hardness
        return self.queue.get(timeout=300)
