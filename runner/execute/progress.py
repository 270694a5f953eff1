"""The interface by which a run tells how it goes; the terminal decides how to show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...models.suite import Metric, Task
from ..journal.records import InferenceRecord
from ..journal.session_document import Provenance
from ..score.lap_time import lap_s
from ..terms import Mode
from .host import LONG_RUN_S, format_duration

if TYPE_CHECKING:
    from ...datasets.labels import LabelRow
    from ...dut_protocol.host.inference import Inference
    from .steps.executor import MeasuredInput


@dataclass(frozen=True, slots=True)
class BegunRun:
    """Says what is about to be measured: all that is known before the first input."""

    session: Path
    provenance: Provenance
    expected_s: float | None
    """Seconds that what is left of it takes; None where it takes none, on a simulated clock."""
    at_least: bool
    """Whether it takes longer than that: how long an inference takes is not known yet."""

    @property
    def duration(self) -> str:
        """Return `about 9 h 20 min at 115200 baud`; empty where it takes none."""
        if self.expected_s is None:
            return ""
        baud_rate = self.provenance.device.baud_rate
        time = f"{format_duration(self.expected_s)} at {baud_rate} baud"
        return f"at least {time}, beside the inferences" if self.at_least else f"about {time}"

    @property
    def is_long(self) -> bool:
        """Tell whether it is worth saying how long it takes to who watches nothing."""
        return self.expected_s is not None and self.expected_s >= LONG_RUN_S


class Reporter(Protocol):
    """Is told how a run goes; a run never prints."""

    def note(self, text: str) -> None:
        """Take something worth reading now."""

    def run_begins(self, run: BegunRun) -> None:
        """Take what is about to be measured, and on what."""

    def begin(self, title: str, total: int, done: int) -> None:
        """Begin a run of ``total`` inputs, ``done`` of them measured before."""

    def infers(self, expected_s: float | None) -> None:
        """Take it that the next input is inferred from now on, for so many seconds if known."""

    def advance(self, done: int, status: str) -> None:
        """Take it that ``done`` inputs are measured; ``status`` is what they say so far."""

    def end(self) -> None:
        """End: the run is over, well or not."""


class QuietReporter(Reporter):
    """Keeps quiet, for callers that want the result alone."""

    def note(self, text: str) -> None:
        return

    def run_begins(self, run: BegunRun) -> None:
        return

    def begin(self, title: str, total: int, done: int) -> None:
        return

    def infers(self, expected_s: float | None) -> None:
        return

    def advance(self, done: int, status: str) -> None:
        return

    def end(self) -> None:
        return


@contextmanager
def running(reporter: Reporter, title: str, total: int, done: int) -> Iterator[None]:
    """Tell the reporter of the beginning, and of the end whatever comes in between."""
    reporter.begin(title, total, done)
    try:
        yield
    finally:
        reporter.end()


class StatusLine:
    """Turns measured inputs into the one line that progress shows: figures first, names last."""

    def __init__(
        self, reporter: Reporter, task: Task, mode: Mode, rows: Sequence[LabelRow]
    ) -> None:
        self._reporter = reporter
        self._task = task
        self._accuracy = mode is Mode.ACCURACY
        self._labels = {row.file: row.label for row in rows}
        self._seen = 0
        self._correct = 0
        self._done = 0
        self._file, self._outputs = "", list[float]()
        """The file whose windows are coming, and what they gave."""
        self._means: list[tuple[bool, float]] = []
        """Of each file whose windows have all come: whether it is anomalous, and its mean."""
        self._auc, self._auc_due = "", 1
        """The AUC of those files in words, and how many of them it takes to compute it again."""

    def count(self, record: InferenceRecord) -> None:
        """Count an input that was measured before the run was continued."""
        self._take(record.file, record.scores)
        self._done += 1

    def loading(self, blocks: int, total: int, left_s: float) -> None:
        """Show how far a load is that takes long."""
        status = f"loading, block {blocks} of {total}, {left_s:.0f} s left"
        self._reporter.advance(self._done, status)

    def show(self, measured: MeasuredInput) -> None:
        self._done = measured.done
        inference = measured.inference
        file, scores = measured.window.file, inference.scores
        self._take(file, scores)
        if not self._accuracy:
            status = f"{_pace(inference)}  {file}"
        elif self._task.metric is Metric.TOP1:
            status = f"Top-1 {self._correct / self._seen:.1%} so far  {file}"
        elif self._auc:
            status = f"{self._auc}  {file}"
        else:
            status = f"output {scores[0]:.3f}  {file}"
        self._reporter.advance(measured.done, status)

    def _take(self, file: str, scores: Sequence[float]) -> None:
        if not scores:
            return  # which a window does not need
        self._seen += 1
        self._correct += scores.index(max(scores)) == self._labels.get(file)
        if self._accuracy and self._task.metric is Metric.AUC:
            self._take_output(file, scores[0])

    def _take_output(self, file: str, output: float) -> None:
        if file != self._file:
            self._file, self._outputs = file, []
        self._outputs.append(output)
        if len(self._outputs) == self._task.windows_per_file:
            mean = sum(self._outputs) / len(self._outputs)
            self._means.append((self._labels.get(file) == 1, mean))
            if (count := len(self._means)) >= self._auc_due:
                self._auc = _auc_so_far(self._means)
                self._auc_due = count + 1 + count // 100  # a list of thousands costs no minutes


def _auc_so_far(means: Sequence[tuple[bool, float]]) -> str:
    """Return the AUC of the files that are whole, in words; empty before there is one."""
    import numpy as np

    from ..score.auc import roc_auc

    auc = roc_auc([anomalous for anomalous, _ in means], np.array([mean for _, mean in means]))
    return "" if auc is None else f"AUC {auc:.4f} so far, {len(means)} files"


def _pace(inference: Inference) -> str:
    """Return how fast a window was: by the device's clock where it told it, else by the host's."""
    seconds: float | None = inference.host_elapsed_s
    if inference.start_us is not None and inference.end_us is not None:
        seconds = lap_s(inference.start_us, inference.end_us, seconds)
    if not seconds:
        return f"{inference.iterations} inferences"
    each_s = seconds / inference.iterations
    return f"{1 / each_s:.3f} inf/s, {each_s * 1e3:.3f} ms/inf"
