"""(m) What it costs to say a word: the CPU time of whole processes of the command line.

Against `python -c "import typer, rich"` in the same run, which is the floor of every command: what
is above it is this program's. Beside it what Python itself takes, of which nobody is to blame.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from support.benches.timing import print_table
from support.sessions.for_reports import performance

FLOOR = "import typer, rich"


def measure(session: Path, blocks: int = 9) -> dict[str, float]:
    """CPU seconds of a process each, the median of ``blocks``, one of each in turn."""
    program = ("-m", "tinyrunner")
    words = {
        "Python": ("-c", "pass"),
        FLOOR: ("-c", FLOOR),
        "--help": (*program, "--help"),
        "--version": (*program, "--version"),
        "run --help": (*program, "run", "--help"),
        "score SESSION": (*program, "score", str(session)),
    }
    seen: Mapping[str, list[float]] = {name: [] for name in words}
    for _ in range(blocks):
        for name, arguments in words.items():
            seen[name].append(_cpu_s(arguments))
    return {name: sorted(costs)[len(costs) // 2] for name, costs in seen.items()}


def _cpu_s(arguments: tuple[str, ...]) -> float:
    from resource import RUSAGE_CHILDREN, getrusage  # finer than os.times; Windows has none

    before = getrusage(RUSAGE_CHILDREN)
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    after = getrusage(RUSAGE_CHILDREN)
    assert ran.returncode in (0, 3), ran.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    if sys.platform == "win32":
        print("(m) start-up: Windows does not tell what a child process took")
        return
    with tempfile.TemporaryDirectory() as folder:
        costs = measure(performance(Path(folder) / "session", [10.0] * 5))
    print_table(
        "(m) start-up, CPU seconds of a process",
        ("", "s", f"x {FLOOR}"),
        [(name, f"{cost:.3f}", f"{cost / costs[FLOOR]:.2f}") for name, cost in costs.items()],
    )
