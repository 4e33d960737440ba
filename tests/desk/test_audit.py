import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from edge.desk import audit
from edge.desk.store import open_store

NOW_MS = 1_795_000_000_000


def entry(number, **changes):
    fields = {"act": "search", "who": f"Officer {number}", "agency": "Hesston KS PD", "query": "7*2?K", **changes}
    return audit.Entry(**fields)


def written(path, rows):
    store = open_store(f"sqlite:///{path}")
    for number in range(rows):
        with store.write() as connection:
            audit.append(connection, entry(number), NOW_MS + number)
    store.close()
    return path


def tampered(path, *statements):
    """What somebody with the file and sqlite3 can do: drop the triggers first."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER audit_keeps_update")
    connection.execute("DROP TRIGGER audit_keeps_delete")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def findings(path, published=()):
    store = open_store(f"sqlite:///{path}")
    with store.read() as connection:
        count, found = audit.verify(audit.rows(connection), audit.head(connection), published)
    store.close()
    return count, [(finding.number, finding.fault) for finding in found]


@pytest.fixture(scope="module")
def nine_rows(tmp_path_factory):
    return written(tmp_path_factory.mktemp("log") / "desk.db", 9)


@pytest.fixture
def log(nine_rows, tmp_path):
    return Path(shutil.copy(nine_rows, tmp_path))


@pytest.fixture(scope="module")
def chain(nine_rows):
    store = open_store(f"sqlite:///{nine_rows}")
    with store.read() as connection:
        rows, head = list(audit.rows(connection)), audit.head(connection)
    store.close()
    return rows, head


def test_an_untouched_log_verifies(log):
    assert findings(log) == (9, [])


def test_the_log_refuses_update_and_delete(log):
    store = open_store(f"sqlite:///{log}")
    for statement in ("UPDATE audit SET who='nobody'", "DELETE FROM audit"):
        with pytest.raises(IntegrityError, match="append-only"), store.write() as connection:
            connection.exec_driver_sql(statement)
    store.close()
    assert findings(log) == (9, [])


RENUMBER = "UPDATE audit SET number = number - 1 WHERE number > 5"
SWAP = (
    "UPDATE audit SET number = -3 WHERE number = 3",
    "UPDATE audit SET number = 3 WHERE number = 6",
    "UPDATE audit SET number = 6 WHERE number = -3",
)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(["UPDATE audit SET who='nobody' WHERE number=4"], [(4, "altered")], id="altered"),
        pytest.param(["UPDATE audit SET query='' WHERE number=9"], [(9, "altered")], id="altered_last"),
        pytest.param(["DELETE FROM audit WHERE number=5"], [(5, "removed")], id="removed"),
        pytest.param(["DELETE FROM audit WHERE number IN (1,2)"], [(1, "removed")], id="removed_first"),
        pytest.param(SWAP, [(3, "reordered"), (6, "reordered")], id="reordered"),
        pytest.param(["DELETE FROM audit WHERE number > 7"], [(8, "truncated")], id="truncated"),
        pytest.param(["DELETE FROM audit"], [(1, "truncated")], id="emptied"),
        pytest.param(["DELETE FROM audit_head"], [(9, "altered")], id="head_taken"),
    ],
)
def test_what_was_done_to_the_log_is_found_and_named(log, statements, expected):
    tampered(log, *statements)
    assert findings(log)[1] == expected


def test_a_row_removed_and_the_rest_renumbered_is_named(log):
    tampered(log, "DELETE FROM audit WHERE number=5", RENUMBER)
    assert (5, "removed") in findings(log)[1]


def test_a_row_with_a_fresh_hash_is_found_by_its_follower(chain):
    rows, head = list(chain[0]), chain[1]
    forged = replace(rows[3], who="nobody")
    rows[3] = replace(forged, hash=forged.expected_hash())
    assert [(f.number, f.fault) for f in audit.verify(rows, head)[1]] == [(4, "altered")]


def test_a_log_rewritten_whole_is_found_by_what_was_published(log, tmp_path):
    store = open_store(f"sqlite:///{log}")
    with store.read() as connection:
        published = audit.head(connection)
    store.close()
    forged = open_store(f"sqlite:///{tmp_path}/forged.db")
    for number in range(9):
        with forged.write() as connection:
            audit.append(connection, entry(number, who="nobody"), NOW_MS + number)
    forged.close()
    assert findings(tmp_path / "forged.db") == (9, [])
    assert findings(tmp_path / "forged.db", [published])[1] == [(9, "altered")]


def test_a_log_cut_with_its_head_is_found_by_what_was_published(chain):
    rows, published = chain[0][:7], chain[1]
    own = audit.Head(7, rows[-1].hash)
    assert audit.verify(rows, own) == (7, [])
    assert [(f.number, f.fault) for f in audit.verify(rows, own, [published])[1]] == [(8, "truncated")]


def failing(store):
    with store.write() as connection:
        audit.append(connection, entry(1), NOW_MS)
        raise RuntimeError


def test_an_act_that_fails_leaves_no_row(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/desk.db")
    with pytest.raises(RuntimeError):
        failing(store)
    with store.read() as connection:
        assert audit.head(connection) is None
    store.close()


@given(st.lists(st.text(max_size=600), min_size=1, max_size=20))
@settings(max_examples=1)
def test_any_reason_that_a_person_can_type_is_kept_and_verifies(tmp_path_factory, reasons):
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('log')}/desk.db")
    with store.write() as connection:
        for reason in (*reasons, "\x00", "\ud800", "\u202e", "x" * 9000):
            audit.append(connection, entry(1, reason=reason, query=reason, subject=reason), NOW_MS)
    with store.read() as connection:
        assert audit.verify(audit.rows(connection), audit.head(connection)) == (len(reasons) + 4, [])
    store.close()


@given(row=st.integers(0, 8), field=st.sampled_from(["at", "who", "agency", "act", "reason", "outcome", "query"]))
def test_no_single_field_can_be_changed_unseen(chain, row, field):
    rows, head = list(chain[0]), chain[1]
    rows[row] = replace(rows[row], **{field: getattr(rows[row], field) + "x"})
    assert [(f.number, f.fault) for f in audit.verify(rows, head)[1]] == [(row + 1, "altered")]


@given(st.permutations(range(9)))
def test_no_reordering_goes_unseen(chain, order):
    rows, head = chain
    moved = [replace(rows[origin], number=place) for place, origin in enumerate(order, start=1)]
    found = audit.verify(moved, head)[1]
    assert {f.number for f in found if f.fault == "reordered"} >= {
        place for place, origin in enumerate(order, start=1) if place != origin + 1
    }


@given(st.sets(st.integers(1, 9), min_size=1))
def test_no_removal_goes_unseen(chain, taken):
    rows, head = chain
    found = audit.verify([row for row in rows if row.number not in taken], head)[1]
    assert found
    assert found[0].number == min(taken)
