"""`make run`: what a subscriber receives, shown to a person."""

import socket
from types import SimpleNamespace

import msgspec
import pytest

from edge.cli.demo import Heard
from edge.cli.main import main
from edge.record.boundary import seal
from edge.record.sighting import Clock, Models, PlateText, RegionCandidate, Sighting
from edge.record.status import Status
from tests.brokers import mosquitto
from tests.sites import build_site


def message(kind, payload, *, retain=False):
    return SimpleNamespace(topic=f"lpr/v1/demo/sample/{kind}", payload=payload, retain=retain)


def sighting(**changed):
    whole = Sighting(
        id="0" * 32,
        site="demo",
        camera="sample",
        sequence=1,
        first_seen="2026-11-23T18:04:11.213Z",
        last_seen="2026-11-23T18:04:12.480Z",
        direction="northbound",
        heading="approaching",
        plate=PlateText(
            text="123ABC", confidence=0.98, characters=(0.99,) * 6, alternatives=(), width_px=92, reads=7, agreement=0.9
        ),
        region=RegionCandidate(code="US-KS", confidence=0.93),
        vehicle=None,
        clock=Clock(synchronized=True),
        models=Models(detector="0" * 12, reader="0" * 12, vehicle=None),
        settings="0" * 12,
        software="0.1.0",
    )
    return seal(msgspec.structs.replace(whole, **changed)).payload


def status(state):
    return seal(Status(site="demo", camera="sample", state=state, software="0.1.0", since=None)).payload


def test_a_sighting_is_a_line_with_what_matters(capsys):
    heard = Heard()
    heard.take(message("sighting", sighting()))
    line = capsys.readouterr().out
    assert all(word in line for word in ("18:04:11", "123ABC", "98%", "US-KS", "93%", "northbound", "7 reads, 92 px"))
    assert (heard.sightings, heard.plates) == (1, 1)


def test_a_vehicle_without_a_plate_and_a_state_is_a_line_too(capsys):
    heard = Heard()
    heard.take(message("sighting", sighting(plate=None, region=None, direction=None, heading=None)))
    line = capsys.readouterr().out
    assert "–" in line
    assert "no text" in line
    assert (heard.sightings, heard.plates) == (1, 0)


def test_the_camera_has_left_when_it_was_here_and_said_so(capsys):
    heard = Heard()
    heard.take(message("status", status("offline"), retain=True))
    heard.take(message("status", status("offline")))
    assert not heard.left.is_set(), "that was the goodbye of an earlier run"
    heard.take(message("status", status("online")))
    heard.take(message("status", status("online")))
    heard.take(message("status", status("offline")))
    assert heard.left.is_set()
    assert capsys.readouterr().out.count("sample is online") == 1, "said again on every line, shown once"


def test_a_broker_that_is_not_there_is_one_line_and_exit_code_1(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert main(["demo", "--broker", f"127.0.0.1:{port}"]) == 1
    said = capsys.readouterr().err
    assert f"no broker answers at 127.0.0.1:{port}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("written", ["localhost", ":1883", "localhost:mqtt", "localhost:0", "localhost:99999"])
def test_an_address_that_is_none_is_wrong_usage(written, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--broker", written])
    assert ended.value.code == 2
    assert "HOST:PORT" in capsys.readouterr().err


def test_a_car_goes_by_and_its_plate_reaches_the_subscriber(tmp_path, capfd):
    pytest.importorskip("iotcore", reason="the embedded broker is an extra: make test installs it")
    build_site(tmp_path)
    code = main(["demo", "--config", str(tmp_path / "config/north.yaml")])
    said = capfd.readouterr()
    assert code == 0, said
    assert "a broker of its own at 127.0.0.1:" in said.out
    assert "north is online" in said.out
    assert said.out.count("123ABC") == 1
    assert "north is offline" in said.out
    assert "1 sighting\n" in said.out
    assert "frames read" in said.out
    assert not (tmp_path / "var").exists(), "a demo leaves nothing behind"


def test_any_other_broker_does_as_well(tmp_path, capfd):
    build_site(tmp_path)
    with mosquitto(tmp_path) as broker:
        code = main(["demo", "--config", str(tmp_path / "config/north.yaml"), "--broker", f"127.0.0.1:{broker.port}"])
    said = capfd.readouterr()
    assert code == 0, said
    assert f"the broker at 127.0.0.1:{broker.port}" in said.out
    assert said.out.count("123ABC") == 1
