"""What contradicts itself in a camera's settings."""

import pytest


@pytest.mark.parametrize(
    ("source", "key", "rule"),
    [
        ("{kind: rtsp, address: scenes}", "address", "an rtsp camera has an address"),
        ("{kind: rtsp, address: 'rtsp:///s'}", "address", "an rtsp camera has an address"),
        ("{kind: rtsp, address: 'rtsp://camera:port/s'}", "address", "a port that is a number"),
        ("{kind: rtsp, address: 'rtsp://admin@camera/s'}", "address", "no user stands in an address"),
        ("{kind: folder, address: 'rtsp://camera/s'}", "kind", "of another kind"),
        ("{kind: usb, address: camera}", "address", "a USB camera is a device"),
        ("{kind: csi, address: /dev/video0}", "address", "a CSI camera is a sensor number"),
        ("{kind: folder, address: x, credentials_file: login}", "credentials_file", "only rtsp cameras"),
        ("{kind: usb, address: /dev/video0, loop: true}", "loop", "only folders and videos"),
        ("{kind: usb, address: /dev/video0, width: 640}", "height", "belong together"),
        ("{kind: folder, address: x, width: 640, height: 480}", "width", "only USB and CSI"),
        ("{kind: folder, address: x, reconnect_s_min: 40}", "reconnect_s_min", "at most reconnect_s_max (30)"),
    ],
)
def test_a_source_that_cannot_be(wrong, source, key, rule):
    (problem,) = wrong(source=source)
    assert problem.key == f"source.{key}"
    assert rule in problem.rule
    assert problem.fix


@pytest.mark.parametrize(
    ("more", "key", "rule"),
    [
        ("view: {look: [{x0: 0.6, x1: 0.6, y0: 0, y1: 1}]}", "view.look[0].x1", "right of x0"),
        ("view: {ignore: [{x0: 0, x1: 1, y0: 0.9, y1: 0.1}]}", "view.ignore[0].y1", "below y0"),
        ("view: {approaching: north, receding: north}", "view.receding", "another direction"),
        ("tracking: {gap_ms_max: 1600}", "tracking.decide_ms_max", "at least gap_ms_max (1600)"),
        ("tracking: {gap_ms_max: 2000, decide_ms_max: 2000, pass_s_max: 2}", "tracking.pass_s_max", "longer than"),
        ("fusion: {characters_min: 9, characters_max: 4}", "fusion.characters_min", "at most characters_max (4)"),
        ("broker: {tls: true, certificate_file: a.pem}", "broker.key_file", "belong together"),
        ("broker: {tls: true, key_file: a.pem}", "broker.certificate_file", "belong together"),
        ("broker: {ca_file: ca.pem}", "broker.tls", "with TLS only"),
        ("broker: {password_file: secret}", "broker.username", "goes with a user"),
        ("broker: {host: 'mqtt://broker'}", "broker.host", "alone"),
        ("broker: {host: 'broker:1883'}", "broker.host", "a key of its own"),
        ("broker: {reconnect_s_min: 60, reconnect_s_max: 1}", "broker.reconnect_s_min", "at most reconnect_s_max (1)"),
        ("outbox: {retention_days_max: 31}", "outbox.retention_days_max", "to 30 (days)"),
        ("outbox: {retention_days_max: 0.001}", "outbox.retention_days_max", "from 0.002"),
        ("home_assistant: {plates: true}", "home_assistant.plates", "only where discovery is on"),
        ("tracking: {decide_ms_max: 2500}", "tracking.decide_ms_max", "to 2000 (milliseconds)"),
    ],
)
def test_a_section_that_contradicts_itself(wrong, more, key, rule):
    (problem,) = wrong(more)
    assert problem.key == key
    assert rule in problem.rule
    assert problem.fix


@pytest.mark.parametrize(
    "source",
    [
        "{kind: rtsp, address: 'rtsp://192.0.2.1:554/s?channel=1', credentials_file: login}",
        "{kind: rtsp, address: 'rtsps://[2001:db8::1]/s'}",
        "{kind: usb, address: /dev/video0, width: 1280, height: 720}",
        "{kind: usb, address: '0'}",
        "{kind: csi, address: '0', width: 1920, height: 1080}",
        "{kind: video, address: clips/north.mp4, loop: true}",
    ],
)
def test_a_source_that_can_be(camera, source):
    assert camera(source=source)


def test_ipv6_brokers_have_addresses(camera):
    assert camera("broker: {host: '2001:db8::20'}").broker.host == "2001:db8::20"


@pytest.mark.parametrize("key", ["site", "camera"])
def test_home_assistant_has_less_room_for_names(wrong, camera, key):
    long = f"{key}: {'a' * 21}"
    assert getattr(camera(**{"site" if key == "site" else "name": long}), key) == "a" * 21
    (problem,) = wrong("home_assistant: {discovery: true}", **{"site" if key == "site" else "name": long})
    assert problem.key == key
    assert "at most 20 characters" in problem.rule
