"""Measures `history list` and `history trend` on 100,000 sessions, in CPU seconds.

    python tests/bench history.speed [SESSIONS] [URL]

The floor is the same rows read by the bare sqlite3 module, each command in a process of its own as
one types it: most of what it takes is to import SQLAlchemy. Half of the sessions are of one series,
the others of 49 boards in two modes; half have the branch main.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.report.histories import entry
from tinyrunner.runner.export.history.store import History

_BATCH = 5000
_FLOOR = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1])
rows = file.execute(
    "SELECT * FROM sessions ORDER BY begun_s DESC, id DESC LIMIT ?", [int(sys.argv[2])]
)
print(len([list(row) for row in rows]))
"""


def fill(place: str, count: int) -> None:
    history = History.open(place, create=True)
    for first in range(0, count, _BATCH):
        history.add(
            [
                entry(
                    number,
                    {
                        "commit": f"c{number}",
                        "branch": "main" if number % 4 < 2 else f"topic-{number % 97}",
                        "board": "h7" if number % 2 else f"b{number % 98}",
                    },
                    mode="performance" if number % 3 or number % 2 else "energy",
                    latency_s=0.010 * (1 + 0.001 * ((number * 7919) % 13)),
                    energy_per_inference_j=1e-4,
                )
                for number in range(first, min(first + _BATCH, count))
            ]
        )
    history.close()


def cpu_s(*words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(words, check=True, **quiet)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        place = sys.argv[2] if len(sys.argv) > 2 else str(Path(folder) / "history.db")
        began = time.process_time()
        fill(place, count)
        print(f"{count:,} sessions added in {time.process_time() - began:.0f} s of CPU", flush=True)
        if "://" not in place:
            print(f"{os.path.getsize(place) / 1e6:.0f} MB")
            for rows in (20, 200):
                took = min(cpu_s(sys.executable, "-c", _FLOOR, place, str(rows)) for _ in range(3))
                print(f"{took:6.2f} s  the newest {rows} rows by bare sqlite3")
        start = min(
            cpu_s(sys.executable, "-m", "tinyrunner", "history", "list", "--help") for _ in range(3)
        )
        print(f"{start:6.2f} s  history list --help")
        for words in (
            "list",
            "list kws --board h7 --tag branch=main",
            "list --tag branch=topic-5",
            "list --tag branch=nowhere",
            "trend kws --board h7",
            "trend kws --board h7 --tag branch=main --last 500",
            "trend kws --mode performance",
        ):
            command = (sys.executable, "-m", "tinyrunner", "history", *words.split(), "--db", place)
            took = min(cpu_s(*command) for _ in range(2))
            print(f"{took:6.2f} s  history {words}", flush=True)


if __name__ == "__main__":
    main()
