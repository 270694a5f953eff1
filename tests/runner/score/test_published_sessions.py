"""Every published session with its log gives its published figures again."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.reference import reference_path
from support.report.printed import figures, printed_in, windows
from tinyrunner.models.suite import TASKS_BY_MODEL_ID, Metric, Task
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.journal.records import InferenceRecord, LogFacts
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.rules import CheckInput, Division, Severity, check
from tinyrunner.runner.score.score import match_list, score_accuracy, score_performance
from tinyrunner.runner.terms import Mode
from tinyrunner.runner.write.eembc_results import render_accuracy, render_performance

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3"
ST_V12 = "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
ST_V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P"
SYNTIANT = "v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz"

PERFORMANCE = [
    (KRAI, "kws", "y_labels.csv"),
    (ST_V12, "ic", "y_labels_2021.csv"),
    (ST_V12, "ad", "y_labels.csv"),
    (ST_V13, "kws", "y_labels.csv"),
]
ACCURACY = [
    (KRAI, "kws", "y_labels.csv"),
    (ST_V12, "ic", "y_labels.csv"),
    (ST_V13, "kws", "y_labels.csv"),
]


@dataclass(frozen=True)
class Row:
    file: str
    label: int


def official_lists(task: Task) -> dict[str, list[Row]]:
    lists = {}
    for path in sorted(reference_path("datasets", task.model_id).glob("*.csv")):
        with path.open(newline="") as stream:
            lists[path.name] = [Row(row[0], int(row[2])) for row in csv.reader(stream)]
    return lists


def read(session: Path) -> tuple[list[InferenceRecord], LogFacts, Task]:
    with open_log(session / "log.txt") as reader:
        records = list(reader)
    (model_id,) = reader.facts.model_ids
    return records, reader.facts, TASKS_BY_MODEL_ID[model_id]


def violations(result: CheckInput, board: str) -> list[str]:
    round_ = load_rounds().get(board.partition("/")[0])
    findings = check(result, round_, division=Division.CLOSED)
    return [finding.text for finding in findings if finding.severity is Severity.VIOLATION]


@pytest.mark.parametrize(("board", "task_key", "list_name"), PERFORMANCE)
def test_a_published_performance_session_gives_its_median_throughput(board, task_key, list_name):
    session = reference_path("published", board, task_key, "performance")
    records, facts, task = read(session)
    published = printed_in(session)
    assert facts.mode is Mode.PERFORMANCE
    used = match_list((record.file for record in records), official_lists(task))
    assert used == list_name
    result = score_performance(records, task)
    assert f"{result.median_throughput:.3f}" == published.headline("median_throughput")
    for window, printed in zip(result.windows, windows(published), strict=True):
        told = figures(printed)
        digits = len(told["throughput"].partition(".")[2])
        assert f"{window.throughput:.{digits}f}" == told["throughput"]
        assert str(window.iterations) == told["inferences"]
    wanted = CheckInput.of(facts, task, mode=Mode.PERFORMANCE, performance=result, list_name=used)
    assert violations(wanted, board) == []


@pytest.mark.parametrize(("board", "task_key", "list_name"), ACCURACY)
def test_a_published_accuracy_session_gives_its_top1(board, task_key, list_name):
    session = reference_path("published", board, task_key, "accuracy")
    records, facts, task = read(session)
    published = printed_in(session)
    assert facts.mode is Mode.ACCURACY
    lists = official_lists(task)
    used = match_list((record.file for record in records), lists)
    assert used == list_name
    result = score_accuracy(records, lists[used], task)
    assert task.metric is Metric.TOP1
    assert f"{100 * result.top1:.1f}" == published.headline("top1")
    if board == ST_V13:
        assert f"{result.auc:.3f}" == published.headline("auc")
    else:
        assert f"{result.eembc_auc:.2f}" == published.headline("auc")
    wanted = CheckInput.of(facts, task, mode=Mode.ACCURACY, accuracy=result, list_name=used)
    assert violations(wanted, board) == []


def without_stamps(text: str) -> list[str]:
    return [line.partition(" ")[2] for line in text.splitlines()]


@pytest.mark.parametrize(("board", "task_key"), [(KRAI, "kws"), (ST_V12, "ic"), (ST_V12, "ad")])
def test_rendering_a_published_performance_log_gives_its_results_file_again(board, task_key):
    session = reference_path("published", board, task_key, "performance")
    records, _, task = read(session)
    text = render_performance(
        score_performance(records, task), load_rounds().get("v1.1"), time_s=155.007
    )
    assert without_stamps(text) == without_stamps((session / "results.txt").read_text())
    assert text.startswith("00155.007 ulp-mlperf: Performance results for window 2:\n")


def test_rendering_a_published_accuracy_log_gives_its_top1_line_again():
    session = reference_path("published", KRAI, "kws", "accuracy")
    records, _, task = read(session)
    result = score_accuracy(records, official_lists(task)["y_labels.csv"], task)
    published = (session / "results.txt").read_text()
    rendered = render_accuracy(result, time_s=452.315)
    assert rendered.splitlines()[0] == published.splitlines()[0]


def test_no_published_session_with_a_log_is_left_out():
    root = reference_path("published")
    found = {p.parent.relative_to(root).as_posix() for p in root.rglob("log.txt")}
    scored = {f"{board}/{task}/performance" for board, task, _ in PERFORMANCE}
    scored |= {f"{board}/{task}/accuracy" for board, task, _ in ACCURACY}
    rest = found - scored
    assert all("/sww/" in name or name.endswith("/energy") for name in rest), rest


@pytest.mark.parametrize(
    ("session", "edges_in"),
    [
        (f"published/{ST_V13}/sww/performance", "results.json"),
        (f"published/{ST_V13}/sww/energy", None),
        (f"record/{SYNTIANT}/sww/energy", "log.txt"),
    ],
)
def test_every_published_wake_word_session_scores_as_printed_to_the_digit(session, edges_in):
    """The lists stand in the log alone, and the edges of one session nowhere."""
    folder = reference_path(*session.split("/"))
    found = judge_any(folder, datasets=reference_path("datasets"))
    result = found.assessment.streaming
    printed = (folder / "results.txt").read_text(encoding="utf-8")
    log = (folder / "log.txt").read_text(encoding="utf-8")
    counts = "{} True positives, {} False negatives, {} False positives"
    assert counts.format(*result.words.counts) in printed
    assert f"False negatives: {list(result.words.missed_s)}\n" in log.replace("\r\n", "\n")
    false = re.search(r"False positives: \[(.*)\]", log)[1].split()
    assert [float(time) for time in false] == [round(time, 3) for time in result.words.false_s]
    assert result.corrected_words.counts == result.words.counts
    assert found.assessment.findings == ()
    if edges_in is None:
        assert result.duty is None
        assert result.drift.uncertainty_ppm < 20
        return
    assert result.duty.source == edges_in
    assert f"Average duty cycle: {result.duty.duty_cycle:1.5}\n" in printed
    assert f"Average period: {result.duty.period_s:1.5} s\n" in printed
    assert f"Estimated throughput: {result.duty.throughput:1.5} inf./sec." in printed
    assert result.drift.uncertainty_ppm < 5


@pytest.mark.parametrize(
    ("board", "task"), [(KRAI, "kws"), (ST_V12, "ic"), (ST_V12, "ad"), (ST_V13, "kws")]
)
def test_the_published_energy_logs_are_read_with_five_inputs(board, task):
    with open_log(reference_path("published", board, task, "energy", "log.txt")) as reader:
        records = list(reader)
    assert reader.facts.mode is Mode.ENERGY
    assert len({record.file for record in records}) == 5
    assert all(record.scores for record in records)
