"""Finds N: how often to infer so that every window holds ten seconds and ten inferences.

What is measured is what the windows of the run will be measured by: the device's own clock, or
in energy mode the edges of its timestamp pin. The first input is inferred ever more often until
one window is long enough. The traffic goes into a journal of its own; the run's log keeps exactly
the windows of its script.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from ...datasets.inputs import Dataset
from ...dut_protocol.errors import DutFault, DutProtocolError, DutRebooted
from ...dut_protocol.host.inference import Inference, Wanted
from ...energy.alignment import LapStamp, merge_laps, unwrap_laps
from ...energy.trace import TraceWriter
from ...energy.trace_files import energy_path
from ...energy.windows import merge_edges
from ...models.suite import Task
from ..bench.bench import Bench
from ..config.rounds import Round
from ..journal.journal import Journal
from ..journal.session_document import IterationsCalibrated, IterationsCalibratedByEdges
from ..score.lap_time import lap_s
from ..script.energy_plan import rest_steps
from ..script.verbs import EmonPower
from .prepare import Opening
from .steps.recovery import Recovery

MARGIN = 1.05
"""The fraction to spare: windows of one N differ by well under one per cent."""

ENOUGH_S = 1.0
"""A window this long is known to a thousandth even by a counter of milliseconds."""

EDGES_MARGIN = 1.10
"""The fraction to spare in energy mode: a device's pace depends on its supply and its temperature.
"""

EDGES_ENOUGH_S = 5.0

HOST_LIMIT_S = 5.0
"""The most seconds by the host's clock: a device that counts less than ENOUGH_S of it has a broken
timer, and to wait for its ten seconds could take days."""

MAX_WINDOWS = 12
MAX_EDGES_WINDOWS = 8
_MAX_GROWTH = 100
_MAX_ITERATIONS = 1_000_000_000
"""The most iterations: what fits into the 32-bit integers of a firmware's `atoi`."""

_MOST_OVERHEAD = 0.1
"""The share of a window that may be beside its inferences (the time stamp's own way over the wire),
as far as it is believed: more is rather a first inference that was slow."""

_ROUNDING = 1e-6
"""What float arithmetic may be off: 0.02 s is at times 0.0199…97, no reason for one inference more.
"""


def calibrate(
    bench: Bench,
    journal: Journal,
    opening: Opening,
    task: Task,
    round_: Round,
    dataset: Dataset,
) -> IterationsCalibrated:
    """Measure by the device's clock how long an inference takes, and choose N for the windows.

    What fails on the way is done again, with its load.
    """
    window = dataset.first_windows(1)[0]
    data = dataset.read(window)
    recovery = Recovery(bench.dut, journal, opening.identity)
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
                return bench.timer.infer(iterations, 1, task.score_count, wanted=Wanted.TIMES)
            except DutFault as error:
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
            return IterationsCalibrated(
                by="calibration",
                iterations=_enough(each_s, round_, MARGIN, _ROUNDING),
                inference_s=each_s,
                measured_iterations=iterations,
                measured_s=elapsed_s,
                clock=clock,
            )
        if inference.host_elapsed_s >= HOST_LIMIT_S or iterations >= _MAX_ITERATIONS:
            break
        before = (iterations, elapsed_s)
        more = _more(iterations, elapsed_s, ENOUGH_S, inference.host_elapsed_s)
        iterations = min(_MAX_ITERATIONS, more)
    raise DutProtocolError(
        f"{bench.dut.address}: {iterations} inferences take {elapsed_s:.6f} s by the device's "
        f"clock and {inference.host_elapsed_s:.3f} s by the host's: is the device's timer running, "
        "and does it count microseconds? Give --iterations to go on without calibrating"
    )


def calibrate_by_edges(
    bench: Bench,
    journal: Journal,
    opening: Opening,
    task: Task,
    round_: Round,
    dataset: Dataset,
    *,
    soft_markers: bool,
) -> IterationsCalibratedByEdges:
    """Power the device up, choose N by the clock that will time the windows, and power it down.

    With ``soft_markers`` that is the host's.
    """
    io_manager = bench.energy.io_manager
    opening.perform(EmonPower(True))
    io_manager.mark_falling_edges()
    io_manager.enable_timer()
    bench.loader.load(dataset.read(dataset.first_windows(1)[0]))
    iterations = 1
    for _ in range(MAX_EDGES_WINDOWS):
        if soft_markers:
            inference = bench.timer.infer(iterations, 1, task.score_count, wanted=Wanted.EDGES)
            elapsed_s = inference.host_elapsed_s
        else:
            elapsed_s = _between_edges_s(bench, iterations, task, journal.path.parent)
        if elapsed_s >= EDGES_ENOUGH_S:
            break
        iterations = _more(iterations, elapsed_s, EDGES_ENOUGH_S)
    else:
        raise DutProtocolError(
            f"{bench.dut.address}: {iterations} inferences still take less than {EDGES_ENOUGH_S} "
            "s; give --iterations to go on without calibrating"
        )
    io_manager.disable_timer()
    opening.run(rest_steps())
    own = bench.energy.monitor.capabilities.event_input
    return IterationsCalibratedByEdges(
        by="calibration",
        inference_s=elapsed_s / iterations,
        measured_iterations=iterations,
        iterations=_enough(elapsed_s / iterations, round_, EDGES_MARGIN),
        clock="the monitor's" if own else "the IO manager's",
    )


def _between_edges_s(bench: Bench, iterations: int, task: Task, folder: Path) -> float:
    """Return seconds between the two edges of an `infer`, as monitor or IO manager saw them."""
    parts = bench.energy
    if parts.monitor.capabilities.event_input:
        name = "the monitor"
        path = energy_path(folder, "calibration")
        with TraceWriter(path, parts.monitor.capabilities.default_rate_hz) as writer:
            parts.recorder.start(writer)
            bench.timer.infer(iterations, 1, task.score_count, wanted=Wanted.EDGES)
            edges_s = merge_edges(parts.recorder.stop().events_s)
        path.unlink()
    else:
        name = "the IO manager"
        before = len(parts.io_manager.edges)
        bench.timer.infer(iterations, 1, task.score_count, wanted=Wanted.EDGES)
        laps = [LapStamp(edge.us, edge.host_s) for edge in parts.io_manager.edges[before:]]
        edges_s = tuple(unwrap_laps(merge_laps(laps)).tolist()) if laps else ()
    if len(edges_s) != 2:
        raise DutProtocolError(
            f"{bench.dut.address}: {name} saw {len(edges_s)} edges of the timestamp pin in an "
            "`infer`, where two are expected; is the pin wired to it, and does it fall once?"
        )
    return edges_s[1] - edges_s[0]


def _more(iterations: int, elapsed_s: float, enough_s: float, host_s: float = 0.0) -> int:
    """Return N for the next window: long enough, but not far beyond what the host can wait."""
    growth = 1.2 * enough_s / elapsed_s if elapsed_s > 0 else _MAX_GROWTH
    if host_s > 0:
        growth = min(growth, 1.2 * HOST_LIMIT_S / host_s)
    return math.ceil(iterations * min(max(growth, 2), _MAX_GROWTH))


def _each_s(iterations: int, elapsed_s: float, before: tuple[int, float] | None) -> float:
    """Return seconds an inference takes, without what every window has beside its inferences."""
    mean_s = elapsed_s / iterations
    if before is None:
        return mean_s
    slope_s = (elapsed_s - before[1]) / (iterations - before[0])
    return min(mean_s, max(slope_s, (1 - _MOST_OVERHEAD) * mean_s))


def _elapsed(inference: Inference) -> tuple[float, Literal["device", "host"]]:
    """Return a window's seconds by the device's clock, or the host's where the two contradict."""
    if inference.start_us is None or inference.end_us is None:
        return inference.host_elapsed_s, "host"
    device_s = lap_s(inference.start_us, inference.end_us, inference.host_elapsed_s)
    if device_s is None:
        return inference.host_elapsed_s, "host"
    return device_s, "device"


def _enough(each_s: float, round_: Round, margin: float, rounding: float = 0.0) -> int:
    """Return how many inferences fill a window of the round, with something to spare."""
    by_time = math.ceil(round_.min_window_s * margin / each_s - rounding)
    return max(by_time, math.ceil(round_.min_inferences * margin))
