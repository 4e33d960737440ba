"""Say all that is wrong with settings files, or what they come to.

Looks at the files that the settings name as well: models and their digests, certificates, secrets, recordings. Asks no
camera and no broker.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from edge.camera.vision.manifest import load_manifest
from edge.cli import present
from edge.cli.exit_codes import DONE, WRONG
from edge.settings.camera import CameraSettings, DetectorSettings, ReaderSettings, VehicleSettings
from edge.settings.camera_rules import RULES
from edge.settings.loader import digest, load, root_of
from edge.settings.on_disk import notes, rules
from edge.settings.policy_rules import load_policy
from edge.settings.problems import Problem, SettingsWrong
from edge.settings.secret import hidden
from edge.settings.tree import read_tree

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from edge.camera.vision.manifest import Kind, Manifest
    from edge.settings.matching import Rules
    from edge.settings.policy import Policy


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say about one file."""

    path: Path
    settings: CameraSettings | Policy | None
    """None when there are problems."""
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The files; without any, those of `config/`."""
    parser.add_argument(
        "--config",
        type=Path,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="settings files (default: config/*.yaml)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a file and line")


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when every file can be used, 2 when one cannot."""
    paths: list[Path] = arguments.config or sorted(Path("config").glob("*.yaml"))
    if not paths:
        print("plate-reader check: there is no config/*.yaml here; name a file: --config FILE", file=sys.stderr)
        return WRONG
    reports = _twins([examine(path) for path in paths])
    for report in reports:
        _print_json(report) if arguments.json else _print(report)
    return WRONG if any(report.problems for report in reports) else DONE


def examine(path: Path) -> Report:
    """One file, and what it refers to."""
    try:
        keys = {key.value for key, _ in read_tree(path, str(path)).value}
        if "department" in keys and "source" not in keys:
            return Report(path, load_policy(path), (), ())
        return _examine_camera(path)
    except SettingsWrong as wrong:
        return Report(path, None, wrong.problems, ())


def _examine_camera(path: Path) -> Report:
    root = root_of(path)
    written, _ = _loaded(path, RULES)
    manifest, damage = _manifest(root / written.runtime.manifest) if written is not None else (None, ())
    settings, problems = _loaded(path, _joined(RULES, rules(root), _model_rules(manifest)))
    said = tuple(notes(settings, root)) if settings is not None else ()
    if settings is not None and path.stem != settings.camera:
        said += (f"camera: {path.name} is for {settings.camera}; the service looks for {settings.camera}.yaml",)
    return Report(path, settings if not damage else None, problems + damage, said)


def _loaded(path: Path, table: Rules) -> tuple[CameraSettings | None, tuple[Problem, ...]]:
    try:
        return load(path, CameraSettings, table), ()
    except SettingsWrong as wrong:
        return None, wrong.problems


def _manifest(path: Path) -> tuple[Manifest | None, tuple[Problem, ...]]:
    try:
        return load_manifest(path), ()
    except SettingsWrong as wrong:
        return None, wrong.problems


def _model_rules(manifest: Manifest | None) -> Rules:
    """The networks that the settings name are in the manifest, and their files are the ones that it means."""

    def named(kind: Kind) -> Callable[[DetectorSettings | ReaderSettings | VehicleSettings], Iterator[tuple[str, str]]]:
        def rule(settings: DetectorSettings | ReaderSettings | VehicleSettings) -> Iterator[tuple[str, str]]:
            if manifest is None or settings.model is None:
                return
            try:
                listed = manifest.pick(settings.model, kind)
            except SettingsWrong as wrong:
                yield from (("model", f"{problem.rule}: {problem.fix}") for problem in wrong.problems)
                return
            found = _sha256(listed.file)
            if found != listed.entry.sha256:
                expected = f"{listed.file} with the SHA-256 {listed.entry.sha256}, found {found}"
                yield "model", f"{expected}: put back the file that the manifest means"

        return rule

    return {DetectorSettings: named("detector"), ReaderSettings: named("reader"), VehicleSettings: named("vehicle")}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            digest_of = hashlib.sha256()
            while chunk := stream.read(1 << 20):
                digest_of.update(chunk)
            return digest_of.hexdigest()
    except OSError as error:
        return (error.strerror or "nothing").lower()


def _joined(*tables: Rules) -> Rules:
    """All the rules of a type one after the other."""

    def chain(kind: type) -> Callable[[Any], Iterator[tuple[str, str]]]:
        def rule(settings: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (a Struct of `kind`)
            for table in tables:
                if kind in table:
                    yield from table[kind](settings)

        return rule

    return {kind: chain(kind) for table in tables for kind in table}


def _twins(reports: Sequence[Report]) -> list[Report]:
    """A copied file whose name of the camera was forgotten: two cameras would speak under one topic."""
    seen: dict[tuple[str, str], Path] = {}
    checked = []
    for report in reports:
        if isinstance(report.settings, CameraSettings):
            name = (report.settings.site, report.settings.camera)
            first = seen.setdefault(name, report.path)
            if first != report.path:
                got = f"{name[0]}/{name[1]}, as in {first}"
                fix = "give each camera a name of its own"
                twin = Problem(
                    file=str(report.path),
                    line=0,
                    column=0,
                    key="camera",
                    rule="a name for one camera",
                    got=got,
                    fix=fix,
                )
                checked.append(Report(report.path, None, (twin,), report.notes))
                continue
        checked.append(report)
    return checked


def _print_json(report: Report) -> None:
    print(
        json.dumps(
            {
                "file": str(report.path),
                "ok": not report.problems,
                "digest": digest(report.settings) if report.settings else None,
                "problems": [problem.as_dict() for problem in report.problems],
                "notes": list(report.notes),
                "settings": msgspec.to_builtins(report.settings),
            },
            ensure_ascii=False,
        )
    )


def _print(report: Report) -> None:
    if report.problems:
        print(f"{report.path}  " + present.paint(present.count(len(report.problems), "problem"), "red"))
        present.problems(report.problems, sys.stdout)
    elif report.settings is not None:
        print(f"{report.path}  {present.paint('OK', 'green')}  settings {digest(report.settings)}")
        rows = _camera(report.settings) if isinstance(report.settings, CameraSettings) else _policy(report.settings)
        print(present.table([("", name, value) for name, value in rows]))
    for note in report.notes:
        print(f"  {present.paint('note', 'yellow')}  {note}")
    print()


def _camera(settings: CameraSettings) -> Iterator[tuple[str, str]]:
    """The values that matter, as they take effect."""
    source, view, broker = settings.source, settings.view, settings.broker
    login = f", login from {source.credentials_file}" if source.credentials_file else ""
    yield "topics", f"lpr/v1/{settings.site}/{settings.camera}/…"
    yield "pictures", f"{source.kind} {hidden(source.address)}, at most {source.frames_per_second:g} a second{login}"
    directions = [f"{way} is {name}" for way, name in (("approaching", view.approaching), ("receding", view.receding))]
    yield (
        "directions",
        ", ".join(words for words in directions if not words.endswith("None")) or "approaching, receding",
    )
    looks = present.count(len(view.look), "area") if view.look else "everywhere"
    yield "looks", looks + (f", but for {present.count(len(view.ignore), 'area')}" if view.ignore else "")
    runtime = settings.runtime
    named = (settings.detector.model, settings.reader.model, settings.vehicle.model)
    models = ", ".join(model for model in named if model is not None)
    yield "networks", f"{models} on {', '.join(runtime.providers)}, {present.count(runtime.threads, 'thread')}"
    yield (
        "tells",
        f"within {settings.tracking.decide_ms_max / 1000:g} s, from a confidence of {settings.fusion.confidence_min:g}",
    )
    trust = f"TLS, trusts {broker.ca_file or 'the system'}" if broker.tls else "no TLS"
    user = f", user {broker.username}" if broker.username else ""
    yield "broker", f"{broker.host}:{broker.port}, MQTT {broker.protocol}, {trust}{user}"
    outbox = settings.outbox
    yield "keeps", f"{_days(outbox.retention_days_max)}, at most {outbox.bytes_max / 1e6:,.0f} MB, in {outbox.folder}"


def _policy(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "department", f"{policy.department.name}, site {policy.site}"
    yield "cameras", ", ".join(policy.cameras)
    yield "agencies", present.count(len(policy.agencies), "agency", "agencies")
    yield "lists", ", ".join(entry.title for entry in policy.hotlists.lists) or "none"
    yield "keeps", f"{_days(policy.retention.days)} in {hidden(policy.store.url)}"
    yield "broker", f"{policy.broker.host}:{policy.broker.port}, {'TLS' if policy.broker.tls else 'no TLS'}"


def _days(days: float) -> str:
    return f"{days:g} days" if days >= 1 else f"{days * 1440:.0f} minutes"
