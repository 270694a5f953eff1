"""The bench of energy mode: IO manager, device behind it, monitor; assembled from addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from ...dut_protocol.errors import LinkError
from ...dut_protocol.host.dut import Dut
from ...dut_protocol.host.inference import InferenceTimer
from ...dut_protocol.host.io_manager import IoManager
from ...dut_protocol.host.load import Loader
from ...dut_protocol.link.clock import Clock, MonotonicClock
from ...dut_protocol.link.transport import Transport, open_transport
from ...dut_protocol.wire.settings import LinkSettings, VerifyLoad
from ...energy.errors import MonitorError
from ...energy.monitor import EnergyMonitor
from ...models.suite import Task
from ..config.config import Config
from ..errors import SetupError
from .bench import SIMULATED, Bench, EnergyParts, SimulatedModel, is_simulated, parse_simulated
from .link import refuse_behind_io_manager
from .monitors import open_monitor
from .recorder import Recorder, ServedTransport
from .simulated.wiring import SimulatedBench
from .wire_logging import wire_logged


@contextmanager
def open_energy_bench(config: Config, task: Task) -> Iterator[Bench]:
    """Open monitor and IO manager. Whatever happens inside, the supply is off afterwards."""
    io_baud_rate = config.io_manager.baud_rate
    refuse_behind_io_manager(config.dut.wishes)

    def logged(transport: Transport, clock: Clock) -> Transport:
        wire = wire_logged(
            config, transport, clock, io_baud_rate, lambda text: bench.dut.listener.note(text)
        )
        stack.callback(wire.close)
        return wire

    with ExitStack() as stack:
        if is_simulated(config):
            _refuse_mixture(config)
            simulated = stack.enter_context(SimulatedBench.assemble(config, task))
            wire = logged(simulated.link, simulated.clock)
            monitor: EnergyMonitor = stack.enter_context(simulated.open_monitor(config.monitor))
            bench = _bench(config, wire, simulated.clock, monitor, simulated.model)
            yield bench
            return
        clock = MonotonicClock()
        try:
            wire = logged(open_transport(_io_address(config), io_baud_rate), clock)
            monitor = stack.enter_context(open_monitor(config.monitor, clock))
        except (LinkError, MonitorError) as error:
            raise SetupError(str(error)) from error
        bench = _bench(config, wire, clock, monitor, None)
        yield bench


def _refuse_mixture(config: Config) -> None:
    """A simulated device is powered and timed by simulated instruments, on one virtual clock."""
    if parse_simulated(config.dut.address or SIMULATED)[1].replay is not None:
        raise SetupError(
            f"{config.dut.address}: a log is replayed in performance and accuracy mode; energy "
            "mode needs a model (sim:kws01, say)"
        )
    for what, address in (
        ("energy monitor", config.monitor.address),
        ("IO manager", config.io_manager.address),
    ):
        if address is not None and not (address == "sim" or address.startswith(SIMULATED)):
            raise SetupError(
                f"{config.dut.address} is a simulated device and brings its own {what}; leave "
                f"{address} out, or leave --dut out to measure the board behind the IO manager"
            )


def _io_address(config: Config) -> str:
    if config.io_manager.address is None:
        raise SetupError(
            "which IO manager? Energy firmware is reached through one: give --io with its port "
            "(`tinyrunner devices` lists them)"
        )
    return config.io_manager.address


def _bench(
    config: Config,
    transport: Transport,
    clock: Clock,
    monitor: EnergyMonitor,
    simulated: SimulatedModel | None,
) -> Bench:
    recorder = Recorder(monitor, clock)
    io_link = LinkSettings(baud_rate=config.io_manager.baud_rate)
    io_manager = IoManager(ServedTransport(transport, recorder), clock, io_link)
    link = replace(
        config.dut.link,
        baud_rate=config.io_manager.dut_baud_rate,
        verify_load=VerifyLoad.NEVER,  # a read-back through the IO manager takes minutes
    )
    dut = Dut(io_manager.dut, clock, link)
    parts = EnergyParts(io_manager, monitor, recorder)
    return Bench(clock, dut, Loader(dut), InferenceTimer(dut), simulated, parts)
