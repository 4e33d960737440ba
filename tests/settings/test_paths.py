"""It does not matter where a program is started."""

from pathlib import Path

from edge.settings.paths import anchored


def test_every_relative_path_begins_at_the_root_and_credentials_keep_their_name(camera):
    settings = anchored(
        camera(
            "broker: {tls: true, ca_file: ./ca.pem, username: u, password_file: mqtt-password}\noutbox: {folder: var}",
        ),
        Path("/srv"),
    )
    assert settings.source.address == "/srv/scenes"
    assert settings.runtime.manifest == "/srv/models/manifest.yaml"
    assert settings.broker.ca_file == "/srv/ca.pem"
    assert settings.broker.password_file == "mqtt-password", "a credential, not a path"  # noqa: S105
    assert settings.outbox.folder == "/srv/var"


def test_absolute_paths_and_addresses_stay(camera):
    settings = camera(source="{kind: rtsp, address: 'rtsp://192.0.2.1/s'}")
    assert anchored(settings, Path("/srv")).source.address == "rtsp://192.0.2.1/s"
    assert anchored(settings, Path("/srv")).outbox.folder == "/var/lib/plate-reader"
