"""`tinyrunner` as a process that writes down, when its simulated bench goes, whether it is off.

    python process.py STATE ARGUMENTS…

STATE begins to exist, empty, with the bench.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path


def main() -> None:
    from tinyrunner.runner.bench.simulated.wiring import SimulatedBench
    from tinyrunner.runner.cli import main as tinyrunner

    state = Path(sys.argv.pop(1))

    @contextmanager
    def assemble(config, task):
        bench = SimulatedBench(config, task)
        state.write_text("")
        try:
            with bench.monitor:
                yield bench
        finally:
            now = {
                "supply_on": bench.monitor.supply_on,
                "supply_v": bench.power.supply_v,
                "edges": len(bench.power.edges_s),
            }
            state.write_text(json.dumps(now))

    SimulatedBench.assemble = assemble
    tinyrunner()


if __name__ == "__main__":
    main()
