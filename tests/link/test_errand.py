from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from edge.link import certificates, errand
from edge.record.boundary import seal
from edge.record.examples import EXAMPLES
from edge.record.selftest import SelfTest
from edge.settings.camera import BrokerSettings
from tests.brokers import Subscriber, mosquitto, wait_until

TOLD = seal(next(one for one in EXAMPLES if isinstance(one, SelfTest)))


def test_an_errand_says_who_listens_and_leaves_no_trace_of_presence(tmp_path):
    with mosquitto(tmp_path) as broker:
        settings = BrokerSettings(port=broker.port)
        assert errand.run(settings, "hesston", "north").done
        assert errand.run(settings, "hesston", "north", [TOLD]).heard is False
        with Subscriber(broker.port) as subscriber:
            answer = errand.run(settings, "hesston", "north", [TOLD])
            assert (answer.done, answer.heard, answer.protocol) == (True, True, "5")
            wait_until(lambda: subscriber.messages, what="the news")
        assert [message.topic for message in subscriber.messages] == ["lpr/v1/hesston/north/selftest"]


def test_a_broker_that_is_away_or_refuses_is_said(tmp_path):
    assert errand.run(BrokerSettings(port=1), "hesston", "north").state == "away"
    with mosquitto(tmp_path, "allow_anonymous false") as broker:
        answer = errand.run(BrokerSettings(port=broker.port), "hesston", "north")
    assert answer.state == "refused"
    assert not answer.done


def test_the_end_of_a_certificate_is_read_from_its_bytes(tmp_path):
    trustme = pytest.importorskip("trustme", reason="trustme is an extra: make test installs it")
    end = datetime.now(tz=timezone.utc).replace(microsecond=0) + timedelta(days=20)
    leaf = trustme.CA().issue_cert("127.0.0.1", not_after=end)
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "leaf.pem")
    assert certificates.of_file(tmp_path / "leaf.pem") == end
    with pytest.raises(ValueError, match="no certificate"):
        certificates.ends(b"0\x03abc")
