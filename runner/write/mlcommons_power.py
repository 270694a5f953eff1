"""Turns a window of a trace of ours into a trial of MLCommons' results.json, at 1 kHz.

The format gives joules per millisecond and places events between samples, and does not say its
rate: whoever reads it takes 1000 Hz for granted. A trace of 5 or 100 kHz is therefore averaged
down (which also keeps the file small), and the samples are laid so that the window is a whole
number of them: N = its milliseconds, rounded, each of the window's length / N. So

- the sum of the samples between the two events is the window's energy, for any reader: to 1e-8
  (nine digits a sample), with edges between the recorded samples and all;
- one that takes 1000 Hz for granted sees the window up to half a millisecond longer or shorter
  than it is (5e-5 of ten seconds); ours finds the exact rate in the key ``tinyrunner``.

Around the window stands what the trace has, at most a second each side and nothing of another
window.
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

from ...energy.trace import EnergyTrace, EventSource, TraceOrigin
from ...energy.trace_files import MLCOMMONS_KEY, MLCOMMONS_RATE_HZ
from ..errors import SetupError
from ..score.results import EnergyResult

_AROUND_S = 1.0
_SHORTEST_S = 1 / MLCOMMONS_RATE_HZ
_DIGITS = 9
"""Digits of a sample: the published files have four, and a monitor resolves six at most."""


def check_expressible(energy: EnergyResult, trace: EnergyTrace) -> None:
    """Refuse (SetupError) an energy session whose faults results.json would hide."""
    if trace.origin is not TraceOrigin.OURS:
        reason = f"its trace is {trace.origin.value}'s, not tinyrunner's own (no …-details.json)"
    elif energy.edge_error is not None:
        reason = energy.edge_error
    elif energy.lost_error is not None:
        reason = energy.lost_error
    elif energy.event_source is EventSource.HOST:
        reason = "its windows lie between soft markers of the host, which that form cannot tell"
    else:
        windows = [measured.window for measured in energy.windows]
        outside = next((w for w in windows if w.energy_j is None), None)
        short = next((w for w in windows if w.duration_s < _SHORTEST_S), None)
        if outside is not None:
            reason = f"window {outside.number}: {outside.invalid}"
        elif short is not None:
            reason = f"window {short.number} is shorter than a millisecond"
        else:
            return
    raise SetupError(
        f"the energy session cannot be written in MLCommons' form: {reason}; measure it again, or "
        "build a round of EEMBC's form"
    )


def power_of(trace: EnergyTrace, energy: EnergyResult, place: int) -> dict[str, Any]:
    """Make the ``power`` of trial ``place`` (from 0); the session passes `check_expressible`."""
    windows = [measured.window for measured in energy.windows]
    rate_hz = trace.sample_rate_hz
    window = windows[place]
    count = max(1, round(window.duration_s * MLCOMMONS_RATE_HZ))
    start, end = window.start_s * rate_hz, window.end_s * rate_hz
    end = min(end, float(len(trace.samples_uj)))
    width = (end - start) / count
    first = windows[place - 1].end_s if place else 0.0
    last = windows[place + 1].start_s if place + 1 < len(windows) else trace.duration_s
    before = _bins(min(window.start_s - first, _AROUND_S), rate_hz, width)
    after = _bins(min(last - window.end_s, _AROUND_S), rate_hz, width)
    edges = start + width * np.arange(-before, count + after + 1)
    edges[before], edges[before + count] = start, end
    samples_j = _energies_uj(trace, np.clip(edges, 0.0, len(trace.samples_uj))) * 1e-6
    return {
        "samples": [float(f"{value:.{_DIGITS}g}") for value in samples_j.tolist()],
        "timestamps": [
            [f"{2 * place:02d}", before],
            [f"{2 * place + 1:02d}", before + count],
        ],
        "voltage": trace.provenance.get("supply_v"),
        MLCOMMONS_KEY: {
            "sample_rate_hz": count / window.duration_s,
            "recorded_rate_hz": rate_hz,
            "event_source": trace.event_source.key,
            "event_uncertainty_s": trace.event_uncertainty_s,
            "gaps": _gaps(trace, start, end, width, before, count, after),
        },
    }


def _bins(around_s: float, rate_hz: float, width: float) -> int:
    return max(0, floor(around_s * rate_hz / width))


def _energies_uj(trace: EnergyTrace, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum microjoules between each two edges (in recorded samples).

    Power is constant within a sample.
    """
    base, stop = floor(edges[0]), ceil(edges[-1])
    samples = trace.samples_uj[base:stop].astype(np.float64)
    total = np.concatenate(([0.0], np.cumsum(samples)))
    return np.diff(np.interp(edges - base, np.arange(len(total)), total))


def _gaps(
    trace: EnergyTrace, start: float, end: float, width: float, before: int, count: int, after: int
) -> list[list[int]]:
    """Return gaps as [sample of the trial, samples lost]; what is in the window stays in it."""
    found = []
    for gap in trace.gaps:
        if gap.index < start:
            place = before + min(-1, floor((gap.index - start) / width))
        elif gap.index > end:
            place = before + max(count + 1, ceil((gap.index - start) / width))
        else:
            place = before + round((gap.index - start) / width)
        if 0 <= place <= before + count + after:
            found.append([place, gap.lost])
    return found
