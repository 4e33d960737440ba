"""`doctor --pass-through`, from the drawn vehicle to the desk's audit log, on a broker as the department runs it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from edge.cli.main import main
from edge.settings.camera import BrokerSettings, CameraSettings, OutboxSettings, RuntimeSettings, SourceSettings
from tests.desk.mosquitto import Broker
from tests.desk.test_daemon import RunningDesk, until
from tests.sites import write_settings

pytest.importorskip("sqlalchemy", reason="the desk's extra is not installed")

ROOT = Path(__file__).parents[3]


@pytest.fixture
def broker(tmp_path):
    (tmp_path / "broker").mkdir()
    made = Broker(tmp_path / "broker")
    yield made
    made.stop()


def camera(folder: Path, broker: Broker) -> Path:
    """North with its own certificate and the networks as shipped."""
    (folder / "sample_frames").symlink_to(ROOT / "sample_frames")
    own = {
        f"{kind}_file": str(broker.folder / f"north.{end}") for kind, end in (("certificate", "crt"), ("key", "key"))
    }
    settings = CameraSettings(
        site="hesston",
        camera="north",
        source=SourceSettings(kind="folder", address=str(ROOT / "sample_frames/empty_road")),
        runtime=RuntimeSettings(manifest=str(ROOT / "models/manifest.yaml")),
        broker=BrokerSettings(
            host="localhost", port=broker.port, tls=True, ca_file=str(broker.folder / "ca.crt"), **own
        ),
        outbox=OutboxSettings(folder=str(folder / "state")),
    )
    return write_settings(folder, settings)


def passed(config: Path, capsys) -> dict:
    main(["doctor", "--config", str(config), "--pass-through", "--look-s", "0", "--json"])
    return next(one for one in json.loads(capsys.readouterr().out)["findings"] if one["name"] == "pass")


@pytest.mark.timeout(300)
def test_a_drawn_vehicle_reaches_the_desks_audit_log_and_nothing_else_of_it(tmp_path, broker, capsys):
    config = camera(tmp_path, broker)
    alone = passed(config, capsys)
    assert alone["state"] == "warn"
    assert "nobody listens" in alone["saw"]
    desk = RunningDesk(broker).await_connected()
    try:
        found = passed(config, capsys)
        assert found["state"] == "ok", found
        assert "somebody listens" in found["saw"]
        until(lambda: desk.rows("SELECT 1 FROM audit WHERE act = 'camera tested'"), "the audit log's row")
        assert desk.rows("SELECT count(*) FROM sighting") == [(0,)]
    finally:
        desk.stop()
    assert msgspec.json.encode(found["figures"]["reads"]) != b"0"
