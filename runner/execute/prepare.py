"""Before a run: the inputs found and checked, the device found and recognised.

Whatever is wrong here is the set-up's fault, and nothing was sent to be measured yet.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ...datasets.demo.demo_dataset import default_root, materialise
from ...datasets.inputs import EEMBC_DATASETS, Dataset
from ...dut_protocol.host.dut import Identity
from ...dut_protocol.wire.messages import TimestampMode
from ...models.custom_task import CUSTOM_NOTE
from ...models.demo_models import DEMO_NOTE
from ...models.suite import TASKS_BY_MODEL_ID, Task
from ..bench.bench import Bench
from ..bench.link import agree
from ..config.addresses import is_simulated
from ..config.config import Config
from ..errors import SetupError
from ..journal.journal import Journal
from ..script.script import Script
from ..script.verbs import Load, format_verb, input_file_name, parse_verb
from ..script.written_path import written_path
from .progress import Reporter
from .provenance import Source

DATASETS_VARIABLE = "TINYRUNNER_DATASETS"

_MAX_HEARD = 1000


class Heard:
    """Keeps what the device says before there is a journal, and then writes it there."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []

    def line(self, text: str) -> None:
        self.keep("dut", text)

    def note(self, text: str) -> None:
        self.keep("parser", f"m-note[{text}]")

    def keep(self, source: str, text: str) -> None:
        if len(self._lines) < _MAX_HEARD:
            self._lines.append((source, text))

    def replay(self, journal: Journal) -> None:
        for source, text in self._lines:
            journal.write(source, text)
        self._lines.clear()


class HeardFrom:
    """The same for what comes from another source than the device itself."""

    def __init__(self, heard: Heard, source: str) -> None:
        self._heard = heard
        self._source = source

    def line(self, text: str) -> None:
        self._heard.keep(self._source, text)

    def note(self, text: str) -> None:
        self._heard.note(text)


def open_source(config: Config, task: Task, reporter: Reporter) -> Source:
    """The inputs that the configuration names, each checked and hashed."""
    labels = config.labels.get(task.key)
    dataset = Dataset.open(_dataset_root(config, task, reporter), task, labels)
    source = Source.of(dataset, config.limit)
    if dataset.extra_count:
        reporter.note(f"{dataset.extra_count} .bin files in {dataset.folder} are not on the list")
    if not task.official:
        reporter.note(f"{task.model_id}: {CUSTOM_NOTE}")
    if source.synthetic:
        reporter.note(f"{task.key}: {DEMO_NOTE}")
    return source


def _dataset_root(config: Config, task: Task, reporter: Reporter) -> Path:
    if isinstance(config.datasets, Path):
        return config.datasets
    if not task.official and (config.datasets == "demo" or not os.environ.get(DATASETS_VARIABLE)):
        raise SetupError(
            "which inputs? Give --datasets with the folder that holds "
            f"{task.model_id}/y_labels.csv; there are no demo ones for a model of your own"
        )
    if config.datasets is None:
        from_environment = os.environ.get(DATASETS_VARIABLE)
        if from_environment:
            return Path(from_environment).expanduser()
        if not is_simulated(config):
            raise SetupError(
                "which inputs? Give --datasets with the folder that holds "
                f"{task.model_id}/y_labels.csv (EEMBC's runner keeps it in {EEMBC_DATASETS}), or "
                "`--datasets demo` for synthetic ones"
            )
    return materialise(task, default_root())


def connect(bench: Bench, task: Task, heard: Heard) -> Identity:
    """Find the device awake and right for the task; SetupError says what is wrong with it."""
    dut = bench.dut
    dut.listener = heard
    if bench.port_note is not None:
        heard.note(bench.port_note)
    identity = dut.identify()
    check_model(dut.address, identity, task)
    # Without a banner (a board that does not reset when its port is opened) only this tells.
    energy = identity.boot_mode is TimestampMode.ENERGY
    lap = None if energy else dut.timestamp()
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
    """The same script with each input taken from the user's own folder."""
    steps = []
    for step in script.steps:
        verb = parse_verb(step.command)
        if isinstance(verb, Load):
            path = written_path(dataset.folder / input_file_name(verb.path))
            step = replace(step, command=format_verb(replace(verb, path=path)))
        steps.append(step)
    return Script(tuple(steps))
