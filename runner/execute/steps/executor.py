"""Executes a Script on a Bench, each step written to the Journal as it happens.

A step that fails is done again where that can do no harm: an `infer` with its load, a question
by itself. A load has tried four times when it fails, so only a reboot makes it begin again. In
energy mode nothing is done again: each `infer` leaves its edges in the one trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ....datasets.inputs import Dataset, InputWindow
from ....dut_protocol.errors import CommandError, DutError, DutFault, DutProtocolError, DutRebooted
from ....dut_protocol.host.dut import Identity
from ....dut_protocol.host.inference import Inference, Wanted
from ....dut_protocol.wire.commands import Raw
from ....dut_protocol.wire.messages import Model
from ....models.suite import Task
from ...bench.bench import Bench
from ...errors import SetupError
from ...journal.journal import Journal
from ...script.energy_plan import TRACE_NAME
from ...script.plan import mode_of, parse_infer, planned_inferences
from ...script.script import (
    NumberedStep,
    Script,
    numbered_steps,
    preliminary_steps,
)
from ...script.verbs import (
    INSTRUMENTS,
    BmCfg,
    DeviceVerb,
    DutCommand,
    EmonTrace,
    EmonVoltage,
    IoDutCommand,
    Load,
    Needs,
    Verb,
    form_of,
    format_verb,
    input_file_name,
    parse_verb,
)
from ...terms import Mode
from .energy_steps import EnergySteps
from .recovery import LapCheck, Recovery
from .sequencer import Sequencer


@dataclass(frozen=True, slots=True)
class MeasuredInput:
    """Says of one input that it was inferred, for the progress. ``done`` counts from 1."""

    done: int
    window: InputWindow
    inference: Inference


_QUESTIONS = ("help", "name", "profile", "results", "timestamp")
"""Commands that may be asked twice: they change nothing in the device."""


class InputFinder:
    """Finds the input that a load names among those of the data set, by its file's name."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._labels = {row.file: row.label for row in dataset.labels.rows}

    def find(self, load: Load) -> InputWindow:
        """Return the window to send; SetupError where it is not one of this task's inputs."""
        task = self._dataset.task
        file = input_file_name(load.path)
        label = self._labels.get(file)
        if label is None:
            raise SetupError(
                f"the script loads {file}, which {self._dataset.labels.source} does not list; "
                "give the list it was made for with --labels"
            )
        length = task.file_bytes if load.length is None else load.length
        if length != task.input_bytes or load.offset + length > task.file_bytes:
            raise SetupError(
                f"the script loads {length} bytes at {load.offset} of {file}; an input of "
                f"{task.key} is {task.input_bytes} bytes of a file of {task.file_bytes}"
            )
        path = self._dataset.folder / file
        return InputWindow(path, file, load.offset, length, task.file_bytes, label)


class Executor(Sequencer):
    """Runs the numbered steps of a script (those before `version` made the bench ready)."""

    def __init__(
        self,
        bench: Bench,
        journal: Journal,
        dataset: Dataset,
        benchmark_config: Mapping[str, str],
        on_measured: Callable[[MeasuredInput], None] = lambda _: None,
        on_infer: Callable[[int], None] = lambda _: None,
        energy: EnergySteps | None = None,
        identity: Identity | None = None,
    ) -> None:
        """Execute on ``bench``; even after a reboot its device must be ``identity``.

        ``on_infer`` is told of each `infer` how many inferences it makes, warm-ups included,
        before it is sent, and ``on_measured`` what came of it.
        """
        super().__init__(bench, journal, benchmark_config, energy)
        self._recovery = Recovery(bench.dut, journal, identity)
        self._lap_check = LapCheck(bench.dut, bench.timer)
        self._since_load: list[NumberedStep] = []
        """The steps from the last load on, until its `infer` has been answered."""
        self._dataset = dataset
        self._inputs = InputFinder(dataset)
        self._on_measured = on_measured
        self._on_infer = on_infer
        self._loaded: InputWindow | None = None
        self._done = 0
        self._wanted = Wanted.SCORES
        self._has_scored = False
        """The device has answered other scores than 0."""
        self._noughts = 0
        """How often it answered the present input by scores that are all 0."""

    @property
    def _task(self) -> Task:
        return self._dataset.task

    def run(self, script: Script, first_step: int = 1, done: int = 0) -> None:
        """Execute from step ``first_step`` on; ``done`` inputs were measured before."""
        self._done = done
        self._has_scored = done > 0
        if self.energy is not None:
            self._wanted = Wanted.EDGES
        elif mode_of(planned_inferences(script)) is Mode.PERFORMANCE:
            self._wanted = Wanted.TIMES
        for numbered in numbered_steps(script):
            if numbered.index >= first_step:
                self._until_done(numbered)

    def _until_done(self, numbered: NumberedStep) -> None:
        """Execute a step; where it fails, recover and execute it again, with its load."""
        verb = parse_verb(numbered.step.command)
        if isinstance(verb, Load) or not self._since_load:
            self._since_load.clear()
            self._noughts = 0
            self._recovery.next_input()
        if self._since_load or isinstance(verb, Load):
            self._since_load.append(numbered)
        todo = [numbered]
        while todo:
            step = todo[0]
            try:
                self.step(step)
                self._journal.flush()
                todo.pop(0)
            except DutFault as error:
                todo = self._again(step, numbered, error)
        if _infers(verb):
            self._since_load.clear()

    def _again(
        self, failed: NumberedStep, wanted: NumberedStep, error: DutError
    ) -> list[NumberedStep]:
        """Return the steps to execute again because one of them failed; or raise the error."""
        verb = parse_verb(failed.step.command)
        if self.energy is not None or not _repeatable(verb, error):
            raise error
        todo = list(self._since_load) or [wanted]
        self._recovery.recover(error, todo[0].index)
        return todo

    def command(self, verb: DeviceVerb) -> None:
        self.finished("dut" if isinstance(verb, DutCommand) else "io")
        counts = parse_infer(verb.text)
        if counts is not None:
            self._infer(*counts)
            return
        reply = self._bench.dut.raw(verb.text, self.timeout_s)
        if self.energy is not None and verb.text == "timestamp":
            self.energy.mark(self._bench.clock.now_s())
        for message in reply:
            if isinstance(message, Model) and message.model_id != self._task.model_id:
                raise DutProtocolError(
                    f"{self._bench.dut.address}: the device now says that its model is "
                    f"{message.model_id}, not {self._task.model_id}"
                )

    def load(self, load: Load) -> None:
        window = self._inputs.find(load)
        data = self._dataset.read(window)
        write = self._journal.write
        self._loaded = None
        write("parser", f"File size is {window.file_bytes}, loading...")
        write("parser", f"Starting at byte offset {window.offset}")
        write("parser", f"Sending {len(data)} bytes")
        write("parser", "m-mute-target[dut]")
        began_s = self._bench.clock.now_s()
        with self.muted():
            self._bench.loader.load(data)
        took_s = self._bench.clock.now_s() - began_s
        self._loaded_in(load, window, took_s)
        self._loaded = window

    def _loaded_in(self, load: Load, window: InputWindow, took_s: float) -> None:
        """Write the closing lines of a load, in the words of the published logs.

        They compute the rate from the whole file, also where a window was sent.
        """
        write = self._journal.write
        rate = window.file_bytes / took_s / 1000.0 if took_s > 0 else 0.0
        write("parser", "m-unmute-target[dut]")
        if not load.through_io:
            write("parser", f"Binary load took {took_s:.3f} sec, or {rate:.3f} kB/sec")
            write("parser", "m-bload-done")
            self.finished("bload")
            return
        write("parser", "m-unmute-target[io]")
        write("parser", "m-unmute-target[parser]")
        write("parser", "m-bloadp-done")
        write("parser", f"Binary load took {took_s:.3f} sec, or {8 * rate:.3f} kb/sec")
        self.finished("bloadp")

    def _infer(self, iterations: int, warmups: int) -> None:
        self._on_infer(iterations + warmups)
        inference = self._bench.timer.infer(
            iterations, warmups, self._task.score_count, self._judge, self._wanted
        )
        if self.energy is not None:
            self.energy.mark(*inference.host_window_s)
        if self._loaded is not None:
            self._done += 1
            self._on_measured(MeasuredInput(self._done, self._loaded, inference))

    def _judge(self, inference: Inference) -> None:
        """Raise DutProtocolError at an answer that cannot be right, or that nobody can use."""
        self._lap_check.check(inference)
        if self._wanted is Wanted.SCORES and self._task.official and len(inference.scores) > 1:
            self._judge_scores(inference.scores)

    def _judge_scores(self, scores: tuple[float, ...]) -> None:
        """Raise DutProtocolError at scores that are all 0.

        Integers of a tie are that by nature: they are believed when they come a second time, of a
        device that has answered other inputs otherwise.
        """
        if any(scores):
            self._has_scored = True
            return
        self._noughts += 1
        if not self._has_scored or self._noughts < 2:
            raise DutProtocolError(
                f"{self._bench.dut.address}: every score is 0, so there is nothing to judge; look "
                "at the firmware's output stage"
            )


def _infers(verb: Verb) -> bool:
    return isinstance(verb, DutCommand | IoDutCommand) and parse_infer(verb.text) is not None


def _repeatable(verb: Verb, error: DutError) -> bool:
    """Tell whether a failed step may be executed again."""
    if isinstance(verb, Load):
        return isinstance(error, DutRebooted)
    if not isinstance(verb, DutCommand):
        return False
    return _infers(verb) or verb.text in _QUESTIONS


_ASKED_FIRST = ("mountc io ioman", "io version", "io dut profile")
"""What an energy script asks before `version`, so that it is known who is on the bench."""


def check_executable(
    script: Script, dataset: Dataset, mode: Mode, supply_v: float | None = None
) -> None:
    """Refuse (SetupError) a script that this bench and data set cannot run, before any of it.

    ``supply_v`` is what the device may be powered with: a script is of somebody else's board.
    """
    finder = InputFinder(dataset)
    traces: list[EmonTrace] = []
    for numbered in numbered_steps(script):
        verb = parse_verb(numbered.step.command)
        if not _within_reach(verb, mode):
            energy = ": it is a script for --mode energy" if _is_of_energy(verb) else ""
            raise SetupError(
                f"step {numbered.index}, `{numbered.step.command}`, needs {_needed(verb)}; this "
                f"run has none{energy}"
            )
        if isinstance(verb, DutCommand | IoDutCommand):
            _check_command(verb.text, numbered.index)
        if isinstance(verb, Load):
            finder.find(verb)
        elif isinstance(verb, EmonTrace):
            traces.append(verb)
    planned = planned_inferences(script)
    is_for = Mode.ENERGY if traces else mode_of(planned)
    if is_for is not mode:
        counts = ((each.iterations, each.warmups) for each in planned)
        by = "`dut infer {} {}`".format(*next((n for n in counts if n != (1, 0)), (1, 0)))
        if mode is Mode.ENERGY:
            by = f"no trace is recorded (`emon trace on {TRACE_NAME}`)"
        raise SetupError(
            f"this is a script for {is_for.value} ({by}), and --mode says {mode.value}; give a "
            f"script for {mode.value}, or --mode {is_for.value}"
        )
    for step in preliminary_steps(script):
        verb = parse_verb(step.command)
        measures = isinstance(verb, Load | EmonTrace | BmCfg) or _infers(verb)
        if measures or not _within_reach(verb, mode):
            raise SetupError(
                f"`{step.command}` cannot stand before `version`, where this run's bench is made "
                "ready"
            )
    if mode is Mode.ENERGY:
        _check_energy(script, traces, supply_v)


def _check_command(text: str, index: int) -> None:
    try:
        Raw(text).encode()
    except CommandError as error:
        raise SetupError(f"step {index} of the script: {error}") from error


def _within_reach(verb: Verb, mode: Mode) -> bool:
    there = INSTRUMENTS if mode is Mode.ENERGY else ()
    return form_of(verb).needs in (Needs.NOTHING, *there)


def _is_of_energy(verb: Verb) -> bool:
    return form_of(verb).needs in INSTRUMENTS


def _needed(verb: Verb) -> str:
    if _is_of_energy(verb):
        return "an IO manager or an energy monitor"
    return form_of(verb).needs.value


def _check_energy(script: Script, traces: list[EmonTrace], supply_v: float | None) -> None:
    before = {format_verb(parse_verb(step.command)) for step in preliminary_steps(script)}
    for command in _ASKED_FIRST:
        if command not in before:
            raise SetupError(
                f"this script has no `{command}` before `version`: it would not be known who is "
                "measured"
            )
    if traces != [EmonTrace(TRACE_NAME), EmonTrace()]:
        raise SetupError(
            f"an energy script records one trace, from `emon trace on {TRACE_NAME}` to `emon trace "
            f"off`; this one has {', '.join(f'`{format_verb(verb)}`' for verb in traces)}"
        )
    asked_mv = None if supply_v is None else round(supply_v * 1000)
    for step in script.steps:
        verb = parse_verb(step.command)
        if isinstance(verb, EmonVoltage) and verb.millivolts not in (None, asked_mv):
            raise SetupError(
                f"the script powers the device with {verb.millivolts} mV, and --supply-v says "
                f"{asked_mv} mV; give the script's voltage if your board stands it"
            )
