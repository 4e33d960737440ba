import subprocess

import pytest

from edge.desk.broker_acl import acl, files
from edge.settings.policy import AdapterSettings
from tests.desk.builders import payload, policy, sighting
from tests.desk.mosquitto import Broker, NotWelcome, User, user

TAKEN, NOBODY_LISTENS, NOT_AUTHORISED = 0, 16, 135
SITE = "lpr/v1/hesston"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Broker(tmp_path_factory.mktemp("broker"))
    yield made
    made.stop()


@pytest.mark.parametrize("kind", ["sighting", "status", "health", "counters", "selftest", "access"])
def test_a_camera_may_publish_its_own_topics(broker, kind):
    with user(broker, "north") as north:
        assert north.publish(f"{SITE}/north/{kind}", b"{}") in (TAKEN, NOBODY_LISTENS)


def test_a_camera_may_show_itself_to_home_assistant_and_no_other_camera(broker):
    with user(broker, "north") as north:
        assert north.publish("homeassistant/device/lpr-hesston-north/config", b"{}") in (TAKEN, NOBODY_LISTENS)
        assert north.publish("homeassistant/device/lpr-hesston-south/config", b"{}") == NOT_AUTHORISED


@pytest.mark.parametrize(
    "topic",
    [
        "south/sighting",
        "south/status",
        "desk/hit",
        "desk/verdict",
        "desk/status",
        "desk/audit",
        "north/other",
        "north/sighting/more",
    ],
)
def test_a_camera_may_publish_for_nobody_else(broker, topic):
    with user(broker, "north") as north, user(broker, "desk") as desk, user(broker, "dispatch") as dispatch:
        desk.subscribe(f"{SITE}/+/sighting")
        dispatch.subscribe(f"{SITE}/desk/#")
        assert north.publish(f"{SITE}/{topic}", payload(sighting())) == NOT_AUTHORISED
        assert desk.next(0.1) is None
        assert dispatch.next(0.1) is None


def test_another_site_is_out_of_reach(broker):
    with user(broker, "north") as north:
        assert north.publish("lpr/v1/newton/north/sighting", b"{}") == NOT_AUTHORISED


@pytest.mark.parametrize(
    ("who", "wanted"),
    [
        ("north", f"{SITE}/north/sighting"),
        ("north", f"{SITE}/south/sighting"),
        ("north", "#"),
        ("north", f"{SITE}/desk/hit"),
        ("supervision", f"{SITE}/desk/hit"),
        ("supervision", f"{SITE}/+/sighting"),
        ("dispatch", f"{SITE}/+/sighting"),
        ("dispatch", "#"),
    ],
)
def test_nobody_reads_what_is_not_theirs(broker, who, wanted):
    """Mosquitto lets anybody subscribe and hands over nothing; what counts is that nothing comes."""
    with user(broker, who) as curious, user(broker, "north") as north, user(broker, "desk") as desk:
        curious.subscribe(wanted)
        north.publish(f"{SITE}/north/sighting", payload(sighting()))
        if who != "dispatch":
            desk.publish(f"{SITE}/desk/hit", b"{}")
        assert curious.next(0.3) is None


def test_the_desk_reads_the_cameras_and_dispatch_reads_the_hits(broker):
    with user(broker, "desk") as desk, user(broker, "dispatch") as dispatch, user(broker, "north") as north:
        desk.subscribe(f"{SITE}/+/sighting")
        dispatch.subscribe(f"{SITE}/desk/hit")
        assert north.publish(f"{SITE}/north/sighting", payload(sighting())) == TAKEN
        assert desk.next().payload == payload(sighting())
        assert desk.publish(f"{SITE}/desk/hit", b"{}") == TAKEN
        assert dispatch.next().topic == f"{SITE}/desk/hit"


def test_several_desks_may_share_the_sightings(broker):
    with user(broker, "desk") as desk, user(broker, "north") as north:
        desk.subscribe(f"$share/desks/{SITE}/+/sighting")
        north.publish(f"{SITE}/north/sighting", payload(sighting()))
        assert desk.next() is not None


def test_without_a_certificate_nobody_comes_in(broker):
    with pytest.raises((NotWelcome, OSError)):
        User(broker, "")


def test_a_certificate_of_another_authority_is_worth_nothing(broker, tmp_path):
    (tmp_path / "make-certificates.sh").write_text(files(policy())["make-certificates.sh"])
    subprocess.run(["sh", "make-certificates.sh"], cwd=tmp_path, check=True, capture_output=True)
    with pytest.raises((NotWelcome, OSError)):
        User(broker, "desk", folder=tmp_path)


def test_a_user_whom_the_policy_does_not_name_may_do_nothing(broker):
    script = (broker.folder / "make-certificates.sh").read_text()
    one = script.replace(script[script.index("for user in") : script.index("; do")], "for user in stranger")
    subprocess.run(["sh", "-c", one], cwd=broker.folder, check=True, capture_output=True)
    with user(broker, "stranger") as stranger:
        assert stranger.publish(f"{SITE}/north/sighting", b"{}") == NOT_AUTHORISED


def test_the_access_list_names_every_camera_of_the_policy_and_no_wildcard_to_write():
    text = acl(policy(cameras=("east", "west")))
    assert "user east" in text
    assert "user west" in text
    assert not any("+" in line or "#" in line for line in text.splitlines() if "topic write" in line)


def test_frigates_listeners_are_known_only_where_the_policy_has_such_an_adapter():
    frigate = (AdapterSettings(format="frigate"),)
    told = files(policy(adapters=frigate))
    assert "user frigate\ntopic read frigate/tracked_object_update\n" in told["acl"]
    assert told["acl"].count("topic write frigate/tracked_object_update") == 1
    assert "supervision frigate; do" in told["make-certificates.sh"]
    webhook = (AdapterSettings(format="openalpr", url="https://alpr.example/"),)
    assert not any("frigate" in text for text in files(policy(adapters=webhook)).values())


def test_without_the_adapter_the_desk_may_not_speak_to_them(broker):
    with user(broker, "desk") as desk:
        assert desk.publish("frigate/tracked_object_update", b"{}") == NOT_AUTHORISED
