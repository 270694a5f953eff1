"""Makes a run ready: inputs found and checked, the bench prepared, the device recognised.

Whatever is wrong here is the set-up's fault, and nothing was sent to be measured yet.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ...datasets.demo.demo_dataset import default_root, materialise
from ...datasets.errors import DatasetError
from ...datasets.inputs import EEMBC_DATASETS, Dataset, listed_sizes
from ...dut_protocol.host.dut import REPLY_TIMEOUT_S, Identity
from ...dut_protocol.wire.boot_banner import TimestampMode
from ...dut_protocol.wire.simulation import is_simulated_name
from ...energy.errors import MonitorRefused
from ...models.custom_task import CUSTOM_NOTE
from ...models.demo_models import DEMO_NOTE
from ...models.other_inputs import InputKind, describe_inputs, kind_by_size, with_inputs
from ...models.suite import TASKS_BY_MODEL_ID, StreamingTask, Task
from ..bench.bench import Bench
from ..bench.link import agree, fit_to_io_manager
from ..errors import SetupError
from ..journal.journal import Journal, LogWriter
from ..script.publishable_path import written_path
from ..script.script import Script, ScriptError, Step, preliminary_steps
from ..script.verbs import (
    DeviceVerb,
    Echo,
    IoCommand,
    Load,
    Mount,
    Umount,
    Verb,
    format_verb,
    input_file_name,
    parse_verb,
)
from ..terms import Division
from .progress import Reporter
from .provenance import Source
from .steps.board_steps import BoardSteps
from .steps.energy_steps import BenchPerformer, EnergySteps
from .steps.sequencer import listen, reply_timeout_s

DATASETS_VARIABLE = "TINYRUNNER_DATASETS"

_MAX_EARLY_LINES = 1000


class EarlyLines:
    """Keeps what is said before it is known whether the device is the one of a journal."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def write(self, source: str, text: str) -> None:
        if len(self._lines) < _MAX_EARLY_LINES:
            self._lines.append((source, text))

    def flush(self) -> None:
        """Do nothing, for the file may be of another device."""

    def replay(self, journal: Journal) -> None:
        for source, text in self._lines:
            journal.write(source, text)
        self._lines.clear()


class Unlogged:
    """Is the log of the steps before `version`: they are in the script alone."""

    def write(self, source: str, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


class Opening(BenchPerformer):
    """Executes the steps before `version`, which make the bench ready.

    They leave no trace in the log but for what the devices say to them.
    """

    def __init__(
        self,
        bench: Bench,
        connect: Callable[[], Identity],
        heard: LogWriter,
        energy: EnergySteps | None,
        board: BoardSteps | None = None,
    ) -> None:
        """Prepare a bench; ``connect`` finds its device awake and judges it, when first needed.

        ``heard`` takes what the devices say.
        """
        super().__init__(energy, board)
        self._bench = bench
        self._connect = connect
        self._known: Identity | None = None
        self._timeout_s = REPLY_TIMEOUT_S
        self._heard = heard
        self.manager_name = self.manager_version = ""
        listen(bench, heard, lambda _: None)

    @property
    def identity(self) -> Identity:
        """Return who the device is, once :meth:`prepare` has found out."""
        assert self._known is not None, "asked before the bench was made ready"
        return self._known

    def prepare(self, script: Script) -> None:
        """Execute what stands before `version`; then it is known who the device is."""
        self.run(preliminary_steps(script))
        self._recognise()

    def tell_if_simulated(self, note: Callable[[str], None]) -> None:
        """Note where a device that somebody else simulates stands for a real one."""
        if self._bench.simulated is None and is_simulated_name(self.identity.vendor):
            note(
                f"{self._bench.dut.address} is a simulated device ({self.identity.vendor}): its "
                "times and energies are modelled, which is never valid for submission"
            )

    def _recognise(self) -> bool:
        """Find the device awake and ask who it is; False where that is known already."""
        if self._known is not None:
            return False
        self._known = self._connect()
        return True

    def run(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._timeout_s = reply_timeout_s(step)
            self.perform(parse_verb(step.command))
            self._heard.flush()

    def perform(self, verb: Verb) -> None:
        try:
            super().perform(verb)
        except MonitorRefused as error:  # a supply that it may not have, say
            raise SetupError(str(error)) from error

    def umount(self, _: Umount) -> None:
        """Do nothing, for nothing is mounted yet."""

    def mount(self, verb: Mount) -> None:
        """Ask an IO manager for its name; opening the bench has mounted all else."""
        if verb.kind == "ioman":
            self.manager_name = self._bench.energy.io_manager.identify()

    def command(self, verb: DeviceVerb) -> None:
        if self._recognise() and verb.text == "profile":
            return  # which it was asked to be known by
        self._bench.dut.raw(verb.text, self._timeout_s)

    def io_command(self, verb: IoCommand) -> None:
        if verb.text == "version":
            self.manager_version = " ".join(self._bench.energy.io_manager.version())
        else:
            self._energy_step(verb)

    def echo(self, verb: Echo) -> None:
        self._bench.pause(verb.milliseconds / 1000.0)


def with_found_inputs(
    task: Task, root: Path, labels: Path | None, division: Division, reporter: Reporter
) -> Task:
    """Return the task with the kind of inputs that are there, where the division allows that."""
    if division is not Division.OPEN or (kind := _kind_there(task, root, labels)) is None:
        return task
    found = with_inputs(task, kind)
    reporter.note(
        f"{task.key}: {describe_inputs(found)}, by the files' size; the open division takes them. "
        "--input-format says what they are, where that is something else"
    )
    return found


def _kind_there(task: Task, root: Path, labels: Path | None) -> InputKind | None:
    """Return the kind of inputs that all listed files are of, where it is not the official one."""
    if not (task.official and task.inputs_as_defined):
        return None
    return kind_by_size(task, listed_sizes(root, task, labels))


def open_source(
    root: Path, task: Task, labels: Path | None, limit: int | None, reporter: Reporter
) -> Source:
    """Open the inputs below ``root``, each checked and hashed."""
    try:
        dataset = Dataset.open(root, task, labels)
    except DatasetError as error:
        kind = None
        with suppress(DatasetError):  # the first one is the one to tell
            kind = _kind_there(task, root, labels)
        if kind is None:
            raise
        raise DatasetError(
            f"{error}\nInputs of another kind are for the open division: --division open "
            f"--input-format {kind.input_format.value}"
        ) from error
    source = Source.of(dataset, limit)
    if dataset.extra_count:
        reporter.note(f"{dataset.extra_count} .bin files in {dataset.folder} are not on the list")
    if not task.official:
        reporter.note(f"{task.model_id}: {CUSTOM_NOTE}")
    if source.synthetic:
        reporter.note(f"{task.key}: {DEMO_NOTE}")
    return source


def dataset_root(asked: Path | Literal["demo"] | None, task: Task, *, simulated: bool) -> Path:
    """Return the folder of the inputs, by what was asked for and the environment."""
    if (named := _named_root(asked)) is not None:
        return named
    if not (task.official and task.inputs_as_defined):
        whose = "a model of your own" if not task.official else "inputs of another kind"
        raise SetupError(
            "which inputs? Give --datasets with the folder that holds "
            f"{task.model_id}/y_labels.csv; there are no demo ones for {whose}"
        )
    if asked is None and not simulated:
        raise SetupError(
            "which inputs? Give --datasets with the folder that holds "
            f"{task.model_id}/y_labels.csv (EEMBC's runner keeps it in {EEMBC_DATASETS}), or "
            "`--datasets demo` for synthetic ones"
        )
    return materialise(task, default_root())


def streaming_root(
    asked: Path | Literal["demo"] | None, task: StreamingTask, *, simulated: bool
) -> Path:
    """Return the folder of the recordings, by what was asked for and the environment."""
    if (named := _named_root(asked)) is not None:
        return named
    if asked is None and not simulated:
        raise SetupError(
            f"which recording? Give --datasets with the folder that holds {task.model_id}/ with "
            f"{task.key}_long_test.json; `tinyrunner datasets fetch {task.model_id}` gets the list"
        )
    return materialise(task, default_root()).parent


def _named_root(asked: Path | Literal["demo"] | None) -> Path | None:
    """Return the folder that is asked for, or else named in the environment."""
    if isinstance(asked, Path):
        return asked
    from_environment = os.environ.get(DATASETS_VARIABLE)
    return Path(from_environment).expanduser() if asked is None and from_environment else None


def connect(bench: Bench, task: Task) -> Identity:
    """Find the device awake and right for the task; SetupError says what is wrong with it."""
    dut = bench.dut
    if bench.port_note is not None:
        dut.listener.note(bench.port_note)
    identity = dut.identify()
    check_model(dut.address, identity, task)
    # Without a banner (a board that does not reset when its port is opened) only this tells.
    energy = identity.boot_mode is TimestampMode.ENERGY
    lap = None if energy else dut.once_more(dut.timestamp)
    if lap is None:
        said = "its banner says m-timestamp-mode-energy" if energy else "it sends no m-lap-us"
        raise SetupError(
            f"{dut.address}: this is energy-mode firmware ({said}); performance and accuracy need "
            "the firmware built for performance mode"
        )
    if dut.boot_mode is None:  # from now on an answer without lap times is a damaged one
        dut.boot_mode = TimestampMode.PERFORMANCE
        identity = replace(identity, boot_mode=TimestampMode.PERFORMANCE)
    agree(bench.wishes, dut, bench.loader, identity, task)
    return identity


def connect_powered(bench: Bench, task: Task) -> Identity:
    """Recognise a device that is on, behind its IO manager.

    Where the monitor did not switch it on, there was no banner, and its answer tells its mode.
    """
    dut = bench.dut
    said = "its banner says m-timestamp-mode-"
    if dut.boot_mode is None and not bench.energy.monitor.capabilities.powers_device:
        said = "by its m-lap-us it is in mode "
        timed = dut.timestamp() is not None
        dut.boot_mode = TimestampMode.PERFORMANCE if timed else TimestampMode.ENERGY
    mode = dut.boot_mode
    if mode is not TimestampMode.ENERGY:
        raise SetupError(
            f"{dut.address}: this is no energy firmware ({said}"
            f"{mode.value if mode else 'nothing'}); energy needs the firmware built for energy mode"
        )
    identity = dut.identify()
    check_model(dut.address, identity, task)
    fit_to_io_manager(bench.energy.io_manager, dut, bench.loader)
    return identity


def check_model(address: str, identity: Identity, task: Task) -> None:
    """Refuse (SetupError) firmware that was built for another task."""
    asked = task.model_id
    if identity.model_id != asked:
        there = identity.model_id or "nothing"
        other = TASKS_BY_MODEL_ID.get(there)
        advice = f"; run {other.key} instead, or flash" if other else "; flash"
        raise SetupError(
            f"{address}: the firmware's model is {there}, {task.key} needs {asked}{advice} the "
            f"firmware for {asked}"
        )


def rerooted(script: Script, dataset: Dataset) -> Script:
    """Take each input of a script from the user's own folder.

    Somebody else's folders never count, so a script cannot name a file outside the data sets.
    """
    steps = []
    for step in script.steps:
        verb = parse_verb(step.command)
        if isinstance(verb, Load):
            name = input_file_name(verb.path)
            if name in ("", ".", "..") or ":" in name:
                raise ScriptError(f"{verb.path!r} does not end in the name of an input file")
            path = written_path(dataset.folder / name)
            step = replace(step, command=format_verb(replace(verb, path=path)))
        steps.append(step)
    return Script(tuple(steps))
