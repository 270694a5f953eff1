"""Traces put into a session's folder, as a monitor's recording would have left them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tinyrunner.energy.trace import EnergyTrace, TraceOrigin, TraceWriter
from tinyrunner.energy.trace_files import (
    energy_path,
    timestamps_path,
    timestamps_text,
    write_events,
)


def write_trace(trace: EnergyTrace, folder: Path) -> None:
    """All the files of a trace; one that is not ours gets EEMBC's pair and no details."""
    with TraceWriter(energy_path(folder), trace.sample_rate_hz) as writer:
        writer.append(trace.samples_uj.astype(np.float64) * 1e-6)
    if trace.origin is TraceOrigin.OURS:
        write_events(trace, folder)
    else:
        timestamps_path(folder).write_text(timestamps_text(trace.events_s), newline="\n")
