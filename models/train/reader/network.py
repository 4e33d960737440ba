"""The reader's network: dense convolutions to sixty-four columns, a character (or blank) for each, and a region.

    image 3×64×128 ─ conv /2 ─ conv /2 ─ res ─ conv /(2,1) ─ res ─ conv /(2,1) ─ conv 4×1 ─ res ─ context ─ texts
                                          └─ conv ─ conv /2 ─ conv /2 ─ 4×4 cells and the maximum ─ region

The body ends at 32 columns; the heads give two columns for each, because a narrow 1 is three pixels wide and two of
them side by side need a blank between. A column's body sees two or three characters; the context lets it see the whole
line, for what tells a worn D from a 0 is whether its neighbours are letters. About 86 million multiplications, 1.15
million weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.camera.plates import ALPHABET, FORMATS

CLASSES = 1 + len(ALPHABET)
"""Blank first, then `ALPHABET`."""
REGIONS: tuple[str, ...] = (*FORMATS, "other")
"""What the region head can name: US states and territories, provinces, Mexico, countries; the last is none of them."""
COLUMNS = 64


def _conv(
    inner: int,
    outer: int,
    kernel: int | tuple[int, int] = 3,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 1,
    dilation: int | tuple[int, int] = 1,
) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions beside a straight line."""

    def __init__(self, width: int, kernel: tuple[int, int] = (3, 3)) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.first = _conv(width, width, kernel, 1, padding)
        self.second = nn.Conv2d(width, width, kernel, 1, padding, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return torch.relu(x + self.norm(self.second(self.first(x))))


class Context(nn.Module):
    """What the whole line says to each column: three dilated convolutions, ±28 columns of 32, beside a straight way."""

    def __init__(self, width: int, inner: int = 96) -> None:
        super().__init__()
        wider = (_conv(inner, inner, (1, 5), 1, (0, 2 * d), (1, d)) for d in (2, 4, 8))
        self.line = nn.Sequential(_conv(width, inner, 1, 1, 0), *wider)
        self.told = nn.Conv2d(inner, width, 1)
        nn.init.zeros_(self.told.weight)  # begin by saying nothing, so that a reader without it can go on with it
        nn.init.zeros_(self.told.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return x + self.told(self.line(x))


class Reader(nn.Module):
    """`image` [B,3,64,128] → `text` [B,64,37], `stacked` [B,64,37], `region` [B,R]; all logits."""

    def __init__(self, widths: tuple[int, int, int, int, int] = (16, 32, 64, 128, 192)) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(_conv(3, a, stride=2), _conv(a, b, stride=2), Residual(b))
        self.middle = nn.Sequential(_conv(b, c, stride=(2, 1)), Residual(c))
        self.columns = nn.Sequential(_conv(c, d, stride=(2, 1)), _conv(d, e, (4, 1), 1, 0), Residual(e, (1, 5)))
        self.context = Context(e)
        self.text = nn.Conv2d(e, 2 * CLASSES, 1)
        self.stacked = nn.Conv2d(e, 2 * CLASSES, 1)
        self.place = nn.Sequential(_conv(b, 48), _conv(48, 96, stride=2), _conv(96, 96, stride=2))
        self.drop = nn.Dropout(0.2)
        self.region = nn.Linear(96 * 16 + 96, len(REGIONS))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(text, stacked, region) logits."""
        seen = self.stem(image)
        columns = self.context(self.columns(self.middle(seen)))
        place = self.place(
            seen
        )  # 4 rows × 8: where a name or a colour stands tells much, so each cell has its own weights
        cells = nn.functional.avg_pool2d(place, (1, 2)).flatten(1)
        pooled = torch.cat([cells, place.amax(dim=(2, 3))], 1)
        return _twice(self.text(columns)), _twice(self.stacked(columns)), self.region(self.drop(pooled))


def _twice(logits: Tensor) -> Tensor:
    """[B, 2·K, 1, 32] → [B, 64, K]: each column gives its left and its right half."""
    batch = logits.shape[0]
    return logits.reshape(batch, 2, CLASSES, COLUMNS // 2).permute(0, 3, 1, 2).reshape(batch, COLUMNS, CLASSES)
