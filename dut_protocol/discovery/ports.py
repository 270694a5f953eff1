"""Finds devices: which serial ports there are, and which of them speaks the protocol.

A port is opened only when its USB ids are those of a board or adapter known in this field, or when
the caller asks for all: writing to a stranger's device may reset it. A port that somebody has open
is left alone, and an energy monitor's always.

The ports are asked at the same time, one thread each, none waited for longer than ``LIMIT_S``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serial.tools import list_ports

from ..errors import LinkError, PortBusy, PortForbidden
from ..link.clock import Deadline, MonotonicClock
from ..link.port_users import port_users
from ..link.transport import open_serial
from ..wire.settings import DEFAULT_BAUD_RATE, LinkSettings
from .port_listener import ProbeStopped
from .port_probe import LIKELY_BAUD_RATES, OTHER_BAUD_RATES, PortProbe
from .port_report import PortReport, PortState, answered, busy, described, used, with_hint
from .usb_ids import UsbId, UsbMake

__all__ = ["PortReport", "PortState", "find_dut", "scan", "usb_serial"]

LIMIT_S = 9.0
"""For all ports together. The longest dialogue takes about seven seconds; a port that takes longer
hangs in its driver, as Bluetooth ports are known to do on opening."""

_STOP_S = 1.0
"""Threads get this long to close their ports once told to stop."""

_JOIN_S = 0.1
"""A wait without a limit could not be interrupted on Windows."""

BY_ID = Path("/dev/serial/by-id")


def scan(settings: LinkSettings, *, probe_all: bool = False) -> list[PortReport]:
    """List every serial port of this machine in order, and ask those of known make (or all).

    Takes about a second where every port asked is a DUT that is awake, about five where one is
    silent, and never much longer than ``LIMIT_S``.
    """
    infos = sorted(list_ports.comports())
    users = port_users(info.device for info in infos)
    links = _names_by_id()
    reports: list[PortReport] = []
    tasks: list[_Asking] = []
    for info in infos:
        text = info.description or ""
        usb = None if info.vid is None else UsbId(info.vid, info.pid, text)
        report = PortReport(
            device=info.device,
            description=text,
            usb_id=None if usb is None else str(usb),
            known=usb is not None and usb.make is not UsbMake.UNKNOWN,
            finding="",
            serial_number=info.serial_number,
            by_id=links.get(Path(info.device).resolve()),
        )
        make = UsbMake.UNKNOWN if usb is None else usb.make
        report = described(report, usb)
        reports.append(report)
        holders = users.get(info.device, ())
        if make is UsbMake.MONITOR or (make is not UsbMake.BOARD and not probe_all):
            if holders:
                reports[-1] = used(report, holders)
        elif holders:
            reports[-1] = with_hint(busy(report, holders), usb)
        else:
            tasks.append(_Asking(len(reports) - 1, report, usb, settings.baud_rate))
    for task, report in _at_the_same_time(tasks):
        reports[task.index] = report
    return reports


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks one port in a thread of its own."""

    index: int
    report: PortReport
    usb: UsbId | None
    baud_rate: int

    def run(self, stop: Callable[[], bool]) -> PortReport:
        """Ask the port and close it on every path. ProbeStopped when told to stop."""
        io_manager = self.usb is not None and self.usb.make is UsbMake.IO_MANAGER
        listen_at = DEFAULT_BAUD_RATE if io_manager else self.baud_rate
        rates = (listen_at,) if io_manager else (listen_at, *LIKELY_BAUD_RATES)
        report = self.report
        try:
            link = open_serial(report.device, listen_at)
            try:
                probe = PortProbe(
                    link,
                    MonotonicClock(),
                    rates,
                    listen_at=listen_at,
                    others=() if io_manager else OTHER_BAUD_RATES,
                    stop=stop,
                )
                answer = probe.ask()
            finally:
                link.close()
        except PortBusy:  # since a moment ago
            report = busy(report, port_users([report.device]).get(report.device, ()))
        except PortForbidden as error:
            report = replace(report, state=PortState.NO_PERMISSION, finding=str(error))
        except LinkError as error:
            report = replace(report, state=PortState.FAILED, finding=str(error))
        else:
            users = port_users([report.device]).get(report.device, ())
            if answer.identity is not None or not users:
                return answered(report, answer, self.usb)
            report = busy(report, users)  # who came meanwhile, and may have taken the answers
        return with_hint(report, self.usb)


def _at_the_same_time(tasks: Sequence[_Asking]) -> list[tuple[_Asking, PortReport]]:
    """Ask all of them at once and return what came of each.

    Ctrl-C ends it at once, and the ports are closed then, too.
    """
    stop = threading.Event()
    found: dict[int, PortReport] = {}

    def run(task: _Asking) -> None:
        try:
            found[task.index] = task.run(stop.is_set)
        except ProbeStopped:
            return

    # Daemons, because nothing ends a thread that hangs in a driver.
    threads = [
        threading.Thread(target=run, args=(task,), name=f"ask {task.report.device}", daemon=True)
        for task in tasks
    ]
    clock = MonotonicClock()
    deadline = Deadline(clock, LIMIT_S)
    try:
        for thread in threads:
            thread.start()
        _join(threads, deadline)
    finally:
        stop.set()
        _join([thread for thread in threads if thread.ident], Deadline(clock, _STOP_S))
    return [(task, found.get(task.index) or _given_up(task.report)) for task in tasks]


def _join(threads: Sequence[threading.Thread], deadline: Deadline) -> None:
    for thread in threads:
        while thread.is_alive() and not deadline.expired:
            thread.join(min(_JOIN_S, deadline.remaining_s))


def _given_up(report: PortReport) -> PortReport:
    finding = (
        f"asking it was not done in {LIMIT_S:.0f} s, given up: its driver may hang, as those of "
        "Bluetooth ports do"
    )
    return replace(report, state=PortState.FAILED, finding=finding)


def _names_by_id() -> dict[Path, str]:
    """Map each port to the lasting name that udev gives it."""
    try:
        return {link.resolve(): str(link) for link in sorted(BY_ID.iterdir())}
    except OSError:  # none there, or no Linux
        return {}


def usb_serial(device: str) -> str:
    """Return the USB serial number of what is at a port; empty where there is none."""
    for info in list_ports.comports():
        if info.device == device:
            return info.serial_number or ""
    return ""


def find_dut(settings: LinkSettings, model_id: str | None = None) -> tuple[str, int]:
    """Find port and baud rate of the DUT among the known boards; LinkError unless it is clear.

    It is where there is one, or where there is one with the firmware of ``model_id``.
    """
    reports = scan(settings)
    found = [report for report in reports if report.state is PortState.DUT]
    fitting = [report for report in found if _model_of(report) == model_id]
    for candidates in (found, fitting):
        if len(candidates) == 1 and candidates[0].baud_rate is not None:
            return candidates[0].device, candidates[0].baud_rate
    listing = "".join(map(_listed, reports)) or "\n  none: this machine has no serial port"
    if found:
        which = f", {len(fitting)} of them with model {model_id}" if model_id else ""
        raise LinkError(
            f"{len(found)} devices answer{which}; name one with --dut PORT, e.g. "
            f"{(fitting or found)[0].option}. The ports:{listing}"
        )
    raise LinkError(
        "no device under test found; name its port with --dut PORT, or try without a board: --dut "
        f"sim: . The ports:{listing}"
    )


def _model_of(report: PortReport) -> str | None:
    return None if report.identity is None else report.identity.model_id


def _listed(report: PortReport) -> str:
    serial = f" (serial number {report.serial_number})" if report.serial_number else ""
    return f"\n  {report.device}{serial}: {report.finding}"
