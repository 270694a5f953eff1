"""The simulated device on a pty in real time, paced at a baud rate, in a process of its own.

Run as a program (`python -m support.benches.paced_device BAUD`) it prints the name of its terminal
and serves it until its stdin ends.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.benches.child import device_process
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.serve import DeviceServer, PtyPort
from tinyrunner.models.suite import AD


@contextmanager
def paced_device(baud_rate: int) -> Iterator[str]:
    """The terminal of an ad device whose wire takes its time."""
    with device_process(__name__, str(baud_rate)) as address:
        yield address


def main() -> None:
    model = FakeModel(AD.model_id, AD.input_bytes, AD.score_count)
    device = SimulatedDut(model, DeviceSettings(baud_rate=int(sys.argv[1]), inference_time_s=0.0))
    port = PtyPort.open()
    print(port.address, flush=True)
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    try:
        DeviceServer(device).run(port, stop)
    finally:
        port.close()


if __name__ == "__main__":
    main()
