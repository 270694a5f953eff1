"""Shows a conformance check to a person; it fits 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ....dut_protocol.conformance.report import ConformanceReport, Item, MeasuredFacts, Verdict

_STYLES = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.SKIPPED: "dim",
    Verdict.NOT_RUN: "bold red",
}


def show_conformance(console: Console, report: ConformanceReport) -> None:
    """Print the items, the figures, and the verdict."""
    identity = report.identity
    title = f"{identity.vendor or 'a device without a name'}, {identity.model_id or 'no model id'}"
    console.print(Text(f"{title} on {report.address} at {report.baud_rate} baud", style="bold"))
    table = Table(box=None, padding=(0, 1), show_header=False, pad_edge=True)
    table.add_column(no_wrap=True)
    table.add_column(max_width=26)
    table.add_column(overflow="fold")
    for item in report.items:
        style = _STYLES[item.verdict]
        table.add_row(Text(item.verdict.value, style=style), item.title, _text(item))
    console.print(table)
    for line in _figures(report.facts):
        console.print(Text(f" {line}"))
    console.print(_verdict(report))


def _text(item: Item) -> Text:
    text = Text(item.found)
    if item.verdict in (Verdict.WARN, Verdict.FAIL):
        text.append(f"\nexpected: {item.expected}", style="dim")
        if item.advice:
            text.append(f"\n→ {item.advice}")
    elif item.verdict in (Verdict.SKIPPED, Verdict.NOT_RUN):
        text.stylize("dim")
    return text


def _figures(facts: MeasuredFacts) -> list[str]:
    """Say what a run can be told, in the words of its options."""
    lines = []
    if facts.data_bytes_per_db is not None:
        lines.append(f"takes --data-bytes-per-db {facts.data_bytes_per_db}")
    if facts.pipeline_chars:
        lines.append(f"takes {facts.pipeline_chars} characters in flight")
    if facts.inference_time_s is not None:
        lines.append(f"an inference takes about {facts.inference_time_s * 1e3:.3g} ms")
    return lines


def _verdict(report: ConformanceReport) -> Text:
    counts = [
        f"{count} {verdict.value}" for verdict in Verdict if (count := report.count(verdict)) > 0
    ]
    said = "conforms" if report.passed else "does not conform"
    return Text(
        f" {said}: {', '.join(counts)}",
        style=_STYLES[Verdict.PASS if report.passed else Verdict.FAIL],
    )
