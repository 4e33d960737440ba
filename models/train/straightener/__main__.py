"""Train the straightener: `python -m models.train.straightener train|evaluate|export`.

    train      the detector's pack → checkpoints (resumable)
    evaluate   checkpoint → corner error before and after, on the pack's val split
    export     checkpoint → models/straightener/straightener.onnx and manifest.yaml

The pack is the detector's: `python -m models.train.detector prepare`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.train.straightener import evaluate, export, train


def main() -> None:
    """Hand the command line to the command that it names."""
    parser = argparse.ArgumentParser(prog="python -m models.train.straightener", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for module in (train, evaluate, export):
        name = module.__name__.rsplit(".", 1)[-1]
        command = commands.add_parser(name, description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter)
        command.add_argument("--pack", type=Path, default=Path("build/detector/pack.zip"), help="the detector's")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
