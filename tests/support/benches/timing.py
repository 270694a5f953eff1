"""Comparing costs on a machine that others use too: interleaved blocks, low percentiles, tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What one block took: real seconds, and this process's CPU seconds."""

    wall_s: float
    cpu_s: float

    def per(self, count: float) -> Cost:
        return Cost(self.wall_s / count, self.cpu_s / count)

    def ratio(self, floor: Cost) -> Cost:
        """How many times the floor, wall against wall and CPU against CPU."""
        return Cost(self.wall_s / floor.wall_s, self.cpu_s / floor.cpu_s)


def cost_of(work: Callable[[], object]) -> Cost:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def interleaved(
    candidates: Mapping[str, Callable[[], object]], blocks: int, percent: float = 10.0
) -> dict[str, Cost]:
    """Each candidate's cost a block, as a low percentile over ``blocks`` blocks of each.

    One block of each in turn, beginning with another one every round, so that a slow minute of
    the machine or a warm cache is everybody's. The low percentile is what a quiet moment costs.
    """
    names = list(candidates)
    seen: dict[str, list[Cost]] = {name: [] for name in names}
    for turn in range(blocks):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            seen[name].append(cost_of(candidates[name]))
    return {
        name: Cost(
            percentile([cost.wall_s for cost in costs], percent),
            percentile([cost.cpu_s for cost in costs], percent),
        )
        for name, costs in seen.items()
    }


def cheaper(first: Cost, second: Cost) -> Cost:
    """The faster of two floors, wall and CPU each by itself."""
    return Cost(min(first.wall_s, second.wall_s), min(first.cpu_s, second.cpu_s))


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank: a value that was really seen."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100.0))]


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print(f"\n{title}")
    for row in (head, ["-" * width for width in widths], *rows):
        cells = (
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join(cells).rstrip())
