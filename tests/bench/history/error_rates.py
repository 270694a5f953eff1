"""Measures how often `history gate` and the change points of `history trend` err, by simulation.

    python tests/bench history.error_rates [SERIES]

So many series (10,000) have normal noise and a baseline of twenty; the other rows are of a fifth of
them, those of change points and those behind a change of level of a tenth. Each series is seeded.
Noise is 0.5 % of the level: normal, or with heavier tails of the same standard deviation. Of the
gate, `a look` is one run behind `before` sessions, `five` the same series gated after each of five
more sessions that are then part of the history: a false alarm is one in any of the five, a step is
found if any of the five says so. Behind an improvement, twenty sessions before it are there, too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from tinyrunner.runner.export.history.change_points import change_points
from tinyrunner.runner.export.history.regression import (
    LEAST_SPREAD,
    MOST_NEW,
    RecentValue,
    compare_newest,
)

NOISE, STEP, COUNTS, LOOKS, LAST = 0.005, 0.02, 0.005, 5, 20
IMPROVED = 0.05
"""How much worse the level was before it changed, of a baseline whose level has."""

Draw = Callable[[np.random.Generator, int], np.ndarray]


def _outliers(rng: np.random.Generator, count: int) -> np.ndarray:
    """Normal noise of which 2 % are ten times as far off, on either side."""
    return rng.normal(size=count) * np.where(rng.random(count) < 0.02, 10, 1)


NOISES: dict[str, Draw] = {
    "normal": lambda rng, count: rng.normal(size=count),
    "Student's t, 5 degrees": lambda rng, count: rng.standard_t(5, count) / np.sqrt(5 / 3),
    "Student's t, 3 degrees": lambda rng, count: rng.standard_t(3, count) / np.sqrt(3),
    "normal, 2 % outliers": _outliers,
    "log-normal, skewed": lambda rng, count: (
        (rng.lognormal(0, 0.5, count) - np.exp(0.125)) / np.sqrt((np.exp(0.25) - 1) * np.exp(0.25))
    ),
    "none": lambda rng, count: np.zeros(count),
}

HEAVIEST = "Student's t, 3 degrees"


def alarms(series: np.ndarray, before: int, together: int = 1) -> list[bool]:
    """Gate a series after each of the sessions behind the first ``before``."""
    found = []
    for at in range(before, len(series)):
        cut = max(0, at - (MOST_NEW - 1))
        known = series[max(0, cut - LAST) : cut].tolist()
        recent = [RecentValue(value, True) for value in series[cut:at].tolist()]
        compared = compare_newest([float(series[at])], recent, known, COUNTS, together)
        found.append(compared is not None and compared.regressed)
    return found


def gate_rates(
    draw: Draw, before: int, step: float, count: int, since: int = 0
) -> tuple[float, float]:
    """Return the shares of series with an alarm at the first look, and at any of five.

    With ``since``, the level improved so many sessions before the first look.
    """
    first = any_ = 0
    for seed in range(count):
        rng = np.random.default_rng([seed, before, *([since] if since else [])])
        series = 1 + NOISE * draw(rng, before + LOOKS)
        series[before:] *= 1 + step
        if since:
            series[: before - since] *= 1 + IMPROVED
        told = alarms(series, before)
        first += told[0]
        any_ += any(told)
    return first / count, any_ / count


def change_rates(draw: Draw, length: int, behind: int, count: int) -> float:
    """Return the share of series with a change; with ``behind``, with the right one alone.

    Right is a place at most two sessions off the step, which is ``behind`` sessions before the end.
    """
    good = 0
    for seed in range(count):
        rng = np.random.default_rng([seed, length, 1])
        series = 1 + NOISE * draw(rng, length)
        if behind:
            series[-behind:] *= 1 + STEP
        found = change_points(series.tolist(), LEAST_SPREAD * COUNTS)
        right = len(found) == 1 and abs(found[0] - (length - behind)) <= 2
        good += right if behind else bool(found)
    return good / count


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    began = time.process_time()
    fewer = max(1, count // 10)
    print("gate: no step: false alarms; +2 %: found")
    for name, before, series in (
        ("normal", 25, count),
        *((name, 25, 2 * fewer) for name in NOISES if name != "normal"),
        *((name, before, 2 * fewer) for name in ("normal", HEAVIEST) for before in (5, 10)),
    ):
        false, step = (gate_rates(NOISES[name], before, by, series) for by in (0.0, STEP))
        print(
            f"{name:24} {before:2} before, {series:5} series: a look {false[0]:.2%}, "
            f"five {false[1]:.2%}; +2 %: one {step[0]:.1%}, five {step[1]:.2%}",
            flush=True,
        )
    print(
        f"the same behind an improvement of {IMPROVED:.0%}, so many sessions before the first look"
    )
    for since in (2, 3, 4, 5, 8):
        false, step = (
            gate_rates(NOISES["normal"], LAST + since, by, fewer, since) for by in (0.0, STEP)
        )
        print(
            f"{'normal':24} {since:2} since, {fewer:5} series: a look {false[0]:.2%}, "
            f"five {false[1]:.2%}; +2 %: one {step[0]:.1%}, five {step[1]:.2%}",
            flush=True,
        )
    print("change points: false in a series without a step; +2 % n sessions before its end found")
    for name, draw in NOISES.items():
        for length in (20, 100, 500):
            false = change_rates(draw, length, 0, fewer)
            found = [change_rates(draw, length, behind, fewer // 2) for behind in (3, 5, 8)]
            told = ", ".join(f"{share:.1%}" for share in found)
            print(f"{name:26} {length:3} sessions: {false:.2%}; 3, 5, 8: {told}", flush=True)
    print(f"{time.process_time() - began:.0f} s of CPU")


if __name__ == "__main__":
    main()
