"""Train the spotter, which says whether what moved is a vehicle: `python -m models.train.spotter prepare|train|…`.

    prepare    ../shared/data/train and rendered roads → scenes.npz
    train      that file → checkpoints; the body is held, so its work is done once
    draw       a first spotter → the vehicles around plates, for a second training
    evaluate   checkpoint or .onnx → vehicles found, and what else was taken for one, on the val split
    export     checkpoint → models/spotter/spotter.onnx and manifest.yaml, its threshold chosen on val

Each command says in its own module's docstring what a healthy run prints.
"""

from __future__ import annotations

from models.train.commands import run_command
from models.train.spotter import draw, evaluate, export, prepare, train

COMMANDS = {"prepare": prepare, "train": train, "draw": draw, "evaluate": evaluate, "export": export}

if __name__ == "__main__":
    run_command("spotter", __doc__, COMMANDS, made=("--folder", "../spotter-training"))
