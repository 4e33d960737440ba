"""The straightener's network: a plate, warped flat by corners that are a little wrong, → where its corners truly are.

    crop 3×64×128 ─ conv /2 ─ conv /2 ─ res ─ conv /2 ─ res ─ conv /2 ─ 1×1 ─ 32×4×8 ─ dense 128 ─┬─ moves 4×2
                                                                                                  └─ plate 1

The last map is not pooled: *where* an edge lies is the question. About 20 million multiplications, 0.35 M weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge.camera.pixels import STRAIGHTENER_HEIGHT, STRAIGHTENER_MARGIN, STRAIGHTENER_WIDTH


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, folded: bool) -> list[nn.Module]:
    """Normalised while it learns from nothing; once that is folded into its weights, it has a bias instead."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=folded)
    return [conv] if folded else [conv, nn.BatchNorm2d(outputs)]


def _active(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two 3×3 convolutions beside a straight line."""

    def __init__(self, width: int, *, folded: bool) -> None:
        super().__init__()
        self.first = _active(*_conv(width, width, folded=folded))
        self.second = nn.Sequential(*_conv(width, width, folded=folded))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return torch.relu(x + self.second(self.first(x)))


class Straightener(nn.Module):
    """`crop` [B,3,64,128] in −1…1 → `moves` [B,4,2] (shares of the plate's width and height), `plate` [B] logits.

    `folded`: without normalisation, as an exported graph is; to learn on from one.
    """

    def __init__(self, *, folded: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _active(*_conv(3, 16, 5, 2, folded=folded)),
            _active(*_conv(16, 32, 3, 2, folded=folded)),
            Residual(32, folded=folded),
            _active(*_conv(32, 64, 3, 2, folded=folded)),
            Residual(64, folded=folded),
            _active(*_conv(64, 96, 3, 2, folded=folded)),
        )
        self.squeeze = _active(*_conv(96, 32, 1, folded=folded))
        self.hidden = nn.Sequential(nn.Linear(32 * 4 * 8, 128), nn.ReLU(inplace=True))
        self.moves = nn.Linear(128, 8)
        self.plate = nn.Linear(128, 1)
        nn.init.zeros_(self.moves.weight)  # begin by leaving the corners where they are
        nn.init.zeros_(self.moves.bias)

    @classmethod
    def like(cls, weights: dict[str, Tensor]) -> Straightener:
        """The network that these weights fit, with them; see `folded`."""
        network = cls(folded="squeeze.0.bias" in weights)
        network.load_state_dict(weights)
        return network

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
