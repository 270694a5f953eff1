"""Finding devices: which serial ports there are, and which of them speaks the protocol.

Energy monitors and IO managers are known by their USB ids.

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

KNOWN_MONITORS: dict[tuple[int, int], tuple[str, str]] = {
    (0x0483, 0x5740): ("X-NUCLEO-LPM01A power monitor", "lpm01a:"),
    (0x1915, 0xC00A): ("Nordic PPK2 power monitor", "ppk2:"),
}
"""Ports of energy monitors by their USB ids: what each is, what its address begins with."""

KNOWN_IO_MANAGERS: dict[tuple[int, int], str] = {
    (0x2341, 0x0043): "Arduino Uno",
    (0x2341, 0x0001): "Arduino Uno",
    (0x2A03, 0x0043): "Arduino Uno (arduino.org)",
    (0x2A03, 0x0243): "Arduino Uno (arduino.org)",
}
"""What EEMBC's IO manager is built on; opening its port resets it, so nothing is asked."""

INTERFACE_BOARD = (0x0483, 0x374E)
"""The ST-LINK/V3 of MLCommons' interface board, and of many boards under test: so it is asked."""

LIKELY_BAUD_RATES = (115200, 921600, 9600)
"""Performance firmware's default and its common faster rate, then energy firmware's."""


@dataclass(frozen=True, slots=True)
class PortReport:
    """What is known of one port. ``identity`` is None where nothing answered as a DUT.

    ``option`` is how to name the port to a run, as far as it is known: ``--monitor lpm01a:COM5``.
    """

    device: str
    description: str
    usb_id: str | None
    known: bool
    finding: str
    baud_rate: int | None = None
    identity: Identity | None = None
    option: str | None = None


def scan(settings: LinkSettings, *, probe_all: bool = False) -> list[PortReport]:
    """Every serial port of this machine; those of known make (or all) are asked their name.

    Never asked, for it would mean nothing to them: energy monitors and IO managers.
    """
    reports = []
    for info in sorted(list_ports.comports()):
        usb_id = None if info.vid is None else f"{info.vid:04x}:{info.pid:04x}"
        known = info.vid in KNOWN_VENDORS
        report = PortReport(info.device, info.description or "", usb_id, known, "")
        other = _other_than_a_dut(report, (info.vid, info.pid))
        if other is not None:
            reports.append(other)
        elif known or probe_all:
            probed = probe(report, settings)
            if (info.vid, info.pid) == INTERFACE_BOARD:
                probed = _perhaps_interface_board(probed)
            reports.append(probed)
        else:
            why = "no USB device" if usb_id is None else "unknown USB id"
            finding = f"{why}, not asked (--probe-all asks; that may reset it)"
            reports.append(replace(report, finding=finding))
    return reports


def _other_than_a_dut(
    report: PortReport, usb_ids: tuple[int | None, int | None]
) -> PortReport | None:
    """The report of an energy monitor or an IO manager; None for any other port."""
    vid, pid = usb_ids
    if vid is None or pid is None:
        return None
    if monitor := KNOWN_MONITORS.get((vid, pid)):
        what, prefix = monitor
        option = f"--monitor {prefix}{report.device}"
    elif board := KNOWN_IO_MANAGERS.get((vid, pid)):
        what, option = f"{board}, likely the IO manager", f"--io {report.device}"
    else:
        return None
    return replace(report, known=True, finding=f"{what}: {option}", option=option)


def _perhaps_interface_board(report: PortReport) -> PortReport:
    """What answered as a DUT is one; the interface board is no DUT."""
    if report.identity is not None:
        return report
    option = f"--io {report.device}"
    finding = f"{report.finding}. If it is MLCommons' interface board: {option}"
    return replace(report, finding=finding, option=option)


def usb_serial(device: str) -> str:
    """The USB serial number of what is at a port; empty where there is none."""
    for info in list_ports.comports():
        if info.device == device:
            return info.serial_number or ""
    return ""


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
            return replace(
                report,
                finding=text,
                baud_rate=baud_rate,
                identity=identity,
                option=f"--dut {report.device} --baud-rate {baud_rate}",
            )
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
