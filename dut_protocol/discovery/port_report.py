"""The report on one serial port: what is known of it, and how that is said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum

from ..host.dut import Identity
from ..link.port_users import PortUser, system_tells
from ..wire.boot_banner import TimestampMode
from .port_probe import PortAnswer
from .usb_ids import INTERFACE_BOARD, KNOWN_IO_MANAGERS, KNOWN_MONITORS, UsbId, UsbMake


class PortState(Enum):
    """Says what a port turned out to be, or why that is not known."""

    DUT = "dut"
    IO_MANAGER = "io-manager"
    INTERFACE_BOARD = "interface-board"
    MONITOR = "monitor"
    NO_DUT = "no-dut"
    """Readable text, and no answer to `name`."""
    GARBAGE = "garbage"
    """Bytes that are readable at no rate that was tried."""
    SILENT = "silent"
    BUSY = "busy"
    NO_PERMISSION = "no-permission"
    FAILED = "failed"
    """A port that could not be opened, or died, or whose driver hangs."""
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class PortReport:
    """Tells what is known of one port.

    ``identity`` is None where nothing answered as a DUT. ``option`` is how to name the port to a
    run, as far as it is known: ``--monitor lpm01a:COM5``.
    """

    device: str
    description: str
    usb_id: str | None
    known: bool
    finding: str
    baud_rate: int | None = None
    """The rate at which the port was readable."""
    identity: Identity | None = None
    option: str | None = None
    state: PortState = PortState.NOT_ASKED
    serial_number: str | None = None
    """The USB device's own serial number: two identical boards differ in it."""
    by_id: str | None = None
    """A name that stays when the board is plugged in elsewhere (Linux)."""
    mode: TimestampMode | None = None
    """Performance or energy firmware, where that is known."""
    users: tuple[PortUser, ...] = field(default=())
    """Who has a busy port open, where the system tells."""
    banner_s: float | None = None
    """Seconds from opening the port to the boot banner, where opening resets this board."""
    answered_s: float | None = None
    heard: str | None = None
    """The first text of what talks and is no DUT."""
    noisy_baud_rates: tuple[int, ...] = ()
    """Rates at which bytes came that make no text."""


def described(report: PortReport, usb: UsbId | None) -> PortReport:
    """Report what the USB ids alone tell of a port; nothing has been asked."""
    if usb is None or usb.make is UsbMake.UNKNOWN:
        why = "no USB device" if usb is None else "unknown USB id"
        finding = f"{why}, not asked (--probe-all asks; that may reset it)"
        return replace(report, finding=finding)
    if usb.make is UsbMake.MONITOR:
        what, prefix = KNOWN_MONITORS[usb.pair]
        option = f"--monitor {prefix}{report.device}"
        finding = f"{what}: {option} (by its USB id; never asked)"
        return replace(report, state=PortState.MONITOR, finding=finding, option=option)
    if usb.make is UsbMake.IO_MANAGER:
        option = f"--io {report.device}"
        finding = (
            f"{KNOWN_IO_MANAGERS[usb.pair]}, likely the IO manager: {option} "
            "(by its USB id; not asked, for opening its port resets it; --probe-all asks)"
        )
        return replace(report, state=PortState.IO_MANAGER, finding=finding, option=option)
    return report


def used(report: PortReport, users: tuple[PortUser, ...]) -> PortReport:
    """Say who uses a port that is not asked anyway."""
    finding = f"{report.finding}; open in {' and '.join(map(str, users))}"
    return replace(report, finding=finding, users=users)


def busy(report: PortReport, users: tuple[PortUser, ...]) -> PortReport:
    """Report a port that somebody else has open, so that it was left alone."""
    if users:
        who = f"open in {' and '.join(map(str, users))}"
    elif system_tells():
        who = "open in a program of another user, or one that keeps itself hidden"
    else:
        who = "another program has it open; this system does not tell which"
    finding = f"busy: {who}; close it there and try again"
    return replace(report, state=PortState.BUSY, finding=finding, users=users)


def answered(report: PortReport, answer: PortAnswer, usb: UsbId | None) -> PortReport:
    """Report what came of asking a port."""
    report = replace(
        report,
        baud_rate=answer.baud_rate,
        identity=answer.identity,
        mode=answer.mode,
        banner_s=answer.banner_s,
        answered_s=answer.answered_s,
        heard=answer.other_name or answer.text,
        noisy_baud_rates=answer.noisy_baud_rates,
    )
    if answer.identity is not None:
        return _dut(report, answer.identity)
    if answer.other_name is not None:
        return _other(report, answer.other_name)
    noise = ", ".join(map(str, answer.noisy_baud_rates))
    if answer.text is not None:
        elsewhere = f"; garbage at {noise} baud" if noise else ""
        echo = " (it sends back what it gets: are its two wires joined?)"
        report = replace(
            report,
            state=PortState.NO_DUT,
            finding=f"no DUT: talks at {answer.baud_rate} baud, but does not answer name%; "
            f"first text {answer.text!r}{echo if answer.text.startswith('name%') else ''}"
            f"{elsewhere}",
        )
    elif noise:
        report = replace(
            report,
            state=PortState.GARBAGE,
            finding=f"no DUT: garbage at {noise} baud, readable at none of them; if you "
            "know its rate, give it with --baud-rate",
        )
    else:
        report = replace(
            report,
            state=PortState.SILENT,
            finding="no DUT: silent; is its firmware running, is this its UART? If its rate is "
            "none of the usual, give it with --baud-rate",
        )
    return with_hint(report, usb)


def _dut(report: PortReport, identity: Identity) -> PortReport:
    firmware = f", {report.mode.value} firmware" if report.mode else ""
    finding = (
        f"DUT {identity.vendor}, model {identity.model_id or 'unknown'}{firmware} "
        f"at {report.baud_rate} baud"
    )
    if report.banner_s is not None:
        finding += f"; opening its port resets it, its banner came after {report.banner_s:.1f} s"
    elif report.answered_s is not None and report.answered_s > _LATE_S:
        finding += (
            f"; answered only {report.answered_s:.1f} s after its port was opened, which may have "
            "reset it"
        )
    option = f"--dut {report.device} --baud-rate {report.baud_rate}"
    return replace(report, state=PortState.DUT, finding=finding, option=option)


def _other(report: PortReport, name: str) -> PortReport:
    option = f"--io {report.device}"
    if re.search("interface board", name, re.IGNORECASE):
        option = f"--interface-board {report.device}"
        state, what = PortState.INTERFACE_BOARD, "MLCommons' interface board"
    elif re.search(r"m-name-io|io.?manager", name, re.IGNORECASE):
        state, what = PortState.IO_MANAGER, "IO manager"
    else:
        finding = f"no DUT: answers name% with {name!r} at {report.baud_rate} baud"
        return replace(report, state=PortState.NO_DUT, finding=finding)
    finding = f"{what} ({name}) at {report.baud_rate} baud: {option}"
    return replace(report, state=state, finding=finding, option=option)


def with_hint(report: PortReport, usb: UsbId | None) -> PortReport:
    """Add what the USB ids say of a port that could not be asked, or did not answer."""
    if usb is None or (usb.pair != INTERFACE_BOARD and usb.make is not UsbMake.IO_MANAGER):
        return report
    board = usb.pair == INTERFACE_BOARD
    what = "MLCommons' interface board" if board else "an IO manager"
    option = f"{'--interface-board' if board else '--io'} {report.device}"
    finding = f"{report.finding}. If it is {what}: {option}"
    return replace(report, finding=finding, option=option)


_LATE_S = 2.0
"""A device that is awake answers well within this, at the first turn through the rates."""
