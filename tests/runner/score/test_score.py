"""Scoring: throughput, Top-1 and AUC from inferences."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, roc_auc_score
from support.sessions.logs import one_hot
from tinyrunner.models.suite import AD, IC, KWS, VWW
from tinyrunner.runner.journal.records import InferenceRecord
from tinyrunner.runner.score.auc import best_precision_recall, best_threshold_correct
from tinyrunner.runner.score.score import ScoreError, match_list, score_accuracy, score_performance


@dataclass(frozen=True)
class Row:
    file: str
    label: int


def record(file: str, scores: tuple[float, ...], **more: object) -> InferenceRecord:
    return InferenceRecord(**{"file": file, "offset": 0, "iterations": 1, "warmups": 0,
                              "scores": scores, "line": 1, **more})  # fmt: skip


def timed(start_us: int, end_us: int, host_s: float | None, n: int = 100) -> InferenceRecord:
    return record("a.bin", one_hot(1), iterations=n, start_us=start_us, end_us=end_us,
                  start_host_s=None if host_s is None else 5.0,
                  end_host_s=None if host_s is None else 5.0 + host_s)  # fmt: skip


def test_throughput_is_inferences_over_the_devices_seconds_and_the_median_counts():
    times = [10_000_000, 12_500_000, 20_000_000]
    result = score_performance([timed(7, 7 + us, None) for us in times], KWS)
    assert [window.throughput for window in result.windows] == [10.0, 8.0, 5.0]
    assert [window.number for window in result.windows] == [2, 4, 6]
    assert result.median_throughput == 8.0
    assert result.coefficient_of_variation == pytest.approx(np.std([10, 8, 5], ddof=1) / (23 / 3))


@given(start=st.integers(0, 2**32 - 1), us=st.integers(1, 2**31))
def test_a_timer_that_wraps_is_believed_where_the_host_agrees(start, us):
    (window,) = score_performance([timed(start, (start + us) % 2**32, us / 1e6)], KWS).windows
    assert window.elapsed_s == us / 1e6
    assert window.invalid is None


@pytest.mark.parametrize(
    ("host_s", "valid"), [(10.0, True), (10.5, True), (11.0, False), (9.0, False)]
)
def test_a_wrapped_time_must_lie_within_five_per_cent_of_the_hosts(host_s, valid):
    result = score_performance([timed(2**32 - 5_000_000, 5_000_000, host_s)], KWS)
    assert (result.windows[0].invalid is None) is valid
    assert (result.median_throughput is not None) is valid


def test_a_timer_that_wraps_early_makes_the_window_invalid_with_a_reason():
    wraps_at = 572_660_000
    (window,) = score_performance([timed(wraps_at - 1_000_000, 9_000_000, 10.0)], KWS).windows
    assert window.throughput is None
    assert "host saw 10.000 s" in window.invalid


@pytest.mark.parametrize("window", [timed(5, 5, 10.0), timed(9, 5, None)])
def test_a_window_without_a_time_to_trust_is_invalid(window):
    assert score_performance([window], KWS).windows[0].invalid


def test_a_window_without_time_stamps_is_invalid_and_json_able():
    result = score_performance([record("a.bin", one_hot(1))], KWS)
    assert "no two time stamps" in result.to_json()["windows"][0]["invalid"]
    assert result.to_json()["median_throughput"] is None


def test_printed_seconds_stand_in_for_stamps():
    result = score_performance(
        [record("a", one_hot(1), iterations=50, printed_runtime_s=10.0)], KWS
    )
    assert result.median_throughput == 5.0


def test_top1_takes_the_lower_index_of_a_tie_and_the_raw_scores():
    labels = [Row("a", 0), Row("b", 1)]
    result = score_accuracy([record("a", (0.5, 0.5)), record("b", (0.5, 0.5))], labels, VWW)
    assert (result.top1, result.correct) == (0.5, 1)
    assert result.confusion == ((1, 0), (1, 0))
    assert result.wrong.names == ("b",)


def test_an_input_counts_once_by_its_first_answer():
    records = [record("a", (1.0, 0.0)), record("a", (0.0, 1.0)), record("x", (1.0, 0.0)),
               record("", (1.0, 0.0))]  # fmt: skip
    result = score_accuracy(records, {"a": 0, "b": 1}, VWW)
    assert (result.inputs, result.correct, result.listed) == (1, 1, 2)
    assert result.repeated.names == ("a",)
    assert result.unknown.names == ("x", "(no input loaded)")
    assert result.missing.names == ("b",)


def test_lists_of_names_are_bounded_and_their_counts_are_not():
    result = score_accuracy([], {f"{i}.bin": 0 for i in range(1000)}, KWS)
    assert result.missing.count == 1000
    assert len(result.missing.names) == 100


def test_a_row_of_zeros_is_an_error_naming_the_input():
    with pytest.raises(ScoreError, match=r"a\.bin \(line 7"):
        score_accuracy([record("a.bin", (0.0, 0.0), line=7)], {"a.bin": 0}, VWW)


def test_another_tasks_number_of_scores_is_an_error():
    with pytest.raises(ScoreError, match="2 scores where kws has 12"):
        score_accuracy([record("a.bin", (0.5, 0.5))], {"a.bin": 0}, KWS)


@pytest.mark.parametrize("scores", [(), (0.5, 0.5), one_hot(1, 13)])
def test_an_input_without_its_scores_is_named_and_the_others_are_scored(scores):
    records = [
        record("a.bin", one_hot(0)),
        record("b.bin", scores, line=7, unreadable="" if scores else "no numbers"),
        record("c.bin", one_hot(1)),
    ]
    result = score_accuracy(records, dict.fromkeys(["a.bin", "b.bin", "c.bin"], 0), KWS)
    assert (result.inputs, result.correct, result.listed) == (2, 1, 3)
    assert (result.unreadable.names, result.missing.count) == (("b.bin",), 0)
    assert result.unreadable_first is not None
    assert result.unreadable_first[0] == 7


def test_a_label_beyond_the_classes_is_an_error():
    with pytest.raises(ScoreError, match="label 2"):
        score_accuracy([], {"a.bin": 2}, VWW)


thousandths = st.integers(0, 1000).map(lambda n: n / 1000)


def coarse_auc(labels: list[int], rows: list[tuple[float, ...]], number: int) -> float:
    """EEMBC's area of one class, counted out: raw scores, over a hundred thresholds."""
    points = [(1.0, 1.0)]
    for threshold in np.arange(0.0, 1.01, 0.01)[1:]:
        called = [row[number] > threshold for row in rows]
        alarms = [c for c, label in zip(called, labels, strict=True) if label != number]
        hits = [c for c, label in zip(called, labels, strict=True) if label == number]
        points.append((float(np.mean(alarms)), float(np.mean(hits))))
    return auc([x for x, _ in points], [y for _, y in points])


@settings(max_examples=25)  # scikit-learn takes its time
@given(data=st.data())
def test_auc_of_classes_equals_scikit_learns(data):
    task = data.draw(st.sampled_from([VWW, IC, KWS]))
    classes = task.class_count
    count = data.draw(st.integers(classes, 3 * classes))
    truth = {f"{i}.bin": i % classes for i in range(count)}
    rows = st.lists(thousandths, min_size=classes, max_size=classes).filter(any)
    scores = {file: tuple(data.draw(rows)) for file in truth}
    result = score_accuracy([record(f, s) for f, s in scores.items()], truth, task)
    shares = np.array([np.array(row) / np.cumsum(row)[-1] for row in scores.values()])
    if classes == 2:
        expected = roc_auc_score(list(truth.values()), shares[:, 1])
    else:
        expected = roc_auc_score(list(truth.values()), shares, multi_class="ovr")
    assert result.auc == pytest.approx(expected, abs=1e-12, rel=0)
    coarse = [coarse_auc(list(truth.values()), list(scores.values()), c) for c in range(classes)]
    assert result.eembc_auc == pytest.approx(np.mean(coarse), abs=1e-12, rel=0)
    if task is not VWW:
        assert result.top1 == np.mean(
            np.argmax(list(scores.values()), axis=1) == list(truth.values())
        )


def windows(file: str, scores: list[float]) -> list[InferenceRecord]:
    return [record(file, (score,), offset=512 * i) for i, score in enumerate(scores)]


@settings(max_examples=25)
@given(
    labels=st.lists(st.integers(0, 1), min_size=2, max_size=12).filter(lambda x: len(set(x)) == 2),
    data=st.data(),
)
def test_auc_of_ad_equals_scikit_learns_on_the_mean_errors(labels, data):
    truth = {f"{i}.bin": label for i, label in enumerate(labels)}
    bases = [data.draw(st.integers(0, 5)) for _ in labels]
    spread = data.draw(st.lists(thousandths, min_size=196, max_size=196))
    errors = {file: [base + s for s in spread] for file, base in zip(truth, bases, strict=True)}
    records = [r for file, scores in errors.items() for r in windows(file, scores)]
    result = score_accuracy(data.draw(st.permutations(records[:40])) + records[40:], truth, AD)
    means = [score.score for score in result.file_scores]
    assert means == pytest.approx([np.mean(scores) for scores in errors.values()], abs=1e-12)
    assert result.auc == pytest.approx(roc_auc_score(labels, means), abs=1e-12, rel=0)
    assert not result.incomplete


def test_windows_of_ad_that_are_missing_repeated_or_beside_the_stride_are_named():
    records = [*windows("a", [1.0] * 195), *windows("b", [2.0] * 196)]
    records += [record("b", (9.0,), offset=0), record("b", (9.0,), offset=100),
                record("b", (9.0,), offset=512 * 196)]  # fmt: skip
    result = score_accuracy(records, {"a": 0, "b": 1, "c": 1}, AD)
    assert result.incomplete.names == ("a",)
    assert result.repeated.names == ("b at 0",)
    assert result.unknown.names == ("b at 100", f"b at {512 * 196}")
    assert result.missing.names == ("c",)
    assert [(s.file, s.score) for s in result.file_scores] == [("a", 1.0), ("b", 2.0)]


def test_a_window_of_ad_without_its_score_is_named_and_not_said_to_lack():
    records = [*windows("a", [1.0] * 196), *windows("b", [2.0] * 196)]
    records[5] = records[5]._replace(scores=(), unreadable="no numbers", line=9)
    result = score_accuracy(records, {"a": 0, "b": 1}, AD)
    assert (result.incomplete.count, result.unreadable.names) == (0, (f"a at {5 * 512}",))
    assert result.unreadable_first == (9, "no numbers")
    assert [score.score for score in result.file_scores] == [1.0, 2.0]


@pytest.mark.parametrize("task", [VWW, KWS, AD])
def test_a_subset_that_lacks_a_class_has_no_auc(task):
    scores = (9.0,) if task is AD else one_hot(1, task.class_count)
    result = score_accuracy([record("a", scores)], {"a": 1}, task)
    assert result.auc is None
    assert result.inputs == 1


def test_the_best_threshold_of_ad_is_counted_right():
    assert best_threshold_correct([False, True, False, True], [1.0, 2.0, 3.0, 4.0]) == 3
    assert best_threshold_correct([True, False], [1.0, 1.0]) == 1
    assert best_threshold_correct([], []) == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=10))
def test_no_threshold_does_better_than_the_best(pairs):
    positive, scores = [p for p, _ in pairs], [float(s) for _, s in pairs]
    tried = [sum((s > t) == p for p, s in zip(positive, scores, strict=True)) for t in range(-1, 6)]
    assert best_threshold_correct(positive, scores) == max(tried)


def test_mlcommons_threshold_figure_is_the_best_mean_of_precision_and_recall():
    assert best_precision_recall([False, False, True], [1.0, 2.0, 3.0]) == pytest.approx(1.0)
    assert best_precision_recall([], []) is None


def test_a_whole_ad_session_leaves_little_in_memory():
    truth = {f"normal_id_{i:03}.bin": i % 2 for i in range(248)}

    def session():
        for file in truth:
            yield from (record(file, (9.5,), offset=512 * i) for i in range(196))

    tracemalloc.start()
    result = score_accuracy(session(), truth, AD)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.inputs == 248
    assert peak < 2_000_000


LISTS = {
    "y_labels.csv": [Row(f"{i}.bin", 0) for i in range(20)],
    "y_labels_2021.csv": [Row(f"{i}.bin", 0) for i in range(19, -1, -1)],
}


def test_the_list_of_a_session_is_known_by_all_of_its_files_or_its_first_five():
    backwards = [f"{i}.bin" for i in range(19, -1, -1)]
    assert match_list((f"{i}.bin" for i in range(20)), LISTS) == "y_labels.csv"
    assert match_list(backwards, LISTS) == "y_labels_2021.csv"
    assert match_list(backwards[:5], LISTS) == "y_labels_2021.csv"
    assert (
        match_list([file for file in backwards for _ in range(196)], LISTS) == "y_labels_2021.csv"
    )


@pytest.mark.parametrize("files", [[], ["0.bin"], ["0.bin", "2.bin"], ["x"] * 5])
def test_a_session_of_other_inputs_has_no_list(files):
    assert match_list(files, LISTS) is None


def test_not_a_number_never_reaches_the_scorer_as_a_window():
    result = score_accuracy([record("a", (nan,))], {"a": 0}, AD)
    assert result.inputs == 0
