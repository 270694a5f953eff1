"""`tinyrunner history` on sessions in folders: added, listed, drawn, gated."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.cli import Terminal, tinyrunner
from support.report.browser import chromium
from support.report.histories import entry, filled
from support.report.junit_rules import properties, read_junit
from support.sessions import for_reports
from tinyrunner.runner.export.history.database import HistoryError
from tinyrunner.runner.export.history.run_recorder import Keeper


@pytest.fixture
def db(tmp_path, monkeypatch):
    """The default history, in a folder that is not there yet."""
    place = tmp_path / "data" / "history.db"
    monkeypatch.setenv("TINYRUNNER_HISTORY", str(place))
    return place


def session(folder, number: int, runtime_s: float = 12.0):
    """A performance session of its own second: 15 ms an inference, unless told otherwise."""
    begun = f"2026-01-{number:02}"
    return for_reports.performance(
        folder / f"s{number}",
        [runtime_s, runtime_s * 1.0001, runtime_s, runtime_s, runtime_s],
        session_id=f"202601{number:02}000000",
        created=f"{begun}T00:00:00+00:00",
    )


def test_sessions_are_added_listed_drawn_and_gated(tmp_path, db):
    for number in range(1, 9):
        session(tmp_path / "night", number)
    tags = ("--tag", "commit=3f2a91c", "--tag", "branch=main", "--tag", "board=h7")
    first = tinyrunner("history", "add", tmp_path / "night", *tags)
    assert (first.status, first.out) == (0, f"{db}: 8 added\n")
    again = tinyrunner("history", "add", tmp_path / "night", "--json")
    assert again.json == {
        "history": str(db), "new": 0, "there": 8, "relabelled": 0, "refused": 0, "reasons": [],
    }  # fmt: skip

    listed = tinyrunner("history", "list", "kws", "--board", "h7", "--last", 3)
    assert [line.split()[0] for line in listed.out.splitlines()[1:4]] == [
        "2026-01-06", "2026-01-07", "2026-01-08",
    ]  # fmt: skip
    assert "15.000 ms" in listed.out or "15 ms" in listed.out
    assert "3f2a91c" in listed.out
    assert f"3 of 8 sessions in {db}" in listed.out
    (row,) = tinyrunner("history", "list", "--last", 1, "--json").json
    assert row["latency_s"] == pytest.approx(0.015)
    assert row["labels"] == {"board": "h7", "branch": "main", "commit": "3f2a91c"}

    slower = session(tmp_path, 20, 12.3)
    asked = ("--baseline", "branch=main", "--last", 20)
    regressed = tinyrunner("history", "gate", slower, *asked, "--tag", "board=h7", "--json")
    assert regressed.status == 3
    (figure,) = regressed.json["figures"]
    assert (figure["verdict"], figure["baseline"]) == ("regression", 8)
    assert figure["change"] == pytest.approx(0.3 / 800, rel=1e-2)
    files = ("--junit", tmp_path / "gate.xml")
    told = tinyrunner("history", "gate", slower, *asked, "--tag", "board=h7", *files)
    (suite,) = read_junit((tmp_path / "gate.xml").read_text("utf-8"))
    assert suite.get("failures") == "1"
    assert properties(suite).keys() >= {"value", "level", "change", "baseline"}
    assert suite.find("testcase/failure").get("type") == "regression"
    shown = tinyrunner("history", "gate", slower, *asked, "--tag", "board=h7", "--markdown")
    assert shown.status == 3
    assert shown.out.splitlines()[2].startswith("| **regression** | h7 kws performance | latency |")
    assert told.out.startswith("regression: h7 kws performance, latency: 15.375 ms: +2.50 % from")
    same = session(tmp_path, 21)
    passed = tinyrunner("history", "gate", same, *asked, "--tag", "board=h7")
    assert (passed.status, passed.out.split(":")[0]) == (0, "no regression")
    other = ("history", "gate", same, *asked, "--tag", "board=f4")
    assert (tinyrunner(*other).status, tinyrunner(*other, "--require-baseline").status) == (0, 3)
    assert "with 0 sessions of the baseline: not enough" in tinyrunner(*other).out
    assert len(tinyrunner("history", "list", "--json").json) == 8  # a gate writes nothing


def test_a_list_fits_a_terminal_of_80_columns_and_has_few_in_a_pipe(tmp_path, db):
    board = {"device": "nucleo-h7a3zi", "simulated": True}
    energy = {"mode": "energy", "energy_per_inference_j": 3.1934125}
    filled(str(db), [0.02] * 3, **board)
    filled(str(db), [0.02], 3, branch="features/int4", **board, **energy)
    piped = tinyrunner("history", "list").out.splitlines()
    assert piped[0].split() == [
        "begun", "board", "task", "mode", "figure", "verdict", "commit", "branch",
    ]  # fmt: skip
    assert "3193412 µJ/inf." in piped[-2]
    assert {line.index("features/int4") for line in piped if "int4" in line} == {
        piped[0].index("branch")
    }
    assert max(map(len, piped[:-1])) <= 105
    shown = Terminal("history", "list", "--db", db, columns=80)
    assert shown.end() == 0
    lines = shown.shown.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[1].split()[-4:] == ["20", "ms", "simulated", "c0"]


def test_a_session_that_was_changed_after_it_was_added_is_refused_and_the_others_are_added(
    tmp_path, db
):
    night = tmp_path / "night"
    session(night, 1)
    tinyrunner("history", "add", night)
    shutil.rmtree(night / "s1")
    session(night, 1, 13.0)
    session(night, 2)
    ran = tinyrunner("history", "add", night)
    assert ran.status == 1
    assert ran.out == f"{db}: 1 added, 1 refused\n"
    assert "refused: s1: the history holds session 20260101000000 of acme-board" in ran.err
    shutil.rmtree(night / "s1")
    assert tinyrunner("history", "add", night).status == 0


def test_a_session_that_cannot_be_judged_is_kept_with_the_reason_and_shuts_the_gate(tmp_path, db):
    filled(str(db), [0.015] * 8)
    broken = session(tmp_path, 2)
    log = broken / "log.txt"
    log.write_text(log.read_text()[:300])
    assert tinyrunner("history", "add", broken).status == 0
    listed = tinyrunner("history", "list", "--last", 10, "--json").json
    (row,) = (one for one in listed if one["session"] == "s2")
    assert row["verdict"] == "not valid"
    assert row["reason"]
    gated = tinyrunner("history", "gate", broken)
    assert gated.status == 3
    assert f"s2 cannot be judged: {row['reason'][:40]}" in gated.out


def test_a_run_keeps_its_session_and_opens_the_history_before_it_begins(tmp_path, db, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = ("run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", "demo", "-q")
    run += ("--for", "development", "--tag", "commit=abc")
    for place, said in ((tmp_path, "is a folder; name a file"), (None, "give --history as well")):
        history = () if place is None else ("--history", place)
        refused = tinyrunner(*run, *history)
        assert refused.status == 2
        assert said in refused.err.replace("\n", " ")
    assert not (tmp_path / "sessions").exists()
    ran = tinyrunner(*run, "--history", "default", "--json")
    assert ran.status == 0, ran
    (kept,) = tinyrunner("history", "list", "--json").json
    assert (kept["folder"], kept["labels"]) == (ran.json["session"], {"commit": "abc"})
    assert kept["throughput_per_s"] == pytest.approx(ran.json["performance"]["median_throughput"])
    assert kept["simulated"] is True


def test_what_a_run_measured_and_cannot_keep_is_told_with_how_to_keep_it_later(tmp_path, db):
    keeper = Keeper.open("default", [])
    keeper.keep([session(tmp_path, 1)])
    other = session(tmp_path / "other", 1, 13.0)
    with pytest.raises(HistoryError) as caught:
        keeper.keep([other])
    assert "with another content" in str(caught.value)
    assert f"`tinyrunner history add {other}` adds it later" in str(caught.value)


def test_a_trend_names_the_commit_that_changed_the_level(db):
    filled(str(db), [0.0100] * 30)
    kept = filled(str(db), [0.0102] * 10, first=31)
    kept.add([entry(30, {"branch": "main", "commit": "3f2a91c8" * 5}, latency_s=0.0102)])
    drawn = tinyrunner("history", "trend", "kws", "--board", "acme-board", "--mode", "performance")
    lines = drawn.out.splitlines()
    assert lines[0] == "acme-board kws performance: latency (ms)"
    assert max(map(len, lines)) <= 100
    assert "  a 2026-01-01 commit 3f2a91c83f2a: +2.00 %, 10 ms to 10.2 ms, worse" in lines
    (picture,) = [line for line in lines if line.startswith(" " * 12) and line.strip() == "a"]
    assert picture.index("a") == 12 + 30
    (plain,) = tinyrunner("history", "trend", "--json").json
    assert [change["commit"] for change in plain["changes"]] == ["3f2a91c8" * 5]
    assert (plain["unit"], len(plain["points"])) == ("s", 41)


def test_a_page_of_trends_draws_each_in_a_browser_and_replaces_no_other_file(tmp_path, db):
    levels = np.where(np.arange(60) < 40, 0.0100, 0.0102)
    noise = 1 + 0.001 * np.random.default_rng(3).normal(size=60)
    history = filled(str(db), (levels * noise).tolist(), device="</script><b>µ")
    history.add([entry(100 + n, mode="accuracy", accuracy=0.9) for n in range(3)])
    page, other = tmp_path / "trend.html", tmp_path / "other.html"
    other.write_text("mine")
    refused = tinyrunner("history", "trend", "--html", other, "--force")
    assert (refused.status, other.read_text()) == (2, "mine")
    assert tinyrunner("history", "trend", "kws", "--html", page).status == 0
    assert tinyrunner("history", "trend", "kws", "--html", page).status == 2
    with chromium(tmp_path / "profile", width=900, height=1200) as browser:
        browser.open(page)
        (first, _) = browser.driver.find_elements("css selector", ".plot")
        browser.point(first, 0.97, 0.5)
        circles, marks, told, titles = browser.run(
            "return [document.querySelectorAll('.plot circle').length,"
            " document.querySelectorAll('.plot .lost').length,"
            " document.querySelector('.told').textContent,"
            " [...document.querySelectorAll('h2')].map(each => each.textContent)]"
        )
        assert browser.complaints() == []
    assert (circles, marks) == (63, 1)
    assert told.startswith("2026-01-01 commit c59: 10.")
    assert titles == [
        "</script><b>µ kws performance: latency (ms)",
        "acme-board kws accuracy: accuracy",
    ]
    assert "c40" in page.read_text("utf-8")


def test_what_matches_nothing_is_said_with_what_there_is(db):
    none = tinyrunner("history", "list")
    assert none.status == 2
    assert f"there is no history {db} yet" in none.err
    filled(str(db), [0.01] * 3)
    wrong = tinyrunner("history", "trend", "kws", "--board", "acme-bord")
    assert wrong.status == 2
    assert "has no board acme-bord; did you mean acme-board?; it has acme-board" in wrong.err
    tagged = tinyrunner("history", "list", "--tag", "branch=man")
    assert (tagged.status, tagged.out) == (0, "")
    assert "labels there: branch=main; commit=c2, c1, c0" in tagged.err.replace("\n", " ")
    assert tinyrunner("history", "gate", "nowhere").status == 2
    misspelt = tinyrunner("history", "gate", "nowhere", "--baseline", "brnch=main")
    assert misspelt.status == 2
    assert "a label brnch; did you mean branch?" in " ".join(misspelt.err.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tag", "commit"), "expected a name and a value"),
        (("--tag", "a=1", "--tag", "a=2"), "a is given twice: 1 and 2"),
        (("--min-change", "latency=1pp"), "expected latency=1%, energy=1% or accuracy=0.5pp"),
        (("--min-change", "latency=0%"), "is above 0"),
        (("--db", "postgresql://u:s3cret@h/d"), "holds a password"),
    ],
)
def test_bad_words_are_refused_before_anything_is_read(tmp_path, db, words, said):
    ran = tinyrunner("history", "gate", session(tmp_path, 1), *words)
    assert ran.status == 2
    assert said in ran.err.replace("\n", " ")
    assert "s3cret" not in ran.err
