"""What is told, and what was told already."""

from __future__ import annotations

from edge.camera.known import Known, NoMemory
from edge.settings.camera import TrackingSettings
from tests.builders import fused, look, passed

OPTIONS = TrackingSettings(parked_forget_s=600)


class Remembering:
    """A memory that outlives one `Known`, as the outbox outlives a restart."""

    def __init__(self) -> None:
        self.parked: dict[str, int] = {}

    def known_parked(self, text: str, *, seen_ns_min: int) -> bool:
        return self.parked.get(text, -1) >= seen_ns_min

    def remember_parked(self, text: str, *, seen_ns: int) -> None:
        self.parked[text] = seen_ns


def judge(known: Known, text: str, since_s: float, to_s: float, *, moving: bool = False, x: float = 600) -> str:
    looks = [
        look(ms, text, x=x + (ms / 1000 - since_s) * (300 if moving else 0))
        for ms in range(int(since_s * 1000), int(to_s * 1000) + 1, 100)
    ]
    return known.judge(passed(looks), fused(text))


def test_a_vehicle_that_goes_by_is_told_at_once() -> None:
    assert judge(Known(OPTIONS, NoMemory()), "123ABC", 0, 0.5, moving=True) == "new"


def test_the_same_car_coming_back_is_told_again_and_a_car_hidden_for_a_moment_is_not() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 1, moving=True) == "new"
    assert judge(known, "123ABC", 4, 5, moving=True) == "again"
    assert judge(known, "123ABC", 30, 31, moving=True) == "new"


def test_a_fleets_next_serial_is_a_car_of_its_own() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 1, moving=True) == "new"
    assert judge(known, "123ABD", 2, 3, moving=True) == "new"


def test_a_parked_car_is_one_sighting() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 12) == "new"
    assert [judge(known, "123ABC", s, s + 1) for s in (60, 200, 500, 900)] == ["again"] * 4


def test_a_parked_car_is_one_sighting_also_across_a_restart() -> None:
    memory = Remembering()
    assert judge(Known(OPTIONS, memory), "123ABC", 0, 12) == "new"
    assert judge(Known(OPTIONS, memory), "123ABC", 60, 72) == "again"
    assert judge(Known(OPTIONS, memory), "123ABC", 3000, 3012) == "new", (
        "it has been gone for longer than parked_forget_s"
    )


def test_a_car_that_drove_in_and_parked_is_one_sighting() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 1, moving=True) == "new"
    assert judge(known, "123ABC", 2, 14, x=900) == "again"


def test_a_car_that_waited_at_a_light_and_drove_off_is_one_sighting() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 12) == "new"
    assert judge(known, "123ABC", 40, 41, moving=True) == "again"


def test_what_stood_for_a_moment_only_waits_and_is_told_when_it_still_stands_there() -> None:
    known = Known(OPTIONS, NoMemory())
    assert judge(known, "123ABC", 0, 0.4) == "waiting"
    assert judge(known, "123ABC", 30, 30.4) == "new"
    assert judge(known, "123ABC", 60, 60.4) == "again"


def test_a_clock_burnt_into_the_picture_is_never_told() -> None:
    known = Known(OPTIONS, NoMemory())
    seen = {judge(known, text, s, s + 0.9) for s, text in enumerate(["120001", "193742", "205513", "214604", "228765"])}
    assert seen <= {"waiting", "overlay"}
