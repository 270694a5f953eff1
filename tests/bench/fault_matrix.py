"""How a run fares on links and devices that fail: `python tests/bench fault_matrix [SEEDS]`.

First every kind of fault, in every direction, at three rates, on the four tasks, SEEDS times (3),
accuracy and performance, plain, pipelined and by the wire extension, with `verify_load: all` and
`confirm_results: all`: each run must end with the scores of the fault-free one, or stop so that it
can be resumed to them. Exit status 1 where one does not. Then the demonstration model on kws. Then,
with the defaults, how many wrong scores are recorded at which bit error rate: the protocol has no
checksum.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path

from support.devices.faults.fault_runs import BAD, Bench, Outcome, Way, grid
from support.devices.faults.link_faults import FaultPlan, Kind
from tinyrunner.dut_protocol.simulated.tflite_model import TfliteModel
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import KWS, TASKS
from tinyrunner.runner.terms import Mode

BIT_ERROR_RATES = (1e-7, 1e-6, 1e-5)
FILES = {"kws": 120, "ic": 30, "vww": 6, "ad": 1}
FAULTS_AT_LEAST = 400
ROW_S = 40.0
"""A row takes no longer than this, however few faults it has met."""


def matrix(name: str, bench: Bench, seeds: range) -> tuple[int, int]:
    """Runs, and how many were wrong."""
    outcomes: Counter[Outcome] = Counter()
    faults = retries = 0
    worst = 0.0
    for seed in seeds:
        for rate, plan in grid(bench.task, seed):
            held = bench.run(plan)
            outcomes[held.outcome] += 1
            faults += held.faults
            retries += held.retries
            worst = max(worst, held.worst_deviation)
            if held.outcome in BAD:
                print(f"  {held.outcome.value}: {rate} an input, {plan}: {held.why}", flush=True)
    told = ", ".join(f"{count} {outcome.value}" for outcome, count in outcomes.items())
    window = f", windows within {worst:.1e}" if bench.mode is Mode.PERFORMANCE else ""
    runs = sum(outcomes.values())
    print(f"{name}: {runs} runs, {faults} faults, {retries} retries: {told}{window}", flush=True)
    return runs, sum(outcomes[bad] for bad in BAD)


def guarded(root: Path, seeds: range) -> int:
    """The whole matrix; how many runs were wrong."""
    runs = wrong = 0
    for (key, task), mode, way in product(TASKS.items(), (Mode.ACCURACY, Mode.PERFORMANCE), Way):
        name = f"{key} {mode.value} {way.value}"
        more, bad = matrix(name, Bench(root / name, task, mode, way=way), seeds)
        runs, wrong = runs + more, wrong + bad
    demo = TfliteModel(demo_model_path(KWS), KWS)
    bench = Bench(root / "demo", KWS, files=6, model=demo)
    more, bad = matrix("kws accuracy, demonstration model", bench, seeds[:1])
    print(f"{runs + more} runs, {wrong + bad} of them wrong")
    return wrong + bad


def silent(root: Path) -> None:
    """What the defaults let pass, on a link that flips bits in both directions."""
    print("\nwith the defaults (first load read back, answers asked for once), bits flipped:")
    print("task  bit error rate   inputs  bits flipped  wrong scores  of the inputs  stopped runs")
    for key, task in TASKS.items():
        bench = Bench(root / f"{key} silent", task, guarded=False, files=FILES[key])
        for rate in BIT_ERROR_RATES:
            inputs = faults = wrong = stopped = runs = 0
            until_s = time.monotonic() + ROW_S
            while faults < FAULTS_AT_LEAST and time.monotonic() < until_s:
                runs += 1
                held = bench.run(FaultPlan(Kind.FLIP, 1 - (1 - rate) ** 8, None, runs))
                inputs += held.recorded
                faults += held.faults
                wrong += held.wrong_inputs
                stopped += held.outcome in (Outcome.RESUMED, Outcome.NOT_BEGUN)
            share = f"{wrong / inputs:.2e}" if inputs else "-"
            print(
                f"{key:4}  {rate:14.0e}  {inputs:7}  {faults:12}  {wrong:12}  {share:>13}"
                f"  {stopped} of {runs}",
                flush=True,
            )


def main() -> int:
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    with tempfile.TemporaryDirectory() as root:
        wrong = guarded(Path(root), seeds)
        silent(Path(root))
    return 1 if wrong else 0
