"""``tinyrunner devices``: which ports there are, and what is behind them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...dut_protocol.ports import PortReport, scan
from ...dut_protocol.settings import LinkSettings
from . import options


def devices(
    baud_rate: options.BaudOption = None,
    probe_all: Annotated[
        bool,
        typer.Option("--probe-all", help="Ask every port its name; that may reset its device."),
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """List serial ports and ask those of known boards who they are."""
    settings = LinkSettings() if baud_rate is None else LinkSettings(baud_rate=baud_rate)
    reports = scan(settings, probe_all=probe_all)
    if as_json:
        typer.echo(json.dumps([_plain(report) for report in reports], indent=2))
        return
    console = Console()
    if not reports:
        console.print("no serial ports. Without a board: tinyrunner run kws --dut sim: …")
        return
    table = Table(box=None, padding=(0, 2))
    for name in ("port", "USB id", "description", "finding"):
        table.add_column(name)
    for report in reports:
        at = f" at {report.baud_rate} baud" if report.baud_rate else ""
        table.add_row(report.device, report.usb_id or "–", report.description, report.finding + at)
    console.print(table)


def _plain(report: PortReport) -> dict[str, object]:
    plain = asdict(report)
    if report.identity is not None and report.identity.boot_mode is not None:
        plain["identity"]["boot_mode"] = report.identity.boot_mode.value
    return plain
