"""Serving a simulated energy monitor in real time, on a pseudo-terminal or a TCP port.

The joint between a monitor's simulator, which knows bytes and a clock, and the ports that the
simulated device is served on.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from ....dut_protocol.link.clock import Clock, MonotonicClock
from ....dut_protocol.simulated.serve import PtyPort, ServedPort, TcpPort
from ....energy.simulated.link import SimulatedMonitor

_IDLE_S = 0.01
"""How often samples are sent."""


class MonitorServer:
    """Joins a simulated monitor to a port, in real time."""

    def __init__(self, monitor: SimulatedMonitor, clock: Clock | None = None) -> None:
        """``clock`` is the bench's, where other simulated devices share it."""
        self._monitor = monitor
        self._clock = clock or MonotonicClock()

    def run(self, port: ServedPort, stop: threading.Event) -> None:
        """Serve until ``stop`` is set."""
        while not stop.is_set():
            if data := port.wait(_IDLE_S):
                self._monitor.receive(data, self._clock.now_s())
            if data := self._monitor.produce(self._clock.now_s()):
                port.write(data)


@contextlib.contextmanager
def served_monitor(
    monitor: SimulatedMonitor,
    clock: Clock | None = None,
    *,
    tcp: tuple[str, int] | None = None,
    on_connect: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Serve it from a thread, on a pty or on TCP; gives the address that a host opens."""
    port: ServedPort = PtyPort.open() if tcp is None else TcpPort.listen(*tcp, on_connect)
    stop = threading.Event()
    thread = threading.Thread(
        target=MonitorServer(monitor, clock).run, args=(port, stop), name="simulated monitor"
    )
    thread.start()
    try:
        yield port.address
    finally:
        stop.set()
        thread.join()
        port.close()
