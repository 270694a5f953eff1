"""How a task of one's own is scored and judged."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tinyrunner.models.custom_task import custom_task
from tinyrunner.models.suite import InputFormat, Metric
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.journal.records import InferenceRecord
from tinyrunner.runner.score.results import AccuracyResult
from tinyrunner.runner.score.rules import CheckInput, FindingKind, check, is_good
from tinyrunner.runner.score.score import score_accuracy
from tinyrunner.runner.terms import Division, Mode

MYNET = custom_task(
    model_id="mynet01", input_format=InputFormat.INT8, input_bytes=490, classes=12
)  # fmt: skip


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("synthetic", [True, False])
@pytest.mark.parametrize("division", list(Division))
def test_a_custom_task_is_one_violation_however_bad_its_figure(told, synthetic, division):
    result = AccuracyResult(Metric.TOP1, listed=10, inputs=10, correct=0, auc=0.1)
    checked = CheckInput(
        MYNET, Mode.ACCURACY, accuracy=result, model_ids=("mynet01",), list_told=told,
        synthetic=synthetic,
    )  # fmt: skip
    for round_ in load_rounds().by_name.values():
        findings = check(checked, round_, division=division)
        assert [finding.kind for finding in findings] == [FindingKind.CUSTOM_TASK]
        assert not is_good(findings)
        assert "never valid for submission" in findings[0].text
        assert round_.target(MYNET) is None


def records(rows):
    return [
        InferenceRecord(file=f"{i}.bin", offset=0, iterations=1, warmups=0, scores=row, line=i)
        for i, row in enumerate(rows)
    ]


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_ranked_by_their_softmax(classes):
    task = custom_task(model_id="n", input_format=InputFormat.INT8, input_bytes=4, classes=classes)
    random = np.random.default_rng(2)
    labels = [i % classes for i in range(60)]
    rows = random.normal(-1, 2, (60, classes))
    rows[np.arange(60), labels] += 1.0
    rows = rows.round(3)
    weights = np.exp(rows)
    shares = weights / weights.sum(axis=1, keepdims=True)
    truth = {f"{i}.bin": label for i, label in enumerate(labels)}
    result = score_accuracy(records(map(tuple, rows.tolist())), truth, task)
    expected = (
        roc_auc_score(labels, shares[:, 1])
        if classes == 2
        else roc_auc_score(labels, shares, multi_class="ovr")
    )
    assert result.auc == pytest.approx(expected, abs=1e-12)
    assert result.correct == int((rows.argmax(axis=1) == labels).sum())


def test_scores_that_add_up_to_nothing_are_no_error_of_a_model_of_ones_own():
    task = custom_task(model_id="n", input_format=InputFormat.INT8, input_bytes=4, classes=2)
    result = score_accuracy(records([(0.0, 0.0), (0.25, 0.75)]), {"0.bin": 0, "1.bin": 1}, task)
    assert (result.correct, result.auc) == (2, 1.0)
