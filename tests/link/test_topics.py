from __future__ import annotations

import pytest

from edge.link.topics import DELIVERIES, every, topic


def test_topics_are_those_that_consumers_know():
    assert {kind: topic("hesston", "north", kind) for kind in DELIVERIES} == {
        "sighting": "lpr/v1/hesston/north/sighting",
        "status": "lpr/v1/hesston/north/status",
        "health": "lpr/v1/hesston/north/health",
        "counters": "lpr/v1/hesston/north/counters",
        "discovery": "homeassistant/device/lpr-hesston-north/config",
        "discovery_sighting": "homeassistant/event/lpr-hesston-north/sighting/config",
        "selftest": "lpr/v1/hesston/north/selftest",
        "access": "lpr/v1/hesston/north/access",
        "hit": "lpr/v1/hesston/desk/hit",
        "verdict": "lpr/v1/hesston/desk/verdict",
        "audit": "lpr/v1/hesston/desk/audit",
        "desk_status": "lpr/v1/hesston/desk/status",
        "evidence": "lpr/v1/hesston/north/evidence",
        "evidence_request": "lpr/v1/hesston/north/evidence_request",
        "frigate_update": "frigate/tracked_object_update",
    }


@pytest.mark.parametrize(
    ("site", "camera"), [("#", "north"), ("hesston", "+"), ("a/b", "north"), ("", "x"), ("a", "b\n"), ("a", "desk")]
)
def test_a_name_that_would_reach_elsewhere_is_refused(site, camera):
    with pytest.raises(AssertionError):
        topic(site, camera, "sighting")


def test_the_filters_of_a_subscriber():
    assert every("sighting") == "lpr/v1/+/+/sighting"
    assert every("sighting", "hesston") == "lpr/v1/hesston/+/sighting"
    assert every("hit", "hesston") == "lpr/v1/hesston/desk/hit"


def test_only_state_is_retained_and_only_what_is_of_one_vehicle_expires():
    assert {kind for kind, d in DELIVERIES.items() if d.retained} == {
        "status",
        "health",
        "counters",
        "discovery",
        "discovery_sighting",
        "desk_status",
    }
    assert {kind for kind, d in DELIVERIES.items() if d.expires} == {
        "sighting",
        "hit",
        "verdict",
        "evidence",
        "evidence_request",
        "frigate_update",
    }
