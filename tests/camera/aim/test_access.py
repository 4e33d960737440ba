"""Who is let in."""

import pytest

from edge.camera.aim.access import CODE_S_MAX, CODE_TRIES_MAX, Access, host_allowed, same_origin


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        self.now_s += 2.0  # nobody tries twice within a second
        return self.now_s


@pytest.fixture
def told():
    return []


@pytest.fixture
def clock():
    return Clock()


def test_a_code_lets_one_in_once(told, clock):
    access = Access(None, told.append, clock=clock)
    session, _ = access.enter(f" {told[0].lower()} ")
    assert access.session(session.cookie) is session
    assert access.enter(told[0])[0] is None
    assert len(told) == 2
    assert access.enter(told[1])[0] is not None


def test_an_expired_code_lets_nobody_in(told, clock):
    access = Access(None, told.append, clock=clock)
    clock.now_s += CODE_S_MAX + 1
    session, why = access.enter(told[0])
    assert session is None
    assert "expired" in why


def test_five_wrong_codes_void_the_right_one(told, clock):
    access = Access(None, told.append, clock=clock)
    for _ in range(CODE_TRIES_MAX):
        assert access.enter("2222-2222")[0] is None
    assert access.enter(told[0])[0] is None
    assert access.enter(told[1])[0] is not None


def test_codes_cannot_be_tried_quickly(told):
    access = Access(None, told.append, clock=lambda: 100.0)
    assert access.enter("2222-2222")[0] is None
    session, why = access.enter(told[0])
    assert session is None
    assert "quick" in why


def test_the_loopbacks_key_lets_in_as_often_as_you_like_and_no_other_does(told, clock):
    access = Access("key", told.append, clock=clock)
    assert told == []
    assert access.enter("kex")[0] is None
    assert access.enter("key")[0] is not None
    assert access.enter("key")[0] is not None
    assert access.session(None) is None


@pytest.mark.parametrize(
    ("header", "ours"),
    [("127.0.0.1:8480", True), ("localhost:9000", True), ("[::1]:1", True), ("evil.example", False), ("", False)],
)
def test_a_name_that_was_bent_to_point_here_is_refused(header, ours):
    assert host_allowed(header, {"127.0.0.1", "localhost", "::1"}) is ours


@pytest.mark.parametrize(
    ("origin", "site", "ours"),
    [
        ("http://localhost:1", None, True),
        ("http://localhost:1", "same-origin", True),
        ("http://localhost:1", "same-site", False),
        ("http://localhost:2", None, False),
        ("null", None, False),
        (None, None, False),
    ],
)
def test_only_our_own_page_may_change_something(origin, site, ours):
    assert same_origin(origin, "http", "localhost:1", site) is ours
