"""The whole program through its command line, on simulated devices."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from support.cli import (
    document,
    ended,
    inferences,
    only_session,
    process,
    sessions_in,
    tinyrunner,
)
from support.devices.boards import PTY, Fault, board, served, use_board, use_plain_board
from support.inputs import AD_WINDOWS, REFERENCE_MODELS, write_inputs, write_listed
from support.reference import reference_path
from support.report.printed import printed_in
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.models.suite import AD, KWS, TASKS
from tinyrunner.runner.journal.open_log import open_log

COUNTS = {"vww": 6, "ic": 12, "kws": 14, "ad": 4}


def model(task_key: str):
    return reference_path("models", REFERENCE_MODELS[task_key])


@pytest.mark.parametrize("task_key", TASKS)
def test_a_reference_model_runs_for_accuracy_on_every_input(task_key, tmp_path):
    task = TASKS[task_key]
    data = write_inputs(tmp_path / "data", task, COUNTS[task_key])
    ran = tinyrunner(
        "run", task_key, "--mode", "accuracy", "--dut", f"sim:{task.model_id}", "--model",
        model(task_key), "--datasets", data, "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    assert ran.status == 3, ran  # generated inputs are on no official list
    session = only_session(tmp_path / "s")
    accuracy = ran.json["accuracy"]
    assert accuracy["inputs"] == accuracy["listed"] == COUNTS[task_key]
    lines = (data / task.model_id / "y_labels.csv").read_text().splitlines()
    expected = [
        (line.split(",")[0], index * (task.stride_bytes or 0))
        for line in lines
        for index in range(task.windows_per_file)
    ]
    assert [(file, offset) for file, offset, _ in inferences(session)] == expected
    assert document(session)["result"]["accuracy"] == accuracy
    assert {"list not official"} <= {finding["kind"] for finding in ran.json["findings"]}


@pytest.mark.parametrize("task_key", TASKS)
def test_a_reference_model_runs_for_performance_in_windows_that_hold(task_key, tmp_path):
    task = TASKS[task_key]
    data = write_inputs(tmp_path / "data", task, 6 if task_key != "ad" else 5)
    ran = tinyrunner(
        "run", task_key, "--mode", "performance", "--dut", "sim:", "--model", model(task_key),
        "--datasets", data, "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    assert ran.status == 3, ran
    windows = ran.json["performance"]["windows"]
    assert [window["number"] for window in windows] == [2, 4, 6, 8, 10]
    assert len({window["file"] for window in windows}) == 5
    for window in windows:
        assert 10.5 <= window["elapsed_s"] < 11.6
        assert window["iterations"] >= 11
        assert window["host_elapsed_s"] == pytest.approx(window["elapsed_s"], abs=0.01)
    assert [f["kind"] for f in ran.json["findings"]] == ["simulated device", "list not official"]
    session = only_session(tmp_path / "s")
    printed = printed_in(session, "result.txt")
    assert (
        printed.headline("median_throughput")
        == f"{ran.json['performance']['median_throughput']:.3f}"
    )
    assert (session / "calibration.txt").is_file()
    with open_log(session / "log.txt") as reader:
        assert len(list(reader)) == 5
    assert reader.facts.finished
    assert reader.facts.config["runMode"] == "bmark"


def test_kws_is_valid_in_both_modes_with_the_real_model_and_inputs_on_a_board(
    tmp_path, monkeypatch
):
    use_plain_board(monkeypatch)
    for mode in ("performance", "accuracy"):
        ran = tinyrunner(
            "run", "kws", "--mode", mode, "--dut", "sim:kws01", "--model", model("kws"),
            "--datasets", reference_path("datasets"), "--sessions", tmp_path / mode, "--json",
        )  # fmt: skip
        assert ran.status == 0, ran
        assert ran.json["valid"] is True
        assert ran.json["findings"] == []
    accuracy = ran.json["accuracy"]
    assert abs(accuracy["correct"] - 901) <= 2
    assert accuracy["inputs"] == 1000
    session = only_session(tmp_path / "accuracy")
    top1 = printed_in(session, "result.txt").headline("top1")
    assert top1 == f"{accuracy['correct'] / 10:.1f}"
    scored = tinyrunner("score", session, "--json")
    assert scored.status == 0
    assert scored.json["accuracy"] == accuracy


@pytest.mark.parametrize("mode", ["accuracy", "performance"])
def test_a_device_slower_than_ten_seconds_an_inference_is_waited_for_when_told(
    mode, tmp_path, monkeypatch
):
    data = write_inputs(tmp_path / "data", KWS, 5)
    common = (
        "run", "kws", "--mode", mode, "--dut", "sim:", "--datasets", data,
        *(("--iterations", 10) if mode == "performance" else ()), "--json", "--sessions",
    )  # fmt: skip
    slow = DeviceSettings(inference_time_s=25.0)
    use_board(monkeypatch, board(settings=slow))
    given_up = tinyrunner(*common, tmp_path / "untold")
    assert given_up.status == 1
    assert "no answer" in given_up.err
    use_board(monkeypatch, board(settings=slow))
    told = tinyrunner(*common, tmp_path / "told", "--expected-inference-s", 25)
    assert told.status == 3, told
    assert len(inferences(only_session(tmp_path / "told"))) == 5


def test_kws_gives_the_same_scores_through_a_real_port_as_in_process(tmp_path):
    common = (
        "run", "kws", "--mode", "accuracy", "--datasets", reference_path("datasets"), "--json",
        "--limit", 200,
    )  # fmt: skip
    inside = tinyrunner(
        *common, "--dut", "sim:kws01", "--model", model("kws"), "--sessions", tmp_path / "in"
    )
    serving = process(
        "simulate", "dut", "--task", "kws", "--model", model("kws"), "--baud-rate", 0,
        "--inference-ms", 0, *(["--pty"] if PTY == "pty" else ["--tcp", "127.0.0.1:0"]),
    )  # fmt: skip
    try:
        address = serving.stdout.readline().strip()
        outside = tinyrunner(*common, "--dut", address, "--sessions", tmp_path / "out")
    finally:
        serving.terminate()
        ended(serving)
    assert outside.json["accuracy"] == inside.json["accuracy"], outside
    there, here = only_session(tmp_path / "out"), only_session(tmp_path / "in")
    assert inferences(there) == inferences(here)
    assert len(inferences(there)) == 200


def test_the_ad_scores_of_a_simulated_run_are_those_of_an_independent_computation(tmp_path):
    data = write_inputs(tmp_path / "data", AD, 8)
    random = np.random.default_rng(5)
    for path in sorted((data / "ad01").glob("*_anomaly_*.bin"))[:3]:  # louder: found anomalous
        louder = random.normal(20, 30, AD.file_bytes // 4)
        path.write_bytes(louder.astype("<f4").tobytes())
    ran = tinyrunner(
        "run", "ad", "--mode", "accuracy", "--dut", "sim:ad01", "--model", model("ad"),
        "--datasets", data, "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    by_file: dict[str, list[float]] = {}
    log = (only_session(tmp_path / "s") / "log.txt").read_text().splitlines()
    file = ""
    for line in log:  # as a person with grep would
        if 'Command "bload dut' in line:
            file = line.split('"')[2].rpartition("/")[2]
        elif "m-results-[" in line:
            by_file.setdefault(file, []).append(float(line.split("[")[1].rstrip("]")))
    assert {len(scores) for scores in by_file.values()} == {AD_WINDOWS}
    labels = [int("_anomaly_" in name) for name in by_file]
    means = [np.mean(scores) for scores in by_file.values()]
    accuracy = ran.json["accuracy"]
    assert accuracy["auc"] == pytest.approx(roc_auc_score(labels, means), abs=1e-12)
    assert 0.5 < accuracy["auc"] < 1
    for row, name, mean in zip(accuracy["file_scores"], by_file, means, strict=True):
        assert row["file"] == name
        assert row["score"] == pytest.approx(mean, abs=1e-9)


def test_provenance_is_on_disk_before_the_first_step_and_never_changes(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", KWS)
    seen = []

    class Watching(SimulatedDut):
        def receive(self, chunk, start_s):
            if chunk.startswith(b"db load"):
                seen.append(document(only_session(tmp_path / "s")))
            super().receive(chunk, start_s)

    device = board()
    watching = Watching(device._device.model, device.settings)
    use_board(monkeypatch, watching)
    tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    session = only_session(tmp_path / "s")
    after = document(session)
    assert seen[0]["result"] is None
    assert {json.dumps(each["provenance"]) for each in seen} == {json.dumps(after["provenance"])}
    provenance = after["provenance"]
    script = (session / "script.async").read_bytes()
    assert provenance["script_sha256"] == hashlib.sha256(script).hexdigest()
    assert provenance["device"]["model_id"] == "kws01"
    assert provenance["tool"]["name"] == "tinyrunner"
    assert provenance["dataset"]["files"] == 6
    assert provenance["iterations_found"] == {"by": "mode"}
    assert (session / "y_labels.csv").read_bytes() == (data / "kws01/y_labels.csv").read_bytes()


def test_two_runs_of_the_same_second_make_two_sessions(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", KWS, 2)
    for _ in range(3):
        use_board(monkeypatch, board())
        tinyrunner(
            "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "s",
        )  # fmt: skip
    assert len(sessions_in(tmp_path / "s")) == 3


def test_a_limit_runs_the_first_files_and_says_that_the_rest_is_missing(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo",
        "--sessions", tmp_path, "--limit", 7, "--json",
    )  # fmt: skip
    assert ran.status == 3
    assert (ran.json["accuracy"]["inputs"], ran.json["accuracy"]["listed"]) == (7, 120)
    assert "input missing" in {finding["kind"] for finding in ran.json["findings"]}
    assert len(inferences(only_session(tmp_path))) == 7


def test_the_official_list_of_72_files_is_taken_with_labels_and_named(tmp_path):
    labels = reference_path("datasets", "ad01", "y_labels_alt.csv")
    data = write_listed(tmp_path / "data", AD, reference_path("datasets", "ad01", "y_labels.csv"))
    ran = tinyrunner(
        "run", "ad", "--mode", "performance", "--dut", "sim:", "--model", model("ad"),
        "--datasets", data, "--labels", labels, "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    session = only_session(tmp_path / "s")
    dataset = document(session)["provenance"]["dataset"]
    assert (dataset["official_list"], dataset["files"]) == ("ad01-reduced", 72)
    assert dataset["windows"] == 72 * AD_WINDOWS
    assert "list not official" not in {finding["kind"] for finding in ran.json["findings"]}
    first = labels.read_text().split(",")[0]
    assert ran.json["performance"]["windows"][0]["file"] == first
    assert (session / "y_labels.csv").read_text() == labels.read_text()


def test_all_runs_the_four_tasks_and_prints_a_list(tmp_path):
    for task in TASKS.values():
        write_inputs(tmp_path / "data", task, 5)
    run = (
        "run", "all", "--mode", "performance", "--dut", "sim:", "--iterations", 20,
        "--datasets", tmp_path / "data", "--json", "--sessions",
    )  # fmt: skip
    ran = tinyrunner(*run, tmp_path / "s")
    assert ran.status == 3, ran
    assert [row["task"] for row in ran.json] == list(TASKS)
    assert len(sessions_in(tmp_path / "s")) == 4
    (tmp_path / "data" / "ic01" / "y_labels.csv").unlink()
    ran = tinyrunner(*run, tmp_path / "t")
    assert ran.status == 2
    assert "ic performance: " in ran.err
    assert not (tmp_path / "t").exists(), "all are checked before the first is run"


def test_a_number_of_iterations_is_taken_as_said_and_judged(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:kws01?inference_ms=100",
        "--datasets", "demo", "--sessions", tmp_path, "--iterations", 9, "--json",
    )  # fmt: skip
    assert ran.status == 3
    kinds = [finding["kind"] for finding in ran.json["findings"]]
    assert kinds.count("window too short") == 5
    assert kinds.count("too few inferences") == 5
    assert not (only_session(tmp_path) / "calibration.txt").exists()


def test_the_closed_division_demands_the_target_and_the_open_one_does_not(tmp_path):
    data = write_inputs(tmp_path / "data", KWS, 24)
    for division, severity in (("closed", "violation"), ("open", "warning")):
        ran = tinyrunner(
            "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / division, "--division", division, "--json",
        )  # fmt: skip
        missed = [f for f in ran.json["findings"] if f["kind"] == "target missed"]
        assert [finding["severity"] for finding in missed] == [severity]


def test_a_timer_that_is_off_by_two_is_judged_by_its_own_time_and_found(tmp_path, monkeypatch):
    class Halved(SimulatedDut):
        def counter_us(self):
            return super().counter_us() // 2

    settings = DeviceSettings(inference_time_s=0.02)
    use_board(monkeypatch, Halved(board()._device.model, settings))
    data = write_inputs(tmp_path / "data", KWS)
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    assert ran.status == 3
    windows = ran.json["performance"]["windows"]
    assert all(10.5 <= window["elapsed_s"] < 10.6 for window in windows)
    assert all(21.0 <= window["host_elapsed_s"] < 21.2 for window in windows)
    kinds = [finding["kind"] for finding in ran.json["findings"]]
    assert kinds.count("timer deviates") == 5


def test_files_that_are_not_listed_are_counted_and_ignored(tmp_path):
    data = write_inputs(tmp_path / "data", KWS, 4)
    shutil.copy(data / "kws01/tst_000000_Down_0.bin", data / "kws01/other.bin")
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert "1 .bin files in" in ran.err
    assert len(inferences(only_session(tmp_path / "s"))) == 4


def test_a_board_over_tcp_is_measured_without_any_tflite_installed(tmp_path, monkeypatch):
    for name in ("tflite_runtime", "tflite_runtime.interpreter", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    data = write_inputs(tmp_path / "data", KWS, 12)
    with served(board()) as address:
        ran = tinyrunner(
            "run", "kws", "--mode", "accuracy", "--dut", address, "--datasets", data,
            "--sessions", tmp_path / "s", "--json",
        )  # fmt: skip
    assert ran.status == 3, ran
    assert ran.json["accuracy"]["inputs"] == 12
    assert document(only_session(tmp_path / "s"))["provenance"]["simulated"] is None


def test_a_run_in_a_process_of_its_own_keeps_stdout_for_the_result(tmp_path):
    ran = ended(
        process(
            "run",
            "kws",
            "--mode",
            "accuracy",
            "--dut",
            "sim:",
            "--datasets",
            "demo",
            "--sessions",
            "here",
            "--json",
            cwd=tmp_path,
        )
    )
    assert ran.status == 3, ran
    assert ran.json["session"] == str(only_session(tmp_path / "here"))
    assert "kws accuracy: 120/120 Top-1 95.8%" in ran.err


def test_the_demo_model_on_official_inputs_is_never_valid(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets",
        reference_path("datasets"), "--sessions", tmp_path,
    )  # fmt: skip
    assert ran.status == 3, ran
    assert "synthetic" in ran.out
    assert "simulated device" in ran.out
    again = tinyrunner("score", only_session(tmp_path))
    assert again.status == 3, again


def test_a_limited_smoke_test_leaves_only_what_a_session_holds(tmp_path):
    tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--limit", 2, "--datasets", "demo",
        "--sessions", tmp_path,
    )  # fmt: skip
    session = only_session(tmp_path)
    assert document(session)["result"]["simulated"] is True
    assert not [path for path in session.iterdir() if path.name.startswith(".")]


class AtTheFirstInput(Fault):
    """Asks what is there when the first input is sent."""

    def __init__(self, ask):
        self._ask, self.answer = ask, None

    def heard(self, data: bytes) -> bytes:
        if data.startswith(b"db load") and self.answer is None:
            self.answer = self._ask()
        return data


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be synced there")
def test_what_a_session_begins_with_is_on_the_disk_before_the_first_input(tmp_path, monkeypatch):
    """Everything that was synced, by inode: a renamed file is the same one."""
    synced, sync = set(), os.fsync

    def noted(handle):
        synced.add(os.fstat(handle).st_ino)
        sync(handle)

    def names():
        (session,) = (tmp_path / "s").iterdir()
        there = {path.name: path for path in session.iterdir()}
        there |= {"the session's folder": session, "the folder of sessions": tmp_path / "s"}
        return {name for name, path in there.items() if path.stat().st_ino in synced}

    monkeypatch.setattr(os, "fsync", noted)
    first = AtTheFirstInput(names)
    use_board(monkeypatch, board(fault=first))
    data = write_inputs(tmp_path / "data", KWS, 2)
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 3, ran
    assert first.answer == {
        "script.async", "y_labels.csv", "session.json",
        "the session's folder", "the folder of sessions",
    }  # fmt: skip
