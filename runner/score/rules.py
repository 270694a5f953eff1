"""Checks a result against a round's rules: a pure function that gives findings.

A violation keeps the session from being submitted; a warning asks for a second look. Every
text ends in what to do about it. Of a session that is judged for development, what it is by intent
(a part of the list, other inputs, a simulated device) is a note; what went wrong stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ...dut_protocol.wire.timer import DEFECT_DEVIATION, USUAL_DEVIATION
from ...energy.trace import EventSource
from ...models.custom_task import CUSTOM_NOTE
from ...models.other_inputs import describe_inputs
from ...models.suite import ALL_TASKS, Metric, StreamingTask, Task
from ..config.rounds import Round
from ..journal.damage import Damage
from ..journal.records import GARBLED, LogFacts
from ..terms import Division, Mode, Purpose
from .json_form import JsonForm
from .minus_sign import signed
from .results import (
    AccuracyResult,
    EnergyResult,
    NameList,
    OddScores,
    PerformanceResult,
    TimedWindow,
)

TIMER_CHECK_MIN_S = 5.0
"""The shortest window that a timer is checked by: the lines' own way to the host takes
milliseconds."""
SPREAD_WARNING = 0.01
EDGE_UNCERTAINTY_WARNING = 0.001
"""The uncertainty of edges that is worth a warning, as a fraction of the shortest window: as much
as a trace may lose of its samples."""

_TIMER_ADVICE = "check the firmware's timestamp timer"
_TRACE_ADVICE = "measure again, and look at the trace's plot around it"


class Severity(Enum):
    """Says what a finding means for a submission."""

    VIOLATION = "violation"
    NOT_JUDGED = "not judged"
    """What could not be looked at here, and is nobody's fault; only an audit says it."""
    WARNING = "warning"
    NOTE = "note"
    """What keeps a run for development from being submitted, and is no fault of it."""


class FindingKind(Enum):
    """Lists everything that can be found wrong."""

    WINDOW_COUNT = "window count"
    WINDOW_TOO_SHORT = "window too short"
    TOO_FEW_INFERENCES = "too few inferences"
    INPUTS_NOT_DISTINCT = "inputs not distinct"
    WINDOW_INVALID = "window invalid"
    INPUT_MISSING = "input missing"
    INPUT_REPEATED = "input repeated"
    INPUT_UNKNOWN = "input unknown"
    TARGET_MISSED = "target missed"
    MODEL_ID = "model id"
    TIMER_DEVIATES = "timer deviates"
    SPREAD = "spread"
    EDGES = "timestamp edges"
    SOFT_MARKERS = "soft markers"
    EDGE_UNCERTAINTY = "edge uncertainty"
    SAMPLES_LOST = "samples lost"
    CUSTOM_TASK = "custom task"
    OTHER_INPUTS = "other inputs"
    LIST_NOT_OFFICIAL = "list not official"
    LIST_NOT_ACCEPTED = "list not accepted in this round"
    SYNTHETIC_DATA = "synthetic data"
    SIMULATED_DEVICE = "simulated device"
    WIRE_EXTENSION = "wire extension"
    FOR_DEVELOPMENT = "for development"
    DEVICE_ERRORS = "device errors"
    LOAD_SIZE = "load of a wrong size"
    UNFINISHED = "session unfinished"
    LOG_DAMAGED = "log damaged"
    RESTORED = "session restored"
    RUN_MODE = "run mode"
    SCORES = "scores"
    SCORES_UNREADABLE = "scores unreadable"
    SCORES_GARBLED = "scores garbled"
    NOT_IN_ROUND = "not in this round"
    PLAYED = "recording played"
    NO_BOARD = "no interface board"
    DETECTIONS = "detections"
    DUTY_CYCLE = "duty cycle"
    AUDIO_CLOCK = "audio clock"


@dataclass(frozen=True, slots=True)
class SessionFinding(JsonForm):
    """Is one thing found."""

    JSON = "kind severity text"

    kind: FindingKind
    severity: Severity
    text: str
    line: int | None = None
    """The line of the log, from 1, where the finding is about one."""


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Holds what the rules look at; `of` takes it from a log's facts."""

    task: Task | StreamingTask
    mode: Mode
    performance: PerformanceResult | None = None
    """The result of a performance session, or of an energy log without its trace."""
    accuracy: AccuracyResult | None = None
    """The result of an accuracy session."""
    energy: EnergyResult | None = None
    """The result of an energy session; its throughputs are in it."""
    model_ids: tuple[str, ...] = ()
    """Every model id that the device named, in order."""
    device_errors: tuple[tuple[int, str], ...] = ()
    """Errors that the device reported: (line of the log, text); the first hundred."""
    device_error_count: int = 0
    """How many it reported in all."""
    loads: tuple[tuple[int, int], ...] = ()
    """The first load of each size: (bytes, line of the log)."""
    wire_extension: tuple[int, str] | None = None
    """(line of the log, text): the inputs were loaded otherwise than the protocol has it."""
    run_mode: str = ""
    """EEMBC's runMode, as the log has it."""
    finished: bool = True
    damage: Damage | None = None
    """Where the log was damaged, if it was: what stands from there on does not count."""
    list_name: str | None = None
    """The name of the official label list that the inputs came from; None: another one."""
    list_told: bool = True
    """Whether there was a label list to compare with; a log alone does not say where its inputs
    end."""
    synthetic: bool = False
    """Whether the inputs are generated ones, or a demonstration model ran on them."""
    restored: bool = False
    """Whether session.json was lost, and restored from the log."""
    simulated: bool = False
    """Whether session.json says that the device was a simulated one."""
    simulated_line: int | None = None
    """The line of the log in which the device says so itself."""
    development: bool = False
    """Whether session.json says that it was run for development."""
    development_line: int | None = None
    """The line of the log that says so."""
    limit: int | None = None
    """How many files of the list were to be run; None: all, as far as anybody knows."""

    @property
    def is_simulated(self) -> bool:
        return self.simulated or self.simulated_line is not None

    @property
    def timed(self) -> PerformanceResult | None:
        """Return the windows as they were timed, in a performance or an energy session."""
        return self.performance if self.energy is None else self.energy.performance

    @classmethod
    def of(
        cls,
        facts: LogFacts,
        task: Task | StreamingTask,
        *,
        mode: Mode,
        performance: PerformanceResult | None = None,
        accuracy: AccuracyResult | None = None,
        energy: EnergyResult | None = None,
        list_name: str | None = None,
        list_told: bool = True,
        synthetic: bool = False,
        simulated: bool = False,
        restored: bool = False,
        development: bool = False,
        limit: int | None = None,
    ) -> CheckInput:
        return cls(
            task=task,
            mode=mode,
            performance=performance,
            accuracy=accuracy,
            energy=energy,
            model_ids=tuple(facts.model_ids),
            device_errors=tuple(facts.device_errors),
            device_error_count=facts.device_error_count,
            loads=tuple(facts.loads.items()),
            wire_extension=facts.wire_extension,
            run_mode=facts.config.get("runMode", ""),
            finished=facts.finished,
            damage=facts.damage,
            list_name=list_name,
            list_told=list_told,
            synthetic=synthetic,
            simulated=simulated,
            simulated_line=facts.simulated_line,
            restored=restored,
            development=development,
            development_line=facts.development_line,
            limit=limit,
        )


def check(
    result: CheckInput,
    round_: Round,
    *,
    division: Division,
    purpose: Purpose = Purpose.SUBMISSION,
) -> tuple[SessionFinding, ...]:
    """Return all that speaks against a result, the session's faults first.

    For a submission that is all that stands between them; for development, the same with
    what is no fault of the run as notes.
    """
    findings = [*_in_round(result.task, round_), *_session(result, division)]
    if result.energy is not None:
        findings += check_energy(result.energy, round_)
    elif result.performance is not None:
        findings += _performance(result.performance, round_)
    if result.accuracy is not None and isinstance(result.task, Task):
        findings += _accuracy(
            result.accuracy, result.task, round_, division, synthetic=result.synthetic
        )
    return for_purpose(findings, result, round_, purpose)


def for_purpose(
    findings: Iterable[SessionFinding], result: CheckInput, round_: Round, purpose: Purpose
) -> tuple[SessionFinding, ...]:
    """Return the findings as they count for a purpose: for development, what is meant is a note."""
    if purpose is Purpose.SUBMISSION:
        return tuple(findings)
    return tuple(
        replace(one, severity=Severity.NOTE) if _is_intended(one, result, round_) else one
        for one in findings
        if one.kind is not FindingKind.FOR_DEVELOPMENT
    )


_INTENDED = frozenset(
    {
        FindingKind.SIMULATED_DEVICE,
        FindingKind.CUSTOM_TASK,
        FindingKind.SYNTHETIC_DATA,
        FindingKind.LIST_NOT_OFFICIAL,
        FindingKind.LIST_NOT_ACCEPTED,
        FindingKind.OTHER_INPUTS,
        FindingKind.WIRE_EXTENSION,
        FindingKind.SOFT_MARKERS,
        FindingKind.NO_BOARD,
    }
)
"""What somebody chose who measures for development."""


def _is_intended(finding: SessionFinding, result: CheckInput, round_: Round) -> bool:
    """Tell whether a finding says what a run for development is, and not what went wrong in it."""
    accuracy, limit = result.accuracy, result.limit
    if finding.kind in _INTENDED:
        return True
    if finding.kind is FindingKind.TARGET_MISSED:  # a target is set for the whole official list
        whole = accuracy is not None and not accuracy.missing
        return not whole or result.list_name is None or result.synthetic
    if limit is None:
        return False
    if finding.kind is FindingKind.INPUT_MISSING:
        return accuracy is not None and accuracy.inputs == limit and not accuracy.incomplete
    windows = () if result.timed is None else result.timed.windows
    return finding.kind is FindingKind.WINDOW_COUNT and len(windows) == limit < round_.windows


def is_good(findings: tuple[SessionFinding, ...]) -> bool:
    """Tell whether no violation is among them."""
    return all(finding.severity is not Severity.VIOLATION for finding in findings)


def _violation(kind: FindingKind, text: str, line: int | None = None) -> SessionFinding:
    return SessionFinding(kind, Severity.VIOLATION, text, line)


def _warning(kind: FindingKind, text: str, line: int | None = None) -> SessionFinding:
    return SessionFinding(kind, Severity.WARNING, text, line)


def _in_round(task: Task | StreamingTask, round_: Round) -> Iterator[SessionFinding]:
    official = isinstance(task, StreamingTask) or task.official
    if official and task.key not in round_.benchmarks:
        yield _violation(
            FindingKind.NOT_IN_ROUND,
            f"{round_.name} has no {task.key}; judge it by a round that has, with --round",
        )


def _session(result: CheckInput, division: Division) -> Iterator[SessionFinding]:
    if result.is_simulated:
        line = result.simulated_line
        who = "session.json says that the device" if line is None else "the device says that it"
        yield _violation(
            FindingKind.SIMULATED_DEVICE,
            f"{who} is a simulated one: times and energies are modelled, which is never valid for "
            "submission; run on a board for that",
            line,
        )
    if result.development or result.development_line is not None:
        yield _violation(
            FindingKind.FOR_DEVELOPMENT,
            "the session was run for development, which is never valid for submission; run it "
            "again without --for development for that",
            result.development_line,
        )
    task = result.task
    if isinstance(task, Task):
        yield from _inputs_of(result, task, division)
    elif result.synthetic:
        yield _violation(FindingKind.SYNTHETIC_DATA, _SYNTHETIC)
    yield from _firmware(result)
    if isinstance(task, Task):
        yield from _loads(result, task)
    if result.run_mode == "single":
        yield _violation(
            FindingKind.RUN_MODE,
            "the session is of EEMBC's runMode single, which runs one input to try it; for "
            "submission run its performance mode (bmark), with all windows",
        )
    yield from _ending(result)


_SYNTHETIC = "the inputs or the model are synthetic (for demonstration); run the official ones"


def _inputs_of(result: CheckInput, task: Task, division: Division) -> Iterator[SessionFinding]:
    wanted = task.model_id
    if not task.official:  # whatever its inputs are: nothing else counts beside it
        yield _violation(
            FindingKind.CUSTOM_TASK,
            f"{wanted} is {CUSTOM_NOTE}; run one of {', '.join(ALL_TASKS)} for that",
        )
    elif result.synthetic:
        yield _violation(FindingKind.SYNTHETIC_DATA, _SYNTHETIC)
    elif not result.list_told:
        yield _warning(
            FindingKind.LIST_NOT_OFFICIAL,
            "no label list was given, so that nobody can tell whether the inputs are the official "
            f"ones; give --labels, or --datasets with the folder that holds {wanted}",
        )
    elif result.list_name is None:
        yield _violation(
            FindingKind.LIST_NOT_OFFICIAL,
            "the inputs are not those of an official label list, which is not valid for "
            f"submission; run the whole y_labels.csv of {wanted}",
        )
    if not task.inputs_as_defined:
        closed = division is Division.CLOSED
        advice = "run it with --division open" if closed else "say there how they are made"
        yield (_violation if closed else _warning)(
            FindingKind.OTHER_INPUTS,
            f"{describe_inputs(task)}; only the open division takes others: {advice}",
        )


def _firmware(result: CheckInput) -> Iterator[SessionFinding]:
    wanted, task = result.task.model_id, result.task
    known = task.model_ids if isinstance(task, StreamingTask) else {wanted}
    if not result.model_ids:
        yield _warning(
            FindingKind.MODEL_ID,
            f"the device never named its model; send `profile` and look for m-model-[{wanted}]",
        )
    elif len(result.model_ids) > 1 or result.model_ids[0] not in known:
        yield _violation(
            FindingKind.MODEL_ID,
            f"the device named the model {' and '.join(result.model_ids)} where {wanted} was "
            "expected throughout; flash the task's firmware and run the session again",
        )
    if result.device_errors:
        line, text = result.device_errors[0]
        count = max(result.device_error_count, len(result.device_errors))
        yield _warning(
            FindingKind.DEVICE_ERRORS,
            f"the device reported {count} error(s), the first {text!r} in "
            f"line {line}; read the log around it",
            line,
        )


def _loads(result: CheckInput, task: Task) -> Iterator[SessionFinding]:
    needed = task.input_bytes
    for byte_count, line in result.loads:
        if byte_count != needed:
            yield _violation(
                FindingKind.LOAD_SIZE,
                f"a load of {byte_count} bytes where an input of {task.key} has {needed}; "
                "the device infers the input before it: run the session again with whole inputs",
                line,
            )
    if result.wire_extension is not None:
        line, text = result.wire_extension
        yield _violation(
            FindingKind.WIRE_EXTENSION,
            f"{text}; what counts is loaded by the published protocol: run again without "
            "--extension",
            line,
        )


def _ending(result: CheckInput) -> Iterator[SessionFinding]:
    if result.restored:
        yield _warning(
            FindingKind.RESTORED,
            "session.json was lost and restored from the log: what no log tells (round, division, "
            "link) is what was told then; see `restored` in it",
        )
    if result.damage is not None:
        again = "measure it again"
        if result.mode is not Mode.ENERGY:
            again = "`tinyrunner run --resume` goes on from before it"
        yield _violation(
            FindingKind.LOG_DAMAGED,
            f"the log is damaged from line {result.damage.line} on ({result.damage.what}), so that "
            f"what stands there does not count; {again}",
            result.damage.line,
        )
    elif not result.finished:
        yield _warning(
            FindingKind.UNFINISHED,
            "the log does not hold the end of its session; resume it, or run it again",
        )


def _performance(
    performance: PerformanceResult, round_: Round, advice: str = _TIMER_ADVICE
) -> Iterator[SessionFinding]:
    windows = performance.windows
    if len(windows) != round_.windows:
        yield _violation(
            FindingKind.WINDOW_COUNT,
            f"{len(windows)} windows where {round_.name} asks for {round_.windows}; run the "
            "session again, whole",
        )
    for window in windows:
        yield from _window(window, round_, advice)
    inputs = [(window.file, window.offset) for window in windows]
    if len(set(inputs)) != len(inputs) or any(not window.file for window in windows):
        yield _violation(
            FindingKind.INPUTS_NOT_DISTINCT,
            "the windows do not have an input each; load another input before each `infer`",
        )
    yield from _odd_scores(windows)
    spread = performance.coefficient_of_variation
    if spread is not None and spread > SPREAD_WARNING:
        yield _warning(
            FindingKind.SPREAD,
            f"the throughputs spread by {spread:.1%} (coefficient of variation); look for "
            "other work on the device, such as interrupts or a changing clock",
        )


def _odd_scores(windows: Sequence[TimedWindow]) -> Iterator[SessionFinding]:
    """Warn of what is odd about the scores of the windows, once each."""
    found: dict[str, tuple[OddScores, list[TimedWindow]]] = {}
    for window in windows:
        if (odd := window.odd_scores) is not None:
            # What cannot be read differs from window to window; the first shows it.
            alike = odd.text if odd.readable else ""
            found.setdefault(alike, (odd, []))[1].append(window)
    for odd, these in found.values():
        numbers = ", ".join(str(window.number) for window in these)
        kind = FindingKind.SCORES if odd.readable else FindingKind.SCORES_UNREADABLE
        if odd.text.startswith(GARBLED):
            kind = FindingKind.SCORES_GARBLED  # on its way: it says nothing of the firmware
        yield _warning(
            kind,
            f"window {numbers}: {odd.text}; a window does not need its scores, but look at the "
            "firmware's output stage before accuracy is measured",
            these[0].line,
        )


def check_energy(energy: EnergyResult, round_: Round) -> Iterator[SessionFinding]:
    """Check the trace and its edges, then what any timed window has to satisfy."""
    if energy.event_source is EventSource.HOST:
        yield _violation(
            FindingKind.SOFT_MARKERS,
            "the windows are between soft markers of the host, which is never valid for "
            "submission; wire the timestamp pin to the monitor or the IO manager",
        )
    if energy.lost_error is not None:
        yield _violation(FindingKind.SAMPLES_LOST, energy.lost_error)
    if energy.edge_error is not None:
        yield _violation(FindingKind.EDGES, energy.edge_error)
        if not energy.windows:
            return
    yield from _performance(energy.performance, round_, _TRACE_ADVICE)
    spread = energy.coefficient_of_variation
    if spread is not None and spread > SPREAD_WARNING:
        yield _warning(
            FindingKind.SPREAD,
            f"the energies spread by {spread:.1%} (coefficient of variation); let the board come "
            "to its temperature, and look for what else draws current",
        )
    uncertainty_s = energy.event_uncertainty_s
    if uncertainty_s > EDGE_UNCERTAINTY_WARNING * round_.min_window_s:
        yield _warning(
            FindingKind.EDGE_UNCERTAINTY,
            f"each edge of a window is known to {uncertainty_s * 1e3:.1f} ms only; sample faster, "
            "or use a monitor with an event input",
        )


def _window(window: TimedWindow, round_: Round, advice: str) -> Iterator[SessionFinding]:
    name = f"window {window.number}"
    if window.iterations < round_.min_inferences:
        yield _violation(
            FindingKind.TOO_FEW_INFERENCES,
            f"{name} holds {window.iterations} inferences where {round_.min_inferences} are the "
            "least; raise the iterations",
            window.line,
        )
    if window.invalid is not None or window.elapsed_s is None:
        yield _violation(
            FindingKind.WINDOW_INVALID,
            f"{name} does not count: {window.invalid}; {advice}",
            window.line,
        )
        return
    if window.elapsed_s < round_.min_window_s:
        yield _violation(
            FindingKind.WINDOW_TOO_SHORT,
            f"{name} lasts {window.elapsed_s:.3f} s where {round_.min_window_s:g} s are the "
            "least; raise the iterations",
            window.line,
        )
    deviation = window.timer_deviation
    # By the longer of the two: a fast timer makes a short window look long.
    longer_s = max(window.elapsed_s, window.host_elapsed_s or 0.0)
    if deviation is None or longer_s < TIMER_CHECK_MIN_S:
        return
    if abs(deviation) > USUAL_DEVIATION:
        kind = _violation if abs(deviation) > DEFECT_DEVIATION else _warning
        yield kind(
            FindingKind.TIMER_DEVIATES,
            f"{name}: the device counts {window.elapsed_s:.3f} s where the host sees "
            f"{window.host_elapsed_s:.3f} s ({signed(deviation, '.1%')}); check the timer's clock "
            "and prescaler in the firmware",
            window.line,
        )


def _accuracy(
    accuracy: AccuracyResult, task: Task, round_: Round, division: Division, *, synthetic: bool
) -> Iterator[SessionFinding]:
    for kind, names, text in (
        (FindingKind.INPUT_MISSING, accuracy.missing, "of the list were not inferred"),
        (FindingKind.INPUT_MISSING, accuracy.incomplete, "lack windows"),
        (FindingKind.INPUT_REPEATED, accuracy.repeated, "were inferred more than once"),
        (FindingKind.INPUT_UNKNOWN, accuracy.unknown, "are not of the list"),
    ):
        if names:
            yield _inputs(kind, names, text)
    if accuracy.unreadable_first is not None:
        line, why = accuracy.unreadable_first
        yield _violation(
            FindingKind.SCORES_UNREADABLE,
            f"{accuracy.unreadable.count} input(s) were answered by no scores that can be read "
            f"({accuracy.unreadable}), the first: {why}; the figures are those of the others. Look "
            "at the firmware's output stage, and run the whole list again",
            line,
        )
    counted = task.stride_bytes is not None and not synthetic  # its own finding says enough
    if counted and accuracy.listed not in round_.ad_file_counts:
        counts = " or ".join(map(str, round_.ad_file_counts))
        yield _violation(
            FindingKind.LIST_NOT_ACCEPTED,
            f"the list holds {accuracy.listed} files where {round_.name} accepts {counts}; run "
            "the official list",
        )
    no_auc = accuracy.auc_missing is not None and task.official
    if no_auc and not accuracy.missing:  # else its own finding says it
        yield _warning(
            FindingKind.SCORES,
            f"there is no AUC: {accuracy.auc_missing}"
            + (". Top-1 does not need that" if task.metric is Metric.TOP1 else ""),
        )
    if accuracy.noughts:
        yield _warning(
            FindingKind.SCORES,
            f"every score of {accuracy.noughts.count} input(s) is 0 ({accuracy.noughts}), which "
            "is taken for the first class; look at the firmware's output stage",
        )
    figure, target = accuracy.figure, round_.target(task)
    if figure is not None and target is not None and figure < target:
        closed = division is Division.CLOSED
        advice = "submit to the open division" if closed else "state it in the submission"
        yield (_violation if closed else _warning)(
            FindingKind.TARGET_MISSED,
            f"{task.metric.value} is {figure:.4f} where {round_.name} asks for {target:.2f}; "
            f"check how the firmware converts its input, or {advice}",
        )


def _inputs(kind: FindingKind, names: NameList, text: str) -> SessionFinding:
    return _violation(kind, f"{names.count} input(s) {text} ({names}); run the whole list again")
