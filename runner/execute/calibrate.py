"""Finding N: how often to infer so that every window holds ten seconds and ten inferences.

A window's length is what the device's own clock says of it, so that is what is measured: the
first input, inferred ever more often until one window lasts a second. The traffic goes into a
journal of its own; the run's log keeps exactly the windows of its script.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from ...datasets.inputs import InputWindow
from ...dut_protocol.errors import DutProtocolError, DutRebooted
from ...dut_protocol.host.inference import Inference
from ...models.suite import Task
from ..bench.bench import Bench
from ..config.rounds import Round
from ..journal.journal import Journal
from ..journal.session_document import IterationsCalibrated
from ..score.lap_time import lap_s
from .recovery import RECOVERABLE, Recovery

MARGIN = 1.05
"""Five per cent to spare: windows of the same N differ by well under one."""

ENOUGH_S = 1.0
"""A window this long is known to a thousandth even by a counter of milliseconds."""

HOST_LIMIT_S = 5.0
"""By the host's clock: a device that counts less than ENOUGH_S of it has a broken timer, and to
wait for its ten seconds could take days."""

MAX_WINDOWS = 12
_MAX_GROWTH = 100
_MAX_ITERATIONS = 1_000_000_000
"""Fits into the 32-bit integers of a firmware's `atoi`."""

_MOST_OVERHEAD = 0.1
"""What a window may hold beside its inferences (the time stamp's own way over the wire), as far
as it is believed: more is rather a first inference that was slow."""

_ROUNDING = 1e-6
"""0.02 s is at times 0.0199…97: no reason for one inference more."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How N was found, for the provenance."""

    iterations: int
    inference_s: float
    measured_iterations: int
    measured_s: float
    clock: Literal["device", "host"]
    """Whose time it is: the device's, or the host's where the device's cannot be right."""

    @property
    def found(self) -> IterationsCalibrated:
        """What session.json says of it."""
        return IterationsCalibrated(by="calibration", **asdict(self))


def calibrate(
    bench: Bench,
    journal: Journal,
    task: Task,
    round_: Round,
    window: InputWindow,
    data: bytes,
    recovery: Recovery,
) -> Calibration:
    """Measure how long an inference takes, and choose N for the round's windows.

    What fails on the way is done again, with its load, as often as ``recovery`` bears it.
    """
    loaded = False

    def measure(iterations: int) -> Inference:
        nonlocal loaded
        recovery.next_input()
        while True:
            try:
                if not loaded:
                    journal.write("parser", f'Command "bload dut "{window.path}""')
                    bench.loader.load(data)
                    loaded = True
                journal.write("parser", f'Command "dut infer {iterations} 1"')
                return bench.timer.infer(iterations, 1, task.score_count)
            except RECOVERABLE as error:
                if not loaded and not isinstance(error, DutRebooted):
                    raise  # a load begins again by itself, often enough
                recovery.recover(error, 0)
                loaded = False

    iterations = 1
    before: tuple[int, float] | None = None
    for _ in range(MAX_WINDOWS):
        inference = measure(iterations)
        elapsed_s, clock = _elapsed(inference)
        journal.flush()
        if elapsed_s >= ENOUGH_S:
            each_s = _each_s(iterations, elapsed_s, before)
            return _choose(each_s, iterations, elapsed_s, clock, round_)
        if inference.host_elapsed_s >= HOST_LIMIT_S or iterations >= _MAX_ITERATIONS:
            break
        before = (iterations, elapsed_s)
        iterations = min(_MAX_ITERATIONS, _more(iterations, elapsed_s, inference.host_elapsed_s))
    raise DutProtocolError(
        f"{bench.dut.address}: {iterations} inferences take {elapsed_s:.6f} s by the device's "
        f"clock and {inference.host_elapsed_s:.3f} s by the host's: is the device's timer running, "
        "and does it count microseconds? Give --iterations to go on without calibrating"
    )


def _more(iterations: int, elapsed_s: float, host_s: float) -> int:
    """So many that the next window lasts long enough, but not far beyond what the host can wait."""
    growth = 1.2 * ENOUGH_S / elapsed_s if elapsed_s > 0 else _MAX_GROWTH
    if host_s > 0:
        growth = min(growth, 1.2 * HOST_LIMIT_S / host_s)
    return math.ceil(iterations * min(max(growth, 2), _MAX_GROWTH))


def _each_s(iterations: int, elapsed_s: float, before: tuple[int, float] | None) -> float:
    """Seconds an inference takes, without what every window has beside its inferences."""
    mean_s = elapsed_s / iterations
    if before is None:
        return mean_s
    slope_s = (elapsed_s - before[1]) / (iterations - before[0])
    return min(mean_s, max(slope_s, (1 - _MOST_OVERHEAD) * mean_s))


def _elapsed(inference: Inference) -> tuple[float, Literal["device", "host"]]:
    """Seconds of the window by the device's clock, or the host's where the two contradict."""
    if inference.start_us is None or inference.end_us is None:
        return inference.host_elapsed_s, "host"
    device_s = lap_s(inference.start_us, inference.end_us, inference.host_elapsed_s)
    if device_s is None:
        return inference.host_elapsed_s, "host"
    return device_s, "device"


def _choose(
    each_s: float,
    iterations: int,
    elapsed_s: float,
    clock: Literal["device", "host"],
    round_: Round,
) -> Calibration:
    by_time = math.ceil(round_.min_window_s * MARGIN / each_s - _ROUNDING)
    by_count = math.ceil(round_.min_inferences * MARGIN)
    return Calibration(max(by_time, by_count), each_s, iterations, elapsed_s, clock)
