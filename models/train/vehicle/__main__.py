"""Train the vehicle network: `python -m models.train.vehicle prepare|train|evaluate|export`, in this order.

    prepare    ../shared/data/train → vehicles.npz of at most 40 MB
    train      that file → checkpoints (resumable; `--from` takes ImageNet's weights and an .onnx as well)
    evaluate   checkpoint or .onnx → right words, confusions and calibration on the val split
    export     checkpoint → models/vehicle/vehicle.onnx and manifest.yaml, calibrated on val

Each command says in its own module's docstring what a healthy run prints.
"""

from __future__ import annotations

from models.train.commands import run_command
from models.train.vehicle import evaluate, export, prepare, train

COMMANDS = {"prepare": prepare, "train": train, "evaluate": evaluate, "export": export}

if __name__ == "__main__":
    run_command("vehicle", __doc__, COMMANDS, made=("--folder", "../vehicle-training"))
