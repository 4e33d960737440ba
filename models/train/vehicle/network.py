"""The vehicle's network: dense convolutions from 96×96 down to 6×6, and three heads.

    image 3×96×96 ─ conv /2 ─ conv /2 ─ res ─ conv /2 ─ res ─ conv /2 ─ res ─ conv ─ mean and maximum ─ type, view
                                                       └───────────────── mean and maximum ─┴─ colour

A colour needs no deep look, so its head sees the middle as well. 40 million multiplications, 0.45 million weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.train.vehicle.words import COLORS, TOLD_COLORS, TOLD_TYPES, TOLD_VIEWS, TYPES, VIEWS, groups

Outputs = tuple[Tensor, Tensor, Tensor]


def _conv(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.BatchNorm2d(outer), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside a straight line."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return torch.relu(x + self.norm(self.second(self.first(x))))


class VehicleNet(nn.Module):
    """`image` [B,3,96,96] → logits over `TYPES`, `COLORS` and `VIEWS`, as they are learnt."""

    def __init__(self, widths: tuple[int, int, int, int, int] = (16, 32, 64, 96, 128)) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(_conv(3, a, 2), _conv(a, b, 2), Residual(b))
        self.middle = nn.Sequential(_conv(b, c, 2), Residual(c))
        self.deep = nn.Sequential(_conv(c, d, 2), Residual(d), _conv(d, e))
        self.drop = nn.Dropout(0.3)
        self.types = nn.Linear(2 * e, len(TYPES))
        self.colors = nn.Linear(2 * c + 2 * e, len(COLORS))
        self.views = nn.Linear(2 * e, len(VIEWS))

    def forward(self, image: Tensor) -> Outputs:
        """(type, colour, view) logits."""
        middle = self.middle(self.stem(image))
        deep = _pooled(self.deep(middle))
        seen = self.drop(deep)
        colored = self.drop(torch.cat([_pooled(middle), deep], 1))
        return self.types(seen), self.colors(colored), self.views(seen)


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
