"""``tinyrunner devices``: which ports and energy monitors there are, and what is behind them."""

from __future__ import annotations

import threading
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options

if TYPE_CHECKING:
    from rich.table import Table

    from ....dut_protocol.discovery.port_report import PortReport
    from ...bench.monitors import MonitorReport


def devices(
    baud_rate: options.BaudOption = None,
    probe_all: Annotated[
        bool,
        typer.Option("--probe-all", help="Ask every port its name; that may reset its device."),
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """List serial ports and energy monitors; ask known boards who they are."""
    from ....dut_protocol.discovery.ports import scan
    from ....dut_protocol.wire.settings import LinkSettings
    from ...bench.monitors import find_monitors

    settings = LinkSettings() if baud_rate is None else LinkSettings(baud_rate=baud_rate)
    monitors: list[MonitorReport] = []
    # Beside the ports: it may take as long as they do. It ends by itself, within its own time.
    search = threading.Thread(target=lambda: monitors.extend(find_monitors()), daemon=True)
    search.start()
    reports = scan(settings, probe_all=probe_all)
    while search.is_alive():
        search.join(_JOIN_S)
    if as_json:
        import json

        rows = [_plain({"kind": "port", **asdict(report)}) for report in reports]
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


_JOIN_S = 0.1
"""The time of one wait for a thread; a wait without a limit could not be interrupted on Windows."""


def _ports_table(reports: list[PortReport]) -> Table:
    """Make a table of two columns, so that a finding has room at 80 characters."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("port", no_wrap=True)
    table.add_column("finding", overflow="fold")
    for report in reports:
        about = [report.description, report.usb_id]
        if report.serial_number:
            about.append(f"serial number {report.serial_number}")
        about.append(report.by_id)
        known = ", ".join(part for part in about if part and part != "n/a")
        cell = Text(report.finding)
        if known:
            cell.append(f"\n{known}", style="dim")
        # as text, for what a device says may look like rich's markup
        table.add_row(Text(report.device), cell)
    return table


def _monitors_table(monitors: list[MonitorReport]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("monitor", "finding"):
        table.add_column(name, overflow="fold")
    for monitor in monitors:
        table.add_row(Text(monitor.address or "–"), Text(monitor.finding))
    return table


def _plain(value: object) -> object:
    """Turn enums into their values, for JSON."""
    match value:
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case Enum():
            return value.value
    return value
