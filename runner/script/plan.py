"""Plans a run: which inputs, in which order, as a Script.

Performance: the first five inputs of the list, each inferred N times after W warm-ups. Accuracy:
every input (every window of every ad file) once, without warm-up. The steps are those of the
published `script.async` files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...datasets.inputs import Dataset, InputWindow
from ..errors import SetupError
from ..terms import Mode
from .publishable_path import written_path
from .script import NO_TIMEOUT_MS, Script, Step, numbered_steps
from .verbs import (
    BmCfg,
    DutCommand,
    IoDutCommand,
    Load,
    Mount,
    Umount,
    Verb,
    Version,
    format_verb,
    input_file_name,
    parse_verb,
)

PERFORMANCE_INPUTS = 5
BENCHMARK_CODE = "ulp-mlperf"

LOAD_MS_PER_BYTE = 16
"""Milliseconds of a bload's time-out in every published script: 16 a byte of the file, also for a
window."""

INFER_ACK = "dut.?: m-ready"


def plan(mode: Mode, dataset: Dataset, iterations: int, warmups: int) -> Script:
    """Write the script of a performance or accuracy run over ``dataset``.

    ``iterations`` and ``warmups`` are for performance; accuracy infers each input once.
    """
    match mode:
        case Mode.PERFORMANCE:
            windows: Iterable[InputWindow] = dataset.first_windows(PERFORMANCE_INPUTS)
        case Mode.ACCURACY:
            windows, iterations, warmups = dataset.windows(), 1, 0
        case Mode.ENERGY:
            raise ValueError("energy has a plan of its own: energy_plan.energy_plan")
    return Script(tuple(_steps(windows, iterations, warmups)))


def _steps(windows: Iterable[InputWindow], iterations: int, warmups: int) -> Iterator[Step]:
    opening: tuple[Verb, ...] = (
        Umount(),
        Mount("dut", "dut"),
        DutCommand("profile"),
        Version(),
        BmCfg(BENCHMARK_CODE),
        DutCommand("profile"),
        DutCommand("timestamp"),
    )
    for verb in opening:
        yield Step(format_verb(verb))
    infer = Step(format_verb(DutCommand(f"infer {iterations} {warmups}")), NO_TIMEOUT_MS, INFER_ACK)
    for window in windows:
        length = None if window.is_whole_file else window.length
        load = Load(written_path(window.path), window.offset, length)
        yield Step(format_verb(load), LOAD_MS_PER_BYTE * window.file_bytes)
        yield infer


@dataclass(frozen=True, slots=True)
class PlannedInference:
    """Is a load and the `infer` behind it, as a script asks for them."""

    infer_step: int
    file: str
    offset: int
    iterations: int
    warmups: int


def planned_inferences(script: Script) -> tuple[PlannedInference, ...]:
    """List every inference of a script, in order.

    SetupError where an `infer` has no load of its own: nobody could tell what it measured, nor
    continue the run from there.
    """
    planned: list[PlannedInference] = []
    load: Load | None = None
    known: dict[str, tuple[int, int] | None] = {}
    for numbered in numbered_steps(script):
        command = numbered.step.command
        if command not in known:  # nearly every `infer` of a script is the same
            verb = parse_verb(command)
            if isinstance(verb, Load):
                load = verb
                continue
            to_device = verb.text if isinstance(verb, DutCommand | IoDutCommand) else ""
            known[command] = parse_infer(to_device)
        counts = known[command]
        if counts is not None:
            if load is None:
                raise SetupError(
                    f"step {numbered.index}, `{command}`, has no `bload` of its own "
                    "before it: each inference needs its input"
                )
            file = input_file_name(load.path)
            planned.append(PlannedInference(numbered.index, file, load.offset, *counts))
            load = None
    if not planned:
        raise SetupError("the script infers nothing: it holds no `dut infer N W`")
    return tuple(planned)


def parse_infer(text: str) -> tuple[int, int] | None:
    """Return N and W of an `infer N W`, as a script must spell it; None for another command."""
    words = text.split()
    if words[:1] != ["infer"]:
        return None
    if len(words) != 3 or not all(word.isdecimal() for word in words[1:]) or int(words[1]) < 1:
        raise SetupError(
            f"`dut {text}`: expected `dut infer N W` with N inferences (at least 1) and W warm-ups"
        )
    return int(words[1]), int(words[2])


def mode_of(planned: Iterable[PlannedInference]) -> Mode:
    """Return what a script measures: accuracy infers each input once, without a warm-up."""
    once = all((each.iterations, each.warmups) == (1, 0) for each in planned)
    return Mode.ACCURACY if once else Mode.PERFORMANCE
