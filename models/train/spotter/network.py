"""The spotter's network: a held body that learnt ImageNet, and a small head that says where vehicles stand.

    image 3×160×160 ─ stem /2 ─ blocks 0–4 /8 ─ blocks 5–10 /16 ─┬──────────── + ─ 1×1 ─ 3×3 ─ 3×3 ─ score, box
                                                                 └ block 11 /32 ┘        for each of 10×10 cells

The body is that of the vehicle network (`models.train.vehicle.network`), as it came: what tells a car from a person, a
dog or a bush it has learnt from a million pictures, and the few hundred boxes that there are would only spoil it. So
its work is done once for each window, and the head learns in minutes. There is one class, and it is the vehicle.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.train.vehicle.network import VehicleNet, pretrained

if TYPE_CHECKING:
    from pathlib import Path

NEAR, DEEP = 112, 192
SEEN, WIDE = NEAR + DEEP, 56
"""Channels of the body's last two maps, both together, and of the head."""
SCALE = 1 / 4
"""Makes the body's maps about as large as a head's weights like them."""


class Body(nn.Module):
    """`image` [B,3,S,S] in −1…1 → [B,304,S/16,S/16]."""

    def __init__(self) -> None:
        super().__init__()
        whole = VehicleNet()
        self.stem, self.early, self.middle, self.deep = whole.stem, whole.early, whole.middle, whole.deep

    def forward(self, image: Tensor) -> Tensor:
        """The map at a sixteenth, and beside it the one at a thirty-second, each of its cells four times."""
        middle = self.middle(self.early(F.relu6(self.stem(image))))
        return torch.cat([middle, F.interpolate(self.deep(middle), scale_factor=2.0, mode="nearest")], 1)


class Head(nn.Module):
    """[B,304,C,C] → score logits [B,C,C], boxes [B,4,C,C]: left, top, right, bottom in shares of the window."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(SEEN, WIDE, 1)
        self.first = nn.Conv2d(WIDE, WIDE, 3, padding=1)
        self.second = nn.Conv2d(WIDE, WIDE, 3, padding=2, dilation=2)
        self.drop = nn.Dropout2d(0.15)
        self.score = nn.Conv2d(WIDE, 1, 1)
        self.shape = nn.Conv2d(WIDE, 4, 1)
        nn.init.constant_(self.score.bias, -2.0)
        nn.init.zeros_(self.shape.weight)
        nn.init.constant_(self.shape.bias, -1.4)  # a vehicle of half the window

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and boxes."""
        return self.after(self.squeeze(self.drop(seen * SCALE)))

    def after(self, squeezed: Tensor) -> tuple[Tensor, Tensor]:
        """The same, of what `squeeze` made."""
        x = F.relu(squeezed)
        x = x + F.relu(self.first(x))
        x = self.drop(x + F.relu(self.second(x)))
        far = self.shape(x).clamp(-6, 1).exp()
        count, cells = len(x), x.shape[-1]
        at = (torch.arange(cells, device=x.device, dtype=far.dtype) + 0.5) / cells
        across, down = (at.view(shape).expand(count, cells, cells) for shape in ((1, 1, -1), (1, -1, 1)))
        boxes = [across - far[:, 0], down - far[:, 1], across + far[:, 2], down + far[:, 3]]
        return self.score(x).squeeze(1), torch.stack(boxes, 1)


def body_of(path: Path) -> Body:
    """The body with ImageNet's weights, from the package's file."""
    body = Body().eval()
    mine = body.state_dict()
    body.load_state_dict({name: value for name, value in pretrained(path).items() if name in mine})
    return body


class Told(nn.Module):
    """The network as it ships: `image` → `score` [B,C,C] as calibrated probabilities, and `box` [B,4,C,C].

    The deep block's last convolution and the head's first have nothing between them: folded into one, they are a third.
    """

    def __init__(self, body: Body, head: Head, calibration: tuple[float, float] = (1.0, 0.0)) -> None:
        super().__init__()
        self.body, self.head = copy.deepcopy(body), copy.deepcopy(head)
        self.register_buffer("calibration", torch.tensor(calibration))  # probability = sigmoid(a · logit + b)
        near, far = (self.head.squeeze.weight.detach() * SCALE).split((NEAR, DEEP), dim=1)
        project = self.body.deep[0].project
        self.near, self.far = nn.Conv2d(NEAR, WIDE, 1), nn.Conv2d(project.in_channels, WIDE, 1, bias=False)
        self.near.weight.data = near
        self.near.bias.data = self.head.squeeze.bias.detach() + far[:, :, 0, 0] @ project.bias.detach()
        self.far.weight.data = torch.einsum("oi,ikxy->okxy", far[:, :, 0, 0], project.weight.detach())
        self.body.deep[0].project = self.far
        del self.head.squeeze

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and boxes of each cell."""
        middle = self.body.middle(self.body.early(F.relu6(self.body.stem(image))))
        far = F.interpolate(self.body.deep(middle), scale_factor=2.0, mode="nearest")
        logits, boxes = self.head.after(self.near(middle) + far)
        return torch.sigmoid(logits * self.calibration[0] + self.calibration[1]), boxes
