"""An energy monitor that notes what it is asked, and an IO manager's side to go with it."""

from __future__ import annotations

from pathlib import Path

from tinyrunner.dut_protocol.link.clock import Clock
from tinyrunner.energy.monitor import Capabilities, MonitorIdentity, SampleKind
from tinyrunner.energy.trace import EnergyTrace, TraceWriter
from tinyrunner.energy.windows import check_lost


class FakeMonitor:
    """Draws 1 mJ a second at 1 kHz; ``events_s`` are its events on the trace's axis."""

    address = "fake"

    def __init__(self, clock: Clock, *, interval_s: float = 1.0, event_input: bool = True) -> None:
        self._clock = clock
        self.calls: list[str] = []
        self.served_s: list[float] = []
        self.events_s: list[float] = []
        self.error: Exception | None = None
        self.loses: int = 0
        """Samples that are missing when it stops."""
        self.trace: EnergyTrace | None = None
        self.start_takes_s = 0.0
        self.began_s = 0.0
        self.supply_v = 0.0
        self._writer: TraceWriter | None = None
        self.capabilities = Capabilities(
            model="Fake",
            event_input=event_input,
            powers_device=True,
            supply_range_v=(1.8, 3.3),
            max_current_a=0.05,
            sample_rates_hz=(1000.0,),
            default_rate_hz=1000.0,
            sample_kind=SampleKind.ENERGY,
            service_interval_s=interval_s,
        )

    def identify(self) -> MonitorIdentity:
        return MonitorIdentity("nobody", "Fake-1", "F001", "0.0")

    def set_supply(self, supply_v: float) -> float:
        self.calls.append(f"set_supply {supply_v:g}")
        self.supply_v = supply_v
        return supply_v

    def power(self, on: bool) -> None:
        self.calls.append(f"power {on}")

    def writer(self, folder: Path) -> TraceWriter:
        return TraceWriter(folder / "fake-energy.bin", 1000.0)

    def start(self, writer: TraceWriter) -> None:
        self.calls.append("start")
        self._clock.pause(self.start_takes_s)
        self.began_s = self._clock.now_s()
        self._writer = writer

    def service(self) -> None:
        self.served_s.append(self._clock.now_s())
        if self.error is not None:
            raise self.error

    def stop(self) -> EnergyTrace:
        self.calls.append("stop")
        assert self._writer is not None
        count = round((self._clock.now_s() - self.began_s) * 1000)
        self._writer.append([1e-6] * count)
        for event_s in self.events_s:
            self._writer.event(event_s)
        if self.loses:
            self._writer.gap(self.loses, count // 2)
        self.trace = self._writer.finish({"monitor": "Fake-1"})
        check_lost(self.trace)
        return self.trace

    def close(self) -> None:
        self.calls.append("close")
