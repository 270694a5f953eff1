"""Boards on pseudo-terminals that mind the rate the host has set (a pty itself does not)."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.devices.uart_rates import as_received
from tinyrunner.dut_protocol.link.transport import READ_BYTES
from tinyrunner.dut_protocol.simulated.serve import DeviceServer


class RatedPty:
    """The device's end, as `serve` wants one; what passes at a wrong rate arrives as noise."""

    def __init__(self, own_baud: int) -> None:
        import pty
        import tty

        self._own_baud = own_baud
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.address = os.ttyname(self.slave)
        self.received = b""

    def host_baud(self) -> int:
        import termios

        speed = termios.tcgetattr(self.slave)[5]
        rates = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
        return next(rate for rate in rates if getattr(termios, f"B{rate}") == speed)

    def wait(self, timeout_s: float) -> bytes | None:
        if not select.select([self.master], [], [], timeout_s)[0]:
            return None
        data = os.read(self.master, READ_BYTES)
        self.received += data
        return as_received(data, self.host_baud(), self._own_baud)

    def write(self, data: bytes) -> None:
        data = as_received(data, self._own_baud, self.host_baud())
        while data and select.select([], [self.master], [], 1.0)[1]:
            data = data[os.write(self.master, data) :]

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)


@contextmanager
def on_a_pty(device) -> Iterator[RatedPty]:
    """A device (anything with settings, outgoing and receive) served in real time."""
    port = RatedPty(device.settings.baud_rate)
    stop = threading.Event()
    thread = threading.Thread(target=DeviceServer(device).run, args=(port, stop))
    thread.start()
    try:
        yield port
    finally:
        stop.set()
        thread.join(10)
        port.close()
