"""What a camera says of itself to Home Assistant, on a real broker: nothing unless asked, and then health alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pytest

from edge.camera.presence import discoveries
from edge.record.examples import EXAMPLES
from edge.record.health import Health
from edge.record.sighting import Sighting
from edge.settings.camera import BrokerSettings, HomeAssistantSettings
from tests.brokers import Subscriber, mosquitto
from tests.sites import build_site, write_settings

HEALTH = msgspec.to_builtins(next(one for one in EXAMPLES if isinstance(one, Health)))


SIGHTINGS = [msgspec.to_builtins(one) for one in EXAMPLES if isinstance(one, Sighting)]
HEALTH_ALONE, WITH_PLATES = HomeAssistantSettings(discovery=True), HomeAssistantSettings(discovery=True, plates=True)
DEVICE, EVENT = "homeassistant/device/lpr-hesston-north/config", "homeassistant/event/lpr-hesston-north/sighting/config"


def told(settings, shown=HEALTH_ALONE) -> list[dict]:
    return [json.loads(one.payload) for one in discoveries(msgspec.structs.replace(settings, home_assistant=shown))]


@pytest.mark.parametrize(
    ("shown", "topics"),
    [(HomeAssistantSettings(), []), (HEALTH_ALONE, [DEVICE]), (WITH_PLATES, [DEVICE, EVENT])],
    ids=["as it comes", "health", "plates"],
)
def test_home_assistant_finds_the_camera_only_when_the_settings_say_so(tmp_path, shown, topics):
    with mosquitto(tmp_path / "broker") as broker:
        settings = msgspec.structs.replace(
            build_site(tmp_path),
            broker=BrokerSettings(port=broker.port, reconnect_s_min=0.1),
            home_assistant=shown,
        )
        config = write_settings(tmp_path, settings)
        command = [sys.executable, "-m", "edge.cli.main", "run", "--config", str(config)]
        environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")}
        subprocess.run(command, check=True, timeout=100, env=environment, capture_output=True)
        with Subscriber(broker.port, filter="#") as late:  # a Home Assistant that starts a day later
            retained = late.retained()
        found = [one for one in retained if one.topic.startswith("homeassistant/")]
    assert sorted(one.topic for one in found) == topics
    if topics:
        found.sort(key=lambda one: one.topic)
        device = json.loads(found[0].payload)
        assert {device["stat_t"], device["avty_t"]} <= {one.topic for one in retained}


def test_every_value_is_where_the_message_says_it_is(tmp_path):
    """Home Assistant renders with Jinja, and so does this."""
    jinja2 = pytest.importorskip("jinja2")
    shown = {
        key: jinja2.Template(entity["val_tpl"], undefined=jinja2.StrictUndefined).render(value_json=HEALTH)
        for key, entity in told(build_site(tmp_path))[0]["cmps"].items()
    }
    picture = {key: str(HEALTH["picture"][key]) for key in ("moved", "blurred", "dirty", "dark", "frozen")}
    assert {key: shown[key] for key in picture} == picture
    assert shown["recording"] == "False"
    assert shown["camera"] == HEALTH["source"]["state"]
    assert float(shown["temperature"]) == HEALTH["device"]["temperature_c"]
    assert float(shown["waiting"]) == HEALTH["outbox"]["depth"]


def test_its_names_are_unique_and_its_keys_home_assistants(tmp_path):
    (said,) = told(build_site(tmp_path))
    names = [entity["uniq_id"] for entity in said["cmps"].values()]
    assert len(set(names)) == len(names)
    assert set(said) == {"dev", "o", "stat_t", "avty_t", "avty_tpl", "cmps"}, "it refuses what it does not know"
    assert "sighting" not in json.dumps([entity["val_tpl"] for entity in said["cmps"].values()])
    assert "plate" not in json.dumps(said["cmps"])


def test_a_sighting_is_an_event_with_its_plate_or_without_one(tmp_path):
    jinja2 = pytest.importorskip("jinja2")
    _, event = told(build_site(tmp_path), WITH_PLATES)
    template = jinja2.Template(event["val_tpl"], undefined=jinja2.StrictUndefined)
    shown = [json.loads(template.render(value_json=one)) for one in SIGHTINGS]
    assert [one["plate"] for one in shown] == [one["plate"] and one["plate"]["text"] for one in SIGHTINGS]
    assert {one["event_type"] for one in shown} == set(event["evt_typ"])
