"""Train the plate reader: `python -m models.train.reader prepare|train|align|evaluate|serials|export`, in this order.

    prepare    ../shared/data/train → real.npz of at most 40 MB, and rendered plates beside it
    train      both → checkpoints (resumable; `--from` takes an .onnx as well)
    align      checkpoint → where each character stands on the real plates, for a second stretch of `train`
    evaluate   checkpoint or .onnx → exact reads, regions, confusions and calibration on the val split
    serials    the texts of the training plates → edge/camera/serials.json: how serials look, by region
    export     checkpoint → models/reader/reader.onnx and manifest.yaml, calibrated on val

Each command says in its own module's docstring what a healthy run prints.
"""

from __future__ import annotations

from models.train.commands import run_command
from models.train.reader import evaluate, export, prepare, serials, shuffle, train

COMMANDS = {
    "prepare": prepare,
    "train": train,
    "align": shuffle,
    "evaluate": evaluate,
    "serials": serials,
    "export": export,
}

if __name__ == "__main__":
    run_command("reader", __doc__, COMMANDS, made=("--folder", "../reader-training"))
