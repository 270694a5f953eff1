"""Shows a campaign as it goes: a table that changes where a person watches, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ...execute.campaign.campaign_journal import (
    BEGAN,
    CHECKED,
    FAILED,
    FINISHED,
    HOOK,
    INTERRUPTED,
    Event,
)
from ...execute.campaign.cells import Campaign
from ...execute.campaign.supervisor import Show
from ...terms import Mode

_LINE_EVERY = 0.2
"""The part of a run after which a line says how far it is."""


@contextmanager
def make_view(
    console: Console, campaign: Campaign, done: Mapping[str, Path], *, quiet: bool = False
) -> Iterator[Show]:
    """Give what is to be told of each event; ``quiet``: what failed alone."""
    if quiet:
        yield _Quiet(console).show
        return
    if not console.is_terminal:
        yield _Lines(console).show
        return
    table = LiveTable(console, campaign, done)
    with Live(table.render(), console=console, refresh_per_second=4, transient=True) as live:

        def show(event: Event) -> None:
            table.take(event)
            live.update(table.render())

        yield show


def _said(event: Event) -> tuple[str, str] | None:
    """Return what an event comes to in a cell of the table, and its style; None: nothing."""
    match event["event"]:
        case kind if kind == BEGAN:
            return "begun", ""
        case "doing":
            return str(event["what"]), ""
        case "progress":
            return f"{_count(event)} {_figure(event['status'])}".strip(), ""
        case kind if kind == FINISHED:
            if event["valid"]:
                return "valid", "green"
            return ("done, good", "green") if event["good"] else ("done, not good", "yellow")
        case kind if kind == FAILED:
            return ("failed", "bold red") if event["last"] else ("failed, once more", "red")
        case kind if kind == INTERRUPTED:
            return "interrupted", "red"
    return None


def _count(event: Event) -> str:
    return f"{event['done']}/{event['total']}"


def _figure(status: str) -> str:
    """Return the first figure of a run's status, which has more of them, and names behind."""
    return status.partition("  ")[0].partition(",")[0].removesuffix(" so far")


class _Lines:
    """Writes a line for what is worth reading later."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: dict[str, int] = {}

    def show(self, event: Event) -> None:
        key = event.get("cell", "")
        match event["event"]:
            case "progress":
                if self._is_news(key, event["done"], event["total"]):
                    self._print(f"{key}: {event['done']}/{event['total']} {event['status']}")
            case "note":
                self._print(f"{key}: {event['text']}")
            case "stopping":
                self._print(_stopping(event))
            case kind if kind == HOOK:
                status = "took too long" if event["status"] is None else f"status {event['status']}"
                self._print(f"{key}: {event['name']}: {status}, {event['seconds']:.1f} s")
            case kind if kind == CHECKED and event["failed"]:
                self._print(f"{key}: check fails {', '.join(event['failed'])}")
            case kind if kind == FAILED:
                self._print(f"{key}: failed: {event['error']}")
            case kind if kind in (BEGAN, FINISHED, INTERRUPTED):
                said = _said(event)
                self._print(f"{key}: {said[0] if said else ''}")

    def _is_news(self, key: str, done: int, total: int) -> bool:
        part = int(done / total / _LINE_EVERY) if total else 0
        if done and self._told.get(key) != part:
            self._told[key] = part
            return True
        return False

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _stopping(event: Event) -> str:
    boards = ", ".join(event["boards"])
    return f"stopping: {boards or 'every board'} is being left safe; this takes some seconds"


class _Quiet(_Lines):
    """Writes a line for what failed, and where Ctrl-C is being answered."""

    def show(self, event: Event) -> None:
        if event["event"] in (FAILED, "stopping"):
            super().show(event)


_LEAST_NAME = 6
_LEAST_HEAD = 8
_PADDING = 2


class LiveTable:
    """Keeps a row for each board and task, a column for each mode.

    No figure is cut: on a narrow terminal boards' names get shorter, then of the figures the
    counts are left, then modes go.
    """

    def __init__(self, console: Console, campaign: Campaign, done: Mapping[str, Path]) -> None:
        self._console = console
        self._modes = [mode for mode in Mode if any(c.mode is mode for c in campaign.cells)]
        self._rows = list(dict.fromkeys((cell.board, cell.task.key) for cell in campaign.cells))
        self._cells = {cell.key: Text("waiting", "dim") for cell in campaign.cells}
        self._counts: dict[str, str] = {}
        """How far the cells are that are being run."""
        for key in done:
            self._cells[key] = Text("done before", "green")

    def take(self, event: Event) -> None:
        if event["event"] == "stopping":
            self._console.print(_stopping(event), style="yellow")
        elif event["event"] == "note":
            self._console.print(f"{event['cell']}: {event['text']}", style="dim", markup=False)
        elif event["event"] == FAILED:
            self._console.print(
                f"{event['cell']}: failed: {event['error']}", style="red", markup=False
            )
        if (said := _said(event)) is not None:
            self._cells[event["cell"]] = Text(*said)
            self._counts.pop(event["cell"], None)
            if event["event"] == "progress":
                self._counts[event["cell"]] = _count(event)

    def render(self) -> Table:
        columns = {mode: self._column(mode, short=False) for mode in self._modes}
        longest = max(len(board) for board, _ in self._rows)
        least = min(longest, _LEAST_NAME)
        if self._left(columns) < least:
            columns = {mode: self._column(mode, short=True) for mode in self._modes}
        while self._left(columns) < least and len(columns) > 1:
            columns.popitem()
        table = Table(box=None, padding=(0, 1))
        name = max(1, min(longest, self._left(columns)))
        table.add_column("board", overflow="ellipsis", no_wrap=True, width=name)
        table.add_column("task", overflow="ellipsis", no_wrap=True, width=_widest_task(self._rows))
        for mode, texts in columns.items():
            table.add_column(mode.value, overflow="ellipsis", no_wrap=True, width=_width(texts))
        for (board, task), *row in zip(self._rows, *columns.values(), strict=True):
            table.add_row(board, task, *row)
        return table

    def _column(self, mode: Mode, *, short: bool) -> list[Text]:
        """Return the cells of a mode, or of those that are being run only how far they are."""
        texts = []
        for board, task in self._rows:
            key = f"{board}/{task}/{mode.value}"
            count = self._counts.get(key) if short else None
            texts.append(self._cells.get(key, Text()) if count is None else Text(count))
        return texts

    def _left(self, columns: Mapping[Mode, list[Text]]) -> int:
        """Return the characters that are left for the boards' names."""
        widths = [_widest_task(self._rows), *map(_width, columns.values())]
        return self._console.width - sum(widths) - _PADDING * (len(widths) + 1)


def _widest_task(rows: Sequence[tuple[str, str]]) -> int:
    return max(4, *(len(task) for _, task in rows))


def _width(texts: Sequence[Text]) -> int:
    return max(_LEAST_HEAD, *(text.cell_len for text in texts))
