"""What is kept of sessions: once each, never two of one name, and found by what it is."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from support.report.histories import entry, filled
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.export.history.figures import Series
from tinyrunner.runner.export.history.store import Added, History, Wanted


@pytest.fixture
def place(tmp_path):
    return str(tmp_path / "deep" / "history.db")


@pytest.fixture
def history(place):
    opened = History.open(place, create=True)
    yield opened
    opened.close()


def test_a_row_comes_back_as_it_was_added(history):
    one = entry(
        3,
        {"commit": "abc", "branch": "main"},
        latency_s=0.1 + 0.2,
        supply_v=3.0,
        reason="µ – “quoted”; DROP TABLE sessions",
        iterations=1 << 40,
    )
    assert added(history, one) is Added.NEW
    (kept,) = history.sessions()
    assert (kept.row, kept.labels) == (one.row, one.labels)
    assert kept.content_sha256 == one.content_sha256
    assert kept.begun.isoformat() == one.row.created_utc


def added(history, one):
    (addition,) = history.add([one])
    return addition.added


def test_a_session_is_kept_once_and_its_labels_can_be_added_to(history):
    assert added(history, entry(1, {"commit": "a"})) is Added.NEW
    assert added(history, entry(1)) is Added.THERE
    assert added(history, entry(1, {"commit": "b", "branch": "main"})) is Added.RELABELLED
    (kept,) = history.sessions()
    assert kept.labels == {"commit": "b", "branch": "main"}
    assert added(history, entry(1, {"board": "h7", "compiler": "gcc"})) is Added.RELABELLED
    (series,) = history.series(Wanted(board="h7"))
    assert len(history.sessions(series=series)) == 1
    assert history.count() == 1


def test_another_content_of_a_session_is_refused_and_neither_is_changed(history):
    came = history.add(
        [
            entry(1, latency_s=1.0),
            entry(1, latency_s=2.0, content="f" * 64),
            entry(1, {"board": "second"}, latency_s=3.0, content="e" * 64),
            entry(1, mode="accuracy", content="d" * 64),
        ]
    )
    assert [each.added for each in came] == [Added.NEW, Added.REFUSED, Added.NEW, Added.NEW]
    assert "session 20260101000100 of acme-board, kws performance already" in came[1].reason
    assert sorted(str(one.row.latency_s) for one in history.sessions()) == ["1.0", "3.0", "None"]
    (refused,) = history.add([entry(1, {"board": "acme-board"}, content="e" * 64)])
    assert refused.added is Added.REFUSED
    assert len(history.sessions(Wanted(board="second"))) == 1


def test_what_no_server_holds_is_kept_as_text_or_as_nothing(history):
    one = entry(1, device="a\0b\udce9", iterations=1 << 70, latency_s=float("inf"))
    history.add([one])
    (kept,) = history.sessions()
    assert (kept.row.device, kept.row.iterations) == ("a\\x00b\\udce9", None)
    assert kept.row.latency_s is None


def test_sessions_are_found_by_what_they_are_and_the_newest_come_last(history, place):
    filled(place, [1.0] * 8)
    filled(place, [2.0] * 4, first=8, branch="topic", device="other")
    assert [one.row.latency_s for one in history.sessions(last=5)] == [1.0] + [2.0] * 4
    assert len(history.sessions(Wanted(labels={"branch": "main"}))) == 8
    assert len(history.sessions(Wanted(task="kws", board="other", mode="performance"))) == 4
    (found,) = history.sessions(Wanted(labels={"branch": "topic", "commit": "c9"}))
    assert found.labels == {"branch": "topic", "commit": "c9"}
    assert history.sessions(Wanted(labels={"branch": "none"})) == []
    assert history.known("board") == ["acme-board", "other"]
    assert history.known_labels(most=2)["commit"] == ["c11", "c10"]
    before = history.sessions(last=2, before_s=found.begun_s, without=[f"{8:064x}"])
    assert [one.labels["commit"] for one in before] == ["c6", "c7"]


def test_simulated_and_real_other_models_compilers_inputs_and_supplies_are_series_of_their_own(
    history,
):
    several = (
        entry(0),
        entry(1, simulated=True),
        entry(2, model_id="kws02"),
        entry(3, {"compiler": "gcc13"}),
        entry(4, mode="energy", monitor="LPM01A", supply_v=3.0),
        entry(5, mode="energy", monitor="LPM01A", supply_v=1.8),
        entry(6, mode="accuracy", inputs_sha256="ab"),
        entry(7, mode="accuracy", inputs_sha256="cd"),
    )
    history.add(several)
    alike = (entry(8, {"commit": "x", "branch": "y"}), entry(9, supply_v=3.0, inputs_sha256="e"))
    history.add(alike)
    found = history.series(Wanted())
    assert len(set(found)) == len(several)
    (plain,) = (s for s in found if s == Series("kws", "performance", "acme-board", False, "kws01"))
    assert len(history.sessions(series=plain)) == 1 + len(alike)


def test_no_question_reads_all_sessions_or_sorts_them(history, place):
    """What makes 100,000 of them quick: each statement finds its rows, in order, by an index.

    The seconds are measured by `tests/bench/history/speed.py`.
    """
    filled(place, [1.0] * 20)
    asked = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        (series,) = history.series(Wanted(task="kws", board="acme-board"))
        history.sessions(last=5)
        history.sessions(Wanted(labels={"branch": "main"}), last=5)
        history.sessions(series=series, last=5)
        history.sessions(Wanted(labels={"branch": "main"}), series=series, last=5, before_s=2e9)
        history.by_content([f"{3:064x}"])
        history.add([entry(50, {"branch": "main"})])
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    read = [(text, told) for text, told in asked if text.startswith("SELECT")]
    assert len(read) > 10
    with closing(sqlite3.connect(place)) as file:
        for statement, told in read:
            plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {statement}", told)]
            steps = [step for step in plan if "sessions" in step or "B-TREE" in step]
            assert all("USING" in step for step in steps if "SCAN" in step), (statement, plan)
            assert not any("sessions" in statement and "B-TREE" in step for step in steps), plan


def test_programs_that_add_at_once_lose_nothing(place):
    """The first of them makes the tables; of one session that all of them add, one row stays."""
    opened, failed = [], []

    def work(number):
        try:
            history = History.open(place, create=True)
            opened.append(history)
            for at in range(number, 40, 4):
                history.add([entry(at)])
                history.add([entry(100)])
        except Exception as error:  # noqa: BLE001, a thread's error is the test's
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert opened[0].count() == 41


def test_a_history_that_is_not_there_is_not_made_by_looking(place, tmp_path):
    with pytest.raises(SetupError, match=r"no history .*history\.db yet: `tinyrunner history add"):
        History.open(place)
    assert not (tmp_path / "deep").exists()


def test_a_newer_schema_is_refused_and_left_alone(history, place):
    history.add([entry(1)])
    with closing(sqlite3.connect(place)) as file:
        file.execute("UPDATE history_schema SET version = 99")
        file.commit()
        before = list(file.iterdump())
    with pytest.raises(SetupError, match="has schema version 99, and this tinyrunner knows"):
        History.open(place, create=True)
    with closing(sqlite3.connect(place)) as file:
        assert list(file.iterdump()) == before


def made_of(place):
    """What a database is made of: its indexes, and of each table the columns with their types."""
    with closing(sqlite3.connect(place)) as file:
        names = [name for (name,) in file.execute("SELECT name FROM sqlite_master ORDER BY name")]
        return {
            name: sorted(row[1:] for row in file.execute(f"PRAGMA table_info({name})"))
            for name in names
        }


def test_a_history_of_the_first_version_becomes_one_of_this_and_keeps_its_rows(tmp_path):
    """`version_1.sql` was written by the program of that time."""
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    with closing(sqlite3.connect(old)) as file:
        file.executescript(Path(__file__).with_name("version_1.sql").read_text("utf-8"))
    History.open(str(old)).close()
    History.open(str(fresh), create=True).close()
    assert made_of(old) == made_of(fresh)
    history = History.open(str(old))
    first, second = history.sessions()
    assert (first.row.latency_s, first.labels) == (0.0125, {"branch": "main", "commit": "a"})
    assert (second.row.supply_v, second.row.simulated, second.folder) == (3.0, True, None)
    assert added(history, entry(1)) is Added.THERE
    assert added(history, replace(entry(3), folder="/night/s3")) is Added.NEW
    assert history.sessions(last=1)[0].folder == "/night/s3"


def test_somebody_elses_database_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough\n" * 40)
    with pytest.raises(SetupError, match=r"text\.db cannot be opened: file is not a database"):
        History.open(str(tmp_path / "text.db"), create=True)
    with closing(sqlite3.connect(tmp_path / "other.db")) as file:
        file.execute("CREATE TABLE bookmarks (id)")
    with pytest.raises(SetupError, match=r"holds tables that are no history \(bookmarks\)"):
        History.open(str(tmp_path / "other.db"), create=True)
    with pytest.raises(SetupError, match="is a folder; name a file"):
        History.open(str(tmp_path), create=True)


def test_a_history_that_another_program_holds_is_to_be_tried_again(tmp_path, monkeypatch):
    place = tmp_path / "held.db"
    History.open(str(place), create=True)
    monkeypatch.setattr("tinyrunner.runner.export.history.database._PATIENCE_S", 0)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SetupError, match="database is locked; another program is writing it"):
            History.open(str(place))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ci:s3cret@lab/db", "holds a password: take it out"),
        ("postgresql://ci@lab/db?password=s3cret", "holds a password: take it out"),
        ("postgresql://ci:s3cret@lab:port/db", "cannot be read; expected postgresql://USER@HOST"),
        ("mysql://ci@lab/db", "no history is kept in mysql; there are sqlite and postgresql"),
        ("sqlite://", "names no file"),
        ("postgresql:/ci:s3cret@lab/db", "cannot be read; expected postgresql://USER@HOST"),
        ("postgresql//ci:s3cret@lab/db", "cannot be read; expected postgresql://USER@HOST"),
        ("ci:s3cret@lab/db", "cannot be read; expected postgresql://USER@HOST"),
    ],
)
def test_a_url_that_is_of_no_use_is_refused_without_telling_what_may_be_secret(url, said):
    with pytest.raises(SetupError) as caught:
        History.open(url, create=True)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_the_password(monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("TINYRUNNER_HISTORY_PASSWORD", "s3cret")
    with pytest.raises(SetupError) as caught:
        History.open("postgresql://ci@127.0.0.1:1/lab?application_name=s3cret")
    text = str(caught.value)
    assert "postgresql://ci@127.0.0.1:1/lab cannot be opened" in text
    assert "see that the server runs" in text
    assert "s3cret" not in text
