"""A model and data of one's own, through the command line."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from support.cli import document, ended, inferences, only_session, process, tinyrunner
from support.devices.boards import QUICK, Board, HashModel, Interrupts, board, served, use_board
from support.inputs import write_inputs
from tinyrunner.datasets.demo.demo_dataset import generate
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.models.custom_task import CUSTOM_NOTE, custom_task
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD, KWS, VWW, InputFormat
from tinyrunner.runner.commands.measure.run import choose_tasks
from tinyrunner.runner.config.config import load_config

MYNET = custom_task(
    model_id="mynet01", input_format=InputFormat.INT8, input_bytes=490, classes=12
)  # fmt: skip
SECTION = "custom: {model_id: mynet01, input: int8, input_bytes: 490, classes: 12}\n"
ONLY_FINDINGS = ["simulated device", "custom task"]


def kinds(ran) -> list[str]:
    return [finding["kind"] for finding in ran.json["findings"]]


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "custom.yaml"
    path.write_text(SECTION)
    return path


@pytest.fixture
def data(tmp_path):
    """The demo inputs of kws under other names, as a user's own data."""
    folder = tmp_path / "data" / "mynet01"
    folder.mkdir(parents=True)
    rows = []
    for number, item in enumerate(generate(KWS, count=36)):
        (folder / f"own_{number}.bin").write_bytes(item.data)
        rows.append(f"own_{number}.bin,12,{item.label}\n")
    (folder / "y_labels.csv").write_text("".join(rows))
    return folder.parent


@pytest.fixture
def run(config, data, tmp_path):
    """`tinyrunner run custom` with the demo model of kws as a model of one's own."""

    def run(mode, *more, dut="sim:"):
        return tinyrunner(
            "run", "custom", "--config", config, "--mode", mode, "--dut", dut,
            *(("--model", demo_model_path(KWS)) if dut.startswith("sim:") else ()),
            "--datasets", data, "--sessions", tmp_path / "s", "--json", *more,
        )  # fmt: skip

    return run


# ---- accuracy, performance, score, resume --------------------------------------------------------


def test_accuracy_is_that_of_the_model_and_never_valid(run, tmp_path):
    ran = run("accuracy")
    assert ran.status == 3, ran
    assert kinds(ran) == ONLY_FINDINGS
    accuracy = ran.json["accuracy"]
    assert (accuracy["metric"], accuracy["inputs"], accuracy["listed"]) == ("Top-1", 36, 36)
    assert accuracy["top1"] > 0.9  # the demo model knows these inputs
    session = only_session(tmp_path / "s")
    assert session.name.endswith("_custom_accuracy")
    shares = np.array([row for _, _, row in inferences(session)])
    shares /= shares.sum(axis=1, keepdims=True)
    labels = [int(line.split(",")[2]) for line in (session / "y_labels.csv").open()]
    expected = roc_auc_score(labels, shares, multi_class="ovr", average="macro")
    assert accuracy["auc"] == pytest.approx(expected, abs=1e-12)
    assert CUSTOM_NOTE in (session / "result.txt").read_text().splitlines()[-1]
    assert CUSTOM_NOTE in ran.err


def test_performance_windows_are_timed_and_never_valid(run, tmp_path):
    ran = run("performance", dut="sim:mynet01")
    assert ran.status == 3, ran
    assert kinds(ran) == ONLY_FINDINGS
    assert len(ran.json["performance"]["windows"]) == 5
    assert all(window["elapsed_s"] >= 10 for window in ran.json["performance"]["windows"])
    session = only_session(tmp_path / "s")
    assert CUSTOM_NOTE in (session / "result.txt").read_text()


def test_score_makes_the_task_anew_from_session_json(run, tmp_path):
    ran = run("accuracy")
    session = only_session(tmp_path / "s")
    described = document(session)["provenance"]["config"]["custom"]
    assert described == {
        "model_id": "mynet01", "input": "int8", "input_bytes": 490, "classes": 12,
        "class_names": None, "shape": None,
    }  # fmt: skip
    scored = tinyrunner("score", session, "--json")
    assert scored.status == 3, scored
    assert scored.json["accuracy"] == ran.json["accuracy"]
    assert (scored.json["task"], kinds(scored)) == ("custom", ONLY_FINDINGS)
    shown = tinyrunner("score", session)
    assert "target" not in shown.out
    assert f"violation: mynet01 is {CUSTOM_NOTE}" in shown.out
    assert "not valid for submission" in shown.out


def test_score_refuses_a_custom_session_whose_description_is_gone(run, tmp_path):
    run("accuracy")
    session = only_session(tmp_path / "s")
    for damage, expected in (
        (None, "session.json is damaged: its task is 'custom'"),
        ({"model_id": "kws01"}, "config.custom.model_id: kws01 is the model id of kws"),
    ):
        tree = document(session)
        tree["provenance"]["config"]["custom"] = damage
        (session / "session.json").write_text(json.dumps(tree))
        scored = tinyrunner("score", session)
        assert scored.status == 2, scored
        assert expected in scored.err


@pytest.mark.parametrize("named", [(), ("custom",)])
def test_an_interrupted_session_goes_on_without_the_configuration(
    named, run, config, tmp_path, monkeypatch
):
    use_board(monkeypatch, board(MYNET))
    whole = run("accuracy")
    shutil.rmtree(tmp_path / "s")
    use_board(monkeypatch, board(MYNET, Interrupts(300)))
    assert run("accuracy").status == 130
    config.unlink()
    use_board(monkeypatch, board(MYNET))
    resumed = tinyrunner("run", *named, "--resume", only_session(tmp_path / "s"), "--json")
    assert resumed.status == 3, resumed
    assert "inputs are done; going on" in resumed.err
    assert resumed.json["accuracy"] == whole.json["accuracy"]


def test_a_session_of_another_task_is_not_resumed_as_custom(run, tmp_path):
    run("accuracy")
    refused = tinyrunner("run", "kws", "--resume", only_session(tmp_path / "s"))
    assert refused.status == 2
    assert "is a session of custom, not of kws" in refused.err


def test_the_list_may_lie_in_the_folder_itself_or_elsewhere(run, config, data, tmp_path):
    lists = tmp_path / "short.csv"
    lines = (data / "mynet01" / "y_labels.csv").read_text().splitlines(keepends=True)
    lists.write_text("".join(lines[:7]))
    ran = run("accuracy", "--datasets", data / "mynet01", "--labels", f"custom={lists}")
    assert ran.json["accuracy"]["listed"] == 7, ran
    config.write_text(f"{SECTION}labels: {{custom: short.csv}}\n")
    assert run("accuracy").json["accuracy"]["listed"] == 7


def test_demo_inputs_as_ones_own_are_no_further_violation(run, data):
    folder = data / "mynet01"
    for path in folder.glob("own_*.bin"):
        path.rename(folder / path.name.replace("own", "demo"))
    labels = folder / "y_labels.csv"
    labels.write_text(labels.read_text().replace("own_", "demo_"))
    ran = run("accuracy")
    assert kinds(ran) == ONLY_FINDINGS
    assert "synthetic" in ran.err


# ---- other sizes and types -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("official", "input_format", "size", "classes"),
    [(VWW, "uint8", 27648, 2), (AD, "float32", 2560, 640)],
)
def test_other_types_and_sizes_run_from_end_to_end(official, input_format, size, classes, tmp_path):
    task = custom_task(
        model_id="net-2.b", input_format=InputFormat(input_format), input_bytes=size,
        classes=classes,
    )  # fmt: skip
    (tmp_path / "c.yaml").write_text(
        f"custom: {{model_id: net-2.b, input: {input_format}, input_bytes: {size}, "
        f"classes: {classes}}}\nmodel: {demo_model_path(official)}\n"
        "datasets: data\nsessions: s\ndut: {address: 'sim:net-2.b?baud=0'}\n"
    )
    write_inputs(tmp_path / "data", task, 4)
    ran = tinyrunner(
        "run", "custom", "--config", tmp_path / "c.yaml", "--mode", "accuracy", "--json"
    )
    assert ran.status == 3, ran
    assert kinds(ran) == ONLY_FINDINGS
    scores = inferences(only_session(tmp_path / "s"))
    assert [len(row) for _, _, row in scores] == [classes] * 4


@pytest.mark.parametrize("size", [1, 27649, 100_003])
def test_an_input_of_any_size_is_loaded_and_read_back(size, tmp_path, monkeypatch):
    task = custom_task(model_id="odd", input_format=InputFormat.INT8, input_bytes=size, classes=3)
    (tmp_path / "c.yaml").write_text(
        f"custom: {{model_id: odd, input: int8, input_bytes: {size}, classes: 3}}\n"
        "dut: {verify_load: all}\n"
    )
    heard = []

    class Remembering(HashModel):
        def infer(self, data):
            heard.append(data)
            return super().infer(data)

    use_board(monkeypatch, Board(SimulatedDut(Remembering(task), DeviceSettings())))
    data = write_inputs(tmp_path / "data", task, 3)
    ran = tinyrunner(
        "run", "custom", "--config", tmp_path / "c.yaml", "--mode", "accuracy", "--dut", "sim:",
        "--datasets", data, "--sessions", tmp_path / "s", "--json",
    )  # fmt: skip
    assert ran.status == 3, ran
    assert "cannot verify" not in ran.err
    assert "load failed" not in ran.err
    listed = [line.split(",")[0] for line in (data / "odd" / "y_labels.csv").open()]
    assert heard == [(data / "odd" / name).read_bytes() for name in listed]


# ---- behind a port -------------------------------------------------------------------------------


def test_a_served_device_of_ones_own_gives_the_same_scores(run, config, tmp_path):
    inside = run("accuracy")
    shutil.rmtree(tmp_path / "s")
    serving = process(
        "simulate", "dut", "--task", "custom", "--config", config, "--model",
        demo_model_path(KWS), "--baud-rate", 0, "--inference-ms", 0, "--tcp", "127.0.0.1:0",
    )  # fmt: skip
    try:
        address = serving.stdout.readline().strip()
        outside = run("accuracy", dut=address)
    finally:
        serving.terminate()
        ended(serving)
    assert outside.status == 3, outside
    assert outside.json["accuracy"] == inside.json["accuracy"]


@pytest.mark.parametrize(
    ("firmware", "expected"),
    [
        (KWS, "the firmware's model is kws01, custom needs mynet01; run kws instead, or flash"),
        (
            custom_task(
                model_id="net9", input_format=InputFormat.INT8, input_bytes=490, classes=12
            ),
            "the firmware's model is net9, custom needs mynet01; flash the firmware for mynet01",
        ),
    ],
)
def test_firmware_that_names_another_model_is_refused(firmware, expected, run):
    with served(SimulatedDut(HashModel(firmware), QUICK)) as address:
        ran = run("accuracy", dut=address)
    assert ran.status == 2, ran
    assert expected in ran.err


def test_the_console_talks_to_a_device_of_ones_own(config, data):
    ran = tinyrunner(
        "console", "--task", "custom", "--config", config, "--dut", "sim:", "--model",
        demo_model_path(KWS),
        stdin=f'bload dut "{data}/mynet01/own_0.bin"\ndut infer 1 0\ndut db print\n',
    )  # fmt: skip
    assert ran.status == 0, ran
    assert "dut: m-model-[mynet01]" in ran.out
    assert "dut: m-results-[" in ran.out


# ---- what is refused -----------------------------------------------------------------------------


def test_the_task_without_its_section_is_a_usage_error_that_says_what_to_write(tmp_path):
    (tmp_path / "c.yaml").write_text("limit: 3\n")
    for more in ((), ("--config", tmp_path / "c.yaml")):
        ran = tinyrunner("run", "custom", "--mode", "accuracy", "--dut", "sim:", *more)
        assert ran.status == 2, ran
        section = ran.err[ran.err.index("custom:\n") :]
        (tmp_path / "written.yaml").write_text(section)
        assert load_config(tmp_path / "written.yaml").custom_task is not None


@pytest.mark.parametrize("command", [("simulate", "dut", "--tcp", "127.0.0.1:0"), ("console",)])
def test_other_commands_want_the_section_too(command):
    ran = tinyrunner(*command, "--task", "custom")
    assert ran.status == 2
    assert "model_id: mynet01" in ran.err


@pytest.mark.parametrize("word", ["demo", "reference", None])
def test_there_is_no_ready_made_model(word, config, data):
    ran = tinyrunner(
        "run", "custom", "--config", config, "--mode", "accuracy", "--dut", "sim:",
        "--datasets", data, *(() if word is None else ("--model", word)),
    )  # fmt: skip
    assert ran.status == 2, ran
    assert f"there is no {word or 'demo'} model for mynet01" in ran.err
    assert "--model FILE" in ran.err


@pytest.mark.parametrize("more", [(), ("--datasets", "demo")])
def test_there_are_no_ready_made_inputs(more, config, monkeypatch):
    monkeypatch.delenv("TINYRUNNER_DATASETS", raising=False)
    ran = tinyrunner(
        "run", "custom", "--config", config, "--mode", "accuracy", "--dut", "sim:",
        "--model", demo_model_path(KWS), *more,
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "give --datasets" in ran.err.casefold()
    assert "mynet01/y_labels.csv" in ran.err


def test_a_model_that_does_not_fit_is_refused_with_both_shapes(config, data):
    ran = tinyrunner(
        "run", "custom", "--config", config, "--mode", "accuracy", "--dut", "sim:",
        "--model", demo_model_path(VWW), "--datasets", data,
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "int8[1, 96, 96, 3]" in ran.err
    assert "custom takes int8[1, 490]" in ran.err


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("own_0.bin,11,3", "custom has 12 classes, the row says 11"),
        ("own_0.bin,12,12", "label 12 is not one of 0 to 11"),
        ("own_0.bin,12,3,490,490", "expected 3 columns"),
    ],
)
def test_a_label_list_is_held_to_the_classes(row, expected, run, data):
    (data / "mynet01" / "y_labels.csv").write_text(row + "\n")
    ran = run("accuracy")
    assert ran.status == 2
    assert expected in ran.err


def test_an_input_of_another_size_is_refused(run, data):
    (data / "mynet01" / "own_3.bin").write_bytes(bytes(491))
    ran = run("accuracy")
    assert ran.status == 2
    assert "own_3.bin: 491 bytes, expected 490" in ran.err


def test_an_address_names_only_models_that_are_known(run):
    ran = run("accuracy", dut="sim:net9")
    assert ran.status == 2
    assert "there are vww01, ic01, kws01, ad01, ic02, mynet01" in ran.err


def test_all_does_not_include_custom(config):
    ran = tinyrunner("run", "all", "custom", "--config", config, "--mode", "accuracy")
    assert ran.status == 2
    assert "custom" not in {task.key for task in choose_tasks(["all"], load_config(config))}
    assert "`all` is the four tasks and stands alone" in ran.err
