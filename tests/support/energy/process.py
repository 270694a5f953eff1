"""`tinyrunner` as a process that writes down, when its simulated bench goes, whether it is off.

    python process.py STATE ARGUMENTS…

STATE begins to exist, empty, when the bench's monitor is opened. From the first signal on each use
of an instrument's link takes a while, as over a network: so that the next ones find it leaving.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path

LINK_S = 0.02


def main() -> None:
    from otii_tcp_client.otii_connection import OtiiConnection
    from tinyrunner.energy.drivers.visa_link import VisaLink
    from tinyrunner.energy.interruptions import INTERRUPTIONS
    from tinyrunner.energy.simulated.joulescope import SimulatedJoulescope
    from tinyrunner.energy.simulated.link import SimulatedMonitorLink
    from tinyrunner.runner.bench import opening
    from tinyrunner.runner.commands.cli import main as tinyrunner

    state = Path(sys.argv.pop(1))

    class NotedBench(opening.SimulatedBench):
        @contextmanager
        def open_monitor(self, *settings):
            try:
                state.write_text("")  # from here on a signal finds the end of this block
                with super().open_monitor(*settings) as monitor:
                    yield monitor
            finally:
                now = {
                    "supply_on": self.monitor.supply_on or self.power.supply_v > 0.0,
                    "supply_v": self.power.supply_v,
                    "edges": len(self.power.edges_s),
                }
                state.write_text(json.dumps(now))

    def slow(method):
        def used(*arguments):
            if INTERRUPTIONS.raised or INTERRUPTIONS.held:
                time.sleep(LINK_S)
            return method(*arguments)

        return used

    for link, names in (
        (VisaLink, ("write", "ask")),
        (SimulatedMonitorLink, ("write", "read")),
        (SimulatedJoulescope, ("publish", "unsubscribe", "close")),
        (OtiiConnection, ("send_request",)),
    ):
        for name in names:
            setattr(link, name, slow(getattr(link, name)))
    opening.SimulatedBench = NotedBench
    tinyrunner()


if __name__ == "__main__":
    main()
