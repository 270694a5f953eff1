"""``tinyrunner devices``: which ports and energy monitors there are, and what is behind them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from ...dut_protocol.ports import PortReport, scan
from ...dut_protocol.settings import LinkSettings
from ..monitors import MonitorReport, find_monitors
from . import options


def devices(
    baud_rate: options.BaudOption = None,
    probe_all: Annotated[
        bool,
        typer.Option("--probe-all", help="Ask every port its name; that may reset its device."),
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """List serial ports and energy monitors; ask known boards who they are."""
    settings = LinkSettings() if baud_rate is None else LinkSettings(baud_rate=baud_rate)
    reports = scan(settings, probe_all=probe_all)
    monitors = find_monitors()
    if as_json:
        rows = [_plain(report) for report in reports]
        rows += [{"kind": "monitor", **asdict(monitor)} for monitor in monitors]
        typer.echo(json.dumps(rows, indent=2))
        return
    console = options.result_console()
    if reports:
        console.print(_ports_table(reports))
    else:
        console.print("no serial ports. Without a board: tinyrunner run kws --dut sim: …")
    if monitors:
        console.print(_monitors_table(monitors))


def _ports_table(reports: list[PortReport]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for name in ("port", "USB id", "description", "finding"):
        table.add_column(name)
    for report in reports:
        at = f" at {report.baud_rate} baud" if report.baud_rate else ""
        table.add_row(report.device, report.usb_id or "–", report.description, report.finding + at)
    return table


def _monitors_table(monitors: list[MonitorReport]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for name in ("monitor", "finding"):
        table.add_column(name)
    for monitor in monitors:
        table.add_row(monitor.address or "–", monitor.finding)
    return table


def _plain(report: PortReport) -> dict[str, object]:
    plain = {"kind": "port", **asdict(report)}
    if report.identity is not None and report.identity.boot_mode is not None:
        plain["identity"]["boot_mode"] = report.identity.boot_mode.value
    return plain
