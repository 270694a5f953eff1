"""The whole by hand: `python tests/hostile RUNS [FIRST]`, one program at a time, and its table.

Every kind of fault, on every setting, mode and task in turn, with another seed each time round.
`TINYRUNNER` names the program where that is not `python -m tinyrunner`. Exit status 1 where a run
recorded a wrong result as finished, or ended without a word.
"""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile.in_the_middle import KINDS
from hostile.runs import (
    BAD,
    DIGIT,
    NOT_BEGUN,
    RESUMED,
    RIGHT,
    SETTINGS,
    WRONG,
    Bench,
    Case,
    Ran,
    served_check,
)

OUTCOMES = (RIGHT, RESUMED, NOT_BEGUN, DIGIT, WRONG, BAD)
LONGEST_S = 900.0


def program(words: Sequence[str]) -> Ran:
    """The program, as a process of its own."""
    command = shlex.split(os.environ.get("TINYRUNNER", f"{sys.executable} -m tinyrunner"))
    try:
        ended = subprocess.run(
            [*command, *words], capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, "", f"still running after {LONGEST_S:.0f} s"
    return ended.returncode, ended.stdout, ended.stderr


def cases() -> Iterator[Case]:
    """All that there is, the small inputs more often than the large ones."""
    tasks = ("kws", "ic", "kws", "vww", "kws", "ic", "kws", "ad")
    for seed in count():
        combined = product(KINDS, SETTINGS, ("accuracy", "performance"))
        for number, (kind, setting, mode) in enumerate(combined):
            yield Case(tasks[(seed + number // 2) % len(tasks)], mode, setting, kind, seed)


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    table: dict[tuple[str, str], Counter[str]] = {}
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as root:
        os.environ["TINYRUNNER_CACHE"] = f"{root}/cache"
        bench = Bench(Path(root), program)
        for task in ("kws", "ic", "vww", "ad"):
            served_check(bench, task)
        listed = list(islice(cases(), first + runs))[first:]
        random.Random(first).shuffle(listed)  # so that a part of it has something of all
        for place, case in enumerate(listed):
            begun_s = time.monotonic()
            judged = bench.run(case)
            row = table.setdefault((case.setting, case.kind), Counter())
            row[judged.outcome] += 1
            row["faults"] += judged.faults
            totals[judged.outcome] += 1
            print(
                f"{place + 1}: {case.task} {case.mode}, {case.setting}, {case.kind}, seed "
                f"{case.seed}: {judged.outcome} ({judged.faults} faults, "
                f"{time.monotonic() - begun_s:.1f} s) {judged.why if judged.why else ''}",
                flush=True,
            )
    show(table)
    print("all:", ", ".join(f"{totals[outcome]} {outcome}" for outcome in OUTCOMES))
    return 1 if totals[WRONG] or totals[BAD] else 0


def show(table: dict[tuple[str, str], Counter[str]]) -> None:
    print("\n| setting | fault | runs | faults | " + " | ".join(OUTCOMES) + " |")
    print("|---" * (4 + len(OUTCOMES)) + "|")
    for (setting, kind), row in sorted(table.items()):
        runs = sum(row[outcome] for outcome in OUTCOMES)
        counts = " | ".join(str(row[outcome] or "") for outcome in OUTCOMES)
        print(f"| {setting} | {kind} | {runs} | {row['faults']} | {counts} |")


if __name__ == "__main__":
    sys.exit(main())
