"""The same sessions in PostgreSQL and in SQLite: equal rows, equal answers, no password told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.cli import tinyrunner
from support.report.histories import entry
from support.report.postgres import PASSWORD, server
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.export.history.database import connect
from tinyrunner.runner.export.history.gate import Asked, gate
from tinyrunner.runner.export.history.store import History, Wanted
from tinyrunner.runner.export.history.trend import trends


@pytest.fixture(scope="module")
def url():
    pytest.importorskip("psycopg")
    with server() as running:
        yield running.url


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("TINYRUNNER_HISTORY_PASSWORD", PASSWORD)


ODD = [
    entry(200, {"board": "µ “h7”"}, device="a\0b\udce9", iterations=1 << 40, latency_s=0.1 + 0.2),
    entry(201, {"note": "it's 100 %"}, supply_v=5e-324, latency_s=float("nan"), violations=1 << 70),
    entry(202, session_id=None, mode=None, simulated=None, task="?"),
    entry(203, mode="accuracy", accuracy=0.9, reason="; ".join(["so much is not valid"] * 400)),
]


def entries():
    noise = np.random.default_rng(5).normal(size=60)
    latencies = 0.010 * (1 + 0.002 * noise) * np.where(np.arange(60) < 45, 1.0, 1.02)
    return [
        entry(
            number,
            {"commit": f"C{number}" if number % 2 else f"c{number}", "branch": "main"},
            latency_s=float(latency),
            simulated=number % 10 == 9,
        )
        for number, latency in enumerate(latencies)
    ]


def answers(place):
    """All that a history answers, of histories that were asked and told the same."""
    history = History.open(place, create=True)
    added = history.add([*entries(), *ODD])
    added += history.add([entry(3), entry(4, {"compiler": "gcc"}), entry(5, content="f" * 64)])
    drawn = [each.to_json() for each in trends(history, Wanted())]
    candidates = [entry(300, {"branch": "main"}, latency_s=0.0106), entry(301, mode="accuracy")]
    gated = [each.to_json() for each in gate(history, candidates, Asked({"branch": "main"}))]
    told = (
        added,
        history.sessions(),
        history.sessions(Wanted(labels={"branch": "main", "commit": "C7"})),
        history.sessions(Wanted(board="µ “h7”"), last=3),
        history.known("board"),
        history.known_labels(most=7),
        history.count(),
        drawn,
        gated,
        sorted(history.by_content([f"{n:064x}" for n in range(0, 60, 7)])),
    )
    history.close()
    return told


def test_the_same_sessions_are_equal_rows_and_equal_answers(tmp_path, url):
    in_sqlite, in_postgres = answers(str(tmp_path / "h.db")), answers(url)
    for one, other in zip(in_sqlite, in_postgres, strict=True):
        assert one == other
    assert len(in_sqlite[1]) == 64


def test_the_command_line_keeps_a_history_there_and_never_tells_the_password(
    tmp_path, url, monkeypatch
):
    from support.sessions import for_reports

    session = for_reports.performance(tmp_path / "s", [12.0] * 5, session_id="20250101000000")
    ran = tinyrunner("history", "add", session, "--db", url, "--tag", "commit=abc")
    assert (ran.status, ran.out.split(": ")[1]) == (0, "1 added\n")
    assert "postgresql://ci@127.0.0.1" in ran.out
    listed = tinyrunner("history", "list", "--db", url, "--tag", "commit=abc", "--json").json
    assert [one["session_id"] for one in listed] == ["20250101000000"]
    monkeypatch.setenv("TINYRUNNER_HISTORY_PASSWORD", "wr0ng s3cret")
    wrong = tinyrunner("history", "list", "--db", url)
    assert wrong.status == 2
    said = " ".join(wrong.err.split())
    assert 'password authentication failed for user "ci"' in said
    assert "its password is read from $TINYRUNNER_HISTORY_PASSWORD" in said
    missing = tinyrunner("history", "list", "--db", url.replace("/postgres", "/nowhere"))
    for told in (ran, wrong, missing):
        assert PASSWORD not in told.out + told.err
        assert "s3cret" not in told.out + told.err


def test_a_history_of_the_first_version_is_brought_up_to_this_one(url):
    """In SQLite `version_1.sql` is one; here what the second version brought is taken out."""
    history = History.open(url)
    history.add([entry(900, {"commit": "old"})])
    before = history.count()
    history.close()
    with connect(url, create=False).writing() as connection:
        connection.exec_driver_sql("ALTER TABLE sessions DROP COLUMN folder")
        connection.exec_driver_sql("UPDATE history_schema SET version = 1")
    history = History.open(url)
    (kept,) = history.sessions(Wanted(labels={"commit": "old"}))
    assert (kept.row, kept.folder, history.count()) == (entry(900).row, None, before)
    history.add([replace(entry(901), folder="/night/s")])
    assert history.sessions(last=1)[0].folder == "/night/s"
    history.close()


def test_a_database_that_is_not_there_is_named_with_how_it_is_made(url):
    with pytest.raises(SetupError, match=r'"nowhere" does not exist; see that .*createdb'):
        History.open(url.replace("/postgres", "/nowhere"))
