"""Train the straightener: `python -m models.train.straightener train|evaluate|export|weigh`.

    train      the detector's pack → checkpoints (resumable)
    evaluate   checkpoint → corner error before and after, on the pack's val split
    export     checkpoint → models/straightener/straightener.onnx and manifest.yaml
    weigh      both networks that ship → how the detector's score and this one's word count, into manifest.yaml

The pack is the detector's: `python -m models.train.detector prepare`.
"""

from __future__ import annotations

from models.train.commands import run_command
from models.train.straightener import evaluate, export, train, weigh

COMMANDS = {"train": train, "evaluate": evaluate, "export": export, "weigh": weigh}

if __name__ == "__main__":
    run_command("straightener", __doc__, COMMANDS, made=("--pack", "build/detector/pack.zip"))
