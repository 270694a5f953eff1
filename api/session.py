"""Loads a session that is on disk, whoever measured it, and says what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .streaming import Streaming, streaming_of

if TYPE_CHECKING:  # numpy and the scorer are imported when a session is loaded
    import numpy as np
    import numpy.typing as npt

    from ..energy import trace as recorded
    from ..runner.journal.records import InferenceRecord
    from ..runner.score.assess import Assessment
    from ..runner.score.judge import Judged
    from ..runner.score.results import MeasuredWindow, TimedWindow
    from ..runner.score.streaming.assess import JudgedStream
    from ..runner.terms import Mode

    Numbers: TypeAlias = npt.NDArray[np.float64]

StrPath: TypeAlias = str | Path
ModeName: TypeAlias = Literal["performance", "accuracy", "energy"]
DivisionName: TypeAlias = Literal["closed", "open"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding is one thing that is amiss in a session or a tree."""

    severity: Literal["violation", "not judged", "warning", "note"]
    """A violation stands between the session and a submission; a warning asks for a look; an audit
    has not judged what it had nothing to judge by, such as a label list."""
    rule: str
    """Its short name, such as ``window too short``."""
    text: str
    """What was found, and in a session what to do about it."""
    file: str = "log.txt"
    """Relative to the session or tree, with forward slashes; empty for the whole of a tree."""
    line: int | None = None
    """From 1; None where it is about no line."""
    expected: str = ""
    """What would have been right, where ``text`` does not say so."""
    verdict: str = ""
    """The verdict of a tree that it speaks against: official, sound, official data or submittable.
    """

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        expected = f"; expected {self.expected}" if self.expected else ""
        return f"{place}: {self.severity}: {self.rule}: {self.text}{expected}".removeprefix(": ")


@dataclass(frozen=True, slots=True)
class Window:
    """A window is a measured stretch of inferences; None is what is unknown or cannot count."""

    number: int
    """As EEMBC counts: the measured windows are 2, 4, 6, 8, 10."""
    file: str
    """The input that was inferred in it."""
    iterations: int
    """Inferences in it."""
    elapsed_s: float | None
    """Seconds: by the device's timer, in an energy session by the monitor's."""
    throughput: float | None
    """Inferences per second."""
    invalid: str | None
    """Why the window cannot count, else None."""
    start_s: float | None = None
    """In an energy session, seconds on the trace's axis; so is ``end_s``."""
    end_s: float | None = None
    energy_j: float | None = None
    """Joules drawn in the whole window."""
    energy_per_inference_j: float | None = None
    """Joules."""
    power_w: float | None = None
    """Watts, the mean."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result is what a session amounts to under a round's rules; a figure it lacks is None."""

    task: str
    """vww, ic, kws, ad, ic2, sww or custom."""
    mode: ModeName
    round: str
    """Whose rules it was judged by, such as ``v1.2``."""
    windows: tuple[Window, ...]
    """The windows of a performance or energy session, in order."""
    median_throughput: float | None
    """Inferences per second: the published figure of a performance session, and of any of sww."""
    median_energy_j: float | None
    """Joules per inference: the published figure of an energy session."""
    top1: float | None
    """Fraction of the inputs whose first class is right; for ad at the best threshold."""
    auc: float | None
    """Area under the ROC curve, 0 to 1; of several classes the mean of one against the rest."""
    inputs: int | None
    """Inputs that were scored in an accuracy session; for ad files."""
    confusion: tuple[tuple[int, ...], ...]
    """Inputs by true class (row) and first class (column); empty for ad."""
    labels: str | None
    """The label list that it was judged by: an official one's name, or a path."""
    findings: tuple[Finding, ...]
    valid: bool
    """There is a figure, and nothing speaks against submitting it; never in one for development."""
    good: bool
    """There is a figure, and no finding is a violation: it is good for what it was run for."""
    simulated: bool
    """The device was a simulated one: times and energies are modelled, and never ``valid``."""
    streaming: Streaming | None = None
    """The words, duty cycle and power of a session of sww; None of any other task."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A trace is what a device drew; sample k is of the time from k / rate to (k + 1) / rate."""

    sample_rate_hz: float
    supply_v: float | None
    """Volts that the device was powered with; None where the session does not say."""
    events_s: tuple[float, ...]
    """Edges of the timestamp pin, in seconds from the trace's beginning."""
    lost_samples: int
    """Samples that the monitor lost; the trace goes on without a gap there."""
    _samples_uj: npt.NDArray[np.floating[Any]] = field(repr=False)

    @property
    def duration_s(self) -> float:
        """Return the seconds that the samples cover."""
        return len(self._samples_uj) / self.sample_rate_hz

    @property
    def time_s(self) -> Numbers:
        """Return the beginning of each sample, in seconds."""
        import numpy as np

        return np.arange(len(self._samples_uj)) / self.sample_rate_hz

    @property
    def power_w(self) -> Numbers:
        """Return the watts in each sample, as a new array."""
        import numpy as np

        return np.asarray(self._samples_uj, np.float64) * (1e-6 * self.sample_rate_hz)

    @property
    def current_a(self) -> Numbers | None:
        """Return the amperes in each sample, a new array; None where the voltage is not known."""
        return self.power_w / self.supply_v if self.supply_v else None


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A session is a measurement on disk: ours, EEMBC's or MLCommons'."""

    folder: Path
    task: str
    """vww, ic, kws, ad, ic2, sww or custom."""
    mode: ModeName
    dialect: Literal["EEMBC", "MLCommons"]
    """Whose way of writing a log it is; ours is EEMBC's."""
    device: str | None
    """What the device calls itself."""
    result: Result
    files: tuple[str, ...] = field(repr=False)
    """The input of each inference, in the order of the log; of sww none, whose recording the
    result names."""
    offsets: npt.NDArray[np.int64] = field(repr=False)
    """Where in its file each input begins, in bytes: ad's windows."""
    scores: Numbers = field(repr=False)
    """What the device answered: a row an inference, a column a class; not a number where the log
    has no answer. For ad one column, the error of a window."""
    traces: tuple[Trace, ...] = field(repr=False)
    """The traces of an energy session: one, in MLCommons' dialect one a window. Empty in other
    modes."""
    provenance: Mapping[str, Any] | None = field(repr=False)
    """How it came about, as our session.json says; None where there is none."""

    def _repr_html_(self) -> str:
        """Return what a notebook shows of it."""
        from .notebook_view import session_html

        return session_html(self)


def load_session(
    path: StrPath,
    *,
    labels: StrPath | None = None,
    datasets: StrPath | None = None,
    round: str | None = None,
    division: DivisionName | None = None,
) -> Session:
    """Read a session's folder, or a log.txt, and score it.

    ``labels`` is the label list that it used, or ``datasets`` a folder of lists to try
    (``kws01/y_labels*.csv``); a session of ours has its own. An accuracy session without either
    has scores and no figures. Of sww both mean the words of its recording, which a session may have
    itself. ``round`` and ``division`` say whose rules judge it.
    """
    return _session(Path(path), _judged(path, labels, datasets, round, division, needed=False))


def score(
    session: Session | StrPath,
    *,
    labels: StrPath | None = None,
    datasets: StrPath | None = None,
    round: str | None = None,
    division: DivisionName | None = None,
) -> Result:
    """Compute a session's figures and findings from its log, by other labels or rules if given.

    The arguments are those of ``load_session``. TinyrunnerError where there is nothing to score
    by: an accuracy session whose label list nobody names, one of sww whose words nobody names.
    """
    path = session.folder if isinstance(session, Session) else session
    return _result(_judged(path, labels, datasets, round, division, needed=True))


def _judged(
    path: StrPath,
    labels: StrPath | None,
    datasets: StrPath | None,
    round_name: str | None,
    division: str | None,
    *,
    needed: bool,
) -> Judged | JudgedStream:
    from ..runner.score.judge import judge_any

    return judge_any(
        Path(path),
        None if labels is None else Path(labels),
        None if datasets is None else Path(datasets),
        round_name,
        division,
        labels_needed=needed,
        words_needed=needed,
    )


def _session(path: Path, judged: Judged | JudgedStream) -> Session:
    import numpy as np

    from ..runner.score.judge import Judged

    folder = path if path.is_dir() else path.parent
    provenance, facts = judged.provenance, judged.assessment.facts
    records = judged.records if isinstance(judged, Judged) else ()
    supply_v = None
    if provenance is not None and provenance.monitor is not None:
        supply_v = float(provenance.monitor.supply_v)
    return Session(
        folder=folder,
        task=judged.task.key,
        mode=judged.mode.value,
        dialect=facts.dialect.value,
        device=facts.names[0] if facts.names else None,
        result=_result(judged),
        files=tuple(record.file for record in records),
        offsets=np.array([record.offset for record in records], np.int64),
        scores=_scores(records, judged.task.score_count if isinstance(judged, Judged) else 0),
        traces=_traces(folder, judged, supply_v),
        provenance=None if provenance is None else provenance.to_json(),
    )


def _scores(records: Sequence[InferenceRecord], count: int) -> Numbers:
    import numpy as np

    rows = np.full((len(records), count), np.nan)
    for row, record in zip(rows, records, strict=True):
        if len(record.scores) == count:
            row[:] = record.scores
        elif record.scores:
            from ..runner.score.score import ScoreError

            raise ScoreError(
                f"{record.file} (line {record.line} of the log): {len(record.scores)} scores "
                f"where there should be {count}; is it another task's log?",
                record.line,
            )
    return rows


def _traces(
    folder: Path, judged: Judged | JudgedStream, supply_v: float | None
) -> tuple[Trace, ...]:
    from ..runner.score.streaming.assess import JudgedStream
    from ..runner.terms import Dialect, Mode

    if isinstance(judged, JudgedStream):
        trace = None if judged.stream is None else judged.stream.trace
        return () if trace is None else (_trace(trace, supply_v),)
    if judged.mode is not Mode.ENERGY:
        return ()
    from ..energy.trace_files import read_results_json, read_trace

    if judged.assessment.facts.dialect is Dialect.MLCOMMONS:
        found = read_results_json(folder / "results.json")
    else:
        found = (read_trace(folder),)
    return tuple(_trace(each, supply_v) for each in found)


def _trace(trace: recorded.EnergyTrace, supply_v: float | None) -> Trace:
    said = trace.provenance.get("supply_v")
    return Trace(
        sample_rate_hz=trace.sample_rate_hz,
        supply_v=float(said) if isinstance(said, int | float) else supply_v,
        events_s=trace.events_s,
        lost_samples=trace.lost_samples,
        _samples_uj=trace.samples_uj,
    )


def _result(judged: Judged | JudgedStream) -> Result:
    return result_of(
        judged.assessment, judged.task.key, judged.mode, judged.round.name, judged.labels
    )


def result_of(
    assessment: Assessment, task: str, mode: Mode, round_name: str, labels: str | None
) -> Result:
    """Return what was assessed in the public form."""
    performance, energy, accuracy = assessment.performance, assessment.energy, assessment.accuracy
    windows: tuple[Window, ...] = ()
    if energy is not None:
        windows = tuple(map(_energy_window, energy.windows))
    elif performance is not None:
        windows = tuple(map(_timed_window, performance.windows))
    throughput, streaming = assessment.throughput, assessment.streaming
    energy_j = None if energy is None else energy.median_energy_j
    figure = {"performance": throughput, "energy": energy_j}.get(
        mode.value, None if accuracy is None else accuracy.figure
    )
    if streaming is not None:
        figure = None if streaming.sure_words is None else streaming.sure_words.f1
    return Result(
        task=task,
        mode=mode.value,
        round=round_name,
        windows=windows,
        median_throughput=throughput,
        median_energy_j=energy_j,
        top1=None if accuracy is None else accuracy.top1,
        auc=None if accuracy is None else accuracy.auc,
        inputs=None if accuracy is None else accuracy.inputs,
        confusion=() if accuracy is None else accuracy.confusion,
        labels=labels,
        findings=tuple(
            Finding(each.severity.value, each.kind.value, each.text, line=each.line)
            for each in assessment.findings
        ),
        valid=assessment.valid and figure is not None,
        good=assessment.good and figure is not None,
        simulated=assessment.simulated,
        streaming=streaming_of(assessment),
    )


def _timed_window(window: TimedWindow) -> Window:
    return Window(
        number=window.number,
        file=window.file,
        iterations=window.iterations,
        elapsed_s=window.elapsed_s,
        throughput=window.throughput,
        invalid=window.invalid,
    )


def _energy_window(measured: MeasuredWindow) -> Window:
    window, timing = measured.window, measured.timing
    return Window(
        number=measured.number,
        file=measured.file,
        iterations=measured.iterations,
        elapsed_s=timing.elapsed_s,
        throughput=timing.throughput,
        invalid=measured.invalid,
        start_s=window.start_s,
        end_s=window.end_s,
        energy_j=window.energy_j,
        energy_per_inference_j=measured.energy_per_inference_j,
        power_w=window.power_w,
    )
