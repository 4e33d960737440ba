"""How fast sightings are kept, drained and acknowledged.

    python -m models.bench.outbox [--folder DIR] [--broker HOST:PORT] [--rows N]

`keep` waits for the disk (`synchronous=FULL`), so its figure is the disk's: name the device's own with --folder. Drain
and the way from keep to PUBACK go through a real broker on this machine unless another is named.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from pathlib import Path
from time import monotonic, perf_counter, process_time, sleep

import msgspec

from edge.camera.clock import SystemClock
from edge.camera.outbox import Outbox
from edge.link.broker import embedded_broker
from edge.link.client import Client, Presence
from edge.record.boundary import Sealed, seal
from edge.record.examples import EXAMPLES
from edge.record.status import Status
from edge.settings.camera import BrokerSettings, OutboxSettings


def main() -> None:
    """The folder and the broker, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured (default: a temporary one)")
    parser.add_argument("--broker", help="host:port (default: the embedded one)")
    parser.add_argument("--rows", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.broker:
            host, _, port = arguments.broker.rpartition(":")
            measure(Path(folder), host, int(port), arguments.rows)
        else:
            with embedded_broker() as address:
                measure(Path(folder), address.host, address.port, arguments.rows)


def measure(folder: Path, host: str, port: int, rows: int) -> None:
    """Keep a backlog, drain it, then send one by one."""
    outbox = Outbox.open(folder, OutboxSettings(), SystemClock())
    spent = process_time()
    took = [timed_keep(outbox) for _ in range(rows)]
    cpu_ms = 1000 * (process_time() - spent) / rows
    print(f"keep        {told(took)}  {rows / sum(took):8.0f} rows/s, {cpu_ms:.2f} ms of CPU each")
    client = Client(BrokerSettings(host=host, port=port), presence())
    began, spent = perf_counter(), process_time()
    client.start(outbox)
    wait_empty(outbox)
    cpu_ms = 1000 * (process_time() - spent) / rows
    print(f"drain       {rows / (perf_counter() - began):8.0f} rows/s, {cpu_ms:.2f} ms of CPU each")
    latency = [keep_to_puback(outbox, client) for _ in range(min(rows, 200))]
    print(f"to PUBACK   {told(latency)}  from `keep` begun to the row deleted")
    client.close()
    outbox.close()
    print(f"peak RSS    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def timed_keep(outbox: Outbox) -> float:
    """Seconds for one sighting, sealed and on the disk."""
    began = perf_counter()
    outbox.keep(lambda sequence: seal(msgspec.structs.replace(EXAMPLES[0], sequence=sequence)))
    return perf_counter() - began


def keep_to_puback(outbox: Outbox, client: Client) -> float:
    """Seconds from the sighting to its acknowledged row's deletion."""
    published, began = client.report.published, perf_counter()
    timed_keep(outbox)
    client.wake()
    while client.report.published == published:
        sleep(0.0005)
    return perf_counter() - began


def wait_empty(outbox: Outbox) -> None:
    """Until the broker has everything."""
    until = monotonic() + 600
    while outbox.report().depth:
        assert monotonic() < until, "the broker does not take them"
        sleep(0.01)


def presence() -> Presence:
    """A camera that is none."""

    def status(state: str) -> Sealed:
        return seal(Status(site="bench", camera="bench", state=state, software="0.0.0", since=None))  # type: ignore[arg-type]

    return Presence(
        site="bench",
        camera="bench",
        online=status("online"),
        lost=status("offline"),
        leaving=lambda: status("offline"),
    )


def told(seconds: list[float]) -> str:
    """Median and 95th percentile."""
    ranked = sorted(seconds)
    p95 = ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)]
    return f"p50 {1000 * statistics.median(ranked):7.2f} ms  p95 {1000 * p95:7.2f} ms"


if __name__ == "__main__":
    main()
