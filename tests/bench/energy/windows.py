"""(h) Integrating windows of a trace: 100 M samples mapped from a file, against numpy's own sum.

The floor is `numpy.sum` over the same mapping with the same accumulator (float64). The memory is
what the process holds of its own, without the pages of the mapped file, which the system can drop.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import numpy as np
from support.benches.timing import interleaved, print_table
from tinyrunner.energy.trace import EnergyTrace, TraceWriter
from tinyrunner.energy.trace_files import read_trace, write_events
from tinyrunner.energy.windows import energy_uj, measure_window

SAMPLES = 100_000_000
RATE_HZ = 100_000.0
HOUR = 360_000_000


def write(folder: Path, count: int) -> EnergyTrace:
    chunk = np.random.default_rng(1).random(1 << 20) * 1e-6
    with TraceWriter(folder / "trace1-energy.bin", RATE_HZ) as writer:
        while writer.count < count:
            writer.append(chunk[: count - writer.count])
        writer.event(0.5 / RATE_HZ)
        writer.event((count - 0.5) / RATE_HZ)
        trace = writer.finish({})
    write_events(trace, folder)
    return trace


def own_memory_mb() -> float:
    """Memory of the process that is no file's (Linux), else its greatest size."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        samples = write(Path(name), SAMPLES).samples_uj
        costs = interleaved(
            {
                "numpy": lambda: float(np.sum(samples, dtype=np.float64)),
                "whole": lambda: energy_uj(samples, 0, SAMPLES),
                "fractions": lambda: energy_uj(samples, 0.25, SAMPLES - 0.25),
            },
            10,
            percent=0.0,
        )
    rows = []
    for key, label in (
        ("numpy", "numpy.sum(dtype=float64)"),
        ("whole", "window, whole samples"),
        ("fractions", "window, fractions at the edges"),
    ):
        ratio = costs[key].ratio(costs["numpy"])
        speed = SAMPLES / costs[key].wall_s / 1e6
        rows.append(
            (label, f"{costs[key].wall_s * 1e3:.0f}", f"{speed:.0f}", f"{ratio.wall_s:.2f}")
        )
    print_table("(h) 100 M samples", ("", "ms", "M samples/s", "x numpy (at most 1.3)"), rows)
    with tempfile.TemporaryDirectory() as name:
        before_mb = own_memory_mb()
        write(Path(name), HOUR)
        trace = read_trace(Path(name))
        window = measure_window(trace, 2, *trace.events_s)
        grown_mb = own_memory_mb() - before_mb
        rows = [(f"{len(trace.samples_uj) / 1e6:.0f}", f"{window.energy_j:.3f}", f"{grown_mb:.0f}")]
    print_table(
        "an hour at 100 kS/s, written, read, checked, integrated",
        ("M samples", "joules", "MB of memory more"),
        rows,
    )
