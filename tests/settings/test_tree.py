"""A file that is no tree says why, with its line, and never with a secret."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from edge.settings.problems import SettingsWrong
from edge.settings.tree import BYTES_MAX, read_tree


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("site: hesston\nbroker:\n\thost: x\n\tport: 1\n", 3, "YAML knows no tabs"),
        ("site:\thesston\n", 1, "YAML knows no tabs"),
        ("site: a: b\n", 1, "one key and one value"),
        ("site: 'hesston\ncamera: north\n", 1, "ends with the same quote"),
        ("view:\n  look: [1, 2\ncamera: north\n", 3, "ends with ]"),
        ("view: {look: 1\ncamera: north\n", 2, "ends with }"),
        ("  site: a\n camera: b\n", 2, "same column"),
        ("site: a\n---\nsite: b\n", 2, "one document"),
        ("site: @home\n", 1, "may not begin with this character"),
        ('site: "a\\qb"\n', 1, "a backslash is special"),
        ("site\n", 0, "keys and values"),
        ("- site\n", 0, "keys and values"),
        ("", 0, "keys and values"),
        ("# nothing but a comment\n", 0, "keys and values"),
        ("a: &x 1\nb: *x\n", 2, "stands where it applies"),
        ("a: !!python/name:os.system\n", 1, "needs no tag"),
        ("site: hess\x07ton\n", 1, "printable"),
        ("a: " + "[" * 400, 1, "a few levels deep"),
    ],
)
def test_what_is_no_tree_is_told_with_its_line(write, text, line, rule):
    with pytest.raises(SettingsWrong) as caught:
        read_tree(write(text), "camera.yaml")
    problem = caught.value.problems[0]
    assert (problem.line, rule in problem.rule) == (line, True), str(problem)
    assert problem.got
    assert problem.fix


def test_every_line_with_a_tab_is_told_at_once(write):
    with pytest.raises(SettingsWrong) as caught:
        read_tree(write("broker:\n\thost: x\n\tport: 1\n\ttls: true\n"), "camera.yaml")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_a_secret_in_a_broken_line_is_not_shown(write):
    with pytest.raises(SettingsWrong) as caught:
        read_tree(write("password: hunter2: x\n"), "camera.yaml")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(SettingsWrong, match="no such file"):
        read_tree(tmp_path / "gone.yaml", "gone.yaml")


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(SettingsWrong, match="is a directory"):
        read_tree(tmp_path, "config")


def test_bytes_that_are_no_text_are_told_with_their_place(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"site: hesston\ncamera: s\xfcd\n")
    with pytest.raises(SettingsWrong) as caught:
        read_tree(path, "latin.yaml")
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 10)
    assert "UTF-8" in caught.value.problems[0].fix


def test_a_byte_order_mark_from_a_windows_editor_is_no_mistake(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfsite: hesston\r\n")
    assert [key.value for key, _ in read_tree(path, "bom.yaml").value] == ["site"]


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"#" * (BYTES_MAX + 1))
    with pytest.raises(SettingsWrong, match="at most 1,000,000 bytes"):
        read_tree(path, "huge.yaml")


@given(text=st.text(alphabet="ab:-[]{}'\"#&*!|>%@\n\t 0", max_size=60))
def test_whatever_is_written_is_a_tree_or_a_problem_with_a_place(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("s") / "x.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        assert isinstance(read_tree(path, "x.yaml"), yaml.MappingNode)
    except SettingsWrong as wrong:
        assert all(0 <= problem.line <= text.count("\n") + 1 for problem in wrong.problems)  # noqa: PT017
