"""The USB ids of this field: boards, debug probes, adapters, IO managers, energy monitors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

KNOWN_VENDORS: dict[int, str] = {
    0x0483: "STMicroelectronics (ST-LINK)",
    0x1366: "SEGGER J-Link",
    0x0D28: "Arm DAPLink",
    0x1FC9: "NXP",
    0x045B: "Renesas",
    0x10C4: "Silicon Labs CP210x",
    0x0403: "FTDI",
    0x1A86: "WCH CH34x",
    0x067B: "Prolific",
    0x303A: "Espressif",
    0x2341: "Arduino",
    0x2A03: "Arduino (arduino.org)",
    0x2E8A: "Raspberry Pi",
    0x1915: "Nordic Semiconductor",
    0x0451: "Texas Instruments",
    0x03EB: "Atmel / Microchip",
    0x04B4: "Infineon (Cypress)",
}
"""Vendors of boards, debug probes and serial adapters: their ports may be asked."""

KNOWN_MONITORS: dict[tuple[int, int], tuple[str, str]] = {
    (0x0483, 0x5740): ("X-NUCLEO-LPM01A power monitor", "lpm01a:"),
    (0x1915, 0xC00A): ("Nordic PPK2 power monitor", "ppk2:"),
    (0x0483, 0x3757): ("STLINK-V3PWR power monitor, by its port called PWR", "stlinkv3pwr:"),
}
"""Energy monitors by their USB ids: what each is, what its address begins with."""

BOARD_PORTS = {(0x0483, 0x3757): re.compile(r"VCP(?!-PWR)|Virtual COM Port(?! PWR)")}
"""Monitors with a second port, to the board's UART: how that port's description tells them apart.
(ST's own names are ``ST-Link VCP-PWR Ctrl`` and ``STLink Virtual COM Port PWR`` for the monitor's.)
"""

KNOWN_IO_MANAGERS: dict[tuple[int, int], str] = {
    (0x2341, 0x0043): "Arduino Uno",
    (0x2341, 0x0001): "Arduino Uno",
    (0x2A03, 0x0043): "Arduino Uno (arduino.org)",
    (0x2A03, 0x0243): "Arduino Uno (arduino.org)",
}
"""What EEMBC's IO manager is built on; opening its port resets it."""

INTERFACE_BOARD = (0x0483, 0x374E)
"""The ST-LINK/V3 of MLCommons' interface board, and of many boards under test: so it is asked."""


class UsbMake(Enum):
    """Says what the USB ids of a port tell of it."""

    UNKNOWN = "unknown"
    BOARD = "board"
    IO_MANAGER = "io-manager"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class UsbId:
    """Is a vendor and a product; both None where the port is no USB device."""

    vendor: int | None
    product: int | None
    description: str = ""
    """What the port calls itself."""

    def __str__(self) -> str:
        return f"{self.vendor or 0:04x}:{self.product or 0:04x}"

    @property
    def make(self) -> UsbMake:
        if self.pair in KNOWN_MONITORS:
            board_port = BOARD_PORTS.get(self.pair)
            if board_port is None or not board_port.search(self.description):
                return UsbMake.MONITOR
        if self.pair in KNOWN_IO_MANAGERS:
            return UsbMake.IO_MANAGER
        return UsbMake.BOARD if self.vendor in KNOWN_VENDORS else UsbMake.UNKNOWN

    @property
    def pair(self) -> tuple[int, int]:
        return (self.vendor or 0, self.product or 0)
