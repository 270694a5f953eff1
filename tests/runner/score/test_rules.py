"""The rules: each finding, its severity, and its advice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tinyrunner.models.suite import AD, KWS, Metric
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.results import AccuracyResult, NameList, PerformanceResult, TimedWindow
from tinyrunner.runner.score.rules import (
    CheckInput,
    Division,
    FindingKind,
    Severity,
    check,
    is_good,
)
from tinyrunner.runner.terms import Mode, Purpose

ROUND = load_rounds().get()


def window(number: int, **changes: object) -> TimedWindow:
    return replace(TimedWindow(number, f"{number}.bin", 0, 800, 13.38, 13.39), **changes)


def performance(*windows: TimedWindow) -> CheckInput:
    result = PerformanceResult(windows or tuple(map(window, (2, 4, 6, 8, 10))))
    return CheckInput(
        KWS, Mode.PERFORMANCE, performance=result, model_ids=("kws01",), list_name="y_labels.csv"
    )


def accuracy(**changes: object) -> CheckInput:
    result = AccuracyResult(Metric.TOP1, listed=1000, inputs=1000, correct=901, auc=0.99)
    return CheckInput(
        KWS,
        Mode.ACCURACY,
        accuracy=replace(result, **changes),
        model_ids=("kws01",),
        list_name="y_labels.csv",
    )


def anomaly(listed: int = 248, auc: float = 0.86) -> CheckInput:
    result = AccuracyResult(Metric.AUC, listed=listed, inputs=listed, correct=200, auc=auc)
    return replace(accuracy(), task=AD, accuracy=result, model_ids=("ad01",))


def found(
    checked: CheckInput, *, division: Division = Division.CLOSED, round_name: str | None = None
) -> list[tuple[FindingKind, Severity]]:
    round_ = load_rounds().get(round_name)
    return [(f.kind, f.severity) for f in check(checked, round_, division=division)]


@pytest.mark.parametrize("checked", [performance(), accuracy(), anomaly()])
def test_a_sound_session_has_no_findings(checked):
    assert found(checked) == []


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({"iterations": 9}, FindingKind.TOO_FEW_INFERENCES, Severity.VIOLATION),
        ({"elapsed_s": 9.999, "host_elapsed_s": 10.0}, FindingKind.WINDOW_TOO_SHORT,
         Severity.VIOLATION),
        ({"invalid": "no time", "elapsed_s": None}, FindingKind.WINDOW_INVALID,
         Severity.VIOLATION),
        ({"file": "4.bin"}, FindingKind.INPUTS_NOT_DISTINCT, Severity.VIOLATION),
        ({"file": ""}, FindingKind.INPUTS_NOT_DISTINCT, Severity.VIOLATION),
        ({"host_elapsed_s": 13.38 * 1.03}, FindingKind.TIMER_DEVIATES, Severity.WARNING),
        ({"host_elapsed_s": 13.38 / 1.04}, FindingKind.TIMER_DEVIATES, Severity.WARNING),
        ({"host_elapsed_s": 13.38 * 1.06}, FindingKind.TIMER_DEVIATES, Severity.VIOLATION),
        ({"host_elapsed_s": 1.338}, FindingKind.TIMER_DEVIATES, Severity.VIOLATION),
    ],
)  # fmt: skip
def test_a_window_at_fault_is_found(changes, kind, severity):
    windows = [window(2, **changes), *map(window, (4, 6, 8, 10))]
    assert (kind, severity) in found(performance(*windows))


@pytest.mark.parametrize("factor", [1.0, 1.019, 1 / 1.019])
def test_a_timer_within_two_per_cent_of_the_host_is_no_finding(factor):
    windows = [window(n, host_elapsed_s=13.38 * factor) for n in (2, 4, 6, 8, 10)]
    assert found(performance(*windows)) == []


def test_short_windows_are_not_held_against_the_timer():
    windows = [window(n, elapsed_s=0.5, host_elapsed_s=0.7) for n in (2, 4, 6, 8, 10)]
    assert FindingKind.TIMER_DEVIATES not in dict(found(performance(*windows)))


def test_windows_without_host_time_are_not_held_against_the_timer():
    assert found(performance(*[window(n, host_elapsed_s=None) for n in (2, 4, 6, 8, 10)])) == []


@pytest.mark.parametrize("count", [1, 4, 6])
def test_another_number_of_windows_than_five_is_a_violation(count):
    windows = [window(2 * n) for n in range(1, count + 1)]
    assert found(performance(*windows)) == [(FindingKind.WINDOW_COUNT, Severity.VIOLATION)]


def test_windows_of_one_ad_file_at_other_offsets_are_distinct():
    assert found(performance(*[window(n, file="n.bin", offset=n) for n in (2, 4, 6, 8, 10)])) == []


def test_a_spread_above_one_per_cent_is_a_warning():
    windows = [window(2, elapsed_s=14.0, host_elapsed_s=14.0), *map(window, (4, 6, 8, 10))]
    assert found(performance(*windows)) == [(FindingKind.SPREAD, Severity.WARNING)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("missing", FindingKind.INPUT_MISSING),
        ("incomplete", FindingKind.INPUT_MISSING),
        ("repeated", FindingKind.INPUT_REPEATED),
        ("unknown", FindingKind.INPUT_UNKNOWN),
    ],
)
def test_a_set_that_was_not_run_whole_and_once_is_a_violation(name, kind):
    checked = accuracy(**{name: NameList.of(f"{i}.bin" for i in range(7))})
    assert found(checked) == [(kind, Severity.VIOLATION)]
    (finding,) = check(checked, ROUND, division=Division.CLOSED)
    assert "7 input(s)" in finding.text
    assert "0.bin, 1.bin, 2.bin and 4 more" in finding.text


@pytest.mark.parametrize(
    ("division", "severity"),
    [(Division.CLOSED, Severity.VIOLATION), (Division.OPEN, Severity.WARNING)],
)
def test_a_missed_target_is_a_violation_in_the_closed_division_only(division, severity):
    expected = [(FindingKind.TARGET_MISSED, severity)]
    assert found(accuracy(correct=899), division=division) == expected
    assert found(anomaly(auc=0.8499), division=division) == expected


def test_a_target_that_is_just_met_is_met():
    assert found(accuracy(correct=900)) == []
    assert found(anomaly(auc=0.85)) == []


def test_the_reduced_ad_list_counts_from_v1_2_on():
    assert found(anomaly(72), round_name="v1.2") == []
    expected = [(FindingKind.LIST_NOT_ACCEPTED, Severity.VIOLATION)]
    assert found(anomaly(72), round_name="v1.1") == expected
    assert found(anomaly(100), round_name="v1.3") == expected


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({"synthetic": True}, FindingKind.SYNTHETIC_DATA, Severity.VIOLATION),
        ({"simulated": True}, FindingKind.SIMULATED_DEVICE, Severity.VIOLATION),
        ({"simulated_line": 7}, FindingKind.SIMULATED_DEVICE, Severity.VIOLATION),
        ({"list_name": None}, FindingKind.LIST_NOT_OFFICIAL, Severity.VIOLATION),
        ({"model_ids": ("kws01", "ic01")}, FindingKind.MODEL_ID, Severity.VIOLATION),
        ({"model_ids": ("ic01",)}, FindingKind.MODEL_ID, Severity.VIOLATION),
        ({"model_ids": ()}, FindingKind.MODEL_ID, Severity.WARNING),
        ({"device_errors": ((12, "e-[x]"),)}, FindingKind.DEVICE_ERRORS, Severity.WARNING),
        ({"finished": False}, FindingKind.UNFINISHED, Severity.WARNING),
    ],
)
def test_a_session_at_fault_is_found(changes, kind, severity):
    checked = replace(performance(), **changes)
    assert found(checked) == [(kind, severity)]
    findings = check(checked, ROUND, division=Division.CLOSED)
    assert is_good(findings) is (severity is Severity.WARNING)
    assert findings[0].to_json()["severity"] == severity.value


def noted(result: CheckInput) -> dict[FindingKind, Severity]:
    """What is found of a result that is judged for development, and how it counts."""
    findings = check(result, ROUND, division=Division.CLOSED, purpose=Purpose.DEVELOPMENT)
    return {finding.kind: finding.severity for finding in findings}


def test_a_target_missed_by_the_whole_official_list_is_a_violation_in_development_too():
    missed = accuracy(correct=1)
    assert noted(missed)[FindingKind.TARGET_MISSED] is Severity.VIOLATION
    for other in (replace(missed, list_name=None), replace(missed, synthetic=True)):
        assert noted(other)[FindingKind.TARGET_MISSED] is Severity.NOTE


def test_inputs_that_a_limit_does_not_account_for_are_missing_in_development_too():
    part = accuracy(inputs=9, correct=9, missing=NameList.of(map(str, range(991))))
    assert noted(replace(part, limit=9))[FindingKind.INPUT_MISSING] is Severity.NOTE
    assert noted(replace(part, limit=10))[FindingKind.INPUT_MISSING] is Severity.VIOLATION
    assert noted(part)[FindingKind.INPUT_MISSING] is Severity.VIOLATION


def test_windows_that_a_limit_does_not_account_for_are_missing_in_development_too():
    few = performance(window(2), window(4))
    assert noted(replace(few, limit=2))[FindingKind.WINDOW_COUNT] is Severity.NOTE
    for limit in (None, 1, 3, 8):
        assert noted(replace(few, limit=limit))[FindingKind.WINDOW_COUNT] is Severity.VIOLATION


def test_errors_are_counted_beyond_those_that_are_kept():
    checked = replace(performance(), device_errors=((12, "e-[x]"),) * 100, device_error_count=1000)
    (finding,) = check(checked, ROUND, division=Division.CLOSED)
    assert "the device reported 1000 error(s)" in finding.text


def test_every_text_ends_in_advice():
    faulty = replace(
        performance(window(2, iterations=1, elapsed_s=5.0, host_elapsed_s=9.0), window(2)),
        accuracy=replace(accuracy().accuracy, correct=1, missing=NameList(1, ("a",))),
        synthetic=True,
        simulated=True,
        list_name=None,
        model_ids=("ic01",),
        device_errors=((1, "e-[x]"),),
        finished=False,
    )
    findings = check(faulty, ROUND, division=Division.CLOSED)
    assert len({finding.kind for finding in findings}) >= 10
    assert all(";" in finding.text for finding in findings)
