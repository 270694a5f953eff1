"""Logs that say less than usual, or something else: scored, and said what they are worth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import use_board
from support.devices.scripted import Habits, ScriptedDevice
from support.inputs import write_inputs
from support.reference import reference_path
from tinyrunner.models.suite import KWS, VWW, Task


@pytest.fixture
def log_of(monkeypatch, tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """The log alone of a run on a scripted board, as of another runner, and its label list."""

    def make(mode: str, habits: Habits, count: int = 5) -> tuple[Path, Path]:
        data = write_inputs(tmp_path / "data", habits.task, count)
        use_board(monkeypatch, ScriptedDevice(habits))
        ran = tinyrunner(
            "run", habits.task.key, "--mode", mode, "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "s", *(("--iterations", 525) if mode != "accuracy" else ()),
        )  # fmt: skip
        assert ran.status == 3, ran
        log = tmp_path / "log.txt"
        ours = (only_session(tmp_path / "s") / "log.txt").read_bytes()
        log.write_bytes(ours.replace(b"[tinyrunner ", b"[ML Performance "))
        return log, data / habits.task.model_id / "y_labels.csv"

    return make


def change(log: Path, pattern: str, by: str) -> None:
    text, count = re.subn(pattern, by, log.read_text(), flags=re.M)
    assert count, pattern
    log.write_text(text)


def test_one_window_in_run_mode_single_is_reported_and_not_valid(log_of):
    log, labels = log_of("performance", Habits())
    change(log, r"(runMode\]-val)\[bmark\]", r"\1[single]")
    text = log.read_text()
    first = text.index("m-results-[")
    rest = text.index("sequencer: m-sequencer-stop")
    log.write_text(
        text[: text.index("\n", text.index("m-ready", first)) + 1] + "00099.000 " + text[rest:]
    )
    ran = tinyrunner("score", log, "--labels", labels, "--json")
    assert ran.status == 3, ran
    (window,) = ran.json["performance"]["windows"]
    assert window["throughput"] == pytest.approx(50, rel=0.01)
    violations = {f["kind"] for f in ran.json["findings"] if f["severity"] == "violation"}
    assert {"run mode", "window count"} <= violations


@pytest.mark.parametrize("given", ["kws", "kws01"])
@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_a_log_without_its_model_is_scored_by_the_task_that_is_given(log_of, given, mode):
    log, labels = log_of(mode, Habits())
    whole = tinyrunner("score", log, "--labels", labels, "--json").json
    change(log, r"^.*(?:m-model-\[|-key\[model\]).*\n", "")
    ran = tinyrunner("score", log, "--labels", labels)
    assert ran.status == 2
    assert "say with --task whose log it is" in ran.err
    ran = tinyrunner("score", log, "--labels", labels, "--task", given, "--json")
    assert ran.json[mode] == whole[mode]
    assert any("never named its model" in finding["text"] for finding in ran.json["findings"])


@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_a_log_without_any_setting_is_told_by_its_inferences(log_of, mode):
    log, labels = log_of(mode, Habits())
    whole = tinyrunner("score", log, "--labels", labels, "--json").json
    change(log, r"^.*m-bm-cfg.*\n", "")
    ran = tinyrunner("score", log, "--labels", labels, "--json")
    assert ran.json["mode"] == mode
    assert ran.json[mode] == whole[mode]


def test_a_task_that_is_none_and_one_that_the_log_contradicts_are_told(log_of):
    log, _ = log_of("performance", Habits())
    ran = tinyrunner("score", log, "--task", "kw")
    assert ran.status == 2
    said = " ".join(ran.err.split())
    assert "no task 'kw'; did you mean kws?; there are vww, ic, kws, ad" in said
    ran = tinyrunner("score", log, "--task", "ic")
    assert ran.status == 3, ran
    assert "named the model kws01 where ic01 was expected" in " ".join(ran.out.split())


def test_mlcommons_windows_without_a_model_take_their_stride_from_the_task(tmp_path):
    published = reference_path(
        "published", "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI", "ad", "performance"
    )
    log = tmp_path / "log.txt"
    text = (published / "log.txt").read_text(errors="replace")
    model = re.compile(r"^.*(?:Device model retrieved|m-model-\[|-key\[model\]).*\n", re.M)
    assert model.search(text)
    log.write_text(model.sub("", text))
    whole = tinyrunner("score", published / "log.txt", "--json").json
    assert tinyrunner("score", log).status == 2
    ran = tinyrunner("score", log, "--task", "ad", "--json")
    assert ran.json["performance"]["windows"] == whole["performance"]["windows"]


@pytest.mark.parametrize("task", [KWS, VWW], ids=lambda task: task.key)
def test_sizes_that_agree_are_no_error_in_a_log(log_of, task: Task):
    log, labels = log_of("accuracy", Habits(task=task, size_always=True, baud_rate=921600))
    assert f"Input db has {task.input_bytes} elemented, expected {task.input_bytes}" in (
        log.read_text()
    )
    found = tinyrunner("score", log, "--labels", labels, "--json").json
    assert found["accuracy"]["inputs"] == 5
    assert not {"device errors", "input unknown"} & {each["kind"] for each in found["findings"]}


@pytest.mark.parametrize("sent", [489, 491, 980])
def test_a_load_of_a_wrong_size_is_a_violation_with_its_line(log_of, sent: int):
    log, labels = log_of("accuracy", Habits())
    at = [i for i, line in enumerate(log.read_text().splitlines(), 1) if "Sending 490" in line][3]
    lines = log.read_text().splitlines(keepends=True)
    lines[at - 1] = lines[at - 1].replace("490", str(sent))
    log.write_text("".join(lines))
    found = tinyrunner("score", log, "--labels", labels, "--json").json["findings"]
    (finding,) = [each for each in found if each["kind"] == "load of a wrong size"]
    assert finding["severity"] == "violation"
    assert f"a load of {sent} bytes where an input of kws has 490" in finding["text"]
