"""Train the plate detector: `python -m models.train.detector prepare|train|evaluate|export|review`.

    prepare    ../shared/data/train → one pack of at most 40 MB, which is all that the other commands need
    train      pack → checkpoints (resumable; `--from` takes an .onnx as well)
    evaluate   checkpoint or .onnx → recall, false boxes and corner error on the pack's val split
    review     checkpoint → sheets of what it finds outside the boxes, to be judged by eye (judged.csv)
    export     checkpoint → models/detector/*.onnx and manifest.yaml, threshold and calibration chosen on val

Each command prints what it expects of a healthy run in its own module's docstring.
"""

from __future__ import annotations

from models.train.commands import run_command
from models.train.detector import evaluate, export, prepare, review, train

COMMANDS = {"prepare": prepare, "train": train, "evaluate": evaluate, "review": review, "export": export}

if __name__ == "__main__":
    run_command("detector", __doc__, COMMANDS, made=("--pack", "build/detector/pack.zip"))
