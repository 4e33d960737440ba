"""`python -m models.train.NETWORK COMMAND`: one module a command, all alike."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def run_command(network: str, doc: str | None, commands: dict[str, ModuleType], made: tuple[str, str]) -> None:
    """Hand the command line to the command that it names.

    Each module has `add_arguments(parser)`, `run(arguments)` and a docstring, which is its help. `made`: the argument,
    and its default, that says where what `prepare` made lies; every command has it.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m models.train.{network}", description=doc, formatter_class=argparse.RawTextHelpFormatter
    )
    subparsers = parser.add_subparsers(required=True)
    argument, place = made
    for name, module in commands.items():
        command = subparsers.add_parser(name, description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter)
        command.add_argument(argument, type=Path, default=Path(place), help="what `prepare` made")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)
