"""The installer on bundles of a program that only answers: what is altered or foreign is refused, and no cut breaks it.

The bundles are made as `make bundle` makes them, signed and all; only their wheels are small. The real one goes into a
clean Debian in test_clean_debian.py.
"""

from __future__ import annotations

import ensurepip
import importlib.util
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEELS = [Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "nowhere")]
"""Where Python keeps the pip that it gives to new environments; Debian has a folder of its own for it."""
PIP = next((wheel for folder in WHEELS for wheel in folder.glob("pip-*.whl")), None)
HERE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

pytestmark = [
    pytest.mark.skipif(PIP is None, reason="this Python has no pip of its own (ensurepip) to put into a bundle"),
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen (Debian: openssh-client)"),
]

PROGRAM = """\
import json, sys

def main():
    if sys.argv[1] == "doctor":
        print(json.dumps({{"findings": [{{"name": name, "state": "fail"}} for name in {faults}]}}))
        return 1
    if {ill} and sys.argv[1] == "read":
        sys.exit("it reads nothing")
    print('{{"text": "123ABC", "version": "{version}"}}')
"""


@pytest.fixture(scope="module")
def making():
    spec = importlib.util.spec_from_file_location("bundle", ROOT / "install/bundle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """Who may sign: (the key, the list of those who may)."""
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / "key"], check=True)
    signers = folder / "signers"
    signers.write_text(f'releases namespaces="plate-reader" {(folder / "key.pub").read_text()}')
    return folder / "key", signers


@pytest.fixture(scope="module")
def bundles(making, key, tmp_path_factory):
    """`bundles(version, …)`: a bundle's folder, made once and copied."""
    made = {}

    def bundle(
        to: Path,
        version: str,
        *,
        ill: bool = False,
        faults: tuple[str, ...] = (),
        arch: str = HERE,
        python: str = PYTHON,
    ) -> Path:
        asked = (version, ill, faults, arch, python)
        if asked not in made:
            made[asked] = tmp_path_factory.mktemp("bundle") / f"plate-reader-{version}"
            _write(made[asked], version, PROGRAM.format(ill=ill, version=version, faults=faults))
            making.finish(made[asked], version, arch, python, key[0])
        return shutil.copytree(made[asked], to / f"plate-reader-{version}-{len(list(to.iterdir()))}")

    return bundle


def _write(folder: Path, version: str, program: str) -> None:
    (folder / "wheels").mkdir(parents=True)
    for part in ("systemd", "config", "models", "sample_frames", "docs"):
        (folder / "product" / part).mkdir(parents=True)
    for unit in (ROOT / "systemd").iterdir():
        shutil.copy(unit, folder / "product/systemd")
    shutil.copy(PIP, folder / "wheels")
    info = f"plate_reader-{version}.dist-info"
    with zipfile.ZipFile(folder / f"wheels/plate_reader-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("answers.py", program)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: plate-reader\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nplate-reader = answers:main\n")
        wheel.writestr(f"{info}/RECORD", "")


class Machine:
    """A device's disk in a folder."""

    def __init__(self, folder: Path, signers: Path) -> None:
        self.disk, self.signers = folder / "disk", signers
        self.opt = self.disk / "opt/plate-reader"

    def do(self, bundle: Path, *words: str, cut: str = "") -> subprocess.CompletedProcess[str]:
        command = ["sh", bundle / "install.sh", *words, "--root", self.disk]
        environment = {"PATH": "/usr/bin:/bin", "PLATE_READER_PYTHON": sys.executable, "PLATE_READER_POWER_CUT_AT": cut}
        environment["PLATE_READER_SETTLE_S"] = "0"
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def install(self, bundle: Path, cut: str = "") -> subprocess.CompletedProcess[str]:
        return self.do(bundle, "install", "--signers", str(self.signers), cut=cut)

    def runs(self) -> str:
        """What the current version says of itself."""
        said = subprocess.run([self.opt / ".venv/bin/plate-reader", "read"], capture_output=True, text=True, check=True)
        return said.stdout.split('"')[-2]

    def everything(self) -> list[str]:
        return sorted(str(path.relative_to(self.disk)) for path in self.disk.rglob("*")) if self.disk.exists() else []


@pytest.fixture
def machine(tmp_path, key):
    return Machine(tmp_path, key[1])


def test_it_installs_upgrades_and_goes_back_and_settings_stay(tmp_path, machine, bundles):
    assert machine.install(bundles(tmp_path, "1.0.0")).returncode == 0
    (machine.opt / "config/north.yaml").write_text("mine")
    assert machine.runs() == "1.0.0"
    done = machine.do(bundles(tmp_path, "1.1.0"), "upgrade")  # who may sign is known by now
    assert done.returncode == 0, done.stderr
    assert machine.runs() == "1.1.0"
    assert machine.do(machine.opt / "current", "rollback").returncode == 0
    assert machine.runs() == "1.0.0"
    assert (machine.opt / "config/north.yaml").read_text() == "mine"


def test_doing_it_twice_is_doing_it_once(tmp_path, machine, bundles):
    bundle = bundles(tmp_path, "1.0.0")
    machine.install(bundle)
    before = machine.everything()
    assert machine.install(bundle).returncode == 0
    assert machine.everything() == before


@pytest.mark.parametrize("how", ["a wheel", "the script's list", "a file more", "a file less", "no signature"])
def test_an_altered_bundle_is_refused_and_changes_nothing(tmp_path, machine, bundles, how):
    bundle = bundles(tmp_path, "1.0.0")
    if how == "a wheel":
        with next(bundle.glob("wheels/plate*")).open("r+b") as wheel:
            wheel.write(b"x")
    elif how == "the script's list":
        (bundle / "requirements.txt").write_text("")
        sums = bundle / "SHA256SUMS"
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        lines = [line for line in sums.read_text().splitlines() if not line.endswith("requirements.txt")]
        sums.write_text("\n".join([*lines, f"{empty}  requirements.txt"]) + "\n")
    elif how == "a file more":
        (bundle / "product/more.py").write_text("")
    elif how == "a file less":
        (bundle / "sbom.json").unlink()
    else:
        (bundle / "SHA256SUMS.sig").unlink()
    done = machine.install(bundle)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert machine.everything() == []


def test_a_bundle_that_somebody_else_signed_is_refused(tmp_path, machine, bundles):
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", other], check=True)
    bundle = bundles(tmp_path, "1.0.0")
    (bundle / "SHA256SUMS.sig").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", other, "-n", "plate-reader", bundle / "SHA256SUMS"], check=True
    )
    done = machine.install(bundle)
    assert (done.returncode, machine.everything()) == (1, [])
    assert "nobody who may sign" in done.stderr


@pytest.mark.parametrize(
    ("what", "words"), [({"arch": "riscv"}, "is for riscv, this machine is"), ({"python": "3.2"}, "is for Python 3.2")]
)
def test_a_bundle_for_another_machine_is_refused(tmp_path, machine, bundles, what, words):
    done = machine.install(bundles(tmp_path, "1.0.0", **what))
    assert (done.returncode, machine.everything()) == (1, [])
    assert words in done.stderr


STEPS = ["unpacking", "environment", "installed", "complete", "healthy", "switching", "switched", "units"]
CUTS = [step if step in ("installed", "switched") else pytest.param(step, marks=pytest.mark.slow) for step in STEPS]


@pytest.mark.parametrize("cut", CUTS)
def test_an_upgrade_cut_off_anywhere_leaves_a_version_that_works_and_the_same_again_finishes(
    tmp_path, machine, bundles, cut
):
    machine.install(bundles(tmp_path, "1.0.0"))
    bundle = bundles(tmp_path, "1.1.0")
    assert machine.do(bundle, "upgrade", cut=cut).returncode == -9
    assert machine.runs() in ("1.0.0", "1.1.0")
    done = machine.do(bundle, "upgrade")
    assert done.returncode == 0, done.stderr
    assert machine.runs() == "1.1.0"


def test_a_version_that_reads_nothing_is_not_taken_up(tmp_path, machine, bundles):
    machine.install(bundles(tmp_path, "1.0.0"))
    done = machine.do(bundles(tmp_path, "1.1.0", ill=True), "upgrade")
    assert done.returncode == 1
    assert "not healthy" in done.stderr
    assert machine.runs() == "1.0.0"


@pytest.mark.parametrize(
    ("before", "after", "taken_up"),
    [
        (("camera",), ("camera",), True),
        (("camera", "broker"), (), True),
        ((), ("camera",), False),
        (("camera",), ("camera", "networks"), False),
    ],
    ids=["a camera that was away", "better than before", "a new fault", "a new one beside an old one"],
)
def test_only_a_fault_that_was_not_there_before_makes_it_go_back(tmp_path, machine, bundles, before, after, taken_up):
    machine.install(bundles(tmp_path, "1.0.0", faults=before))
    (machine.opt / "config/north.yaml").write_text("mine")
    done = machine.do(bundles(tmp_path, "1.1.0", faults=after), "upgrade")
    assert machine.runs() == ("1.1.0" if taken_up else "1.0.0")
    assert done.returncode == (0 if taken_up else 1), done.stderr
    if not taken_up:
        (fresh,) = set(after) - set(before)
        assert f"(north {fresh}); 1.0.0 goes on" in done.stderr
    assert not list(machine.opt.glob(".faults*"))


def test_removal_asks_first_and_leaves_nothing(tmp_path, machine, bundles):
    machine.install(bundles(tmp_path, "1.0.0"))
    (machine.disk / "var/lib/plate-reader/north").mkdir(parents=True)
    current = machine.opt / "current"
    assert machine.do(current, "remove").returncode == 2
    assert machine.runs() == "1.0.0"
    assert machine.do(current, "remove", "--yes").returncode == 0
    assert [path for path in machine.everything() if "plate" in path] == []


def test_the_parts_list_names_every_wheel_by_its_digest(tmp_path, making, bundles):
    bundle = bundles(tmp_path, "1.0.0")
    wheels = sorted((bundle / "wheels").glob("*.whl"))
    parts = making.sbom(wheels, "1.0.0")["components"]
    assert len(parts) == len(wheels)
    assert all(len(part["hashes"][0]["content"]) == 64 for part in parts)


@pytest.mark.parametrize("machine_name", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_the_lock_is_read_as_that_machine_would(making, machine_name, python):
    lock = (ROOT / "requirements/field.txt").read_text()
    wanted = making.locked(lock, machine_name, python)
    assert ";" not in wanted
    assert all("--hash=sha256:" in line for line in wanted.splitlines())
    names = {line.partition("==")[0] for line in wanted.splitlines()}
    assert {"numpy", "onnxruntime", "opencv-python-headless", "msgspec", "paho-mqtt", "pyyaml"} <= names
