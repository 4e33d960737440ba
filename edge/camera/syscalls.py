"""What a process asked of the kernel: which files it opened for writing, whom it called, whether it listened.

`strace` writes it down (Debian: strace); this reads it. Without strace, or where tracing is forbidden, nothing is
proved, and that is said.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TRACED: Final = (
    "open,openat,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,truncate,"
    "memfd_create,connect,bind,listen,sendto,execve,execveat"
)
WRITES: Final = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE")

_CALL: Final = re.compile(r"^(?:\[pid\s+)?(?P<pid>\d+)\]?\s+(?P<name>\w+)\((?P<rest>.*)$")
_PATH: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TCP: Final = re.compile(r'sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?"([^"]+)"')
_OWN_END: Final = re.compile(r"^\d+<TCP.*htons\(0\)")
"""A caller may bind its own end to no address in particular; on such a one nobody can call."""
_UNIX: Final = re.compile(r'sa_family=AF_UNIX, sun_path=@?"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What one traced run did, each thing once, in order of its first time."""

    written: tuple[str, ...]
    """Paths that were opened for writing, made, linked or renamed."""
    called: tuple[str, ...]
    """`host:port`, or a local socket's path."""
    listened: tuple[str, ...]
    """The calls themselves, as strace writes them."""
    started: tuple[str, ...]
    """Other programs."""


def tracer(trace: Path) -> list[str]:
    """The words to put before a command, so that its calls are written to `trace`; none without strace."""
    strace = shutil.which("strace")
    if strace is None:
        return []
    return [strace, "-f", "-yy", "-qq", "-s", "512", "-e", f"trace={TRACED}", "-e", "signal=none", "-o", str(trace)]


def read(lines: Iterable[str], folder: Path) -> Calls:
    """Lines of strace → what was done. `folder` is where the process was started: relative paths begin there."""
    written: dict[str, None] = {}
    called: dict[str, None] = {}
    listened: dict[str, None] = {}
    started: dict[str, None] = {}
    for line in lines:
        found = _CALL.match(line)
        if found is None:  # an unfinished call's end, an exit: what matters stood in its beginning
            continue
        name, rest = found["name"], found["rest"]
        if name == "listen" or (name == "bind" and "AF_INET" in rest and not _OWN_END.search(rest)):
            listened[f"{name}({rest}"] = None
        elif name in ("connect", "sendto"):
            called.update(dict.fromkeys(_called(rest)))
        elif name in ("execve", "execveat"):
            started.update(dict.fromkeys(_PATH.findall(rest)[:1]))
        elif name not in ("open", "openat", "bind") or any(flag in rest for flag in WRITES):
            written.update(dict.fromkeys(str(folder / _plain(path)) for path in _PATH.findall(rest)))
    return Calls(written=tuple(written), called=tuple(called), listened=tuple(listened), started=tuple(started))


def core_limits(pid: int) -> dict[int, str]:
    """How large a core dump a process and its descendants may leave: number → bytes as the kernel writes them.

    A process has its final limit only when the daemon runs: ask more than once, the last answer counts. What has ended
    meanwhile is left out, and so is a tracer that is none of ours.
    """
    parents = {int(folder.name): parent for folder in Path("/proc").glob("[0-9]*") if (parent := _parent(folder))}
    family, waiting = set(), {pid}
    while waiting:
        family |= waiting
        waiting = {child for child, parent in parents.items() if parent in waiting} - family
    return {one: limit for one in family if (limit := _core_limit(Path(f"/proc/{one}"))) is not None}


def _parent(folder: Path) -> int | None:
    with suppress(OSError):
        # The name before it stands in brackets and may hold anything.
        return int((folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    return None


def _core_limit(folder: Path) -> str | None:
    with suppress(OSError):
        limits = (folder / "limits").read_text(encoding="ascii").splitlines()
        if (folder / "comm").read_text(encoding="utf-8", errors="replace").strip() != "strace":
            return next(line.split()[4] for line in limits if line.startswith("Max core file size"))
    return None


def outside(paths: Sequence[str], allowed: Sequence[Path]) -> list[str]:
    """Paths that lie in none of the allowed folders, and are none of the allowed files."""
    resolved = [path.resolve() for path in allowed]
    return [path for path in paths if not any(_within(Path(path), one) for one in resolved)]


def _within(path: Path, folder: Path) -> bool:
    real = path.resolve()
    return real == folder or folder in real.parents


def _called(rest: str) -> list[str]:
    if tcp := _TCP.search(rest):
        return [f"{tcp[2]}:{tcp[1]}"]
    if local := _UNIX.search(rest):
        return [local[1]]
    return []


def _plain(path: str) -> str:
    """Strace writes what is not ASCII as octal."""
    return (
        path.encode("ascii", "backslashreplace").decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
    )
