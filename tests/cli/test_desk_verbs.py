"""The desk as a person types it: the verbs through `main`, on a real store."""

import argparse
import importlib
import json
import re
import shlex
import time

import pytest

from edge.cli.main import main
from edge.desk import audit
from edge.desk.hotlists.watch import Watch
from edge.desk.intake import Intake
from edge.desk.store import open_store
from edge.login import login
from edge.settings.policy_rules import load_policy
from tests.desk.builders import ROOT, ncic_line, payload, sighting, topic

WHO = ["--by", "B. Officer", "--agency", "Hesston KS PD"]
WHY = ["--purpose", "stolen-vehicle", "--reason", "Blue pickup seen leaving the farm store break-in"]


class Station:
    """A folder with a policy, a store and what the verbs say."""

    def __init__(self, folder, capsys, **replaced):
        text = (ROOT / "config" / "policy.yaml").read_text()
        text = text.replace("sqlite:////var/lib/plate-desk/desk.db", f"sqlite:///{folder}/desk.db")
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        self.folder, self.capsys = folder, capsys
        self.config = folder / "policy.yaml"
        self.config.write_text(text)

    def __call__(self, *words, code=0):
        assert main([*map(str, words), "--config", str(self.config)]) == code, self.capsys.readouterr()
        return self.capsys.readouterr()

    def refused(self, *words):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, words), "--config", str(self.config)])
        assert ended.value.code in (1, 2)
        return self.capsys.readouterr().err

    def drive_by(self, *plates, age_ms=1000, **seen):
        policy = load_policy(self.config)
        store = open_store(policy.store.url)
        watch = Watch(policy.hotlists)
        now_ms = time.time_ns() // 1_000_000
        with store.read() as connection:
            watch.refresh(connection, now_ms)
        intake = Intake(store, policy, watch)
        for number, text in enumerate(plates):
            one = sighting(text, number=number, at_ms=now_ms - age_ms, **seen)
            assert intake.take(topic(), payload(one), now_ms).result == "stored"
        store.close()

    def acts(self):
        store = open_store(load_policy(self.config).store.url)
        with store.read() as connection:
            found = [(row.act, row.outcome) for row in audit.rows(connection)]
        store.close()
        return found

    def listed(self, *plates):
        file = self.folder / "list.txt"
        file.write_text("HEADER\n" + "\n".join(ncic_line(plate, "KS", style="PK", color="WHI") for plate in plates))
        return file


@pytest.fixture
def desk(tmp_path, capsys):
    return Station(tmp_path, capsys)


def hit_id(desk):
    return json.loads(desk("hits", "--json").out.splitlines()[0])["hit"]["id"]


def test_from_list_to_verdict(desk):
    said = desk("hotlist", "install", desk.listed("128ABC", "UNKNOWN"), "--list", "ncic", *WHO).out
    assert "ncic version 1 is in force: 1 entry" in said
    assert "left out: 1 junk" in said
    desk.drive_by("12BABC", "999ZZZ")
    shown = desk("hits").out
    assert "UNVERIFIED" in shown
    assert "B read for 8 at 3" in shown
    assert "POSSIBLE" in shown
    given = desk("verdict", hit_id(desk)[:8], "--misread", "--reason", "Looked at the plate on Main Street", *WHO).out
    assert "misread (revision 1)" in given
    given = desk("verdict", hit_id(desk)[:8], "--correct", "--reason", "Looked a second time, it is an 8", *WHO).out
    assert "correct (revision 2, supersedes revision 1)" in given
    assert "verdict: correct (B. Officer)" in desk("hits").out
    assert [act for act, _ in desk.acts()].count("verdict") == 2


def test_a_verdict_needs_a_person_an_agency_and_a_reason(desk):
    desk("hotlist", "install", desk.listed("123ABC"), "--list", "ncic", *WHO)
    desk.drive_by("123ABC")
    one = hit_id(desk)
    assert (
        "no such agency"
        in desk(
            "verdict",
            one,
            "--correct",
            "--reason",
            "I looked at it",
            "--by",
            "X. Y",
            "--agency",
            "Elsewhere PD",
            code=1,
        ).err
    )
    assert "--reason" in desk("verdict", one, "--correct", "--reason", "ok", *WHO, code=1).err
    assert "no such hit" in desk("verdict", "0" * 32, "--correct", "--reason", "I looked at it", *WHO, code=1).err
    assert "hit is named by" in desk("verdict", "%", "--correct", "--reason", "I looked at it", *WHO, code=1).err


def test_a_wrong_list_is_refused_with_its_line_numbers(desk):
    file = desk.listed("123ABC")
    file.write_text(file.read_text() + "\nSMITH, JOHN\n")
    for verb in (("install", file, "--list", "ncic", *WHO), ("check", file, "--list", "ncic")):
        said = desk("hotlist", *verb, code=1).err
        assert f"{file}:3: " in said
        assert "SMITH" not in said
    assert "policy has no list" in desk("hotlist", "check", file, "--list", "custom", code=2).err
    assert "No such file" in desk("hotlist", "check", file.with_name("none"), "--list", "ncic", code=1).err


def test_lists_are_listed_and_removed(desk):
    desk("hotlist", "install", desk.listed("123ABC"), "--list", "ncic", *WHO)
    assert json.loads(desk("hotlist", "list", "--json").out)["condition"] == "fresh"
    assert "ncic" in desk("hotlist", "list").out
    desk("hotlist", "remove", "ncic", "--reason", "The agreement has ended", *WHO)
    assert "ncic" not in desk("hotlist", "list").out


def test_a_local_entry_needs_two_persons(tmp_path, capsys):
    desk = Station(tmp_path, capsys, **{"enabled: false": "enabled: true"})
    added = ("--plate", "123 ABC", "--state", "KS", "--case", "26-0042", *WHO)
    assert "entry 1 waits" in desk("hotlist", "add", *added).out
    assert "must be another" in desk("hotlist", "approve", "1", *WHO, code=1).err
    desk("hotlist", "approve", "1", "--by", "C. Sergeant", "--agency", "Hesston KS PD")
    desk.drive_by("123ABC")
    assert "local" in desk("hits").out
    desk("hotlist", "withdraw", "1", *WHO)


def test_a_search_is_answered_as_a_table_and_as_json(desk):
    desk.drive_by("123ABC", "I23ABC", "999ZZZ")
    shown = desk("search", "--plate", "123ABC", *WHY, *WHO)
    assert "exact" in shown.out
    assert "confusable" in shown.out
    assert "recorded as row" in shown.err
    found = [
        json.loads(line) for line in desk("search", "--plate", "1*C", "--exact", *WHY, *WHO, code=1).out.splitlines()
    ]
    assert found == []
    found = [
        json.loads(line)["plate"]
        for line in desk("search", "--plate", "12*C", "--exact", "--json", *WHY, *WHO).out.splitlines()
    ]
    assert found == ["123ABC"]


def test_a_refused_search_says_everything_that_is_wrong_and_is_recorded(desk):
    said = desk(
        "search",
        "--plate",
        "*",
        "--purpose",
        "personal",
        "--reason",
        "check",
        "--by",
        "X. Y",
        "--agency",
        "ICE",
        code=1,
    )
    for part in ("no such agency", "prohibits this purpose", "a reason has at least", "pins down"):
        assert part in said.err
    assert said.out == ""
    assert desk.acts()[-1][0] == "search refused"


def test_a_search_without_reason_or_purpose_is_refused_and_recorded_too(desk):
    said = desk("search", "--plate", "123ABC", *WHO, code=1).err
    assert "a reason is missing" in said
    assert "the purpose is not one of the policy's" in said
    assert "refused" in desk("audit", "tail", *WHO).out


def test_a_search_that_finds_nothing_says_so_without_an_empty_table(desk):
    said = desk("search", "--plate", "123ABC", *WHY, *WHO)
    assert said.out == ""
    assert "0 sightings, recorded as row" in said.err


def test_only_the_audits_readers_see_what_was_searched_for(tmp_path, capsys):
    desk = Station(tmp_path, capsys)
    desk("search", "--plate", "QQQ777", *WHY, *WHO)
    shown = desk("audit", "tail", *WHO).out
    assert "QQQ777" not in shown
    assert "farm store" in shown
    text = desk.config.read_text()
    desk.config.write_text(text.replace("readers: []", f"readers: [{login()}]"))
    assert "QQQ777" in desk("audit", "tail", *WHO).out
    assert desk.acts()[-1][0] == "audit read"


def test_the_chain_is_verified_against_a_head_that_somebody_kept(desk):
    desk("search", "--plate", "QQQ777", *WHY, *WHO)
    head = desk("audit", "verify").out.split("head ")[1].strip()
    assert "the chain is whole, and with 1 head kept outside" in desk("audit", "verify", "--head", head).out
    forged = head.split(":")[0] + ":" + "0" * 64
    assert "rewritten" in desk("audit", "verify", "--head", forged, code=1).err
    assert "no head of the chain" in desk.refused("audit", "verify", "--head", "nonsense")


def test_the_weekly_report_names_who_asks_for_one_plate_again_and_again(desk):
    for _ in range(4):
        desk("search", "--plate", "QQQ777", *WHY, *WHO)
    desk("search", "--plate", "QQQ777", "--purpose", "immigration", *WHY[2:], *WHO, code=1)
    shown = desk("audit", "report", "--week").out
    assert "B. Officer (Hesston KS PD) asked for one plate 5 times: rows 1, 2, 3, 4, 5" in shown
    assert "prohibited purposes were asked for: rows 5" in shown
    assert "QQQ777" not in shown
    assert json.loads(desk("audit", "report", "--json").out)["searches_by_agency"] == {"Hesston KS PD": 4}
    assert "write it as 2026-W47" in desk.refused("audit", "report", "--week", "soon")


def test_the_log_is_exported_and_that_is_recorded(desk, tmp_path):
    desk("search", "--plate", "QQQ777", *WHY, *WHO)
    desk("audit", "export", "-o", tmp_path / "log.jsonl", "--reason", "Quarterly review", *WHO)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["act"] for row in rows] == ["search", "export"]
    assert "QQQ777" not in (tmp_path / "log.jsonl").read_text()
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o077 == 0


def test_a_state_that_was_read_unsurely_is_said_to_be(desk):
    desk("hotlist", "install", desk.listed("123ABC"), "--list", "ncic", *WHO)
    desk.drive_by("123ABC", region_confidence=0.53)
    assert "state not known: it was read with 53%" in desk("hits").out


def test_a_hit_says_why_it_is_no_alert_and_what_contradicts_and_the_log_says_which(desk):
    desk.folder.joinpath("list.txt").write_text(f"HEADER\n{ncic_line('123ABC', 'KS', style='4D', color='BLK')}")
    desk("hotlist", "install", desk.folder / "list.txt", "--list", "ncic", *WHO)
    desk.drive_by("123ABC", age_ms=20 * 60_000)
    shown = desk("hits").out
    assert "told of it more than ten minutes late" in shown
    assert "CONTRADICTS THE LIST'S sedan" in shown
    assert "CONTRADICTS THE LIST'S black" in shown
    assert f"hit {hit_id(desk)}" in desk("audit", "tail", *WHO).out


def test_an_exhibit_is_exported_for_a_case_with_a_reason(desk, tmp_path):
    desk("hotlist", "install", desk.listed("123ABC"), "--list", "ncic", *WHO)
    desk.drive_by("123ABC")
    one, file = hit_id(desk), tmp_path / "exhibit.json"
    why = ("--reason", "Stolen pickup recovered on Old 81, charged", *WHO)
    assert "belongs to a case" in desk("hits", "--export", one, "-o", file, *why, code=1).err
    assert desk.acts()[-1] == ("export", "refused")
    desk("hits", "--export", one, "-o", file, "--case", "26-0042", *why)
    exhibit = json.loads(file.read_text())
    assert exhibit["hit"]["read"]["text"] == "123ABC"
    assert exhibit["sighting"]["id"] == exhibit["hit"]["sighting"]
    assert desk.acts()[-1] == ("export", "done")


def test_the_public_page_is_written(desk, tmp_path):
    desk.drive_by("123ABC", None)
    desk("transparency", "-o", tmp_path / "public")
    page = json.loads((tmp_path / "public" / "transparency.json").read_text())
    assert (page["vehicles"], page["plates_read"], page["cameras"]) == (2, 1, 2)
    assert "<script" not in (tmp_path / "public" / "index.html").read_text()


def test_broker_files_are_written(desk, tmp_path):
    said = desk("desk", "--broker-files", tmp_path / "broker").out
    assert "/etc/mosquitto/mosquitto.conf" in said
    assert "user north" in (tmp_path / "broker" / "acl").read_text()


def test_a_wrong_policy_is_refused_with_lines(desk, capsys):
    desk.config.write_text(desk.config.read_text().replace("file_codes: [A,", "file_codes: [N,"))
    assert main(["hotlist", "list", "--config", str(desk.config)]) == 2
    said = capsys.readouterr().err
    assert "Immigration" in said
    assert "policy.yaml:" in said


def test_a_store_that_cannot_be_opened_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    desk = Station(tmp_path, capsys, **{f"sqlite:///{tmp_path}/desk.db": f"sqlite:///{tmp_path}/file/desk.db"})
    assert "the desk's user must be able to write there" in desk.refused("hotlist", "list")


def documented():
    text = (ROOT / "docs" / "desk.md").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^    plate-reader (.+?)(?: +#.*)?$", text, re.MULTILINE)


@pytest.mark.parametrize("line", documented())
def test_every_documented_command_can_be_typed(line):
    verb, *words = shlex.split(line)
    module = importlib.import_module(f"edge.cli.{verb}")
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    parser.parse_args(words)


@pytest.mark.parametrize("verb", ["desk", "hotlist", "hits", "verdict", "search", "audit", "transparency"])
def test_every_verb_explains_itself_without_opening_anything(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert "usage: plate-reader" in capsys.readouterr().out
