"""The plan of a run: which inputs, in which order, as a Script.

Performance: the first five inputs of the list, each inferred N times after W warm-ups. Accuracy:
every input (every window of every ad file) once, without warm-up. The steps are those of the
published `script.async` files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..datasets.inputs import Dataset, InputWindow
from .script import NO_TIMEOUT_MS, Script, Step
from .session_log import Mode
from .verbs import BmCfg, DutCommand, Load, Mount, Umount, Verb, Version, format_verb

PERFORMANCE_INPUTS = 5
BENCHMARK_CODE = "ulp-mlperf"

LOAD_MS_PER_BYTE = 16
"""A bload's time-out in every published script: 16 ms a byte of the file, also for a window."""

_INFER_ACK = "dut.?: m-ready"


def plan(mode: Mode, dataset: Dataset, iterations: int, warmups: int) -> Script:
    """The script of a performance or accuracy run over ``dataset``.

    ``iterations`` and ``warmups`` are for performance; accuracy infers each input once.
    """
    match mode:
        case Mode.PERFORMANCE:
            windows: Iterable[InputWindow] = dataset.first_windows(PERFORMANCE_INPUTS)
        case Mode.ACCURACY:
            windows, iterations, warmups = dataset.windows(), 1, 0
        case Mode.ENERGY:
            raise NotImplementedError("the energy plan needs a monitor and an IO manager")
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
    infer = Step(
        format_verb(DutCommand(f"infer {iterations} {warmups}")), NO_TIMEOUT_MS, _INFER_ACK
    )
    for window in windows:
        length = None if window.is_whole_file else window.length
        load = Load(str(window.path), window.offset, length)
        yield Step(format_verb(load), LOAD_MS_PER_BYTE * window.file_bytes)
        yield infer
