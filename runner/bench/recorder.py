"""Keeps an energy monitor served while the run waits for the device.

A monitor's buffer overflows when nobody takes what it has recorded. No thread does that: the run
spends its time waiting for the device, and that wait is cut into slices here, so that it works the
same in real time and on a simulated bench's virtual clock.
"""

from __future__ import annotations

from math import inf

from ...dut_protocol.link.clock import Clock, Deadline
from ...dut_protocol.link.transport import Transport
from ...energy.monitor import EnergyMonitor
from ...energy.trace import EnergyTrace, TraceWriter


class Recorder:
    """Starts and stops the monitor's recording, and serves it in between."""

    def __init__(self, monitor: EnergyMonitor, clock: Clock) -> None:
        self.monitor = monitor
        self.clock = clock
        self.recording = False
        self.interval_s = monitor.capabilities.service_interval_s
        self.started_s = (0.0, 0.0)
        """Two moments of the bench's clock between which the recording began."""
        self._due_s = 0.0

    def start(self, writer: TraceWriter) -> None:
        before_s = self.clock.now_s()
        self.monitor.start(writer)
        self.recording = True
        self.started_s = (before_s, self.clock.now_s())
        self._due_s = self.clock.now_s() + self.interval_s

    def stop(self) -> EnergyTrace:
        self.recording = False
        return self.monitor.stop()

    def serve(self) -> None:
        """Take what the monitor has, if it is time."""
        if self.recording and self.clock.now_s() >= self._due_s:
            self.monitor.service()
            self._due_s = self.clock.now_s() + self.interval_s

    @property
    def due_in_s(self) -> float:
        """Return how long the monitor can be left alone from now on."""
        return max(0.0, self._due_s - self.clock.now_s()) if self.recording else inf

    def pause(self, seconds: float) -> None:
        """Let time pass on the bench's clock, the monitor served meanwhile."""
        deadline = Deadline(self.clock, seconds)
        while not deadline.expired:
            self.clock.pause(min(self.due_in_s, deadline.remaining_s))
            self.serve()


class ServedTransport:
    """Keeps a monitor served while it reads."""

    def __init__(self, transport: Transport, recorder: Recorder) -> None:
        self._transport = transport
        self._recorder = recorder
        self.address = transport.address

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        recorder = self._recorder
        if not recorder.recording:
            return self._transport.read(max_bytes, timeout_s)
        deadline = Deadline(recorder.clock, timeout_s)
        while True:
            recorder.serve()
            timeout_slice_s = min(recorder.due_in_s, deadline.remaining_s)
            data = self._transport.read(max_bytes, timeout_slice_s)
            if data or deadline.expired:
                recorder.serve()
                return data

    def close(self) -> None:
        self._transport.close()
