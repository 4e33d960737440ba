import html
import html.parser
import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.desk import audit
from edge.desk.transparency import page
from edge.desk.transparency.figures import collect
from edge.desk.transparency.suppression import suppressed
from edge.settings.policy import AdapterSettings
from tests.desk.builders import NOW_MS
from tests.desk.month import month
from tests.desk.test_intake import Desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = month(tmp_path_factory.mktemp("month"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def figures(desk):
    with desk.store.read() as connection:
        return collect(connection, desk.policy, NOW_MS)


@pytest.fixture(scope="module")
def text(figures):
    return page.html(figures)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def parsed(text):
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    return tags


def test_the_months_figures_are_the_stores_own(figures):
    assert (figures.vehicles, figures.hits, figures.searches) == (31_272, 311, 6)
    assert (figures.cameras, figures.retention_days, len(figures.organisations)) == (2, 30.0, 52)
    assert figures.searches_by_purpose == {"Stolen vehicle": 6}
    assert figures.last_updated == "2026-11-23"
    assert (figures.outages.count, figures.outages.hours) == (1, 3.0)


@pytest.mark.parametrize(
    "heading",
    [
        "Overview",
        "What’s detected",
        "What’s not detected",
        "Acceptable use policy",
        "Prohibited uses",
        "Access policy",
        "Hotlist policy",
        "Hotlists alerted on",
        "External organizations with access",
        "Hits by verdict",
        "Searches by purpose",
        "Outages",
    ],
)
def test_every_field_of_the_departments_page_is_there(text, heading):
    assert f"<h2>{heading}</h2>" in text


@pytest.mark.parametrize(
    "label",
    [
        "Data retention (in days)",
        "Number of owned cameras",
        "Vehicles detected in the last 30 days",
        "Hotlist hits in the last 30 days",
        "Searches in the last 30 days",
    ],
)
def test_every_number_says_what_it_means(text, label):
    assert re.search(rf'<dt>{re.escape(label)}</dt>\s*<dd class="value">[\d,]+</dd>\s*<dd class="meaning">\w', text)


def test_the_policy_stands_there_word_for_word(parsed, desk):
    words = " ".join(" ".join(parsed.words).split())
    for sentence in (desk.policy.department.prohibited_uses, desk.policy.department.hotlist_policy, "Wichita KS PD"):
        assert sentence in words


def test_active_file_codes_and_what_was_left_out_are_told(text, figures):
    assert "V (Stolen vehicle)" in text
    assert figures.hotlists[0].left_out == {"immigration": 1, "junk": 1}
    assert "1: NCIC Immigration Violator file, prohibited" in text
    assert "not installed" in text  # the AMBER list


def test_the_proofs_are_there(text, figures, desk):
    assert (figures.purge.overdue, figures.purge.log_cut) == (0, True)
    assert figures.audit.intact
    with desk.store.read() as connection:
        head = audit.head(connection)
    assert (figures.audit.rows, figures.audit.head) == (head.number, head.hash)
    assert head.hash in text


def test_no_plate_no_time_and_no_place_is_published(text, figures):
    told = text + page.json(figures).decode()
    for number in range(100, 130):
        assert f"{number}ABC" not in told
    assert not re.search(r"\d\d:\d\d", re.sub(r"<style>.*?</style>", "", told, flags=re.DOTALL))
    assert not re.search(r"\b(north|south|northbound)\b", told)
    assert "B. Officer" not in told


def test_small_cells_are_not_told(figures):
    assert figures.hits_by_verdict == {
        "correct": 20,
        "wrong_state": 0,
        "misread": None,  # five: told, it would give the one dismissed away
        "dismissed": None,
        "unverified": 285,
    }
    assert figures.misread_percent is None  # a percentage of a known whole would tell it, too


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 30), max_size=8), st.integers(1, 10))
def test_no_small_cell_can_be_worked_out(parts, limit):
    told = suppressed(parts, limit)
    hidden = [parts[name] for name, value in told.items() if value is None]
    visible = [value for value in told.values() if value is not None]
    assert all(value == 0 or value >= limit for value in visible)
    if hidden and any(value > 0 for value in visible):
        assert len(hidden) >= 2
        assert sum(hidden) >= limit


def test_the_misread_rate_is_told_where_it_tells_nobody():
    from edge.desk.transparency.figures import _misread_percent

    verdicts = {"correct": 240, "wrong_state": 0, "misread": 60, "dismissed": 11, "unverified": 0}
    assert _misread_percent(verdicts, suppressed(verdicts, 5)) == 19


def test_the_page_works_without_scripts_and_fetches_nothing(parsed, text):
    names = {tag for tag, _ in parsed.tags}
    assert not names & {"script", "iframe", "img", "link", "form", "object"}
    assert "http://" not in text
    assert "https://" not in text
    assert any(attrs.get("http-equiv") == "Content-Security-Policy" for _, attrs in parsed.tags)


def test_the_page_can_be_read_by_everybody(parsed, text):
    tags = parsed.tags
    assert dict(tags)["html"]["lang"] == "en"
    assert [tag for tag, _ in tags].count("h1") == 1
    assert {"main", "header", "footer", "title"} <= {tag for tag, _ in tags}
    assert all(attrs.get("scope") in {"row", "col"} for tag, attrs in tags if tag == "th")
    assert [tag for tag, _ in tags].count("caption") == [tag for tag, _ in tags].count("table")
    ids = {attrs["id"] for _, attrs in tags if "id" in attrs}
    anchors = {attrs["href"][1:] for tag, attrs in tags if tag == "a" and attrs["href"].startswith("#")}
    assert anchors <= ids
    assert 'class="skip"' in text
    assert "@media print" in text


def contrast(one, other):
    """WCAG 2: 4.5 and more can be read."""

    def light(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_can_be_read(text):
    colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", text))
    for ink in ("ink", "soft", "accent"):
        assert contrast(colors[ink], "#ffffff") >= 4.5
        assert contrast(colors[ink], colors["tint"]) >= 4.5


def test_what_the_policy_says_cannot_become_markup(desk, figures):
    hostile = msgspec.structs.replace(figures, overview="<script>alert(1)</script>", organisations=('"><img src=x>',))
    text = page.html(hostile)
    assert "<script>alert" not in text
    assert "<img" not in text


def test_the_json_beside_it_has_the_same_figures(figures, tmp_path):
    page.write(figures, tmp_path / "public")
    told = json.loads((tmp_path / "public" / "transparency.json").read_bytes())
    assert told == json.loads(msgspec.json.encode(figures))
    assert sorted(file.name for file in (tmp_path / "public").iterdir()) == ["index.html", "transparency.json"]


def test_a_broken_chain_is_told_to_the_public(desk, figures):
    broken = msgspec.structs.replace(figures, audit=msgspec.structs.replace(figures.audit, intact=False))
    assert "CHAIN BROKEN" in page.html(broken)


def test_an_empty_desk_has_a_page_too(tmp_path):
    empty = Desk(tmp_path)
    with empty.store.read() as connection:
        figures = collect(connection, empty.policy, NOW_MS)
    assert "none yet" in page.html(figures)
    assert (figures.vehicles, figures.audit.rows, figures.audit.intact) == (0, 0, True)
    empty.store.close()


def test_the_page_tells_who_receives_sightings_by_the_host_alone(desk, text):
    assert "<h2>Systems that receive sightings</h2>\n<p>None.</p>" in text
    adapters = (
        AdapterSettings(format="openalpr", url="https://alpr.example:8443/secret?key=7", token_file="alpr-token"),  # noqa: S106 — a name
        AdapterSettings(format="frigate"),
    )
    with desk.store.read() as connection:
        told = collect(connection, msgspec.structs.replace(desk.policy, adapters=adapters), NOW_MS)
    shown = html.unescape(page.html(told)) + page.json(told).decode()
    assert "alpr.example, by OpenALPR’s webhook" in shown
    assert "this department's own broker, by Frigate’s MQTT messages" in shown
    assert not {"secret", "8443", "alpr-token"} & set(re.findall(r"[\w-]+", shown))
