"""How well a checkpoint straightens the held-out plates, before and after: never the evaluation set.

python -m models.train.straightener evaluate --model build/straightener/last.pt
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.train.detector.scenes import Pack
from models.train.straightener.export import weights_of
from models.train.straightener.network import Straightener
from models.train.straightener.validate import Validation

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to judge."""
    parser.add_argument("--model", type=Path, default=Path("build/straightener/last.pt"))


def run(arguments: argparse.Namespace) -> None:
    """Two lines: corners as they stray, and straightened."""
    validation = Validation(Pack(arguments.pack, split="val", rendered=200, seed=1))
    straightened = Straightener.like(weights_of(arguments.model))
    print(f"as found      {validation.told(None)}\nstraightened  {validation.told(straightened)}")
