"""Shows a conformance check to a person, item by item; it fits 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from ....dut_protocol.conformance.report import ConformanceReport, Item, Verdict
from ....dut_protocol.conformance.report_pages import figures, named, verdict
from ....dut_protocol.conformance.run import CheckWatcher
from ....dut_protocol.host.dut import Identity

_STYLES = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.SKIPPED: "dim",
    Verdict.NOT_RUN: "bold red",
}
_VERDICT_WIDTH = max(len(kind.value) for kind in Verdict)
_TITLE_WIDTH = 26


class CheckView(CheckWatcher):
    """Shows the item at work, and prints each as it is known."""

    def __init__(self, status: Status, console: Console | None, address: str, baud: int) -> None:
        """Show progress in ``status``, and print to ``console`` where there is one."""
        self._status = status
        self._console = console
        self._address, self._baud_rate = address, baud

    def met(self, identity: Identity) -> None:
        self._print(Text(named(identity, self._address, self._baud_rate), style="bold"))

    def begun(self, title: str, number: int, total: int) -> None:
        self._status.update(f"{number} of {total}: {title}")

    def ended(self, item: Item) -> None:
        table = Table(box=None, padding=(0, 1), show_header=False, pad_edge=True)
        table.add_column(no_wrap=True, width=_VERDICT_WIDTH)
        table.add_column(width=_TITLE_WIDTH)
        table.add_column(overflow="fold")
        table.add_row(Text(item.verdict.value, _STYLES[item.verdict]), item.title, _text(item))
        self._print(table)

    def _print(self, what: Text | Table) -> None:
        if self._console is not None:
            # While the status is shown, what goes to stdout would come out on stderr.
            self._status.stop()
            self._console.print(what)
            self._status.start()


def show_verdict(console: Console, report: ConformanceReport) -> None:
    """Print, below the items, what was measured and the verdict."""
    for line in figures(report.facts):
        console.print(Text(f" {line}"))
    style = _STYLES[Verdict.PASS if report.passed else Verdict.FAIL]
    console.print(Text(f" {verdict(report)}", style=style))


def _text(item: Item) -> Text:
    text = Text(item.found)
    if item.verdict in (Verdict.WARN, Verdict.FAIL):
        text.append(f"\nexpected: {item.expected}", style="dim")
        if item.advice:
            text.append(f"\n→ {item.advice}")
    elif item.verdict in (Verdict.SKIPPED, Verdict.NOT_RUN):
        text.stylize("dim")
    return text
