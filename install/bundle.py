"""One file that installs a camera's computer without internet: `make bundle ARCH=arm64 PYTHON_VERSION=3.11`.

dist/plate-reader-<version>-<arch>-py<version>.tar.gz
install.sh         what a technician runs
bundle             version, arch, python: for which machine it is
wheels/            everything of requirements/field.txt (what runs, and `aim`) by its hash, pip itself, and the product
requirements.txt   those, by their hashes again
product/           models, settings to begin with, units, recorded scenes, guides
sbom.json          what is in it (CycloneDX)
SHA256SUMS         of every file above; SHA256SUMS.sig: by `ssh-keygen -Y sign`, when there is a key
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

from edge import __version__

ROOT = Path(__file__).parents[1]
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name → the kernel's and the wheels'."""
GLIBC_MAX = 34
"""manylinux_2_34: Debian 12 has 2.36, JetPack 6 and Ubuntu 22.04 have 2.35."""
PRODUCT = ("config", "systemd", "docs", "sample_frames/day_approaching", "README.md", "CHANGELOG.md")
NETWORKS = ("manifest.yaml", "*/manifest.yaml", "*/CARD.md", "*/*.onnx")
NAMESPACE = "plate-reader"
"""What a signature is for, so that one made for something else does not serve."""


def main() -> int:
    """Build one, for one kind of machine and one Python."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", choices=MACHINES, required=True)
    parser.add_argument("--python", required=True, help="the device's Python: 3.11 on Debian 12, 3.13 on Debian 13")
    parser.add_argument("--key", type=Path, help="an ssh key to sign with; without it the bundle is unsigned")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args()
    name = f"plate-reader-{__version__}-{chosen.arch}-py{chosen.python.replace('.', '')}"
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / name
        (folder / "wheels").mkdir(parents=True)
        fetch(folder / "wheels", chosen.arch, chosen.python)
        _build_product(folder)
        finish(folder, __version__, chosen.arch, chosen.python, chosen.key)
        chosen.out.mkdir(exist_ok=True)
        file = chosen.out / f"{name}.tar.gz"
        with tarfile.open(file, "w:gz") as tar:
            tar.add(folder, name)
    print(f"{file}  {file.stat().st_size / 1e6:.0f} MB{'' if chosen.key else '  NOT SIGNED: --key says with what'}")
    return 0


def fetch(wheels: Path, arch: str, python: str) -> None:
    """What requirements/field.txt locks, `aim` and all, for that machine and Python; nothing is compiled."""
    machine = MACHINES[arch]
    platforms = [f"manylinux_2_{glibc}_{machine}" for glibc in range(17, GLIBC_MAX + 1)] + [f"manylinux2014_{machine}"]
    wanted = wheels.parent / "wanted.txt"
    wanted.write_text(locked((ROOT / "requirements/field.txt").read_text(encoding="utf-8"), machine, python))
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--no-deps", "--dest", wheels]
    target = ["--python-version", python, *(f"--platform={platform}" for platform in platforms)]
    subprocess.run([*pip, *target, "--require-hashes", "-r", wanted], check=True)  # noqa: S603
    subprocess.run([*pip, "pip"], check=True)  # noqa: S603 — so that the device needs no python3-venv
    wanted.unlink()


def locked(lock: str, machine: str, python: str) -> str:
    """The lock's lines that are for that machine and Python; pip itself would ask the machine that it runs on."""
    there = {
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "python_version": python,
        "python_full_version": f"{python}.0",
        "extra": "",
    }
    kept = []
    for entry in lock.replace("\\\n", " ").splitlines():
        if not entry or entry.startswith("#"):
            continue
        words = entry.split(" --hash=")
        marker = Requirement(words[0].strip()).marker
        if marker is None or marker.evaluate(there):
            kept.append(" --hash=".join([words[0].partition(";")[0].strip(), *words[1:]]))
    return "\n".join(kept) + "\n"


def _build_product(folder: Path) -> None:
    build = [sys.executable, "-m", "flit_core.wheel", "--outdir", folder / "wheels", ROOT]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    product = folder / "product"
    for name in PRODUCT:
        source, target = ROOT / name, product / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for pattern in NETWORKS:
        for source in (ROOT / "models").glob(pattern):
            target = product / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def finish(folder: Path, version: str, arch: str, python: str, key: Path | None) -> None:
    """What makes a folder of wheels a bundle: the script, the lists, the sums, the signature."""
    shutil.copy(ROOT / "install/install.sh", folder)
    (folder / "bundle").write_text(f"version={version}\narch={arch}\npython={python}\n")
    wheels = sorted((folder / "wheels").glob("*.whl"))
    wanted = [wheel for wheel in wheels if not wheel.name.startswith("pip-")]  # pip installs, and stays outside
    lines = [f"./wheels/{wheel.name} --hash=sha256:{_sha256(wheel)}" for wheel in wanted]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
    (folder / "sbom.json").write_text(json.dumps(sbom(wheels, version), indent=1) + "\n")
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{_sha256(file)}  {file.relative_to(folder)}\n" for file in files))
    if key is not None:
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, sums], check=True)  # noqa: S603, S607


def sbom(wheels: list[Path], version: str) -> dict[str, object]:
    """CycloneDX 1.5: each wheel by name, version and digest. Twenty lines, for the wheels say all that is needed."""
    components = []
    for wheel in wheels:
        name, released = wheel.name.split("-")[:2]
        name = name.replace("_", "-").lower()
        components.append(
            {
                "type": "library",
                "name": name,
                "version": released,
                "purl": f"pkg:pypi/{name}@{released}",
                "hashes": [{"alg": "SHA-256", "content": _sha256(wheel)}],
            }
        )
    product = {"type": "application", "name": "plate-reader", "version": version}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": components,
    }


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
