"""How things are shown: aligned, uncoloured where nobody sees colours, and with progress only when it is slow."""

import io

import pytest

from edge.cli import present
from edge.settings.problems import Problem


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


class Clock:
    """Goes as far as it is told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_table_is_aligned_and_has_no_trailing_spaces():
    shown = present.table([("north", 4), ("southwest", 1204)], ("camera", "passes"), right=(1,))
    assert shown.splitlines() == [
        "camera     passes",
        "─────────  ──────",
        "north           4",
        "southwest    1204",
    ]
    assert present.table([]) == ""


def test_numbers_come_with_their_noun():
    assert present.count(1, "plate") == "1 plate"
    assert present.count(1204, "pass", "passes") == "1,204 passes"


def test_colours_only_where_a_terminal_wants_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert present.paint("x", "red", Terminal()) == "\x1b[31mx\x1b[0m"
    assert present.paint("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert present.paint("x", "red", Terminal()) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert present.paint("x", "red", Terminal()) == "x"


def test_quick_work_shows_no_progress(clock):
    out = Terminal()
    with present.progress("pictures", 2, stream=out, clock=clock) as tell:
        tell(1)
        clock.now = 1.9
        tell(2)
    assert out.getvalue() == ""


def test_slow_work_shows_one_line_that_is_gone_at_the_end(clock):
    out = Terminal()
    with present.progress("pictures", 80, stream=out, clock=clock) as tell:
        clock.now = 4.0
        tell(20)
        tell(21)  # too soon after the last
    shown = out.getvalue()
    assert "20 of 80 pictures, 25 %, 12 s left" in shown
    assert "21 of" not in shown
    assert shown.endswith("\r\x1b[K")


def test_in_a_log_progress_is_whole_lines_now_and_then(clock):
    out = io.StringIO()
    with present.progress("frames", stream=out, clock=clock) as tell:
        for second in range(40):
            clock.now = float(second)
            tell(second * 10)
    lines = out.getvalue().splitlines()
    assert lines == ["20 frames, 10.0/s", "170 frames, 10.0/s", "320 frames, 10.0/s"]


def problem(n):
    return Problem(file="a.yaml", line=n, column=3, key="broker.port", rule="a number", got="“x”", fix="write 1883")


def test_problems_are_shown_with_place_rule_got_and_fix():
    out = io.StringIO()
    present.problems([problem(7)], out)
    assert out.getvalue().splitlines() == [
        "a.yaml:7:3  broker.port",
        "  rule  a number",
        "  got   “x”",
        "  fix   write 1883",
    ]


def test_a_thousand_problems_are_counted_not_shown():
    out = io.StringIO()
    present.problems([problem(n) for n in range(1000)], out)
    assert out.getvalue().splitlines()[-1] == "… and 950 more"
