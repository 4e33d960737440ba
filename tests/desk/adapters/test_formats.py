"""What another system gets of a sighting: its own fields and words, and nothing that was not seen."""

from __future__ import annotations

import msgspec
import pytest

from edge.desk.adapters import formats
from edge.record.boundary import SEALED_BYTES_MAX, seal
from edge.record.capacity import capacity
from edge.record.sighting import Alternative
from tests.desk.builders import NOW_MS, sighting

SEEN = sighting(vehicle=("pickup", "white"))
SEEN = msgspec.structs.replace(
    SEEN,
    plate=msgspec.structs.replace(SEEN.plate, alternatives=(Alternative(text="I23ABC", confidence=0.01),)),
)
BARE = sighting(region=None, vehicle=None)


def as_sent(message):
    return msgspec.json.decode(formats.written(message))


def test_frigates_listeners_get_a_plate_with_its_score():
    sent = msgspec.json.decode(seal(formats.frigate(SEEN, NOW_MS + 213)).payload)
    assert sent == {
        "type": "lpr",
        "id": SEEN.id,
        "name": None,
        "plate": "123ABC",
        "score": 0.95,
        "timestamp": NOW_MS / 1000 + 0.213,
        "camera": "north",
    }


def test_plate_recognizers_webhook_is_lower_case_and_has_no_picture_in_it():
    assert as_sent(formats.plate_recognizer(SEEN, NOW_MS + 213)) == {
        "hook": {"id": "north", "event": "recognition"},
        "data": {
            "camera_id": "north",
            "timestamp": "2026-11-23T12:00:00.213Z",
            "results": [
                {
                    "plate": "123abc",
                    "score": 0.95,
                    "region": {"code": "us-ks", "score": 0.95},
                    "candidates": [{"plate": "123abc", "score": 0.95}, {"plate": "i23abc", "score": 0.01}],
                    "vehicle": {"type": "Pickup Truck", "score": 0.9},
                    "color": [{"color": "white", "score": 0.9}],
                }
            ],
        },
    }


def test_openalprs_group_counts_in_percent_and_milliseconds():
    candidates = [{"plate": "123ABC", "confidence": 95.0}, {"plate": "I23ABC", "confidence": 1.0}]
    assert as_sent(formats.openalpr(SEEN, NOW_MS)) == {
        "data_type": "alpr_group",
        "version": 2,
        "epoch_start": NOW_MS,
        "epoch_end": NOW_MS + 900,
        "best_uuid": SEEN.id,
        "uuids": [SEEN.id],
        "best_plate_number": "123ABC",
        "best_confidence": 95.0,
        "best_region": "us-ks",
        "best_region_confidence": 95.0,
        "best_plate": {
            "plate": "123ABC",
            "confidence": 95.0,
            "region": "us-ks",
            "region_confidence": 95.0,
            "candidates": candidates,
        },
        "candidates": candidates,
        "vehicle": {
            "color": [{"name": "white", "confidence": 90.0}],
            "body_type": [{"name": "pickup", "confidence": 90.0}],
        },
        "web_server_config": {"camera_label": "north", "agent_label": "hesston"},
    }


def test_what_was_not_seen_is_not_told():
    (result,) = as_sent(formats.plate_recognizer(BARE, NOW_MS))["data"]["results"]
    assert set(result) == {"plate", "score", "region", "candidates"}
    assert result["region"] == {"code": "", "score": 0.0}
    group = as_sent(formats.openalpr(BARE, NOW_MS))
    assert "vehicle" not in group
    assert (group["best_region"], group["best_region_confidence"]) == ("", 0.0)


def test_a_word_that_the_other_format_has_not_is_left_out():
    (result,) = as_sent(formats.plate_recognizer(sighting(vehicle=("hatchback", "red")), NOW_MS))["data"]["results"]
    assert "vehicle" not in result
    assert result["color"] == [{"color": "red", "score": 0.9}]


@pytest.mark.parametrize("message", [formats.Hook, formats.Group])
def test_no_picture_and_no_free_text_would_fit(message):
    """By the types alone, as for every message of ours."""
    assert capacity(message) <= SEALED_BYTES_MAX


def test_what_breaks_the_format_is_not_written():
    with pytest.raises(msgspec.ValidationError):
        formats.written(formats.plate_recognizer(sighting(camera="../etc"), NOW_MS))
