"""What the desk's verbs share: the policy, the store, the time, and who is asking."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.exit_codes import FAILED
from edge.settings.loader import root_of
from edge.settings.policy_paths import anchored_policy
from edge.settings.policy_rules import load_policy

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from edge.desk.hotlists.shelf import Person
    from edge.desk.store import Store
    from edge.settings.policy import Policy


class CannotDo(Exception):
    """One sentence for stderr; the verb ends with FAILED."""


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config`, everywhere the same."""
    parser.add_argument(
        "--config", type=Path, default=Path("config/policy.yaml"), help="the department's policy (%(default)s)"
    )


def add_person(parser: argparse.ArgumentParser) -> None:
    """Who acts, and for whom."""
    parser.add_argument("--by", required=True, metavar="NAME", help="who you are")
    parser.add_argument("--agency", required=True, help="for whom, as policy.yaml spells it")


def person(arguments: argparse.Namespace) -> Person:
    """Who acts, as the desk knows them."""
    from edge.desk.hotlists.shelf import Person

    return Person(name=arguments.by.strip(), agency=arguments.agency.strip())


def known(arguments: argparse.Namespace, policy: Policy) -> Person:
    """Who acts, when the policy names their agency; CannotDo when it does not."""
    from edge.desk.search import who_faults

    one = person(arguments)
    for _, sentence in who_faults(policy, one):
        raise CannotDo(sentence)
    return one


def reasoned(arguments: argparse.Namespace) -> str:
    """Why they act; CannotDo when they do not say."""
    from edge.desk.screening import CHARACTERS_MIN, says_too_little

    if says_too_little(arguments.reason):
        raise CannotDo(f"say why (--reason), in {CHARACTERS_MIN} characters or more")
    reason: str = arguments.reason
    return reason


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[tuple[Policy, Store]]:
    """The policy and its store. SettingsWrong and StoreError pass through to `guarded` and to main."""
    from edge.desk.store import open_store

    policy = anchored_policy(load_policy(arguments.config), root_of(arguments.config))
    store = open_store(policy.store.url)
    try:
        yield policy, store
    finally:
        store.close()


@contextmanager
def guarded() -> Iterator[None]:
    """Turns what went wrong at the desk into one sentence and SystemExit(FAILED)."""
    from edge.desk.store import StoreError

    try:
        yield
    except (CannotDo, StoreError) as wrong:
        print(f"plate-reader: {wrong}", file=sys.stderr)
        raise SystemExit(FAILED) from wrong


def write_private(file: Path, content: bytes) -> None:
    """What holds a plate is its maker's alone. Raises OSError."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened_file:
        opened_file.write(content)


def now_ms() -> int:
    """UTC."""
    return time.time_ns() // 1_000_000


def moment_ms(text: str) -> int:
    """`2026-11-23T18:00Z`, `2026-11-23 18:00` or `2026-11-23`; without a zone it is this machine's own time."""
    written = text.strip()
    if written.upper().endswith("Z"):
        written = written[:-1] + "+00:00"
    moment = datetime.fromisoformat(written)
    return int(moment.astimezone().timestamp() * 1000)


def local(time_: str) -> str:
    """A message's UTC time as people here read it."""
    moment = datetime.fromisoformat(time_.replace("Z", "+00:00")).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}"
