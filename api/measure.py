"""Measures from Python: a run from its beginning, or from where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from .session import DivisionName, ModeName, Session, StrPath, load_session

if TYPE_CHECKING:  # what measures is imported when something is to be measured
    from ..models.suite import Benchmark
    from ..runner.config.config import Config
    from ..runner.execute.progress import BegunRun


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress is how far a run is."""

    title: str
    """Task and mode; empty before the first input."""
    done: int
    """Inputs that are measured."""
    total: int
    """Inputs of the whole run; 0 before the first."""
    text: str
    """What the last input came to, or a note worth reading now."""


class Settings(TypedDict, total=False):
    """Settings are what a run can be told, by the names of the command line's flags.

    What is left out is as ``config`` says, or as usual.
    """

    io: str
    """Energy: port or URL of the IO manager."""
    interface_board: str
    """sww: port or URL of the board that plays the recording; ``sim:``."""
    monitor: str
    """Energy: a VISA resource, ``lpm01a:PORT``, ``ppk2:PORT``, ``stlinkv3pwr:PORT``, ``otii:``,
    ``joulescope:`` or ``sim:``."""
    supply_v: float
    """Energy: volts that the device is powered with; there is no default."""
    max_v: float
    """Energy: volts above which any supply is refused; 3.6 unless told."""
    ppk2_default_calibration: bool
    """Energy: whether a PPK2 that tells no calibration is taken with Nordic's default constants."""
    soft_markers: bool
    """Energy: the host's stamps for the pin's edges; never valid for submission."""
    model: StrPath
    """What a simulated device runs: a .tflite file, ``demo`` or ``reference``."""
    engine: Literal["litert", "litert-reference", "tflm"]
    """What runs that model: LiteRT's optimised or reference kernels, or TensorFlow Lite Micro."""
    datasets: StrPath
    """The folder that holds ``kws01`` and its like; ``demo`` for generated inputs."""
    labels: StrPath
    """Another label list than that of the inputs."""
    input_format: str
    """Open division: what an input is instead, such as ``float32`` or ``int16:32000`` (bytes)."""
    recording: str
    """sww: the wav that is played, by its name on the board's card."""
    no_board: bool
    """sww accuracy: sound over the device's UART, frame by frame; never valid."""
    board: str
    """What you call this board; the session's folder carries it."""
    sessions: StrPath
    """Where the session's folder is made; ``sessions`` unless told."""
    iterations: int | Literal["auto"]
    """Inferences in a window; found by measuring unless told."""
    warmups: int
    """Inferences before each window."""
    limit: int
    """Only the first files of the list: a smoke test."""
    purpose: Literal["submission", "development"]
    """What it is judged for; the result of a run for development is never ``valid``."""
    division: DivisionName
    round: str
    """Whose rules apply, such as ``v1.2``."""
    baud_rate: int
    boot_wait_s: float
    """Seconds that a device is given to boot when its port is opened."""
    data_bytes_per_db: int | Literal["auto"]
    """Bytes in a ``db`` command: 1 to 38."""
    pipelining: bool
    """Several ``db`` in flight."""
    extension: bool
    """Denser loads, where the device offers them; never valid for submission."""
    verify_load: Literal["first", "all", "never"]
    """Which loads are read back."""
    confirm_results: Literal["all", "never"]
    """Whether every answer is asked for twice."""
    expected_inference_s: float
    """Seconds an inference takes, about; for devices slower than 10 s."""
    inference_time_s: float
    """Seconds an inference takes on a simulated device."""
    wire_log: StrPath
    """Where every byte both ways is written."""


def run(
    task: str,
    mode: ModeName,
    dut: str | None = None,
    *,
    config: StrPath | None = None,
    script: StrPath | None = None,
    progress: Callable[[Progress], None] | None = None,
    **settings: Unpack[Settings],
) -> Session:
    """Measure a task in a mode on the device at an address, and load what was measured.

    ``dut`` is a port, a URL, ``auto``, or ``sim:`` for a simulated device on a clock of its own.
    ``config`` is a YAML file whose values hold where neither ``dut`` nor a setting says otherwise,
    and describes the task ``custom``; ``script`` a published script.async to run instead.

    RunStopped where the run ends early, Ctrl-C included: what was measured is on disk, and
    ``resume`` continues it. Any other TinyrunnerError says why nothing was measured.
    """
    from ..runner.bench.use import use_of
    from ..runner.config.config import Config, absolute, load_config
    from ..runner.config.effect import refuse_without_effect
    from ..runner.config.name_lookup import benchmark_named, mode_named
    from ..runner.execute.run import SAID_BY_A_SCRIPT, run_session

    base = Config() if config is None else load_config(Path(config))
    chosen = benchmark_named(task, base)
    if dut is not None:
        base = _with(base, chosen, {"dut": dut})
    asked = absolute(_with(base, chosen, settings))
    measured = mode_named(mode)
    meant = {**settings} if script is None else settings | dict.fromkeys(SAID_BY_A_SCRIPT)
    refuse_without_effect(meant, [use_of(chosen.key, measured, asked)])
    outcome = run_session(
        benchmark_named(task, asked),
        measured,
        asked,
        _Teller(progress),
        None if script is None else Path(script),
    )
    return load_session(outcome.session.folder)


def resume(
    session: StrPath | Session,
    *,
    progress: Callable[[Progress], None] | None = None,
    **settings: Unpack[Settings],
) -> Session:
    """Continue a session of ours where its journal ends, and load what was measured.

    Its own settings hold, but where one is given. TinyrunnerError where firmware, inputs or
    settings are no longer what they were, and for energy sessions, which are begun again.
    """
    from ..runner.config.config import absolute
    from ..runner.config.name_lookup import task_named
    from ..runner.execute.provenance import asked_before
    from ..runner.execute.run import resume_session

    folder = session.folder if isinstance(session, Session) else Path(session)
    task, mode, before = asked_before(folder)
    asked = absolute(_with(before, task, settings))
    if "input_format" in settings:
        task = task_named(task.key, asked)
    outcome = resume_session(folder, task, mode, asked, _Teller(progress))
    return load_session(outcome.session.folder)


def _with(config: Config, task: Benchmark, settings: Any) -> Config:  # noqa: ANN401, of any flag
    from ..runner.config.config import override

    flags = dict(settings)
    for name in ("labels", "input_format"):  # a configuration has one of each task
        if flags.get(name) is not None:
            flags[name] = {task.key: flags[name]}
    return override(config, **flags)


class _Teller:
    """Turns what a run reports into calls of whoever wants to know."""

    def __init__(self, told: Callable[[Progress], None] | None) -> None:
        self._told = told
        self._title = ""
        self._done = self._total = 0

    def note(self, text: str) -> None:
        if self._told is not None:
            self._told(Progress(self._title, self._done, self._total, text))

    def run_begins(self, run: BegunRun) -> None:
        if run.is_long:
            self.note(f"it takes {run.duration}")

    def infers(self, expected_s: float | None) -> None:
        pass

    def begin(self, title: str, total: int, done: int) -> None:
        self._title, self._total, self._done = title, total, done

    def advance(self, done: int, status: str) -> None:
        self._done = done
        self.note(status)

    def end(self) -> None:
        pass
