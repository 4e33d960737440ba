"""A bundle as it is shipped, in a Debian that has only python3 and ssh-keygen, and no network: read, run, gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest

from install.bundle import finish
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

UPGRADES = """\
cd /tmp
rm -rf plate-reader-*
tar xzf bundle.tar.gz
./plate-reader-*/install.sh install --signers signers || exit 9
install=/opt/plate-reader/current/install.sh
cp north.yaml /opt/plate-reader/config/north.yaml
export PLATE_READER_SETTLE_S=1
$install upgrade 0.2.0.tar.gz
echo "good: $?, current $(readlink /opt/plate-reader/current)"
$install upgrade 0.3.0.tar.gz
echo "bad: $?, current $(readlink /opt/plate-reader/current)"
$install remove --yes
"""
LATER = {"0.2.0": None, "0.3.0": "product/sample_frames/day_approaching"}
"""Versions to upgrade to, and what each lacks: here it is what the settings name as their source."""


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


def bundle(folder: Path, arch: str, python: str, *more: object) -> Path:
    make = [sys.executable, ROOT / "install/bundle.py", "--arch", arch, "--python", python, "--out", folder, *more]
    subprocess.run(make, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return next(folder.glob(f"*-{arch}-py{python.replace('.', '')}.tar.gz"))


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """A Debian with the settings and a signed bundle in its /tmp, and the key beside it."""
    folder = tmp_path_factory.mktemp("clean")
    disk, key = folder / "debian", folder / "key"
    debootstrap(disk, "python3", "openssh-client")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
    furnish(disk / "tmp", key, bundle(folder, HERE, PYTHON, "--key", key))
    return disk


def debootstrap(disk: Path, *packages: str) -> None:
    """A Debian with these and what they need. Skips where no mirror can be reached."""
    mirror = os.environ.get("DEBIAN_MIRROR", "")
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", "bookworm", str(disk)]
    made = subprocess.run([*command, *filter(None, [mirror])], capture_output=True, text=True, check=False)
    if "Failed getting release file" in made.stdout + made.stderr:
        pytest.skip("no Debian mirror answers; DEBIAN_MIRROR names another")
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]


def furnish(folder: Path, key: Path, made: Path) -> None:
    """What a technician brings."""
    (folder / "signers").write_text(f'releases namespaces="plate-reader" {key.with_suffix(".pub").read_text()}')
    (folder / "north.yaml").write_text(SETTINGS)
    shutil.copy(made, folder / "bundle.tar.gz")
    for version, spoil in LATER.items():
        anew(made, version, key, spoil, folder / f"{version}.tar.gz")


def anew(made: Path, version: str, key: Path, spoil: str | None, out: Path) -> None:
    """The same bundle as another version, signed again; `spoil` names a folder of its product that is missing."""
    with tempfile.TemporaryDirectory() as there:
        with tarfile.open(made) as tar:
            tar.extractall(there, filter="data")
        (folder,) = Path(there).iterdir()
        if spoil is not None:
            (folder / spoil).rename(folder / f"{spoil}-gone")
        for name in ("SHA256SUMS", "SHA256SUMS.sig"):
            (folder / name).unlink()
        finish(folder, version, HERE, PYTHON, key)
        with tarfile.open(out, "w:gz", compresslevel=1) as tar:
            tar.add(folder, f"plate-reader-{version}")


def inside(disk: Path, script: str) -> subprocess.CompletedProcess[str]:
    """A script in the Debian, without a network."""
    (disk / "tmp/go.sh").write_text(script)
    command = f"mount -t proc proc {disk}/proc && exec chroot {disk} sh /tmp/go.sh"
    return subprocess.run(["unshare", "-mn", "sh", "-c", command], capture_output=True, text=True, check=False)


def test_two_commands_install_what_reads_and_one_removes_it(debian):
    began = time.monotonic()
    done = inside(debian, SCRIPT)
    print(f"\n{done.stdout}\nfrom unpacking to removal: {time.monotonic() - began:.0f} s")  # noqa: T201 — a figure to report
    assert done.returncode == 0, done.stderr
    assert "kept 1" in done.stdout
    assert "pictures; the source has ended" in done.stdout
    assert "asked True" in done.stdout
    assert "left 0" in done.stdout


def test_an_upgrade_stays_when_doctor_finds_nothing_new_and_goes_back_when_it_does(debian):
    done = inside(debian, UPGRADES)
    assert done.returncode == 0, done.stderr
    assert "good: 0, current 0.2.0" in done.stdout
    assert "bad: 1, current 0.2.0" in done.stdout
    assert "0.3.0 has faults that 0.2.0 does not have (north settings); 0.2.0 goes on" in done.stderr


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.13"])
def test_every_wheel_for_an_arm_computer_is_there(tmp_path, python):
    assert bundle(tmp_path, "arm64", python).stat().st_size > 50_000_000
