"""Published sessions through the command line: scored again, and their scripts run again."""

from __future__ import annotations

import pytest
from support.cli import document, inferences, only_session, tinyrunner
from support.inputs import REFERENCE_MODELS
from support.reference import reference_path
from support.report.printed import printed_in
from tinyrunner.runner.script.parser import read_script
from tinyrunner.runner.script.verbs import Load, input_file_name, parse_verb

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3"
ST_V12 = "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
ST_V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P"
SESSIONS = [
    (KRAI, "kws", "performance"),
    (KRAI, "kws", "accuracy"),
    (ST_V12, "ic", "performance"),
    (ST_V12, "ic", "accuracy"),
    (ST_V12, "ad", "performance"),
    (ST_V13, "kws", "performance"),
    (ST_V13, "kws", "accuracy"),
]


@pytest.mark.parametrize(("board", "task", "mode"), SESSIONS)
def test_a_published_session_gives_its_published_figure(board, task, mode):
    session = reference_path("published", board, task, mode)
    published = printed_in(session)
    ran = tinyrunner("score", session, "--datasets", reference_path("datasets"), "--json")
    assert ran.status == 0, ran
    assert (ran.json["task"], ran.json["mode"]) == (task, mode)
    assert "list" in ran.json["labels"]
    if mode == "performance":
        median = ran.json["performance"]["median_throughput"]
        assert f"{median:.3f}" == published.headline("median_throughput")
    else:
        assert f"{100 * ran.json['accuracy']['top1']:.1f}" == published.headline("top1")


@pytest.mark.parametrize(("board", "task", "mode"), SESSIONS)
def test_a_person_is_shown_the_same_figure(board, task, mode):
    session = reference_path("published", board, task, mode)
    published = printed_in(session)
    ran = tinyrunner("score", session / "log.txt", "--datasets", reference_path("datasets"))
    assert ran.status == 0, ran
    figure = published.headline("median_throughput" if mode == "performance" else "top1")
    assert figure in ran.out
    assert "valid for v1.2" in ran.out


def test_a_performance_session_needs_no_label_list_and_is_not_accused_for_that():
    session = reference_path("published", KRAI, "kws", "performance")
    ran = tinyrunner("score", session, "--json")
    assert ran.status == 0, ran
    (finding,) = ran.json["findings"]
    assert finding["severity"] == "warning"
    assert "no label list was given" in finding["text"]


def test_an_accuracy_session_without_a_label_list_asks_for_it():
    ran = tinyrunner("score", reference_path("published", KRAI, "kws", "accuracy"))
    assert ran.status == 2
    assert "give its label list with --labels FILE" in ran.err


def test_a_wake_word_session_is_scored_by_its_results_json():
    session = reference_path("published", ST_V13, "sww", "performance")
    ran = tinyrunner("score", session)
    assert ran.status == 0, ran
    assert "44 true positives, 6 false negatives, 4 false positives, F1 0.8980" in ran.out
    assert "false at 612.585, 715.326, 853.827, 980.845 s" in ran.out
    assert "duty cycle 0.55914, period 0.031989 s, throughput 55.908 inf/s" in ran.out
    assert "audio clock +338 ± 3 ppm" in ran.out
    assert "valid for v1.3" in ran.out
    told = tinyrunner("score", session, "--json").json
    assert (told["task"], told["mode"], told["round"]) == ("sww", "performance", "v1.3")
    assert told["streaming"]["words"]["f1"] == pytest.approx(88 / 98)


def test_a_wake_word_session_without_edges_or_samples_shows_what_its_log_prints():
    session = reference_path("published", ST_V13, "sww", "energy")
    ran = tinyrunner("score", session)
    assert ran.status == 2
    assert "give the file that tells its words" in ran.err
    words = reference_path("datasets", "sww01", "sww_long_test.json")
    ran = tinyrunner("score", session, "--labels", words)
    assert ran.status == 0, ran
    assert "44 true positives" in ran.out
    assert "no edges are at hand to recompute it): Average duty cycle: 0.56085" in ran.out
    assert "Power : 25.6220 mW." in ran.out
    again = tinyrunner("score", session, "--labels", words, "--task", "sww", "--round", "v1.2")
    assert again.status == 3
    assert "v1.2 has no sww" in again.out
    wrong = tinyrunner("score", session, "--task", "kws")
    assert wrong.status == 2
    assert "is of the streaming model sww01, not of kws" in wrong.err


def test_a_folder_without_a_log_is_told():
    ran = tinyrunner("score", reference_path("published", ST_V12, "ad", "accuracy"))
    assert ran.status == 2
    assert "holds no log.txt" in ran.err


def test_a_text_that_is_no_log_is_told(tmp_path):
    (tmp_path / "log.txt").write_text("hello\n")
    ran = tinyrunner("score", tmp_path)
    assert ran.status == 1
    assert "is no session log" in ran.err


@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_a_published_script_runs_on_the_simulated_bench(mode, tmp_path):
    script = reference_path("published", KRAI, "kws", mode, "script.async")
    ran = tinyrunner(
        "run", "kws", "--mode", mode, "--dut", "sim:kws01", "--model",
        reference_path("models", REFERENCE_MODELS["kws"]), "--datasets",
        reference_path("datasets"), "--script", script, "--sessions", tmp_path, "--json",
    )  # fmt: skip
    assert ran.status == 3, ran
    assert [finding["kind"] for finding in ran.json["findings"]] == ["simulated device"]
    session = only_session(tmp_path)
    verbs = [parse_verb(step.command) for step in read_script(script).steps]
    loads = [input_file_name(verb.path) for verb in verbs if isinstance(verb, Load)]
    assert [file for file, _, _ in inferences(session)] == loads
    provenance = document(session)["provenance"]
    assert provenance["script_file"] == str(script)
    assert provenance["iterations_found"] == {"by": "script"}
    if mode == "accuracy":
        assert abs(ran.json["accuracy"]["correct"] - 901) <= 2
    else:
        assert provenance["iterations"] == 800
        assert all(w["iterations"] == 800 for w in ran.json["performance"]["windows"])


def test_a_published_energy_script_is_said_to_need_a_monitor(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets",
        reference_path("datasets"), "--sessions", tmp_path / "s",
        "--script", reference_path("published", KRAI, "kws", "energy", "script.async"),
    )  # fmt: skip
    assert ran.status == 2
    assert "needs an IO manager or an energy monitor" in ran.err


def test_a_folder_of_older_file_names_is_scored_as_well():
    folder = reference_path(
        "record/v0.5/closed/latentai/results/raspberry_pi_4_leip_framework/ic/ic_fp32/accuracy"
    )
    ran = tinyrunner("score", folder, "--datasets", reference_path("datasets"), "--json")
    assert ran.status == 0, ran
    assert (ran.json["task"], ran.json["mode"]) == ("ic", "accuracy")
    assert ran.json["accuracy"]["top1"] == 0.855
