"""Several tasks in several modes in one command: checked first, each run, one table at the end."""

from __future__ import annotations

import re

import pytest
from support.cli import sessions_in, tinyrunner
from support.devices.boards import Interrupts, board, use_board
from support.inputs import write_inputs
from tinyrunner.models.suite import AD, IC, KWS


@pytest.fixture
def run(tmp_path):
    for task in (IC, KWS):
        write_inputs(tmp_path / "data", task, 5)

    def run(*arguments: object):
        timed = ("--iterations", 10) if {"performance", "all"} & {*arguments} else ()
        powered = ("--supply-v", 3.0) if "all" in arguments else ()
        return tinyrunner(
            "run", *arguments, "--dut", "sim:", "--datasets", tmp_path / "data",
            "--sessions", tmp_path / "sessions", *timed, *powered,
        )  # fmt: skip

    return run


def made(tmp_path) -> list[str]:
    """Task and mode of each session's folder."""
    return [folder.name.split("_", 2)[2] for folder in sessions_in(tmp_path / "sessions")]


def test_modes_named_one_by_one_are_all_run(run, tmp_path):
    ran = run("kws", "--mode", "accuracy", "--mode", "performance")
    assert ran.status == 3, ran
    assert sorted(made(tmp_path)) == ["kws_accuracy", "kws_performance"]
    head, row = ran.out.split("\n\n")[-1].splitlines()[:2]
    assert head.split() == ["task", "ms/inf", "inf/s", "±", "time", "accuracy", "target"]
    assert row.split()[0] == "kws"


def test_a_single_run_ends_in_the_same_table_and_its_reasons_stand_above_it_once(run, tmp_path):
    ran = run("kws", "--mode", "accuracy")
    assert ran.status == 3, ran
    said, table = ran.out.split("\n\n")
    head, row = table.splitlines()
    assert (head.split(), row.split()[0]) == (["task", "accuracy", "target"], "kws")
    assert said.splitlines()[-1].strip().startswith("not valid for submission")
    (session,) = sessions_in(tmp_path / "sessions")
    again = tinyrunner("run", "--resume", session)
    assert again.out.split("\n\n")[-1] == table


def test_all_modes_of_several_tasks_are_a_row_a_task(run, tmp_path):
    ran = run("kws", "ic", "--mode", "all")
    assert ran.status == 3, ran
    assert len(made(tmp_path)) == 6
    _head, *rows = ran.out.split("\n\n")[-1].splitlines()
    assert [row.split()[0] for row in rows[:2]] == ["kws", "ic"]
    assert rows[2].startswith("not valid for v1.2 (")


def test_what_cannot_be_run_is_found_before_anything_is(run, tmp_path):
    ran = run("kws", "ad", "--mode", "all")
    assert ran.status == 2, ran
    for mode in ("performance", "accuracy", "energy"):
        assert f"ad {mode}: " in ran.err
    assert "kws" not in ran.err.replace("kws01", "")
    assert AD.model_id in ran.err
    assert not (tmp_path / "sessions").exists()


def test_a_failure_does_not_keep_the_others_from_being_run(run, tmp_path, monkeypatch):
    use_board(monkeypatch, board(KWS))
    ran = run("ic", "kws", "--mode", "accuracy", "--mode", "performance")
    assert ran.status == 1, ran
    assert "error: ic accuracy: " in ran.err
    assert "error: ic performance: " in ran.err
    assert sorted(made(tmp_path)) == ["kws_accuracy", "kws_performance"]
    assert re.search(r"\nic +failed", ran.out)
    said = run("ic", "kws", "--mode", "accuracy", "--json").json
    assert [row["task"] for row in said] == ["kws", "ic"]
    assert "ic01" in said[1]["error"]


def test_none_is_run_behind_a_failure_where_that_is_asked(run, tmp_path, monkeypatch):
    use_board(monkeypatch, board(KWS))
    assert run("ic", "kws", "--mode", "accuracy", "--stop-on-failure").status == 1
    (begun,) = (tmp_path / "sessions").iterdir()
    assert begun.name.endswith("_ic_accuracy")


def test_ctrl_c_ends_all_of_them(run, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Interrupts(40)))
    ran = run("kws", "--mode", "accuracy", "--mode", "performance")
    assert ran.status == 130, ran
    assert "kws accuracy: interrupted" in ran.err
    assert "tinyrunner run --resume" in ran.err
    assert made(tmp_path) == ["kws_accuracy"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("kws",), "which mode?"),
        (("kws", "--mode", "all", "--mode", "energy"), "`all` is the three modes and stands alone"),
        (("kws", "--mode", "speed"), "speed"),
        (("kws", "--mode", "all", "--script", "x"), "a script is of one task and one mode"),
    ],
)
def test_modes_that_make_no_sense_are_refused(run, arguments, said):
    ran = run(*arguments)
    assert ran.status == 2, ran
    assert said in ran.err
