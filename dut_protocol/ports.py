"""Finding devices: which serial ports there are, and which of them speaks the protocol.

A port is written to only when its USB ids are those of a board or adapter known in this field, or
when the caller names it: writing to a stranger's device may reset it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from serial.tools import list_ports

from .clock import MonotonicClock
from .dut import Dut, Identity
from .errors import DutError, LinkError
from .settings import LinkSettings
from .transport import open_transport

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
"""USB vendor ids of boards, debug probes and serial adapters used in this field."""

LIKELY_BAUD_RATES = (115200, 921600, 9600)
"""Performance firmware's default and its common faster rate, then energy firmware's."""


@dataclass(frozen=True, slots=True)
class PortReport:
    """What is known of one port. ``identity`` is None where nothing answered as a DUT."""

    device: str
    description: str
    usb_id: str | None
    known: bool
    finding: str
    baud_rate: int | None = None
    identity: Identity | None = None


def scan(settings: LinkSettings, *, probe_all: bool = False) -> list[PortReport]:
    """Every serial port of this machine; those of known make (or all) are asked their name."""
    reports = []
    for info in sorted(list_ports.comports()):
        usb_id = None if info.vid is None else f"{info.vid:04x}:{info.pid:04x}"
        known = info.vid in KNOWN_VENDORS
        report = PortReport(info.device, info.description or "", usb_id, known, "")
        if known or probe_all:
            reports.append(probe(report, settings))
        else:
            why = "no USB device" if usb_id is None else "unknown USB id"
            finding = f"{why}, not asked (--probe-all asks; that may reset it)"
            reports.append(replace(report, finding=finding))
    return reports


def probe(report: PortReport, settings: LinkSettings) -> PortReport:
    """Ask one port its name at the likely baud rates."""
    heard = "silent"
    rates = dict.fromkeys((settings.baud_rate, *LIKELY_BAUD_RATES))
    for baud_rate in rates:
        clock = MonotonicClock()
        try:
            transport = open_transport(report.device, baud_rate)
        except LinkError as error:
            return replace(report, finding=str(error))
        try:
            dut = Dut(transport, clock, replace(settings, baud_rate=baud_rate, boot_wait_s=0.5))
            identity = dut.identify()
        except DutError as error:
            heard = str(error)
        else:
            text = f"DUT {identity.vendor}, model {identity.model_id or 'unknown'}"
            return replace(report, finding=text, baud_rate=baud_rate, identity=identity)
        finally:
            transport.close()
    return replace(report, finding=f"no DUT: {heard}")


def find_dut(settings: LinkSettings) -> tuple[str, int]:
    """Port and baud rate of the one DUT among the known boards; LinkError unless it is one."""
    reports = scan(settings)
    found = [report for report in reports if report.identity is not None]
    if len(found) == 1 and found[0].baud_rate is not None:
        return found[0].device, found[0].baud_rate
    listing = "".join(f"\n  {report.device}: {report.finding}" for report in reports)
    if found:
        raise LinkError(f"{len(found)} devices answer; name one with --dut:{listing}")
    raise LinkError(
        "no device under test found; name its port with --dut, or use sim:"
        + (listing or "\n  none")
    )
