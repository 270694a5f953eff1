"""A campaign: checked first, run to its end whatever fails, resumed after anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.cli import sessions_in, tinyrunner
from support.imported.processes import quick_lanes
from support.sessions.campaigns import SETTINGS
from support.sessions.campaigns import written_campaign as written

__all__ = ["quick_lanes"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hooks in a POSIX shell")


def journal(tmp_path: Path) -> list[dict]:
    lines = (tmp_path / "night" / "campaign.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def told(tmp_path: Path, event: str) -> list[str]:
    return [one["cell"] for one in journal(tmp_path) if one["event"] == event]


BOTH = ["nucleo/kws/performance", "nucleo/kws/accuracy"]


def test_a_campaign_runs_its_cells_and_ends_in_a_table_and_a_report(tmp_path):
    ran = tinyrunner("campaign", written(tmp_path, check="quick"))
    assert ran.status == 3, ran
    assert told(tmp_path, "finished") == BOTH
    assert told(tmp_path, "checked") == BOTH
    head, row = ran.out.splitlines()[:2]
    assert head.split()[:2] == ["board", "task"]
    assert row.split()[:2] == ["nucleo", "kws"]
    assert (tmp_path / "night" / "report.html").stat().st_size > 10_000
    names = [folder.name.split("_", 2)[2] for folder in sessions_in(tmp_path / "night" / "nucleo")]
    assert sorted(names) == ["nucleo_kws_accuracy", "nucleo_kws_performance"]


def test_a_quiet_campaign_shows_what_failed_and_the_results_alone(tmp_path):
    ran = tinyrunner("campaign", written(tmp_path), "--quiet")
    assert (ran.status, ran.err) == (3, "")
    assert ran.out.splitlines()[0].split()[:2] == ["board", "task"]
    again = written(tmp_path, hooks={"flash": "false"}, folder=str(tmp_path / "other"))
    failed = tinyrunner("campaign", again, "-q")
    assert failed.status == 1
    lines = failed.err.splitlines()
    assert {line.split(": ")[0] for line in lines} == set(BOTH)
    assert all(": failed: " in line for line in lines)


def test_python_has_nothing_to_warn_of_in_a_campaign_and_its_workers(tmp_path):
    words = [sys.executable, "-X", "dev", "-m", "tinyrunner", "campaign", written(tmp_path), "-q"]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stderr) == (3, "")


def test_a_campaign_for_development_is_good_where_its_runs_are_and_called_valid_nowhere(tmp_path):
    asked = {"datasets": "demo", "model": "demo", "limit": 3, "for": "development"}
    file = written(tmp_path, settings=asked | {"dut": {"address": "sim:"}})
    file.write_text(file.read_text().replace('"off"', "off"))  # which YAML takes for false
    ran = tinyrunner("campaign", file)
    assert ran.status == 0, ran
    ended = [one for one in journal(tmp_path) if one["event"] == "finished"]
    assert [(one["good"], one["valid"]) for one in ended] == [(True, False)] * 2
    assert "nucleo/kws/accuracy: done, good" in ran.err
    assert "for development, nothing of it for submission" in ran.out
    assert "valid for v" not in ran.out
    assert tinyrunner("campaign", file, "--resume").status == 0


def test_hooks_are_run_with_their_words_and_journalled(tmp_path):
    hooks = {
        "before": "echo before >>order",
        "flash": "echo {board} {task} {mode} {model} >>order; echo flashed; echo loud >&2",
        "after": "echo after >>order",
    }
    tinyrunner("campaign", written(tmp_path, hooks=hooks))
    assert (tmp_path / "order").read_text().split("\n")[:3] == [
        "before", "nucleo kws performance kws01", "after",
    ]  # fmt: skip
    flashed = [one for one in journal(tmp_path) if one.get("name") == "flash"]
    assert [one["output"] for one in flashed] == ["flashed\nloud\n"] * 2
    assert [one["status"] for one in flashed] == [0, 0]


def test_a_flash_that_fails_costs_its_cell_and_no_other(tmp_path):
    ran = tinyrunner(
        "campaign",
        written(tmp_path, hooks={"flash": "echo no probe; test {mode} != performance"}, retries=1),
    )
    assert ran.status == 1, ran
    assert told(tmp_path, "finished") == ["nucleo/kws/accuracy"]
    assert told(tmp_path, "failed") == ["nucleo/kws/performance"] * 2, "tried once more"
    assert "failed: nucleo/kws/performance: the hook flash: " in ran.out
    assert "ended with status 1; it said: no probe" in ran.out
    again = tinyrunner("campaign", written(tmp_path), "--resume")
    assert again.status == 3, again
    assert told(tmp_path, "finished") == ["nucleo/kws/accuracy", "nucleo/kws/performance"]


def test_a_hook_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    hooks = {"flash": "sleep 600 & echo $! >pid; wait", "timeout_s": 0.5}
    ran = tinyrunner("campaign", written(tmp_path, hooks=hooks, modes=["accuracy"]))
    assert ran.status == 1, ran
    assert "took longer than" in ran.out
    left = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    "addresses",
    [
        ("lpm01a:/dev/ttyACM9", "lpm01a:/dev/ttyACM9"),
        ("TCPIP::10.0.0.7::INSTR", "scpi:smu2450@TCPIP::10.0.0.7::INSTR"),
    ],
)
def test_boards_that_share_an_instrument_wait_for_each_other(addresses, tmp_path):
    a, c = ({"settings": {"monitor": {"address": address}}} for address in addresses)
    boards = {"a": a, "b": None, "c": c}
    said = tinyrunner("campaign", "plan", written(tmp_path, boards=boards)).out
    lanes = said.split("lane ")[1:]
    assert len(lanes) == 2
    assert "a/kws/accuracy" in lanes[1]
    assert "c/kws/accuracy" in lanes[1]


WRONG = {
    "an unknown key": ({"board": 1}, "board: unknown key; did you mean boards?"),
    "an unknown task": ({"tasks": ["kvs"]}, "tasks: "),
    "an unknown mode": ({"modes": ["speed"]}, "modes"),
    "no board": ({"boards": {}}, "expected boards by their names"),
    "a board with a slash": ({"boards": {"a/b": None}}, "a/b"),
    "an unknown setting": (
        {"boards": {"x": {"settings": {"dut": {"adress": "sim:"}}}}},
        "boards.x.settings.dut.adress: unknown key; did you mean address?",
    ),
    "a setting of the campaign's own": (
        {"settings": {"sessions": "here"}}, "settings.sessions: a campaign decides this itself",
    ),
    "a hook that is not there": ({"hooks": {"flash": "no-such-flasher {board}"}}, "'no-such-flash"),
    "a misspelt word": (
        {"hooks": {"flash": "true ${TASK} {a,b} {boards}"}},
        "the hook flash: nothing is filled in for {boards}; did you mean board?",
    ),
    "no supply voltage": ({"modes": ["energy"]}, "which supply voltage?"),
    "no inputs": (
        {"settings": SETTINGS | {"datasets": "nowhere", "dut": {"address": "sim:"}}}, "nowhere",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_found_before_anything_is_run(tmp_path, changes, said):
    ran = tinyrunner("campaign", written(tmp_path, **changes))
    assert ran.status == 2, ran
    assert said in " ".join(ran.err.split()), ran
    assert str(tmp_path / "campaign.yaml") in ran.err
    assert not (tmp_path / "night").exists()


def test_a_campaign_is_not_begun_twice_in_one_folder(tmp_path):
    path = written(tmp_path, modes=["accuracy"])
    assert tinyrunner("campaign", path).status == 3
    ran = tinyrunner("campaign", path)
    assert ran.status == 2, ran
    assert "holds a campaign already: go on with it by --resume" in ran.err
    ran = tinyrunner("campaign", path, "--resume")
    assert ran.status == 3, ran
    assert told(tmp_path, "finished") == ["nucleo/kws/accuracy"]


def test_the_file_that_init_writes_is_read_and_explained(tmp_path):
    path = tmp_path / "mine.yaml"
    assert tinyrunner("campaign", "init", path).status == 0
    assert tinyrunner("campaign", "init", path).status == 2
    ran = tinyrunner("campaign", "plan", path)
    assert ran.status == 2, ran
    assert "there is no" in ran.err  # the data sets, or flash.sh, of a bench that is nobody's
    assert "unknown key" not in ran.err


def test_another_host_that_has_not_said_that_it_ended_is_named(tmp_path):
    file = written(tmp_path, modes=["accuracy"])
    tinyrunner("campaign", file)
    kinds = [one["event"] for one in journal(tmp_path)]
    assert (kinds[0], kinds[-1]) == ("started", "ended")
    assert "was at this campaign" not in tinyrunner("campaign", file, "--resume").err
    with (tmp_path / "night" / "campaign.jsonl").open("a") as more:
        more.write('{"event": "started", "host": "nas-7"}\n')
    assert "nas-7 was at this campaign" in tinyrunner("campaign", file, "--resume").err
