"""What a checkpoint finds on val: at several scores, vehicles found and finds that are vehicles.

python -m models.train.spotter evaluate --model ../spotter-training/run/last.pt --body efficientnet-lite0-57934424.pth
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.train.course import averaged
from models.train.spotter.export import FALSE
from models.train.spotter.network import Head, body_of
from models.train.spotter.prepare import read
from models.train.spotter.train import looker
from models.train.spotter.validate import Validation

if TYPE_CHECKING:
    import argparse

LOGITS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which checkpoint."""
    parser.add_argument("--model", type=Path, default=Path("../spotter-training/run/last.pt"))
    parser.add_argument("--body", type=Path, required=True, help="as `train` had it")


def run(arguments: argparse.Namespace) -> None:
    """One row a score."""
    head = Head()
    head.load_state_dict(averaged(arguments.model))
    look = looker(body_of(arguments.body), arguments.folder / "body.onnx")
    validation = Validation(*read(arguments.folder), look)
    print(validation.told(head))
    finds = validation.finds(head)
    for logit in sorted({*LOGITS, finds.false(FALSE)}):
        print(f"logit {logit:5.2f}: " + "  ".join(f"{name} {value}" for name, value in finds.at(logit).items()))
