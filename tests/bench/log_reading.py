"""(d) Reading EEMBC's log dialect, against two floors on the same file.

Counting the line ends in chunks is as fast as the memory; a loop that looks at each line once is
what a reader in Python without any patterns could at best be.
The log is one that an ad accuracy session of ours wrote; with the reference data also the longest
published accuracy log, which is not written by us.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.benches.data import ad_root, reference
from support.benches.timed_session import accuracy_session
from support.benches.timing import Cost, interleaved, print_table
from tinyrunner.models.suite import AD
from tinyrunner.runner.journal.open_log import open_log

_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class ReadingCosts:
    count_lines: Cost
    each_line: Cost
    read: Cost
    size_bytes: int

    @property
    def each_line_ratio(self) -> Cost:
        return self.read.ratio(self.each_line)


def measure(log: Path, blocks: int = 10) -> ReadingCosts:
    """The cheapest of ``blocks`` blocks of each."""
    costs = interleaved(
        {
            "count": lambda: _count_lines(log),
            "each": lambda: _look_at_each_line(log),
            "read": lambda: _read(log),
        },
        blocks,
        percent=0.0,
    )
    return ReadingCosts(costs["count"], costs["each"], costs["read"], log.stat().st_size)


def _count_lines(log: Path) -> int:
    count = 0
    with log.open("rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            count += chunk.count(b"\n")
    return count


def _look_at_each_line(log: Path) -> int:
    results = 0
    with log.open("rb") as stream:
        for line in stream:
            results += line[14:24] == b"m-results-"
    return results


def _read(log: Path) -> None:
    with open_log(log) as reader:
        deque(reader, maxlen=0)


@contextmanager
def ad_log(files: int) -> Iterator[Path]:
    """The log of an ad accuracy session over ``files`` files (0.24 MB each) without a model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ran = accuracy_session(AD, ad_root(folder / "datasets", files), folder / "s", None)
        yield ran.outcome.session.log


def published_log() -> Path | None:
    """The longest published log, which is an accuracy log of EEMBC's runner."""
    root = reference("published")
    logs = [] if root is None else [p for p in root.rglob("log.txt") if _is_eembc(p)]
    return max(logs, key=lambda path: path.stat().st_size, default=None)


def _is_eembc(log: Path) -> bool:
    with log.open("rb") as stream:
        return b" session: m-session-start-id[" in stream.read(4096)


def main() -> None:
    rows = []
    with ad_log(24) as ours:
        for name, log in (("ours, ad accuracy", ours), ("longest published", published_log())):
            if log is not None:
                costs = measure(log)
                megabytes = costs.size_bytes / 1e6
                read, count, each = costs.read, costs.count_lines, costs.each_line
                speeds = (f"{megabytes / cost.cpu_s:.0f}" for cost in (read, each, count))
                ratios = (f"{read.ratio(floor).cpu_s:.1f}" for floor in (each, count))
                rows.append((name, f"{megabytes:.1f}", *speeds, *ratios))
    print_table(
        "(d) reading a log of EEMBC's dialect, in MB a CPU second",
        ("", "MB", "reader", "each line", "line count", "x each line", "x line count"),
        rows,
    )
