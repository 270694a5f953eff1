"""Energy runs on the simulated bench: watched, with what goes wrong, off afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from otii_tcp_client.otii_connection import OtiiConnection
from support.devices.boards import HashModel
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.energy.drivers.visa_link import VisaLink
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.models.suite import Task
from tinyrunner.runner.bench import opening
from tinyrunner.runner.bench.simulated import wiring
from tinyrunner.runner.bench.simulated.device import (
    PLAUSIBLE_INFERENCE_S,
    SimulatedDevice,
    SimulatedModel,
)
from tinyrunner.runner.bench.simulated.wiring import SimulatedBench, Wire


def straight(at_s: float) -> tuple[float, ...]:
    return (at_s,)


class Watched:
    """The simulated bench of each energy run, and what is changed about it."""

    def __init__(self, monkeypatch) -> None:
        self.benches: list[SimulatedBench] = []
        self.wire: Wire = straight
        self.model: Task | None = None
        """Another task's firmware on the device."""
        self.prepare: Callable[[SimulatedBench], None] = lambda bench: None
        monkeypatch.setattr(opening, "SimulatedBench", self._assemble)
        monkeypatch.setattr(wiring, "simulated_device", self._device)

    @property
    def bench(self) -> SimulatedBench:
        return self.benches[-1]

    @property
    def off(self) -> bool:
        """The supply is off, and the board with it (its simulator may have modelled ahead)."""
        monitor, power = self.bench.monitor, self.bench.power
        return (
            not any(channel.on for channel in monitor.channels)
            and power.supply_v == 0.0
            and power.at(self.bench.clock.now_s() + 3600.0) == (0.0, 0.0)
        )

    def _assemble(self, config, task) -> SimulatedBench:
        bench = SimulatedBench(config, task, self.wire)
        self.benches.append(bench)
        self.prepare(bench)
        return bench

    def _device(self, config, task) -> SimulatedDevice:
        inference_s = config.simulate.inference_time_s or PLAUSIBLE_INFERENCE_S[task.model_id]
        settings = DeviceSettings(inference_time_s=inference_s)
        described = SimulatedModel("test", "0" * 64, "none", None, 0, inference_s)
        return SimulatedDevice(SimulatedDut(HashModel(self.model or task), settings), described)


def true_energies_j(bench: SimulatedBench, windows: int = 5) -> list[float]:
    """What the board drew between the edges of the last windows."""
    edges = np.array(bench.power.edges_s[-2 * windows :]).reshape(windows, 2)
    drawn = bench.power.energy_j(edges.ravel()).reshape(windows, 2)
    return list(drawn[:, 1] - drawn[:, 0])


def soon_given_up(monkeypatch) -> None:
    """Waits half a second for an instrument on VISA: pyvisa-py spins where a link was cut."""
    usual = VisaLink.open

    def impatient(address: str, _timeout_s: float, *others: object) -> VisaLink:
        return usual(address, 0.5, *others)

    monkeypatch.setattr(VisaLink, "open", impatient)


class Moments:
    """The moments of a run at which something can hit it: around each use of a link.

    ``hit(kind, n, error)`` raises ``error``, or calls it, at the ``n``-th moment of a kind:
    ``serial`` before a read or a write; ``visa`` before and after a command, and with an answer
    asked for and not read; ``monitor`` around each use of another monitor's link, a serial port's
    or the Otii server's.
    """

    def __init__(self, monkeypatch, watched: Watched) -> None:
        self.counts = {"serial": 0, "visa": 0, "monitor": 0}
        self._at: tuple[str, int] | None = None
        self._error: BaseException | Callable[[], None] = KeyboardInterrupt()
        watched.prepare = self._prepare
        command, ask = VisaLink.write, VisaLink.ask

        def written(link, text):
            self._moment("visa")
            command(link, text)
            self._moment("visa")

        def asked(link, *words):
            self._moment("visa")
            ask(link, *words)
            self._moment("visa")

        monkeypatch.setattr(VisaLink, "write", written)
        monkeypatch.setattr(VisaLink, "ask", asked)
        for link, name in (
            (SimulatedMonitorLink, "write"),
            (SimulatedMonitorLink, "read"),
            (OtiiConnection, "send_request"),
            (OtiiConnection, "receive_response"),
        ):
            monkeypatch.setattr(link, name, self._around(getattr(link, name)))

    def _around(self, used):
        def watched(*arguments):
            self._moment("monitor")
            result = used(*arguments)
            self._moment("monitor")
            return result

        return watched

    def hit(self, kind: str, n: int, error: BaseException | Callable[[], None]) -> None:
        self.counts = dict.fromkeys(self.counts, 0)
        self._at, self._error = (kind, n), error

    def _moment(self, kind: str) -> None:
        self.counts[kind] += 1
        if self._at == (kind, self.counts[kind]):
            if not isinstance(self._error, BaseException):
                self._error()
                return
            raise self._error

    def _prepare(self, bench: SimulatedBench) -> None:
        link = bench.link
        read, write = link.read, link.write

        def reading(max_bytes, timeout_s):
            self._moment("serial")
            return read(max_bytes, timeout_s)

        def writing(data):
            self._moment("serial")
            write(data)

        link.read, link.write = reading, writing


def quiet(bench: SimulatedBench) -> None:
    """The device does not say anything when it boots."""
    bench.device.say = lambda message: None


def performance_firmware(bench: SimulatedBench) -> None:
    bench.device.settings = replace(bench.device.settings, mode=TimestampMode.PERFORMANCE)
