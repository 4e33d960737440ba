"""What matters about the code itself: arrows, light imports, sizes, names; documents that say what is there."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli.main import PLACES, verbs
from edge.settings.camera_rules import load_camera
from edge.settings.policy_rules import load_policy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
MODULES = sorted((ROOT / "edge").rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py"))
HEAVY = {"numpy", "cv2", "onnxruntime"}
FUNCTION_LINES_MAX = 70

VIOLATIONS = {
    "Imports run one way: cli, then a wing, then the link, then the record": ("link/topics.py", "edge.camera.scene"),
    "The record and the settings know nothing of the rest": ("settings/loader.py", "edge.link.topics"),
    "A step of the camera's line never calls another step or a door, and no door another door": (
        "camera/fusion.py",
        "edge.camera.outbox",
    ),
    "Only the camera's wing meets a pixel": ("desk/matching.py", "cv2"),
    "What decides knows no clock, thread, socket, disk or network": ("camera/tracking.py", "time"),
    "The daemon needs none of the technician's tools": ("camera/daemon.py", "edge.camera.aim.sight"),
    "The code that searches and the lists it searches are not the camera's": ("link/topics.py", "sqlalchemy"),
}
"""For each contract an import that breaks it: (file, what it must not import)."""


def lint_imports(folder):
    """Judges `folder/edge` by `folder/pyproject.toml`. Returns everything it says, on one line."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-cache", "--config", "pyproject.toml"]
    here = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    said = subprocess.run(command, cwd=folder, env=here, capture_output=True, text=True, check=False, timeout=60)
    return re.sub(r"\s+", " ", said.stdout + said.stderr)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package and its contracts, to be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "edge", folder / "edge", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_imports_run_one_way():
    said = lint_imports(ROOT)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said, said


def test_every_contract_has_an_import_that_would_break_it():
    assert set(VIOLATIONS) == set(CONTRACTS)


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_each_contract_can_fail(copy, name):
    where, forbidden = VIOLATIONS[name]
    file = copy / "edge" / where
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(f"{whole}\n\ndef _spoilt():\n    import {forbidden}\n", encoding="utf-8")
        assert f"{name} BROKEN" in lint_imports(copy)
    finally:
        file.write_text(whole, encoding="utf-8")


def imported_by(*words):
    """The modules that `plate-reader WORDS` has imported when it ends."""
    program = "import sys; from edge.cli.main import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(said.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("verb", verbs())
def test_help_imports_nothing_heavy(verb):
    assert imported_by(verb, "--help") & HEAVY == set()


def test_commands_that_look_at_no_picture_import_nothing_heavy():
    assert imported_by("check") & HEAVY == set()
    assert imported_by() & HEAVY == set()


def test_no_function_is_longer_than_a_person_can_hold():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_module_opens_with_a_sentence():
    silent = [path.name for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_tests_lie_where_what_they_test_lies():
    """tests/camera/vision is about edge/camera/vision, tests/models about models. Whole scenes lie at the top."""
    homeless = [
        str(path) for path in TESTS if not (ROOT / "edge" / path.parent).is_dir() and not (ROOT / path.parent).is_dir()
    ]
    assert homeless == []


def tracked():
    """Every text file of the repository: (name, text). A checkout without git has none, and is not judged."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink() and path.suffix not in (".png", ".jpg", ".onnx", ".npz", ".mp4"):
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


FOREIGN = re.compile("|".join(["/wo" + "rk/", "/ro" + "ot/", r"/ho" + r"me/\w", r"\.py" + "env", "file:" + "///opt"]))
"""Paths of a developer's machine (put together here, so that this file is not one that names them)."""
INDEX = re.compile(r"\b(?:files\.python" + r"hosted|py" + r"pi|deb\.deb" + r"ian|registry\.npm" + r"js)\.org\b")
"""Hosts of package indexes; the lock file alone names them, as its format wants."""


def test_no_file_names_a_developers_machine():
    named = [f"{name}: {found[0]}" for name, text in tracked() if (found := FOREIGN.search(text))]
    assert named == []


def test_no_file_but_the_lock_names_a_package_host_and_the_lock_only_the_public_one():
    named = [name for name, text in tracked() if name != "uv.lock" and INDEX.search(text)]
    assert named == []
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = {host.split("//")[1] for host in re.findall(r"https?://[^/\"\s]+", lock)}
    assert all(INDEX.fullmatch(host) for host in hosts), hosts
    assert "file:" not in lock


def test_the_requirements_are_the_locks_and_every_line_has_a_hash():
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r'\nname = "([^"]+)"\nversion = "([^"]+)"', lock))
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        pinned = re.findall(r"(?m)^([a-z0-9._-]+)==([^ ]+)(.*\\\n(?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text)
        assert {(name, version) for name, version, _ in pinned} <= locked, path.name
        assert len(pinned) == len(re.findall(r"(?m)^[a-z0-9]", text)), path.name
        assert "nvidia" not in text
        assert "torch" not in text


def test_what_the_project_depends_on_is_in_the_requirements():
    """`make lock` was not forgotten."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = {
        "run": PROJECT["project"]["dependencies"],
        "demo": [*PROJECT["project"]["dependencies"], *extras["demo"]],
        "desk": [*PROJECT["project"]["dependencies"], *extras["desk"]],
        "test": [*PROJECT["project"]["dependencies"], *extras["demo"], *extras["desk"], *extras["test"]],
    }
    for name, requirements in wanted.items():
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        pinned = set(re.findall(r"(?m)^([a-z0-9._-]+)==", text))
        asked = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in requirements}
        assert asked <= pinned, f"requirements/{name}.txt lacks {asked - pinned}: make lock"


def test_the_readme_tells_every_verb_and_only_verbs_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"plate-reader ([a-z][a-z-]+)", text)) | set(re.findall(r"`([a-z][a-z-]+)`", text))
    designed = {name for names in PLACES.values() for name in names}
    assert told & designed == set(verbs())


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads(path):
    load_policy(path) if path.name == "policy.yaml" else load_camera(path)


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.md")))
def test_links_in_documents_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (ROOT / link).exists()] == []


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"\.PHONY: (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))[1].split()
    assert sorted(line.split()[0] for line in listed.splitlines()) == sorted(targets)
