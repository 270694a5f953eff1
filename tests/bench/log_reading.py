"""(d) Reading EEMBC's log dialect, against two floors on the same file.

Counting the line ends in chunks is as fast as the memory; a loop that looks at each line once is
what a reader in Python without any patterns could at best be.
The log is one that an ad accuracy session of ours wrote; with the reference data also the longest
published accuracy log, which is not written by us.

(e) Judging a session of the streaming wake word, against reading the files that it left.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.benches.data import ad_root, reference
from support.benches.timed_session import accuracy_session
from support.benches.timing import Cost, cost_of, interleaved, print_table
from support.sessions.streaming import Played
from tinyrunner.datasets.streaming.truth import read_truths
from tinyrunner.models.suite import AD
from tinyrunner.runner.journal.logged_session import read_log
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.streaming.stream import read_stream

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


@dataclass(frozen=True, slots=True)
class JudgingCosts:
    """What one session costs: reading its log, reading all its files, and judging it from them."""

    log: Cost
    read: Cost
    judge: Cost

    @property
    def ratio(self) -> Cost:
        return self.judge.ratio(self.read)


def judging_costs(folder: Path, truth: Path, blocks: int = 20, times: int = 10) -> JudgingCosts:
    """The cheapest of ``blocks`` blocks of each, of ``times`` sessions."""

    def read_all() -> None:
        read_truths(truth)
        read_stream(folder / "log.txt", read_log(folder / "log.txt").facts)

    work = {
        "log": lambda: read_log(folder / "log.txt"),
        "read": read_all,
        "judge": lambda: judge_any(folder, labels=truth),
    }
    costs = interleaved(
        {name: lambda one=one: [one() for _ in range(times)] for name, one in work.items()},
        blocks,
        percent=0.0,
    )
    return JudgingCosts(*(costs[name].per(times) for name in work))


@contextmanager
def streaming_session() -> Iterator[tuple[Path, Path]]:
    """A made-up session of the size of a published one, and the file of its words."""
    words = [(20.0 * number + 5, 20.0 * number + 5.6) for number in range(50)]
    with tempfile.TemporaryDirectory() as name:
        folder = Played(words=words, pulses=18).write(Path(name) / "s")
        truth = Path(name) / "sww_long_test.json"
        truth.write_text(json.dumps([json.loads(read_text(folder))[0]["infer"]]), encoding="utf-8")
        yield folder, truth


def read_text(folder: Path) -> str:
    return (folder / "results.json").read_text(encoding="utf-8")


def published_streams() -> Iterator[tuple[str, Path, Path]]:
    """The published sessions at hand, each with the official words."""
    roots = [root for part in ("published", "record") if (root := reference(part)) is not None]
    truth = reference("datasets")
    for log in sorted(log for root in roots for log in root.rglob("sww/*/log.txt")):
        if truth is not None:
            yield "/".join(log.parts[-4:-1]), log.parent, truth / "sww01" / "sww_long_test.json"


def main() -> None:
    rows = []
    streams = list(published_streams())
    # Before anything else of it is imported or read: what the first session of a process costs.
    first = {name: cost_of(partial(judge_any, one, labels=t)) for name, one, t in streams[:1]}
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
    rows = []
    for name, folder, truth in streams:
        costs = judging_costs(folder, truth)
        each = (costs.log, costs.read, costs.judge)
        alone = f"{first[name].cpu_s * 1e3:.1f}" if name in first else ""
        cells = [*(f"{one.cpu_s * 1e3:.2f}" for one in each), f"{costs.ratio.cpu_s:.2f}", alone]
        rows.append((name, *cells))
    print_table(
        "(e) a streaming session, in CPU milliseconds",
        ("", "its log", "all its files", "judged", "x all its files", "first in a process"),
        rows,
    )
