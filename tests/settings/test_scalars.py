"""What people write for a text, a number or a switch, and what they are told."""

import pytest


def only(problems):
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.mark.parametrize(
    ("written", "got", "fix"),
    [
        ("no", "no, which YAML takes for false", 'write it in quotes: "no"'),
        ("On", "On, which YAML takes for true", 'write it in quotes: "On"'),
        ("0123", "0123, which YAML takes for a number", 'write it in quotes: "0123"'),
        ("12:30", "12:30, which YAML takes for a number", 'write it in quotes: "12:30"'),
        ("1e3", "“1e3”", None),
        ("2026-11-23", "2026-11-23, which YAML takes for a date", 'write it in quotes: "2026-11-23"'),
        ("", "nothing", "write a text, or take the line out for the default"),
        ("~", "“~”", "write a text, or take the line out for the default"),
        ("[a]", "a list of 1", "write one value behind the colon"),
        ("North Cam", "“North Cam”", "write north-cam"),
        ("NORTH", "“NORTH”", "write north"),
        ("no/rth", "“no/rth”", "write no-rth"),
        ('"north\\n"', "“north”", "write north"),
        ("'#'", "“#”", "write such a text"),
    ],
)
def test_a_name_that_yaml_or_the_topic_would_spoil(wrong, camera, written, got, fix):
    if fix is None:
        assert camera(name=f"camera: {written}").camera == written
        return
    problem = only(wrong(name=f"camera: {written}"))
    assert (problem.line, problem.key, problem.got, problem.fix) == (2, "camera", got, fix)


@pytest.mark.parametrize(
    ("key", "written", "got", "fix"),
    [
        ("frames_per_second", "15fps", "“15fps”", "write 15 alone: the key tells the unit"),
        ("frames_per_second", "1,5", "“1,5”", "write 1.5, with a point"),
        ("frames_per_second", '"15"', "the text “15”", "leave the quotes out"),
        ("frames_per_second", "fast", "“fast”", "write a number"),
        ("frames_per_second", "yes", "“yes”", "write a number"),
        ("frames_per_second", "", "nothing", "write a number, or take the line out for the default"),
        ("frames_per_second", ".inf", "“.inf”", "write a number"),
        ("frames_per_second", ".nan", "“.nan”", "write a number"),
        ("frames_per_second", "1e9", "1000000000", "write at most 60"),
        ("frames_per_second", "0", "0", "write at least 1"),
        ("read_timeout_s", "12:30", "“12:30”, which YAML counts in sixties", "write one number, without colons"),
        ("read_timeout_s", "010", "“010”, which YAML takes for the octal 8", "write 10"),
        ("read_timeout_s", "[5]", "a list of 1", "write one value behind the colon"),
    ],
)
def test_a_number_that_is_none(wrong, key, written, got, fix):
    problem = only(wrong(source=f"\n  kind: folder\n  address: x\n  {key}: {written}"))
    assert problem.key == f"source.{key}"
    assert problem.got == got
    assert problem.fix.startswith(fix)
    assert "the default is" in problem.fix


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("1.5", "write 2"),
        ("0x2", "write 0 alone"),
        ("089", "write 89"),
        ("1_0", "write a number"),
        ("99" * 40, "write a"),
    ],
)
def test_a_whole_number_that_is_none(wrong, written, fix):
    assert only(wrong(f"runtime: {{threads: {written}}}")).fix.startswith(fix)


@pytest.mark.parametrize("written", ["200,000,000", "200_000_000", "200'000'000"])
def test_thousands_are_written_without_marks(wrong, written):
    assert only(wrong(f"outbox:\n  bytes_max: {written}")).fix.startswith("write 200000000")


def test_a_percentage_is_a_share(wrong):
    assert only(wrong("fusion: {confidence_min: 50 %}")).fix.startswith("write 0.5: shares are 0 to 1")


def test_a_rule_tells_limits_and_unit(wrong):
    problem = only(wrong("tracking: {gap_ms_max: 99999}"))
    assert problem.rule == "a whole number from 100 to 10000 (milliseconds)"


@pytest.mark.parametrize("written", ["true", "yes", "On", "TRUE"])
def test_a_switch_may_be_any_of_yamls_words(camera, written):
    assert camera(f"motion: {{enabled: {written}}}").motion.enabled is True


@pytest.mark.parametrize(
    ("written", "fix"), [('"yes"', "write true or false, without quotes"), ("1", "write true"), ("y", "write true")]
)
def test_a_switch_that_is_none(wrong, written, fix):
    assert only(wrong(f"motion: {{enabled: {written}}}")).fix.startswith(fix)


@pytest.mark.parametrize(
    ("written", "fix"),
    [("rstp", "did you mean rtsp?"), ("Folder", "did you mean folder?"), ("webcam", "write one of these")],
)
def test_one_of_a_few_words(wrong, written, fix):
    problem = only(wrong(source=f"{{kind: {written}, address: x}}"))
    assert problem.rule == "one of csi, folder, rtsp, usb, video"
    assert problem.fix == fix


def test_a_closed_set_takes_the_written_word_whatever_yaml_guesses(camera):
    assert camera("broker: {protocol: 5}").broker.protocol == "5"
    assert camera("broker: {protocol: 3.1.1}").broker.protocol == "3.1.1"


def test_numbers_that_everybody_reads_alike_are_numbers(camera):
    settings = camera("broker: {keepalive_s: +60}\nmotion: {share_min: 1e-3}\nhealth: {interval_s: 5.}")
    assert (settings.broker.keepalive_s, settings.motion.share_min, settings.health.interval_s) == (60, 0.001, 5.0)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("rtsp://admin:hunter2@192.0.2.1/s", "no password stands in an address"),
        ("rtsp://admin:hun/ter2@192.0.2.1/s", "no password stands in an address"),
        ('"-----BEGIN PRIVATE KEY-----hunter2"', "keys and certificates never stand in settings"),
    ],
)
def test_a_secret_inside_a_value_is_refused_and_not_repeated(wrong, value, rule):
    problem = only(wrong(source=f"{{kind: rtsp, address: {value}}}"))
    assert problem.rule == rule
    assert "hun" not in str(problem)


def test_an_address_with_a_port_and_an_at_sign_in_its_path_is_no_secret(camera):
    address = "rtsp://192.0.2.1:554/users/a@b"
    assert camera(source=f"{{kind: rtsp, address: '{address}'}}").source.address == address
