"""Hit evidence from the hit to the eye, and everything that must stay shut while it is off."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cli.main import main
from edge.desk import audit, evidence, retention
from edge.desk.broker_acl import acl
from edge.desk.hotlists.shelf import Person
from edge.record.boundary import seal
from edge.record.evidence import Evidence
from edge.record.words import time
from edge.settings.camera import BrokerSettings, EvidenceSettings
from tests.desk.builders import DAY_MS, MINUTE_MS, NOW_MS, policy, sighting
from tests.desk.mosquitto import Broker, user
from tests.desk.test_daemon import RunningDesk, install, until
from tests.desk.test_intake import Desk
from tests.desk.test_search import OFFICER
from tests.sites import build_site, write_settings

SITE = "lpr/v1/hesston"
REASON = "Comparing the plate with the stolen pickup"
COLUMNS = ("f00f", "0ff0", "0ff0", "f00f", "ffff")


def crop(one, **changes):
    fields = {"id": one.id, "site": "hesston", "camera": one.camera, "taken_at": time(NOW_MS * 1_000_000)}
    return Evidence(**{**fields, "columns": COLUMNS, **changes})


def give(desk, message, camera="north"):
    content = message if isinstance(message, bytes) else seal(message).payload
    return desk.intake.take(f"{SITE}/{camera}/evidence", content, NOW_MS)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, evidence={"enabled": True})
    made.install("123ABC")
    yield made
    made.store.close()


@pytest.fixture
def hit(desk):
    return desk.take(sighting()).hit


def waiting(desk):
    with desk.store.read() as connection:
        return connection.exec_driver_sql("SELECT kind FROM outgoing ORDER BY row").scalars().all()


def test_a_hit_asks_its_camera_for_the_plates_crop(desk, hit):
    assert waiting(desk) == ["hit", "evidence_request"]
    assert give(desk, crop(sighting())).result == "stored"
    assert give(desk, crop(sighting())).result == "repeated"


def test_a_sighting_that_came_too_late_asks_for_nothing(desk):
    desk.take(sighting(at_ms=NOW_MS - 16 * MINUTE_MS))
    assert waiting(desk) == ["hit"]


@pytest.mark.parametrize(
    ("message", "camera", "fault"),
    [
        pytest.param(crop(sighting(number=2)), "north", "unasked", id="of_no_hit"),
        pytest.param(crop(sighting()), "south", "wrong camera", id="from_another_camera"),
        pytest.param(crop(sighting(), site="newton"), "north", "wrong site", id="of_another_site"),
        pytest.param(crop(sighting()), "pole7", "unknown camera", id="from_an_unknown_camera"),
        pytest.param(crop(sighting(), columns=(*COLUMNS, "fffff")), "north", "malformed", id="crooked"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"\0" * 900, "north", "malformed", id="a_photograph"),
        pytest.param(b" " * 13_313, "north", "oversized", id="oversized"),
    ],
)
def test_what_was_not_asked_for_is_refused_and_not_kept(desk, hit, message, camera, fault):
    outcome = give(desk, message, camera)
    assert (outcome.result, outcome.fault) == ("refused", fault)
    with desk.store.read() as connection:
        assert evidence.of_hit(connection, hit.id) is None


@settings(max_examples=40)
@given(cut_out=st.tuples(st.integers(0, 300), st.integers(0, 300)), put=st.binary(max_size=40))
def test_no_bytes_are_taken_for_a_crop_that_are_none(fuzzed, cut_out, put):
    good = seal(crop(sighting())).payload
    outcome = give(fuzzed, good[: min(cut_out)] + put + good[max(cut_out) :])
    assert outcome.result in {"stored", "repeated", "refused"}
    with fuzzed.store.read() as connection:
        kept = connection.exec_driver_sql("SELECT message FROM evidence").scalar_one()
    assert kept is None or len({len(column) for column in msgspec.json.decode(kept, type=Evidence).columns}) == 1


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """A desk that waits for one crop."""
    made = Desk(tmp_path_factory.mktemp("fuzz"), evidence={"enabled": True})
    made.install("123ABC")
    made.take(sighting())
    yield made
    made.store.close()


def test_a_second_crop_does_not_replace_the_first(desk, hit):
    give(desk, crop(sighting()))
    assert give(desk, crop(sighting(), columns=COLUMNS[::-1])).fault == "unasked"


def test_off_nothing_is_asked_and_nothing_is_taken(tmp_path):
    desk = Desk(tmp_path)
    assert not desk.policy.evidence.enabled, "the department's shipped policy"
    desk.install("123ABC")
    desk.take(sighting())
    assert waiting(desk) == ["hit"]
    assert give(desk, crop(sighting())).fault == "unasked"
    desk.store.close()


def test_each_view_is_a_row_with_a_name_and_a_reason(desk, hit):
    give(desk, crop(sighting()))
    shown = evidence.view(desk.store, desk.policy, hit.id[:12], OFFICER, REASON, NOW_MS)
    picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_UNCHANGED)
    assert (picture // 17).T.tolist() == [[int(point, 16) for point in column] for column in COLUMNS]
    with desk.store.read() as connection:
        row = list(audit.rows(connection))[-1]
    assert (row.act, row.who, row.reason, row.outcome) == ("evidence viewed", OFFICER.name, REASON, "done")
    assert desk.totals("evidence_views") == {"hesston": 1}


@pytest.mark.parametrize(
    ("who", "reason", "which"),
    [
        pytest.param(OFFICER, "look", "", id="without_a_reason"),
        pytest.param(Person(name="A. Chief", agency="Elsewhere PD"), REASON, "", id="from_an_agency_without_access"),
        pytest.param(OFFICER, REASON, "0000", id="of_no_hit"),
    ],
)
def test_a_view_that_is_refused_is_recorded_too(desk, hit, who, reason, which):
    give(desk, crop(sighting()))
    with pytest.raises(evidence.EvidenceRefused):
        evidence.view(desk.store, desk.policy, which or hit.id, who, reason, NOW_MS)
    with desk.store.read() as connection:
        row = list(audit.rows(connection))[-1]
    assert (row.act, row.outcome) == ("evidence viewed", "refused")
    assert desk.totals("evidence_views") == {}


def test_it_dies_with_its_hit_down_to_the_bytes(desk, hit, tmp_path):
    marked = tuple("0123456789abcdef" * 2 for _ in range(8))
    give(desk, crop(sighting(), columns=marked))
    retention.purge(desk.store, desk.policy.retention, NOW_MS + 31 * DAY_MS)
    assert desk.count("evidence") == 0
    desk.store.close()
    for file in tmp_path.glob("desk.db*"):
        assert marked[0].encode() not in file.read_bytes()


def test_the_access_list_opens_exactly_this_and_only_when_it_is_on():
    off, on = acl(policy()).splitlines(), acl(policy(evidence={"enabled": True})).splitlines()
    assert not any("evidence" in line for line in off)
    assert sorted(set(on) - set(off)) == [
        f"topic read {SITE}/+/evidence",
        f"topic read {SITE}/north/evidence_request",
        f"topic read {SITE}/south/evidence_request",
        f"topic write {SITE}/north/evidence",
        f"topic write {SITE}/north/evidence_request",
        f"topic write {SITE}/south/evidence",
        f"topic write {SITE}/south/evidence_request",
    ]


@pytest.mark.parametrize("apart", [False, True], ids=["one_process", "reader_and_publisher"])
def test_from_a_real_camera_over_a_real_broker_to_a_file_with_a_name_on_it(apart, tmp_path, capsys):
    """The daemon that sees the car, Mosquitto with the policy's access list, the desk, the verb."""
    pytest.importorskip("onnxruntime")
    broker = Broker(tmp_path, evidence={"enabled": True})
    desk = RunningDesk(broker).await_connected()
    try:
        install(broker, "123ABC")
        until(lambda: "lists in force anew: ncic" in desk.log.read_text(), "the list is in force")
        with user(broker, "dispatch") as dispatch, user(broker, "south") as south:
            south.subscribe(f"{SITE}/#")
            dispatch.subscribe(f"{SITE}/#")
            watch(tmp_path / "camera", broker, lambda: bool(crops(desk)), apart=apart)
            heard = []
            while (one := dispatch.next(0.2)) is not None:
                heard.append(one.topic)
            assert heard == [f"{SITE}/desk/hit"], "dispatch hears the hit and never its crop"
            assert south.next(0.1) is None, "nor does another camera"
        ((message, id_),) = crops(desk)
        given = msgspec.json.decode(message, type=Evidence)
        assert len(given.columns) <= 192
        words = ["hits", "--evidence", id_, "-o", str(tmp_path / "crop.png"), "--config", str(broker.policy_file)]
        assert main([*words, "--by", "B. Officer", "--agency", "Hesston KS PD", "--reason", REASON]) == 0
        assert cv2.imread(str(tmp_path / "crop.png")).shape[0] <= 64
    finally:
        desk.stop()
        broker.stop()


def crops(desk):
    return desk.rows("SELECT message, hit FROM evidence WHERE message IS NOT NULL")


def internet_sockets(pid):
    """A process's sockets that are no local ones."""
    held = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [line.split() for name in ("tcp", "tcp6", "udp", "udp6") for line in open_table(pid, name)]
    return [fields[1] for fields in lines if f"socket:[{fields[9]}]" in held]


def open_table(pid, name):
    return Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]


def watch(folder, broker, seen, *, apart):
    """A camera that looks at a road until the desk has what it should have; `apart`: as its two services."""
    folder.mkdir()
    settings = build_site(folder, loop=True)
    line = BrokerSettings(
        host="localhost",
        port=broker.port,
        tls=True,
        ca_file=str(broker.folder / "ca.crt"),
        certificate_file=str(broker.folder / "north.crt"),
        key_file=str(broker.folder / "north.key"),
    )
    outbox = msgspec.structs.replace(settings.outbox, folder=str(folder / "state"))
    changed = msgspec.structs.replace(settings, broker=line, evidence=EvidenceSettings(enabled=True), outbox=outbox)
    config = write_settings(folder, changed)
    with TemporaryDirectory() as short, (folder / "log").open("wb") as log:  # a socket's name: at most 107 characters

        def start(verb, *options):
            command = [sys.executable, "-m", "edge.cli.main", verb, "--config", str(config), *options]
            return subprocess.Popen(command, stderr=log, stdout=log)

        camera = [start("run", *(["--publisher", f"{short}/s"] if apart else []))]
        camera += [start("publish", "--socket", f"{short}/s")] if apart else []
        try:
            until(seen, "the crop is at the desk")
            assert bool(internet_sockets(camera[0].pid)) is not apart, "the reader alone has no line to anywhere"
        finally:
            for process in camera:
                process.terminate()
                process.wait(30)
    for file in (folder / "state").rglob("*"):
        assert not file.is_file() or b'"columns"' not in file.read_bytes(), "a crop was on the camera's disk"
