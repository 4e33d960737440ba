"""`plate-reader VERB …`: finds the verb's file and hands over. Nothing heavy is imported before the verb is known."""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import io
import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from edge import __version__
from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED, WRONG
from edge.settings.problems import SettingsWrong

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
"""What shells say of a program that Ctrl-C ended."""

PLACES = {
    "at the camera": ("run", "publish", "replay", "read", "check", "aim", "record", "tune", "doctor", "verify-privacy"),
    "at the desk": ("desk", "hotlist", "hits", "verdict", "search", "audit", "transparency"),
    "anywhere": ("demo",),
}
"""Where which verb is at home. A verb exists when `edge/cli` has its file; the others are not shown."""


class Verb(Protocol):
    """What a file in `edge/cli` offers, to be a verb. Its docstring's first sentence is its help."""

    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what may follow the verb."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it. Returns an exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """The program: arguments in, exit code out."""
    _say_what_can_be_said()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and not words[0].startswith("-"):
        return _guarded(words[0], words[1:])
    _top().parse_args(words)  # --help and --version end here
    print(_overview(), file=sys.stderr)
    return WRONG


def verbs() -> tuple[str, ...]:
    """The verbs that exist, in the order of `PLACES`."""
    return tuple(verb for names in PLACES.values() for verb in names if _file(verb).exists())


def _guarded(name: str, words: list[str]) -> int:
    """The verb, with the three endings that belong to no verb: Ctrl-C, a closed pipe, wrong settings."""
    try:
        return _hand_over(name, words)
    except SettingsWrong as wrong:
        present.problems(wrong.problems)
        return WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `plate-reader … | head`: whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _say_what_can_be_said() -> None:
    """A terminal whose character set lacks an arrow shows a question mark, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _hand_over(name: str, words: list[str]) -> int:
    if name not in verbs():
        near = difflib.get_close_matches(name, verbs(), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(verbs())}."
        print(f"plate-reader: there is no verb {name!r}. {hint}", file=sys.stderr)
        return WRONG
    verb = cast("Verb", importlib.import_module(f"edge.cli.{_module(name)}"))
    parser = argparse.ArgumentParser(
        prog=f"plate-reader {name}", description=verb.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verb.add_arguments(parser)
    return verb.run(parser.parse_args(words))


def _top() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="plate-reader", add_help=False)
    parser.add_argument("--version", action="version", version=f"plate-reader {__version__}")
    parser.add_argument("-h", "--help", action=_Overview, nargs=0)
    return parser


class _Overview(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(_overview())
        parser.exit(DONE)


def _overview() -> str:
    lines = ["usage: plate-reader VERB …      (plate-reader VERB --help says what a verb takes)"]
    for place, names in PLACES.items():
        found = [name for name in names if name in verbs()]
        lines += [f"\n{place}:"] if found else []
        lines += [_wrapped(name) for name in found]
    return "\n".join(lines)


def _wrapped(name: str) -> str:
    width = max(60, min(120, shutil.get_terminal_size().columns))
    return textwrap.fill(_help(name), width, initial_indent=f"  {name:<16}", subsequent_indent=" " * 18)


def _help(name: str) -> str:
    """The first sentence of the verb's docstring, read without importing what the verb needs."""
    text = ast.get_docstring(ast.parse(_file(name).read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def _file(name: str) -> Path:
    return Path(__file__).with_name(f"{_module(name)}.py")


def _module(name: str) -> str:
    return name.replace("-", "_")


if __name__ == "__main__":
    sys.exit(main())
