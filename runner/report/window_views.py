"""The windows of a session: headline figures, a row each, and how they lie around their median."""

from __future__ import annotations

from dataclasses import dataclass

from ..score.energy_result import EnergyResult
from ..score.results import PerformanceResult
from .dots import Dots, dots_of
from .numbers import NONE, fixed, spread
from .origins import Row

MAX_WINDOW_ROWS = 200
"""An honest session has five; a table of a hostile one ends there and says so."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under their heads; ``text_columns`` are the ones that hold no numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[int] = frozenset()
    left_out: int = 0


def performance_facts(result: PerformanceResult) -> list[Row]:
    """Medians and spread of a performance session."""
    rate = result.median_throughput
    return [
        ("Median throughput", f"{fixed(rate)} inf./s"),
        ("Median latency", f"{fixed(1 / rate if rate else None, 3, 1e3)} ms"),
        ("Spread", spread(result.coefficient_of_variation)),
    ]


def performance_table(result: PerformanceResult) -> Table:
    """A row for each timed window."""
    rows = []
    for window in result.windows[:MAX_WINDOW_ROWS]:
        rate = window.throughput
        deviation = window.timer_deviation
        rows.append(
            (
                str(window.number),
                _input(window.file, window.offset),
                str(window.iterations),
                fixed(window.elapsed_s),
                fixed(1 / rate if rate else None, 3, 1e3),
                fixed(rate),
                NONE if deviation is None else f"{deviation:+.2%}".replace("-", "−"),
            )
        )
    heads = ("Window", "Input", "N", "Time (s)", "Latency (ms)", "Throughput (inf./s)",
             "Device − host (%)")  # fmt: skip
    rows = [(*row[:-1], row[-1].removesuffix("%")) for row in rows]
    return Table(heads, tuple(rows), frozenset({1}), len(result.windows) - len(rows))


def performance_dots(result: PerformanceResult) -> list[Dots | None]:
    """Latency and throughput of the valid windows."""
    rates = [(w.number, w.throughput) for w in result.windows[:MAX_WINDOW_ROWS]]
    told = [(number, rate) for number, rate in rates if rate]
    return [
        dots_of("Latency", "ms", [(number, 1e3 / rate) for number, rate in told]),
        dots_of("Throughput", "inf./s", told),
    ]


def energy_facts(result: EnergyResult) -> list[Row]:
    """Medians and spread of an energy session."""
    rate = result.performance.median_throughput
    return [
        ("Median energy", f"{fixed(result.median_energy_j, 3, 1e6)} µJ/inf."),
        ("Spread", spread(result.coefficient_of_variation)),
        ("Median throughput", f"{fixed(rate)} inf./s"),
        ("Median latency", f"{fixed(1 / rate if rate else None, 3, 1e3)} ms"),
    ]


def energy_table(result: EnergyResult) -> Table:
    """A row for each measured window."""
    rows = []
    for measured in result.windows[:MAX_WINDOW_ROWS]:
        window, rate = measured.window, measured.timing.throughput
        rows.append(
            (
                str(measured.number),
                _input(measured.file, measured.offset),
                str(measured.iterations),
                fixed(window.start_s),
                fixed(measured.timing.elapsed_s),
                fixed(rate),
                fixed(window.energy_j, 3, 1e3),
                fixed(window.power_w, 3, 1e3),
                fixed(measured.energy_per_inference_j, 3, 1e6),
            )
        )
    heads = ("Window", "Input", "N", "Start (s)", "Time (s)", "Throughput (inf./s)",
             "Energy (mJ)", "Power (mW)", "Energy (µJ/inf.)")  # fmt: skip
    return Table(heads, tuple(rows), frozenset({1}), len(result.windows) - len(rows))


def energy_dots(result: EnergyResult) -> list[Dots | None]:
    """Energy and throughput of the valid windows."""
    shown = result.windows[:MAX_WINDOW_ROWS]
    energies = [(w.number, w.energy_per_inference_j) for w in shown]
    rates = [(w.number, w.timing.throughput) for w in shown]
    return [
        dots_of("Energy", "µJ/inf.", [(n, 1e6 * value) for n, value in energies if value]),
        dots_of("Throughput", "inf./s", [(n, value) for n, value in rates if value]),
    ]


def _input(file: str, offset: int) -> str:
    return f"{file} +{offset}" if offset else file
