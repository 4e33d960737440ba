import subprocess
import sys

import pytest

from edge.cli.main import main
from tests.sites import build_site

pytest.importorskip("iotcore", reason="the embedded broker needs the package iotcore (extra: demo)")

SCRIPT = """
import sys, time
from pathlib import Path
from edge.cli.demo_desk import station
from edge.link.broker import embedded_broker
from edge.settings.camera import BrokerSettings
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.desk.builders import payload, sighting

with embedded_broker() as address:
    broker = BrokerSettings(host=address.host, port=address.port, protocol="5")
    with station(broker, Path(sys.argv[1]), "demo", ("north", "south")) as desk:
        camera = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        camera.connect(address.host, address.port)
        camera.loop_start()
        for number, text in enumerate(["123ABC", "999ZZZ", "I23ABC"]):
            one = sighting(text, number=number, at_ms=time.time_ns() // 1_000_000, site="demo")
            camera.publish("lpr/v1/demo/north/sighting", payload(one), qos=1).wait_for_publish(10)
            desk.heard(one)
            time.sleep(2)
"""


def test_a_hit_appears_on_the_terminal(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("UNVERIFIED") == 2
    assert "for the record" not in done.stdout
    assert "the chain is whole" in done.stdout
    assert (tmp_path / "public" / "index.html").exists()


def test_two_cameras_a_desk_and_a_hit(tmp_path, capfd):
    """`make demo`: pictures → cameras → broker → desk → a person, every program the real one."""
    build_site(tmp_path, cars=3)
    code = main(["demo", "--desk", "--config", str(tmp_path / "config/north.yaml")])
    said = capfd.readouterr().out
    assert code == 0, said
    assert "north is online" in said
    assert "south is online" in said
    assert "UNVERIFIED" in said
    assert "demo file V, 0 h old" in said
    assert "the chain is whole" in said
