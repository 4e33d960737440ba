"""A bundle as it is shipped, in a Debian that has only python3 and ssh-keygen, and no network: read, run, gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.install.test_install import HERE

ROOT = Path(__file__).parents[2]
PYTHON = "3.11"
"""Bookworm's."""
ENOUGH = hasattr(os, "geteuid") and os.geteuid() == 0 and all(shutil.which(name) for name in ("debootstrap", "unshare"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not ENOUGH, reason="needs root, debootstrap and unshare (Debian: debootstrap, util-linux)"),
]

SETTINGS = """\
site: hesston
camera: north
source: {kind: folder, address: /opt/plate-reader/sample_frames/day_approaching, frames_per_second: 15.0}
broker: {host: 127.0.0.1}
"""
SCRIPT = """\
set -e
cd /tmp
tar xzf bundle.tar.gz
./plate-reader-*/install.sh install --signers signers
PATH=$PATH:/opt/plate-reader/.venv/bin
install=/opt/plate-reader/current/install.sh
$install camera north
cp north.yaml /opt/plate-reader/config/north.yaml
$install camera north
plate-reader read /opt/plate-reader/sample_frames/day_approaching/001000.jpg
mkdir state
STATE_DIRECTORY=/tmp/state plate-reader run --config /opt/plate-reader/config/north.yaml
rows="SELECT count(*) FROM row"
python3 -c "import sqlite3; print('kept', *sqlite3.connect('/tmp/state/outbox.sqlite3').execute('$rows').fetchone())"
plate-reader aim --help >/dev/null
python=/opt/plate-reader/.venv/bin/python
$python -c 'import cryptography, starlette, uvicorn'
to=$($python -c 'from pyrage import x25519; print(x25519.Identity.generate().to_public())')
STATE_DIRECTORY=/tmp/state plate-reader record --config /opt/plate-reader/config/north.yaml \\
  --reason acceptance --minutes 1 --to "$to"
plate-reader doctor --config /opt/plate-reader/config/north.yaml --json --look-s 0 | python3 -c '
import json, sys
print("asked", len(json.load(sys.stdin)["findings"]) > 10)'
$install upgrade bundle.tar.gz
$install remove --yes
echo "left $(find / -xdev -path /proc -prune -o -path /tmp -prune -o -name '*plate-reader*' -print | wc -l)"
"""


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


def bundle(folder: Path, arch: str, python: str, *more: object) -> Path:
    make = [sys.executable, ROOT / "install/bundle.py", "--arch", arch, "--python", python, "--out", folder, *more]
    subprocess.run(make, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return next(folder.glob(f"*-{arch}-py{python.replace('.', '')}.tar.gz"))


def test_two_commands_install_what_reads_and_one_removes_it(tmp_path):
    disk = tmp_path / "debian"
    mirror = os.environ.get("DEBIAN_MIRROR", "")
    run(
        "debootstrap",
        "--variant=minbase",
        "--include=python3,openssh-client",
        "bookworm",
        disk,
        *filter(None, [mirror]),
    )
    key = tmp_path / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
    (disk / "tmp/signers").write_text(f'releases namespaces="plate-reader" {key.with_suffix(".pub").read_text()}')
    (disk / "tmp/north.yaml").write_text(SETTINGS)
    (disk / "tmp/go.sh").write_text(SCRIPT)
    shutil.move(bundle(tmp_path, HERE, PYTHON, "--key", key), disk / "tmp/bundle.tar.gz")
    inside = f"mount -t proc proc {disk}/proc && exec chroot {disk} sh /tmp/go.sh"
    began = time.monotonic()
    done = subprocess.run(["unshare", "-mn", "sh", "-c", inside], capture_output=True, text=True, check=False)
    print(f"\n{done.stdout}\nfrom unpacking to removal: {time.monotonic() - began:.0f} s")  # noqa: T201 — a figure to report
    assert done.returncode == 0, done.stderr
    assert "kept 1" in done.stdout
    assert "pictures; the source has ended" in done.stdout
    assert "asked True" in done.stdout
    assert "left 0" in done.stdout


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.13"])
def test_every_wheel_for_an_arm_computer_is_there(tmp_path, python):
    assert bundle(tmp_path, "arm64", python).stat().st_size > 50_000_000
