"""From energy sessions to joules per inference: every published window, and the rules."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support.energy.traces import write_trace
from support.reference import reference_path
from support.report.printed import energies, figures, printed_in
from tinyrunner.energy.trace import EnergyTrace, EventSource, Gap, TraceOrigin
from tinyrunner.energy.trace_files import read_results_json, read_trace
from tinyrunner.models.suite import KWS
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.journal.records import InferenceRecord
from tinyrunner.runner.score.energy_score import score_energy, score_energy_trials
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.rules import CheckInput, FindingKind, Severity, check
from tinyrunner.runner.terms import Division, Mode

EEMBC = {
    "v1.1 kws": "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/energy",
    "v1.2 ad": "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad/energy",
    "v1.2 ic": "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ic/energy",
}
MLCOMMONS = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws/energy"
ROUND = load_rounds().get()


def published(folder):
    path = reference_path("published", folder)
    return path, printed_in(path)


def test_every_published_energy_session_with_a_trace_is_looked_at():
    """Else a session that comes with newer reference data would go unnoticed."""
    root = reference_path("published")
    folders = {path.parent for path in root.rglob("trace1-energy.bin")}
    folders |= {path.parent for path in root.glob("**/energy/results.json")}
    assert {str(folder.relative_to(root)) for folder in folders} == {*EEMBC.values(), MLCOMMONS}


@pytest.mark.parametrize("folder", EEMBC.values(), ids=EEMBC)
def test_every_published_window_is_reproduced_to_the_digit(folder):
    path, printed = published(folder)
    assessment = judge_any(path).assessment
    result = assessment.energy
    assert assessment.facts.mode is Mode.ENERGY
    assert len(result.windows) == len(energies(printed)) == 5
    for ours, theirs in zip(result.windows, energies(printed), strict=True):
        told = figures(theirs)
        assert ours.number == theirs.number
        assert f"{ours.window.energy_j * 1e6:.3f}" == told["energy"]
        assert f"{ours.window.power_w * 1e6:.3f}" == told["power in uW"]
        assert f"{ours.energy_per_inference_j * 1e6:.3f}" == told["energy per inference"]
    assert f"{result.median_energy_j * 1e6:.3f}" == printed.headline("median_energy_uj")
    assert f"{result.performance.median_throughput:.3f}" == printed.headline("median_throughput")


@pytest.mark.parametrize("folder", EEMBC.values(), ids=EEMBC)
def test_a_published_trace_counted_as_ours_differs_by_a_sample_at_each_edge(folder):
    path, printed = published(folder)
    whole = judge_any(path).assessment.energy
    trace = dataclasses.replace(read_trace(path), origin=TraceOrigin.OURS)
    records = [InferenceRecord(w.file, w.offset, w.iterations, 1, (1.0,), 1) for w in whole.windows]
    ours = score_energy(records, trace)
    for a, b in zip(ours.windows, whole.windows, strict=True):
        most = 2 * float(trace.samples_uj.max()) * 1e-6
        assert abs(a.window.energy_j - b.window.energy_j) <= most
    assert ours.median_energy_j * 1e6 == pytest.approx(
        float(printed.headline("median_energy_uj")), rel=2e-4
    )


def test_the_published_session_of_mlcommons_is_reproduced_to_the_digit():
    path, printed = published(MLCOMMONS)
    result = judge_any(path).assessment.energy
    assert len(result.windows) == len(energies(printed)) == 5
    for ours, theirs in zip(result.windows, energies(printed), strict=True):
        told = figures(theirs)
        assert ours.number == theirs.number + 1  # trials count from 0, windows from 1
        assert f"{ours.iterations}" == told["inferences"]
        assert f"{ours.window.energy_j * 1e6:.3f}" == told["energy"]
        assert f"{ours.window.power_w * 1e3:.4f}" == told["power in mW"]
        assert f"{ours.energy_per_inference_j * 1e6:.3f}" == told["energy per inference"]
        assert ours.window.duration_s == pytest.approx(float(told["duration"]))
    assert f"{result.median_energy_j * 1e6:.4f}" == printed.headline("median_energy_uj")


@pytest.mark.parametrize("folder", [*EEMBC.values(), MLCOMMONS])
def test_published_energy_sessions_satisfy_the_rules(folder):
    result = judge_any(reference_path("published", folder)).assessment.energy
    assert list(findings(result)) == []


# ---- our own ------------------------------------------------------------------------------------


def records(count: int = 5, iterations: int = 100) -> list[InferenceRecord]:
    return [
        InferenceRecord(f"input_{i}.bin", 0, iterations, 1, (1.0,) * 12, i) for i in range(count)
    ]


def trace(length_s: float = 12.0, rate_hz: float = 1000.0, windows: int = 5, **more) -> EnergyTrace:
    """1 mJ a second throughout; window k begins at k * 20 + 3.0004 s."""
    events = [1.0]
    for window in range(windows):
        events += [20 * window + 3.0004, 20 * window + 3.0004 + length_s]
    samples = np.full(int((20 * windows + 5) * rate_hz), 1e3 / rate_hz, np.float32)
    return EnergyTrace(rate_hz, samples, tuple(events), **more)


def findings(result, round_=ROUND):
    asked = CheckInput(
        KWS, Mode.ENERGY, energy=result, model_ids=("kws01",), list_name="kws01", finished=True
    )
    return check(asked, round_, division=Division.CLOSED)


def kinds(result) -> list[tuple[FindingKind, Severity]]:
    return [(finding.kind, finding.severity) for finding in findings(result)]


def test_our_own_trace_is_measured_between_the_events_themselves():
    result = score_energy(records(), trace())
    assert [window.number for window in result.windows] == [2, 4, 6, 8, 10]
    assert [w.energy_per_inference_j for w in result.windows] == pytest.approx([12e-5] * 5)
    assert result.median_energy_j == pytest.approx(12e-5)
    assert result.coefficient_of_variation == pytest.approx(0, abs=1e-9)
    assert result.performance.median_throughput == pytest.approx(100 / 12)
    assert kinds(result) == []


def test_the_result_survives_the_way_through_the_files(tmp_path):
    made = trace(rate_hz=4882.8125, gaps=(Gap(7, 1),), event_source=EventSource.IO_MANAGER)
    write_trace(made, tmp_path)
    assert score_energy(records(), read_trace(tmp_path)) == score_energy(records(), made)


def test_a_session_that_ended_early_is_scored_as_far_as_it_came():
    result = score_energy(records(3), trace(windows=3))
    assert len(result.energies_j) == 3
    assert kinds(result) == [(FindingKind.WINDOW_COUNT, Severity.VIOLATION)]


def test_edges_that_do_not_fit_the_inferences_are_a_violation_by_themselves():
    result = score_energy(records(), trace(windows=4))
    assert (result.windows, result.median_energy_j) == ((), None)
    (finding,) = findings(result)
    assert (finding.kind, finding.severity) == (FindingKind.EDGES, Severity.VIOLATION)
    assert "9 edges of the timestamp pin" in finding.text


def test_a_window_with_a_gap_does_not_count_and_the_others_do():
    result = score_energy(records(), trace(gaps=(Gap(30_000, 2),)))
    assert [w.invalid is None for w in result.windows] == [True, False, True, True, True]
    assert len(result.energies_j) == 4
    (finding,) = findings(result)
    assert finding.kind is FindingKind.WINDOW_INVALID
    assert "2 at 30.000000 s" in finding.text
    assert "timestamp timer" not in finding.text


@pytest.mark.parametrize(
    ("result", "kind", "severity"),
    [
        (score_energy(records(), trace(9.9)), FindingKind.WINDOW_TOO_SHORT, Severity.VIOLATION),
        (score_energy(records(iterations=9), trace()), FindingKind.TOO_FEW_INFERENCES,
         Severity.VIOLATION),
        (score_energy(records(1) * 5, trace()), FindingKind.INPUTS_NOT_DISTINCT,
         Severity.VIOLATION),
        (score_energy(records(), trace(event_source=EventSource.HOST)), FindingKind.SOFT_MARKERS,
         Severity.VIOLATION),
        (score_energy(records(), trace(gaps=(Gap(10, 200),))), FindingKind.SAMPLES_LOST,
         Severity.VIOLATION),
        (score_energy(records(), trace(event_uncertainty_s=0.02)), FindingKind.EDGE_UNCERTAINTY,
         Severity.WARNING),
    ],
)  # fmt: skip
def test_what_the_rules_ask_of_energy(result, kind, severity):
    assert set(kinds(result)) == {(kind, severity)}


def test_a_spread_above_one_per_cent_is_a_warning():
    made = trace()
    samples = made.samples_uj.copy()
    samples[20_000:40_000] *= 1.05
    result = score_energy(records(), dataclasses.replace(made, samples_uj=samples))
    assert result.coefficient_of_variation == pytest.approx(0.0221, abs=1e-3)
    assert kinds(result) == [(FindingKind.SPREAD, Severity.WARNING)]


def test_no_inference_is_no_result():
    result = score_energy([], EnergyTrace(1000.0, np.ones(10, np.float32), (0.001,)))
    assert (result.median_energy_j, result.coefficient_of_variation) == (None, None)
    assert (FindingKind.WINDOW_COUNT, Severity.VIOLATION) in kinds(result)


def test_json_holds_raw_values_and_statistics():
    value = score_energy(records(), trace()).to_json()
    assert value["median_energy_per_inference_j"] == pytest.approx(12e-5)
    assert value["event_source"] == "monitor"
    assert value["windows"][0] == {
        "number": 2, "file": "input_0.bin", "offset": 0, "iterations": 100,
        "start_s": 3.0004, "end_s": pytest.approx(15.0004), "energy_j": pytest.approx(12e-3),
        "power_w": pytest.approx(1e-3), "energy_per_inference_j": pytest.approx(12e-5),
        "throughput": pytest.approx(100 / 12), "invalid": None,
    }  # fmt: skip


def test_eembcs_windows_are_those_that_its_runner_took_where_an_edge_was_lost():
    """Ten edges of eleven in a trace of its own: so that what it printed can be checked."""
    edges = tuple(float(moment) for moment in range(1, 11))
    theirs = EnergyTrace(1000.0, np.ones(12_000, np.float32), edges, origin=TraceOrigin.EEMBC)
    result = score_energy(records(5), theirs)
    assert "10 edges" in result.edge_error
    spans = [(w.window.start_s, w.window.end_s) for w in result.windows]
    assert spans == [(2.0, 3.0), (4.0, 5.0), (6.0, 7.0), (8.0, 9.0)]
    assert result.median_energy_j is not None
    ours = score_energy(records(5), EnergyTrace(1000.0, np.ones(12_000, np.float32), edges))
    assert (ours.windows, ours.median_energy_j) == ((), None)


# ---- MLCommons' trials --------------------------------------------------------------------------


def trial(*events: float) -> EnergyTrace:
    samples = np.ones(13_000, np.float32)
    return EnergyTrace(1000.0, samples, events, origin=TraceOrigin.MLCOMMONS)


def test_the_last_two_events_of_a_trial_are_its_window():
    result = score_energy_trials(records(2), [trial(0.5, 1.0, 12.0), trial(1.0, 12.5)])
    assert [w.window.energy_j for w in result.windows] == pytest.approx([11e-3, 11.5e-3])
    assert [window.number for window in result.windows] == [1, 2]


@pytest.mark.parametrize("events", [(), (1.0,), (1.0, 2.0, 3.0, 4.0)])
def test_a_trial_without_a_window_is_named(events):
    result = score_energy_trials(records(2), [trial(1.0, 12.0), trial(*events)])
    assert result.edge_error.startswith(f"trial 2 (input_1.bin): {len(events)} edge")


def test_traces_of_another_session_are_noticed():
    error = score_energy_trials(records(2), [trial(1.0, 12.0)]).edge_error
    assert "the log holds 2 inferences, the results.json 1 traces" in error


def test_the_first_published_trial_has_the_boot_pulse():
    path = reference_path("published", MLCOMMONS, "results.json")
    assert [len(trace.events_s) for trace in read_results_json(path)] == [3, 2, 2, 2, 2]
