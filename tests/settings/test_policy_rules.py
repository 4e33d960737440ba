"""What contradicts itself in a department's policy, and what is no policy at all."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.settings.policy_rules import load_policy
from edge.settings.problems import SettingsWrong

SHIPPED = (Path(__file__).parents[2] / "config" / "policy.yaml").read_text(encoding="utf-8")


def refused(tmp_path, text):
    file = tmp_path / "policy.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsWrong) as wrong:
        load_policy(file)
    return wrong.value.problems


@pytest.mark.parametrize(
    ("before", "after", "key", "rule"),
    [
        ("cameras: [north, south]", "cameras: [north, north]", "cameras", "named once"),
        ("cameras: [north, south]", "cameras: [north, desk]", "cameras", "no camera is called desk"),
        ("cameras: [north, south]", "cameras: [north, dispatch]", "cameras", "no camera is called dispatch"),
        ("cameras: [north, south]", "cameras: [north, broker]", "cameras", "no camera is called broker"),
        ("  - Newton KS PD\n", "  - Newton KS PD\n  - NEWTON KS PD\n", "agencies", "named once"),
        ("  - Newton KS PD\n", "  - Hesston KS PD\n", "agencies", "named once"),
        ("  - Newton KS PD\n", "  - Nеwton KS PD\n", "agencies", "character 2 is CYRILLIC"),
        ("key: theft, title: Theft", "key: traffic, title: Theft", "search.purposes", "is both"),
        ("key: theft, title: Theft", "key: ice, title: Help for others", "search.purposes", "immigration prohibits"),
        ("key: theft, title: Theft", "key: theft, title: Parking ticket", "search.purposes", "traffic prohibits"),
        ("file_codes: [A,", "file_codes: [N, A,", "hotlists.file_codes", "Immigration"),
    ],
)
def test_a_policy_that_contradicts_itself(tmp_path, before, after, key, rule):
    assert before in SHIPPED, "the shipped policy has changed"
    (problem,) = refused(tmp_path, SHIPPED.replace(before, after, 1))
    assert problem.key.startswith(key)
    assert rule in f"{problem.rule} {problem.fix}"
    assert problem.line


def test_every_mistake_is_named_at_once(tmp_path):
    text = SHIPPED.replace("cameras: [north, south]", "cameras: [desk]").replace("days: 30 #", "days: 31 #")
    assert {problem.key for problem in refused(tmp_path, text)} >= {"retention.days"}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_policy_of_garbage_is_refused_with_problems_and_nothing_else(tmp_path, data):
    """The shipped one with a piece of it replaced by anything."""
    first = data.draw(st.integers(0, len(SHIPPED)))
    length = data.draw(st.integers(0, 200))
    text = SHIPPED[:first] + data.draw(st.text(max_size=30)) + SHIPPED[first + length :]
    file = tmp_path / "policy.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(SettingsWrong):
        load_policy(file)


def adapters(*lines):
    return SHIPPED + "\nadapters:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("line", "key", "rule"),
    [
        ("- {format: openalpr}", "url", "is sent to an address"),
        ("- {format: deepstack, url: https://a.example/}", "format", "one of frigate, openalpr, plate_recognizer"),
        ("- {format: frigate, url: https://a.example/}", "url", "the desk's own broker"),
        ("- {format: frigate, token_file: /run/token}", "token_file", "the desk's own broker"),
        ("- {format: openalpr, url: ftp://a.example/}", "url", "an address such as https://HOST/PATH"),
        ("- {format: openalpr, url: 'https:///path'}", "url", "with a host"),
        ("- {format: openalpr, url: 'https://a.example:port/'}", "url", "a port that is a number"),
        ("- {format: openalpr, url: 'https://token@a.example/'}", "url", "token_file names"),
        ("- {format: openalpr, url: http://a.example/}", "url", "private address"),
        ("- {format: openalpr, url: http://8.8.8.8/}", "url", "private address"),
        ("- {format: openalpr, url: 'http://[::ffff:8.8.8.8]/'}", "url", "private address"),
        ("- {format: openalpr, url: http://10.0.0.7/, ca_file: /ca.pem}", "ca_file", "https only"),
        ("- {format: openalpr, url: https://a.example/, cameras: [north, west]}", "cameras", "west is none"),
        ("- {format: openalpr, url: https://a.example/, token: 123}", "token", "name the file in token_file"),
    ],
)
def test_an_adapter_that_could_not_work_or_would_tell_others(tmp_path, line, key, rule):
    (problem,) = refused(tmp_path, adapters(f"  {line}"))
    assert problem.key == f"adapters[0].{key}"
    assert rule in f"{problem.rule} {problem.fix}"
    assert problem.line == SHIPPED.count("\n") + 3
    assert "123" not in problem.got


def test_a_receiver_is_named_once_and_every_mistake_at_once(tmp_path):
    once = "  - {format: openalpr, url: https://a.example/}"
    assert "twice" in refused(tmp_path, adapters(once, once))[0].rule
    both = adapters("  - {format: openalpr}", "  - {format: frigate, url: https://a.example/}")
    assert [problem.key for problem in refused(tmp_path, both)] == ["adapters[0].url", "adapters[1].url"]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/hook?site=1",
        "http://127.0.0.1:8001",
        "http://[::1]/",
        "http://192.168.1.4/",
        "http://localhost/",
    ],
)
def test_an_adapter_as_it_should_be(tmp_path, url):
    file = tmp_path / "policy.yaml"
    file.write_text(adapters(f"  - {{format: openalpr, url: '{url}', cameras: [north]}}", "  - format: frigate"))
    first, second = load_policy(file).adapters
    assert (first.url, first.cameras, second.cameras) == (url, ("north",), ())
    assert "/" not in first.receiver
