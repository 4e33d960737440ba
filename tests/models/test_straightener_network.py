"""The straightener learns on from what was shipped: the graph's folded weights, taken back, say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks are trained with PyTorch: install the extra `train`")

import onnxruntime
import torch

from models.train.straightener.export import weights_of
from models.train.straightener.network import Exported, Straightener

SHIPPED = Path(__file__).parents[2] / "models/straightener/straightener.onnx"


def test_the_shipped_graphs_weights_make_the_same_network_again():
    crop = np.random.default_rng(3).integers(0, 256, (1, 64, 128, 3), np.uint8)
    shipped = onnxruntime.InferenceSession(str(SHIPPED), providers=["CPUExecutionProvider"])
    again = Exported(Straightener.like(weights_of(SHIPPED)).eval()).eval()
    with torch.no_grad():
        corners, plate = again(torch.from_numpy(crop))
    told = shipped.run(None, {"image": crop})
    assert np.allclose(corners.numpy(), told[0], atol=1e-3)
    assert np.allclose(plate.numpy(), told[1], atol=1e-4)
