from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge.link.broker import EmbeddedBroker, NoBroker, embedded_broker
from tests.brokers import wait_until


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex((host, port)) == 0


def test_it_listens_on_the_loopback_alone_and_is_gone_afterwards():
    with embedded_broker() as address:
        assert _answers("127.0.0.1", address.port)
        listening = _listening_hosts({address.port, address.port_311})
        assert listening == {"127.0.0.1"}
    assert not _answers("127.0.0.1", address.port)


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NoBroker, match=rf"port {port} on 127\.0\.0\.1 is in use"):
            EmbeddedBroker(port=port)


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "iotcore", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(NoBroker, match=r"pip install 'plate-reader\[demo\]'"):
        EmbeddedBroker()


def test_it_ends_with_the_program_that_started_it():
    script = (
        "from edge.link.broker import EmbeddedBroker as B; b = B(); print(b.pid, b.address.port, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        pid, port = map(int, program.stdout.readline().split())
        program.kill()
    wait_until(lambda: not _answers("127.0.0.1", port))
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])


def test_it_can_be_killed_and_started_again_at_the_same_address():
    broker = EmbeddedBroker()
    try:
        broker.kill()
        assert not _answers("127.0.0.1", broker.address.port)
        broker.start()
        assert _answers("127.0.0.1", broker.address.port)
        assert broker.pid != os.getpid()
    finally:
        broker.stop()


def _listening_hosts(ports: set[int]) -> set[str]:
    """From the kernel's own table, so that a second address would show."""
    hosts = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            host, port = local.split(":")
            if state == "0A" and int(port, 16) in ports:
                raw = bytes.fromhex(host)
                words = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
                hosts.add(socket.inet_ntop(family, words))
    return hosts
