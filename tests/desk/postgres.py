"""A PostgreSQL cluster of our own in a temporary folder, with Debian's programs, under a user who owns nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

UNPRIVILEGED = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def _program(name: str) -> str:
    places = os.pathsep.join([os.environ["PATH"], *(str(path) for path in Path("/usr/lib/postgresql").glob("*/bin"))])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed (tests/debian-packages.txt)")
    return found


class Cluster:
    """Running; `database()` gives the URL of a new, empty one."""

    def __init__(self, folder: Path) -> None:
        # PostgreSQL refuses to run as root, as tests in a container often do.
        self._as = UNPRIVILEGED if os.getuid() == 0 else []
        self._folder, self._made = folder, 0
        if self._as:
            shutil.chown(folder, "nobody", "nogroup")
        self._run(_program("initdb"), "-D", f"{folder}/data", "-U", "desk", "-A", "trust", "--locale=C.UTF-8", "-N")

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses='' -c fsync=off -c max_connections=30"
        command = [_program("pg_ctl"), "-D", f"{self._folder}/data", "-o", options, "-w", "-l", f"{self._folder}/log"]
        self._run(*command, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run(_program("pg_ctl"), "-D", f"{self._folder}/data", "-m", mode, "-w", "stop")

    def database(self) -> str:
        self._made += 1
        name = f"desk{self._made}"
        self._run(_program("createdb"), "-h", str(self._folder), "-U", "desk", name)
        return f"postgresql://desk@/{name}?host={self._folder}"

    def found(self, store, texts) -> list[str]:
        """Which of these texts stand in any of the tables' files. Its own write-ahead log is not asked."""
        with store.write() as connection:
            connection.exec_driver_sql("CHECKPOINT")
        kept = b"".join(file.read_bytes() for file in Path(f"{self._folder}/data/base").rglob("*") if file.is_file())
        return [text for text in texts if text.encode() in kept]

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._as, *command], cwd="/", check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, done.stdout


@contextmanager
def cluster():
    _program("initdb")
    # A short path: a Unix socket's name has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        one = Cluster(Path(folder))
        one.start()
        try:
            yield one
        finally:
            one.stop("immediate")
