"""Other inputs under a known model id, and networks with one output, through the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from support.cli import document, inferences, only_session, tinyrunner
from support.devices.boards import Interrupts, board, use_board
from support.inputs import write_inputs, write_listed
from support.reference import reference_path
from tinyrunner.models.custom_task import custom_task
from tinyrunner.models.other_inputs import InputKind, with_inputs
from tinyrunner.models.suite import AD, IC, KWS, VWW, InputFormat


def other(task, text):
    return with_inputs(task, InputKind.parse(text))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`tinyrunner run TASK` on a board that takes inputs of another kind, with such inputs."""

    def run(task, mode, *more, data=None):
        use_board(monkeypatch, board(task))
        data = data or write_inputs(tmp_path / "data", task, 6)
        return tinyrunner(
            "run", task.key, "--mode", mode, "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "s", "--json", *more,
        )  # fmt: skip

    return run


def fewer(mode: str, iterations: int) -> tuple[object, ...]:
    """So many iterations, where the mode has windows."""
    return () if mode == "accuracy" else ("--iterations", iterations)


def kinds(ran):
    return {finding["kind"]: finding["severity"] for finding in ran.json["findings"]}


@pytest.mark.parametrize(
    ("task", "text", "mode"),
    [
        (KWS, "float32", "accuracy"),
        (KWS, "float32", "performance"),
        (KWS, "int8:1960", "accuracy"),
        (KWS, "int16:32000", "performance"),
        (VWW, "uint8:9216", "accuracy"),
        (IC, "float32", "accuracy"),
        (AD, "int8", "performance"),
    ],
    ids=lambda part: part if isinstance(part, str) else part.key,
)
def test_other_inputs_are_measured_recorded_and_scored_alike(task, text, mode, run, tmp_path):
    made = other(task, text)
    ran = run(made, mode, "--division", "open", "--input-format", text, *fewer(mode, 10))
    assert kinds(ran)["other inputs"] == "warning", ran
    session = only_session(tmp_path / "s")
    recorded = document(session)["provenance"]
    assert recorded["dataset"]["input_format"] == str(InputKind.of(made))
    assert recorded["config"]["input_formats"] == {task.key: text}
    scored = tinyrunner("score", session, "--json")
    assert (scored.status, kinds(scored)) == (ran.status, kinds(ran))
    for part in ("accuracy", "performance"):
        assert scored.json.get(part) == ran.json.get(part)


def test_the_official_list_of_other_inputs_is_valid_in_the_open_division(run, tmp_path):
    made = other(KWS, "float32")
    labels = reference_path("datasets", "kws01", "y_labels.csv")
    data = write_listed(tmp_path / "data", made, labels)
    ran = run(made, "accuracy", "--division", "open", "--input-format", "float32", data=data)
    assert "violation" not in kinds(ran).values(), ran
    assert ran.status == 0
    assert len(inferences(only_session(tmp_path / "s"))) == 1000


def test_other_inputs_do_not_count_in_the_closed_division(run):
    ran = run(other(KWS, "float32"), "accuracy", "--input-format", "float32")
    assert ran.status == 3
    assert kinds(ran)["other inputs"] == "violation"
    assert "run it with --division open" in ran.out


def test_the_open_division_takes_files_of_one_other_size_without_a_word(run, tmp_path):
    ran = run(other(KWS, "float32"), "accuracy", "--division", "open")
    assert kinds(ran)["other inputs"] == "warning"
    assert "its inputs are float32, 1960 bytes each" in ran.err
    session = only_session(tmp_path / "s")
    assert document(session)["provenance"]["dataset"]["input_format"] == "float32:1960"


def test_the_closed_division_refuses_them_and_says_where_they_count(run, tmp_path):
    ran = run(other(KWS, "float32"), "accuracy")
    assert ran.status == 2
    assert "in_" not in ran.out
    assert "1960 bytes, expected 490" in ran.err
    assert "--division open --input-format float32" in ran.err
    assert not (tmp_path / "s").exists()


def test_files_of_several_sizes_are_refused_in_the_open_division_too(run, tmp_path):
    made = other(KWS, "float32")
    data = write_inputs(tmp_path / "data", made, 6)
    next((data / "kws01").glob("*.bin")).write_bytes(bytes(490))
    ran = run(made, "accuracy", "--division", "open", data=data)
    assert ran.status == 2
    assert "1960 bytes, expected 490" in ran.err
    ran = run(made, "accuracy", "--division", "open", "--input-format", "float32", data=data)
    assert ran.status == 2
    assert "490 bytes, expected 1960" in ran.err


def test_a_configuration_may_say_so_for_each_task(run, tmp_path):
    config = tmp_path / "bench.yaml"
    config.write_text("division: open\ninput_formats: {kws: float32, ic: int8}\n")
    ran = run(other(KWS, "float32"), "accuracy", "--config", config)
    assert kinds(ran)["other inputs"] == "warning"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{kws: floats}", "expected uint8, int8, int16, float32"),
        ("{kws: 'float32:1961'}", "multiple of 4"),
        ("{ad: 'float32:5120'}", "a window of 640 numbers"),
        ("{custom: float32}", "stands in its section: input"),
        ("{kwz: float32}", "did you mean kws"),
        ("{kws: 7}", "expected an input format"),
    ],
)
def test_a_configuration_that_says_it_wrongly_is_refused_with_its_line(text, expected, tmp_path):
    config = tmp_path / "bench.yaml"
    config.write_text(f"division: open\ninput_formats: {text}\n")
    ran = tinyrunner("run", "kws", "--mode", "accuracy", "--config", config, "--dut", "sim:")
    assert ran.status == 2
    assert f"{config}:2: input_formats" in ran.err
    assert expected in ran.err


def test_a_session_is_continued_with_its_own_inputs_only(run, tmp_path, monkeypatch):
    made = other(KWS, "float32")
    data = write_inputs(tmp_path / "data", made, 6)
    use_board(monkeypatch, board(made, Interrupts(300)))
    start = (
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--division", "open",
    )  # fmt: skip
    assert tinyrunner(*start).status == 130  # and what is there is kept
    session = only_session(tmp_path / "s")
    use_board(monkeypatch, board(made))
    changed = tinyrunner("run", "--resume", session, "--input-format", "int8:1960")
    assert "the input format: the session has 'float32:1960', now it is 'int8:1960'" in changed.err
    resumed = tinyrunner("run", "--resume", session, "--json")
    assert resumed.status == 3, resumed
    assert kinds(resumed)["other inputs"] == "warning"
    assert len(inferences(session)) == 6


def test_a_session_whose_input_format_makes_no_sense_is_damaged(run, tmp_path):
    run(other(KWS, "float32"), "accuracy", "--division", "open")
    session = only_session(tmp_path / "s")
    tree = document(session)
    tree["provenance"]["dataset"]["input_format"] = "floats"
    (session / "session.json").write_text(json.dumps(tree))
    scored = tinyrunner("score", session)
    assert scored.status == 2
    assert "is damaged: dataset.input_format: expected uint8" in scored.err


def test_there_are_no_demo_inputs_of_another_kind(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo",
        "--division", "open", "--input-format", "float32", "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2
    assert "there are no demo ones for inputs of another kind" in ran.err


def test_a_check_of_the_firmware_sends_what_it_takes(monkeypatch):
    use_board(monkeypatch, board(other(KWS, "float32")))
    items = {}
    for more in ((), ("--input-format", "kws=float32")):
        ran = tinyrunner("check", "--dut", "sim:", "--quick", "--no-save", "--json", *more)
        items[more] = {item["key"]: item["verdict"] for item in ran.json["items"]}
    worse = [key for key, verdict in items[()].items() if verdict == "fail"]
    assert worse
    assert "fail" not in items["--input-format", "kws=float32"].values()


# ---- one output, 16 bits -------------------------------------------------------------------------

SECTION = "custom: {{model_id: mynet01, input: {input}, input_bytes: {size}, classes: {classes}}}\n"


@pytest.fixture
def run_custom(tmp_path, monkeypatch):
    def run(mode, input_format, labels, *, classes=1, column=1):
        size = 64 * input_format.item_bytes
        task = custom_task(
            model_id="mynet01", input_format=input_format, input_bytes=size, classes=classes
        )
        use_board(monkeypatch, board(task))
        config = tmp_path / "custom.yaml"
        config.write_text(SECTION.format(input=input_format.value, size=size, classes=classes))
        folder = tmp_path / "data" / "mynet01"
        folder.mkdir(parents=True)
        random = np.random.default_rng(5)
        rows = []
        for number, label in enumerate(labels):
            (folder / f"in{number}.bin").write_bytes(random.bytes(size))
            rows.append(f"in{number}.bin,{column},{label}\n")
        (folder / "y_labels.csv").write_text("".join(rows))
        return tinyrunner(
            "run", "custom", "--mode", mode, "--config", config, "--dut", "sim:",
            "--datasets", folder.parent, "--sessions", tmp_path / "s", *fewer(mode, 20),
        )  # fmt: skip

    return run


@pytest.mark.parametrize("input_format", InputFormat, ids=lambda kind: kind.value)
def test_a_network_with_one_output_is_timed(input_format, run_custom, tmp_path):
    ran = run_custom("performance", input_format, [0] * 5)
    assert ran.status == 3, ran
    assert "median throughput" in ran.out
    windows = document(only_session(tmp_path / "s"))["result"]["performance"]["windows"]
    assert len(windows) == 5


def test_one_output_and_labels_of_two_kinds_have_an_auc(run_custom, tmp_path):
    labels = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1]
    ran = run_custom("accuracy", InputFormat.INT8, labels, column=2)
    session = only_session(tmp_path / "s")
    accuracy = document(session)["result"]["accuracy"]
    outputs = [scores[0] for _, _, scores in inferences(session)]
    assert accuracy["metric"] == "AUC"
    assert accuracy["auc"] == pytest.approx(roc_auc_score(labels, outputs), abs=1e-12)
    assert "AUC" in ran.out
    scored = tinyrunner("score", session, "--json")
    assert scored.json["accuracy"] == accuracy


def test_one_output_and_one_label_have_no_accuracy_and_say_so(run_custom, tmp_path):
    ran = run_custom("accuracy", InputFormat.INT16_LE, [0] * 7)
    outputs = [scores[0] for _, _, scores in inferences(only_session(tmp_path / "s"))]
    assert "one output, and one label for all: there is no accuracy to tell" in ran.out
    assert f"outputs from {min(outputs):g} to {max(outputs):g}" in ran.out
    assert "Top-1" not in ran.out


@pytest.mark.parametrize(
    ("column", "label", "expected"),
    [(3, 0, "custom has 2 classes, the row says 3"), (1, 1, "label 1 is not one of 0 to 0")],
)
def test_a_list_for_one_output_has_one_class_or_two(column, label, expected, run_custom):
    ran = run_custom("accuracy", InputFormat.INT8, [label], column=column)
    assert ran.status == 2
    assert expected in ran.err
