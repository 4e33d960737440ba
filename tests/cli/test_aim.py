"""`plate-reader aim --tui`: the figures without a browser and without the extra."""

from pathlib import Path

from edge.cli.main import main

ROOT = Path(__file__).parents[2]


def test_the_figures_stand_in_a_log_with_what_to_do(capsys):
    scene = ROOT / "sample_frames/day_approaching"
    words = ["aim", "--config", str(ROOT / "config/north.yaml"), "--source", str(scene), "--tui", "--minutes", "0.08"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "1280×720" in said
    assert "Zoom in, or aim at a nearer stretch of the road." in said
    assert "AB3K7T" not in said


def test_a_source_that_is_not_there_is_told_in_one_line(capsys):
    words = ["aim", "--config", str(ROOT / "config/north.yaml"), "--source", "nowhere", "--tui"]
    assert main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_time_without_end_is_refused(capsys):
    assert main(["aim", "--config", str(ROOT / "config/north.yaml"), "--minutes", "100000"]) == 2
