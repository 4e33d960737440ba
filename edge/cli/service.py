"""What the two daemons' verbs share: the log, and the life from the first settings to the last, signals included."""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from edge.cli import present
from edge.cli.exit_codes import DONE, FAILED
from edge.settings.problems import SettingsWrong

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

S = TypeVar("S")

PR_SET_DUMPABLE = 4


class Daemon(Protocol):
    """See `camera.daemon.Daemon` and `desk.daemon.DeskDaemon`."""

    def run(self) -> Literal["ended", "stopped", "reload", "failed"]: ...  # noqa: D102

    def stop(self) -> None: ...  # noqa: D102

    def reload(self) -> None: ...  # noqa: D102


def set_up_log(*, verbose: bool) -> None:
    """To stderr; without the time where the journal writes it."""
    journal = "JOURNAL_STREAM" in os.environ
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s" if journal else "%(asctime)s %(levelname)s %(message)s",
    )


def forbid_core_dumps() -> None:
    """Nothing of the memory, where frames and plates are, may reach a disk when the process dies (design §4).

    The unit's LimitCORE says so too; this holds without systemd. A limit of 0 stops a file, but the kernel hands the
    memory to a program all the same where `core_pattern` names one: hence the second call.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def serve(config: Path, settings: S, load: Callable[[Path], S], make: Callable[[S], Daemon]) -> int:
    """One daemon after the other, each with the settings that hold, until one ends that was not asked to reload."""
    forbid_core_dumps()
    while True:
        daemon = make(settings)
        latest = _listen(daemon, config, settings, load)
        ending = daemon.run()
        settings = latest[-1]
        if ending != "reload":
            return FAILED if ending == "failed" else DONE


def _listen(daemon: Daemon, config: Path, settings: S, load: Callable[[Path], S]) -> list[S]:
    """Signals → the daemon. The returned list ends with the settings that hold: wrong ones on SIGHUP are not taken."""
    held = [settings]

    def stop(_signal: int, _frame: object) -> None:
        daemon.stop()

    def reload(_signal: int, _frame: object) -> None:
        try:
            held.append(load(config))
        except SettingsWrong as wrong:
            log.error("%s has %d mistakes; going on with what held before", config, len(wrong.problems))  # noqa: TRY400 — a traceback would hide them
            present.problems(wrong.problems)
        else:
            daemon.reload()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
    return held
