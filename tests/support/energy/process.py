"""`tinyrunner` as a process that writes down, when its simulated bench goes, whether it is off.

    python process.py STATE ARGUMENTS…

STATE begins to exist, empty, when the bench's monitor is opened.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

_STOPPING = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    from tinyrunner.runner.bench import opening
    from tinyrunner.runner.cli import main as tinyrunner

    state = Path(sys.argv.pop(1))

    class NotedBench(opening.SimulatedBench):
        @contextmanager
        def open_monitor(self, config):
            try:
                state.write_text("")  # from here on a signal finds the end of this block
                with super().open_monitor(config) as monitor:
                    yield monitor
            finally:
                heard = [(one, signal.signal(one, signal.SIG_IGN)) for one in _STOPPING]
                now = {
                    "supply_on": self.monitor.supply_on or self.power.supply_v > 0.0,
                    "supply_v": self.power.supply_v,
                    "edges": len(self.power.edges_s),
                }
                state.write_text(json.dumps(now))
                for one, handler in heard:
                    signal.signal(one, handler)

    opening.SimulatedBench = NotedBench
    tinyrunner()


if __name__ == "__main__":
    main()
