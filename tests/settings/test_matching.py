"""Sections, keys and lists: all that is wrong, at once, where it stands."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.settings.camera import CameraSettings, Section
from edge.settings.loader import load
from edge.settings.problems import SettingsWrong

TEN_MISTAKES = """\
site: no
camera: North
source:
  kind: rstp
  address: rtsp://admin:hunter2@192.0.2.1/s
  frames_per_second: 15fps
vieww: {approaching: northbound}
motion: {linger_ms: 0400}
broker:
  pasword: hunter2
  port: 1883
  port: 8883
  tls: maybe
view:
  look: [{x0: 0.5, x1: 0.2, y0: 0, y1: 1}]
"""


def test_ten_mistakes_are_ten_problems_each_with_line_key_rule_got_and_fix(wrong):
    problems = wrong(TEN_MISTAKES, alone=True)
    assert [(problem.line, problem.key) for problem in problems] == [
        (1, "site"),
        (2, "camera"),
        (4, "source.kind"),
        (5, "source.address"),
        (6, "source.frames_per_second"),
        (7, "vieww"),
        (8, "motion.linger_ms"),
        (10, "broker.pasword"),
        (12, "broker.port"),
        (13, "broker.tls"),
        (15, "view.look[0].x1"),
    ]
    assert all(problem.rule and problem.got and problem.fix and problem.column for problem in problems)
    assert all(problem.file.endswith("camera.yaml") for problem in problems)
    assert "hunter2" not in "".join(map(str, problems))


@pytest.mark.parametrize(
    ("more", "key", "fix"),
    [
        ("broker: {hots: x}", "broker.hots", "did you mean host?"),
        ("broker: {Port: 1}", "broker.Port", "did you mean port?"),
        ("motion: {linger-ms: 1}", "motion.linger-ms", "did you mean linger_ms?"),
        ("host: x", "host", "move it: there is broker.host"),
        ("motion: {threads: 2}", "motion.threads", "move it: there is runtime.threads"),
        ("health: {colour: red}", "health.colour", "take it out; known here: interval_s"),
        ("trackng: {}", "trackng", "did you mean tracking?"),
    ],
)
def test_an_unknown_key_is_told_with_what_was_probably_meant(wrong, more, key, fix):
    (problem,) = wrong(more)
    assert (problem.key, problem.line, problem.fix) == (key, 4, fix)


@pytest.mark.parametrize(
    "key", ["password", "Password", "pasword", "mqtt_password", "api_key", "token", "secret", "pwd"]
)
def test_a_key_that_asks_for_a_secret_is_refused_and_its_value_not_shown(wrong, key):
    (problem,) = wrong(f"broker: {{{key}: hunter2}}")
    assert problem.rule == "secrets never stand in settings"
    assert "name the file in password_file" in problem.fix
    assert "hunter2" not in str(problem)


def test_a_missing_key_is_told_where_it_belongs(wrong):
    problems = wrong("site: hesston\nsource:\n  kind: folder\n", alone=True)
    assert [(problem.line, problem.key, problem.got) for problem in problems] == [
        (1, "camera", "nothing"),
        (3, "source.address", "nothing"),
    ]
    assert problems[0].fix == "add `camera: …`"


def test_a_misspelt_required_key_is_one_problem_and_not_two(wrong):
    (problem,) = wrong("site: hesston\ncamra: north\nsource: {kind: folder, address: x}\n", alone=True)
    assert problem.fix == "did you mean camera?"


def test_a_key_that_stands_twice_names_both_lines(wrong):
    (problem,) = wrong("broker:\n  port: 1\n  host: x\n  port: 2\n")
    assert (problem.line, problem.got) == (7, "a second one; the first is in line 5")


def test_a_section_whose_every_line_is_a_comment_has_its_defaults(camera):
    settings = camera("motion:\n  # enabled: false\nview:\n  look:\n  sideways:\n")
    assert settings.motion.enabled
    assert settings.view.look == ()


@pytest.mark.parametrize(
    ("more", "key", "rule"),
    [
        ("motion: 5", "motion", "a section of settings"),
        ("motion: [1]", "motion", "a section of settings"),
        ("view: {look: 5}", "view.look", "a list"),
        ("view: {look: {x0: 0}}", "view.look", "a list"),
        ("view: {sideways: [left]}", "view.sideways", "a section of keys and values"),
        ("view: {sideways: {lefft: west}}", "view.sideways.lefft", "one of bottom, left, right, top"),
        ("view: {look: [5]}", "view.look[0]", "a section of settings"),
        ("runtime: {providers: cpu}", "runtime.providers", "a list"),
        ("runtime: {providers: [cpu, gpu]}", "runtime.providers[1]", "one of cpu, cuda, openvino, tensorrt, xnnpack"),
        ("[1, 2]: 3", "", "a key is one word"),
    ],
)
def test_a_value_of_the_wrong_shape(wrong, more, key, rule):
    (problem,) = wrong(more)
    assert (problem.key, problem.rule) == (key, rule)
    assert problem.fix


def test_an_empty_value_is_nothing_where_nothing_may_stand(camera):
    settings = camera("detector: {score_min: }\nbroker: {username: ~}")
    assert settings.detector.score_min is None
    assert settings.broker.username is None


def test_a_sections_contradictions_are_told_though_another_section_is_wrong(wrong):
    problems = wrong("motion: {linger_ms: x}\ntracking: {gap_ms_max: 900, decide_ms_max: 800}\n")
    assert [problem.key for problem in problems] == ["motion.linger_ms", "tracking.decide_ms_max"]


def test_what_contradicts_a_default_is_told_at_the_section(wrong):
    (problem,) = wrong("tracking:\n  gap_ms_max: 2000\n")
    assert (problem.key, problem.line, problem.got) == ("tracking.decide_ms_max", 5, "the default, 1500")


class Names(Section, frozen=True, kw_only=True):
    """Free keys and lists with limits, which a camera has not."""

    by_name: dict[str, int] = msgspec.field(default_factory=dict)
    pair: tuple[int, ...] = ()


def test_free_keys_and_their_values(write):
    assert load(write("by_name: {a: 1, b: 2}"), Names).by_name == {"a": 1, "b": 2}
    with pytest.raises(SettingsWrong) as caught:
        load(write("by_name: {no: 1, b: x}"), Names)
    assert [problem.key for problem in caught.value.problems] == ["by_name.no", "by_name.b"]


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-10, 100_000),
        st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 3)),
        st.sampled_from(["north", "rtsp", "folder", "auto", "5", "cpu", "No Name", "left", ""]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(["x0", "x1", "left", "kind", "address", "port", "model", "look"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
FIELDS = {field.encode_name: field for field in msgspec.structs.fields(CameraSettings)}


@given(
    changed=st.dictionaries(
        st.tuples(
            st.sampled_from(sorted(FIELDS)),
            st.sampled_from(["port", "tls", "look", "threads", "kind", "score_min", ""]),
        ),
        PLAIN,
        max_size=3,
    )
)
def test_what_this_loader_accepts_is_what_the_types_accept(tmp_path_factory, changed):
    """Never looser than msgspec in strict mode; only stricter where a rule or a YAML trap is named."""
    written = {"site": "hesston", "camera": "north", "source": {"kind": "folder", "address": "scenes"}}
    for (section, key), value in changed.items():
        if key and isinstance(written.setdefault(section, {}), dict):
            written[section][key] = value
        else:
            written[section] = value
    path = tmp_path_factory.mktemp("c") / "x.yaml"
    path.write_text(json.dumps(written), encoding="utf-8")  # JSON is YAML, with every text in quotes
    try:
        ours = load(path, CameraSettings)
    except SettingsWrong:
        ours = None
    try:
        types = msgspec.convert(_without_empty_sections(written), CameraSettings)
    except msgspec.ValidationError:
        types = None
    assert (ours is None) == (types is None)
    assert ours == types


def _without_empty_sections(written):
    """What stands empty where a section or a list belongs has its default: the one thing that is looser here."""
    kept = {}
    for name, value in written.items():
        if name not in ("site", "camera", "source") and value is None:
            continue
        if isinstance(value, dict):
            value = {k: v for k, v in value.items() if not (v is None and (name, k) == ("view", "look"))}  # noqa: PLW2901
        kept[name] = value
    return kept
