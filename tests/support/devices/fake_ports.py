"""A computer with serial ports, for the search of devices: each thread on a virtual clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

from support.devices.fake_model import FakeModel
from support.devices.uart_rates import Peer, RatedLink
from tinyrunner.dut_protocol.discovery import ports
from tinyrunner.dut_protocol.link.clock import Clock, MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.port_users import PortUser
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode


class Port(SimpleNamespace):
    """What pyserial tells of a port."""

    def __lt__(self, other) -> bool:
        return self.device < other.device


class Computer:
    """Its ports, who has them open, and every link that was opened."""

    def __init__(self, monkeypatch) -> None:
        self.infos: list[Port] = []
        self.devices: dict[str, object] = {}
        self.refuses: dict[str, Exception] = {}
        self.users: dict[str, tuple[PortUser, ...]] = {}
        self.opened: list[tuple[str, int]] = []
        self.links: list[RatedLink] = []
        self.on_open: Callable[[str], None] = lambda _: None
        self._here = threading.local()
        monkeypatch.setattr(ports.list_ports, "comports", lambda: self.infos)
        monkeypatch.setattr(ports, "port_users", lambda _: self.users)
        monkeypatch.setattr(ports, "open_serial", self._open)
        monkeypatch.setattr(ports, "MonotonicClock", self._clock)

    def plug(
        self,
        device: str,
        vid: int | None,
        pid: int | None = 1,
        serial: str | None = None,
        *,
        at: object = None,
        refuses: Exception | None = None,
        description: str = "a port",
    ) -> None:
        """``at``: what hangs at the port; silence where nothing is given."""
        pid = None if vid is None else pid
        self.infos.append(
            Port(device=device, vid=vid, pid=pid, serial_number=serial, description=description)
        )
        self.devices[device] = Peer() if at is None else at
        if refuses is not None:
            self.refuses[device] = refuses

    def _clock(self) -> Clock:
        """The thread's own that opened a port; the real one elsewhere."""
        return getattr(self._here, "clock", None) or MonotonicClock()

    def _open(self, device: str, baud_rate: int) -> RatedLink:
        self.opened.append((device, baud_rate))
        self.on_open(device)
        if device in self.refuses:
            raise self.refuses[device]
        self._here.clock = VirtualClock()
        link = RatedLink(self.devices[device], self._here.clock, device, baud_rate=baud_rate)
        self.links.append(link)
        return link


def board(
    baud_rate: int = 115200,
    model_id: str = "kws01",
    mode: TimestampMode = TimestampMode.PERFORMANCE,
) -> SimulatedDut:
    return SimulatedDut(FakeModel(model_id), DeviceSettings(baud_rate=baud_rate, mode=mode))
