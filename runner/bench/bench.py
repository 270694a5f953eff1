"""The bench: a device, perhaps an IO manager and a monitor, and their clock.

``sim:kws01`` stands for a simulated device in this process on a virtual clock; it speaks the same
bytes as a board. Options follow like a URL's: ``sim:kws01?baud=921600&inference_ms=12.5``. The
model may be a log: ``sim:?replay=log.txt``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...dut_protocol.host.dut import Dut
from ...dut_protocol.host.inference import InferenceTimer
from ...dut_protocol.host.interface_board import InterfaceBoard
from ...dut_protocol.host.io_manager import IoManager
from ...dut_protocol.host.load_with_retries import Loader
from ...dut_protocol.link.clock import Clock
from ...dut_protocol.link.transport import Transport
from ...dut_protocol.wire.settings import NO_WISHES, LinkSettings, LinkWishes
from ...energy.monitor import EnergyMonitor
from ..errors import SetupError
from .recorder import Recorder
from .simulated.device import SimulatedModel


@dataclass(frozen=True, slots=True)
class EnergyParts:
    """Holds what energy mode needs beside the device."""

    io_manager: IoManager
    monitor: EnergyMonitor
    recorder: Recorder
    """What keeps the monitor served while the run waits for the device."""


@dataclass(frozen=True, slots=True)
class StreamingParts:
    """Holds what a streaming task needs beside the device."""

    board: InterfaceBoard
    device_behind: bool
    """Whether the device is reached through the board, and not on a port of its own."""
    recorder: Recorder | None
    """What keeps the monitor served, where one measures."""


@dataclass(slots=True)
class Bench:
    """Is a device under test with its clock; in energy mode also an IO manager and a monitor.

    A streaming task has an interface board, with a monitor or without.
    """

    clock: Clock
    dut: Dut
    loader: Loader
    timer: InferenceTimer
    simulated: SimulatedModel | None = None
    energy_parts: EnergyParts | None = None
    streaming_parts: StreamingParts | None = None
    wishes: LinkWishes = NO_WISHES
    """What is wanted of the link, once it is known who is at its other end."""
    port_note: str | None = None
    """A remark about the port: an adapter that keeps answers back, say."""

    def pause(self, seconds: float) -> None:
        """Let time pass on the bench's clock; a monitor that records is served meanwhile."""
        if self.recorder is None:
            self.clock.pause(seconds)
        else:
            self.recorder.pause(seconds)

    @property
    def recorder(self) -> Recorder | None:
        """Return what keeps the monitor served; None on a bench without one."""
        parts = self.energy_parts or self.streaming_parts
        return None if parts is None else parts.recorder

    @property
    def energy(self) -> EnergyParts:
        """Return the IO manager and the monitor; SetupError on a bench without."""
        if self.energy_parts is None:
            raise SetupError("this bench has no IO manager and no energy monitor")
        return self.energy_parts

    @property
    def streaming(self) -> StreamingParts:
        """Return the interface board and what goes with it; SetupError on a bench without."""
        if self.streaming_parts is None:
            raise SetupError("this bench has no interface board: give --interface-board")
        return self.streaming_parts

    @classmethod
    def of(
        cls,
        transport: Transport,
        clock: Clock,
        link: LinkSettings,
        simulated: SimulatedModel | None = None,
        wishes: LinkWishes = NO_WISHES,
    ) -> Bench:
        dut = Dut(transport, clock, link)
        return cls(clock, dut, Loader(dut), InferenceTimer(dut), simulated, wishes=wishes)
