"""Train the vehicle network: `python -m models.train.vehicle prepare|train|evaluate|export`, in this order.

    prepare    ../shared/data/train → vehicles.npz of at most 40 MB
    train      that file → checkpoints (resumable; `--from` takes an .onnx as well)
    evaluate   checkpoint or .onnx → right words, confusions and calibration on the val split
    export     checkpoint → models/vehicle/vehicle.onnx and manifest.yaml, calibrated on val

Each command says in its own module's docstring what a healthy run prints.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

COMMANDS = ("prepare", "train", "evaluate", "export")


def main() -> None:
    """Hand the command line to the command that it names."""
    parser = argparse.ArgumentParser(prog="python -m models.train.vehicle", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name in COMMANDS:
        module = importlib.import_module(f"models.train.vehicle.{name}")
        command = commands.add_parser(name, description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter)
        command.add_argument("--folder", type=Path, default=Path("../vehicle-training"), help="what `prepare` made")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
