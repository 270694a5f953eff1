"""Records whatever Joulescope Jetperch's driver finds, in a process of its own.

    python record_joulescope.py FOLDER SECONDS

prints what came of it as JSON. Preloaded with `usb_js110.c`, the driver finds that.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.energy.drivers.joulescope.driver import Joulescope, load_driver
from tinyrunner.energy.errors import SamplesLost
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows


class SlowClock(MonotonicClock):
    """Goes at SPEED, as the instrument's does, so that a busy machine keeps up with both."""

    speed = float(os.environ["SPEED"])

    def now_s(self) -> float:
        return super().now_s() * self.speed

    def pause(self, seconds: float) -> None:
        super().pause(seconds / self.speed)


def main() -> None:
    clock, driver = SlowClock(), load_driver()
    metadata, error = {}, ""
    with Joulescope.open("1234", clock, driver=driver) as monitor:
        keep = metadata.__setitem__
        driver.subscribe(monitor._path, "metadata_rsp_retain", keep)
        monitor.set_supply(3.0)
        monitor.power(True)
        monitor.start(TraceWriter(Path(sys.argv[1]) / "trace.bin", 100_000.0))
        until_s = clock.now_s() + float(sys.argv[2])
        while clock.now_s() < until_s:
            clock.pause(0.05)
            monitor.service()
        try:
            trace = monitor.stop()
        except SamplesLost as lost:
            trace, error = monitor.trace, str(lost)
        driver.unsubscribe(monitor._path, keep)
        path = monitor._path
    windows = [measure_windows(trace, [trace.events_s])[0]] if len(trace.events_s) == 2 else []
    said = {
        "address": monitor.address,
        "metadata": {t.removeprefix(path + "/").rstrip("$"): v for t, v in metadata.items()},
        "events_s": trace.events_s,
        "samples": len(trace.samples_uj),
        "finite": bool(np.isfinite(trace.samples_uj).all()),
        "lost": trace.lost_samples,
        "energy_j": [window.energy_j for window in windows],
        "invalid": [window.invalid for window in windows],
        "provenance": dict(trace.provenance),
        "error": error,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
