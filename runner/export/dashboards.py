"""Writes what dashboards of benchmarks read: Bencher's format, and github-action-benchmark's.

A session's figures are named by task, mode and system, so that a later commit's stand behind them.
A session without a figure is left out; two sessions of one name are an error, for one of them
would be lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import SetupError
from .rows import SessionRow, WindowRow

Exported = tuple[SessionRow, Sequence[WindowRow]]
"""A session and its windows, which tell the spread."""


class _Figure(NamedTuple):
    """Says how a column is shown on a dashboard."""

    column: str
    title: str
    unit: str
    factor: float
    more_is_better: bool
    bencher: str
    """The slug of its measure at Bencher, which has ``latency`` in nanoseconds and ``throughput``
    in operations a second from the start."""
    bencher_factor: float


_FIGURES = (
    _Figure("throughput_per_s", "throughput", "inf./s", 1.0, True, "throughput", 1.0),
    _Figure("latency_s", "latency", "ms", 1e3, False, "latency", 1e9),
    _Figure(
        "energy_per_inference_j", "energy", "µJ/inf.", 1e6, False, "energy-per-inference-uj", 1e6
    ),
    _Figure("power_w", "power", "mW", 1e3, False, "power-mw", 1e3),
    _Figure("accuracy", "accuracy", "%", 100.0, True, "accuracy", 1.0),
    _Figure("duty_cycle", "duty cycle", "%", 100.0, False, "duty-cycle", 1.0),
)
_MOST_OF_A_NAME = 1024
"""Characters of a benchmark's name that Bencher takes."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Is one figure of a session, in the column's unit."""

    figure: _Figure
    value: float
    values: tuple[float, ...]
    """The figure of each window that counts; empty where it is not of windows."""


def bencher_json(sessions: Iterable[Exported]) -> str:
    """Return Bencher Metric Format: benchmark, measure, value; the windows' least and largest.

    Source: https://bencher.dev/docs/reference/bencher-metric-format.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, _row, figures in _named(sessions):
        found[name] = {
            told.figure.bencher: {
                key: value * told.figure.bencher_factor
                for key, value in (
                    ("value", told.value),
                    *((("lower_value", min(told.values)), ("upper_value", max(told.values)))
                      if told.values else ()),
                )
            }
            for told in figures
        }  # fmt: skip
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def github_benchmark_json(sessions: Iterable[Exported], *, more_is_better: bool) -> str:
    """Return the entries of github-action-benchmark's ``customBiggerIsBetter``, or its opposite.

    ``range`` is the sample standard deviation over the windows, ``extra`` what came of the session.
    Source: https://github.com/benchmark-action/github-action-benchmark#examples.
    """
    from statistics import stdev

    entries: list[Mapping[str, Any]] = []
    for name, row, figures in _named(sessions):
        for told in figures:
            figure = told.figure
            if figure.more_is_better is not more_is_better:
                continue
            entry = {
                "name": f"{name}: {figure.title}",
                "unit": figure.unit,
                "value": told.value * figure.factor,
            }
            if len(told.values) > 1:
                entry["range"] = f"± {stdev(told.values) * figure.factor:.3g}"
            entries.append(entry | {"extra": _extra(row)})
    return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _extra(row: SessionRow) -> str:
    parts = [f"session {row.session}", row.verdict]
    if row.simulated:
        parts.append("simulated device: modelled, not measured")
    return "\n".join([*parts, *([row.reason] if row.reason else [])])


def _named(
    sessions: Iterable[Exported],
) -> Iterator[tuple[str, SessionRow, Sequence[_Told]]]:
    """Yield each session that has figures, with its name; SetupError where two have the same."""
    known: dict[str, str] = {}
    for row, windows in sessions:
        figures = [_told(figure, row, windows) for figure in figures_of(row)]
        if not figures:
            continue
        whose = row.system or row.device or "an unnamed device"
        board = f" ({row.board})" if row.board and row.board not in whose else ""
        name = f"{row.task} {row.mode} on {whose}{board}" + ", simulated" * bool(row.simulated)
        name = name[:_MOST_OF_A_NAME]
        if name in known:
            raise SetupError(
                f"{known[name]} and {row.session} are both {name!r}, and a dashboard holds one "
                "figure of a name and commit; export the one that is meant"
            )
        known[name] = row.session
        yield name, row, figures


def figures_of(row: SessionRow) -> list[_Figure]:
    """Return the figures that a session has."""
    return [figure for figure in _FIGURES if row.figure(figure.column) is not None]


def _told(figure: _Figure, row: SessionRow, windows: Sequence[WindowRow]) -> _Told:
    counted = windows if row.windows else ()  # a recording that was played is no repeated window
    cells = [getattr(window, figure.column, None) for window in counted]
    value = row.figure(figure.column)
    assert value is not None
    return _Told(figure, value, tuple(cell for cell in cells if cell is not None))
