"""What a run says on its way agrees with what it comes to in the end."""

from __future__ import annotations

import pytest
from support.inputs import write_inputs
from tinyrunner.models.suite import AD, KWS
from tinyrunner.runner.config.config import Config, override
from tinyrunner.runner.execute.progress import BegunRun, QuietReporter
from tinyrunner.runner.execute.run import run_session
from tinyrunner.runner.terms import Mode


class Heard(QuietReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[BegunRun] = []
        self.statuses: list[str] = []
        self.windows: list[float | None] = []

    def run_begins(self, run: BegunRun) -> None:
        self.begun.append(run)

    def infers(self, expected_s: float | None) -> None:
        self.windows.append(expected_s)

    def advance(self, done: int, status: str) -> None:
        self.statuses.append(status)


def measured(tmp_path, task, mode, files):
    heard = Heard()
    config = override(
        Config(), dut="sim:", datasets=write_inputs(tmp_path / "data", task, files),
        sessions=tmp_path / "s",
    )  # fmt: skip
    return heard, run_session(task, mode, config, heard)


def test_the_auc_so_far_is_in_the_end_the_auc(tmp_path):
    heard, outcome = measured(tmp_path, AD, Mode.ACCURACY, 4)
    assert heard.statuses[0].startswith("output ")
    auc = outcome.assessment.accuracy.auc
    assert heard.statuses[-1].startswith(f"AUC {auc:.4f} so far, 4 files  ")


def test_the_rate_so_far_is_in_the_end_the_rate(tmp_path):
    heard, outcome = measured(tmp_path, KWS, Mode.ACCURACY, 6)
    top1 = outcome.assessment.accuracy.top1
    assert heard.statuses[-1].startswith(f"Top-1 {top1:.1%} so far  ")


def test_a_window_is_shown_as_it_is_scored_and_known_before_it_begins(tmp_path):
    heard, outcome = measured(tmp_path, KWS, Mode.PERFORMANCE, 5)
    for status, window in zip(heard.statuses, outcome.assessment.performance.windows, strict=True):
        each_s = 1 / window.throughput
        pace = f"{window.throughput:.3f} inf/s, {each_s * 1e3:.3f} ms/inf"
        assert status == f"{pace}  {window.file}"
    lasted = [window.elapsed_s for window in outcome.assessment.performance.windows]
    assert heard.windows == [pytest.approx(seconds, rel=0.03) for seconds in lasted]


def test_what_is_measured_is_told_before_the_first_input(tmp_path):
    heard, outcome = measured(tmp_path, KWS, Mode.PERFORMANCE, 5)
    (begun,) = heard.begun
    assert begun.provenance == outcome.provenance
    assert begun.session == outcome.session.folder
    assert begun.duration == ""  # on a clock of its own it takes no time
