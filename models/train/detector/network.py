"""The plate detector's network: one anchor-free map at stride 8, dense 3×3 convolutions, from scratch.

    picture ─ 6×6/4 ─ s4 ─ /2 ─ s8 ─ /2 ─ s16 ─ /2 ─ s32        the eye
                            │      │       │
                            + ◀─── + ◀──── 1×1                  context comes back down
                            │
                           head → score (1), shape (9)          for each cell of 8×8 pixels

Why dense and not depthwise: on one CPU thread ONNX Runtime does about 110 GFLOP/s in dense 3×3 convolutions and a small
fraction of that in depthwise ones, and training gains still more. Why one map: plates of 10 and of 400 px differ
in context, which the way back down brings, not in the grid on which their centres are told apart.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 8
SCALE_MIN, SCALE_MAX = -1.5, 5.0
"""Limits of the natural logarithm of a plate's scale in cells: 1.8 px to 1,187 px."""
BASE = ((-0.5, -0.2), (0.5, -0.2), (0.5, 0.2), (-0.5, 0.2))
"""The corners of a plate of scale 1 before the network moves them: clockwise from the top left."""


class Conv(nn.Sequential):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int | None = None) -> None:
        padding = kernel // 2 if padding is None else padding
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3×3 convolutions through `middle` channels, added to what came in."""

    def __init__(self, channels: int, middle: int) -> None:
        super().__init__()
        self.inner = Conv(channels, middle)
        self.outer = nn.Sequential(nn.Conv2d(middle, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W → the same."""
        return F.relu(x + self.outer(self.inner(x)))


class Detector(nn.Module):
    """BGR picture → raw score and shape for each cell. 0.70 M parameters, 0.60 GMAC at 640×384."""

    def __init__(self) -> None:
        super().__init__()
        self.s4 = Conv(3, 32, 6, 4, 1)
        self.s8 = nn.Sequential(Conv(32, 48, 3, 2), Residual(48, 32))
        self.s16 = nn.Sequential(Conv(48, 96, 3, 2), Residual(96, 48))
        self.s32 = nn.Sequential(Conv(96, 128, 3, 2), Residual(128, 64), Residual(128, 64))
        self.down32 = Conv(128, 96, 1)
        self.mix16 = Conv(96, 96)
        self.down16 = Conv(96, 48, 1)
        self.head = Conv(48, 48)
        self.score = nn.Conv2d(48, 1, 1)
        self.shape = nn.Conv2d(48, 9, 1)
        nn.init.constant_(self.score.bias, -4.0)  # few cells hold a plate: begin by saying so
        nn.init.zeros_(self.shape.weight)
        nn.init.constant_(self.shape.bias, 0.0)
        with torch.no_grad():
            self.shape.bias[0] = 1.8  # exp(1.8) cells: a plate of 48 px

    def features(self, x: Tensor) -> Tensor:
        """N×3×H×W in 0–1 → N×48×H/8×W/8. H and W are multiples of 32."""
        s8 = self.s8(self.s4(x))
        s16 = self.s16(s8)
        s32 = self.s32(s16)
        s16 = self.mix16(s16 + F.interpolate(self.down32(s32), scale_factor=2.0, mode="nearest"))
        return self.head(s8 + F.interpolate(self.down16(s16), scale_factor=2.0, mode="nearest"))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """N×3×H×W in 0–1 → logits N×1×H/8×W/8 and shapes N×9×H/8×W/8, both in 32 bits."""
        hidden = self.features(x)
        with torch.autocast(x.device.type, enabled=False):
            hidden = hidden.float()
            return self.score(hidden), self.shape(hidden)


def corners(shape: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Raw shapes (…×9) of the cells in column x and row y (…) → corners in canvas pixels (…×4×2).

    `shape[0]` is the logarithm of the plate's scale in cells, the rest moves each corner by shares of that scale.
    So one unit of error weighs the same on a plate of 12 px as on one of 400.
    """
    scale = STRIDE * shape[..., 0].clamp(SCALE_MIN, SCALE_MAX).exp()
    base = torch.tensor(BASE, dtype=shape.dtype, device=shape.device)
    moves = shape[..., 1:].unflatten(-1, (4, 2)) + base
    centre = torch.stack([(x + 0.5) * STRIDE, (y + 0.5) * STRIDE], dim=-1)
    return centre.unsqueeze(-2) + scale[..., None, None] * moves


KEPT = 32
"""Plates that the graph hands out for one picture, best first."""


class Finder(nn.Module):
    """The network as the device runs it: uint8 picture in, sorted scores and corners out, nothing left to loop over."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))  # probability = sigmoid(a · logit + b)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """1×H×W×3 uint8 BGR → scores 1×K (probabilities, falling) and corners 1×K×4×2 (canvas pixels)."""
        logits, shapes = self.network(image.permute(0, 3, 1, 2).float() * (1 / 255))
        return self.decode(logits, shapes)

    def decode(self, logits: Tensor, shapes: Tensor) -> tuple[Tensor, Tensor]:
        """A cell is a plate's when none of its eight neighbours scores higher; the `KEPT` best of those."""
        peak = F.max_pool2d(logits, 3, 1, 1) == logits
        flat = torch.where(peak, logits, torch.full_like(logits, -30.0)).flatten(1)
        best, cells = flat.topk(KEPT, dim=1)
        columns = logits.shape[3]
        found = shapes.flatten(2)[0].transpose(0, 1)[cells[0]]
        where = corners(
            found, (cells[0] % columns).float(), torch.div(cells[0], columns, rounding_mode="floor").float()
        )
        return torch.sigmoid(best * self.calibration[0] + self.calibration[1]), where.unsqueeze(0)
