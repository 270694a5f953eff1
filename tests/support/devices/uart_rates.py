"""Ports with a rate: what a UART makes of bytes that were sent at another rate than its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.dut_protocol.simulated.link import SimulatedEnd, SimulatedLink
from tinyrunner.dut_protocol.wire.framing import CommandReader


def as_received(data: bytes, sent_baud: int, own_baud: int) -> bytes:
    """8N1 sampled in the middle of each bit, from each falling edge on; a bad stop bit is kept."""
    if sent_baud == own_baud:
        return data
    bits: list[int] = []
    for byte in data:
        bits += [0, *(byte >> bit & 1 for bit in range(8)), 1]

    def level(at_s: float) -> int:
        index = int(at_s * sent_baud)
        return bits[index] if index < len(bits) else 1

    received = bytearray()
    index = 0
    while index < len(bits):
        if bits[index]:
            index += 1
            continue
        start_s = index / sent_baud
        samples = [level(start_s + (k + 0.5) / own_baud) for k in range(1, 10)]
        received.append(sum(bit << k for k, bit in enumerate(samples[:8])))
        index = int((start_s + 9.5 / own_baud) * sent_baud) + 1
        while not samples[8] and index < len(bits) and not bits[index]:
            index += 1  # a break: the next start bit needs an edge
    return bytes(received)


class RatedLink:
    """A host's serial port to a device that has one rate, on a virtual clock."""

    def __init__(
        self,
        device: SimulatedEnd,
        clock: VirtualClock,
        address: str = "/dev/ttyX",
        *,
        baud_rate: int = 115200,
        unsupported: tuple[int, ...] = (),
    ) -> None:
        self.address = address
        self.device = device
        self.baud_rate = baud_rate
        self.written: list[tuple[int, bytes]] = []
        self.closed = 0
        self.rates = [baud_rate]
        self._unsupported = unsupported
        self._clock = clock
        self._link = SimulatedLink(device, clock, address)

    @property
    def _own_baud(self) -> int:
        return self.device.settings.baud_rate

    def set_baud_rate(self, baud_rate: int) -> None:
        if baud_rate in self._unsupported:
            raise LinkError(f"cannot set {self.address} to {baud_rate} baud")
        self.baud_rate = baud_rate
        self.rates.append(baud_rate)

    def write(self, data: bytes) -> None:
        self.written.append((self.baud_rate, data))
        self._link.write(as_received(data, self.baud_rate, self._own_baud))

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = self._link.read(max_bytes, timeout_s)
        return as_received(data, self._own_baud, self.baud_rate)

    def close(self) -> None:
        self.closed += 1


class Peer:
    """Something at the other end that is no DUT; also the base of what stands before one."""

    def __init__(self, baud_rate: int = 115200) -> None:
        self.settings = DeviceSettings(baud_rate=baud_rate)
        self.outgoing: deque[tuple[float, bytes]] = deque()

    def receive(self, data: bytes, start_s: float) -> None:
        """Silent."""


class Answers(Peer):
    """Answers each command by a function of its text."""

    def __init__(self, answer: Callable[[bytes], bytes], baud_rate: int = 115200) -> None:
        super().__init__(baud_rate)
        self._answer = answer
        self._commands = CommandReader(200)

    def receive(self, data: bytes, start_s: float) -> None:
        for _, command in self._commands.feed(data):
            if said := self._answer(command):
                self.outgoing.append((start_s + 0.002, said))


class Talks(Peer):
    """Says a line every so often, whatever it is told."""

    def __init__(self, line: bytes, every_s: float = 0.05, baud_rate: int = 115200) -> None:
        super().__init__(baud_rate)
        self.outgoing.extend((every_s * count, line) for count in range(1, int(12 / every_s)))


class BootsLate:
    """Opening the port resets it: from the first byte on it is deaf until it has booted."""

    def __init__(self, device: SimulatedEnd, boot_s: float, *, says_so: bool = True) -> None:
        self._device = device
        self._boot_s = boot_s
        self._says_so = says_so
        self._awake_s: float | None = None
        self.settings = device.settings
        self.outgoing = device.outgoing

    def receive(self, data: bytes, start_s: float) -> None:
        if self._awake_s is None:
            self._awake_s = start_s + self._boot_s
            if self._says_so:
                self._device.boot(self._awake_s)
        if start_s >= self._awake_s:
            self._device.receive(data, start_s)


class Notes:
    """Passes everything on, and keeps the commands as the device's firmware sees them."""

    def __init__(self, device: SimulatedEnd, *, deaf_to: int = 0) -> None:
        """``deaf_to``: of how many writes, from the first on, nothing arrives."""
        self._device = device
        self._deaf_to = deaf_to
        self._reader = CommandReader(80)
        self.commands: list[bytes] = []
        self.settings = device.settings
        self.outgoing = device.outgoing

    def receive(self, data: bytes, start_s: float) -> None:
        if self._deaf_to:
            self._deaf_to -= 1
            return
        self.commands += [command for _, command in self._reader.feed(data)]
        self._device.receive(data, start_s)
