"""What a person types: verbs, help, exit codes."""

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import edge.cli
from edge import __version__
from edge.cli.main import PLACES, main, verbs
from edge.cli.main import _module as module_of

FILES = {path.stem for path in Path(edge.cli.__file__).parent.glob("*.py")}


def test_every_file_with_arguments_is_a_verb_and_every_verb_is_such_a_file():
    designed = {module_of(name) for names in PLACES.values() for name in names}
    takers = {
        name for name in FILES if "\ndef add_arguments(" in Path(edge.cli.__file__).with_name(f"{name}.py").read_text()
    }
    assert takers == FILES & designed


@pytest.mark.parametrize("name", verbs())
def test_a_verb_says_in_one_sentence_what_it_does_and_runs_to_an_exit_code(name, capsys):
    verb = importlib.import_module(f"edge.cli.{module_of(name)}")
    assert inspect.signature(verb.run).return_annotation in (int, "int")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: plate-reader {name}")
    first = verb.__doc__.split("\n\n")[0]
    assert first.rstrip().endswith(".")
    assert " ".join(first.split()) in " ".join(said.split())


def test_the_overview_lists_the_verbs_that_exist_and_no_others(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    shown = {line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")}
    assert shown == set(verbs())


def test_without_a_verb_the_overview_goes_to_stderr_and_the_code_is_2(capsys):
    assert main([]) == 2
    assert "VERB" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"plate-reader {__version__}\n"


def test_a_misspelt_verb_is_answered_with_the_one_that_was_meant(capsys):
    assert main(["chekc"]) == 2
    assert "Did you mean check?" in capsys.readouterr().err
    assert main(["xyzzy"]) == 2
    assert "check" in capsys.readouterr().err


def test_a_wrong_argument_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["check", "--colour"])
    assert ended.value.code == 2
    assert "--colour" in capsys.readouterr().err


def test_a_reader_that_has_had_enough_is_no_error():
    """`plate-reader check | head -1`: no traceback."""
    command = f"{sys.executable} -m edge.cli.main check --config /nowhere/{'x' * 200}.yaml"
    piped = subprocess.run(["sh", "-c", f"{command} | true"], capture_output=True, text=True, check=True)
    assert "Traceback" not in piped.stderr


def test_a_terminal_without_arrows_gets_question_marks_and_no_traceback():
    here = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "edge.cli.main", "check", "--config", "/nowhere/x.yaml"]
    said = subprocess.run(command, capture_output=True, env=here, check=False)
    assert said.returncode == 2
    assert b"Traceback" not in said.stderr
    said = subprocess.run([*command[:3], "--help"], capture_output=True, env=here, check=False)
    assert said.returncode == 0


def test_ctrl_c_ends_quietly(monkeypatch, capsys):
    def interrupt(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("edge.cli.check.run", interrupt)
    assert main(["check"]) == 130
    assert capsys.readouterr().err == ""
