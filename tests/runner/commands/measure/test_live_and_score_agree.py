"""What a run makes of an odd device, `score` makes of the log that it leaves: one judgement."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli import Ran, tinyrunner
from support.devices.boards import use_board
from support.devices.scripted import RESULTS, Habits, ScriptedDevice
from support.inputs import write_inputs
from tinyrunner.models.suite import AD, IC, KWS, VWW, Task


@pytest.fixture
def ran(monkeypatch, tmp_path: Path):
    """Run a board with these habits through a mode; the session's folder goes with it."""

    def run(device: ScriptedDevice, mode: str) -> tuple[Ran, Path]:
        task = device.habits.task
        data = write_inputs(tmp_path / "data", task, 1 if task is AD and mode == "accuracy" else 5)
        use_board(monkeypatch, device)
        options = ("--iterations", 500) if mode == "performance" else ()
        done = tinyrunner(
            "run", task.key, "--mode", mode, "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "sessions", *options,
        )  # fmt: skip
        (folder,) = (tmp_path / "sessions").iterdir()
        return done, folder

    return run


def winner(tensor: bytes) -> int:
    return sum(tensor[:64])


def result(folder: Path) -> dict:
    """What the run itself wrote of the session."""
    return json.loads((folder / "session.json").read_text()).get("result") or {}


ODD: list[tuple[str, Habits]] = [
    *((f"kws, {results}", Habits(results=results)) for results in RESULTS),
    *(
        (f"{task.key}, {results}", Habits(task=task, results=results, baud_rate=921600))
        for task in (VWW, IC, AD)
        for results in ("zeros", "one more", "nothing", "int8", "unclosed")
    ),
    ("no results command", Habits(results="nothing", no_results_command=True)),
    ("echo", Habits(results="nothing", echo=b"%s%%")),
    ("a prompt", Habits(results="zeros", prompt=b"> ")),
    ("sizes that agree", Habits(results="int8 that add up to 0", task=VWW, size_always=True)),
    ("LF", Habits(results="one more", line_end=b"\n")),
    ("a reboot", Habits(results="brackets", reboots_after=2)),
    ("ANSI colours", Habits(results="zeros", prefix=b"\x1b[32m")),
    ("chatter", Habits(results="one less", in_window=b"[I] tick\r\n" * 100)),
]


@pytest.mark.parametrize("habits", [each for _, each in ODD], ids=[name for name, _ in ODD])
def test_scores_never_stop_a_performance_run_and_score_says_the_same(
    ran, tmp_path: Path, habits: Habits
):
    done, folder = ran(ScriptedDevice(habits, winner), "performance")
    assert done.status == 3, done
    live = result(folder)
    windows = live["performance"]["windows"]
    assert len(windows) == 5
    assert all(window["invalid"] is None for window in windows)
    assert "retry" not in done.err or habits.reboots_after
    labels = tmp_path / "data" / habits.task.model_id / "y_labels.csv"
    alone = tmp_path / "alone" / "log.txt"  # without the session.json that knows
    alone.parent.mkdir()
    alone.write_bytes((folder / "log.txt").read_bytes())
    for scored in (
        tinyrunner("score", folder, "--json"),
        tinyrunner("score", alone, "--labels", labels, "--json"),
    ):
        assert scored.status == 3, scored
        assert scored.json["performance"] == live["performance"]
        assert scored.json["findings"] == live["findings"]
    odd = [f for f in live["findings"] if f["kind"].startswith("scores")]
    assert bool(odd) == (habits.results in FOUND[habits.task.score_count > 1]), live["findings"]
    assert all(finding["severity"] == "warning" for finding in odd)


_UNREADABLE = {
    "no floats", "the letter f", "question marks", "a percent sign", "nothing", "nan",
    "semicolons", "brackets", "per cent", "several lines", "unclosed",
}  # fmt: skip
FOUND = {
    True: _UNREADABLE | {"zeros", "one more", "one less", "decimal commas"},
    False: _UNREADABLE | {"one more"},
}
"""By whether there are several scores: how they are printed where that is a finding."""


@pytest.mark.parametrize("habits", [each for _, each in ODD], ids=[name for name, _ in ODD])
def test_an_accuracy_run_and_score_take_the_same_or_refuse_both(
    ran, tmp_path: Path, habits: Habits
):
    done, folder = ran(ScriptedDevice(habits, winner), "accuracy")
    scored = tinyrunner("score", folder, "--json")
    assert "Traceback" not in done.err + scored.err
    if done.status == 1:
        assert not result(folder)
        assert scored.status in (1, 3), scored
        if scored.status == 3:
            assert scored.json["accuracy"]["inputs"] == 0, "what the run refused is not scored"
        return
    assert done.status == 3, done
    live = result(folder)
    assert scored.status == 3, scored
    assert scored.json["accuracy"] == live["accuracy"]
    assert scored.json["findings"] == live["findings"]


SUM_0 = ["logits that add up to 0", "int8 that add up to 0"]


@pytest.mark.parametrize("task", [VWW, KWS], ids=lambda task: task.key)
@pytest.mark.parametrize("results", SUM_0)
def test_scores_that_add_up_to_0_are_scored_by_the_larger_one(ran, task: Task, results: str):
    habits = Habits(task=task, results=results, baud_rate=921600)
    done, folder = ran(ScriptedDevice(habits, winner), "accuracy")
    plain = {}
    assert done.status == 3, done
    accuracy = result(folder)["accuracy"]
    assert accuracy["inputs"] == 5
    right = 0
    labels = (folder / "y_labels.csv").read_text().splitlines()
    for line in labels:
        name, _, label = line.split(",")[:3]
        content = (folder.parents[1] / "data" / task.model_id / name.strip()).read_bytes()
        plain[name] = winner(content) % task.class_count
        right += plain[name] == int(label)
    assert accuracy["correct"] == right
    assert "every score is 0" not in done.err
    assert accuracy["auc"] is None
    assert (
        "there is no AUC: the scores of 5 of 5 inputs add up to 0 or less"
        in " ".join(done.out.split())
        or task is KWS
    )  # whose rounding need not add up to 0


class Ties(ScriptedDevice):
    """Of some inputs every score is 0, as integers of a tie are."""

    def __init__(self, habits: Habits, tied: set[int]) -> None:
        super().__init__(habits, winner)
        self._tied = tied
        self._seen: list[bytes] = []

    def _results(self) -> None:
        if self._tensor not in self._seen:
            self._seen.append(self._tensor)
        tie = self._seen.index(self._tensor) in self._tied
        kept, self.habits = self.habits, replace(self.habits, results="zeros" if tie else "plain")
        super()._results()
        self.habits = kept


def test_a_tie_of_integers_is_asked_for_once_more_and_then_taken(ran):
    done, folder = ran(Ties(Habits(task=VWW, baud_rate=921600), {2}), "accuracy")
    assert done.status == 3, done
    live = result(folder)
    assert live["accuracy"]["inputs"] == 5
    assert done.err.count("retry 1 of 3") == 1
    assert "retry 2" not in done.err
    texts = [finding["text"] for finding in live["findings"] if finding["kind"] == "scores"]
    assert any("every score of 1 input(s) is 0" in text for text in texts), texts
    assert tinyrunner("score", folder, "--json").json["findings"] == live["findings"]


def test_a_device_that_never_answers_anything_but_zeros_is_stopped_at_the_first_input(ran):
    done, folder = ran(ScriptedDevice(Habits(results="zeros"), winner), "accuracy")
    assert done.status == 1
    assert "every score is 0" in done.err
    scored = tinyrunner("score", folder)
    assert scored.status != 0
    assert "valid for" not in scored.out.replace("not valid for", "")


@pytest.mark.parametrize("results", ["nothing", "zeros", "one more", "unclosed"])
def test_scores_stop_neither_the_search_for_n_nor_a_run_that_is_continued(
    monkeypatch, tmp_path: Path, results: str
):
    data = write_inputs(tmp_path / "data", KWS, 5)
    use_board(monkeypatch, ScriptedDevice(Habits(results=results)))
    done = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "sessions",
    )  # fmt: skip
    assert done.status == 3, done
    (folder,) = (tmp_path / "sessions").iterdir()
    live = result(folder)
    assert [window["iterations"] >= 500 for window in live["performance"]["windows"]] == [True] * 5
    log = folder / "log.txt"
    lines = log.read_text().splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines) if line.endswith("dut: m-infer-done\n")]
    log.write_text("".join(lines[: ends[2] + 1]))  # killed in the third window
    use_board(monkeypatch, ScriptedDevice(Habits(results=results)))
    done = tinyrunner("run", "--resume", folder)
    assert done.status == 3, done
    assert "2 of 5 inputs are done" in done.err
    again = result(folder)
    assert len(again["performance"]["windows"]) == 5
    kinds = [{finding["kind"] for finding in each["findings"]} for each in (live, again)]
    assert kinds[0] == kinds[1]
    assert tinyrunner("score", folder, "--json").json["findings"] == again["findings"]
