"""The straightener's network: a plate, warped flat by corners that are a little wrong, → where its corners truly are.

    crop 3×64×128 ─ conv /2 ─ conv /2 ─ res ─ conv /2 ─ res ─ conv /2 ─ 1×1 ─ 32×4×8 ─ dense 128 ─┬─ moves 4×2
                                                                                                  └─ plate 1

The last map is not pooled: *where* an edge lies is the question. About 20 million multiplications, 0.35 M weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.camera.pixels import STRAIGHTENER_HEIGHT, STRAIGHTENER_MARGIN, STRAIGHTENER_WIDTH


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3×3 convolutions beside a straight line."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return torch.relu(x + self.second(self.first(x)))


class Straightener(nn.Module):
    """`crop` [B,3,64,128] in −1…1 → `moves` [B,4,2] (shares of the plate's width and height), `plate` [B] logits."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(3, 16, 5, 2),
            _conv(16, 32, 3, 2),
            Residual(32),
            _conv(32, 64, 3, 2),
            Residual(64),
            _conv(64, 96, 3, 2),
        )
        self.squeeze = _conv(96, 32, 1)
        self.hidden = nn.Sequential(nn.Linear(32 * 4 * 8, 128), nn.ReLU(inplace=True))
        self.moves = nn.Linear(128, 8)
        self.plate = nn.Linear(128, 1)
        nn.init.zeros_(self.moves.weight)  # begin by leaving the corners where they are
        nn.init.zeros_(self.moves.bias)

    def forward(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """(moves, plate)."""
        seen = self.hidden(self.squeeze(self.body(crop)).flatten(1))
        return self.moves(seen).unflatten(1, (4, 2)), self.plate(seen)[:, 0]


class Exported(nn.Module):
    """The network as the device runs it: uint8 crop in; corners in the crop's pixels and a probability out."""

    def __init__(self, network: Straightener) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))  # probability = sigmoid(a · logit + b)
        inner = torch.tensor([STRAIGHTENER_WIDTH, STRAIGHTENER_HEIGHT]) / (1 + 2 * STRAIGHTENER_MARGIN)
        start = inner * STRAIGHTENER_MARGIN - 0.5
        self.register_buffer("inner", inner)
        self.register_buffer("base", torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) * inner + start)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """1×64×128×3 uint8 BGR → corners 1×4×2 (crop pixels, clockwise from the top left), plate 1×1 (probability)."""
        moves, plate = self.network(image.permute(0, 3, 1, 2).float() * (1 / 127.5) - 1)
        return self.base + moves * self.inner, torch.sigmoid(plate * self.calibration[0] + self.calibration[1])[:, None]
