"""Train the plate detector: `python -m models.train.detector prepare|train|evaluate|export|review`.

    prepare    ../shared/data/train → one pack of at most 40 MB, which is all that the other commands need
    train      pack → checkpoints (resumable; `--from` takes an .onnx as well)
    evaluate   checkpoint or .onnx → recall, false boxes and corner error on the pack's val split
    review     checkpoint → sheets of what it finds outside the boxes, to be judged by eye (judged.csv)
    export     checkpoint → models/detector/*.onnx and manifest.yaml, threshold and calibration chosen on val

Each command prints what it expects of a healthy run in its own module's docstring.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.train.detector import evaluate, export, prepare, review, train


def main() -> None:
    """Hand the command line to the command that it names."""
    parser = argparse.ArgumentParser(prog="python -m models.train.detector", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for module in (prepare, train, evaluate, review, export):
        name = module.__name__.rsplit(".", 1)[-1]
        command = commands.add_parser(name, description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter)
        command.add_argument("--pack", type=Path, default=Path("build/detector/pack.zip"), help="what `prepare` made")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
