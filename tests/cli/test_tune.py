from __future__ import annotations

import msgspec

from edge.camera import tune
from edge.cli.main import main
from edge.settings.camera_rules import load_camera
from tests.sites import build_site, write_settings


def test_a_sweep_recommends_writes_and_goes_on_where_it_was(tmp_path, capsys, monkeypatch):
    """The site's one car is lost at a threshold of 0.99 and found at the recommended one."""
    settings = build_site(tmp_path)
    fusion = msgspec.structs.replace(settings.fusion, reads_min=20)
    path = write_settings(tmp_path, msgspec.structs.replace(settings, fusion=fusion))
    truth = tmp_path / "scenes/a/truth.yaml"
    truth.write_text("passes: [{plate: 123ABC}]\n")
    monkeypatch.setattr(tune, "KNOBS", {"fusion.reads_min": (1, 2), "motion.linger_ms": (200,)})
    words = ["tune", str(tmp_path / "scenes/a"), "--config", str(path), "--truth", str(truth), "--budget-ms", "10000"]
    words += ["--keep", str(tmp_path / "kept.jsonl"), "--plot", str(tmp_path / "plot.svg")]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "recommended: fusion.reads_min: 1" in first
    assert load_camera(path).fusion.reads_min == 20, "not written unless asked"
    assert (tmp_path / "plot.svg").read_text().count("<circle") == 4
    with (tmp_path / "kept.jsonl").open("a") as kept:
        kept.write('{"mark": "cut off')
    monkeypatch.setattr(tune, "replay", None)  # nothing is tried a second time
    assert main([*words, "--write"]) == 0
    assert capsys.readouterr().out.startswith(first)
    assert load_camera(path).fusion.reads_min == 1
    assert load_camera(path.with_name("north.yaml.old")).fusion.reads_min == 20


def test_what_costs_too_much_is_not_recommended():
    cheap = tune.Trial(settings="a", knob="k", value=1, expected=2, right=1, wrong=0, told=1, sure=0.9, frame_ms=20.0)
    dear = msgspec.convert({**tune.asdict(cheap), "right": 2, "frame_ms": 200.0}, tune.Trial)
    assert tune._better(dear, cheap, 1000.0)
    assert not tune._better(dear, cheap, 100.0)
    assert tune._better(cheap, dear, 100.0)
