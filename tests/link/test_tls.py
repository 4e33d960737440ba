"""Whom the link trusts, with certificates made for the test and a real TLS handshake."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone

import pytest

from edge.link import trust
from edge.link.client import Client
from edge.link.trust import LinkMisconfigured
from edge.settings.camera import BrokerSettings
from tests.link.rows import Queue, client, presence
from tests.link.stand_in import StandIn, wait_until

trustme = pytest.importorskip("trustme", reason="trustme is not installed: pip install 'plate-reader[test]'")

NOW = datetime.now(tz=timezone.utc)


class Authority:
    """One that signs, and its files."""

    def __init__(self, folder) -> None:
        folder.mkdir()
        self.ca, self.folder = trustme.CA(), folder
        self.file = str(folder / "ca.pem")
        self.ca.cert_pem.write_to_path(self.file)

    def server(self, name: str = "127.0.0.1", *, wants_certificate: bool = False, **validity) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name, **validity).configure_cert(context)
        if wants_certificate:
            self.ca.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client_files(self) -> dict[str, str]:
        leaf = self.ca.issue_cert("north.hesston")
        certificate, key = self.folder / "north.pem", self.folder / "north.key"
        leaf.cert_chain_pems[0].write_to_path(certificate)
        leaf.private_key_pem.write_to_path(key)
        return {"certificate_file": str(certificate), "key_file": str(key)}


@pytest.fixture
def ours(tmp_path):
    return Authority(tmp_path / "ours")


def test_a_broker_that_our_authority_signed_is_trusted(ours):
    queue = Queue(20)
    with StandIn(tls=ours.server()) as broker, client(queue, broker.port, tls=True, ca_file=ours.file):
        wait_until(lambda: not queue.rows)
    assert len(broker.sightings()) == 20
    assert broker.hellos[0].tls_version in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize(
    ("name", "validity", "words"),
    [
        pytest.param("127.0.0.1", {"not_after": NOW - timedelta(days=1)}, "has expired", id="an expired one"),
        pytest.param(
            "127.0.0.1", {"not_before": NOW + timedelta(days=1)}, "clock right", id="one that is valid from tomorrow on"
        ),
        pytest.param("192.0.2.1", {}, "must be an address that stands in the certificate", id="another's"),
    ],
)
def test_a_certificate_that_does_not_serve_is_a_state_with_a_remedy(ours, name, validity, words):
    queue = Queue(1)
    with StandIn(tls=ours.server(name, **validity)) as broker:
        with client(queue, broker.port, tls=True, ca_file=ours.file) as made:
            wait_until(lambda: made.report.state == "untrusted")
            assert words in made.report.why
        assert not broker.hellos, "not even our name was told"
        assert queue.rows


def test_a_renewed_certificate_is_taken_up_without_a_restart(ours):
    queue = Queue(1)
    expired = StandIn(tls=ours.server(not_after=NOW - timedelta(days=1)))
    with expired as broker, client(queue, broker.port, tls=True, ca_file=ours.file) as made:
        wait_until(lambda: made.report.state == "untrusted")
        broker.tls = ours.server()
        wait_until(lambda: not queue.rows)


def test_another_authority_is_not_trusted_when_one_is_pinned(ours, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    with StandIn(tls=stranger.server()) as broker, client(Queue(1), broker.port, tls=True, ca_file=ours.file) as made:
        wait_until(lambda: made.report.state == "untrusted")
        assert "broker.ca_file must name the authority" in made.report.why


def test_without_a_pinned_authority_the_systems_are_asked_and_do_not_know_ours(ours):
    with StandIn(tls=ours.server()) as broker, client(Queue(1), broker.port, tls=True) as made:
        wait_until(lambda: made.report.state == "untrusted")


def test_a_client_certificate_opens_the_door(ours):
    queue = Queue(3)
    tls = ours.server(wants_certificate=True)
    with StandIn(tls=tls) as broker:
        with client(queue, broker.port, tls=True, ca_file=ours.file) as made:
            wait_until(lambda: made.report.state == "away")
            assert "does not accept our certificate" in made.report.why
        with client(queue, broker.port, tls=True, ca_file=ours.file, **ours.client_files()):
            wait_until(lambda: not queue.rows)


def test_a_broker_without_tls_hears_nothing_from_one_who_wants_it(ours):
    queue = Queue(1)
    with StandIn() as broker, client(queue, broker.port, tls=True, ca_file=ours.file) as made:
        wait_until(lambda: made.report.state in {"untrusted", "away"})
        assert not broker.hellos


def test_nothing_older_than_tls_1_2_is_spoken(ours):
    context = trust.context(BrokerSettings(tls=True, ca_file=ours.file))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("key", ["ca_file", "certificate_file"])
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_does_not_serve_is_refused_at_the_start_by_name(ours, tmp_path, key, content):
    file = tmp_path / "wrong.pem"
    if content is not None:
        file.write_text(content)
    files = {"ca_file": ours.file, **ours.client_files(), key: str(file)}
    with pytest.raises(LinkMisconfigured, match=rf"broker\.{key}: .*wrong\.pem"):
        Client(BrokerSettings(tls=True, **files), presence())


def test_a_key_of_another_certificate_is_refused_at_the_start(ours, tmp_path):
    other = Authority(tmp_path / "other").client_files()
    files = {"ca_file": ours.file, **ours.client_files(), "key_file": other["key_file"]}
    with pytest.raises(LinkMisconfigured, match="does not belong to it"):
        Client(BrokerSettings(tls=True, **files), presence())
