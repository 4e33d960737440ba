"""Train the plate reader: `python -m models.train.reader prepare|train|align|evaluate|export`, in this order.

    prepare    ../shared/data/train → real.npz of at most 40 MB, and rendered plates beside it
    train      both → checkpoints (resumable; `--from` takes an .onnx as well)
    align      checkpoint → where each character stands on the real plates, for a second stretch of `train`
    evaluate   checkpoint or .onnx → exact reads, regions, confusions and calibration on the val split
    export     checkpoint → models/reader/reader.onnx and manifest.yaml, calibrated on val

Each command says in its own module's docstring what a healthy run prints.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.train.reader import evaluate, export, prepare, shuffle, train

COMMANDS = {"prepare": prepare, "train": train, "align": shuffle, "evaluate": evaluate, "export": export}


def main() -> None:
    """Hand the command line to the command that it names."""
    parser = argparse.ArgumentParser(prog="python -m models.train.reader", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            description=module.__doc__,
            formatter_class=argparse.RawTextHelpFormatter,
        )
        command.add_argument("--folder", type=Path, default=Path("../reader-training"), help="what `prepare` made")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
